/** The files beside an ONNX file that hold its weights. Node only. */
import { readFileBeside } from '../../base/files/beside.js';
import { onnxDataFiles } from './read.js';

/** What `readOnnx` takes as externalData. */
export async function readDataFiles(bytes: Uint8Array, path: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of onnxDataFiles(bytes, path)) files.set(name, await readFileBeside(path, name));
  return files;
}
