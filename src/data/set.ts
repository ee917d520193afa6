/** What a data set is: rows of inputs with their answers, as `dataset` makes it, and a part of one. */
import { isFloat32Array, isTypedArray, isUint8Array } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import { checkInteger } from '../base/options.js';

export type ImageShape = readonly [height: number, width: number];

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

/**
 * Throws OptionError for something that is no data set, ShapeError for one whose arrays are not of its size. What is in them is looked
 * at where it is used.
 */
export function checkDataset(where: string, name: string, set: unknown): asserts set is Dataset {
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
