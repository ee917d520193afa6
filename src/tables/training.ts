/**
 * What training on a table is told, the data that this comes to, and settings that suit them. Node only: the
 * table is a file.
 */

import { OptionError } from '../base/errors.js';
import { readSettingValues } from '../base/settings.js';
import type { Dataset } from '../data/dataset.js';
import type { CsvOptions } from './csv-reading.js';
import { openTableInput, tableName } from './file.js';
import { tableOptions } from './options.js';
import type { TablePreparation } from './preparation.js';
import { type PrepareOptions, prepareTable } from './prepare.js';
import type { TableSummary } from './summary.js';

/** Options of `prepareTable`, but for the seed, and of reading delimited text. */
export interface TableSettings extends Omit<PrepareOptions, 'seed'>, Readonly<CsvOptions> {}

/** The data that training on a table takes, and what is known of the table. */
export interface TableSplits {
  readonly train: Dataset;
  /** Tables may be too short for one, and for a test. */
  readonly validation?: Dataset;
  readonly test?: Dataset;
  /** All rows that train where none are kept for validation; its name is the table's. */
  readonly full: Dataset;
  readonly table: PreparationResult;
}

/** How a table was prepared, and what was found in it. */
export interface PreparationResult {
  readonly preparation: TablePreparation;
  readonly summary: TableSummary;
}

/**
 * Reads and prepares the table of a run. With `full`, no rows are kept for validation.
 *
 * @throws FileError, FormatError, DataError and OptionError as `openTable` and `prepareTable` do.
 */
export async function loadTable(
  path: string,
  { delimiter, decimal, header, comment, missing, ...options }: TableSettings,
  { seed, full }: { readonly seed: number; readonly full: boolean },
): Promise<TableSplits> {
  if (full && options.validation) {
    throw new OptionError(
      '--full',
      `it leaves no rows for validation; expected no share of ${options.validation}`,
    );
  }
  const table = await openTableInput(path, {
    ...(delimiter !== undefined && { delimiter }),
    ...(decimal !== undefined && { decimal }),
    ...(header !== undefined && { header }),
    ...(comment !== undefined && { comment }),
    ...(missing !== undefined && { missing }),
  });
  const prepared = await prepareTable(table, { ...options, seed, ...(full && { validation: 0 }) });
  const { preparation, summary, ...sets } = prepared;
  return { ...sets, full: { ...sets.train, name: tableName(path) }, table: { preparation, summary } };
}

/**
 * Settings that suit a table of so many rows, found on the classic tables (see test/tables/classic.test.ts):
 * small ones need many passes in small batches and some dropout, and training ends when validation says so.
 */
export function tableDefaults({ train, validation }: Pick<TableSplits, 'train' | 'validation'>) {
  const { size } = train;
  const by = size < 2_000 ? SMALL : size < 20_000 ? MIDDLE : LARGE;
  const { patience, ...defaults } = by;
  return {
    ...defaults,
    activation: 'relu',
    optimizer: 'adam',
    learningRate: 0.001,
    ...(validation && { earlyStopping: { patience } }),
    seed: 1,
  } as const;
}

const SMALL = { hidden: [100], dropout: 0.2, batchSize: 16, epochs: 200, patience: 30 } as const;
const MIDDLE = { hidden: [128, 64], dropout: 0.1, batchSize: 64, epochs: 100, patience: 15 } as const;
/** Millions of rows are passed over a few times only. */
const LARGE = { hidden: [128, 64], batchSize: 256, epochs: 20, patience: 3 } as const;

/**
 * Reads what an earlier run was told. Throws OptionError for what `TableSettings` does not have, and where
 * the target is missing.
 */
export function readTableSettings(given: unknown): TableSettings {
  const where = 'settings.table';
  const { target, ...others } = readSettingValues(where, tableOptions, given);
  if (target === undefined) throw new OptionError(where, 'option target is required: a column');
  return { target, ...others };
}
