/** ONNX files with the files beside them that hold their weights. Node only. */
import { readFileBytes } from '../base/files/atomic.js';
import { readDataFiles } from '../formats/onnx/load.js';
import { type OnnxImport, readOnnx } from './onnx-read.js';

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
