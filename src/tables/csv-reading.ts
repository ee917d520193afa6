/** How delimited text is read, as callers say it and as a model remembers it. It reads none: what a model's file needs stays light. */
import { OptionReader } from '../options.js';
import type { CsvReading } from './types.js';

/** What is known of a delimited text beforehand; all of it is found out by default. */
export interface CsvOptions {
  /** One character; found out by default. */
  delimiter?: string;
  /** Whether the first line holds the names; by default it does unless all its cells are numbers. */
  header?: boolean;
  /** `.` by default. */
  decimal?: '.' | ',';
  /** One character such as `#`: lines that begin with it are left out. None by default. */
  comment?: string;
}

/** Throws OptionError for what is unknown or out of range. */
export function readCsvOptions(where: string, given: unknown): CsvOptions {
  const reader = new OptionReader(where, given);
  const delimiter = reader.optional('delimiter', 'one character such as ; or a tab', isDelimiter);
  const header = reader.optional('header', 'true or false', (value) => typeof value === 'boolean');
  const decimal = reader.optional('decimal', '"." or ","', isMark);
  const comment = reader.optional('comment', 'one character such as #', isComment);
  reader.end();
  return {
    ...(delimiter !== undefined && { delimiter }),
    ...(header !== undefined && { header }),
    ...(decimal !== undefined && { decimal }),
    ...(comment !== undefined && { comment }),
  };
}

/** Reads what a model remembers. Throws OptionError for anything that `openTable` would not have found. */
export function readReading(where: string, given: unknown): CsvReading {
  const { comment, ...options } = readCsvOptions(where, given);
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
