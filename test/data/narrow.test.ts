/** Inputs of one and two bytes: what is trained on are the numbers that they stand for, as float32. */
import { describe, expect, test } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { widened } from '../../src/data/narrow.js';
import type { Dataset } from '../../src/data/set.js';
import { type StreamDtype, type StreamedDataset, streamDataset } from '../../src/data/stream.js';
import { streamArrays } from '../../src/data/stream-arrays.js';
import { dense } from '../../src/nn/dense.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { fit } from '../../src/train/fit.js';
import { bits, strict } from '../train/fit-setting.js';

const labels = Int32Array.from({ length: 30 }, (_, i) => i % 3);
const raw = Array.from({ length: 120 }, (_, i) => (i * 37) % 251);

async function trained(train: Dataset | StreamedDataset) {
  const model = sequential(4, [dense(3)], { seed: 1 });
  const options = { optimizer: sgd({ learningRate: 0.1 }), batchSize: 4, epochs: 2 };
  await fit(strict, model, train, { loss: 'softmaxCrossEntropy', ...options });
  return bits(model);
}

/** 1, 0.5, -0.25, the smallest of all, the largest, and others: by the standard's own formula. */
const HALVES: readonly [bits: number, value: number][] = [
  [0x3c00, 1],
  [0x3800, 0.5],
  [0xb400, -0.25],
  [0x0001, 2 ** -24],
  [0x7bff, 65504],
  [0x0000, 0],
  [0x3555, 0.333251953125],
];

describe('are widened', () => {
  test.each<[StreamDtype, Int8Array | Uint16Array | Uint8Array, number, number]>([
    ['i8', Int8Array.from(raw, (v) => v - 125), 1 / 128, 0.25],
    ['u16', Uint16Array.from(raw, (v) => 261 * v), 1 / 65535, -0.5],
    ['u8', Uint8Array.from(raw), 1 / 255, 0],
    ['u8', Uint8Array.from(raw), 1 / 128, -1],
  ])('%s: the bits of training on the numbers', async (dtype, inputs, scale, offset) => {
    const numbers = Float32Array.from(inputs, (value) => {
      return Math.fround(value * Math.fround(scale)) + Math.fround(offset);
    });
    const expected = await trained(dataset({ inputs: numbers, labels, classes: 3 }));
    const stream = streamArrays({ inputs, labels, scale, offset });
    expect(stream).toMatchObject({ dtype, size: 30, width: 4, classes: 3, scale, offset });
    // A window holds all.
    expect(await trained(stream)).toEqual(expected);
    const rows = { width: 4, classes: 3, dtype, scale, offset };
    const read = (i: number) => ({
      inputs: Array.from({ length: 10 }, (_, row) => inputs.subarray(40 * i + 4 * row, 40 * i + 4 * row + 4)),
      labels: labels.subarray(10 * i, 10 * i + 10),
    });
    expect(await trained(streamDataset({ ...rows, chunks: 3, read }))).toEqual(expected);
  });

  test('f16, by its bits', async () => {
    const form = { dtype: 'f16', scale: 1, offset: 0, width: 1 } as const;
    const given = Uint16Array.from(HALVES, ([half]) => half);
    const values = widened('test', form, given);
    expect([...values]).toEqual(HALVES.map(([, value]) => value));
    expect([...widened('test', { ...form, scale: 2, offset: 1 }, given.subarray(0, 3))]).toEqual([3, 2, 0.5]);
    const inputs = Uint16Array.from({ length: 120 }, (_, i) => 0x3000 + 61 * i);
    const numbers = widened('test', form, inputs);
    expect(await trained(streamArrays({ inputs, labels, dtype: 'f16' }))).toEqual(
      await trained(dataset({ inputs: numbers, labels, classes: 3 })),
    );
  });

  test.runIf('Float16Array' in globalThis)('f16, in an array of its own', () => {
    const { Float16Array } = globalThis as unknown as { Float16Array: typeof Float32Array };
    const form = { dtype: 'f16', scale: 1, offset: 0, width: 1 } as const;
    const values = widened(
      'test',
      form,
      Float16Array.from(HALVES, ([, value]) => value),
    );
    expect([...values]).toEqual(HALVES.map(([, value]) => value));
  });

  test('targets and weights go along', async () => {
    const inputs = Int8Array.from(raw, (v) => v - 125);
    const targets = Float32Array.from({ length: 60 }, (_, i) => i / 60);
    const weights = Float32Array.from({ length: 30 }, (_, i) => i % 3);
    const stream = streamArrays({ inputs, targets, weights, targetWidth: 2, scale: 0.01, chunkRows: 7 });
    const set = dataset({
      ...{
        inputs: Float32Array.from(inputs, (v) => v * Math.fround(0.01)),
        targets,
        weights,
        targetWidth: 2,
      },
    });
    const run = async (train: Dataset | StreamedDataset) => {
      const model = sequential(4, [dense(2)], { seed: 1 });
      await fit(strict, model, train, { loss: 'meanSquaredError', optimizer: sgd({ learningRate: 0.1 }) });
      return bits(model);
    };
    expect(await run(stream)).toEqual(await run(set));
  });
});

describe('are refused', () => {
  const inputs = new Int8Array(120);
  test.each<[object, string, new (...args: never[]) => Error]>([
    [{ inputs: new Float64Array(120), labels }, 'option inputs: expected one of Uint8Array', OptionError],
    [{ inputs: raw, labels }, 'option inputs: expected a typed array', OptionError],
    [
      { inputs, labels, dtype: 'f16' },
      'expected Float16Array or Uint16Array, as dtype is "f16"',
      OptionError,
    ],
    [{ inputs, labels, width: 5 }, 'expected 150 inputs for 30 rows, given 120', DataError],
    [{ inputs, labels, targets: new Float32Array(30) }, 'given both', OptionError],
    [{ inputs }, 'given none', OptionError],
    [{ inputs, targets: new Float32Array(31), targetWidth: 2 }, 'expected targets in rows of 2', ShapeError],
    [{ inputs, labels: [] }, 'expected at least 1 row', DataError],
    [{ inputs, labels, weights: new Float32Array(29) }, 'expected 30 weights for 30 rows', DataError],
    [{ inputs, labels, scale: 0 }, 'option scale: expected a number other than 0', OptionError],
    [{ inputs, labels, window: 0 }, 'option window', OptionError],
    [{ inputs, labels, windows: 1 }, 'unknown option "windows"', OptionError],
  ])('%o', (options, message, kind) => {
    expect(() => streamArrays(options as never)).toThrow(kind);
    expect(() => streamArrays(options as never)).toThrow(message);
  });

  test('chunks of another class, and halves that are no number', async () => {
    const form = { width: 4, classes: 3, dtype: 'i8' } as const;
    const of = (given: unknown) =>
      trained(streamDataset({ ...form, chunks: 1, read: () => ({ inputs: given, labels }) as never }));
    await expect(of(new Uint8Array(120))).rejects.toThrow(
      'chunk 0: option inputs: expected Int8Array, as dtype',
    );
    const mixed = [...Array.from({ length: 29 }, () => new Int8Array(4)), new Uint8Array(4)];
    await expect(of(mixed)).rejects.toThrow('inputs: row 29: expected Int8Array');
    const ragged = [...Array.from({ length: 29 }, () => new Int8Array(4)), new Int8Array(3)];
    await expect(of(ragged)).rejects.toThrow('inputs: row 29: expected 4 numbers, given 3');
    const halves = new Uint16Array(120).fill(0x3c00);
    halves[17] = 0x7e00;
    const stream = streamArrays({ inputs: halves, labels, dtype: 'f16' });
    await expect(trained(stream)).rejects.toThrow(
      'input at row 4, column 1: expected a finite number, given NaN',
    );
  });
});
