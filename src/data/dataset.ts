/**
 * A data set with its answers, class labels or numbers, in memory, checked once when it is made, so that training need not look again. Bytes stay
 * bytes; who reads a batch scales them. It reads no file, shuffles nothing and makes no batch.
 */
import { DataError, OptionError, ShapeError, show } from '../errors.js';
import { checkInteger, OptionReader } from '../options.js';

type Labels = readonly number[] | Uint8Array | Int32Array;
type Numbers = readonly number[] | Float32Array;
type ImageShape = readonly [height: number, width: number];

/** Samples in memory, checked: rows of inputs, and for each a class label or targets. Made by `dataset`. */
export interface Dataset {
  readonly name: string;
  /** Number of samples, at least 1. */
  readonly size: number;
  /** Row-major [size, width]. */
  readonly inputs: Uint8Array | Float32Array;
  /** Values in a sample, at least 1. */
  readonly width: number;
  /** A sample's value is `inputs[i] * scale + offset`. Always 1 and 0 for float inputs. */
  readonly scale: number;
  readonly offset: number;
  /** [size], each at least 0 and less than `classes`; [0] for a set with targets. */
  readonly labels: Int32Array;
  /** At least 2; 0 for a set with targets. */
  readonly classes: number;
  /** For regression, or several yes-or-no questions at once: row-major [size, targetWidth]. */
  readonly targets?: Float32Array;
  /** Numbers in a sample's target; present with `targets`. */
  readonly targetWidth?: number;
  /** [targetWidth] */
  readonly targetNames?: readonly string[];
  /** [size], each at least 0 and not all 0: how much a sample counts in the loss. 1 each when absent. */
  readonly weights?: Float32Array;
  /** [classes] */
  readonly classNames?: readonly string[];
  /** Pixels of a sample that is an image; height times width is `width`. */
  readonly imageShape?: ImageShape;
}

/** What `dataset` makes a data set of. */
export interface DatasetOptions {
  name: string;
  /** Row-major [size, width]. Kept, not copied: it must not be written to afterwards. */
  inputs: Uint8Array | Float32Array;
  /** [size]. An Int32Array is kept, others are copied into one. Either labels or targets are required. */
  labels?: Labels;
  /** Row-major [size, targetWidth], finite. A Float32Array is kept, others are copied into one. */
  targets?: readonly number[] | Float32Array;
  /** Numbers in a sample's target: the number of `targetNames` by default, otherwise 1. Only with targets. */
  targetWidth?: number;
  targetNames?: readonly string[];
  /** [size], how much each sample counts in the loss: finite, at least 0, not all 0. 1 each by default. */
  weights?: readonly number[] | Float32Array;
  /** Default: that of `imageShape`, otherwise inputs.length / size. */
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

/**
 * Makes a data set of what the caller holds in memory.
 *
 * @throws OptionError for an option of the wrong type or an unknown one.
 * @throws ShapeError when inputs are not whole rows, or `imageShape` is not `width` pixels.
 * @throws DataError for an empty set, a number of rows that is not that of the labels, a label outside the
 *   classes, class names that are not one a class, or an input, target or weight that is NaN or infinite.
 */
export function dataset(options: DatasetOptions): Dataset {
  const read = new OptionReader(WHERE, options);
  const name = read.string('name');
  const inputs = read.required('inputs', 'a Uint8Array or a Float32Array', isInputs);
  const givenTargets = read.optional('targets', 'an array of numbers or a Float32Array', isNumbers);
  const labelTypes = 'an array of numbers, a Uint8Array or an Int32Array';
  const given = givenTargets
    ? read.optional('labels', 'no labels beside targets', (value): value is never => value === undefined)
    : read.required('labels', labelTypes, isLabels);
  const targetNames = read.optional('targetNames', 'an array of strings', isStrings);
  const targetWidth = read.optional('targetWidth', 'a whole number, at least 1', isCount);
  const givenWeights = read.optional('weights', 'an array of numbers or a Float32Array', isNumbers);
  const imageShape = read.optional(
    'imageShape',
    '[height, width], whole numbers of at least 1',
    isImageShape,
  );
  const givenWidth = read.optional('width', 'a whole number, at least 1', isCount);
  const scale = read.number('scale', {}, inputs instanceof Uint8Array ? 1 / 255 : 1);
  const offset = read.number('offset', {}, 0);
  const classNames = read.optional('classNames', 'an array of strings', isStrings);
  const givenClasses = read.optional('classes', 'a whole number, at least 2', isClasses);
  read.end();

  if (scale === 0) throw new OptionError(WHERE, 'option scale: expected a number other than 0, given 0');
  if (inputs instanceof Float32Array && (scale !== 1 || offset !== 0)) {
    const problem = `scale and offset apply to byte inputs; for floats expected 1 and 0, given ${scale} and ${offset}`;
    throw new OptionError(WHERE, problem);
  }
  const misplaced = givenTargets ? { classes: givenClasses, classNames } : { targetWidth, targetNames };
  for (const [option, value] of Object.entries(misplaced)) {
    if (value !== undefined) {
      throw new OptionError(
        WHERE,
        `option ${option} does not go with ${givenTargets ? 'targets' : 'labels'}`,
      );
    }
  }
  const answers = given
    ? readLabels(given, givenClasses, classNames)
    : readTargets(givenTargets!, targetWidth, targetNames);
  const size = given ? given.length : givenTargets!.length / answers.targetWidth!;
  if (size === 0)
    throw new DataError(
      WHERE,
      `${show(name)} is empty: expected at least 1 ${given ? 'label' : 'target'}, given 0`,
    );
  const width = rowWidth(inputs.length, size, given ? 'labels' : 'targets', givenWidth, imageShape);
  const { labels = new Int32Array(0), classes = 0, ...targets } = answers;
  if (inputs instanceof Float32Array) checkFinite(WHERE, 'input', inputs, width);
  const weights = givenWeights && readWeights(givenWeights, size);

  return Object.freeze({
    name,
    size,
    inputs,
    width,
    scale,
    offset,
    labels,
    classes,
    ...targets,
    ...(weights && { weights }),
    ...(classNames && { classNames: Object.freeze([...classNames]) }),
    ...(imageShape && { imageShape: Object.freeze([imageShape[0], imageShape[1]] as const) }),
  });
}

/**
 * Samples `from` up to but not including `to`, as views: nothing is copied, and the classes stay those of `set`.
 *
 * @throws OptionError unless 0 <= from < to <= set.size, all whole.
 */
export function sliceDataset(set: Dataset, from: number, to: number, name: string = set.name): Dataset {
  checkInteger('sliceDataset', 'from', from, { min: 0, below: set.size });
  checkInteger('sliceDataset', 'to', to, { above: from, max: set.size });
  return Object.freeze({
    ...set,
    name,
    size: to - from,
    inputs: set.inputs.subarray(from * set.width, to * set.width),
    labels: set.labels.subarray(from, to),
    ...(set.targets && {
      targets: set.targets.subarray(from * set.targetWidth!, to * set.targetWidth!),
    }),
    ...(set.weights && { weights: set.weights.subarray(from, to) }),
  });
}

interface Answers {
  labels?: Int32Array;
  classes?: number;
  targets?: Float32Array;
  targetWidth?: number;
  targetNames?: readonly string[];
}

function readLabels(given: Labels, givenClasses?: number, classNames?: readonly string[]): Answers {
  const classes = givenClasses ?? classNames?.length ?? Math.max(2, largest(given) + 1);
  if (classNames && classNames.length !== classes) {
    throw new DataError(WHERE, `expected ${classes} class names, one a class, given ${classNames.length}`);
  }
  return { labels: checkedLabels(WHERE, given, classes), classes };
}

function readTargets(given: Numbers, givenWidth?: number, names?: readonly string[]): Answers {
  const targetWidth = givenWidth ?? names?.length ?? 1;
  if (names && (names.length !== targetWidth || names.length === 0)) {
    throw new DataError(
      WHERE,
      `expected ${targetWidth} target names, one a number of a target, given ${names.length}`,
    );
  }
  if (given.length % targetWidth !== 0) {
    throw new ShapeError(WHERE, `expected targets in rows of ${targetWidth}, given ${given.length} values`);
  }
  const targets = given instanceof Float32Array ? given : Float32Array.from(given);
  checkFinite(WHERE, 'target', targets, targetWidth);
  return { targets, targetWidth, ...(names && { targetNames: Object.freeze([...names]) }) };
}

function readWeights(given: Numbers, size: number): Float32Array {
  const weights = given instanceof Float32Array ? given : Float32Array.from(given);
  checkWeights(WHERE, weights, size);
  if (weights.every((weight) => weight === 0)) {
    throw new DataError(WHERE, 'weights: expected at least one above 0, given only zeros');
  }
  return weights;
}

/** Throws DataError for weights that are not one a sample, at least 0 and finite. */
export function checkWeights(where: string, weights: Float32Array, size: number): void {
  if (weights.length !== size) {
    throw new DataError(where, `counts differ: ${weights.length} weights for ${size} samples`);
  }
  const bad = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad >= 0) {
    throw new DataError(
      where,
      `weight ${bad}: expected a finite number, at least 0, given ${show(weights[bad])}`,
    );
  }
}

function rowWidth(
  values: number,
  size: number,
  answers: string,
  given?: number,
  imageShape?: ImageShape,
): number {
  const pixels = imageShape && imageShape[0] * imageShape[1];
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

/** Labels as an Int32Array. Throws DataError, with the row, for one that is no class. */
export function checkedLabels(where: string, given: Labels, classes: number): Int32Array {
  const labels = given instanceof Int32Array ? given : new Int32Array(given.length);
  for (let i = 0; i < given.length; i++) {
    const label = given[i];
    // The last bound is that of Int32Array, which would wrap a larger number to another class.
    if (!Number.isInteger(label) || label < 0 || label >= classes || label > 0x7fffffff) {
      const expected = `expected a whole number, at least 0 and less than ${classes}`;
      throw new DataError(where, `label ${i}: ${expected}, given ${show(label)}`);
    }
    if (labels !== given) labels[i] = label;
  }
  return labels;
}

/** Throws DataError, with row and column, for a value that is NaN or infinite. */
export function checkFinite(where: string, what: string, values: ArrayLike<number>, width: number): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    const place = `row ${Math.floor(i / width)}, column ${i % width}`;
    throw new DataError(where, `${what} at ${place}: expected a finite number, given ${values[i]}`);
  }
}

/** The largest whole label; a label that is not one is `checkedLabels`' to report. */
function largest(labels: Labels): number {
  let max = 0;
  for (const label of labels) if (Number.isInteger(label) && label > max) max = label;
  return max;
}

function isInputs(value: unknown): value is Uint8Array | Float32Array {
  return value instanceof Uint8Array || value instanceof Float32Array;
}

function isLabels(value: unknown): value is Labels {
  return Array.isArray(value) || value instanceof Uint8Array || value instanceof Int32Array;
}

function isNumbers(value: unknown): value is Numbers {
  if (value instanceof Float32Array) return true;
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isClasses(value: unknown): value is number {
  return isCount(value) && value >= 2;
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isImageShape(value: unknown): value is ImageShape {
  return Array.isArray(value) && value.length === 2 && value.every(isCount);
}
