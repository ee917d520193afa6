/** The batched network: against single images, against the scalar network, in both layouts, and trained. */
import { describe, expect, test } from 'vitest';
import {
  addGradients,
  backward,
  emptyBackward,
  forward,
  scalarNetwork,
} from '../../../src/assignment/q3-scalar/scalar.js';
import { BatchedNetwork } from '../../../src/assignment/q6-batched/network.js';
import { trainBatched } from '../../../src/assignment/q6-batched/train.js';
import { twoLayerModel } from '../../../src/assignment/shared.js';
import { NonFiniteError, OptionError, ShapeError } from '../../../src/base/errors.js';
import { createEngine } from '../../../src/create/engine.js';
import { createReferenceEngine } from '../../../src/create/reference.js';
import { dataset } from '../../../src/data/dataset.js';

const engines = {
  reference: async () => createReferenceEngine(),
  'Wasm strict': () => createEngine({ backend: 'wasm', math: 'strict' }),
  'Wasm fma': () => createEngine({ backend: 'wasm', math: 'fma' }),
};

const [B, I, O] = [6, 9, 4];
const model = twoLayerModel([I, 5, O], 8);
const inputs = Float32Array.from({ length: B * I }, (_, i) => Math.fround(Math.cos(3 * i)));
const labels = Int32Array.from({ length: B }, (_, i) => i % O);

/** Gradients of the mean loss by the scalar network. */
function expected() {
  const network = scalarNetwork(model);
  const sums = emptyBackward(network);
  let loss = 0;
  for (let s = 0; s < B; s++) {
    const x = Float64Array.from(inputs.subarray(s * I, (s + 1) * I));
    const pass = forward(network, x, labels[s]);
    loss += pass.l / B;
    addGradients(sums, backward(network, x, labels[s], pass));
  }
  const mean = (rows: readonly Float64Array[]) => rows.flatMap((row) => [...row].map((v) => v / B));
  return { loss, dW1: mean(sums.dW1), db1: mean([sums.db1]), dW2: mean(sums.dW2), db2: mean([sums.db2]) };
}

describe.each(Object.entries(engines))('BatchedNetwork on %s', (_, create) => {
  test.each([
    [6, 1],
    [1, 6],
    [2, 3],
    [3, 2],
  ])('[%i, %i, inputs] has the average of the scalar gradients', async (groups, rows) => {
    const network = new BatchedNetwork(await create(), model, { groups, rows });
    network.inputs.set(inputs);
    network.labels.set(labels);
    const { loss, ...gradients } = expected();
    expect(network.forward()).toBeCloseTo(loss, 6);
    network.backward();
    for (const name of ['dW1', 'db1', 'dW2', 'db2'] as const) {
      const given = network.read(name);
      expect(given).toHaveLength(gradients[name].length);
      for (const [i, v] of gradients[name].entries())
        expect(Math.abs(given[i] - v), `${name}[${i}]`).toBeLessThan(2e-7);
    }
    expect(network.shape('perSample dW1')).toEqual([groups, I, 5]);
    network.dispose();
  });

  test('an update lowers the loss, and overwrites no gradient', async () => {
    const network = new BatchedNetwork(await create(), model, { groups: 6, rows: 1 });
    network.inputs.set(inputs);
    network.labels.set(labels);
    const before = network.forward();
    network.backward();
    const gradient = network.read('dW2');
    network.backward();
    expect(network.read('dW2')).toEqual(gradient);
    network.update(0.1);
    expect(network.forward()).toBeLessThan(before);
    const trained = twoLayerModel([I, 5, O], 0);
    network.download(trained);
    trained.parameters[2].values.forEach((v, i) => {
      expect(v).toBeCloseTo(model.parameters[2].values[i] - 0.1 * gradient[i], 6);
    });
  });
});

/** Three classes of 12 noisy numbers. */
function toy(size: number) {
  const ofClass = Int32Array.from({ length: size }, (_, i) => i % 3);
  const values = Float32Array.from({ length: size * 12 }, (_, i) => {
    const [row, column] = [Math.floor(i / 12), i % 12];
    return (column % 3 === ofClass[row] ? 1 : 0) + 0.3 * Math.sin(12.9898 * i);
  });
  return dataset({ name: 'toy', inputs: values, labels: ofClass });
}
const sets = { train: toy(1000), validation: toy(90) };

describe.each(Object.entries(engines))('trainBatched on %s', (_, create) => {
  test('stays within rounding of single images and of the scalar network, and learns', async () => {
    const result = await trainBatched(await create(), sets, {
      hidden: 8,
      trainingBatchSize: 16,
      learningRate: 1,
    });
    expect(result.perSample.map(({ name }) => name)).toEqual(['l', 'dW1', 'db1', 'dW2', 'db2']);
    expect(result.asMatrix.map(({ name }) => name)).toEqual(['l', 'dW1', 'db1', 'dW2', 'db2']);
    for (const { scale } of result.perSample) expect(scale).toBeGreaterThan(0);
    expect(result.withinRounding).toBe(true);
    expect(result.tolerance).toBe(16 * 2 ** -24);
    expect(Math.max(...Object.values(result.maxRelative))).toBeLessThanOrEqual(result.tolerance);
    expect(result.shapes).toContainEqual({ name: 'X', shape: [8, 1, 12] });
    expect(result.shapes).toContainEqual({ name: 'perSample dW1', shape: [8, 12, 8] });
    expect(result.training).toMatchObject({ batchSize: 16, images: 992 });
    expect(result.training.after.accuracy).toBeGreaterThan(0.9);
    expect(result.training.after.loss).toBeLessThan(result.training.before.loss);
  });

  test('reproduces the numbers of question 3', async () => {
    const { example } = await trainBatched(await create(), sets, { hidden: 4, images: 32 });
    const scales = new Map(example.map(({ name, scale }) => [name, scale]));
    const s = 1 / (1 + Math.exp(-2));
    expect(scales.get('H')).toBeCloseTo(s, 12);
    expect(scales.get('l')).toBeCloseTo(Math.LN2, 12);
    expect(scales.get('dW2')).toBeCloseTo(s / 2, 12);
    expect(scales.get('dW1')).toBe(0);
    for (const { name, absolute } of example) expect(absolute, name).toBeLessThan(1e-7);
  });
});

test('refuses what does not fit', async () => {
  const engine = createReferenceEngine();
  expect(() => new BatchedNetwork(engine, model, { groups: 0, rows: 1 })).toThrow(OptionError);
  const network = new BatchedNetwork(engine, model, { groups: 2, rows: 1 });
  network.labels[1] = O;
  expect(() => network.forward()).toThrow(ShapeError);
  await expect(trainBatched(engine, sets, { batchSize: 0 })).rejects.toThrow(OptionError);
  const unknown: object = { epochs: 1 };
  await expect(trainBatched(engine, sets, unknown)).rejects.toThrow(/unknown option "epochs"/);
  await expect(trainBatched(engine, sets, { hidden: 4, learningRate: 1e30 })).rejects.toThrow(NonFiniteError);
  const reason = new Error('enough');
  await expect(trainBatched(engine, sets, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
