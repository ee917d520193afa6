/**
 * How delimited text is read, as callers say it and as a model remembers it. It reads none: what a model's
 * file needs stays light.
 */
import { OptionError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { type CellOptions, readCellOptions } from './cells.js';
import type { CsvReading } from './types.js';

/** What is known of a delimited text beforehand; what is not said is found out. */
export interface CsvOptions extends CellOptions {
  /** One character; found out by default. */
  delimiter?: string;
  /** Whether the first line holds the names; by default it does unless all its cells are numbers. */
  header?: boolean;
  /** One character such as `#`: lines that begin with it are left out. None by default. */
  comment?: string;
}

/** Throws OptionError for what is unknown or out of range. */
export function readCsvOptions(where: string, given: unknown): CsvOptions {
  const reader = new OptionReader(where, given);
  const delimiter = reader.optional('delimiter', 'one character such as ; or a tab', isDelimiter);
  const header = reader.optional('header', 'true or false', (value) => typeof value === 'boolean');
  const cells = readCellOptions(where, reader);
  const comment = reader.optional('comment', 'one character such as #', isComment);
  reader.end();
  return {
    ...(delimiter !== undefined && { delimiter }),
    ...(header !== undefined && { header }),
    ...cells,
    ...(comment !== undefined && { comment }),
  };
}

/** Reads what a model remembers. Throws OptionError for anything that `openTable` would not have found. */
export function readReading(where: string, given: unknown): CsvReading {
  const { comment, missing, ...options } = readCsvOptions(where, given);
  if (missing) throw new OptionError(where, 'unknown option "missing"');
  const reader = new OptionReader(where, options);
  return {
    delimiter: reader.required('delimiter', 'a character', isDelimiter),
    decimal: reader.required('decimal', '"." or ","', isMark),
    header: reader.boolean('header'),
    ...(comment !== undefined && { comment }),
  };
}

/** Whether a character can stand between cells. */
export function isDelimiter(value: unknown): value is string {
  return typeof value === 'string' && /^[\t -~]$/.test(value) && !/["\w.+-]/.test(value);
}

/** Whether a character can begin a comment. */
export function isComment(value: unknown): value is string {
  return isDelimiter(value) && /^[!-~]$/.test(value);
}

function isMark(value: unknown): value is '.' | ',' {
  return value === '.' || value === ',';
}
