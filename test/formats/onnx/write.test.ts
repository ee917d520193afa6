/** ONNX files: that ONNX Runtime computes what lanegrad does, and that they come back with the same weights. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError, OptionError } from '../../../src/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { dense } from '../../../src/nn/dense.js';
import { sequential } from '../../../src/nn/sequential.js';
import { reals } from '../../kernels/harness.js';
import { models } from './models.js';
import { runModel, runOnnx, softmaxRows, worstDifference } from './runtime.js';

/** The agreement that is promised; float32 on both sides. */
const BOUND = 1e-5;

test('random models have the outputs of ONNX Runtime, for one row and for many', async () => {
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(models, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (model, rows, softmax) => {
      const inputs = Float32Array.from(reals(rows * model.inputSize, rows + 3, 1));
      const { name, dims, values } = await runOnnx(writeOnnx(model, { softmax }), inputs, model.inputSize);
      const own = runModel(model, inputs);
      const expected = softmax ? softmaxRows(own, model.outputSize) : own;
      expect(name).toBe(softmax ? 'probabilities' : 'logits');
      expect(dims).toEqual([rows, model.outputSize]);
      expect(worstDifference(values, expected)).toBeLessThanOrEqual(BOUND);
      checked += values.length;
    }),
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

test('the check can fail: another weight gives another output', async () => {
  const model = sequential(3, [dense(2)], { seed: 1 });
  const bytes = writeOnnx(model);
  model.parameters[0].values[0] += 1e-3;
  const inputs = Float32Array.of(1, 1, 1);
  const { values } = await runOnnx(bytes, inputs, 3);
  expect(worstDifference(values, runModel(model, inputs))).toBeGreaterThan(BOUND);
});

test('random models come back with the same layers and weights', () => {
  fc.assert(
    fc.property(models, fc.boolean(), (model, softmax) => {
      const back = readOnnx(writeOnnx(model, { softmax }), 'model.onnx');
      expect(back.softmax).toBe(softmax);
      expect(back.model.inputSize).toBe(model.inputSize);
      expect(back.model.layers.map(({ kind, config }) => ({ kind, ...config }))).toEqual(
        model.layers.map(({ kind, config }) => ({ kind, ...config })),
      );
      expect(back.model.parameters).toEqual(model.parameters);
    }),
    { numRuns: 100 },
  );
});

test('metadata come back', () => {
  const model = sequential(6, [dense(3)], { seed: 2 });
  const metadata = { input: { scale: 0.25, offset: -1 }, classNames: ['zero', 'eins', '二'] };
  const bytes = writeOnnx(model, { metadata, rawInputs: true });
  expect(readOnnx(bytes, 'model.onnx').metadata).toEqual(metadata);
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

  test("raw inputs without a scale, unknown options, a layer of one's own", () => {
    expect(() => writeOnnx(model(), { rawInputs: true })).toThrow(
      /option rawInputs: expected metadata\.input/,
    );
    expect(() => writeOnnx(model(), { raw: true } as never)).toThrow(OptionError);
    expect(() => writeOnnx(model(), { metadata: { classNames: ['a', 'b', 'c'] } })).toThrow(/at most 2/);
    const odd = { ...dense(2), kind: 'twirl' };
    expect(() => writeOnnx(sequential(2, [odd]))).toThrow(/a layer of kind "twirl" has no form in ONNX/);
  });
});
