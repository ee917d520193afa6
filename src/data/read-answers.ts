/** Labels, targets and weights as a caller may hold them: the half of `dataset` that looks at answers. */
import { isFloat32Array, isStrings, isTypedArray, type NumericArray } from '../base/arrays.js';
import { DataError, OptionError, ShapeError, show } from '../base/errors.js';
import { isCount } from '../base/image-shape.js';
import { didYouMean, type OptionReader } from '../base/options.js';
import { checkedLabels, checkWeights, largestLabel } from './answers.js';
import { checkFinite, type Numbers, readNumbers } from './numbers.js';
import type { Answers } from './set.js';

/** Numbers of classes, or their names. */
export type Labels = readonly number[] | readonly string[] | NumericArray | BigInt64Array | BigUint64Array;

/** What there is to say of labels. */
export interface ClassOptions {
  /**
   * Default: the number of `classNames`, otherwise the largest label + 1, and at least 2. Only with labels.
   */
  classes?: number;
  classNames?: readonly string[];
}

/** What there is to say of targets. */
export interface TargetOptions {
  /** Numbers in a sample's target: the number of `targetNames` by default, otherwise 1. Only with targets. */
  targetWidth?: number;
  targetNames?: readonly string[];
}

/** The labels of one of several outputs, where more is to be said of them. */
export interface NamedLabels extends ClassOptions {
  values: Labels;
}

/** The targets of one of several outputs, where more is to be said of them. */
export interface NamedTargets extends TargetOptions {
  values: Numbers;
}

/** Answers of which the count is known; `read` looks at each. */
export interface GivenAnswers {
  /** Their number, and what they are called. */
  readonly count: number;
  readonly what: 'labels' | 'targets';
  read(): Answers;
}

export function readClassOptions(read: OptionReader): ClassOptions {
  const classNames = read.optional('classNames', 'an array of strings', isStrings);
  const classes = read.optional('classes', 'a whole number up to 2^31, at least 2', isClasses);
  return { ...(classes !== undefined && { classes }), ...(classNames && { classNames }) };
}

export function readTargetOptions(read: OptionReader): TargetOptions {
  const targetNames = read.optional('targetNames', 'an array of strings', isStrings);
  const targetWidth = read.optional('targetWidth', 'a whole number, at least 1', isCount);
  return { ...(targetWidth !== undefined && { targetWidth }), ...(targetNames && { targetNames }) };
}

export function givenLabels(
  where: string,
  option: string,
  given: unknown,
  { classes: givenClasses, classNames: givenNames }: ClassOptions,
): GivenAnswers {
  if (!isLabels(given)) {
    const expected = 'an array of numbers or of strings, or a typed array';
    throw new OptionError(where, `option ${option}: expected ${expected}, given ${show(given)}`);
  }
  const read = (): Answers => {
    const named = typeof given[0] === 'string';
    const names = givenNames ?? (named ? distinct(where, given) : undefined);
    const classes = givenClasses ?? names?.length ?? Math.max(2, largestLabel(given) + 1);
    if (names && names.length !== classes) {
      throw new DataError(where, `expected ${classes} class names, one a class, given ${names.length}`);
    }
    if (named && classes < 2) {
      throw new DataError(
        where,
        `labels: expected names of at least 2 classes, given only ${show(given[0])}`,
      );
    }
    const labels = named ? numbered(where, given, names!) : checkedLabels(where, given, classes);
    return { labels, classes, ...(names && { classNames: Object.freeze([...names]) }) };
  };
  return { count: given.length, what: 'labels', read };
}

/**
 * The different names among labels, in the order of their characters' codes: of two sets with the same
 * classes it is the same.
 */
function distinct(where: string, labels: ArrayLike<unknown>): string[] {
  const names = new Set<string>();
  for (let i = 0; i < labels.length; i++) names.add(checkedName(where, labels[i], i));
  return [...names].sort();
}

/** Labels that are names, as numbers of classes. */
function numbered(where: string, given: ArrayLike<unknown>, names: readonly string[]): Int32Array {
  const places = new Map(names.map((name, place) => [name, place]));
  if (places.size !== names.length) {
    throw new DataError(where, 'expected a name of its own for each class, given the same name twice');
  }
  const labels = new Int32Array(given.length);
  for (let i = 0; i < given.length; i++) {
    const name = checkedName(where, given[i], i);
    const place = places.get(name);
    if (place === undefined) {
      const known = `expected one of the ${names.length} classes ${show(names)}`;
      throw new DataError(where, `label ${i}: ${known}, given ${show(name)}${didYouMean(name, names)}`);
    }
    labels[i] = place;
  }
  return labels;
}

function checkedName(where: string, label: unknown, i: number): string {
  if (typeof label === 'string') return label;
  throw new DataError(where, `label ${i}: expected a string as the first label is, given ${show(label)}`);
}

export function givenTargets(
  where: string,
  option: string,
  given: unknown,
  { targetWidth: givenWidth, targetNames: names }: TargetOptions,
): GivenAnswers {
  const one = { where, option, one: 'target' };
  const { values, shape } = readNumbers(one, given, false);
  const rowLength = shape.length > 1 ? values.length / shape[0] : undefined;
  const targetWidth = givenWidth ?? names?.length ?? rowLength ?? 1;
  if (rowLength !== undefined && rowLength !== targetWidth) {
    throw new ShapeError(where, `expected targets in rows of ${targetWidth}, given rows of ${rowLength}`);
  }
  if (names && (names.length !== targetWidth || names.length === 0)) {
    throw new DataError(
      where,
      `expected ${targetWidth} target names, one a number of a target, given ${names.length}`,
    );
  }
  if (values.length % targetWidth !== 0) {
    throw new ShapeError(where, `expected targets in rows of ${targetWidth}, given ${values.length} values`);
  }
  const targets = values as Float32Array;
  checkFinite(one, targets, targetWidth);
  const labels = new Int32Array(0);
  const read = () => ({
    ...{ labels, classes: 0, targets, targetWidth },
    ...(names && { targetNames: Object.freeze([...names]) }),
  });
  return { count: targets.length / targetWidth, what: 'targets', read };
}

export function readWeights(
  where: string,
  given: readonly number[] | NumericArray,
  size: number,
): Float32Array {
  if (given.length !== size) {
    throw new DataError(where, `counts differ: ${given.length} weights for ${size} samples`);
  }
  const weights = isFloat32Array(given) ? given : new Float32Array(size);
  for (let i = 0; i < size; i++) {
    if (typeof given[i] === 'number') weights[i] = given[i];
    else
      throw new OptionError(where, `option weights: weight ${i}: expected a number, given ${show(given[i])}`);
  }
  checkWeights(where, weights, given);
  if (weights.every((weight) => weight === 0)) {
    throw new DataError(where, 'weights: expected at least one above 0, given only zeros');
  }
  return weights;
}

export function isLabels(value: unknown): value is Labels {
  return Array.isArray(value) || isTypedArray(value);
}

function isClasses(value: unknown): value is number {
  return isCount(value) && value >= 2 && value <= 2 ** 31;
}
