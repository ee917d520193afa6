/**
 * Records of training, such as the epochs of a history, as tables: flattened to names with a slash,
 * `validation/loss`, and written as CSV or as TensorBoard's scalars.
 */
import { DataError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { type CsvWriteOptions, csvLine } from './csv-write.js';
import { checkSeconds, eventFileHead, scalarEvent } from './tfevents.js';

type Flat = Record<string, number | string | boolean | null>;

/** Objects within each other: names are as long as they are deep, and epochs have two or three. */
const MAX_DEPTH = 32;

/**
 * Nested objects become names with a slash; arrays and what is absent are left out. Throws OptionError for
 * anything but an object, and DataError where one is nested too deeply.
 *
 * @param where Names the caller, or the file, in messages.
 */
export function flattenRecord(where: string, record: object): Flat {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw new OptionError(where, `expected an object of metrics, given ${show(record)}`);
  // No name is one of the prototype's.
  const flat: Flat = Object.create(null);
  const add = (from: object, before: string, depth: number) => {
    if (depth > MAX_DEPTH) throw new DataError(where, `expected objects nested ${MAX_DEPTH} deep at most`);
    for (const [key, value] of Object.entries(from)) {
      const name = `${before}${key}`;
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        add(value, `${name}/`, depth + 1);
      } else if (['number', 'string', 'boolean'].includes(typeof value) || value === null) {
        flat[name] = value;
      }
    }
  };
  add(record, '', 1);
  return flat;
}

/**
 * Fields of a table for each that its records have: more are empty fields, of which there can be any number.
 */
const MAX_SPARSITY = 16;
/** Fields that any table may have. */
const FREE_FIELDS = 2 ** 20;

/**
 * A table with a column for each name that any record has, in the order of their first appearance; RFC 4180,
 * but with plain line feeds. What a record lacks is an empty field.
 *
 * @throws OptionError for anything but a list of objects, and for options that are unknown.
 * @throws DataError for objects nested too deeply, or so different that nearly all of the table would be
 * empty.
 */
export function metricsCsv(records: readonly object[], options?: CsvWriteOptions): string {
  const where = 'metricsCsv';
  const reader = new OptionReader(where, options);
  const escapeFormulas = reader.boolean('escapeFormulas', false);
  reader.end();
  const rows = flattenAll(where, records);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const given = rows.reduce((total, row) => total + Object.keys(row).length, 0);
  const fields = rows.length * columns.length;
  if (fields > FREE_FIELDS && fields > MAX_SPARSITY * given) {
    const table = `${rows.length} rows of ${columns.length} columns`;
    throw new DataError(where, `expected records with the same names, given ${given} values for ${table}`);
  }
  const lines = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))];
  return lines.map((line) => csvLine(line, { escapeFormulas })).join('');
}

function flattenAll(where: string, records: unknown): Flat[] {
  if (!Array.isArray(records))
    throw new OptionError(where, `expected a list of records, given ${show(records)}`);
  return records.map((record, index) => flattenRecord(`${where}, record ${index}`, record));
}

/** Names of an epoch's record that say when it was, and are no curves. */
const PLACES = new Set(['epoch', 'step']);

/** Names that are of the training itself and have nothing to stand beside. */
const ALONE = new Set(['learningRate', 'seconds', 'samplesPerSecond']);

/**
 * The scalars of an epoch's record as TensorBoard groups them: `loss/train` beside `loss/validation`, and
 * `learningRate`. What is not a number is left out. Throws OptionError for anything but an object, DataError
 * for one nested too deeply.
 */
export function epochScalars(record: object): Record<string, number> {
  return scalarsOf(flattenRecord('epochScalars', record));
}

function scalarsOf(flat: Flat): Record<string, number> {
  const scalars: [name: string, value: number][] = [];
  for (const [name, value] of Object.entries(flat)) {
    if (typeof value !== 'number' || PLACES.has(name)) continue;
    const validated = /^validation\/(.+)$/.exec(name)?.[1];
    scalars.push([validated ? `${validated}/validation` : ALONE.has(name) ? name : `${name}/train`, value]);
  }
  return Object.fromEntries(scalars);
}

/**
 * A whole event file of epochs that are over.
 *
 * @param endSeconds Since 1970: when the last of them ended.
 * @throws as `metricsCsv` does for records, and OptionError for a time that is no finite number.
 */
export function metricsEvents(records: readonly object[], endSeconds: number): Uint8Array {
  const numbers = flattenAll('metricsEvents', records);
  const duration = (flat: Flat) => (typeof flat.seconds === 'number' ? flat.seconds : 0);
  let seconds =
    checkSeconds('metricsEvents', endSeconds) - numbers.reduce((total, flat) => total + duration(flat), 0);
  const parts = [eventFileHead(seconds)];
  for (const [index, flat] of numbers.entries()) {
    seconds += duration(flat);
    const { step } = flat;
    parts.push(scalarEvent(seconds, typeof step === 'number' ? step : index + 1, scalarsOf(flat)));
  }
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
