/**
 * A data set with its answers, class labels or numbers, in memory, checked once when it is made, so that
 * training need not look again. Bytes stay bytes; who reads a batch scales them. It reads no file, shuffles
 * nothing and makes no batch.
 */
import { isNumericArray, isPlainObject, type NumericArray } from '../base/arrays.js';
import { DataError, OptionError, show } from '../base/errors.js';
import type { ImageShape } from '../base/image-shape.js';
import { OptionReader } from '../base/options.js';
import type { Numbers } from './numbers.js';
import {
  type ClassOptions,
  givenLabels,
  givenTargets,
  isLabels,
  type Labels,
  type NamedLabels,
  type NamedTargets,
  readClassOptions,
  readTargetOptions,
  readWeights,
  type TargetOptions,
} from './read-answers.js';
import { type InputOptions, readForm, readInput, readNamedForm } from './read-inputs.js';
import type { Dataset } from './set.js';

export { checkDataset, type Dataset, sliceDataset } from './set.js';

/** What `dataset` makes a data set of. */
export interface DatasetOptions extends ClassOptions, TargetOptions {
  /** For messages and reports; 'data' by default. */
  name?: string;
  /**
   * Row-major [size, width], in one array or as an array of rows, whose lengths then give `width`; rows of
   * rows are grey images, and rows of these images with channels: they give `imageShape`. A Uint8Array or a Float32Array is kept, not copied: it must not
   * be written to afterwards. Other numbers are copied into a Float32Array, other bytes into a Uint8Array.
   * For a model with several inputs: these by name, each so or with a scale and a shape of its own: `{ image:
   * { values: bytes, shape: [28, 28] }, numbers }`.
   */
  inputs: Numbers | Readonly<Record<string, Numbers | InputOptions>>;
  /**
   * Numbers of classes, or their names, [size]. Names are numbered as `classNames` has them, otherwise in the
   * order of their characters' codes, and the set remembers that as `classNames`. An Int32Array is kept,
   * others are copied into one. Either labels or targets are required. For a model with several outputs: by
   * the output's name, each so or with its classes: `{ digit: { values: labels, classes: 10 } }`; other
   * outputs may have targets.
   */
  labels?: Labels | Readonly<Record<string, Labels | NamedLabels>>;
  /**
   * Row-major [size, targetWidth], finite; an array of rows gives `targetWidth`. A Float32Array is kept,
   * others are copied into one. For a model with several outputs: by the output's name, each so or with its
   * width: `{ price, place: { values: flat, targetWidth: 2 } }`.
   */
  targets?: Numbers | Readonly<Record<string, Numbers | NamedTargets>>;
  /** [size], how much each sample counts in the loss: finite, at least 0, not all 0. 1 each by default. */
  weights?: readonly number[] | NumericArray;
  /**
   * Default: that of the rows, or of `imageShape`, otherwise inputs.length / size. This and what follows is
   * of a set with one input.
   */
  width?: number;
  /** Not zero. Default: 1/255 for bytes, which are taken for pixels; floats allow only 1. */
  scale?: number;
  /** Default 0; floats allow only 0. */
  offset?: number;
  /** Of samples that are images: [height, width], or [height, width, channels]. */
  imageShape?: ImageShape;
}

const WHERE = 'dataset';

type Named = Readonly<Record<string, unknown>>;

/**
 * Makes a data set of what the caller holds in memory.
 *
 * @throws OptionError for an option of the wrong type or an unknown one, and for a name that is given twice.
 * @throws ShapeError when inputs are not whole rows, rows differ in length, or `imageShape` is not `width`
 * pixels.
 * @throws DataError for an empty set, a number of rows that is not that of the answers, a label outside the
 *   classes, class names that are not one a class, or an input, target or weight that is NaN or infinite (also as float32).
 */
export function dataset(options: DatasetOptions): Dataset {
  const read = new OptionReader(WHERE, options);
  const name = read.string('name', 'data');
  const numbers = 'numbers in an array or a typed array, or rows of these';
  const inputs = read.required('inputs', numbers);
  const targets = read.any('targets');
  const byName = isPlainObject(targets);
  const labels =
    targets !== undefined
      ? read.optional(
          'labels',
          byName ? 'labels by name, as the targets are' : 'no labels beside targets',
          (value): value is Named => byName && isPlainObject(value),
        )
      : read.required(
          'labels',
          'an array of numbers or of strings, or a typed array',
          (value): value is Labels | Named => isLabels(value) || isPlainObject(value),
        );
  const ofTargets = readTargetOptions(read);
  const givenWeights = read.optional('weights', 'an array of numbers or a typed array', isWeights);
  const form = readForm(read);
  const ofLabels = readClassOptions(read);
  read.end();
  refuse(labels ? ofTargets : ofLabels, labels ? 'labels' : 'targets');
  if (isPlainObject(inputs)) refuse(form, 'inputs by name');
  if (byName || isPlainObject(labels)) refuse({ ...ofLabels, ...ofTargets }, 'answers by name');

  const rows = listed('inputs', inputs, form, readNamedForm, readInput);
  const given = [
    ...listed('labels', labels, ofLabels, readClassOptions, givenLabels),
    ...listed('targets', targets, ofTargets, readTargetOptions, givenTargets),
  ];
  const [[, { count: size, what }]] = given;
  if (size === 0) {
    const expected = `expected at least 1 ${what.slice(0, -1)}, given 0`;
    throw new DataError(WHERE, `${show(name)} is empty: ${expected}`);
  }
  for (const [i, [name, answer]] of given.entries()) {
    if (given.findIndex(([other]) => other === name) < i) {
      throw new OptionError(WHERE, `expected labels or targets for ${show(name)}, given both`);
    }
    if (answer.count === size) continue;
    const [first] = given[0];
    throw new DataError(
      WHERE,
      `counts differ: ${answer.count} ${answer.what} of ${name}, ${size} of ${first}`,
    );
  }
  // Before any label is looked at: no more of them are than there are inputs, whatever an array's length
  // promises.
  const ownInputs = rows.map(([name, one]) => [name, Object.freeze(one.rows(size, what))] as const);
  const ownAnswers = given.map(([name, one]) => [name, Object.freeze(one.read())] as const);
  const weights = givenWeights && readWeights(WHERE, givenWeights, size);
  return Object.freeze({
    ...{ name, size, ...ownInputs[0][1], ...ownAnswers[0][1] },
    ...(weights && { weights }),
    ...(isPlainObject(inputs) && { inputsByName: Object.freeze(Object.fromEntries(ownInputs)) }),
    ...((byName || isPlainObject(labels)) && {
      answersByName: Object.freeze(Object.fromEntries(ownAnswers)),
    }),
  });
}

/** What is given alone, or by name: each read with what is said of it. */
function listed<Options, T>(
  option: string,
  given: unknown,
  options: Options,
  readOptions: (read: OptionReader) => Options,
  readOne: (where: string, option: string, values: unknown, options: Options) => T,
): (readonly [name: string | undefined, T])[] {
  if (given === undefined) return [];
  if (!isPlainObject(given)) return [[undefined, readOne(WHERE, option, given, options)]];
  const entries = Object.entries(given);
  if (entries.length === 0) {
    throw new OptionError(WHERE, `option ${option}: expected at least one by name, given none`);
  }
  return entries.map(([name, value]) => {
    const read = new OptionReader(
      `${WHERE}, ${option}: ${name}`,
      isPlainObject(value) ? value : { values: value },
    );
    const values = read.required('values', option, (own): own is unknown => own !== undefined);
    const own = readOptions(read);
    read.end();
    return [name, readOne(`${WHERE}, ${option}: ${name}`, 'values', values, own)];
  });
}

function refuse(options: object, what: string): void {
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined) throw new OptionError(WHERE, `option ${option} does not go with ${what}`);
  }
}

function isWeights(value: unknown): value is readonly number[] | NumericArray {
  return Array.isArray(value) || isNumericArray(value);
}
