/** The tensor network, one image at a time: against the scalar network, the fused gradient, and trained. */
import { describe, expect, test } from 'vitest';
import { backward, forward, scalarNetwork } from '../../../src/assignment/q3-scalar/scalar.js';
import { TensorNetwork } from '../../../src/assignment/q5-tensor/network.js';
import { trainTensor } from '../../../src/assignment/q5-tensor/train.js';
import { twoLayerModel } from '../../../src/assignment/shared.js';
import type { TableName } from '../../../src/assignment/types.js';
import { EngineError, NonFiniteError, OptionError, ShapeError } from '../../../src/base/errors.js';
import { createEngine } from '../../../src/create/engine.js';
import { createReferenceEngine } from '../../../src/create/reference.js';
import { dataset } from '../../../src/data/dataset.js';

const engines = {
  reference: async () => createReferenceEngine(),
  'reference float64': async () => createReferenceEngine({ precision: 'float64' }),
  'Wasm strict': () => createEngine({ backend: 'wasm', math: 'strict' }),
  'Wasm fma': () => createEngine({ backend: 'wasm', math: 'fma' }),
};

const model = twoLayerModel([7, 5, 3], 4);
const image = Float32Array.from({ length: 7 }, (_, i) => Math.fround(Math.cos(3 * i)));
const label = 1;
const names: TableName[] = ['k', 'h', 'o', 'y', 'l', 'dy', 'do', 'db2', 'dW2', 'dh', 'dk', 'db1', 'dW1'];

describe.each(Object.entries(engines))('TensorNetwork on %s', (name, create) => {
  const tolerance = name.endsWith('float64') ? 1e-14 : 2e-6;

  test('has the scalar network’s numbers, each value by its name', async () => {
    const scalar = scalarNetwork(model);
    const x = Float64Array.from(image);
    const pass = forward(scalar, x, label);
    const expected = { ...pass, ...backward(scalar, x, label, pass) };
    const network = new TensorNetwork(await create(), model);
    network.forward(image, label);
    network.backward(label);
    for (const key of names) {
      const value = expected[key];
      const flat =
        typeof value === 'number'
          ? [value]
          : value instanceof Float64Array
            ? [...value]
            : value.flatMap((row) => [...row]);
      const given = network.read(key);
      expect(given).toHaveLength(flat.length);
      for (const [i, v] of flat.entries())
        expect(Math.abs(given[i] - v), `${key}[${i}]`).toBeLessThan(tolerance * (1 + Math.abs(v)));
    }
  });

  test('softmax backward through the Jacobian equals the fused gradient', async () => {
    const network = new TensorNetwork(await create(), model);
    for (let c = 0; c < 3; c++) {
      network.forward(image, c);
      network.backward(c);
      const fused = network.fusedGradient(c);
      network.read('do').forEach((v, j) => {
        expect(Math.abs(v - fused[j])).toBeLessThan(tolerance);
      });
    }
  });

  test('adds the gradients of several images up when told to', async () => {
    const network = new TensorNetwork(await create(), model);
    const gradient = (key: TableName) => Float64Array.from(network.read(key));
    network.forward(image, 0);
    network.backward(0);
    const first = gradient('dW1');
    network.forward(image, 2);
    network.backward(2);
    const second = gradient('dW1');
    network.forward(image, 0);
    network.backward(0, true);
    gradient('dW1').forEach((v, i) => {
      expect(Math.abs(v - first[i] - second[i])).toBeLessThan(tolerance);
    });
    network.backward(0);
    expect(gradient('dW1')).toEqual(first);
  });
});

/** Three classes of 12 noisy numbers, learnt in a moment. */
function toy(size: number) {
  const labels = Int32Array.from({ length: size }, (_, i) => i % 3);
  const inputs = Float32Array.from({ length: size * 12 }, (_, i) => {
    const [row, column] = [Math.floor(i / 12), i % 12];
    return (column % 3 === labels[row] ? 1 : 0) + 0.3 * Math.sin(12.9898 * i);
  });
  return dataset({ name: 'toy', inputs, labels });
}
const sets = { train: toy(600), validation: toy(90) };

describe('trainTensor', () => {
  test('learns, and reports what it did', async () => {
    const engine = await createEngine({ backend: 'wasm', math: 'strict' });
    const result = await trainTensor(engine, sets, { hidden: 8, checks: 50, learningRate: 0.5 });
    expect(result).toMatchObject({ layers: [12, 8, 3], images: 600, learningRate: 0.5, seed: 1 });
    expect(result.after.accuracy).toBeGreaterThan(0.95);
    expect(result.after.loss).toBeLessThan(result.before.loss);
    expect(result.fused.images).toBe(50);
    expect(result.fused.maxDeviation).toBeLessThan(4 * 2 ** -24);
    expect(result.losses.at(-1)!.images).toBe(600);
    expect(result.losses.at(-1)!.loss).toBeLessThan(result.losses[0].loss);
    expect(result.samplesPerSecond).toBeCloseTo(600 / result.seconds, 6);
    const again = await trainTensor(engine, sets, { hidden: 8, checks: 1, learningRate: 0.5 });
    expect(again.losses).toEqual(result.losses);
    expect(again.after).toEqual(result.after);
  });

  test('frees its memory', async () => {
    const engine = await createEngine({ backend: 'wasm', math: 'strict' });
    await trainTensor(engine, sets, { hidden: 8, images: 10 });
    const top = engine.heap.top;
    await trainTensor(engine, sets, { hidden: 8, images: 10 });
    expect(engine.heap.top).toBe(top);
  });

  test('refuses what does not fit', async () => {
    const engine = createReferenceEngine();
    const none: unknown = undefined;
    await expect(trainTensor(engine, { ...sets, train: none as never })).rejects.toThrow(OptionError);
    await expect(trainTensor(none as never, sets)).rejects.toThrow(/engine: expected one/);
    await expect(trainTensor(engine, sets, { images: 0 })).rejects.toThrow(OptionError);
    await expect(trainTensor(engine, sets, { learningRate: 1e30 })).rejects.toThrow(NonFiniteError);
    const network = new TensorNetwork(engine, model);
    expect(() => network.forward(image, 3)).toThrow(ShapeError);
    expect(() => network.forward(image.subarray(1), 0)).toThrow(ShapeError);
    network.dispose();
    network.dispose();
    expect(() => network.forward(image, 0)).toThrow(EngineError);
    const reason = new Error('enough');
    await expect(trainTensor(engine, sets, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
