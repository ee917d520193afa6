/** Data sets as Keras has them: one NPZ file. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadNpyFolder, loadNpz } from '../../src/data/npz.js';
import { type WritableNpy, writeNpy } from '../../src/formats/npy.js';
import { writeNpz } from '../../src/formats/npz.js';
import { openTable } from '../../src/tables/open.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-npz-'));
});
afterAll(() => rm(folder, { recursive: true }));

const bytes = (shape: number[]): WritableNpy => {
  const size = shape.reduce((product, length) => product * length, 1);
  return { dtype: 'uint8', shape, data: Uint8Array.from({ length: size }, (_, i) => (i * 7) % 256) };
};
const labels = (size: number, shape = [size]): WritableNpy => ({
  dtype: 'int64',
  shape,
  data: BigInt64Array.from({ length: size }, (_, i) => BigInt(i % 3)),
});

async function write(name: string, arrays: Record<string, WritableNpy>): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, writeNpz(new Map(Object.entries(arrays))));
  return path;
}

it('images of bytes are read as those of IDX files', async () => {
  const path = await write('toy.npz', {
    x_train: bytes([24, 4, 5]),
    y_train: bytes([24]),
    x_test: bytes([6, 4, 5]),
    y_test: bytes([6]),
  });
  const { train, validation, test, full } = await loadNpz(path);
  expect(full).toMatchObject({ name: 'toy', size: 24, width: 20, imageShape: [4, 5], scale: 1 / 255 });
  expect([train.size, validation.size, test.size]).toEqual([22, 2, 6]);
  expect(full.classes).toBe(1 + 7 * 23);
  expect(test.labels).toEqual(Int32Array.of(0, 7, 14, 21, 28, 35));
  expect([...test.inputs.subarray(20, 23)]).toEqual([140, 147, 154]);
});

it('numbers are taken as they are, labels also as a column', async () => {
  const data = Float64Array.from({ length: 12 * 3 * 2 }, (_, i) => i / 4);
  const path = await write('floats.npz', {
    x_test: { dtype: 'float64', shape: [4, 3, 2, 1], data: data.slice(0, 24) },
    y_test: labels(4),
    x_train: { dtype: 'float64', shape: [12, 3, 2, 1], data },
    y_train: labels(12, [12, 1]),
  });
  const { full, test } = await loadNpz(path, { name: 'mine' });
  expect(full).toMatchObject({ name: 'mine', size: 12, classes: 3, scale: 1, imageShape: [3, 2] });
  expect(full.inputs).toEqual(Float32Array.from(data));
  expect(test.size).toBe(4);
});

it('images with channels, and a folder of the four arrays', async () => {
  const arrays = {
    x_train: bytes([12, 2, 3, 3]),
    y_train: labels(12),
    x_test: bytes([2, 2, 3, 3]),
    y_test: labels(2),
  };
  const own = join(folder, 'arrays');
  await mkdir(own);
  await expect(loadNpyFolder(own)).rejects.toThrow(/x_train\.npy: cannot be read/);
  for (const [name, array] of Object.entries(arrays))
    await writeFile(join(own, `${name}.npy`), writeNpy(array));
  const { full, test } = await loadNpyFolder(own);
  expect(full).toMatchObject({ name: 'arrays', size: 12, width: 18, classes: 3, imageShape: [2, 3, 3] });
  const same = await loadNpz(await write('arrays.npz', arrays));
  expect([same.full.inputs, same.test.labels]).toEqual([full.inputs, test.labels]);
  await writeFile(join(own, 'y_test.npy'), writeNpy(labels(3)));
  await expect(loadNpyFolder(own)).rejects.toThrow(/arrays, x_test: counts differ: 2 samples, 3 labels/);
});

it('what does not fit is refused', async () => {
  const good = { x_train: bytes([4, 2]), y_train: labels(4), x_test: bytes([2, 2]), y_test: labels(2) };
  const { y_test: _, ...lacking } = good;
  for (const [name, arrays, message] of [
    [
      'lacking',
      lacking,
      /lacking\.npz: as a data set, expected the arrays x_train.*given x_train, y_train, x_test$/,
    ],
    ['counts', { ...good, y_train: labels(5) }, /counts\.npz, x_train: counts differ: 4 samples, 5 labels/],
    [
      'shapes',
      { ...good, x_test: bytes([2, 3]) },
      /expected samples of one shape.*given uint8 2 and uint8 3/,
    ],
    [
      'fractions',
      { ...good, y_test: { dtype: 'float32', shape: [2], data: Float32Array.of(0, 0.5) } as const },
      /fractions\.npz, y_test: label 1: expected a whole number from 0 to 65535, given 0\.5/,
    ],
    ['one', { ...good, x_train: bytes([1, 2]), y_train: labels(1) }, /expected at least 2 samples to split/],
    ['scalar', { ...good, y_train: labels(1, []) }, /expected labels \[n\] or \[n, 1\], given int64 \[\]/],
  ] as const) {
    await expect(loadNpz(await write(`${name}.npz`, arrays)), name).rejects.toThrow(message);
  }
  await expect(loadNpz('')).rejects.toThrow(/loadNpz: path: expected a file/);
  const asTable = writeNpz(new Map<string, WritableNpy>(Object.entries(good)));
  await expect(openTable(asTable)).rejects.toThrow(/with x_train and x_test it is a data set, not a table/);
  await expect(openTable(writeNpy(good.x_train))).resolves.toMatchObject({ format: 'npy' });
});
