/**
 * Folders of IDX files: every spelling and gzip, how the train file is split, and what is wrong with a bad
 * folder.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataError, FileError, FormatError, OptionError, ShapeError } from '../../src/base/errors.js';
import { loadIdxFolder, unzip } from '../../src/data/folder.js';
import { writeIdx } from './write-idx.js';

const NAMES = {
  trainImages: 'train-images-idx3-ubyte',
  trainLabels: 'train-labels-idx1-ubyte',
  testImages: 't10k-images-idx3-ubyte',
  testLabels: 't10k-labels-idx1-ubyte',
};
type Files = Record<keyof typeof NAMES, Uint8Array>;

/** `count` images of the given shape; pixel i is i modulo 251. */
const images = (count: number, ...shape: number[]) => {
  const length = shape.reduce((product, dim) => product * dim, count);
  return writeIdx(
    'u8',
    [count, ...shape],
    Array.from({ length }, (_, i) => i % 251),
  );
};
const labels = (...values: number[]) => writeIdx('u8', [values.length], values);
const cycle = (count: number) => labels(...Array.from({ length: count }, (_, i) => i % 3));

const good = (): Files => ({
  trainImages: images(24, 2, 3),
  trainLabels: cycle(24),
  testImages: images(2, 2, 3),
  testLabels: labels(4, 0),
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-idx-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Partial<Files>, rename = (name: string) => name): Promise<void> {
  for (const [key, bytes] of Object.entries(files)) {
    const name = rename(NAMES[key as keyof Files]);
    await writeFile(join(folder, name), name.endsWith('.gz') ? gzipSync(bytes) : bytes);
  }
}

/** What loading the folder throws, after its class and message were compared. */
async function refused(type: new (...args: never[]) => Error, message: RegExp): Promise<Error> {
  const error: unknown = await loadIdxFolder(folder).then(
    () => expect.fail('the folder was loaded'),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(type);
  expect((error as Error).message).toMatch(message);
  return error as Error;
}

describe('a good folder', () => {
  const spellings: [string, (name: string) => string][] = [
    ['dashes', (name) => name],
    ['dots', (name) => name.replace('-idx', '.idx')],
    ['dashes and gzip', (name) => `${name}.gz`],
    ['dots and gzip', (name) => `${name.replace('-idx', '.idx')}.gz`],
    ['images alone in gzip', (name) => (name.includes('images') ? `${name}.gz` : name)],
  ];
  test.each(spellings)('spelt with %s', async (_, rename) => {
    await write(good(), rename);
    const { train, validation, test: held, full } = await loadIdxFolder(folder, { name: 'tiny' });
    expect([train.size, validation.size, held.size, full.size]).toEqual([22, 2, 2, 24]);
    expect([train.name, validation.name, held.name, full.name]).toEqual([
      'tiny train',
      'tiny validation',
      'tiny test',
      'tiny',
    ]);
    for (const set of [train, validation, held, full]) {
      expect(set).toMatchObject({ width: 6, imageShape: [2, 3], classes: 5, scale: 1 / 255, offset: 0 });
    }
    expect([...validation.inputs]).toEqual(Array.from({ length: 12 }, (_, i) => 132 + i));
    expect([...validation.labels]).toEqual([1, 2]);
    expect([...held.labels]).toEqual([4, 0]);
    expect(validation.inputs.buffer).toBe(full.inputs.buffer);
  });

  test('is named after itself', async () => {
    await write(good());
    const { full } = await loadIdxFolder(`${folder}/`);
    expect(full.name).toMatch(/^lanegrad-idx-\w+$/);
  });

  test('of two dimensions has no image shape', async () => {
    await write({ ...good(), trainImages: images(24, 5), testImages: images(2, 5) });
    const { train } = await loadIdxFolder(folder);
    expect(train.width).toBe(5);
    expect(train.imageShape).toBeUndefined();
  });

  test('of four dimensions has images with channels', async () => {
    await write({ ...good(), trainImages: images(24, 2, 3, 3), testImages: images(2, 2, 3, 3) });
    const { train, test } = await loadIdxFolder(folder);
    expect([train.width, train.imageShape, test.imageShape]).toEqual([18, [2, 3, 3], [2, 3, 3]]);
    await write({ ...good(), trainImages: images(24, 2, 3, 1), testImages: images(2, 2, 3, 1) });
    expect((await loadIdxFolder(folder)).train.imageShape).toEqual([2, 3]);
  });

  test.each([
    [2, 1],
    [11, 1],
    [12, 1],
    [35, 2],
    [9_999, 833],
    [10_000, 5_000],
    [10_001, 5_000],
  ])('of %d rows keeps %d for validation', async (rows, kept) => {
    await write({ ...good(), trainImages: images(rows, 2, 3), trainLabels: cycle(rows) });
    const { train, validation } = await loadIdxFolder(folder);
    expect([train.size, validation.size]).toEqual([rows - kept, kept]);
  });

  test('has at least two classes', async () => {
    const one = { trainLabels: labels(...Array(24).fill(0)), testLabels: labels(0, 0) };
    await write({ ...good(), ...one });
    expect((await loadIdxFolder(folder)).train.classes).toBe(2);
  });
});

describe('a bad folder', () => {
  test.each<[string, Partial<Files>, new (...args: never[]) => Error, RegExp]>([
    [
      'i8 images',
      { trainImages: writeIdx('i8', [24, 6], Array(144).fill(1)) },
      FormatError,
      /train-images.*u8 of 2 to 4.*given i8 of 2 \(24x6\)/,
    ],
    [
      'images of one dimension',
      { testImages: labels(1, 2) },
      FormatError,
      /t10k-images.*given u8 of 1 \(2\)/,
    ],
    [
      'images of four axes',
      { testImages: images(2, 2, 3, 1, 1) },
      FormatError,
      /given u8 of 5 \(2x2x3x1x1\)/,
    ],
    ['labels of two', { testLabels: images(2, 1) }, FormatError, /t10k-labels.*u8 of 1 dim.*given u8 of 2/],
    ['a cut file', { trainImages: images(24, 2, 3).subarray(0, -1) }, FormatError, /train-images.*too short/],
    [
      'another number of labels',
      { trainLabels: cycle(23) },
      DataError,
      /24 images, 23 labels in .*train-labels/,
    ],
    [
      'another width of test',
      { testImages: images(2, 2, 2) },
      ShapeError,
      /images are 2x3, those of .*t10k-im.* are 2x2/,
    ],
    [
      'another shape of one width',
      { testImages: images(2, 3, 2) },
      ShapeError,
      /are 2x3, those of .* are 3x2/,
    ],
    [
      'one train image',
      { trainImages: images(1, 2, 3), trainLabels: cycle(1) },
      DataError,
      /at least 2 images to split/,
    ],
    [
      'no test image',
      { testImages: images(0, 2, 3), testLabels: labels() },
      DataError,
      /t10k-images.*at least 1/,
    ],
    ['no pixels', { testImages: images(2, 0, 3) }, ShapeError, /t10k-images.*0x3, have no pixels/],
    [
      'gzip without its name',
      { testLabels: new Uint8Array(gzipSync(labels(1, 2))) },
      FormatError,
      /t10k-labels.*gzip/,
    ],
  ])('with %s', async (_, change, type, message) => {
    await write({ ...good(), ...change });
    await refused(type, message);
  });

  test('that is missing', async () => {
    await rm(folder, { recursive: true });
    const error = await refused(
      FileError,
      /lanegrad-idx-.*: cannot be read as a folder.*no such file or folder/,
    );
    expect(error.cause).toMatchObject({ code: 'ENOENT' });
    await mkdir(folder);
  });

  test('that is a file', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    const error = await refused(
      FileError,
      /cannot be read as a folder of IDX files: .*is a file, not a folder/,
    );
    expect(error.cause).toMatchObject({ code: 'ENOTDIR' });
  });

  test.each(Object.entries(NAMES))('without %s', async (key, name) => {
    const files: Partial<Files> = good();
    delete files[key as keyof Files];
    await write(files);
    const dotted = name.replace('-idx', '.idx');
    const error = await refused(
      FileError,
      new RegExp(`lanegrad-idx-\\w+: has no ${name} \\(or ${dotted}, .*\\.gz\\)`),
    );
    expect(error.cause).toMatchObject({ code: 'ENOENT' });
  });

  test('with a folder in place of a file', async () => {
    const { testLabels, ...others } = good();
    await write(others);
    await mkdir(join(folder, NAMES.testLabels));
    await writeFile(join(folder, `${NAMES.testLabels}.gz`), gzipSync(testLabels));
    const error = await refused(
      FileError,
      /t10k-labels-idx1-ubyte: cannot be read: it is a folder, not a file/,
    );
    expect(error.cause).toMatchObject({ code: 'EISDIR' });
  });

  test('with broken gzip', async () => {
    const { testLabels, ...others } = good();
    await write(others);
    await writeFile(join(folder, `${NAMES.testLabels}.gz`), gzipSync(testLabels).subarray(0, -9));
    const error = await refused(FormatError, /t10k-labels-idx1-ubyte\.gz: cannot be decompressed as gzip/);
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('with .gz that is no gzip', async () => {
    const { testLabels, ...others } = good();
    await write(others);
    await writeFile(join(folder, `${NAMES.testLabels}.gz`), testLabels);
    await refused(FormatError, /\.gz: cannot be decompressed as gzip: incorrect header check/);
  });
});

test('decompression stops at its limit', async () => {
  const bomb = gzipSync(new Uint8Array(1_000_000));
  expect(bomb.length).toBeLessThan(2_000);
  expect(await unzip(bomb, 'bomb.gz', 1_000_000)).toHaveLength(1_000_000);
  const limited = unzip(bomb, 'bomb.gz', 999_999);
  await expect(limited).rejects.toThrow(FormatError);
  await expect(limited).rejects.toThrow(/^bomb\.gz: decompresses to more than the 999999 bytes allowed/);
});

test('arguments are checked', async () => {
  await expect(loadIdxFolder('')).rejects.toThrow(OptionError);
  await expect(loadIdxFolder(folder, { nam: 'x' } as object)).rejects.toThrow(/unknown option "nam".*"name"/);
});
