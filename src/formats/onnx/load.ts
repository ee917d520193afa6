/** ONNX files with the files beside them that hold their weights. Node only. */
import { readFileBytes } from '../../base/files/atomic.js';
import { readFileBeside } from '../../base/files/beside.js';
import { type OnnxImport, onnxDataFiles, readOnnx } from './read.js';

/**
 * Reads an ONNX file, and the files that hold its weights where it holds them not itself, such as
 * `model.onnx.data`. These must lie in its folder or below.
 *
 * @throws as `readOnnx` does, and FileError when a file cannot be read, or weights lie elsewhere.
 */
export async function loadOnnx(path: string): Promise<OnnxImport> {
  const bytes = await readFileBytes(path);
  return readOnnx(bytes, path, { externalData: await readDataFiles(bytes, path) });
}

/** @internal What `readOnnx` takes as externalData. */
export async function readDataFiles(bytes: Uint8Array, path: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of onnxDataFiles(bytes, path)) files.set(name, await readFileBeside(path, name));
  return files;
}
