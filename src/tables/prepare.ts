/**
 * Makes data sets of a table in two passes over its chunks: the first learns what the columns are and which
 * rows train, the second fills the matrices. Means, deviations and categories are those of the rows that
 * train; no other row has a say in them.
 */

import { DataError } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import { checkTable } from './chunks.js';
import { asDataset, checkBytes } from './dataset.js';
import { fillParts, type RowSink } from './fill.js';
import { planTable, type TablePlan } from './plan.js';
import { inputSizeOf, type TablePreparation } from './preparation.js';
import type { PrepareOptions } from './prepare-options.js';
import type { TableSummary } from './summary.js';
import type { Table } from './types.js';

export type { PrepareOptions } from './prepare-options.js';

/** What `prepareTable` makes: data sets, how they were made, and a summary. */
export interface PreparedTable {
  readonly train: Dataset;
  /** Absent when no row fell to it. */
  readonly validation?: Dataset;
  readonly test?: Dataset;
  readonly preparation: TablePreparation;
  readonly summary: TableSummary;
}

/**
 * Prepares a table for training. Reads it twice, chunk by chunk; the prepared inputs are held in memory as
 * float32.
 *
 * @throws OptionError for options that are unknown or do not fit the table's columns.
 * @throws DataError, with row and column, for cells that do not fit their column, a target that is missing or
 * constant, a table
 *   without usable columns, and one whose prepared inputs need more than 2 GiB.
 * @throws FormatError when the file is damaged.
 */
export async function prepareTable(table: Table, options: PrepareOptions): Promise<PreparedTable> {
  const where = 'prepareTable';
  checkTable(where, table);
  return prepareInMemory(where, table, await planTable(where, table, options));
}

/** The same of a table that was read once already. */
export async function prepareInMemory(where: string, table: Table, plan: TablePlan): Promise<PreparedTable> {
  const { preparation, scan } = plan;
  const { name } = table;
  const { sizes } = scan;
  const width = inputSizeOf(preparation);
  checkBytes(
    name,
    sizes.reduce((total, size) => total + size, 0),
    width,
  );
  const isClass = preparation.target.kind === 'classification';
  const parts = sizes.map((size) => new PartInMemory(size, width, isClass));
  const counts = await fillParts(where, table, plan, parts);
  const make = (part: number, what: string): Dataset | undefined =>
    sizes[part] === 0
      ? undefined
      : asDataset(preparation, `${name} ${what}`, width, parts[part].inputs, parts[part].targets);
  const [train, validation, test] = [make(0, 'train'), make(1, 'validation'), make(2, 'test')];
  if (!train) throw new DataError(name, 'expected rows to train on, given none whose target is known');
  return {
    train,
    ...(validation && { validation }),
    ...(test && { test }),
    preparation,
    summary: plan.summary(counts),
  };
}

class PartInMemory implements RowSink {
  readonly inputs: Float32Array;
  readonly targets: Int32Array | Float32Array;
  readonly #width: number;
  #rows = 0;

  constructor(size: number, width: number, isClass: boolean) {
    this.#width = width;
    this.inputs = new Float32Array(size * width);
    this.targets = isClass ? new Int32Array(size) : new Float32Array(size);
  }

  room(rows: number): Float32Array {
    return this.inputs.subarray(this.#rows * this.#width, (this.#rows + rows) * this.#width);
  }

  take(answers: Float64Array): void {
    this.targets.set(answers, this.#rows);
    this.#rows += answers.length;
  }
}
