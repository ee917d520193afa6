/**
 * Models for prepared tables: what stands before and behind the hidden layers follows from the preparation.
 */

import { checkInteger, OptionReader } from '../base/options.js';
import type { Activation } from '../engine/kernels.js';
import { dense } from '../nn/dense.js';
import { dropout } from '../nn/dropout.js';
import { type EmbeddedColumn, embedding } from '../nn/embedding.js';
import { type Initializer, randomNormal } from '../nn/initializers.js';
import type { Layer } from '../nn/layer.js';
import { type Sequential, sequential } from '../nn/sequential.js';
import {
  checkPreparation,
  inputSizeOf,
  inputsOf,
  outputSizeOf,
  placesOf,
  type TablePreparation,
} from './preparation.js';

/** How a model for a table is made. */
export interface TableModelOptions {
  /** Widths of the hidden layers; [64] by default. */
  hidden?: readonly number[];
  /** Of the hidden layers; `relu` by default. */
  activation?: Activation;
  /** Share of each hidden layer's outputs that is dropped in training; 0 by default. */
  dropout?: number;
  /** Of the initial weights; 0 by default. */
  seed?: number;
}

/**
 * A multilayer perceptron for a prepared table: an embedding of its many-valued categories if there are any,
 * hidden layers, and an output a class, or one. Trained with `softmaxCrossEntropy`, or for a regression with
 * `meanSquaredError`.
 *
 * Throws OptionError for something that `prepareTable` did not make, unknown options, and widths that are not
 * positive whole numbers.
 */
export function tableModel(given: TablePreparation, options?: TableModelOptions): Sequential {
  const where = 'tableModel';
  const preparation = checkPreparation(`${where}, preparation`, given);
  const reader = new OptionReader(where, options);
  const isList = (value: unknown): value is readonly number[] => Array.isArray(value) && value.length <= 1000;
  const hidden = reader.optional('hidden', 'a list of at most 1000 widths', isList) ?? [64];
  const activation = reader.optional(
    'activation',
    'the name of an activation',
    (value) => typeof value === 'string',
  );
  const share = reader.number('dropout', { min: 0, below: 1 }, 0);
  const seed = reader.integer('seed', { min: 0 }, 0);
  reader.end();
  const layers = hidden.flatMap((units) => {
    checkInteger(where, 'hidden', units, { min: 1 });
    const layer = dense(units, { activation: (activation as Activation | undefined) ?? 'relu' });
    return share > 0 ? [layer, dropout(share)] : [layer];
  });
  const inputs = tableInputLayers(preparation);
  return sequential(inputSizeOf(preparation), [...inputs, ...layers, dense(outputSizeOf(preparation))], {
    seed,
  });
}

/** The layers that a table's inputs go through first: an embedding, where a column asks for one. */
export function tableInputLayers({ columns }: Pick<TablePreparation, 'columns'>): Layer[] {
  const embedded: EmbeddedColumn[] = [];
  let offset = 0;
  for (const column of columns) {
    if (column.kind === 'category' && column.width !== undefined) {
      embedded.push({ column: offset, cardinality: placesOf(column), width: column.width });
    }
    offset += inputsOf(column);
  }
  return embedded.length > 0 ? [embedding({ columns: embedded, initializer: categoryVectors() })] : [];
}

/**
 * Small random vectors, and zeros for place 0: a category that training never saw then says nothing, where a
 * random vector would say anything.
 */
function categoryVectors(): Initializer {
  const { name, fill } = randomNormal(0.1);
  return {
    name: `${name}, place 0 zeros`,
    fill(values, shape, seed, stream) {
      fill(values, shape, seed, stream);
      values.fill(0, 0, shape[1]);
    },
  };
}
