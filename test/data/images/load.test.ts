/** Pictures by their paths: their pixels in the order asked for, and what is wrong with a bad one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataError, FileError, FormatError, OptionError, ShapeError } from '../../../src/base/errors.js';
import { loadImages } from '../../../src/data/images/load.js';

let folder = '';
const at = (name: string) => join(folder, name);
const picture = (value: number, width: number) =>
  encode({ width, height: 1, channels: 1, data: new Uint8Array(width).fill(value) });
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-load-'));
  await writeFile(at('a.png'), picture(10, 2));
  await writeFile(at('b.png'), picture(20, 2));
  await writeFile(at('wide.png'), picture(30, 4));
  await writeFile(at('text.png'), 'no picture');
});
afterAll(() => rm(folder, { recursive: true }));

test('rows are those of the paths, in their order', async () => {
  const { pictures, names, skipped } = await loadImages([at('b.png'), at('a.png')]);
  expect([...pictures.inputs]).toEqual([20, 20, 10, 10]);
  expect([pictures.imageShape, names, skipped]).toEqual([[1, 2, 1], [at('b.png'), at('a.png')], []]);
  const one = await loadImages(at('wide.png'), { size: [1, 2], channels: 3 });
  expect([...one.pictures.inputs]).toEqual(Array(6).fill(30));
});

test('what is no picture is an error, or is left out', async () => {
  await expect(loadImages([at('a.png'), at('text.png')])).rejects.toThrow(FormatError);
  const { names, skipped } = await loadImages([at('text.png'), at('a.png')], { skip: true });
  expect([names, skipped.map(({ path }) => path)]).toEqual([[at('a.png')], [at('text.png')]]);
  await expect(loadImages(at('text.png'), { skip: true })).rejects.toThrow(DataError);
});

test('files that are not there, other sizes and bad options are errors', async () => {
  await expect(loadImages(at('none.png'), { skip: true })).rejects.toThrow(FileError);
  await expect(loadImages([at('a.png'), at('wide.png')])).rejects.toThrow(ShapeError);
  await expect(loadImages([])).rejects.toThrow(DataError);
  for (const bad of [undefined, 3, [3], '']) {
    await expect(loadImages(bad as string)).rejects.toThrow(OptionError);
  }
  await expect(loadImages(at('a.png'), { sizes: 3 } as object)).rejects.toThrow(/sizes/);
});
