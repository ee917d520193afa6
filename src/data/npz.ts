/**
 * Loads data sets as Keras has them: one NPZ file with the arrays `x_train`, `y_train`, `x_test` and
 * `y_test`, or a folder with each as an NPY file. Node only. What is in an archive of arrays is `formats/npz.ts`'s business.
 */

import { basename, join, resolve } from 'node:path';
import { elementsOf } from '../base/arrays.js';
import { DataError, FormatError, OptionError, ShapeError, show } from '../base/errors.js';
import { readFileBytes } from '../base/files/atomic.js';
import { isImageShape } from '../base/image-shape.js';
import { checkPath, OptionReader } from '../base/options.js';
import { type NpyArray, readNpy } from '../formats/npy.js';
import { readNpz } from '../formats/npz.js';
import { type Dataset, dataset } from './dataset.js';
import { type Splits, splitFull } from './folder.js';

const NAMES = ['x_train', 'y_train', 'x_test', 'y_test'] as const;

/**
 * Loads such a file: inputs [n, …] of bytes, whose values are scaled by 1/255 as pixels, or of other numbers,
 * which are taken as they are; labels [n] or [n, 1], whole numbers from 0 on. Images are [n, height, width]
 * or [n, height, width, channels].
 *
 * @param options `name` of the sets; default: the file's, without `.npz`.
 * @throws FileError when it cannot be read; FormatError when it is no NPZ file, or lacks one of the arrays.
 * @throws ShapeError, DataError for arrays that do not fit each other, labels that are none, and fewer than 2
 * samples.
 */
export async function loadNpz(path: string, options: { name?: string } = {}): Promise<Splits> {
  const where = 'loadNpz';
  if (typeof path !== 'string' || path === '') {
    throw new OptionError(where, `path: expected a file, given ${show(path)}`);
  }
  const reader = new OptionReader(where, options);
  const name = reader.string('name', basename(path, '.npz') || 'data');
  reader.end();
  return toSplits(readNpz(await readFileBytes(path), path), path, name);
}

/**
 * The same of a folder with the files `x_train.npy`, `y_train.npy`, `x_test.npy` and `y_test.npy`.
 *
 * @param options `name` of the sets; default: the folder's name.
 * @throws as `loadNpz`.
 */
export async function loadNpyFolder(path: string, options: { name?: string } = {}): Promise<Splits> {
  const where = 'loadNpyFolder';
  checkPath(where, path);
  const reader = new OptionReader(where, options);
  const name = reader.string('name', basename(resolve(path)) || 'data');
  reader.end();
  const arrays = new Map<string, NpyArray>();
  for (const key of NAMES) {
    const file = join(path, `${key}.npy`);
    arrays.set(key, readNpy(await readFileBytes(file), file));
  }
  return toSplits(arrays, path, name);
}

function toSplits(arrays: ReadonlyMap<string, NpyArray>, where: string, name: string): Splits {
  const [inputs, labels, testInputs, testLabels] = NAMES.map((key) => {
    const array = arrays.get(key);
    if (array) return array;
    const given = [...arrays.keys()].slice(0, 20).join(', ');
    throw new FormatError(where, `as a data set, expected the arrays ${NAMES.join(', ')}, given ${given}`);
  });
  const answers = labelsOf(labels, `${where}, y_train`);
  const testAnswers = labelsOf(testLabels, `${where}, y_test`);
  let classes = 2;
  for (const set of [answers, testAnswers]) for (const label of set) classes = Math.max(classes, label + 1);
  const shape = inputs.shape.slice(1).join('x');
  if (testInputs.shape.slice(1).join('x') !== shape || testInputs.dtype !== inputs.dtype) {
    const given = `${inputs.dtype} ${shape} and ${testInputs.dtype} ${testInputs.shape.slice(1).join('x')}`;
    throw new ShapeError(
      where,
      `expected samples of one shape and type in x_train and x_test, given ${given}`,
    );
  }
  if (answers.length < 2) {
    throw new DataError(where, `expected at least 2 samples to split, given ${answers.length}`);
  }
  const full = setOf(inputs, answers, { name, classes, where: `${where}, x_train` });
  const test = setOf(testInputs, testAnswers, { name: `${name} test`, classes, where: `${where}, x_test` });
  return { ...splitFull(full, name), test };
}

function setOf(
  { dtype, shape, data }: NpyArray,
  labels: Int32Array,
  { name, classes, where }: { name: string; classes: number; where: string },
): Dataset {
  const [size, ...sample] = shape;
  if (size !== labels.length) {
    throw new DataError(where, `counts differ: ${size ?? 0} samples, ${labels.length} labels`);
  }
  if (dtype === 'string' || sample.length === 0) {
    throw new ShapeError(where, `expected numbers [n, …], given ${dtype} [${shape.join(', ')}]`);
  }
  const width = elementsOf(sample);
  // Keras has numbers beside each other as [n, width, 1] at times: those are no images of one column.
  const isImage = isImageShape(sample) && !(sample.length === 2 && sample[1] === 1);
  return dataset({
    name,
    inputs: dtype === 'uint8' ? data : Float32Array.from(data as ArrayLike<number>, Number),
    labels,
    width,
    classes,
    ...(isImage && { imageShape: sample }),
  });
}

function labelsOf({ dtype, shape, data }: NpyArray, where: string): Int32Array {
  const isOne = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  if (!isOne || dtype === 'string') {
    throw new ShapeError(where, `expected labels [n] or [n, 1], given ${dtype} [${shape.join(', ')}]`);
  }
  const labels = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const label = Number(data[i]);
    if (!Number.isInteger(label) || label < 0 || label > 0xffff) {
      throw new DataError(where, `label ${i}: expected a whole number from 0 to 65535, given ${show(label)}`);
    }
    labels[i] = label;
  }
  return labels;
}
