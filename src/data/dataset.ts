/**
 * A data set with its answers, class labels or numbers, in memory, checked once when it is made, so that training need not look again. Bytes stay
 * bytes; who reads a batch scales them. It reads no file, shuffles nothing and makes no batch.
 */
import {
  isFloat32Array,
  isNumericArray,
  isTypedArray,
  isUint8Array,
  type NumericArray,
} from '../base/arrays.js';
import { DataError, OptionError, ShapeError, show } from '../base/errors.js';
import { didYouMean, OptionReader } from '../base/options.js';
import { checkedLabels, checkWeights, largestLabel } from './answers.js';
import { checkFinite, type Numbers, type ReadNumbers, readNumbers } from './numbers.js';
import type { Dataset, ImageShape } from './set.js';

export { checkDataset, type Dataset, sliceDataset } from './set.js';

type Labels = readonly number[] | readonly string[] | NumericArray | BigInt64Array | BigUint64Array;

/** What `dataset` makes a data set of. */
export interface DatasetOptions {
  /** For messages and reports; 'data' by default. */
  name?: string;
  /**
   * Row-major [size, width], in one array or as an array of rows, whose lengths then give `width`; rows of rows are images, and give
   * `imageShape`. A Uint8Array or a Float32Array is kept, not copied: it must not be written to afterwards. Other numbers are copied
   * into a Float32Array, other bytes into a Uint8Array.
   */
  inputs: Numbers;
  /**
   * [size]: numbers of classes, or their names. Names are numbered as `classNames` has them, otherwise in the order of their
   * characters' codes, and the set remembers that as `classNames`. An Int32Array is kept, others are copied into one. Either labels
   * or targets are required.
   */
  labels?: Labels;
  /** Row-major [size, targetWidth], finite; an array of rows gives `targetWidth`. A Float32Array is kept, others are copied into one. */
  targets?: Numbers;
  /** Numbers in a sample's target: the number of `targetNames` by default, otherwise 1. Only with targets. */
  targetWidth?: number;
  targetNames?: readonly string[];
  /** [size], how much each sample counts in the loss: finite, at least 0, not all 0. 1 each by default. */
  weights?: readonly number[] | NumericArray;
  /** Default: that of the rows, or of `imageShape`, otherwise inputs.length / size. */
  width?: number;
  /** Not zero. Default: 1/255 for bytes, which are taken for pixels; floats allow only 1. */
  scale?: number;
  /** Default 0; floats allow only 0. */
  offset?: number;
  /** Default: the number of `classNames`, otherwise the largest label + 1, and at least 2. Only with labels. */
  classes?: number;
  classNames?: readonly string[];
  imageShape?: ImageShape;
}

const WHERE = 'dataset';
const INPUTS = { where: WHERE, option: 'inputs', one: 'input' };
const TARGETS = { where: WHERE, option: 'targets', one: 'target' };

/**
 * Makes a data set of what the caller holds in memory.
 *
 * @throws OptionError for an option of the wrong type or an unknown one.
 * @throws ShapeError when inputs are not whole rows, rows differ in length, or `imageShape` is not `width` pixels.
 * @throws DataError for an empty set, a number of rows that is not that of the labels, a label outside the
 *   classes, class names that are not one a class, or an input, target or weight that is NaN or infinite (also as float32).
 */
export function dataset(options: DatasetOptions): Dataset {
  const read = new OptionReader(WHERE, options);
  const name = read.string('name', 'data');
  const isGiven = (value: unknown): value is unknown => value !== undefined;
  const numbers = 'numbers in an array or a typed array, or rows of these';
  const givenInputs = read.required('inputs', numbers, isGiven);
  const givenTargets = read.optional('targets', numbers, isGiven);
  const labelTypes = 'an array of numbers or of strings, or a typed array';
  const given = isGiven(givenTargets)
    ? read.optional('labels', 'no labels beside targets', (value): value is never => value === undefined)
    : read.required('labels', labelTypes, isLabels);
  const targetNames = read.optional('targetNames', 'an array of strings', isStrings);
  const givenTargetWidth = read.optional('targetWidth', 'a whole number, at least 1', isCount);
  const givenWeights = read.optional('weights', 'an array of numbers or a typed array', isWeights);
  const givenImage = read.optional(
    'imageShape',
    '[height, width], whole numbers of at least 1',
    isImageShape,
  );
  const givenWidth = read.optional('width', 'a whole number, at least 1', isCount);
  const givenScale = read.optional('scale', 'a finite number', isScale);
  const offset = read.number('offset', {}, 0);
  const givenNames = read.optional('classNames', 'an array of strings', isStrings);
  const givenClasses = read.optional('classes', 'a whole number up to 2^31, at least 2', isClasses);
  read.end();

  const misplaced = given
    ? { targetWidth: givenTargetWidth, targetNames }
    : { classes: givenClasses, classNames: givenNames };
  for (const [option, value] of Object.entries(misplaced)) {
    if (value !== undefined) {
      throw new OptionError(WHERE, `option ${option} does not go with ${given ? 'labels' : 'targets'}`);
    }
  }
  if (givenScale === 0) throw new OptionError(WHERE, 'option scale: expected a number other than 0, given 0');
  const rows = readNumbers(INPUTS, givenInputs, true);
  const inputs = rows.values;
  const scale = givenScale ?? (isUint8Array(inputs) ? 1 / 255 : 1);
  if (isFloat32Array(inputs) && (scale !== 1 || offset !== 0)) {
    const problem = `scale and offset apply to byte inputs; for floats expected 1 and 0, given ${scale} and ${offset}`;
    throw new OptionError(WHERE, problem);
  }
  const targets = given ? undefined : readTargets(givenTargets, givenTargetWidth, targetNames);
  const size = targets ? targets.targets.length / targets.targetWidth : given!.length;
  if (size === 0)
    throw new DataError(
      WHERE,
      `${show(name)} is empty: expected at least 1 ${given ? 'label' : 'target'}, given 0`,
    );
  const imageShape = givenImage ?? (rows.shape.length === 3 ? imageOf(rows.shape) : undefined);
  // Before any label is looked at: no more of them are than there are inputs, whatever an array's length promises.
  const width = rowWidth(rows, size, given ? 'labels' : 'targets', givenWidth, imageShape);
  const answers = targets ?? readLabels(given!, givenClasses, givenNames);
  if (isFloat32Array(inputs)) checkFinite(INPUTS, inputs, width);
  const weights = givenWeights && readWeights(givenWeights, size);

  return Object.freeze({
    name,
    size,
    inputs,
    width,
    scale,
    offset,
    ...answers,
    ...(weights && { weights }),
    ...(imageShape && { imageShape: Object.freeze([imageShape[0], imageShape[1]] as const) }),
  });
}

type Labelled = Pick<Dataset, 'labels' | 'classes' | 'classNames'>;

function readLabels(given: Labels, givenClasses?: number, givenNames?: readonly string[]): Labelled {
  const named = typeof given[0] === 'string';
  const names = givenNames ?? (named ? distinct(given) : undefined);
  const classes = givenClasses ?? names?.length ?? Math.max(2, largestLabel(given) + 1);
  if (names && names.length !== classes) {
    throw new DataError(WHERE, `expected ${classes} class names, one a class, given ${names.length}`);
  }
  if (named && classes < 2) {
    throw new DataError(WHERE, `labels: expected names of at least 2 classes, given only ${show(given[0])}`);
  }
  const labels = named ? numbered(given, names!) : checkedLabels(WHERE, given, classes);
  return { labels, classes, ...(names && { classNames: Object.freeze([...names]) }) };
}

/** The different names among labels, in the order of their characters' codes: of two sets with the same classes it is the same. */
function distinct(labels: ArrayLike<unknown>): string[] {
  const names = new Set<string>();
  for (let i = 0; i < labels.length; i++) names.add(checkedName(labels[i], i));
  return [...names].sort();
}

/** Labels that are names, as numbers of classes. */
function numbered(given: ArrayLike<unknown>, names: readonly string[]): Int32Array {
  const places = new Map(names.map((name, place) => [name, place]));
  if (places.size !== names.length) {
    throw new DataError(WHERE, 'expected a name of its own for each class, given the same name twice');
  }
  const labels = new Int32Array(given.length);
  for (let i = 0; i < given.length; i++) {
    const name = checkedName(given[i], i);
    const place = places.get(name);
    if (place === undefined) {
      const known = `expected one of the ${names.length} classes ${show(names)}`;
      throw new DataError(WHERE, `label ${i}: ${known}, given ${show(name)}${didYouMean(name, names)}`);
    }
    labels[i] = place;
  }
  return labels;
}

function checkedName(label: unknown, i: number): string {
  if (typeof label === 'string') return label;
  throw new DataError(WHERE, `label ${i}: expected a string as the first label is, given ${show(label)}`);
}

function readTargets(given: unknown, givenWidth?: number, names?: readonly string[]) {
  const { values, shape } = readNumbers(TARGETS, given, false);
  const rowLength = shape.length > 1 ? values.length / shape[0] : undefined;
  const targetWidth = givenWidth ?? names?.length ?? rowLength ?? 1;
  if (rowLength !== undefined && rowLength !== targetWidth) {
    throw new ShapeError(WHERE, `expected targets in rows of ${targetWidth}, given rows of ${rowLength}`);
  }
  if (names && (names.length !== targetWidth || names.length === 0)) {
    throw new DataError(
      WHERE,
      `expected ${targetWidth} target names, one a number of a target, given ${names.length}`,
    );
  }
  if (values.length % targetWidth !== 0) {
    throw new ShapeError(WHERE, `expected targets in rows of ${targetWidth}, given ${values.length} values`);
  }
  const targets = values as Float32Array;
  checkFinite(TARGETS, targets, targetWidth);
  const labels = new Int32Array(0);
  return {
    labels,
    classes: 0,
    targets,
    targetWidth,
    ...(names && { targetNames: Object.freeze([...names]) }),
  };
}

function readWeights(given: readonly number[] | NumericArray, size: number): Float32Array {
  if (given.length !== size) {
    throw new DataError(WHERE, `counts differ: ${given.length} weights for ${size} samples`);
  }
  const weights = isFloat32Array(given) ? given : new Float32Array(size);
  for (let i = 0; i < size; i++) {
    if (typeof given[i] === 'number') weights[i] = given[i];
    else
      throw new OptionError(WHERE, `option weights: weight ${i}: expected a number, given ${show(given[i])}`);
  }
  checkWeights(WHERE, weights, given);
  if (weights.every((weight) => weight === 0)) {
    throw new DataError(WHERE, 'weights: expected at least one above 0, given only zeros');
  }
  return weights;
}

function rowWidth(
  { values: { length: values }, shape }: ReadNumbers,
  size: number,
  answers: string,
  givenWidth?: number,
  imageShape?: ImageShape,
): number {
  const pixels = imageShape && imageShape[0] * imageShape[1];
  const rowLength = shape.length > 1 && shape[0] > 0 ? values / shape[0] : undefined;
  if (givenWidth !== undefined && rowLength !== undefined && givenWidth !== rowLength) {
    throw new ShapeError(WHERE, `expected inputs in rows of ${givenWidth}, given rows of ${rowLength}`);
  }
  const given = givenWidth ?? rowLength;
  const width = given ?? pixels ?? values / size;
  if (pixels !== undefined && pixels !== width) {
    throw new ShapeError(
      WHERE,
      `imageShape ${imageShape?.join('x')} has ${pixels} pixels, width is ${width}`,
    );
  }
  if (values === 0) throw new ShapeError(WHERE, `expected inputs for ${size} ${answers}, given 0 values`);
  if (given === undefined && pixels === undefined && values % size !== 0) {
    throw new ShapeError(
      WHERE,
      `expected whole rows of inputs, given ${values} values for ${size} ${answers}`,
    );
  }
  if (values % width !== 0) {
    throw new ShapeError(WHERE, `expected inputs in rows of ${width}, given ${values} values`);
  }
  if (values / width !== size) {
    throw new DataError(WHERE, `counts differ: ${values / width} rows of inputs, ${size} ${answers}`);
  }
  return width;
}

function imageOf([, height, width]: readonly number[]): ImageShape {
  return [height, width];
}

function isLabels(value: unknown): value is Labels {
  return Array.isArray(value) || isTypedArray(value);
}

function isWeights(value: unknown): value is readonly number[] | NumericArray {
  return Array.isArray(value) || isNumericArray(value);
}

function isScale(value: unknown): value is number {
  return Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isClasses(value: unknown): value is number {
  return isCount(value) && value >= 2 && value <= 2 ** 31;
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isImageShape(value: unknown): value is ImageShape {
  return Array.isArray(value) && value.length === 2 && value.every(isCount);
}
