/** What a data set is: rows of inputs with their answers, as `dataset` makes it, and a part of one. */
import { elementsOf, isFloat32Array, isTypedArray, isUint8Array } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import { type ImageShape, isCount, isImageShape } from '../base/image-shape.js';
import { checkInteger } from '../base/options.js';

/** The rows of one input. */
export interface InputRows {
  /** Row-major [size, width]. */
  readonly inputs: Uint8Array | Float32Array;
  /** Values in a sample, at least 1. */
  readonly width: number;
  /** A sample's value is `inputs[i] * scale + offset`. Always 1 and 0 for float inputs. */
  readonly scale: number;
  readonly offset: number;
  /**
   * Of samples that are images: height, width and, unless it is 1, the number of channels, which lie beside
   * each other pixel after pixel. Their product is `width`.
   */
  readonly imageShape?: ImageShape;
}

/** What one output is compared with. */
export interface Answers {
  /** [size], each at least 0 and less than `classes`; [0] for targets. */
  readonly labels: Int32Array;
  /** At least 2; 0 for targets. */
  readonly classes: number;
  /** [classes] */
  readonly classNames?: readonly string[];
  /** For regression, or several yes-or-no questions at once: row-major [size, targetWidth]. */
  readonly targets?: Float32Array;
  /** Numbers in a sample's target; present with `targets`. */
  readonly targetWidth?: number;
  /** [targetWidth] */
  readonly targetNames?: readonly string[];
}

/**
 * Samples in memory, checked: rows of inputs, and for each a class label or targets. Made by `dataset`. Where
 * there are several inputs or answers by name, what stands here itself is that of the first.
 */
export interface Dataset extends InputRows, Answers {
  readonly name: string;
  /** Number of samples, at least 1. */
  readonly size: number;
  /** [size], each at least 0 and not all 0: how much a sample counts in the loss. 1 each when absent. */
  readonly weights?: Float32Array;
  /** Of a set whose inputs have names: all of them. */
  readonly inputsByName?: Readonly<Record<string, InputRows>>;
  /**
   * Of a set whose answers have names, which are those of a model's outputs: all of them, labels before
   * targets.
   */
  readonly answersByName?: Readonly<Record<string, Answers>>;
}

/** @internal What a model is compared with: a set in memory, or one row that stands for all of a stream. */
export function formOf(set: Dataset | { readonly form: Dataset }): Dataset;
export function formOf(set: Dataset | undefined): Dataset | undefined;
export function formOf(set: unknown): unknown {
  return (set as { readonly form?: Dataset } | undefined)?.form ?? set;
}

/** The inputs of a set with their names; the only one may have none, and is for a model with one. */
export function inputsOf(set: Dataset): (readonly [name: string | undefined, InputRows])[] {
  return set.inputsByName ? Object.entries(set.inputsByName) : [[undefined, set]];
}

/** The answers of a set with their names; the only one may have none. */
export function answersOf(set: Dataset): (readonly [name: string | undefined, Answers])[] {
  return set.answersByName ? Object.entries(set.answersByName) : [[undefined, set]];
}

/**
 * Throws OptionError for something that is no data set, ShapeError for one whose arrays are not of its size.
 * What is in them is looked at where it is used.
 */
export function checkDataset(where: string, name: string, set: unknown): asserts set is Dataset {
  const given = (typeof set === 'object' && set !== null ? set : {}) as Dataset;
  const { size, weights, inputsByName, answersByName } = given;
  const own: Field[] = [
    ['name', given.name, typeof given.name === 'string'],
    ['size', size, isCount(size)],
    ...inputFields(given),
    ...answerFields(given),
    ['weights', weights, weights === undefined || isList(weights)],
  ];
  checkFields(where, name, given.inputs === undefined ? [['', set, false]] : own);
  checkLengths(where, name, size, [inputLength(given), answerLength(given), ['weights', weights, 1]]);
  for (const [key, part] of partsOf<InputRows>(where, name, 'inputsByName', inputsByName)) {
    checkFields(where, key, inputFields(part));
    checkLengths(where, key, size, [inputLength(part)]);
  }
  for (const [key, part] of partsOf<Answers>(where, name, 'answersByName', answersByName)) {
    checkFields(where, key, answerFields(part));
    checkLengths(where, key, size, [answerLength(part)]);
  }
}

type Field = readonly [what: string, value: unknown, fits: boolean];
type Length = readonly [what: string, values: { readonly length: number } | undefined, width: number];

/** Whether it is the shape of images of so many numbers. */
function isImageOf(shape: unknown, width: number): boolean {
  return isImageShape(shape) && elementsOf(shape as readonly number[]) === width;
}

/** The shape as data sets have it: without the channels of grey images. */
export function imageShapeOf([height, width, channels = 1]: ImageShape): ImageShape {
  return Object.freeze(channels === 1 ? ([height, width] as const) : ([height, width, channels] as const));
}

const isList = (value: unknown) => Array.isArray(value) || isTypedArray(value);

/** What is as a data set has it, and what is not, of one that may be put together by hand. */
function inputFields({ inputs, width, scale, offset, imageShape }: InputRows): Field[] {
  return [
    ['imageShape', imageShape, imageShape === undefined || isImageOf(imageShape, width)],
    ['width', width, isCount(width)],
    ['scale', scale, Number.isFinite(scale)],
    ['offset', offset, Number.isFinite(offset)],
    ['inputs', inputs, isUint8Array(inputs) || isFloat32Array(inputs)],
  ];
}

function answerFields({ targets, targetWidth, labels, classes }: Answers): Field[] {
  return [
    ['targets', targets, targets === undefined || isList(targets)],
    ['targetWidth', targetWidth, targetWidth === undefined || isCount(targetWidth)],
    ['labels', labels, isList(labels)],
    ['classes', classes, targets ? Number.isSafeInteger(classes) : isCount(classes)],
  ];
}

function inputLength({ inputs, width }: InputRows): Length {
  return ['inputs', inputs, width];
}

function answerLength({ labels, targets, targetWidth = 1 }: Answers): Length {
  return targets ? ['targets', targets, targetWidth] : ['labels', labels, 1];
}

function checkFields(where: string, name: string, fields: readonly Field[]): void {
  const wrong = fields.find(([, , fits]) => !fits);
  if (!wrong) return;
  const [what, value] = wrong;
  throw new OptionError(
    where,
    `${name}: expected a data set, given ${show(value)}${what === '' ? '' : ` as ${what}`}`,
  );
}

function checkLengths(where: string, name: string, size: number, lengths: readonly Length[]): void {
  for (const [what, values, width] of lengths) {
    if (values === undefined || values.length === size * width) continue;
    const problem = `expected ${size * width} ${what} for ${size} samples, given ${values.length}`;
    throw new ShapeError(where, `${name}: ${problem}`);
  }
}

/** The parts that have names, each with the place that messages name. */
function partsOf<T>(where: string, name: string, what: string, all: unknown): (readonly [string, T])[] {
  if (all === undefined) return [];
  const entries = typeof all === 'object' && all !== null ? Object.entries(all) : [];
  const isPart = (part: unknown) => typeof part === 'object' && part !== null;
  checkFields(where, name, [[what, all, entries.length > 0 && entries.every(([, part]) => isPart(part))]]);
  return entries.map(([key, part]) => [`${name}, ${what}.${key}`, part as T] as const);
}

/**
 * Samples `from` up to but not including `to`, as views: nothing is copied, and the classes stay those of
 * `set`.
 *
 * @throws OptionError for something that is no data set, and unless 0 <= from < to <= set.size, all whole.
 */
export function sliceDataset(set: Dataset, from: number, to: number, name: string = set?.name): Dataset {
  checkDataset('sliceDataset', 'set', set);
  if (typeof name !== 'string') {
    throw new OptionError('sliceDataset', `name: expected a string, given ${show(name)}`);
  }
  checkInteger('sliceDataset', 'from', from, { min: 0, below: set.size });
  checkInteger('sliceDataset', 'to', to, { above: from, max: set.size });
  return withRows(
    set,
    name,
    to - from,
    (values, width) => values.subarray(from * width, to * width) as never,
  );
}

/** The set with other rows: `pick` gives those of an array with so many values in a row. */
export function withRows(
  set: Dataset,
  name: string,
  size: number,
  pick: <T extends Uint8Array | Float32Array | Int32Array>(values: T, width: number) => T,
): Dataset {
  const pickInputs = ({ inputs, width }: InputRows) => ({ inputs: pick(inputs, width) });
  const pickAnswers = ({ labels, targets, targetWidth }: Answers) =>
    targets ? { targets: pick(targets, targetWidth!) } : { labels: pick(labels, 1) };
  const each = <T>(all: Readonly<Record<string, T>>, pickOne: (one: T) => object) =>
    Object.freeze(
      Object.fromEntries(
        Object.entries(all).map(([key, one]) => [key, Object.freeze({ ...one, ...pickOne(one) })]),
      ),
    );
  const inputsByName = set.inputsByName && each(set.inputsByName, pickInputs);
  const answersByName = set.answersByName && each(set.answersByName, pickAnswers);
  return Object.freeze({
    ...{ ...set, name, size },
    ...(inputsByName ? { ...Object.values(inputsByName)[0], inputsByName } : pickInputs(set)),
    ...(answersByName ? { ...Object.values(answersByName)[0], answersByName } : pickAnswers(set)),
    ...(set.weights && { weights: pick(set.weights, 1) }),
  });
}
