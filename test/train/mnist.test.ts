/** The real thing, in small: part of an epoch of MNIST. */
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { sliceDataset } from '../../src/data/dataset.js';
import { loadMnist } from '../../src/data/mnist.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { sgd } from '../../src/nn/optimizers.js';
import { type Sequential, sequential } from '../../src/nn/sequential.js';
import { fit } from '../../src/train/fit.js';
import { fingerprint } from '../nn/network.js';

const mnist = await loadMnist();
const net = () => sequential(784, [dense(300, { activation: 'sigmoid' }), dense(10)], { seed: 1 });
const basic = { loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.5 }) } as const;

describe.each(['strict', 'fma'] as const)('MNIST (%s)', (math) => {
  test('an epoch of 12,800 images reaches 85 %', async () => {
    const engine = await createEngine({ backend: 'wasm', math });
    const train = sliceDataset(mnist.train, 0, 12_800);
    const { epochs, steps } = await fit(engine, net(), train, {
      ...basic,
      epochs: 1,
      validation: mnist.validation,
    });
    expect(steps).toBe(200);
    expect(epochs[0].validation!.accuracy).toBeGreaterThan(0.85);
    expect(epochs[0].loss).toBeLessThan(1);
    engine.dispose();
  });

  test('skipping the zeros does not change a bit', async () => {
    const engine = await createEngine({ backend: 'wasm', math });
    const train = sliceDataset(mnist.train, 0, 2000);
    const usual = net();
    await fit(engine, usual, train, { ...basic, epochs: 1, shuffle: false });
    // The same steps by hand, on the dense path: the batch is never looked at for zeros.
    const model = net();
    const compiled = new CompiledModel(engine, model, { maxRows: 64, optimizer: basic.optimizer });
    // As bytes are scaled: in float32.
    const pixels = Float32Array.from(train.inputs, (byte) => byte * Math.fround(1 / 255));
    for (let start = 0; start < train.size; start += 64) {
      const end = Math.min(start + 64, train.size);
      const plan = compiled.plan(end - start);
      plan.inputs.write(pixels.subarray(784 * start, 784 * end));
      plan.labels.write(train.labels.subarray(start, end));
      plan.forward();
      plan.loss();
      plan.step(0.5);
    }
    // Only the dense path writes the first weight's gradient.
    expect(Array.from(compiled.readGradients().get('0.weight')!).some((v) => v !== 0)).toBe(true);
    compiled.download();
    expect(fingerprint(model)).toBe(fingerprint(usual));
    engine.dispose();
  });
});

test('the reference and Wasm agree over 100 steps', async () => {
  const train = sliceDataset(mnist.train, 0, 3200);
  const engines = [createReferenceEngine(), await createEngine({ backend: 'wasm', math: 'strict' })];
  const runs: { losses: number[]; model: Sequential }[] = [];
  for (const engine of engines) {
    const [model, losses] = [net(), [] as number[]];
    await fit(engine, model, train, {
      ...basic,
      batchSize: 32,
      epochs: 1,
      onStep: ({ loss }) => losses.push(loss),
    });
    runs.push({ losses, model });
    engine.dispose();
  }
  const [expected, got] = runs;
  expect(got.losses).toHaveLength(100);
  for (const [i, v] of expected.losses.entries())
    expect(Math.abs(got.losses[i] / v - 1), `step ${i + 1}`).toBeLessThan(1e-4);
  for (const [p, { name, values }] of expected.model.parameters.entries()) {
    const other = got.model.parameters[p].values;
    const worst = values.reduce((max, v, i) => Math.max(max, Math.abs(v - other[i])), 0);
    expect(worst, name).toBeLessThan(1e-4);
  }
});
