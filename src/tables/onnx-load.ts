/** ONNX files with the files beside them that hold their weights. Node only. */
import { readFileBytes } from '../base/files/atomic.js';
import { checkPath, OptionReader } from '../base/options.js';
import { readDataFiles } from '../formats/onnx/load.js';
import type { ReadOnnxOptions } from '../formats/onnx/read.js';
import { type OnnxImport, readOnnx } from './onnx-read.js';

/**
 * Reads an ONNX file, and the files that hold its weights where it holds them not itself, such as
 * `model.onnx.data`. These must lie in its folder or below.
 *
 * @throws as `readOnnx` does, and FileError when a file cannot be read, or weights lie elsewhere.
 */
export async function loadOnnx(
  path: string,
  options?: Omit<ReadOnnxOptions, 'externalData'>,
): Promise<OnnxImport> {
  checkPath('loadOnnx', path);
  const reader = new OptionReader('loadOnnx', options);
  const shapes = reader.any('shapes') as ReadOnnxOptions['shapes'];
  reader.end();
  const bytes = await readFileBytes(path);
  const externalData = await readDataFiles(bytes, path);
  return readOnnx(bytes, path, { externalData, ...(shapes !== undefined && { shapes }) });
}
