/**
 * Metrics of several labels at once: scikit-learn's documented examples, their definitions, and where they
 * are measured.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { dense } from '../../src/nn/dense.js';
import { adam } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate, predict } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import type { Metric } from '../../src/train/metrics/metric.js';
import { hammingLoss, multilabelF1, subsetAccuracy } from '../../src/train/metrics/multilabel.js';
import { strict } from './fit-setting.js';
import { clouds } from './sets.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Of logits and targets by rows, in batches of `batch` rows. */
function measure(metric: Metric, logits: number[][], truth: number[][], batch = 2): number {
  const sum = metric.start(logits[0].length);
  for (let from = 0; from < logits.length; from += batch) {
    const own = logits.slice(from, from + batch);
    sum.add({
      rows: own.length,
      outputs: own.flat(),
      targets: truth.slice(from, from + batch).flat(),
      probabilities: () => own.flat().map(sigmoid),
    });
  }
  return sum.value();
}

/** Logits of predicted zeros and ones. */
const saying = (labels: number[][]) => labels.map((row) => row.map((label) => label - 0.5));

describe('as scikit-learn documents it', () => {
  const truth = [
    [0, 0, 0],
    [1, 1, 1],
    [0, 1, 1],
  ];
  const predicted = [
    [0, 0, 0],
    [1, 1, 1],
    [1, 1, 0],
  ];

  test('f1_score, with 2/3, 1 and 2/3 for the labels', () => {
    expect(measure(multilabelF1(), saying(predicted), truth)).toBeCloseTo(7 / 9, 12);
    expect(measure(multilabelF1({ average: 'micro' }), saying(predicted), truth)).toBeCloseTo(0.8, 12);
  });

  test('hamming_loss and accuracy_score', () => {
    const labels = [
      [0, 1],
      [1, 1],
    ];
    expect(
      measure(
        hammingLoss(),
        saying([
          [0, 0],
          [0, 0],
        ]),
        labels,
      ),
    ).toBe(0.75);
    expect(
      measure(
        subsetAccuracy(),
        saying([
          [1, 1],
          [1, 1],
        ]),
        labels,
      ),
    ).toBe(0.5);
  });
});

test('a label that is neither there nor predicted counts 0, as scikit-learn’s', () => {
  const truth = [
    [1, 0],
    [1, 0],
  ];
  expect(measure(multilabelF1(), saying(truth), truth)).toBe(0.5);
  expect(measure(multilabelF1({ average: 'micro' }), saying(truth), truth)).toBe(1);
  expect(measure(multilabelF1({ average: 'micro' }), saying([[0]]), [[0]])).toBe(0);
});

test('are what their definitions say, in batches of any size', () => {
  const cells = fc.tuple(fc.double({ min: -3, max: 3, noNaN: true }), fc.constantFrom(0, 1));
  const sets = fc
    .integer({ min: 1, max: 5 })
    .chain((width) =>
      fc.array(fc.array(cells, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 9 }),
    );
  fc.assert(
    fc.property(
      sets,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(0.5, 0.2, 0.9),
      (rows, batch, threshold) => {
        const logits = rows.map((row) => row.map(([logit]) => logit));
        const truth = rows.map((row) => row.map(([, label]) => label));
        const isPredicted = (x: number) => (threshold === 0.5 ? x > 0 : sigmoid(x) > threshold);
        const wrong = rows.map((row) => row.filter(([x, label]) => isPredicted(x) !== (label === 1)).length);
        const total = rows.length * rows[0].length;
        const options = { threshold };
        expect(measure(hammingLoss(options), logits, truth, batch)).toBeCloseTo(
          wrong.reduce((a, b) => a + b) / total,
          12,
        );
        expect(measure(subsetAccuracy(options), logits, truth, batch)).toBe(
          wrong.filter((n) => n === 0).length / rows.length,
        );
        const all = rows.flat();
        const both = all.filter(([x, label]) => isPredicted(x) && label === 1).length;
        const [said, there] = [
          all.filter(([x]) => isPredicted(x)).length,
          all.filter(([, l]) => l === 1).length,
        ];
        // The harmonic mean of precision and recall.
        const [p, r] = [both / said, both / there];
        const micro = both === 0 ? 0 : (2 * p * r) / (p + r);
        expect(measure(multilabelF1({ average: 'micro', ...options }), logits, truth, batch)).toBeCloseTo(
          micro,
          12,
        );
      },
    ),
  );
});

test('are not defined where a target is a share', () => {
  for (const metric of [multilabelF1(), subsetAccuracy(), hammingLoss()]) {
    expect(
      measure(
        metric,
        saying([
          [0, 1],
          [1, 1],
        ]),
        [
          [0, 1],
          [0.5, 1],
        ],
      ),
    ).toBeNaN();
  }
});

describe('in training', () => {
  // Whether a row is of cloud 0, and whether its last number is above 0.
  const of = (seed: number) => {
    const { inputs, labels, size } = clouds(200, { seed });
    const targets = Float32Array.from({ length: 2 * size }, (_, i) =>
      Number(i % 2 === 0 ? labels[i / 2] === 0 : inputs[8 * ((i - 1) / 2) + 7] > 0),
    );
    return dataset({ name: 'labels', inputs, targets, targetWidth: 2 });
  };
  const metrics = ['multilabelF1Macro', 'multilabelF1Micro', 'subsetAccuracy', 'hammingLoss', 'mae'] as const;

  test('they are measured along with errors of the probabilities, and may be monitored', async () => {
    const model = sequential(8, [dense(2)], { seed: 1 });
    const [train, validation] = [of(1), of(2)];
    const { epochs, best } = await fit(strict, model, train, {
      ...{
        loss: 'binaryCrossEntropy',
        optimizer: adam({ learningRate: 0.05 }),
        epochs: 20,
        validation,
        metrics,
      },
      earlyStopping: { monitor: 'validation.hammingLoss', patience: 20 },
    });
    const measured = epochs.map((epoch) => epoch.validation!.metrics!);
    const losses = measured.map((own) => own.hammingLoss);
    expect(losses[best!.epoch - 1]).toBe(Math.min(...losses));
    expect(losses[19]).toBeLessThan(losses[0] / 2);
    const { metrics: evaluated } = await evaluate(strict, model, validation, { metrics, batchSize: 7 });
    const probabilities = [...predict(strict, model, validation.inputs)];
    const rows = Array.from({ length: 200 }, (_, i) => [probabilities[2 * i], probabilities[2 * i + 1]]);
    const right = rows.filter((row, i) =>
      row.every((p, j) => p > 0.5 === (validation.targets![2 * i + j] === 1)),
    );
    expect(evaluated!.subsetAccuracy).toBe(right.length / 200);
    expect(evaluated!.mae).toBeCloseTo(
      probabilities.reduce((sum, p, i) => sum + Math.abs(p - validation.targets![i]), 0) / 400,
      6,
    );
  });

  test('they are refused where there are classes or numbers', async () => {
    const options = { optimizer: adam(), metrics: ['hammingLoss'] } as const;
    const classes = clouds(20);
    const numbers = of(1);
    const refused = [
      fit(strict, sequential(8, [dense(3)]), classes, {
        loss: 'softmaxCrossEntropy',
        validation: classes,
        ...options,
      }),
      fit(strict, sequential(8, [dense(2)]), numbers, {
        loss: 'meanSquaredError',
        validation: numbers,
        ...options,
      }),
    ];
    for (const one of refused) await expect(one).rejects.toThrow(OptionError);
    await expect(refused[0]).rejects.toThrow('"hammingLoss" is of multilabel, but this is classification');
    await expect(refused[1]).rejects.toThrow('"hammingLoss" is of multilabel, but this is regression');
  });
});

test.each<[() => unknown, string]>([
  [
    () => multilabelF1({ average: 'binary' as never }),
    'multilabelF1: option average: expected one of "macro", "micro"',
  ],
  [() => hammingLoss({ threshold: 1 }), 'hammingLoss: option threshold'],
  [() => subsetAccuracy({ treshold: 0.5 } as never), 'did you mean "threshold"?'],
])('is refused: %#', (make, message) => {
  expect(make).toThrow(OptionError);
  expect(make).toThrow(message);
});
