/**
 * Data sets that are read while training runs, chunk by chunk, because they are larger than memory. What
 * stands here is what such a set says of itself; chunks are read by `chunk-reader.ts`, and brought into an
 * engine by `train/stream-source.ts`, which is loaded with the first such set.
 */
import { elementsOf, type NumericArray } from '../base/arrays.js';
import { DataError, OptionError, ShapeError } from '../base/errors.js';
import type { Global } from '../base/globals.js';
import { type ImageShape, isCount } from '../base/image-shape.js';
import { OptionReader } from '../base/options.js';
import type { Numbers } from './numbers.js';
import type { ClassOptions, Labels, TargetOptions } from './read-answers.js';
import { readClassOptions, readTargetOptions } from './read-answers.js';
import { type InputForm, readForm } from './read-inputs.js';
import { type Answers, type Dataset, type InputRows, imageShapeOf } from './set.js';

/** Rows of a stream with their answers, as `dataset` takes them: any number of rows, also none. */
export interface Chunk {
  /**
   * Row-major [rows, width], in one array or as an array of rows: of the class that the stream's `dtype` names,
   * or any numbers where it is `f32`. A source that is opened may fill the same arrays again for the next
   * chunk; where chunks are read in any order, several at a time, each needs new ones.
   */
  inputs: Numbers;
  /** Numbers of classes, or their names where the stream has `classNames`, [rows]. */
  labels?: Labels;
  /** Row-major [rows, targetWidth]. */
  targets?: Numbers;
  /** [rows]; in every chunk where the stream is `weighted`, and in no other. */
  weights?: readonly number[] | NumericArray;
}

/** What a source is told of a reading: it may stop at once when this is aborted. */
export interface ReadContext {
  readonly signal: Global<'AbortSignal'>;
}

/** Chunks that can be read in any order, several at a time. */
export interface RandomAccess {
  /** How many there are; or the rows of each, by which a resumed training passes over whole chunks. */
  chunks: number | readonly number[];
  /** Chunk `index`, from 0: at every reading the same rows. What it throws is the error's `cause`. */
  read(index: number, context: ReadContext): Chunk | Promise<Chunk>;
}

/** Chunks that come in one order only. */
export interface InOrder {
  /**
   * Begins anew, such as an async generator function: called once an epoch, and each time with the same rows
   * in the same order. The iterator's `return` is called when training ends before it does.
   */
  open(context: ReadContext): AsyncIterable<Chunk> | Iterable<Chunk>;
}

/**
 * What numbers the inputs of chunks are: bytes, which stay so until they are copied into a batch; Int8Array,
 * Uint16Array, or half precision, as Float16Array or its bits in a Uint16Array, which become float32 when a chunk
 * is read; or any numbers, as float32.
 */
export type StreamDtype = 'u8' | 'i8' | 'u16' | 'f16' | 'f32';

/** What `streamDataset` makes a set of: `chunks` and `read`, or `open`, and what every chunk has in common. */
export interface StreamOptions extends Partial<RandomAccess>, Partial<InOrder>, ClassOptions, TargetOptions {
  /** For messages, reports and checkpoints; 'data' by default. */
  name?: string;
  /**
   * Number of rows. Without it a set is read until it ends; what must know the number of all steps beforehand,
   * such as `cosineDecay`, needs it. The sum of `chunks` where these are the rows of each.
   */
  size?: number;
  /** Numbers in a row; this or `imageShape` is required. */
  width?: number;
  /** Of rows that are images: [height, width], or [height, width, channels]. */
  imageShape?: ImageShape;
  /** What `inputs` of chunks are; `f32`, which is any numbers, by default. */
  dtype?: StreamDtype;
  /**
   * Not zero. Numbers are `inputs[i] * scale + offset`. Default: 1/255 for bytes, which are taken for pixels,
   * otherwise 1; `f32` allows no other. A model remembers how bytes were scaled; of others it is given what was
   * made of them when it predicts.
   */
  scale?: number;
  /** Default 0; `f32` allows only 0. */
  offset?: number;
  /** Whether chunks have `weights`; false by default. */
  weighted?: boolean;
  /**
   * Rows that are shuffled together, and brought into the engine's memory together: it holds two such windows,
   * and chunks for a third are read ahead. By default 65,536, or as many as 64 MB hold.
   */
  window?: number;
  /**
   * What tells this data from other data, such as a SHA-256 of the files: a checkpoint keeps it, and no
   * training goes on from it with another.
   */
  identity?: string;
}

/** Rows that are read while training runs. Made by `streamDataset`; says of them what a `Dataset` says. */
export interface StreamedDataset extends Omit<InputRows, 'inputs'>, Omit<Answers, 'labels' | 'targets'> {
  readonly name: string;
  /** Number of rows; undefined where only the end of the stream will tell. */
  readonly size: number | undefined;
  readonly dtype: StreamDtype;
  readonly weighted: boolean;
  /** Rows that are shuffled together. */
  readonly window: number;
  readonly identity?: string;
  readonly source: RandomAccess | InOrder;
  /** @internal One row as all of them are, by which a model is compared with the set. */
  readonly form: StreamForm;
}

/** @internal A data set that stands for a streamed one. */
export interface StreamForm extends Dataset {
  readonly stream: StreamedDataset;
}

const WHERE = 'streamDataset';

const DEFAULT_WINDOW = 65_536;
const DEFAULT_WINDOW_BYTES = 2 ** 26;

/** Their order is kept in memory. */
const MAX_CHUNKS = 2 ** 22;

/** Numbers in a row; an engine could not hold two windows of more. */
const MAX_WIDTH = 2 ** 27;

/**
 * Makes a data set of chunks that are read while training runs. `fit` and `evaluate` take it in place of a
 * set in memory, for training and for validation.
 *
 * The order of an epoch is shuffled in two levels, by the seed: the order of the chunks, where they can be
 * read in any, then the rows within each window. It depends on the seed, the epoch, `window` and, where
 * chunks can be read in any order, their sizes. When one window holds all rows, it is the order of a set in
 * memory.
 *
 * @throws OptionError for an option of the wrong type or an unknown one, and unless there are either `chunks`
 * and `read`, or `open`.
 * @throws ShapeError when `imageShape` is not `width` numbers.
 * @throws DataError for a set of no rows, and class names that are not one a class.
 */
export function streamDataset(options: StreamOptions): StreamedDataset {
  const read = new OptionReader(WHERE, options);
  const name = read.string('name', 'data');
  const source = readSource(read, options);
  const rows = readSize(read, source);
  const dtype = read.oneOf('dtype', ['u8', 'i8', 'u16', 'f16', 'f32'], 'f32');
  const weighted = read.boolean('weighted', false);
  const identity = read.optional('identity', 'a string', (value) => typeof value === 'string');
  const input = readRows(readForm(read), dtype);
  const answers = readAnswers(readClassOptions(read), readTargetOptions(read));
  const bytes = input.width * (dtype === 'u8' ? 1 : 4);
  const standard = Math.max(1, Math.min(DEFAULT_WINDOW, Math.floor(DEFAULT_WINDOW_BYTES / bytes)));
  const window = read.integer('window', { min: 1, max: 2 ** 31 }, standard);
  read.end();
  const { targetWidth, classes } = answers;
  const targets = targetWidth === undefined ? undefined : new Float32Array(targetWidth);
  // Probabilities that add up to 1, should the loss ask for such.
  if (targets) targets[0] = 1;
  const stream: StreamedDataset = {
    ...{ name, size: rows, ...input, ...answers, dtype, weighted, window, source },
    ...(identity !== undefined && { identity }),
    form: {
      ...{ name, size: 1, ...input, ...answers, ...(dtype !== 'u8' && { scale: 1, offset: 0 }) },
      inputs: dtype === 'u8' ? new Uint8Array(input.width) : new Float32Array(input.width),
      labels: new Int32Array(classes > 0 ? 1 : 0),
      ...(targets && { targets }),
      ...(weighted && { weights: Float32Array.of(1) }),
      get stream() {
        return stream;
      },
    },
  };
  return Object.freeze(stream);
}

function readSource(read: OptionReader, options: StreamOptions): RandomAccess | InOrder {
  const open = read.callback<InOrder['open']>('open');
  const readChunk = read.callback<RandomAccess['read']>('read');
  const counts = `a whole number from 1 to ${MAX_CHUNKS}, or the rows of each of so many chunks`;
  const chunks = read.optional('chunks', counts, isChunks);
  const given = [open && 'open', readChunk && 'read', chunks && 'chunks'].filter(Boolean).join(' and ');
  // Called as methods: a source may be an object with a state of its own.
  if (open && !readChunk && !chunks) return { open: (context) => open.call(options, context) };
  if (!open && readChunk && chunks) {
    const kept = typeof chunks === 'number' ? chunks : Object.freeze([...chunks]);
    return { chunks: kept, read: (index, context) => readChunk.call(options, index, context) };
  }
  const expected = 'expected either chunks and read, or open';
  throw new OptionError(WHERE, `${expected}, given ${given || 'none of them'}`);
}

function readSize(read: OptionReader, source: RandomAccess | InOrder): number | undefined {
  const size = read.optional('size', 'a whole number, at least 1', isCount);
  if (!('read' in source) || typeof source.chunks === 'number') return size;
  const sum = source.chunks.reduce((total, rows) => total + rows, 0);
  if (sum === 0) throw new DataError(WHERE, `option chunks: expected at least 1 row, given chunks of 0`);
  if (size === undefined || size === sum) return sum;
  throw new DataError(WHERE, `counts differ: size is ${size}, and chunks have ${sum} rows`);
}

function readRows(given: InputForm, dtype: StreamDtype): Omit<InputRows, 'inputs'> {
  const { imageShape } = given;
  const pixels = imageShape && elementsOf(imageShape as readonly number[]);
  const width = given.width ?? pixels;
  if (width === undefined) {
    throw new OptionError(WHERE, 'option width is required: the numbers in a row; or imageShape');
  }
  if (pixels !== undefined && pixels !== width) {
    throw new ShapeError(
      WHERE,
      `imageShape ${imageShape?.join('x')} has ${pixels} pixels, width is ${width}`,
    );
  }
  if (width > MAX_WIDTH) {
    throw new OptionError(WHERE, `option width: expected at most ${MAX_WIDTH}, given ${width}`);
  }
  const scale = given.scale ?? (dtype === 'u8' ? 1 / 255 : 1);
  const offset = given.offset ?? 0;
  if (scale === 0) throw new OptionError(WHERE, 'option scale: expected a number other than 0, given 0');
  if (dtype === 'f32' && (scale !== 1 || offset !== 0)) {
    const problem = 'scale and offset do not apply to dtype "f32": expected 1 and 0';
    throw new OptionError(WHERE, `${problem}, given ${scale} and ${offset}`);
  }
  return { width, scale, offset, ...(imageShape && { imageShape: imageShapeOf(imageShape) }) };
}

function readAnswers(
  { classes: givenClasses, classNames }: ClassOptions,
  { targetWidth: givenWidth, targetNames }: TargetOptions,
): Omit<Answers, 'labels' | 'targets'> {
  const targetWidth = givenWidth ?? targetNames?.length;
  const classes = givenClasses ?? classNames?.length;
  if ((targetWidth === undefined) === (classes === undefined)) {
    const expected =
      'expected either classes or classNames, of labels, or targetWidth or targetNames, of targets';
    throw new OptionError(WHERE, `${expected}, given ${classes === undefined ? 'none' : 'both'}`);
  }
  if (classes !== undefined) {
    if (classes < 2) throw new DataError(WHERE, `expected names of at least 2 classes, given ${classes}`);
    checkNames('class', classNames, classes);
    return { classes, ...(classNames && { classNames: Object.freeze([...classNames]) }) };
  }
  checkNames('target', targetNames, targetWidth!);
  return {
    ...{ classes: 0, targetWidth: targetWidth! },
    ...(targetNames && { targetNames: Object.freeze([...targetNames]) }),
  };
}

function checkNames(what: string, names: readonly string[] | undefined, count: number): void {
  if (!names || (names.length === count && count > 0)) return;
  throw new DataError(WHERE, `expected ${count} ${what} names, given ${names.length}`);
}

function isChunks(value: unknown): value is number | readonly number[] {
  if (!Array.isArray(value)) return isCount(value) && value <= MAX_CHUNKS;
  const isRows = (rows: unknown) => Number.isSafeInteger(rows) && (rows as number) >= 0;
  // A copy has no holes, which `every` would pass over.
  return value.length > 0 && value.length <= MAX_CHUNKS && Array.from(value).every(isRows);
}
