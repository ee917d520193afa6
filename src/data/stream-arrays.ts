/**
 * Rows in memory, in types that take less of it than float32: as a set that streams, of which only two windows
 * are in the engine.
 */
import { isTypedArray, type NumericArray, typedArrayName } from '../base/arrays.js';
import { DataError, OptionError, ShapeError, show } from '../base/errors.js';
import { isCount } from '../base/image-shape.js';
import { OptionReader } from '../base/options.js';
import { largestLabel } from './answers.js';
import { CLASSES } from './narrow.js';
import type { Labels } from './read-answers.js';
import { type StreamDtype, type StreamedDataset, type StreamOptions, streamDataset } from './stream.js';

/** What `streamArrays` makes a set of. */
export interface StreamArraysOptions
  extends Omit<StreamOptions, 'chunks' | 'read' | 'open' | 'size' | 'weighted'> {
  /** Row-major [size, width]: kept, not copied, and not to be written to. */
  inputs: NumericArray;
  /** By default that of the array's class; `f16` for half precision in a Uint16Array. */
  dtype?: StreamDtype;
  /** Numbers of classes, or names where `classNames` are given, [size]; these or targets. */
  labels?: Labels;
  /** Row-major [size, targetWidth]; a target is one number by default. */
  targets?: NumericArray;
  /** [size] */
  weights?: NumericArray;
  /** Rows whose order is shuffled together with that of others before windows are; 256 by default. */
  chunkRows?: number;
}

const WHERE = 'streamArrays';

/**
 * Makes a set that streams of arrays in memory. They stay there as they are, one, two or four bytes a number,
 * and become float32 as they are brought into the engine, window by window; bytes stay bytes there too.
 *
 * @throws OptionError for inputs in an array of another class, and an option of the wrong type.
 * @throws ShapeError, DataError for arrays that do not fit each other.
 */
export function streamArrays(options: StreamArraysOptions): StreamedDataset {
  const read = new OptionReader(WHERE, options);
  const inputs = read.required('inputs', 'a typed array', isTypedArray) as NumericArray;
  const labels = read.optional('labels', 'an array or a typed array', isList);
  const targets = read.optional('targets', 'a typed array', isTypedArray) as NumericArray | undefined;
  const weights = read.optional('weights', 'a typed array', isTypedArray) as NumericArray | undefined;
  const rows = read.integer('chunkRows', { min: 1 }, 256);
  const name = typedArrayName(inputs)!;
  const own = (Object.keys(CLASSES) as StreamDtype[]).find((dtype) => CLASSES[dtype].includes(name));
  if (own === undefined) {
    const known = [...new Set(Object.values(CLASSES).flat())].join(', ');
    throw new OptionError(WHERE, `option inputs: expected one of ${known}, given ${show(inputs)}`);
  }
  if ((labels === undefined) === (targets === undefined)) {
    const given = labels === undefined ? 'none' : 'both';
    throw new OptionError(WHERE, `expected either labels or targets, given ${given}`);
  }
  for (const key of ['chunks', 'read', 'open', 'size', 'weighted']) {
    if (read.any(key) !== undefined) throw new OptionError(WHERE, `unknown option ${show(key)}`);
  }
  const { inputs: _i, labels: _l, targets: _t, weights: _w, chunkRows: _c, ...form } = options;
  const targetWidth = targets && (form.targetWidth ?? form.targetNames?.length ?? 1);
  if (targets && !isCount(targetWidth)) {
    const expected = 'expected a whole number, at least 1';
    throw new OptionError(WHERE, `option targetWidth: ${expected}, given ${show(targetWidth)}`);
  }
  const size = labels?.length ?? targets!.length / targetWidth!;
  if (!Number.isInteger(size)) {
    throw new ShapeError(
      WHERE,
      `expected targets in rows of ${targetWidth}, given ${targets!.length} values`,
    );
  }
  if (size === 0) throw new DataError(WHERE, 'expected at least 1 row, given 0');
  // Before anything is made for each row: no more of them are than there are numbers, whatever a list's length
  // promises.
  if (size > inputs.length) {
    throw new DataError(
      WHERE,
      `expected a row of inputs for each of ${size} rows, given ${inputs.length} numbers`,
    );
  }
  const width = form.width ?? (form.imageShape ? undefined : inputs.length / size);
  if (!form.imageShape && inputs.length % size !== 0) {
    throw new ShapeError(
      WHERE,
      `expected inputs in ${size} rows of one width, given ${inputs.length} numbers`,
    );
  }
  const known = form.classes !== undefined || form.classNames !== undefined;
  const count = Math.ceil(size / rows);
  const stream = streamDataset({
    dtype: own,
    ...form,
    ...(width !== undefined && { width }),
    ...(targetWidth !== undefined && { targetWidth }),
    ...(labels && !known && { classes: Math.max(2, 1 + largestLabel(labels)) }),
    weighted: weights !== undefined,
    chunks: Array.from({ length: count }, (_, i) => Math.min(rows, size - i * rows)),
    read(index) {
      const [from, to] = [index * rows, Math.min((index + 1) * rows, size)];
      const part = (values: NumericArray, own: number) => values.subarray(from * own, to * own);
      return {
        inputs: part(inputs, stream.width),
        ...(labels && { labels: labels.slice(from, to) as Labels }),
        ...(targets && { targets: part(targets, targetWidth!) }),
        ...(weights && { weights: part(weights, 1) }),
      };
    },
  });
  if (!CLASSES[stream.dtype].includes(name)) {
    const expected = `${CLASSES[stream.dtype].join(' or ')}, as dtype is ${show(stream.dtype)}`;
    throw new OptionError(WHERE, `option inputs: expected ${expected}, given ${show(inputs)}`);
  }
  for (const [what, values, each] of [
    ['inputs', inputs, stream.width],
    ['weights', weights, 1],
  ] as const) {
    if (!values || values.length === size * each) continue;
    throw new DataError(WHERE, `expected ${size * each} ${what} for ${size} rows, given ${values.length}`);
  }
  return stream;
}

function isList(value: unknown): value is Labels {
  return Array.isArray(value) || isTypedArray(value);
}
