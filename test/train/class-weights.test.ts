/** Weights of classes: what balanced ones come to, and that training minds them. */
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { dense } from '../../src/nn/dense.js';
import { binaryCrossEntropy, resolveLoss, softmaxCrossEntropy } from '../../src/nn/losses.js';
import { sequential } from '../../src/nn/sequential.js';
import { balancedClassWeights, withClassWeights } from '../../src/train/class-weights.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { reals } from '../kernels/harness.js';
import { basic, strict } from './fit-setting.js';

const withLabels = (labels: number[], classes = 2) =>
  dataset({ name: 'few', inputs: new Float32Array(labels.length), labels, classes });

test('balanced weights are as scikit-learn computes them', () => {
  // compute_class_weight('balanced', classes=[0, 1], y=[0, 0, 0, 0, 1, 1]) in its documentation's example
  // gives [0.75, 1.5].
  expect(balancedClassWeights(withLabels([0, 0, 0, 0, 1, 1]))).toEqual([0.75, 1.5]);
  // compute_class_weight('balanced', classes=[0, 2], y=[0, 0, 2]) gives [0.75, 1.5]; of classes that are
  // absent it knows nothing.
  expect(balancedClassWeights(withLabels([0, 0, 2], 4))).toEqual([0.75, 1, 1.5, 1]);
  expect(balancedClassWeights(withLabels([1, 1, 1]))).toEqual([1, 1]);
});

describe('the loss', () => {
  const set = withLabels([0, 0, 0, 1]);
  const weigh = (name: unknown, given: Parameters<typeof withClassWeights>[2], outputs = 2) =>
    withClassWeights('test', resolveLoss('test', name), given, set, outputs).config;

  test('keeps what it was told besides', () => {
    const smooth = softmaxCrossEntropy({ labelSmoothing: 0.1 });
    expect(weigh(smooth, 'balanced')).toEqual({ ...smooth.config, classWeights: [2 / 3, 2] });
    expect(weigh('softmaxCrossEntropy', 'balanced', 3)).toMatchObject({ classWeights: [2 / 3, 2, 1] });
    expect(weigh('softmaxCrossEntropy', [1, 5])).toMatchObject({ classWeights: [1, 5] });
  });

  test('of a single output weighs class 1 against class 0', () => {
    expect(weigh('binaryCrossEntropy', 'balanced', 1)).toMatchObject({ positiveWeight: 3 });
    expect(weigh('binaryCrossEntropy', [2, 1], 1)).toMatchObject({ positiveWeight: 0.5 });
  });

  test.each([
    ['meanSquaredError', 'balanced', /there are no classes/],
    [softmaxCrossEntropy({ classWeights: [1, 2] }), 'balanced', /weights of its own/],
    [binaryCrossEntropy({ positiveWeight: 2 }), 'balanced', /weights of its own/],
    ['binaryCrossEntropy', [1, 2, 3], /expected 2 weights, given 3/],
  ] as const)('%j with %j is refused', (loss, given, message) => {
    expect(() => weigh(loss, given)).toThrow(OptionError);
    expect(() => weigh(loss, given)).toThrow(message);
  });
});

test('a class of few is found more often with balanced weights', async () => {
  const size = 600;
  const labels = Array.from({ length: size }, (_, i) => Number(i % 20 === 0));
  const inputs = Float32Array.from(reals(size, 3, 1), (noise, i) => noise + labels[i]);
  const set = dataset({ name: 'rare', inputs, labels });
  const recallWith = async (classWeights?: 'balanced') => {
    const model = sequential(1, [dense(2)], { seed: 1 });
    await fit(strict, model, set, { ...basic, epochs: 10, ...(classWeights && { classWeights }) });
    return (await evaluate(strict, model, set, { metrics: ['recall'] })).metrics!.recall;
  };
  expect(await recallWith('balanced')).toBeGreaterThan((await recallWith()) + 0.3);
});
