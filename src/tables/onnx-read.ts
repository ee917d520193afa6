/** ONNX files with what they say of the table that their model was made for. */
import {
  type OnnxImport as FileImport,
  type FramedSection,
  type ReadOnnxOptions,
  readOnnx as readFile,
} from '../formats/onnx/read.js';
import { type ModelMetadata, tableSection } from './model-file.js';
import { withoutFrame } from './onnx-frame.js';
import type { TablePreparation } from './preparation.js';

const section: FramedSection<TablePreparation> = { ...tableSection, withoutFrame };

/** What `readOnnx` makes of a file. */
export interface OnnxImport extends FileImport {
  /**
   * How inputs are made and what classes are called, when the graph or the file's own metadata tell it; and the
   * preparation of the table, of a file that `writeOnnx` wrote for a model of one.
   */
  readonly metadata: ModelMetadata;
}

/**
 * Rebuilds a model from an ONNX file's bytes. Weights become [in, out], kernels [height, width, in, out];
 * values wider or narrower than float32 are converted. Images have their channels last, whatever the file
 * says. Values of an input [batch, …] of more than two axes become one row, as Flatten makes it, where no
 * operator on images reads them. Of a file of `writeOnnx` with the columns of a table as its inputs, the model
 * is what stands behind their preparation.
 *
 * @param where The file's name, for messages.
 * @throws FormatError, naming the node where there is one, when the file is not ONNX, its graph has other
 *   operators than those that are known, leaves a length open, shapes do not fit, a value is NaN or
 *   infinite, weights are in a file that was not given, or is too short, or its table is prepared otherwise than
 *   its metadata say.
 * @throws OptionError for `bytes` that are none, unknown options, and shapes of inputs that there are not.
 */
export function readOnnx(bytes: Uint8Array, where: string, options?: ReadOnnxOptions): OnnxImport {
  return readFile(bytes, where, options, [section]);
}
