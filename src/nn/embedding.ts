/** The first layer of a model with categorical inputs: learned vectors in place of category numbers. */

import { DataError, OptionError, ShapeError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Call } from '../ops/check.js';
import { copyColumns, embed, embedBackward } from '../ops/embedding.js';
import { type Initializer, type InitializerName, randomNormal, resolveInitializer } from './initializers.js';
import type { Layer } from './layer.js';

/** One column of category numbers. */
export interface EmbeddedColumn {
  /** The column's place among the inputs, from 0. */
  readonly column: number;
  /** Number of categories: inputs are whole numbers from 0 to cardinality - 1. */
  readonly cardinality: number;
  /** Length of the vector that takes the number's place. */
  readonly width: number;
}

/** Which columns an embedding layer replaces, and how its tables begin. */
export interface EmbeddingOptions {
  /** The columns to replace, ascending; at least one. All others pass through. */
  columns: readonly EmbeddedColumn[];
  /** Of each table [cardinality, width]. Normal with deviation 1 by default, as PyTorch's Embedding. */
  initializer?: InitializerName | Initializer;
}

/** Above this, float32 cannot hold every whole number. */
const MAX_CARDINALITY = 2 ** 24;

/**
 * Replaces columns of category numbers by learned vectors and leaves the other columns as they are; what stood left stays left.
 * x [rows, in] gives y [rows, in - columns + Σ width]. Each column c has a parameter `column<c>` [cardinality, width]. It may
 * only be a model's first layer. Throws OptionError for columns that are no such list, ascending and without repetition;
 * `outputSize` throws ShapeError when the inputs are fewer.
 */
export function embedding(options: EmbeddingOptions): Layer {
  const where = 'embedding';
  const reader = new OptionReader(where, options);
  const given = reader.required(
    'columns',
    'a list of { column, cardinality, width }, at least one',
    (value): value is unknown[] => Array.isArray(value) && value.length > 0,
  );
  const columns = given.map(readColumn);
  const initializer = resolveInitializer(
    `${where}, option initializer`,
    reader.optional('initializer', 'an initializer', (value): value is unknown => value !== undefined) ??
      randomNormal(1),
  );
  reader.end();
  for (const [i, { column }] of columns.entries()) {
    if (i > 0 && column <= columns[i - 1].column) {
      throw new OptionError(
        where,
        `columns[${i}]: expected a column above ${columns[i - 1].column}, given ${column}`,
      );
    }
  }

  return {
    kind: 'embedding',
    config: { columns },
    mustBeFirst: true,
    outputSize(inputSize) {
      const last = columns[columns.length - 1].column;
      if (last >= inputSize)
        throw new ShapeError(where, `column ${last} of ${inputSize} inputs, counted from 0`);
      return columns.reduce((total, { width }) => total + width - 1, inputSize);
    },
    parameters: () =>
      columns.map(({ column, cardinality, width }) => ({
        name: `column${column}`,
        shape: [cardinality, width],
        initializer,
      })),
    checkInputs: (place, inputs, width, scale, offset) =>
      checkCategories(place, columns, inputs, width, (value) => value * scale + offset),
    compile({ x, y, dy, parameters, gradients }) {
      const forward: Call[] = [];
      const backward: Call[] = [];
      let from = 0;
      let to = 0;
      const pass = (until: number) => {
        const count = until - from;
        if (count > 0) forward.push(copyColumns({ y, x, from, to, count }));
        from += count;
        to += count;
      };
      for (const { column, width } of columns) {
        pass(column);
        const name = `column${column}`;
        forward.push(embed({ y, x, table: parameters[name], from, to }));
        if (gradients && dy) backward.push(embedBackward({ dtable: gradients[name], x, dy, from, to }));
        from += 1;
        to += width;
      }
      pass(x.columns);
      return { forward, backward };
    },
  };
}

function readColumn(given: unknown, index: number): EmbeddedColumn {
  const reader = new OptionReader(`embedding, columns[${index}]`, given);
  const column = reader.integer('column', { min: 0 });
  const cardinality = reader.integer('cardinality', { min: 1, max: MAX_CARDINALITY });
  const width = reader.integer('width', { min: 1 });
  reader.end();
  return { column, cardinality, width };
}

function checkCategories(
  where: string,
  columns: readonly EmbeddedColumn[],
  inputs: ArrayLike<number>,
  width: number,
  scaled: (value: number) => number,
): void {
  for (const { column, cardinality } of columns) {
    for (let i = column; i < inputs.length; i += width) {
      const category = scaled(inputs[i]);
      if (Number.isInteger(category) && category >= 0 && category < cardinality) continue;
      const expected = `a category, a whole number from 0 to ${cardinality - 1}`;
      const place = `row ${Math.floor(i / width)}, column ${column}`;
      throw new DataError(where, `input at ${place}: expected ${expected}, given ${show(category)}`);
    }
  }
}
