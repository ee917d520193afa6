/** Categorical inputs: learned vectors in place of category numbers. */
import { OptionError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { applyOne } from '../graph/value.js';
import { embedding as applyEmbedding, type EmbeddedColumn } from '../ops/embedding.js';
import { type Initializer, type InitializerName, randomNormal, resolveInitializer } from './initializers.js';
import { defineLayer, type Layer, parameter } from './layer.js';

export type { EmbeddedColumn } from '../ops/embedding.js';

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
 * Replaces columns of category numbers by learned vectors and leaves the other columns as they are; what
 * stood left stays left. x [rows, in] gives y [rows, in - columns + Σ width]. Each column c has a parameter
 * `column<c>` [cardinality, width]. Category numbers have no gradient, the other columns do. Throws
 * OptionError for columns that are no such list, ascending and without repetition; calling the layer throws
 * ShapeError when the inputs are fewer.
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
    reader.any('initializer') ?? randomNormal(1),
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

  return defineLayer('embedding', { columns }, (x) => {
    const tables = columns.map(({ column, cardinality, width }) =>
      parameter(`column${column}`, [cardinality, width], initializer),
    );
    return applyOne(applyEmbedding, [x, ...tables], { columns });
  });
}

function readColumn(given: unknown, index: number): EmbeddedColumn {
  const reader = new OptionReader(`embedding, columns[${index}]`, given);
  const column = reader.integer('column', { min: 0 });
  const cardinality = reader.integer('cardinality', { min: 1, max: MAX_CARDINALITY });
  const width = reader.integer('width', { min: 1 });
  reader.end();
  return { column, cardinality, width };
}
