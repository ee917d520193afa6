/** The options that are about tables, and what they come to: how the file is read in every command, the others in `lanegrad train`. */
import { InvalidArgumentError, Option } from 'commander';
import { OptionError } from '../base/errors.js';
import { isComment, isDelimiter } from '../tables/csv-reading.js';
import type { DateOrder } from '../tables/dates.js';
import type { ColumnType, Task } from '../tables/decide.js';
import type { TableSettings } from '../tables/training.js';

/** Of delimited text. */
export interface ReadingOptions {
  delimiter?: string;
  decimal?: '.' | ',';
  header?: boolean;
  comment?: string;
  missing?: string[];
}

export interface TableOptions extends ReadingOptions {
  target?: string;
  task?: Task;
  types?: Record<string, ColumnType>;
  dateOrder?: DateOrder;
  validation?: number;
  test?: number;
  sample?: number;
  dropMissingTarget?: true;
}

const TYPES: readonly ColumnType[] = ['number', 'category', 'boolean', 'date', 'drop'];

export function tableOptions(): Option[] {
  const options = [
    new Option('--target <column>', 'the column to predict'),
    new Option('--task <name>', 'what the target is (default: found out)').choices([
      'classification',
      'regression',
    ]),
    new Option(
      '--types <column=type,…>',
      `of columns whose type is not to be found out: ${TYPES.join(', ')}; may be repeated`,
    ).argParser(columnTypes),
    new Option(
      '--date-order <order>',
      'what comes first in dates such as 02/03/2024, where no date of the column tells it',
    ).choices(['dmy', 'mdy']),
    new Option('--validation <share>', 'of the rows, in steps of 0.05 (default: 0.15)').argParser(share),
    new Option('--test <share>', 'of the rows, in steps of 0.05 (default: 0.15)').argParser(share),
    new Option('--sample <share>', 'of the rows that are taken at all, at random').argParser(sampleShare),
    new Option('--drop-missing-target', 'leave out rows whose target is missing'),
  ];
  return [...options, ...readingOptions()].map((option) => option.helpGroup('Tables:'));
}

/** Where a model is at hand, it remembers them: they are for files that differ. */
export function readingOptions(): Option[] {
  return [
    new Option('--delimiter <character>', 'between cells, or "tab" (default: found out)').argParser(
      delimiter,
    ),
    new Option(
      '--decimal <character>',
      'of numbers; the other one may then group thousands (default: the point, and no groups)',
    ).choices(['.', ',']),
    new Option(
      '--missing <marks>',
      'texts that stand for a missing value, in place of NA, ? and the like, such as "-,-999"; "" for none',
    ).argParser(marks),
    new Option('--header', 'the first line holds the names, even if they are numbers'),
    new Option('--no-header', 'the first line holds no names'),
    new Option('--comment <character>', 'with which lines begin that are left out, such as #').argParser(
      comment,
    ),
  ].map((option) => option.helpGroup('Tables:'));
}

/** Those that were given, as `openTable` takes them. */
export function toReading({ delimiter, decimal, header, comment, missing }: ReadingOptions): ReadingOptions {
  return {
    ...(delimiter !== undefined && { delimiter }),
    ...(decimal !== undefined && { decimal }),
    ...(header !== undefined && { header }),
    ...(comment !== undefined && { comment }),
    ...(missing !== undefined && { missing }),
  };
}

/** Parts the options of tables from the others. */
export function splitTableOptions<T extends TableOptions>(
  options: T,
): { given: TableOptions; others: Omit<T, keyof TableOptions> } {
  const {
    target,
    task,
    types,
    dateOrder,
    validation,
    test,
    sample,
    dropMissingTarget,
    delimiter,
    decimal,
    header,
    comment,
    missing,
    ...others
  } = options;
  const all = {
    target,
    task,
    types,
    dateOrder,
    validation,
    test,
    sample,
    dropMissingTarget,
    delimiter,
    decimal,
    header,
    comment,
    missing,
  };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return { given, others };
}

/** Throws OptionError when the target is missing: which column to learn is the one thing that nobody can guess. */
export function toTableSettings(source: string, { target, ...given }: TableOptions): TableSettings {
  if (target === undefined) {
    throw new OptionError(
      '--target',
      `expected the column of ${source} to predict, such as --target species`,
    );
  }
  return { target, ...given };
}

function columnTypes(text: string, before: Record<string, ColumnType> = {}): Record<string, ColumnType> {
  const types = { ...before };
  for (const part of text.split(',')) {
    const at = part.lastIndexOf('=');
    const type = part.slice(at + 1).trim() as ColumnType;
    if (at < 1 || !TYPES.includes(type)) {
      throw new InvalidArgumentError(`Expected column=type such as zip=category, of ${TYPES.join(', ')}.`);
    }
    types[part.slice(0, at).trim()] = type;
  }
  return types;
}

/** An empty text names none; an empty cell is missing anyway. */
function marks(text: string): string[] {
  return text
    .split(',')
    .map((mark) => mark.trim())
    .filter((mark) => mark !== '');
}

function share(text: string): number {
  const value = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 0.9 && Math.abs(value * 20 - Math.round(value * 20)) < 1e-9) return value;
  throw new InvalidArgumentError('Expected a share from 0 to 0.9 in steps of 0.05, such as 0.2.');
}

function sampleShare(text: string): number {
  const value = /^(\d+(\.\d*)?|\.\d+)(e-?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a share above 0 and at most 1, such as 0.1.');
}

function delimiter(text: string): string {
  const char = text === 'tab' || text === '\\t' ? '\t' : text;
  if (isDelimiter(char)) return char;
  throw new InvalidArgumentError('Expected one character such as ; or the word tab.');
}

function comment(text: string): string {
  if (isComment(text)) return text;
  throw new InvalidArgumentError('Expected one character such as #, and no letter, digit or quote.');
}
