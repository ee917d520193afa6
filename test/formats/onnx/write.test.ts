/**
 * ONNX files: that ONNX Runtime computes what lanegrad does, and that they come back with the same weights.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError, OptionError } from '../../../src/base/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { dense } from '../../../src/nn/dense.js';
import type { Layer } from '../../../src/nn/layer.js';
import { defineLayer } from '../../../src/nn/layer.js';
import { normalization } from '../../../src/nn/normalization.js';
import { type Sequential, sequential } from '../../../src/nn/sequential.js';
import { inputsFor, modelsOf, readList } from './models.js';
import { runModel, runOnnx, softmaxRows, worstDifference } from './runtime.js';

/** The agreement that is promised; float32 on both sides. */
const BOUND = 1e-5;

test('random models have the outputs of ONNX Runtime, for one row and for many', async () => {
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(
      modelsOf(true),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      async (model, rows, softmax) => {
        const inputs = inputsFor(model, rows, rows + 3);
        const { name, dims, values } = await runOnnx(writeOnnx(model, { softmax }), inputs, model.inputSize);
        const own = runModel(model, inputs);
        const expected = softmax ? softmaxRows(own, model.outputSize) : own;
        expect(name).toBe(softmax ? 'probabilities' : 'logits');
        expect(dims).toEqual([rows, model.outputSize]);
        expect(worstDifference(values, expected)).toBeLessThanOrEqual(BOUND);
        checked += values.length;
      },
    ),
    { numRuns: 120 },
  );
  expect(checked).toBeGreaterThan(100);
});

test('784-300-10, and raw pixels scaled inside', async () => {
  const model = sequential(784, [dense(300, { activation: 'sigmoid' }), dense(10)], { seed: 5 });
  const metadata = { input: { scale: 1 / 255, offset: -0.5, imageShape: [28, 28] as const } };
  const pixels = Float32Array.from({ length: 3 * 784 }, (_, i) => (i * 37) % 256);
  const scaled = Array.from(pixels, (pixel) => pixel / 255 - 0.5);
  const { values } = await runOnnx(writeOnnx(model, { metadata, rawInputs: true }), pixels, 784);
  expect(worstDifference(values, runModel(model, scaled))).toBeLessThanOrEqual(BOUND);
  // Without the option the file takes scaled values.
  const { values: plain } = await runOnnx(writeOnnx(model, { metadata }), Float32Array.from(scaled), 784);
  expect(worstDifference(plain, runModel(model, scaled))).toBeLessThanOrEqual(BOUND);
});

test('channels are normalised inside', async () => {
  for (const channels of [1, 3]) {
    const moments = { mean: [10, 20, -5].slice(0, channels), deviation: [2, 0.5, 30].slice(0, channels) };
    const model = sequential(12, [normalization(moments), dense(4, { activation: 'tanh' }), dense(2)], {
      seed: 5,
    });
    const inputs = Float32Array.from({ length: 36 }, (_, i) => (i * 37) % 50);
    const { values } = await runOnnx(writeOnnx(model), inputs, 12);
    expect(worstDifference(values, runModel(model, inputs))).toBeLessThanOrEqual(BOUND);
    const { model: back, metadata } = readList(writeOnnx(model));
    expect(metadata).toEqual({});
    expect(back.layers.map(({ kind }) => kind)).toEqual(['normalization', 'dense', 'dense']);
    expect(runModel(back, inputs)).toEqual(runModel(model, inputs));
  }
});

test('the check can fail: another weight gives another output', async () => {
  const model = sequential(3, [dense(2)], { seed: 1 });
  const bytes = writeOnnx(model);
  model.parameters[0].values[0] += 1e-3;
  const inputs = Float32Array.of(1, 1, 1);
  const { values } = await runOnnx(bytes, inputs, 3);
  expect(worstDifference(values, runModel(model, inputs))).toBeGreaterThan(BOUND);
});

/**
 * Layers as a file can tell them: what does nothing is gone, activations are in the dense layer before them.
 */
function told(layers: readonly Layer[]): Record<string, unknown>[] {
  const list: Record<string, unknown>[] = [];
  for (const { kind, config } of layers) {
    const last = list.at(-1);
    const isDefault = (config.negativeSlope ?? 0.01) === 0.01 && (config.alpha ?? 1) === 1;
    if (kind === 'dropout' || (kind === 'activation' && config.name === 'identity')) continue;
    if (kind === 'activation' && last?.kind === 'dense' && last.activation === 'identity' && isDefault) {
      last.activation = config.name;
    } else list.push({ kind, ...config, ...(config.affine === false && { affine: true }) });
  }
  return list;
}

test('random models come back with the same layers and weights', () => {
  let compared = 0;
  fc.assert(
    fc.property(modelsOf(true), fc.boolean(), (model, softmax) => {
      fc.pre(told(model.layers).some(({ kind }) => kind !== 'activation'));
      const back = readList(writeOnnx(model, { softmax }));
      expect(back.softmax).toBe(softmax);
      expect(back.model.inputSize).toBe(model.inputSize);
      expect(back.model.layers.map(({ kind, config }) => ({ kind, ...config }))).toEqual(told(model.layers));
      const inputs = inputsFor(model, 3, 5);
      expect(runModel(back.model, inputs)).toEqual(runModel(model, inputs));
      if (model.layers.some(({ config }) => config.affine === false)) return;
      const bits = (own: Sequential) =>
        [...own.parameters, ...own.buffers].map(({ values }) => Array.from(values));
      expect(bits(back.model)).toEqual(bits(model));
      compared++;
    }),
    { numRuns: 150 },
  );
  expect(compared).toBeGreaterThan(30);
});

test('metadata come back, scaled inside or not', () => {
  const model = sequential(6, [dense(3)], { seed: 2 });
  const metadata = {
    input: { scale: 0.25, offset: -1, imageShape: [2, 3] as const },
    classNames: ['zero', 'eins', '二'],
  };
  for (const rawInputs of [true, false]) {
    expect(readOnnx(writeOnnx(model, { metadata, rawInputs }), 'model.onnx').metadata).toEqual(metadata);
  }
  expect(readOnnx(writeOnnx(model), 'model.onnx').metadata).toEqual({});
});

test('the same model gives the same bytes', () => {
  const make = () => writeOnnx(sequential(6, [dense(4, { activation: 'relu' }), dense(3)], { seed: 9 }));
  expect(make()).toEqual(make());
});

describe('refusals', () => {
  const model = () => sequential(2, [dense(2)], { seed: 1 });

  test('a weight that is not finite', () => {
    const spoilt = model();
    spoilt.parameters[0].values[1] = Number.NaN;
    expect(() => writeOnnx(spoilt)).toThrow(DataError);
    expect(() => writeOnnx(spoilt)).toThrow(/parameter 0\.weight: expected finite values, given NaN at 1/);
  });

  test('raw inputs without a scale, unknown options, a layer of ours without a form', () => {
    expect(() => writeOnnx(model(), { rawInputs: true })).toThrow(
      /option rawInputs: expected metadata\.input/,
    );
    expect(() => writeOnnx(model(), { raw: true } as never)).toThrow(OptionError);
    expect(() => writeOnnx(model(), { metadata: { classNames: ['a', 'b', 'c'] } })).toThrow(/at most 2/);
    const odd = defineLayer('twirl', {}, dense(2));
    expect(() => writeOnnx(sequential(2, [odd]))).toThrow(/a layer of kind "twirl" has no form in ONNX/);
  });
});
