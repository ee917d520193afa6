/**
 * Metrics: values worked by hand or published, definitions that any input must satisfy, and what is refused.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { accuracy, f1, precision, recall } from '../../src/train/metrics/confusion.js';
import type { Metric } from '../../src/train/metrics/metric.js';
import { rocAuc, topK } from '../../src/train/metrics/ranking.js';
import { r2 } from '../../src/train/metrics/regression.js';
import { metricNames, metricNamesOf, resolveMetrics } from '../../src/train/metrics/resolve.js';

/** Row-major outputs, as if they had come in batches of `batch` rows. */
function measure(metric: Metric, width: number, outputs: number[], truth: number[], batch = 3): number {
  const sum = metric.start(width);
  const rows = outputs.length / width;
  for (let start = 0; start < rows; start += batch) {
    const count = Math.min(batch, rows - start);
    const own = outputs.slice(start * width, (start + count) * width);
    const softmax = () =>
      Array.from({ length: count }, (_, row) => {
        const exps = own.slice(row * width, (row + 1) * width).map(Math.exp);
        const total = exps.reduce((a, b) => a + b);
        return exps.map((e) => e / total);
      }).flat();
    const cut = truth.slice((start * truth.length) / rows, ((start + count) * truth.length) / rows);
    sum.add({
      rows: count,
      outputs: own,
      probabilities: softmax,
      ...(metric.task === 'classification' ? { labels: cut } : { targets: cut }),
    });
  }
  return sum.value();
}

const named = (name: string, task: Metric['task'] = 'regression') => resolveMetrics('test', [name], task)[0];
/** Logits that make each row's prediction the given class. */
const predicting = (classes: number[], width: number) =>
  classes.flatMap((own) => Array.from({ length: width }, (_, i) => (i === own ? 2 : 0)));

// The example in scikit-learn's documentation of precision_score, recall_score and f1_score (version 1.5),
// with the values that it prints.
const labels = [0, 1, 2, 0, 1, 2];
const outputs = predicting([0, 2, 1, 0, 0, 1], 3);

describe('from the confusion matrix', () => {
  test.each([
    [precision({ average: 'macro' }), 2 / 9],
    [precision({ average: 'micro' }), 1 / 3],
    [recall({ average: 'macro' }), 1 / 3],
    [recall({ average: 'micro' }), 1 / 3],
    [f1({ average: 'macro' }), 0.8 / 3],
    [f1({ average: 'micro' }), 1 / 3],
    [accuracy(), 1 / 3],
    // By default the mean over the classes, for more than two.
    [precision(), 2 / 9],
    [f1(), 0.8 / 3],
  ])('$name is as scikit-learn documents it', (metric, expected) => {
    expect(measure(metric, 3, outputs, labels)).toBeCloseTo(expected, 12);
  });

  test('of two classes, class 1 is the positive one', () => {
    // Three true positives, one false positive, two false negatives, four true negatives.
    const truth = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0];
    const logits = predicting([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], 2);
    expect(measure(precision(), 2, logits, truth)).toBe(3 / 4);
    expect(measure(recall(), 2, logits, truth)).toBe(3 / 5);
    expect(measure(f1(), 2, logits, truth)).toBeCloseTo(2 / 3, 12);
    expect(measure(accuracy(), 2, logits, truth)).toBe(7 / 10);
    // A single logit says the same by its sign.
    const single = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0].map((v) => v - 0.5);
    for (const metric of [precision(), recall(), f1(), accuracy()]) {
      expect(measure(metric, 1, single, truth)).toBe(measure(metric, 2, logits, truth));
    }
  });

  test('a class that is never predicted counts 0, one that does not occur does not count', () => {
    expect(measure(precision(), 3, predicting([0, 0, 0], 3), [0, 0, 1])).toBeCloseTo((2 / 3 + 0) / 2, 12);
    expect(measure(precision(), 2, predicting([0, 0], 2), [0, 1])).toBe(0);
    expect(measure(f1(), 2, predicting([0, 0], 2), [0, 0])).toBe(0);
  });
});

describe('top k', () => {
  test('counts labels among the k largest', () => {
    // The example in scikit-learn's documentation of top_k_accuracy_score, k = 2.
    const scores = [0.5, 0.2, 0.2, 0.3, 0.4, 0.2, 0.2, 0.4, 0.3, 0.7, 0.2, 0.1];
    const truth = [0, 1, 2, 2];
    expect(measure(topK(2), 3, scores, truth)).toBe(0.75);
    expect(measure(topK(1), 3, scores, truth)).toBe(0.5);
    expect(measure(topK(3), 3, scores, truth)).toBe(1);
    expect(measure(topK(9), 3, scores, truth)).toBe(1);
  });

  test('of one is accuracy, ties included', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 60 }),
        (width, values) => {
          const rows = Math.floor(values.length / width);
          fc.pre(rows > 0);
          const own = values.slice(0, rows * width);
          const truth = own.filter((_, i) => i % width === 0).map((v) => (v + 2) % Math.max(2, width));
          expect(measure(topK(1), width, own, truth)).toBe(measure(accuracy(), width, own, truth));
        },
      ),
    );
  });
});

describe('the area under the ROC curve', () => {
  test('is as published', () => {
    // The example in scikit-learn's documentation of roc_auc_score: 0.75.
    expect(measure(rocAuc(), 1, [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
  });

  test('of two classes counts pairs, equal scores by half', () => {
    const sample = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(sample, (rows) => {
        const [positive, negative] = [true, false].map((kind) => rows.filter((row) => row[1] === kind));
        let pairs = 0;
        for (const [a] of positive) for (const [b] of negative) pairs += a > b ? 1 : a === b ? 0.5 : 0;
        const got = measure(
          rocAuc(),
          2,
          rows.flatMap(([score]) => [0, score]),
          rows.map(([, kind]) => Number(kind)),
          7,
        );
        const area = pairs / (positive.length * negative.length);
        if (Number.isNaN(area)) expect(got).toBeNaN();
        else expect(got).toBeCloseTo(area, 12);
      }),
    );
  });

  test('of more classes is the mean over each against all others', () => {
    const probabilities = [0.7, 0.2, 0.1, 0.1, 0.6, 0.3, 0.3, 0.3, 0.4, 0.2, 0.5, 0.3];
    const truth = [0, 1, 2, 2];
    // Class 0: 0.7 before all others, 1. Class 1: 0.6 before all, 1. Class 2: 0.4 before both, 0.3 before 0.1
    // and level with 0.3.
    const area = measure(rocAuc(), 3, probabilities.map(Math.log), truth);
    expect(area).toBeCloseTo((1 + 1 + 3.5 / 4) / 3, 12);
  });

  test('is not defined for one class, or for scores that are no numbers', () => {
    expect(measure(rocAuc(), 2, [0, 1, 0, 2], [1, 1])).toBeNaN();
    expect(measure(rocAuc(), 1, [1, Number.NaN], [1, 0])).toBeNaN();
  });
});

describe('of regression', () => {
  // The example that scikit-learn's documentation has for all of them.
  const predicted = [2.5, 0, 2, 8];
  const truth = [3, -0.5, 2, 7];
  test.each([
    ['mae', 0.5],
    ['mse', 0.375],
    ['rmse', Math.sqrt(0.375)],
    ['r2', 1 - 1.5 / 29.1875],
  ])('%s is as published', (name, expected) => {
    expect(measure(named(name), 1, predicted, truth)).toBeCloseTo(expected, 12);
  });

  test('r2 of several outputs is their mean, and of targets all equal 1 or 0', () => {
    // scikit-learn's example with multioutput uniform_average: 0.938….
    expect(measure(r2(), 2, [0, 2, -1, 2, 8, -5], [0.5, 1, -1, 1, 7, -6])).toBeCloseTo(
      0.9368005266622779,
      12,
    );
    expect(measure(r2(), 1, [-2, -2, -2], [-2, -2, -2])).toBe(1);
    expect(measure(r2(), 1, [-2, -2, -2 + 1e-8], [-2, -2, -2])).toBe(0);
  });

  test.each([0, 1])('r2 of %i rows is not defined', (rows) => {
    expect(measure(r2(), 2, [3, 4].slice(0, 2 * rows), [3, 5].slice(0, 2 * rows))).toBeNaN();
    expect(measure(r2(), 1, [3, 3].slice(0, rows + 1), [3, 3].slice(0, rows + 1))).toSatisfy((value) =>
      rows === 0 ? Number.isNaN(value) : value === 1,
    );
  });

  test('r2 does not lose a small spread about a large mean', () => {
    const target = [0, 1, 2, 3].map((v) => v + 1e9);
    expect(
      measure(
        r2(),
        1,
        target.map((v, i) => v + (i % 2)),
        target,
      ),
    ).toBeCloseTo(1 - 2 / 5, 6);
  });
});

describe('what is asked for', () => {
  test('is known by name', () => {
    const tasks = ['classification', 'regression', 'multilabel'] as const;
    const names = tasks.flatMap((task) => metricNamesOf(task).map((name) => named(name, task).name));
    expect(names).toEqual(metricNames);
  });

  test.each([
    ['rocauc', /expected one of accuracy, .* given "rocauc"; did you mean "rocAuc"/],
    [7, /given 7/],
    ['mae', /"mae" is of regression, but this is classification/],
  ])('%s is refused', (name, message) => {
    expect(() => resolveMetrics('test', [name], 'classification')).toThrow(OptionError);
    expect(() => resolveMetrics('test', [name], 'classification')).toThrow(message);
  });

  test('is refused when it is no list or names one twice', () => {
    expect(() => resolveMetrics('test', 'f1', 'classification')).toThrow(/expected a list/);
    expect(() => resolveMetrics('test', ['f1', f1()], 'classification')).toThrow(/"f1" is listed twice/);
    expect(() => topK(0)).toThrow(OptionError);
    // @ts-expect-error
    expect(() => precision({ average: 'weighted' })).toThrow(/"binary", "macro" or "micro"/);
  });
});
