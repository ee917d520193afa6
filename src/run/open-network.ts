/** The network of any file that holds one: of lanegrad, or ONNX with its weights beside it. Node only. */
import { join } from 'node:path';
import { FormatError } from '../base/errors.js';
import { readFileBytes } from '../base/files/atomic.js';
import { isFolder } from '../base/files/folders.js';
import { readDataFiles } from '../formats/onnx/load.js';
import { formatOf, isOnnx } from '../formats/recognise.js';
import type { Network } from '../nn/model.js';
import { isTablePath } from '../tables/file.js';
import type { ModelMetadata } from '../tables/model-file.js';
import { readOnnx } from '../tables/onnx-read.js';
import { readAnyModel } from './checkpoint-model.js';
import { MODEL_FILE } from './folder.js';

export interface OpenNetwork {
  /** Of the file itself. */
  readonly path: string;
  readonly model: Network;
  readonly metadata: ModelMetadata;
}

/**
 * Opens a model's file, that of a run folder, a checkpoint, or an ONNX file. Rejects with FileError for what cannot be read,
 * FormatError for what is no model.
 */
export async function openNetwork(given: string): Promise<OpenNetwork> {
  const path = (await isFolder(given)) ? join(given, MODEL_FILE) : given;
  const bytes = await readFileBytes(path);
  if (isTablePath(path) && !['safetensors', 'onnx'].includes(formatOf(bytes) ?? '')) {
    throw new FormatError(path, 'expected a model, such as model.safetensors or a run folder, given a table');
  }
  if (!isOnnx(bytes)) return { path, ...(await readAnyModel(bytes, path)) };
  const { model, metadata } = readOnnx(bytes, path, { externalData: await readDataFiles(bytes, path) });
  return { path, model, metadata };
}
