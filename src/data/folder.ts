/**
 * Loads a folder of four IDX files, named as MNIST's, into data sets. Node only. What the bytes of an IDX
 * file mean is `idx.ts`'s business; which folder holds MNIST itself is `mnist.ts`'s.
 */
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { DataError, FileError, FormatError, ShapeError } from '../base/errors.js';
import { fileError, readFileBytes, systemCode } from '../base/files/atomic.js';
import { isImageShape } from '../base/image-shape.js';
import { checkPath, OptionReader } from '../base/options.js';
import { growthLimit } from '../formats/bytes.js';
import { type Dataset, dataset, sliceDataset } from './dataset.js';
import { readIdx } from './idx.js';

const WHERE = 'loadIdxFolder';

/** One data set in three parts, and whole. */
export interface Splits {
  /** All of the train file but its end. */
  readonly train: Dataset;
  /** The end of the train file: 5,000 rows when it has at least 10,000, otherwise a twelfth, at least 1. */
  readonly validation: Dataset;
  /** The t10k files. */
  readonly test: Dataset;
  /** The train file: `train`, then `validation`. The three share memory. */
  readonly full: Dataset;
}

/** One pair of files. `shape` is that of a sample, of 1 to 3 dimensions. */
interface Pair {
  readonly imagesPath: string;
  readonly labelsPath: string;
  readonly size: number;
  readonly shape: readonly number[];
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/**
 * Loads `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
 * `t10k-labels-idx1-ubyte` from the folder `path`. Each may instead be spelt with a dot
 * (`train-images.idx3-ubyte`) and end in `.gz`. Images are bytes [n, height, width], [n, height, width,
 * channels] or [n, width], labels bytes [n]. Classes are the largest label + 1, and at least 2.
 *
 * @param options `name` of the sets; default: the folder's name.
 * @throws FileError when the folder or a file is missing or cannot be read.
 * @throws FormatError when a file is not IDX, of another type or rank, or its gzip is broken.
 * @throws ShapeError when the images of train and test differ in shape or have no pixels.
 * @throws DataError when images and labels differ in number, or there are too few to split.
 */
export async function loadIdxFolder(path: string, options: { name?: string } = {}): Promise<Splits> {
  checkPath(WHERE, path);
  const read = new OptionReader(WHERE, options);
  const name = read.string('name', basename(resolve(path)) || 'data');
  read.end();

  await readdir(path).catch((cause) => {
    throw fileError(path, 'cannot be read as a folder of IDX files', cause);
  });
  const [trainPair, testPair] = await Promise.all([readPair(path, 'train'), readPair(path, 't10k')]);
  if (trainPair.shape.join() !== testPair.shape.join()) {
    const test = `of ${testPair.imagesPath} are ${testPair.shape.join('x')}`;
    throw new ShapeError(trainPair.imagesPath, `its images are ${trainPair.shape.join('x')}, those ${test}`);
  }
  if (trainPair.size < 2) {
    throw new DataError(trainPair.imagesPath, `expected at least 2 images to split, given ${trainPair.size}`);
  }
  const classes = Math.max(2, 1 + Math.max(largest(trainPair.labels), largest(testPair.labels)));
  const full = toDataset(trainPair, name, classes);
  return { ...splitFull(full, name), test: toDataset(testPair, `${name} test`, classes) };
}

/** @internal Rows at the end of so many that validate. */
export function validationRows(size: number): number {
  return size >= 10_000 ? 5_000 : Math.max(1, Math.floor(size / 12));
}

/** @internal Keeps the end of what there is to train on for validation. It has at least 2 samples. */
export function splitFull(full: Dataset, name: string): Omit<Splits, 'test'> {
  const trainSize = full.size - validationRows(full.size);
  return {
    train: sliceDataset(full, 0, trainSize, `${name} train`),
    validation: sliceDataset(full, trainSize, full.size, `${name} validation`),
    full,
  };
}

/**
 * @internal Decompresses gzip, to no more bytes than is likely of so many: a small file may hold any number
 * of them.
 */
export async function unzip(
  bytes: Uint8Array,
  where: string,
  limit: number = growthLimit(bytes.length),
): Promise<Uint8Array> {
  try {
    const buffer = await promisify(gunzip)(bytes, { maxOutputLength: limit });
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch (cause) {
    if (systemCode(cause) === 'ERR_BUFFER_TOO_LARGE') {
      throw new FormatError(where, `decompresses to more than the ${limit} bytes allowed`, { cause });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(where, `cannot be decompressed as gzip: ${reason}`, { cause });
  }
}

async function readPair(folder: string, prefix: 'train' | 't10k'): Promise<Pair> {
  const images = await readU8(folder, `${prefix}-images`, 'idx3-ubyte', [2, 3, 4]);
  const labels = await readU8(folder, `${prefix}-labels`, 'idx1-ubyte', [1]);
  const [size, ...shape] = images.dims;
  if (size !== labels.dims[0]) {
    throw new DataError(
      images.path,
      `counts differ: ${size} images, ${labels.dims[0]} labels in ${labels.path}`,
    );
  }
  if (size === 0) throw new DataError(images.path, 'expected at least 1 image, given 0');
  if (shape.includes(0)) throw new ShapeError(images.path, `its images, ${shape.join('x')}, have no pixels`);
  return {
    imagesPath: images.path,
    labelsPath: labels.path,
    size,
    shape,
    images: images.data,
    labels: labels.data,
  };
}

/** Reads the file `stem` in whichever spelling is there, and checks that it holds bytes of one of `ranks`. */
async function readU8(folder: string, stem: string, suffix: string, ranks: readonly number[]) {
  const { path, bytes } = await readFirst(folder, stem, suffix);
  const { type, dims, data } = readIdx(path.endsWith('.gz') ? await unzip(bytes, path) : bytes, path);
  if (type !== 'u8' || !ranks.includes(dims.length)) {
    const expected = `u8 of ${ranks.length > 1 ? `${ranks[0]} to ${ranks.at(-1)}` : ranks[0]} dimensions`;
    throw new FormatError(path, `expected ${expected}, given ${type} of ${dims.length} (${dims.join('x')})`);
  }
  return { path, dims, data };
}

async function readFirst(folder: string, stem: string, suffix: string) {
  let missing: unknown;
  for (const file of [`${stem}-${suffix}`, `${stem}.${suffix}`]) {
    for (const path of [join(folder, file), join(folder, `${file}.gz`)]) {
      try {
        return { path, bytes: await readFileBytes(path) };
      } catch (error) {
        // Absent under this spelling: try the next. Anything else is the file that was meant, and it is
        // broken.
        if (!(error instanceof FileError) || systemCode(error) !== 'ENOENT') throw error;
        missing ??= error.cause;
      }
    }
  }
  const problem = `has no ${stem}-${suffix} (or ${stem}.${suffix}, either also with .gz)`;
  throw new FileError(folder, problem, { cause: missing });
}

function toDataset({ images, labels, shape }: Pair, name: string, classes: number): Dataset {
  return dataset({
    name,
    inputs: images,
    labels,
    classes,
    scale: 1 / 255,
    offset: 0,
    ...(isImageShape(shape) ? { imageShape: shape } : { width: shape[0] }),
  });
}

function largest(labels: Uint8Array): number {
  return labels.reduce((max, label) => Math.max(max, label), 0);
}
