/** Layers beside published values and closed forms; each test names its source. */
import { describe, expect, test } from 'vitest';
import { activation, activations } from '../../src/nn/activations.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { embedding } from '../../src/nn/embedding.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { activationFunctions } from '../exact.js';
import { reals } from '../kernels/harness.js';
import { expectNear, outputsOf } from './parity.js';

describe('activations', () => {
  // ONNX's operator documentation, docs/TestCoverage.md and onnx/backend/test/case/node: inputs -1, 0, 1.
  test.each([
    ['gelu', undefined, [-0.15865526, 0, 0.84134474]],
    ['geluTanh', undefined, [-0.158808, 0, 0.841192]],
    ['elu', { alpha: 2 }, [-1.2642411, 0, 1]],
    ['softplus', undefined, [0.31326166, Math.LN2, 1.31326163]],
    ['leakyRelu', { negativeSlope: 0.1 }, [-0.1, 0, 1]],
    ['sigmoid', undefined, [0.26894143, 0.5, 0.7310586]],
    ['tanh', undefined, [-0.76159418, 0, 0.76159418]],
    ['relu', undefined, [0, 0, 1]],
  ] as const)('%s, as ONNX publishes it', (name, options, expected) => {
    expectNear(outputsOf(activation(name, options), [[-1, 0, 1]]).outputs, expected, 1e-6);
  });

  test.each(activations)('%s: PyTorch’s formula in float64, as a layer and within dense', (name) => {
    const x = Array.from(reals(64, 3, 6));
    const expected = x.map(activationFunctions[name]);
    expectNear(outputsOf(activation(name), [x]).outputs, expected, 1e-6);
    const identity = Array.from({ length: 64 * 64 }, (_, i) => (i % 65 === 0 ? 1 : 0));
    const layer = dense(64, { activation: name, bias: false });
    expectNear(outputsOf(layer, [x], { parameters: { weight: identity } }).outputs, expected, 1e-6);
  });
});

describe('batchNorm', () => {
  const rows = [
    [1, 10],
    [2, 30],
    [6, 20],
  ];
  // Means 3 and 20; biased variances 14/3 and 200/3, unbiased 7 and 100.
  test('training: the closed form of BatchNorm1d, with running statistics by its rule', () => {
    const parameters = { weight: [2, 3], bias: [0.5, -1] };
    const { outputs, model } = outputsOf(batchNorm(), rows, { parameters, training: true });
    const first = rows.map(([v]) => (2 * (v - 3)) / Math.sqrt(14 / 3 + 1e-5) + 0.5);
    const second = rows.map(([, v]) => (3 * (v - 20)) / Math.sqrt(200 / 3 + 1e-5) - 1);
    expectNear(
      outputs,
      first.flatMap((v, i) => [v, second[i]]),
    );
    // PyTorch's documentation: momentum 0.1, running values from 0 and 1, the variance unbiased.
    expectNear(model.buffers[0].values, [0.3, 2]);
    expectNear(model.buffers[1].values, [0.9 + 0.7, 0.9 + 10]);
  });

  test('two batches alike: running = (1 - 0.9²)·batch + 0.9²·start', () => {
    const { model } = outputsOf(batchNorm(), rows, { training: true, batches: 2 });
    expectNear(model.buffers[0].values, [3 * 0.19, 20 * 0.19]);
    expectNear(model.buffers[1].values, [0.81 + 7 * 0.19, 0.81 + 100 * 0.19]);
  });

  test('predicting: running statistics, which stay', () => {
    const { outputs, model } = outputsOf(batchNorm({ eps: 3 }), rows);
    // Mean 0 and variance 1, and √(1 + 3) is 2.
    expectNear(
      outputs,
      rows.flat().map((v) => v / 2),
    );
    expectNear(model.buffers[1].values, [1, 1]);
  });
});

describe('layerNorm', () => {
  test('Keras’ documented example: rows 0 10, 20 30 … become -1 1', () => {
    const rows = [0, 1, 2, 3, 4].map((i) => [20 * i, 20 * i + 10]);
    const { outputs } = outputsOf(layerNorm({ eps: 1e-3 }), rows);
    expectNear(
      outputs,
      rows.flatMap(() => [-1, 1]),
      3e-5,
    );
  });

  test('the closed form of LayerNorm', () => {
    // Mean 2.5, biased variance 1.25.
    const parameters = { weight: [1, 2, 3, 4], bias: [4, 3, 2, 1] };
    const { outputs } = outputsOf(layerNorm(), [[1, 2, 3, 4]], { parameters });
    const normal = [-1.5, -0.5, 0.5, 1.5].map((v) => v / Math.sqrt(1.25 + 1e-5));
    expectNear(
      outputs,
      normal.map((v, i) => v * (i + 1) + 4 - i),
    );
  });
});

test('embedding is a product with one-hot rows, beside the columns that pass', () => {
  const table = [1, 2, 3, 4, 5, 6];
  const layer = embedding({ columns: [{ column: 1, cardinality: 3, width: 2 }] });
  const { outputs } = outputsOf(
    layer,
    [
      [9, 2, 8],
      [7, 0, 6],
    ],
    { parameters: { column1: table } },
  );
  expect(outputs).toEqual([9, 5, 6, 8, 7, 1, 2, 6]);
});

describe('dropout, as PyTorch documents it', () => {
  const ones = [new Array<number>(20_000).fill(1)];

  test('training: 0 or 1 / (1 - p), with the inputs’ mean', () => {
    const { outputs } = outputsOf(dropout(0.2), ones, { training: true });
    expect(new Set(outputs)).toEqual(new Set([0, Math.fround(1.25)]));
    const mean = outputs.reduce((sum, v) => sum + v, 0) / outputs.length;
    // Deviation of the mean: √(p / (1 - p) / n).
    expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(0.25 / 20_000));
  });

  test('predicting: the identity', () => {
    expect(outputsOf(dropout(0.9), ones).outputs).toEqual(ones[0]);
  });
});
