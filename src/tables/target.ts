/**
 * Reads a table's target as labels or numbers: for training, and for measuring a model on rows whose answers
 * are known.
 */
import { DataError, show } from '../base/errors.js';
import { didYouMean } from '../base/options.js';
import { cellName } from './cells.js';
import { NameIndex } from './names.js';
import { numberHint } from './notation.js';
import { placeIn } from './place.js';
import type { PreparedTarget } from './preparation.js';
import type { Table, TableChunk } from './types.js';

/**
 * Place of the target among the columns. Throws DataError, with the names there are, when it is none of them.
 */
export function targetIndex(table: Table, name: string): number {
  const index = table.columns.indexOf(name);
  if (index >= 0) return index;
  const hint = didYouMean(name, table.columns) || ';';
  throw new DataError(
    table.name,
    `has no column ${show(name)} for the target${hint} it has ${listed(table.columns)}`,
  );
}

/** The names of columns for a message, which may be many and long. */
export function listed(columns: readonly string[]): string {
  const names = columns.slice(0, 20).map((column) => show(column));
  return `${names.join(', ')}${columns.length > 20 ? `, … (${columns.length} columns)` : ''}`;
}

/** Outputs of a regression's model, or targets that it trains on, in the unit of the table. */
export function inUnits(
  { mean, deviation }: Extract<PreparedTarget, { kind: 'regression' }>,
  values: ArrayLike<number>,
): Float64Array {
  return Float64Array.from(values, (value) => value * deviation + mean);
}

/**
 * A reader of targets: the class of a row by number, or its number as it stands in the table.
 *
 * @returns NaN where it is missing.
 */
export function targetReader(
  table: Table,
  target: PreparedTarget,
): (chunk: TableChunk, index: number) => number {
  const column = targetIndex(table, target.name);
  const fail = (chunk: TableChunk, index: number, expected: string, given: unknown): never => {
    const place = placeIn(chunk, index, target.name);
    throw new DataError(
      table.name,
      `${place}: expected ${expected}, given ${show(given)}${typeof given === 'string' && target.kind === 'regression' ? numberHint(given) : ''}`,
    );
  };
  if (target.kind === 'regression') {
    return (chunk, index) => {
      const { numbers, texts } = chunk.columns[column];
      const text = texts?.[index];
      if (text !== undefined) fail(chunk, index, 'a number', text);
      const value = numbers[index];
      if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
        fail(chunk, index, 'a finite number', value);
      }
      return value;
    };
  }
  const { classes, asWritten } = target;
  const names = new NameIndex({ names: classes, asWritten, truth: true });
  return (chunk, index) => {
    const cells = chunk.columns[column];
    const place = names.placeOf(cells, index);
    if (place === undefined) return Number.NaN;
    if (place >= 0) return place;
    const known = classes.slice(0, 8).map((name) => show(name));
    const more = classes.length > 8 ? ', …' : '';
    const expected = `one of the classes that the model knows (${known.join(', ')}${more})`;
    // A number of a format that has such is shown as one.
    const isNumber = !Number.isNaN(cells.numbers[index]) && cells.written?.[index] === undefined;
    return fail(chunk, index, expected, isNumber ? cells.numbers[index] : cellName(cells, index));
  };
}
