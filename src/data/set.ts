/** What a data set is: rows of inputs with their answers, as `dataset` makes it, and a part of one. */
import { isFloat32Array, isTypedArray, isUint8Array } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import { checkInteger } from '../base/options.js';

export type ImageShape = readonly [height: number, width: number];

/** The rows of one input. */
export interface InputRows {
  /** Row-major [size, width]. */
  readonly inputs: Uint8Array | Float32Array;
  /** Values in a sample, at least 1. */
  readonly width: number;
  /** A sample's value is `inputs[i] * scale + offset`. Always 1 and 0 for float inputs. */
  readonly scale: number;
  readonly offset: number;
  /** Pixels of a sample that is an image; height times width is `width`. */
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
 * Samples in memory, checked: rows of inputs, and for each a class label or targets. Made by `dataset`. Where there are several inputs or
 * answers by name, what stands here itself is that of the first.
 */
export interface Dataset extends InputRows, Answers {
  readonly name: string;
  /** Number of samples, at least 1. */
  readonly size: number;
  /** [size], each at least 0 and not all 0: how much a sample counts in the loss. 1 each when absent. */
  readonly weights?: Float32Array;
  /** Of a set whose inputs have names: all of them. */
  readonly inputsByName?: Readonly<Record<string, InputRows>>;
  /** Of a set whose answers have names, which are those of a model's outputs: all of them, labels before targets. */
  readonly answersByName?: Readonly<Record<string, Answers>>;
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
 * Throws OptionError for something that is no data set, ShapeError for one whose arrays are not of its size. What is in them is looked
 * at where it is used.
 */
export function checkDataset(where: string, name: string, set: unknown): asserts set is Dataset {
  checkOne(where, name, set);
  const { inputsByName, answersByName, targets, ...labelled } = set;
  const parts: [what: string, all: unknown, others: object][] = [
    ['inputsByName', inputsByName, set],
    ['answersByName', answersByName, labelled],
  ];
  for (const [what, all, others] of parts) {
    if (all === undefined) continue;
    const isParts =
      typeof all === 'object' &&
      all !== null &&
      Object.values(all).length > 0 &&
      Object.values(all).every((part) => typeof part === 'object' && part !== null);
    if (!isParts) throw new OptionError(where, `${name}: expected a data set, given ${show(all)} as ${what}`);
    for (const [key, part] of Object.entries(all)) {
      checkOne(where, `${name}, ${what}.${key}`, { ...others, ...(part as object) });
    }
  }
}

function checkOne(where: string, name: string, set: unknown): asserts set is Dataset {
  const problem = typeof set === 'object' && set !== null ? problemOf(set as Dataset) : show(set);
  if (problem !== undefined) {
    throw new OptionError(where, `${name}: expected a data set, given ${problem}`);
  }
  const { size, width, inputs, labels, targets, targetWidth = 1, weights } = set as Dataset;
  const lengths = [
    ['inputs', inputs.length, size * width],
    targets ? ['targets', targets.length, size * targetWidth] : ['labels', labels.length, size],
    ['weights', weights?.length ?? size, size],
  ] as const;
  for (const [what, given, expected] of lengths) {
    if (given === expected) continue;
    throw new ShapeError(where, `${name}: expected ${expected} ${what} for ${size} samples, given ${given}`);
  }
}

/** What is not as a data set has it, of one that may be put together by hand. */
function problemOf(set: Dataset): string | undefined {
  const { name, size, inputs, width, scale, offset, labels, classes, targets, targetWidth, weights } = set;
  const isList = (value: unknown) => Array.isArray(value) || isTypedArray(value);
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1;
  const parts: [what: string, value: unknown, fits: boolean][] = [
    ['name', name, typeof name === 'string'],
    ['size', size, isCount(size)],
    ['width', width, isCount(width)],
    ['scale', scale, Number.isFinite(scale)],
    ['offset', offset, Number.isFinite(offset)],
    ['inputs', inputs, isUint8Array(inputs) || isFloat32Array(inputs)],
    ['targets', targets, targets === undefined || isList(targets)],
    ['targetWidth', targetWidth, targetWidth === undefined || isCount(targetWidth)],
    ['labels', labels, isList(labels)],
    ['classes', classes, targets ? Number.isSafeInteger(classes) : isCount(classes)],
    ['weights', weights, weights === undefined || isList(weights)],
  ];
  const wrong = parts.find(([, , fits]) => !fits);
  if (inputs === undefined) return show(set);
  return wrong && `${show(wrong[1])} as ${wrong[0]}`;
}

/**
 * Samples `from` up to but not including `to`, as views: nothing is copied, and the classes stay those of `set`.
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
