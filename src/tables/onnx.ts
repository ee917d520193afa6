/** ONNX files of models of tables: with raw inputs, they take the columns as they stand in the table. */
import {
  type OnnxSection,
  type WriteOnnxOptions as WriteFileOptions,
  writeOnnx as writeFile,
} from '../formats/onnx/write.js';
import type { Network } from '../nn/model.js';
import { type ModelMetadata, tableSection } from './model-file.js';
import { checkNames, writeTable, writeTarget } from './onnx-columns.js';
import type { TablePreparation } from './preparation.js';

const section: OnnxSection<TablePreparation> = {
  ...tableSection,
  frame(table) {
    const { target } = table;
    return {
      classifies: target.kind === 'classification',
      ...(target.kind === 'classification' && { classNames: target.classes }),
      begin: (graph) => writeTable(graph, table),
      end: (graph) => writeTarget(graph, table),
      checkNames,
    };
  },
};

/** How `writeOnnx` writes a model. */
export interface WriteOnnxOptions extends WriteFileOptions {
  /** Kept in the file's own metadata; how inputs are made is also used by `rawInputs`. */
  metadata?: ModelMetadata;
  /**
   * Take raw values and prepare them inside: pixels from 0 to 255, scaled as `metadata.input` says; or the
   * columns of a table, as `metadata.table` says, each an input of its own. false by default.
   */
  rawInputs?: boolean;
}

/**
 * The bytes of an ONNX file. Its input is `input`, float32 [batch, inputSize]; its output `logits` or, after
 * softmax, `probabilities`, float32 [batch, outputSize]; `batch` is free. Layers that only matter in training
 * are left out.
 *
 * With `rawInputs` and a table the inputs are its columns, [batch, 1]: numbers, and dates as days since
 * 1970-01-01 UTC, float64 and missing where NaN; categories and truth values as strings, missing where empty.
 * The output of a regression, `prediction`, is in the unit of the target.
 *
 * @throws DataError when a parameter is NaN or infinite.
 * @throws OptionError for `rawInputs` without metadata that say how, `softmax` of a regression, a layer that
 *   ONNX cannot express, or a file of 2 GiB or more.
 */
export function writeOnnx(model: Network, options?: WriteOnnxOptions): Uint8Array {
  return writeFile(model, options, [section]);
}
