/** Folders of pictures by class: what becomes of them, and what is wrong with a bad one. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataError, FileError, FormatError, OptionError, ShapeError } from '../../../src/base/errors.js';
import { folderKind } from '../../../src/data/any-folder.js';
import { type ImageFolderOptions, loadImageFolder } from '../../../src/data/images/folder.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-pictures-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A grey picture all of whose pixels are `value`. */
const grey = (value: number, height = 2, width = 3) =>
  encode({ width, height, channels: 1, data: new Uint8Array(height * width).fill(value) });
const coloured = (r: number, g: number, b: number, height = 2, width = 3) =>
  encode({
    ...{ width, height, channels: 3 },
    data: Uint8Array.from({ length: 3 * height * width }, (_, i) => [r, g, b][i % 3]),
  });

async function write(files: Record<string, Uint8Array | string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** So many pictures of each class: picture i of class c is of 100 c + i. */
const classes = (counts: Record<string, number>, under = '') =>
  Object.fromEntries(
    Object.entries(counts).flatMap(([name, count], c) =>
      Array.from({ length: count }, (_, i) => [
        join(under, name, `${String(i).padStart(3, '0')}.png`),
        grey(100 * c + i),
      ]),
    ),
  );

/** The first pixel of each picture of a part. */
const values = (set: { inputs: ArrayLike<number>; width: number; size: number } | undefined) =>
  Array.from({ length: set?.size ?? 0 }, (_, row) => set!.inputs[row * set!.width]);

async function refused(options: ImageFolderOptions = {}): Promise<Error> {
  return loadImageFolder(folder, options).then(
    () => new Error('it was taken'),
    (error) => error as Error,
  );
}

describe('a folder of classes', () => {
  test('is split by the seed, each class alike, and nothing is lost or twice', async () => {
    await write({
      ...classes({ cat: 20, dog: 20 }),
      '.DS_Store': 'x',
      'cat/.hidden.png': 'x',
      'cat/Thumbs.db': 'x',
    });
    const { train, validation, test, full, skipped } = await loadImageFolder(folder, {
      seed: 3,
      name: 'pets',
    });
    expect(full).toMatchObject({ name: 'pets', imageShape: [2, 3], width: 6, scale: 1 / 255, classes: 2 });
    expect([full.classNames, skipped]).toEqual([['cat', 'dog'], []]);
    expect([train.size, validation!.size, test!.size, full.size]).toEqual([28, 6, 6, 34]);
    const count = (set = train) => set.labels.reduce((sum, label) => sum + label, 0);
    expect([count(train), count(validation), count(test)]).toEqual([14, 3, 3]);
    expect(values(full)).toEqual([...values(train), ...values(validation)]);
    const all = [...values(full), ...values(test)];
    const expected = [
      ...Array.from({ length: 20 }, (_, i) => i),
      ...Array.from({ length: 20 }, (_, i) => 100 + i),
    ];
    expect(all.sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
    expect(train.inputs.buffer).toBe(test!.inputs.buffer);
    const again = await loadImageFolder(folder, { seed: 3 });
    const other = await loadImageFolder(folder, { seed: 4 });
    expect(values(again.test)).toEqual(values(test));
    expect([...values(other.validation), ...values(other.test)]).not.toEqual([
      ...values(validation),
      ...values(test),
    ]);
  });

  test('has colours as soon as one picture has', async () => {
    await write({
      'a/0.png': grey(7),
      'a/1.png': coloured(1, 2, 3),
      'b/0.png': grey(9),
      'b/1.png': coloured(5, 5, 5),
    });
    const { full } = await loadImageFolder(folder, { validation: 0, test: 0 });
    expect([full.imageShape, full.width]).toEqual([[2, 3, 3], 18]);
    const rows = Array.from({ length: 4 }, (_, row) => [...full.inputs.subarray(18 * row, 18 * row + 3)]);
    expect(rows).toEqual([
      [7, 7, 7],
      [1, 2, 3],
      [9, 9, 9],
      [5, 5, 5],
    ]);
    const { full: luma } = await loadImageFolder(folder, { validation: 0, test: 0, channels: 1 });
    expect([luma.imageShape, values(luma)]).toEqual([
      [2, 3],
      [7, 2, 9, 5],
    ]);
    await rm(join(folder, 'a/1.png'));
    const { full: three } = await loadImageFolder(folder, { validation: 0, test: 0, channels: 3 });
    expect([three.imageShape, three.size]).toEqual([[2, 3, 3], 3]);
  });

  test('may hold PNG and JPEG under any name, and links', async () => {
    const pixels = Buffer.alloc(4 * 8 * 8, 200);
    await write({
      'a/one.jpg': jpeg.encode({ width: 8, height: 8, data: pixels }, 90).data,
      'b/two': grey(3, 8, 8),
    });
    await mkdir(join(folder, 'elsewhere'));
    await write({ 'elsewhere/three.png': grey(4, 8, 8) });
    await rm(join(folder, 'elsewhere'), { recursive: true });
    await symlink(join(folder, 'a', 'one.jpg'), join(folder, 'b', 'linked.png'));
    await symlink(join(folder, 'b'), join(folder, 'c'));
    const { full } = await loadImageFolder(folder, { validation: 0, test: 0 });
    expect([full.classNames, values(full)]).toEqual([
      ['a', 'b', 'c'],
      [200, 200, 3, 200, 3],
    ]);
  });

  test('of parts is taken as it is', async () => {
    await write({
      ...classes({ x: 4, y: 4 }, 'train'),
      ...classes({ x: 2, y: 1 }, 'valid'),
      ...classes({ y: 3 }, 'test'),
    });
    const { train, validation, test, full } = await loadImageFolder(folder);
    expect([train.size, validation!.size, test!.size, full.size]).toEqual([8, 3, 3, 11]);
    expect([...test!.labels]).toEqual([1, 1, 1]);
    await rm(join(folder, 'valid'), { recursive: true });
    const without = await loadImageFolder(folder, { validation: 0.25, seed: 1 });
    expect([without.train.size, without.validation!.size, without.test!.size]).toEqual([6, 2, 3]);
    await rm(join(folder, 'test'), { recursive: true });
    const alone = await loadImageFolder(folder, { validation: 0 });
    expect([alone.train.size, alone.validation, alone.test]).toEqual([8, undefined, undefined]);
  });

  test('is told from the other kinds', async () => {
    expect(await folderKind(folder)).toBe('idx');
    await write(classes({ a: 1, b: 1 }));
    expect(await folderKind(folder)).toBe('images');
    await write({ 'x_train.npy': '' });
    expect(await folderKind(folder)).toBe('npy');
    await write({ 'train-images-idx3-ubyte': '' });
    expect(await folderKind(folder)).toBe('idx');
    await expect(folderKind(join(folder, 'none'))).rejects.toThrow(FileError);
  });
});

describe('pictures of several sizes', () => {
  test('are refused with the names of two, and brought to one size when asked', async () => {
    await write({ ...classes({ a: 2, b: 1 }), 'b/large.png': grey(50, 40, 60) });
    const error = await refused({ validation: 0, test: 0 });
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(
      /large\.png: .*a\/000\.png is of 2x3, and this of 40x60.*--image-size 2x3$/,
    );
    const { full } = await loadImageFolder(folder, { validation: 0, test: 0, size: [4, 4], fit: 'stretch' });
    expect([full.imageShape, values(full)]).toEqual([
      [4, 4],
      [0, 1, 100, 50],
    ]);
  });
});

describe('what is no picture', () => {
  test('is an error, or left out when asked, and told of', async () => {
    await write({ ...classes({ a: 3, b: 3 }), 'a/notes.txt': 'hello', 'b/broken.png': grey(1).slice(0, 30) });
    const error = await refused();
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toMatch(/a\/notes\.txt: it is no picture|b\/broken\.png: the PNG file is cut off/);
    const { full, test, skipped } = await loadImageFolder(folder, { skip: true, validation: 0, test: 0.25 });
    expect(full.size + test!.size).toBe(6);
    expect(
      skipped.map(({ path, problem }) => [path.slice(folder.length + 1), problem.slice(0, 20)]).sort(),
    ).toEqual([
      ['a/notes.txt', 'it is no picture; ex'],
      ['b/broken.png', 'the PNG file is cut '],
    ]);
  });

  test.each<
    [
      what: string,
      files: Record<string, Uint8Array | string>,
      options: ImageFolderOptions,
      type: typeof DataError,
      message: RegExp,
    ]
  >([
    ['one class', { 'a/0.png': grey(1) }, {}, DataError, /at least 2 classes, given \["a"\]/],
    ['no class', { 'notes.txt': '' }, {}, DataError, /at least 2 classes, given \[\]/],
    [
      'a picture beside the classes',
      { 'a/0.png': grey(1), 'b/0.png': grey(1), 'c.png': grey(1) },
      {},
      DataError,
      /c\.png: stands beside/,
    ],
    [
      'an empty class',
      { 'a/0.png': grey(1), 'b/.hidden': '' },
      {},
      DataError,
      /b: expected pictures of this class, given none/,
    ],
    [
      'a class that is not known',
      { 'a/0.png': grey(1), 'bat/0.png': grey(1) },
      { classNames: ['a', 'cat'] },
      DataError,
      /given "bat"; did you mean "cat"\?/,
    ],
    [
      'a class of the test alone',
      { 'train/a/0.png': grey(1), 'train/b/0.png': grey(1), 'test/c/0.png': grey(1) },
      {},
      DataError,
      /test\/c: expected the folders of the classes/,
    ],
    [
      'two names of a part',
      { 'train/a/0.png': grey(1), 'val/a/0.png': grey(1), 'valid/a/0.png': grey(1) },
      {},
      DataError,
      /"valid" is another name for "val"/,
    ],
    [
      'a folder within a class',
      { 'a/0.png': grey(1), 'b/c/0.png': grey(1) },
      {},
      FileError,
      /b\/c: cannot be read/,
    ],
    [
      'nothing but broken ones',
      { 'a/0.png': 'x', 'b/0.png': 'y' },
      { skip: true },
      DataError,
      /no picture is left to train on/,
    ],
    [
      'shares of all',
      { 'a/0.png': grey(1) },
      { validation: 0.5, test: 0.5 },
      DataError,
      /shares below 1 together/,
    ],
    ['a size of nothing', {}, { size: [0, 3] }, OptionError, /option size: expected \[height, width\]/],
    ['a fit without a size', {}, { fit: 'cover' }, OptionError, /option fit: expected a size besides/],
    ['an unknown option', {}, { sise: [2, 3] } as object, OptionError, /did you mean "size"/],
  ])('refuses %s', async (_, files, options, type, message) => {
    await write(files);
    const error = await refused(options);
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(message);
  });

  test('a folder that is not there', async () => {
    await expect(loadImageFolder(join(folder, 'none'))).rejects.toThrow(FileError);
  });
});
