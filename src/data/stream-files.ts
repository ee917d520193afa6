/**
 * Data sets of NPY and IDX files that are larger than memory, or than the 2 GiB that Node reads at once: their
 * rows are read by position while training runs. Node only. How a row lies in a file is `row-file.ts`'s
 * business.
 */
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { platform } from '#platform';
import type { NumericArray } from '../base/arrays.js';
import { DataError, FileError, OptionError, ShapeError, show } from '../base/errors.js';
import { fileError } from '../base/files/atomic.js';
import { isCount, isImageShape } from '../base/image-shape.js';
import { checkPath, OptionReader } from '../base/options.js';
import { validationRows } from './folder.js';
import { RowFile } from './row-file.js';
import {
  type Chunk,
  type StreamDtype,
  type StreamedDataset,
  type StreamOptions,
  streamDataset,
} from './stream.js';

/** What all of these have in common. */
export interface FileStreamOptions {
  /** For messages and reports; the file's or folder's name by default. */
  name?: string;
  /** Rows that are read at once; by default 4,096, or as many as 4 MB hold. */
  chunkRows?: number;
  /** Rows that are shuffled together: see `streamDataset`. */
  window?: number;
}

/** What `streamNpy` makes a set of. */
export interface NpyStreamOptions
  extends FileStreamOptions,
    Pick<StreamOptions, 'classes' | 'classNames' | 'targetNames' | 'scale' | 'offset'> {
  /**
   * Path of the inputs, [n, …]. Bytes (`uint8`) stay bytes; other numbers become float32, by way of `scale` and
   * `offset` where they are `int8` or `uint16`.
   */
  inputs: string;
  /** Path of labels, [n] or [n, 1], whole numbers; these or targets. */
  labels?: string;
  /** Path of targets, [n] or [n, width]. */
  targets?: string;
  /** Path of the rows' weights, [n]. */
  weights?: string;
}

/** One data set in three parts, and whole, as `Splits`; read while training runs. */
export interface StreamedSplits {
  readonly train: StreamedDataset;
  readonly validation: StreamedDataset;
  readonly test: StreamedDataset;
  readonly full: StreamedDataset;
}

const CHUNK_ROWS = 4096;
const CHUNK_BYTES = 2 ** 22;

/** Labels that are looked at together, for the largest of them. */
const LABELS_AT_ONCE = 2 ** 20;

/** Types of numpy that are given on as they are. */
const KEPT: { readonly [dtype: string]: StreamDtype } = { uint8: 'u8', int8: 'i8', uint16: 'u16' };

/** The files of one set. */
interface Files {
  readonly inputs: RowFile;
  readonly labels?: RowFile | undefined;
  readonly targets?: RowFile | undefined;
  readonly weights?: RowFile | undefined;
}

/**
 * Streams NPY files, of which each has the rows of all samples. They must not change while they are trained
 * on: a checkpoint keeps their sizes and a digest of samples of their content.
 *
 * @throws FileError when one cannot be read, FormatError when one is no NPY file or is column-major.
 * @throws ShapeError, DataError for arrays that do not fit each other, and labels that are none.
 */
export async function streamNpy(options: NpyStreamOptions): Promise<StreamedDataset> {
  const where = 'streamNpy';
  const reader = new OptionReader(where, options);
  const path = (key: string) => reader.optional(key, 'the path of an NPY file', isPath);
  const inputs = reader.required('inputs', 'the path of an NPY file', isPath);
  const [labels, targets, weights] = ['labels', 'targets', 'weights'].map(path);
  const general = readGeneral(reader, basename(inputs, '.npy') || 'data');
  const own = Object.fromEntries(
    ['classes', 'classNames', 'targetNames', 'scale', 'offset'].flatMap((key) => {
      const value = reader.any(key);
      return value === undefined ? [] : [[key, value]];
    }),
  );
  reader.end();
  if ((labels === undefined) === (targets === undefined)) {
    const given = labels === undefined ? 'none' : 'both';
    throw new OptionError(where, `expected either labels or targets, given ${given}`);
  }
  const opened = (file: string | undefined) => file && RowFile.npy(file);
  const files: Files = {
    inputs: await RowFile.npy(inputs),
    labels: await opened(labels),
    targets: await opened(targets),
    weights: await opened(weights),
  } as Files;
  const known = 'classes' in own || 'classNames' in own;
  if (files.labels && !known) own.classes = Math.max(2, 1 + (await largestLabel(files.labels)));
  return stream(files, { from: 0, to: files.inputs.rows }, general, own);
}

/**
 * Streams a folder with the files `x_train.npy`, `y_train.npy`, `x_test.npy` and `y_test.npy`, as
 * `loadNpyFolder` reads it into memory.
 *
 * @throws as `streamNpy`.
 */
export async function streamNpyFolder(
  path: string,
  options: FileStreamOptions = {},
): Promise<StreamedSplits> {
  const where = 'streamNpyFolder';
  checkPath(where, path);
  const file = (key: string) => RowFile.npy(join(path, `${key}.npy`));
  return streamSplits(where, path, options, {
    train: { inputs: await file('x_train'), labels: await file('y_train') },
    test: { inputs: await file('x_test'), labels: await file('y_test') },
  });
}

/**
 * Streams a folder of four IDX files, as `loadIdxFolder` reads it into memory. Compressed files must be
 * decompressed first: nothing can be read from their middle.
 *
 * @throws FileError when the folder or a file is missing or cannot be read, FormatError when one is no IDX
 * file of bytes.
 * @throws ShapeError, DataError for images and labels that do not fit each other.
 */
export async function streamIdxFolder(
  path: string,
  options: FileStreamOptions = {},
): Promise<StreamedSplits> {
  const where = 'streamIdxFolder';
  checkPath(where, path);
  const names = await readdir(path).catch((cause) => {
    throw fileError(path, 'cannot be read as a folder of IDX files', cause);
  });
  const file = (stem: string, suffix: string) => {
    const spelt = [`${stem}-${suffix}`, `${stem}.${suffix}`];
    const found = spelt.find((name) => names.includes(name));
    if (found !== undefined) return RowFile.idx(join(path, found));
    const packed = spelt.map((name) => `${name}.gz`).find((name) => names.includes(name));
    const [first, second] = spelt;
    throw packed === undefined
      ? new FileError(path, `has no ${first} (or ${second})`)
      : new FileError(
          join(path, packed),
          'is compressed, and cannot be read by position; decompress it first',
        );
  };
  const pair = async (prefix: string) => ({
    inputs: await file(`${prefix}-images`, 'idx3-ubyte'),
    labels: await file(`${prefix}-labels`, 'idx1-ubyte'),
  });
  return streamSplits(where, path, options, { train: await pair('train'), test: await pair('t10k') });
}

async function streamSplits(
  where: string,
  path: string,
  options: FileStreamOptions,
  { train, test }: Record<'train' | 'test', { inputs: RowFile; labels: RowFile }>,
): Promise<StreamedSplits> {
  const reader = new OptionReader(where, options);
  const general = readGeneral(reader, basename(resolve(path)) || 'data');
  reader.end();
  const [own, other] = [train.inputs, test.inputs].map(({ dtype, shape }) => `${dtype} ${shape.join('x')}`);
  if (own !== other) {
    const expected = 'expected samples of one shape and type to train and to test';
    throw new ShapeError(path, `${expected}, given ${own} and ${other}`);
  }
  const size = train.inputs.rows;
  if (size < 2) throw new DataError(path, `expected at least 2 samples to split, given ${size}`);
  const classes = Math.max(2, 1 + (await largestLabel(train.labels)), 1 + (await largestLabel(test.labels)));
  const end = size - validationRows(size);
  const part = (files: Files, from: number, to: number, suffix: string) =>
    stream(files, { from, to }, { ...general, name: `${general.name}${suffix}` }, { classes });
  return {
    train: await part(train, 0, end, ' train'),
    validation: await part(train, end, size, ' validation'),
    test: await part(test, 0, test.inputs.rows, ' test'),
    full: await part(train, 0, size, ''),
  };
}

interface General extends FileStreamOptions {
  readonly name: string;
}

function readGeneral(reader: OptionReader, name: string): General {
  const chunkRows = reader.optional('chunkRows', 'a whole number, at least 1', isCount);
  const window = reader.optional('window', 'a whole number, at least 1', isCount);
  return {
    name: reader.string('name', name),
    ...(chunkRows !== undefined && { chunkRows }),
    ...(window !== undefined && { window }),
  };
}

/** Rows `from` up to but not including `to` of the files. */
async function stream(
  files: Files,
  { from, to }: { from: number; to: number },
  { name, window, chunkRows }: General,
  own: Partial<StreamOptions>,
): Promise<StreamedDataset> {
  const { inputs, labels, targets, weights } = files;
  for (const other of [labels, targets, weights]) {
    if (!other || other.rows === inputs.rows) continue;
    const counts = `${inputs.rows} samples, and ${other.rows} rows of ${other.path}`;
    throw new DataError(inputs.path, `counts differ: ${counts}`);
  }
  if (inputs.width === 0 || inputs.rows === 0) {
    throw new DataError(inputs.path, `expected numbers, given ${[inputs.rows, ...inputs.shape].join('x')}`);
  }
  for (const one of [labels, weights]) {
    if (!one || one.width === 1) continue;
    throw new ShapeError(one.path, `expected [n] or [n, 1], given ${[one.rows, ...one.shape].join('x')}`);
  }
  const dtype = KEPT[inputs.dtype] ?? 'f32';
  const fitting = Math.floor(CHUNK_BYTES / (inputs.width * (dtype === 'u8' ? 1 : 4)));
  const rows = chunkRows ?? Math.max(1, Math.min(CHUNK_ROWS, fitting));
  const count = Math.ceil((to - from) / rows);
  const sizes = Array.from({ length: count }, (_, i) => Math.min(rows, to - from - i * rows));
  const digests = [inputs, labels, targets, weights].map((file) => file?.digest());
  const content = JSON.stringify([from, to, ...(await Promise.all(digests))]);
  const { shape } = inputs;
  // Keras has numbers beside each other as [n, width, 1] at times: those are no images of one column.
  const isImage = isImageShape(shape) && !(shape.length === 2 && shape[1] === 1);
  return streamDataset({
    ...{ name, width: inputs.width, dtype, weighted: weights !== undefined },
    ...(isImage && { imageShape: shape }),
    ...(targets && { targetWidth: targets.width }),
    ...(window !== undefined && { window }),
    ...own,
    identity: await platform.sha256(new TextEncoder().encode(content)),
    chunks: sizes,
    read: async (index) => {
      const begin = from + index * rows;
      const end = begin + sizes[index];
      const values = await inputs.read(begin, end);
      return {
        inputs: dtype === 'f32' ? floats(values) : (values as NumericArray),
        ...(labels && { labels: floats(await labels.read(begin, end)) }),
        ...(targets && { targets: floats(await targets.read(begin, end)) }),
        ...(weights && { weights: floats(await weights.read(begin, end)) }),
      } satisfies Chunk;
    },
  });
}

type Elements = Awaited<ReturnType<RowFile['read']>>;

/** As float32, in which whole numbers are exact up to 2^24; what is none stays none. */
function floats(values: Elements): Float32Array {
  if (values instanceof Float32Array) return values;
  return Float32Array.from(values as ArrayLike<number | bigint>, Number);
}

/** Throws DataError for labels that are no whole numbers from 0 to 65535. */
async function largestLabel(labels: RowFile): Promise<number> {
  let most = 0;
  const step = Math.max(1, Math.floor(LABELS_AT_ONCE / Math.max(1, labels.width)));
  for (let from = 0; from < labels.rows; from += step) {
    const values = await labels.read(from, Math.min(from + step, labels.rows));
    for (let i = 0; i < values.length; i++) {
      const label = Number(values[i]);
      if (Number.isInteger(label) && label >= 0 && label <= 0xffff) most = Math.max(most, label);
      else {
        const expected = 'expected a whole number from 0 to 65535';
        throw new DataError(labels.path, `label ${from + i}: ${expected}, given ${show(values[i])}`);
      }
    }
  }
  return most;
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}
