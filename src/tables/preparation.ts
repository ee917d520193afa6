/**
 * How the columns of a table become the inputs of a model, and its target what the model is trained on: plain
 * data, kept inside the model's file and applied again by whoever predicts. Made by prepare.ts, applied by
 * encode.ts; here it is described and, when it comes from a file, taken for hostile.
 */
import { OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { type CellOptions, readCellOptions } from './cells.js';
import { readReading } from './csv-reading.js';
import { type DateOrder, phaseCount } from './dates.js';
import { MAX_CATEGORIES } from './profile.js';
import type { Split } from './split.js';
import { type CsvReading, MAX_COLUMNS } from './types.js';

interface Numeric {
  readonly name: string;
  /** Of the rows that trained. An input is (value - mean) / deviation, and 0 for a missing value. */
  readonly mean: number;
  /** Greater than 0. */
  readonly deviation: number;
  /** Whether one more input says that the value is missing; true when one was missing in training. */
  readonly indicator: boolean;
}

/** A column of numbers, standardised. */
export interface NumberColumn extends Numeric {
  readonly kind: 'number';
}

/** A column of two values, as numbers 0 and 1. */
export interface BooleanColumn extends Numeric {
  readonly kind: 'boolean';
  /** What stands for 0, and for 1. Words such as no and yes stand for it in any case. */
  readonly values: readonly [no: string, yes: string];
  /** As that of a category. */
  readonly asWritten?: true;
}

/**
 * Mean and deviation are in days since 1970-01-01 UTC; sines and cosines of year, week and day follow: see
 * dates.ts.
 */
export interface DateColumn extends Numeric {
  readonly kind: 'date';
  /** Whether dates have a time of day. */
  readonly time: boolean;
  /** Of dates whose year comes last; absent where none does. */
  readonly order?: DateOrder;
}

/**
 * Each value has a place: 0 for those that training did not know, then `categories` in order, then, if
 * `missing`, the missing.
 */
export interface CategoryColumn {
  readonly kind: 'category';
  readonly name: string;
  readonly categories: readonly string[];
  /**
   * `oneHot`: an input a place, 1 where the value is; place 0 has one only if `others`. `embedding`: one
   * input, the place's number, for an embedding layer of `width`.
   */
  readonly encoding: 'oneHot' | 'embedding';
  /** Whether rare values of training were put in place 0, which otherwise never occurred there. */
  readonly others: boolean;
  readonly missing: boolean;
  /**
   * That categories which are numbers are told apart by their text, so that 007 is not 7; absent where their
   * value tells.
   */
  readonly asWritten?: true;
  /** Numbers that an embedding learns for each place; absent for one-hot. */
  readonly width?: number;
}

/** A column that is used, and how. */
export type PreparedColumn = NumberColumn | BooleanColumn | DateColumn | CategoryColumn;

/** What is predicted: one of some classes, or a number. */
export type PreparedTarget =
  | {
      readonly kind: 'classification';
      readonly name: string;
      readonly classes: readonly string[];
      /** As that of a category. */
      readonly asWritten?: true;
    }
  /** The model's output is (value - mean) / deviation. */
  | {
      readonly kind: 'regression';
      readonly name: string;
      readonly mean: number;
      readonly deviation: number;
    };

/** A column that is not used, and why. */
export interface DroppedColumn {
  readonly name: string;
  readonly reason: string;
}

/** All that it takes to make inputs of the columns of a table, again and again in the same way. */
export interface TablePreparation {
  readonly version: 1;
  /** In the order of their inputs. */
  readonly columns: readonly PreparedColumn[];
  readonly dropped: readonly DroppedColumn[];
  readonly target: PreparedTarget;
  /** By which the rows were split; the same file splits the same way again. */
  readonly split: Split;
  /** How the file was read, where it was delimited text; absent in files of older versions. */
  readonly reading?: CsvReading;
  /**
   * What was said of the table's cells when it was opened, and holds for other tables too; absent when
   * nothing was.
   */
  readonly cells?: CellOptions;
}

const VERSION = 1;
/** Numbers that an embedding may have for a category. */
const MAX_WIDTH = 1024;

/** Inputs that a column takes. */
export function inputsOf(column: PreparedColumn): number {
  switch (column.kind) {
    case 'number':
    case 'boolean':
      return 1 + Number(column.indicator);
    case 'date':
      return 1 + phaseCount(column.time) + Number(column.indicator);
    case 'category':
      if (column.encoding === 'embedding') return 1;
      return column.categories.length + Number(column.others) + Number(column.missing);
  }
}

/** Places of a category column: those of the unknown and the missing, too. */
export function placesOf({ categories, missing }: CategoryColumn): number {
  return 1 + categories.length + Number(missing);
}

/** Inputs of the model. */
export function inputSizeOf({ columns }: Pick<TablePreparation, 'columns'>): number {
  return columns.reduce((total, column) => total + inputsOf(column), 0);
}

/** Columns whose cells `chunks` has to give as they are written. */
export function writtenColumns({ columns, target }: Pick<TablePreparation, 'columns' | 'target'>): string[] {
  return [...columns, target].filter((column) => 'asWritten' in column).map(({ name }) => name);
}

/** Outputs of the model: one a class, or one. */
export function outputSizeOf({ target }: Pick<TablePreparation, 'target'>): number {
  return target.kind === 'classification' ? target.classes.length : 1;
}

/**
 * Checks a preparation that comes from a file or a caller, and that it is for a model of this size, if there
 * is one.
 *
 * @throws OptionError for anything that `prepareTable` would not have made.
 */
export function readPreparation(
  where: string,
  given: unknown,
  model?: { readonly inputSize: number; readonly outputSize: number },
): TablePreparation {
  const preparation = checkPreparation(where, given);
  for (const [what, expected, size] of [
    ['inputs', model?.inputSize, inputSizeOf(preparation)],
    ['outputs', model?.outputSize, outputSizeOf(preparation)],
  ] as const) {
    if (expected !== undefined && size !== expected)
      throw new OptionError(where, `expected ${expected} ${what}, given ${size}`);
  }
  return preparation;
}

/** As `readPreparation`, for whatever model may be made for it. */
export function checkPreparation(where: string, given: unknown): TablePreparation {
  const reader = new OptionReader(where, given);
  const version = reader.integer('version');
  if (version !== VERSION) {
    throw new OptionError(where, `version: expected ${VERSION}, given ${version}`);
  }
  const columns = list(reader, 'columns', MAX_COLUMNS).map((column, i) =>
    readColumn(`${where}, columns[${i}]`, column),
  );
  const dropped = list(reader, 'dropped', MAX_COLUMNS).map((column, i) => {
    const own = new OptionReader(`${where}, dropped[${i}]`, column);
    const read = { name: own.string('name'), reason: own.string('reason') };
    own.end();
    return read;
  });
  const target = readTarget(`${where}, target`, reader.required('target', 'a target', isPresent));
  const splitReader = new OptionReader(`${where}, split`, reader.required('split', 'a split', isPresent));
  const fraction = { min: 0, below: 1 };
  const split = {
    seed: splitReader.integer('seed', { min: 0 }),
    validation: splitReader.number('validation', fraction),
    test: splitReader.number('test', fraction),
  };
  const isTask = (value: unknown): value is Split['task'] =>
    value === 'classification' || value === 'regression';
  const task = splitReader.optional('task', '"classification" or "regression"', isTask);
  const isShare = (value: unknown): value is number => typeof value === 'number' && value > 0 && value < 1;
  const sample = splitReader.optional('sample', 'a number above 0 and below 1', isShare);
  splitReader.end();
  const reading = reader.optional('reading', 'how the file is read', isPresent);
  const cellsGiven = reader.optional('cells', 'options of cells', isPresent);
  const cellReader = new OptionReader(`${where}, cells`, cellsGiven);
  const cells = readCellOptions(`${where}, cells`, cellReader);
  cellReader.end();
  reader.end();
  const names = [target, ...columns, ...dropped].map(({ name }) => name);
  if (new Set(names).size !== names.length) throw new OptionError(where, 'two columns have the same name');
  return {
    version: VERSION,
    columns,
    dropped,
    target,
    split: { ...split, ...(task && { task }), ...(sample && { sample }) },
    ...(reading !== undefined && { reading: readReading(`${where}, reading`, reading) }),
    ...(cellsGiven !== undefined && { cells }),
  };
}

function readColumn(where: string, given: unknown): PreparedColumn {
  const reader = new OptionReader(where, given);
  const kind = reader.oneOf('kind', ['number', 'boolean', 'date', 'category']);
  const name = reader.string('name');
  let column: PreparedColumn;
  if (kind === 'category') {
    const categories = strings(reader, 'categories', where);
    const encoding = reader.oneOf('encoding', ['oneHot', 'embedding']);
    const others = reader.boolean('others');
    const missing = reader.boolean('missing');
    const width =
      encoding === 'embedding' ? { width: reader.integer('width', { min: 1, max: MAX_WIDTH }) } : {};
    column = { kind, name, categories, encoding, others, missing, ...width, ...readAsWritten(reader) };
  } else {
    const numeric = {
      name,
      mean: reader.number('mean'),
      deviation: reader.number('deviation', { above: 0 }),
      indicator: reader.boolean('indicator'),
    };
    if (kind === 'number') column = { kind, ...numeric };
    else if (kind === 'date') {
      const isOrder = (value: unknown): value is DateOrder => value === 'dmy' || value === 'mdy';
      const order = reader.optional('order', '"dmy" or "mdy"', isOrder);
      column = { kind, ...numeric, time: reader.boolean('time'), ...(order && { order }) };
    } else {
      const [no, yes, ...rest] = strings(reader, 'values', where);
      if (yes === undefined || rest.length > 0)
        throw new OptionError(where, 'values: expected two strings that differ');
      column = { kind, ...numeric, values: [no, yes], ...readAsWritten(reader) };
    }
  }
  reader.end();
  return column;
}

function readTarget(where: string, given: unknown): PreparedTarget {
  const reader = new OptionReader(where, given);
  const kind = reader.oneOf('kind', ['classification', 'regression']);
  const name = reader.string('name');
  let target: PreparedTarget;
  if (kind === 'classification') {
    const classes = strings(reader, 'classes', where);
    if (classes.length < 2) throw new OptionError(where, 'classes: expected at least 2');
    target = { kind, name, classes, ...readAsWritten(reader) };
  } else {
    target = {
      kind,
      name,
      mean: reader.number('mean'),
      deviation: reader.number('deviation', { above: 0 }),
    };
  }
  reader.end();
  return target;
}

function readAsWritten(reader: OptionReader): { asWritten?: true } {
  const isTrue = (value: unknown): value is true => value === true;
  return reader.optional('asWritten', 'true', isTrue) ? { asWritten: true } : {};
}

function list(reader: OptionReader, key: string, max: number): readonly unknown[] {
  const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length <= max;
  return reader.required(key, `a list of at most ${max}`, isList);
}

/** Strings that all differ. */
function strings(reader: OptionReader, key: string, where: string): readonly string[] {
  const given = list(reader, key, MAX_CATEGORIES);
  if (!given.every((value) => typeof value === 'string')) {
    throw new OptionError(where, `${key}: expected strings, given ${show(given)}`);
  }
  if (new Set(given).size !== given.length) throw new OptionError(where, `${key}: expected no string twice`);
  return given as readonly string[];
}

function isPresent(value: unknown): value is unknown {
  return value !== undefined;
}
