/** What training on a table is told, and the data that this comes to. Node only: the table is a file. */

import { OptionError } from '../base/errors.js';
import { readSettingValues } from '../base/settings.js';
import type { AnySet } from '../data/any-set.js';
import type { Dataset } from '../data/dataset.js';
import { DEFAULT_MEMORY } from '../data/spill-plan.js';
import { rowBytes } from '../data/spilled-rows.js';
import { type StreamedDataset, streamDataset } from '../data/stream.js';
import { type Streaming, temporaryIn } from '../data/streaming.js';
import type { CsvOptions } from './csv-reading.js';
import { openTableInput, tableName } from './file.js';
import { tableOptions } from './options.js';
import { planTable } from './plan.js';
import type { TablePreparation } from './preparation.js';
import { type PrepareOptions, prepareInMemory, prepareTable } from './prepare.js';
import { formOf, rowsFit, spillTable } from './stream-table.js';
import type { TableSummary } from './summary.js';
import type { Table } from './types.js';

/** Options of `prepareTable`, but for the seed, and of reading delimited text. */
export interface TableSettings extends Omit<PrepareOptions, 'seed'>, Readonly<CsvOptions> {}

/** The data that training on a table takes, and what is known of the table. */
export interface TableSplits<Set extends AnySet = Dataset> {
  readonly train: Set;
  /** Tables may be too short for one, and for a test. */
  readonly validation?: Set;
  readonly test?: Set;
  /** All rows that train where none are kept for validation; its name is the table's. */
  readonly full: Set;
  readonly table: PreparationResult;
  /** Where the sets stream. */
  readonly streaming?: Streaming;
}

/** How a table was prepared, and what was found in it. */
export interface PreparationResult {
  readonly preparation: TablePreparation;
  readonly summary: TableSummary;
}

/** What else training on a table is told. */
interface TableRun {
  readonly seed: number;
  /** No rows are kept for validation. */
  readonly full: boolean;
}

/** How much memory its rows may take, if that was said, and where they lie if they are more. */
interface TableLimits extends TableRun {
  readonly memory?: number | undefined;
  readonly spillFolder: string;
}

/**
 * Reads and prepares the table of a run, in memory.
 *
 * @throws FileError, FormatError, DataError and OptionError as `openTable` and `prepareTable` do.
 */
export async function loadTable(path: string, settings: TableSettings, run: TableRun): Promise<TableSplits> {
  const { table, options } = await openForTraining(path, settings, run);
  const { preparation, summary, ...sets } = await prepareTable(table, options);
  return { ...sets, full: { ...sets.train, name: tableName(path) }, table: { preparation, summary } };
}

/**
 * The same of a table that may be larger than memory: its sets stream where they do not fit. Whoever trains
 * closes `streaming` at the end.
 *
 * @throws as `loadTable`; FileError where the disk has too little room.
 */
export async function loadLargeTable(
  path: string,
  settings: TableSettings,
  { memory, spillFolder, ...run }: TableLimits,
): Promise<TableSplits<AnySet>> {
  const { table, options } = await openForTraining(path, settings, run);
  const where = 'prepareTable';
  const plan = await planTable(where, table, options);
  const form = formOf(plan.preparation);
  const rows = plan.scan.sizes.reduce((total, size) => total + size, 0);
  const name = tableName(path);
  if (rowsFit(rows, form, memory)) {
    const { preparation, summary, ...sets } = await prepareInMemory(where, table, plan);
    return { ...sets, full: { ...sets.train, name }, table: { preparation, summary } };
  }
  const limits = { memory: memory ?? DEFAULT_MEMORY, spillFolder };
  const { preparation, summary, close, ...sets } = await spillTable(where, table, plan, limits);
  const { target } = summary;
  return {
    ...sets,
    full: renamed(sets.train, name),
    table: { preparation, summary },
    streaming: {
      bytes: rows * rowBytes(form),
      place: temporaryIn(spillFolder),
      memory: limits.memory,
      ...(target.kind === 'classification' && { classCounts: target.classes.map(({ train }) => train) }),
      close,
    },
  };
}

function renamed(set: StreamedDataset, name: string): StreamedDataset {
  const { width, window, identity, classNames, targetNames, source } = set;
  return streamDataset({
    ...{ name, width, window, ...source },
    ...(identity !== undefined && { identity }),
    ...(classNames && { classNames }),
    ...(targetNames && { targetNames }),
  });
}

async function openForTraining(
  path: string,
  { delimiter, decimal, header, comment, missing, ...options }: TableSettings,
  { seed, full }: TableRun,
): Promise<{ table: Table; options: PrepareOptions }> {
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
  return { table, options: { ...options, seed, ...(full && { validation: 0 }) } };
}

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
