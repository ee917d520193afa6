/**
 * Losses beside values that other libraries publish, and PyTorch's formulas in float64; each test names its
 * source.
 */
import { describe, expect, test } from 'vitest';
import { binaryCrossEntropy, huber, softmaxCrossEntropy } from '../../src/nn/losses.js';
import { expectNear, lossOf } from './parity.js';

const logits = (probabilities: number[][]) =>
  probabilities.map((row) => row.map((p) => Math.log(Math.max(p, 1e-30))));

describe('softmaxCrossEntropy', () => {
  test('scikit-learn’s documented log_loss', () => {
    // metrics.log_loss(['spam', 'ham', 'ham', 'spam'], [[.1, .9], [.9, .1], [.8, .2], [.35, .65]]) is
    // 0.21616…
    const outputs = logits([
      [0.1, 0.9],
      [0.9, 0.1],
      [0.8, 0.2],
      [0.35, 0.65],
    ]);
    expect(lossOf('softmaxCrossEntropy', outputs, { labels: [1, 0, 0, 1] }).value).toBeCloseTo(0.21616, 5);
  });

  test('Keras’ documented CategoricalCrossentropy', () => {
    const outputs = logits([
      [0.05, 0.95, 0],
      [0.1, 0.8, 0.1],
    ]);
    expect(lossOf('softmaxCrossEntropy', outputs, { labels: [1, 2] }).value).toBeCloseTo(1.177, 3);
    // Its example with sample_weight 0.3 and 0.7 gives 0.814, a sum over the batch size of 2; here it is over
    // the weights, 1.
    const weighted = lossOf('softmaxCrossEntropy', outputs, { labels: [1, 2] }, [0.3, 0.7]).value;
    expect(weighted / 2).toBeCloseTo(0.814, 3);
  });

  const outputs = [
    [0.2, -1.3, 2.1],
    [1.7, 0.4, -0.6],
    [-0.5, 0.9, 0.3],
    [3, -2, 1],
  ];
  const labels = [2, 1, 0, 0];
  const classWeights = [0.5, 2, 1.5];

  /** log softmax, by the definition. */
  function logShares(row: readonly number[]): number[] {
    const sum = row.reduce((total, v) => total + Math.exp(v), 0);
    return row.map((v) => v - Math.log(sum));
  }

  /**
   * PyTorch's documentation of CrossEntropyLoss: weights and label_smoothing, reduction 'mean'; sample
   * weights beside.
   */
  function expected(epsilon: number, c: readonly number[], s: readonly number[]): number {
    let [sum, total] = [0, 0];
    for (const [m, row] of outputs.entries()) {
      const logs = logShares(row);
      const y = labels[m];
      const smooth = logs.reduce((all, log, n) => all - c[n] * log, 0) / 3;
      sum += s[m] * ((1 - epsilon) * -c[y] * logs[y] + epsilon * smooth);
      total += s[m] * c[y];
    }
    return sum / total;
  }

  test.each([
    [0, [1, 1, 1], [1, 1, 1, 1]],
    [0.1, [1, 1, 1], [1, 1, 1, 1]],
    [0, classWeights, [1, 1, 1, 1]],
    [0.3, classWeights, [1, 1, 1, 1]],
    [0.3, classWeights, [1, 0.5, 0, 2]],
    [0, [1, 1, 1], [3, 1, 1, 0.1]],
  ])('PyTorch’s formula: smoothing %s, class weights %j, sample weights %j', (labelSmoothing, c, s) => {
    const loss = softmaxCrossEntropy({ labelSmoothing, classWeights: c });
    const { value, gradient } = lossOf(loss, outputs, { labels }, s);
    expectNear([value], [expected(labelSmoothing, c, s)], 1e-6);
    // And its gradient, by differences of the formula.
    const h = 1e-5;
    const numeric = outputs.flatMap((row) =>
      row.map((v, n) => {
        row[n] = v + h;
        const up = expected(labelSmoothing, c, s);
        row[n] = v - h;
        const down = expected(labelSmoothing, c, s);
        row[n] = v;
        return (up - down) / (2 * h);
      }),
    );
    expectNear(gradient, numeric, 1e-6);
  });
});

describe('binaryCrossEntropy', () => {
  test('Keras’ documented BinaryCrossentropy(from_logits=True)', () => {
    const outputs = [
      [-18.6, 0.51],
      [2.94, -12.8],
    ];
    const targets = [
      [0, 1],
      [0, 0],
    ];
    expect(lossOf('binaryCrossEntropy', outputs, { targets }).value).toBeCloseTo(0.865, 3);
    // With sample_weight 0.8 and 0.2 it gives 0.243…, over the batch size of 2 in place of the weights' sum
    // of 1.
    const weighted = lossOf('binaryCrossEntropy', outputs, { targets }, [0.8, 0.2]).value / 2;
    expect(Math.floor(1000 * weighted)).toBe(243);
  });

  test('PyTorch’s documented BCEWithLogitsLoss: logits 1.5, targets 1, pos_weight 1', () => {
    // docs: output = torch.full([10, 64], 1.5); target ones; pos_weight ones; result 0.2014.
    const outputs = Array.from({ length: 10 }, () => new Array<number>(64).fill(1.5));
    const targets = outputs.map((row) => row.map(() => 1));
    expect(lossOf(binaryCrossEntropy({ positiveWeight: 1 }), outputs, { targets }).value).toBeCloseTo(
      0.2014,
      4,
    );
    expect(lossOf(binaryCrossEntropy({ positiveWeight: 3 }), outputs, { targets }).value).toBeCloseTo(
      0.6042,
      3,
    );
  });
});

describe('losses of numbers', () => {
  // scikit-learn's documentation of mean_squared_error and mean_absolute_error.
  const one = { targets: [[3], [-0.5], [2], [7]], outputs: [[2.5], [0], [2], [8]] };
  const two = {
    targets: [
      [0.5, 1],
      [-1, 1],
      [7, -6],
    ],
    outputs: [
      [0, 2],
      [-1, 2],
      [8, -5],
    ],
  };
  test('meanSquaredError: 0.375 and 0.708', () => {
    expect(lossOf('meanSquaredError', one.outputs, one).value).toBeCloseTo(0.375, 6);
    expect(lossOf('meanSquaredError', two.outputs, two).value).toBeCloseTo(0.708, 3);
  });

  test('meanAbsoluteError: 0.5 and 0.75', () => {
    expect(lossOf('meanAbsoluteError', one.outputs, one).value).toBeCloseTo(0.5, 6);
    expect(lossOf('meanAbsoluteError', two.outputs, two).value).toBeCloseTo(0.75, 6);
  });

  test('huber: Keras’ documented 0.155, and PyTorch’s formula beyond delta', () => {
    const outputs = [
      [0.6, 0.4],
      [0.4, 0.6],
    ];
    const targets = [
      [0, 1],
      [0, 0],
    ];
    expect(lossOf('huber', outputs, { targets }).value).toBeCloseTo((0.36 + 0.36 + 0.16 + 0.36) / 8, 6);
    expect(lossOf('huber', outputs, { targets }).value).toBeCloseTo(0.155, 3);
    const { value, gradient } = lossOf(huber({ delta: 0.5 }), [[3, 0.2]], { targets: [[0, 0]] });
    expectNear([value], [(0.5 * (3 - 0.25) + 0.02) / 2]);
    expectNear(gradient, [0.25, 0.1]);
  });

  test('weights: Σ w e / Σ w, as PyTorch’s mse_loss(weight=…)', () => {
    const weights = [1, 2, 0, 5];
    const expected = (1 * 0.25 + 2 * 0.25 + 5 * 1) / 8;
    const { value, gradient } = lossOf('meanSquaredError', one.outputs, one, weights);
    expectNear([value], [expected]);
    expectNear(gradient, [(2 * -0.5) / 8, (2 * 2 * 0.5) / 8, 0, (2 * 5) / 8]);
  });
});
