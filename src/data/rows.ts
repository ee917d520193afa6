/**
 * Parts of a data set by rows: some of them, a part to validate and one to test, folds. Which rows a part has
 * depends on the seed alone. Rows are copied, in the order asked for; `sliceDataset` gives a range of them
 * without a copy.
 */
import { isNumericArray } from '../base/arrays.js';
import { DataError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { fillPermutation } from '../base/permutation.js';
import { randomSource } from '../base/random.js';
import { checkDataset, type Dataset, withRows } from './set.js';

/** Streams of random numbers, apart from those of parameters and of tables' parts: one a class of labels. */
const STREAM = 0x60000000;

/**
 * The rows of a set that `indices` [n] name, in that order, as a set of their own with the same classes,
 * targets, weights and scale. A row may be named more than once.
 *
 * @throws DataError for an index that is no row of the set, or when there is none.
 */
export function takeRows(set: Dataset, indices: ArrayLike<number>, name?: string): Dataset {
  const where = 'takeRows';
  checkDataset(where, 'set', set);
  if (!Array.isArray(indices) && !isNumericArray(indices)) {
    throw new OptionError(where, `indices: expected an array of whole numbers, given ${show(indices)}`);
  }
  if (name !== undefined && typeof name !== 'string') {
    throw new OptionError(where, `name: expected a string, given ${show(name)}`);
  }
  if (indices.length === 0) throw new DataError(where, 'indices: expected at least one row, given none');
  for (let i = 0; i < indices.length; i++) {
    if (!(Number.isInteger(indices[i]) && indices[i] >= 0 && indices[i] < set.size)) {
      const expected = `expected a whole number from 0 to ${set.size - 1}`;
      throw new DataError(where, `indices: index ${i}: ${expected}, given ${show(indices[i])}`);
    }
  }
  return gatherRows(set, indices, name ?? set.name);
}

/** How `splitDataset` splits. */
export interface SplitOptions {
  /** Share of the rows that validate, from 0 up to but not including 1; 0.2 by default. */
  validation?: number;
  /** Share of the rows that test; 0 by default. With `validation` it is less than 1. */
  test?: number;
  /** 0 by default. */
  seed?: number;
  /**
   * Whether each class has the same shares of each part, to within a row; so by default where there are
   * classes. Of a set with several answers, the classes are those of the first labels.
   */
  stratified?: boolean;
}

/** The parts of a set; one whose share is 0 is not there. */
export interface DatasetParts {
  readonly train: Dataset;
  readonly validation?: Dataset;
  readonly test?: Dataset;
}

/** A part that is there for certain: its share is written in the program, and is not 0. */
type PartOf<Name extends string, Share extends number> = 0 extends Share
  ? unknown
  : { readonly [name in Name]: Dataset };

/**
 * Splits a set by chance into rows to train, to validate and to test. Each part keeps the order of the set.
 *
 * @throws OptionError for shares that leave nothing to train, or `stratified` of a set without classes.
 * @throws DataError when a part would have no row.
 */
export function splitDataset<Validation extends number = 0.2, Test extends number = 0>(
  set: Dataset,
  options?: SplitOptions & { validation?: Validation; test?: Test },
): DatasetParts & PartOf<'validation', Validation> & PartOf<'test', Test>;
export function splitDataset(set: Dataset, options?: SplitOptions): DatasetParts {
  const where = 'splitDataset';
  checkDataset(where, 'set', set);
  const reader = new OptionReader(where, options);
  const validation = reader.number('validation', { min: 0, below: 1 }, 0.2);
  const test = reader.number('test', { min: 0, below: 1 }, 0);
  const seed = reader.integer('seed', { min: 0 }, 0);
  const stratified = readStratified(where, reader, set);
  reader.end();
  if (validation + test >= 1) {
    const shares = `${validation} for validation and ${test} for test`;
    throw new OptionError(where, `expected shares below 1 together, given ${shares}`);
  }
  const rows = splitRows(set, { validation, test, seed, stratified });
  const part = (name: keyof DatasetParts): Dataset => {
    if (rows[name].length > 0) return gatherRows(set, rows[name], `${set.name}, ${name}`);
    const given = `${set.size} rows, ${validation} of them for validation and ${test} for test`;
    throw new DataError(where, `no row is left for ${name}: given ${given}`);
  };
  return {
    train: part('train'),
    ...(validation > 0 && { validation: part('validation') }),
    ...(test > 0 && { test: part('test') }),
  };
}

/** @internal The rows of each part, ascending; the shares are less than 1 together. */
export function splitRows(
  labels: Pick<Dataset, 'size' | 'labels'>,
  { validation, test, seed, stratified }: Required<SplitOptions>,
): Record<keyof DatasetParts, Uint32Array> {
  const order = shuffled(labels, seed, stratified);
  const tests = spread(order, test);
  const validations = spread(tests.others, validation / (1 - test));
  return {
    train: validations.others.sort(),
    validation: validations.chosen.sort(),
    test: tests.chosen.sort(),
  };
}

/** How `kFold` deals the rows out. */
export interface FoldOptions {
  /** At least 2; 5 by default. */
  folds?: number;
  /** 0 by default. */
  seed?: number;
  /**
   * Whether each class is dealt out evenly; so by default where there are classes: of several labels, those
   * of the first.
   */
  stratified?: boolean;
}

/** One fold validates, the others train. */
export interface Fold {
  readonly train: Dataset;
  readonly validation: Dataset;
}

/**
 * Deals the rows out to folds by chance, and gives for each fold the two sets in which it validates and all
 * others train. The folds' sizes differ by a row at most, and so do the rows of a class in them. Sets are
 * made as one asks for the next, so that only one pair needs memory at a time: `for (const { train,
 * validation } of kFold(set, { folds: 5 }))`.
 *
 * @throws OptionError for `stratified` of a set without classes.
 * @throws DataError when there are fewer rows than folds.
 */
export function kFold(set: Dataset, options?: FoldOptions): Iterable<Fold> {
  const where = 'kFold';
  checkDataset(where, 'set', set);
  const reader = new OptionReader(where, options);
  const folds = reader.integer('folds', { min: 2 }, 5);
  const seed = reader.integer('seed', { min: 0 }, 0);
  const stratified = readStratified(where, reader, set);
  reader.end();
  if (set.size < folds)
    throw new DataError(where, `expected a row for each of ${folds} folds, given ${set.size}`);
  const order = shuffled(set, seed, stratified);
  return {
    *[Symbol.iterator]() {
      for (let fold = 0; fold < folds; fold++) {
        const name = `${set.name}, fold ${fold + 1} of ${folds}`;
        yield {
          train: gatherRows(set, order.filter((_, i) => i % folds !== fold).sort(), `${name}, train`),
          validation: gatherRows(
            set,
            order.filter((_, i) => i % folds === fold).sort(),
            `${name}, validation`,
          ),
        };
      }
    },
  };
}

function readStratified(where: string, reader: OptionReader, { classes, name }: Dataset): boolean {
  const stratified = reader.boolean('stratified', classes > 0);
  if (stratified && classes === 0) {
    const problem = `option stratified: expected false for ${show(name)}, which has targets and no classes`;
    throw new OptionError(where, `${problem}, given true`);
  }
  return stratified;
}

/** All rows in random order; class after class when each is to be dealt out evenly. */
function shuffled(
  { size, labels }: Pick<Dataset, 'size' | 'labels'>,
  seed: number,
  stratified: boolean,
): Uint32Array {
  const order = new Uint32Array(size);
  fillPermutation(order, randomSource(seed, STREAM));
  // Sorting is stable: within a class the order stays random.
  return stratified ? order.sort((a, b) => labels[a] - labels[b]) : order;
}

/**
 * A share of the rows, evenly spaced, so that every run of rows that belong together loses the same share, to
 * within a row.
 */
function spread(rows: Uint32Array, share: number): { chosen: Uint32Array; others: Uint32Array } {
  const isChosen = (place: number) => Math.round((place + 1) * share) > Math.round(place * share);
  return {
    chosen: rows.filter((_, place) => isChosen(place)),
    others: rows.filter((_, place) => !isChosen(place)),
  };
}

function gatherRows(set: Dataset, rows: ArrayLike<number>, name: string): Dataset {
  return withRows(set, name, rows.length, (values, length) => {
    const picked = new (values.constructor as new (length: number) => typeof values)(rows.length * length);
    for (let i = 0; i < rows.length; i++) {
      const from = rows[i] * length;
      picked.set(values.subarray(from, from + length), i * length);
    }
    return picked;
  });
}
