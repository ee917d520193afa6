/** NPY and IDX files that are read by position: the rows, and the bits, of the same files read whole. */
import { appendFile, mkdir, mkdtemp, open, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError, FileError, FormatError, OptionError, ShapeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { loadIdxFolder } from '../../src/data/folder.js';
import { loadNpyFolder } from '../../src/data/npz.js';
import type { Dataset } from '../../src/data/set.js';
import type { Chunk, RandomAccess, StreamedDataset } from '../../src/data/stream.js';
import { streamIdxFolder, streamNpy, streamNpyFolder } from '../../src/data/stream-files.js';
import { type WritableNpy, writeNpy } from '../../src/formats/npy.js';
import { dense } from '../../src/nn/dense.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { bits, strict } from '../train/fit-setting.js';
import { writeIdx } from './write-idx.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-streams-'));
});
afterAll(() => rm(folder, { recursive: true }));

const ramp = (length: number, modulus: number) => Array.from({ length }, (_, i) => (i * 7) % modulus);

async function npy(name: string, array: WritableNpy): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, writeNpy(array));
  return path;
}

async function trained(train: Dataset | StreamedDataset, outputs = 3) {
  const loss: FitOptions['loss'] = train.targetWidth ? 'meanSquaredError' : 'softmaxCrossEntropy';
  const model = sequential(train.width, [dense(outputs)], { seed: 1 });
  await fit(strict, model, train, { loss, optimizer: sgd({ learningRate: 0.01 }), batchSize: 4, epochs: 2 });
  return bits(model);
}

describe('NPY', () => {
  test.each([
    ['uint8', Uint8Array.from(ramp(60, 251))],
    ['bool', Uint8Array.from(ramp(60, 2))],
    ['int8', Int8Array.from(ramp(60, 100), (v) => v - 50)],
    ['uint16', Uint16Array.from(ramp(60, 251), (v) => 200 * v)],
    ['int16', Int16Array.from(ramp(60, 251), (v) => v - 100)],
    ['int32', Int32Array.from(ramp(60, 251))],
    ['int64', BigInt64Array.from(ramp(60, 251), BigInt)],
    ['float32', Float32Array.from(ramp(60, 251), (v) => v / 7)],
    ['float64', Float64Array.from(ramp(60, 251), (v) => v / 7)],
  ] as const)('%s: the bits of training in memory', async (dtype, data) => {
    const labels = Int32Array.from(ramp(20, 3));
    const stream = await streamNpy({
      inputs: await npy('x.npy', { dtype, shape: [20, 3], data } as WritableNpy),
      labels: await npy('y.npy', { dtype: 'int32', shape: [20, 1], data: labels }),
      chunkRows: 6,
    });
    expect(stream).toMatchObject({ name: 'x', size: 20, width: 3, classes: 3 });
    expect((stream.source as RandomAccess).chunks).toEqual([6, 6, 6, 2]);
    const inputs = dtype === 'uint8' ? data : Float32Array.from(data as ArrayLike<number | bigint>, Number);
    expect(await trained(stream)).toEqual(await trained(dataset({ inputs, labels, classes: 3 })));
  });

  test('targets and weights', async () => {
    const inputs = Float32Array.from(ramp(60, 251), (v) => v / 251);
    const targets = Float32Array.from(ramp(40, 11));
    const weights = Float64Array.from(ramp(20, 5));
    const stream = await streamNpy({
      inputs: await npy('xt.npy', { dtype: 'float32', shape: [20, 3], data: inputs }),
      targets: await npy('t.npy', { dtype: 'float32', shape: [20, 2], data: targets }),
      weights: await npy('w.npy', { dtype: 'float64', shape: [20], data: weights }),
      targetNames: ['a', 'b'],
      chunkRows: 7,
    });
    expect(stream).toMatchObject({ targetWidth: 2, targetNames: ['a', 'b'], weighted: true });
    const set = dataset({ inputs, targets, targetWidth: 2, weights });
    expect(await trained(stream, 2)).toEqual(await trained(set, 2));
  });

  test('a folder as Keras names its arrays', async () => {
    const path = join(folder, 'keras');
    await mkdir(path);
    for (const [key, n] of [
      ['train', 24],
      ['test', 6],
    ] as const) {
      const data = Uint8Array.from(ramp(12 * n, 251));
      await writeFile(join(path, `x_${key}.npy`), writeNpy({ dtype: 'uint8', shape: [n, 4, 3], data }));
      const labels = BigInt64Array.from(ramp(n, 4), BigInt);
      await writeFile(join(path, `y_${key}.npy`), writeNpy({ dtype: 'int64', shape: [n], data: labels }));
    }
    await same({ ...(await loadNpyFolder(path)) }, await streamNpyFolder(path, { chunkRows: 5 }));
  });

  /** Every part says what the one in memory says, and is trained to the same bits. */
  async function same(
    sets: Readonly<Record<string, Dataset>>,
    streams: Awaited<ReturnType<typeof streamNpyFolder>>,
  ) {
    expect(Object.keys(streams).sort()).toEqual(Object.keys(sets).sort());
    const identities = new Set<unknown>();
    for (const [part, stream] of Object.entries(streams)) {
      const { name, size, width, classes, scale, imageShape } = sets[part];
      expect(stream).toMatchObject({ name, size, width, classes, scale, imageShape });
      expect(await trained(stream, classes)).toEqual(await trained(sets[part], classes));
      identities.add(stream.identity);
    }
    expect(identities.size).toBe(4);
  }

  test('a folder of IDX files', async () => {
    const path = join(folder, 'idx');
    await mkdir(path);
    for (const [key, n] of [
      ['train', 24],
      ['t10k', 6],
    ] as const) {
      const images = writeIdx('u8', [n, 4, 3], ramp(12 * n, 251));
      await writeFile(join(path, `${key}-images-idx3-ubyte`), images);
      await writeFile(join(path, `${key}-labels.idx1-ubyte`), writeIdx('u8', [n], ramp(n, 4)));
    }
    await same({ ...(await loadIdxFolder(path)) }, await streamIdxFolder(path, { chunkRows: 5 }));
    const images = join(path, 'train-images-idx3-ubyte');
    await rm(images);
    await expect(streamIdxFolder(path)).rejects.toThrow(FileError);
    await expect(streamIdxFolder(path)).rejects.toThrow('has no train-images-idx3-ubyte');
    await writeFile(`${images}.gz`, new Uint8Array(3));
    await expect(streamIdxFolder(path)).rejects.toThrow('decompress it first');
    await writeFile(images, writeIdx('f32', [24, 12], new Float32Array(288)));
    await expect(streamIdxFolder(path)).rejects.toThrow('expected u8, given f32');
  });

  test('of more than 4 GiB: rows are read from behind them', async () => {
    const rows = 60_000;
    const width = 20_000;
    const head = writeNpy({ dtype: 'float32', shape: [0, width], data: new Float32Array(0) });
    const text = new TextDecoder('latin1').decode(head).replace('(0, ', `(${rows}, `);
    const path = join(folder, 'large.npy');
    // The header keeps its length: it ends with spaces and a newline.
    await writeFile(path, `${text.trimEnd().padEnd(head.length - 1)}\n`, 'latin1');
    await truncate(path, head.length + 4 * rows * width);
    const file = await open(path, 'r+');
    await file.write(
      new Uint8Array(Float32Array.of(3, 5).buffer),
      0,
      8,
      head.length + 4 * (rows * width - 2),
    );
    await file.close();
    const labels = await npy('many.npy', { dtype: 'uint8', shape: [rows], data: new Uint8Array(rows) });
    const stream = await streamNpy({ inputs: path, labels });
    const { chunks, read } = stream.source as RandomAccess;
    const last = (chunks as number[]).length - 1;
    const { inputs } = (await read(last, { signal: new AbortController().signal })) as Chunk & {
      inputs: Float32Array;
    };
    expect([...inputs.slice(-3)]).toEqual([0, 3, 5]);
    expect(inputs.length).toBe((chunks as number[])[last] * width);
    await rm(path);
  });
});

describe('what is refused', () => {
  const x: WritableNpy = { dtype: 'float32', shape: [4, 2], data: new Float32Array(8) };
  const y: WritableNpy = { dtype: 'int32', shape: [4], data: new Int32Array(4) };
  const both = async (inputs: WritableNpy, labels: WritableNpy) =>
    streamNpy({ inputs: await npy('bad-x.npy', inputs), labels: await npy('bad-y.npy', labels) });

  test('arrays that do not fit', async () => {
    const kinds: [WritableNpy, WritableNpy, string, new (...args: never[]) => Error][] = [
      [{ ...x, shape: [8, 1] }, y, 'counts differ: 8 samples, and 4 rows', DataError],
      [{ ...x, shape: [4, 0, 2], data: new Float32Array(0) }, y, 'expected numbers, given 4x0x2', DataError],
      [x, { ...y, shape: [4, 2], data: new Int32Array(8) }, 'expected [n] or [n, 1], given 4x2', ShapeError],
      [x, { ...y, data: Int32Array.of(0, 1, -1, 0) }, 'label 2: expected a whole number', DataError],
      [{ ...x, shape: [], data: new Float32Array(1) }, y, 'expected an array of rows', ShapeError],
    ];
    for (const [inputs, labels, message, kind] of kinds) {
      await expect(both(inputs, labels)).rejects.toThrow(kind);
      await expect(both(inputs, labels)).rejects.toThrow(message);
    }
  });

  test('files that are none, are cut off, or column-major', async () => {
    const path = await npy('cut.npy', x);
    const labels = await npy('cut-y.npy', y);
    await truncate(path, 150);
    await expect(streamNpy({ inputs: path, labels })).rejects.toThrow(
      'the file is too short: 4x2 of float32',
    );
    await writeFile(path, 'text, and no array');
    await expect(streamNpy({ inputs: path, labels })).rejects.toThrow(FormatError);
    const turned = new TextDecoder('latin1').decode(writeNpy(x)).replace('False,', 'True, ');
    await writeFile(path, turned, 'latin1');
    await expect(streamNpy({ inputs: path, labels })).rejects.toThrow('it is column-major');
    await expect(streamNpy({ inputs: join(folder, 'none.npy'), labels })).rejects.toThrow(FileError);
    await expect(streamNpy({ inputs: path })).rejects.toThrow(OptionError);
    await expect(streamNpyFolder(join(folder, 'none'))).rejects.toThrow(FileError);
  });

  test('a file that is written anew between two epochs, of the same length or another', async () => {
    const inputs = await npy('anew.npy', x);
    const stream = await streamNpy({ inputs, labels: await npy('same.npy', y), chunkRows: 2 });
    await expect(trained(stream, 2)).resolves.toBeDefined();
    // The system's clock may be coarse.
    await utimes(inputs, 1, 1);
    await expect(trained(stream, 2)).rejects.toThrow(
      /anew.npy: changed while it was read: it was written at 1970-01-01T00:00:01/,
    );
    await appendFile(inputs, 'x');
    await expect(trained(stream, 2)).rejects.toThrow('anew.npy: has become longer while it was read: it had');
  });

  test('a file that becomes shorter while it is trained on', async () => {
    const inputs = await npy('shrinks.npy', x);
    const stream = await streamNpy({ inputs, labels: await npy('stays.npy', y), chunkRows: 2 });
    await truncate(inputs, 140);
    await expect(trained(stream, 2)).rejects.toThrow('has become shorter while it was read');
  });

  test('a digest tells files apart', async () => {
    const labels = await npy('same.npy', y);
    const of = async (value: number) => {
      const data = new Float32Array(8).fill(value);
      return (await streamNpy({ inputs: await npy('one.npy', { ...x, data }), labels })).identity;
    };
    expect(await of(1)).toMatch(/^[0-9a-f]{64}$/);
    expect(await of(1)).toBe(await of(1));
    expect(await of(1)).not.toBe(await of(2));
  });
});
