/**
 * Records of training, such as the epochs of a history, as tables: flattened to names with a slash, `validation/loss`, and
 * written as CSV or as TensorBoard's scalars.
 */
import { OptionReader } from '../options.js';
import { type CsvWriteOptions, csvLine } from './csv-write.js';
import { eventFileHead, scalarEvent } from './tfevents.js';

type Flat = Record<string, number | string | boolean | null>;

/** Nested objects become names with a slash; arrays and what is absent are left out. */
export function flattenRecord(record: object, before = ''): Flat {
  const flat: Flat = {};
  for (const [key, value] of Object.entries(record)) {
    const name = `${before}${key}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      Object.assign(flat, flattenRecord(value, `${name}/`));
    } else if (['number', 'string', 'boolean'].includes(typeof value) || value === null) {
      flat[name] = value;
    }
  }
  return flat;
}

/**
 * A table with a column for each name that any record has, in the order of their first appearance; RFC 4180, but with plain
 * line feeds. What a record lacks is an empty field.
 */
export function metricsCsv(records: readonly object[], options?: CsvWriteOptions): string {
  const reader = new OptionReader('metricsCsv', options);
  const escapeFormulas = reader.boolean('escapeFormulas', false);
  reader.end();
  const rows = records.map((record) => flattenRecord(record));
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))];
  return lines.map((line) => csvLine(line, { escapeFormulas })).join('');
}

/** Names of an epoch's record that say when it was, and are no curves. */
const PLACES = new Set(['epoch', 'step']);

/** Names that are of the training itself and have nothing to stand beside. */
const ALONE = new Set(['learningRate', 'seconds', 'samplesPerSecond']);

/**
 * The scalars of an epoch's record as TensorBoard groups them: `loss/train` beside `loss/validation`, and `learningRate`.
 * What is not a number is left out.
 */
export function epochScalars(record: object): Record<string, number> {
  const scalars: Record<string, number> = {};
  for (const [name, value] of Object.entries(flattenRecord(record))) {
    if (typeof value !== 'number' || PLACES.has(name)) continue;
    const validated = /^validation\/(.+)$/.exec(name)?.[1];
    scalars[validated ? `${validated}/validation` : ALONE.has(name) ? name : `${name}/train`] = value;
  }
  return scalars;
}

/** A whole event file of epochs that are over. `endSeconds` since 1970: when the last of them ended. */
export function metricsEvents(records: readonly object[], endSeconds: number): Uint8Array {
  const numbers = records.map((record) => flattenRecord(record));
  const duration = (flat: Flat) => (typeof flat.seconds === 'number' ? flat.seconds : 0);
  let seconds = endSeconds - numbers.reduce((total, flat) => total + duration(flat), 0);
  const parts = [eventFileHead(seconds)];
  for (const [index, record] of records.entries()) {
    seconds += duration(numbers[index]);
    const step = numbers[index].step;
    parts.push(scalarEvent(seconds, typeof step === 'number' ? step : index + 1, epochScalars(record)));
  }
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
