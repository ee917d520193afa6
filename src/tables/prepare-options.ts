/** How a table is to be prepared: the options, and what is wrong with those that do not fit the table. */
import { OptionError, show } from '../base/errors.js';
import { didYouMean, OptionReader } from '../base/options.js';
import type { DateOrder } from './dates.js';
import type { ColumnType, Task } from './decide.js';
import { targetIndex } from './target.js';
import type { Table } from './types.js';

/** How `prepareTable` goes about it. */
export interface PrepareOptions {
  /** The column to be predicted. */
  target: string;
  /** Found out by default: texts, and up to 20 different whole numbers, are classes. */
  task?: Task;
  /** Of columns whose type should not be found out; `drop` leaves one out. */
  types?: Readonly<Record<string, ColumnType>>;
  /**
   * What comes first in dates such as 02/03/2024, the day or the month, where no date of the column tells it.
   */
  dateOrder?: DateOrder;
  /** Shares of the rows that are kept from training, in steps of 0.05. 0.15 each by default. */
  validation?: number;
  test?: number;
  /**
   * Share of the rows that are taken, at random by the seed; 1 by default. For tables that do not fit in
   * memory.
   */
  sample?: number;
  /** By which the rows are split; 1 by default. */
  seed?: number;
  /** Leave out rows whose target is missing, in place of refusing the table. */
  dropMissingTarget?: boolean;
}

/**
 * Reads the options for this table. Throws OptionError for those that are unknown or do not fit its columns,
 * DataError where it has no such target.
 */
export function readPrepareOptions(where: string, table: Table, options: PrepareOptions) {
  const reader = new OptionReader(where, options);
  const targetColumn = targetIndex(table, reader.string('target'));
  const isTask = (value: unknown): value is Task => value === 'classification' || value === 'regression';
  const task = reader.optional('task', '"classification" or "regression"', isTask);
  const isOrder = (value: unknown): value is DateOrder => value === 'dmy' || value === 'mdy';
  const dateOrder = reader.optional('dateOrder', '"dmy" or "mdy"', isOrder);
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const given = reader.optional('types', 'types by column', isObject) ?? {};
  const share = { min: 0, max: 0.9 };
  const validation = reader.number('validation', share, 0.15);
  const test = reader.number('test', share, 0.15);
  const seed = reader.integer('seed', { min: 0 }, 1);
  const sample = reader.number('sample', { above: 0, max: 1 }, 1);
  const dropMissingTarget = reader.boolean('dropMissingTarget', false);
  reader.end();
  if (validation + test > 0.95) {
    throw new OptionError(
      where,
      `validation and test: expected at most 0.95 together, given ${validation + test}`,
    );
  }
  for (const [name, value] of Object.entries({ validation, test })) {
    if (Math.abs(value * 20 - Math.round(value * 20)) > 1e-9) {
      throw new OptionError(where, `option ${name}: expected a multiple of 0.05, given ${value}`);
    }
  }
  const known: readonly string[] = ['number', 'category', 'boolean', 'date', 'drop'];
  const types = new Map<string, ColumnType>();
  for (const [name, type] of Object.entries(given)) {
    if (!table.columns.includes(name)) {
      const hint = didYouMean(name, table.columns);
      throw new OptionError(where, `option types: the table has no column ${show(name)}${hint}`);
    }
    if (!known.includes(type as string)) {
      throw new OptionError(
        where,
        `option types: ${name}: expected one of ${known.join(', ')}, given ${show(type)}`,
      );
    }
    if (name === table.columns[targetColumn]) {
      throw new OptionError(where, `option types: ${show(name)} is the target; its type is the option task`);
    }
    types.set(name, type as ColumnType);
  }
  return { targetColumn, task, types, dateOrder, validation, test, seed, sample, dropMissingTarget };
}

/** The same, read. */
export type PrepareSettings = ReturnType<typeof readPrepareOptions>;
