/**
 * fit and evaluate on targets and weights: closed forms that training must reach, and what does not fit
 * together.
 */
import { describe, expect, test } from 'vitest';
import { DataError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { type DatasetOptions, dataset } from '../../src/data/dataset.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { embedding } from '../../src/nn/embedding.js';
import { type LossName, softmaxCrossEntropy } from '../../src/nn/losses.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { cosineDecay, warmUp } from '../../src/nn/schedules.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate, predict } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { reals } from '../kernels/harness.js';
import { fingerprint } from '../nn/network.js';
import { clouds } from './sets.js';

const engines = [
  ['wasm', await createEngine({ math: 'strict' })],
  ['reference', createReferenceEngine()],
] as const;

const SIZE = 60;

/** Two inputs, and y = 2 x0 - 3 x1 + 0.5 + noise. */
function line(options: Partial<DatasetOptions> = {}) {
  const inputs = Float32Array.from(reals(2 * SIZE, 1));
  const noise = reals(SIZE, 2, 0.5);
  const targets = Array.from(noise, (e, i) => 2 * inputs[2 * i] - 3 * inputs[2 * i + 1] + 0.5 + e);
  return dataset({ name: 'line', inputs, targets, ...options });
}

/** Least squares by the normal equations, in float64: w0, w1, bias. */
function leastSquares(set: ReturnType<typeof line>): number[] {
  const rows = Array.from({ length: set.size }, (_, i) => [set.inputs[2 * i], set.inputs[2 * i + 1], 1]);
  const A = [0, 1, 2].map((a) => [
    ...[0, 1, 2].map((b) => rows.reduce((sum, row, i) => sum + (set.weights?.[i] ?? 1) * row[a] * row[b], 0)),
    rows.reduce((sum, row, i) => sum + (set.weights?.[i] ?? 1) * row[a] * set.targets![i], 0),
  ]);
  for (let k = 0; k < 3; k++) {
    for (let i = 0; i < 3; i++) {
      if (i === k) continue;
      const factor = A[i][k] / A[k][k];
      for (let j = k; j < 4; j++) A[i][j] -= factor * A[k][j];
    }
  }
  return A.map((row, k) => row[3] / row[k]);
}

describe.each(engines)('regression (%s)', (_, engine) => {
  test.each([false, true])('reaches the least-squares solution, weights %s', async (weighted) => {
    const weights = weighted ? Array.from({ length: SIZE }, (_, i) => i % 4) : undefined;
    const set = line(weights ? { weights } : {});
    const model = sequential(2, [dense(1)], { seed: 1 });
    const options = { loss: 'meanSquaredError', optimizer: sgd({ learningRate: 0.3 }) } as const;
    const history = await fit(engine, model, set, { ...options, batchSize: SIZE, epochs: 200 });
    const [w0, w1, bias] = leastSquares(set);
    const got = [...model.parameters[0].values, ...model.parameters[1].values];
    for (const [i, v] of [w0, w1, bias].entries()) expect(Math.abs(got[i] - v)).toBeLessThan(1e-4);
    // The loss is the weighted mean, of fit and of evaluate.
    let [sum, total] = [0, 0];
    for (let i = 0; i < SIZE; i++) {
      const e = w0 * set.inputs[2 * i] + w1 * set.inputs[2 * i + 1] + bias - set.targets![i];
      sum += (weights?.[i] ?? 1) * e * e;
      total += weights?.[i] ?? 1;
    }
    expect(history.epochs.at(-1)!.loss).toBeCloseTo(sum / total, 5);
    const evaluation = await evaluate(engine, model, set, { loss: 'meanSquaredError', batchSize: 7 });
    expect(evaluation.loss).toBeCloseTo(sum / total, 5);
    expect([evaluation.accuracy, evaluation.confusion]).toEqual([Number.NaN, []]);
  });

  test('the least absolute deviation of a constant is the median', async () => {
    const targets = [1, 2, 3, 10, 100];
    const set = dataset({ name: 'm', inputs: new Float32Array(5), targets });
    const model = sequential(1, [dense(1)]);
    await fit(engine, model, set, {
      loss: 'meanAbsoluteError',
      optimizer: sgd({ learningRate: cosineDecay({ learningRate: 0.5 }) }),
      batchSize: 5,
      epochs: 300,
    });
    expect(model.parameters[1].values[0]).toBeCloseTo(3, 1);
  });

  test('labels of two classes are targets of binaryCrossEntropy', async () => {
    const set = clouds(200, { classes: 2 });
    const model = sequential(8, [dense(1)], { seed: 1 });
    const history = await fit(engine, model, set, {
      loss: 'binaryCrossEntropy',
      optimizer: adam({ learningRate: 0.05 }),
      epochs: 20,
      validation: clouds(100, { classes: 2, seed: 9 }),
    });
    expect(history.epochs.at(-1)!.accuracy).toBeGreaterThan(0.97);
    expect(history.epochs.at(-1)!.validation!.accuracy).toBeGreaterThan(0.95);
    const evaluation = await evaluate(engine, model, set, { loss: 'binaryCrossEntropy' });
    const [[a, b], [c, d]] = evaluation.confusion;
    expect(a + b + c + d).toBe(200);
    expect((a + d) / 200).toBe(evaluation.accuracy);
    expect(Math.min(...evaluation.confidences)).toBeGreaterThanOrEqual(0.5);
  });

  test('several questions at once', async () => {
    const inputs = Float32Array.from(reals(300, 4));
    const targets = Array.from({ length: 200 }, (_, i) => {
      const row = Math.floor(i / 2);
      return inputs[3 * row + (i % 2)] > 0 ? 1 : 0;
    });
    const set = dataset({ name: 'q', inputs, targets, targetWidth: 2 });
    const model = sequential(3, [dense(2)], { seed: 1 });
    const options = { loss: 'binaryCrossEntropy', optimizer: adam({ learningRate: 0.1 }) } as const;
    const history = await fit(engine, model, set, { ...options, epochs: 60 });
    expect(history.epochs.at(-1)!.loss).toBeLessThan(0.25);
    expect(history.epochs.at(-1)!.accuracy).toBeNaN();
  });
});

describe('with everything', () => {
  const [[, engine]] = engines;
  /** The target depends on a category and a number. */
  function mixed(bytes: boolean) {
    const inputs = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? (i * 7) % 5 : (i * 13) % 50));
    const targets = Array.from(
      { length: 200 },
      (_, i) => [3, -1, 0, 2, 5][inputs[2 * i]] + inputs[2 * i + 1] / 25,
    );
    const options = { name: 'mixed', targets };
    return bytes
      ? dataset({ ...options, inputs: Uint8Array.from(inputs), scale: 1 })
      : dataset({ ...options, inputs: Float32Array.from(inputs) });
  }
  const make = () =>
    sequential(
      2,
      [
        embedding({ columns: [{ column: 0, cardinality: 5, width: 3 }] }),
        batchNorm(),
        dense(16, { activation: 'silu' }),
        dropout(0.05),
        dense(1),
      ],
      { seed: 4 },
    );
  const options = (epochs: number) => ({
    loss: 'meanSquaredError' as const,
    optimizer: adam({ learningRate: warmUp({ steps: 20, schedule: cosineDecay({ learningRate: 0.03 }) }) }),
    epochs,
  });

  test('learns, the same from bytes as from floats, and the same each time', async () => {
    const results = [];
    for (const bytes of [false, true, false]) {
      const model = make();
      const history = await fit(engine, model, mixed(bytes), options(40));
      expect(history.epochs.at(-1)!.loss).toBeLessThan(1);
      results.push(fingerprint(model));
      expect(predict(engine, model, [4, 10]).length).toBe(1);
    }
    expect(new Set(results).size).toBe(1);
  });

  test('a category that is none is refused, with its row and column', async () => {
    const model = make();
    const set = dataset({ name: 'bad', inputs: Float32Array.from([0, 1, 5, 1]), targets: [1, 2] });
    const expected = 'input at row 1, column 0: expected a category, a whole number from 0 to 4, given 5';
    await expect(fit(engine, model, set, options(1))).rejects.toThrow(DataError);
    await expect(fit(engine, model, set, options(1))).rejects.toThrow(`fit, train: ${expected}`);
    await expect(evaluate(engine, model, set, { loss: 'meanSquaredError' })).rejects.toThrow(expected);
    expect(() => predict(engine, model, [0.5, 1])).toThrow('predict: input at row 0, column 0');
  });
});

describe('what does not fit together', () => {
  const [[, engine]] = engines;
  const labelled = clouds(9);
  const cases: [
    what: string,
    set: ReturnType<typeof line>,
    outputs: number,
    loss: LossName,
    message: string,
  ][] = [
    [
      'targets and classes',
      line(),
      3,
      'softmaxCrossEntropy',
      'has targets, but softmaxCrossEntropy compares with class labels',
    ],
    [
      'labels and numbers',
      labelled,
      1,
      'meanSquaredError',
      'has labels of 3 classes, but meanSquaredError with 1 outputs compares with targets',
    ],
    [
      'labels of three classes',
      labelled,
      1,
      'binaryCrossEntropy',
      'or with one output the labels of 2 classes',
    ],
    [
      'labels and several outputs',
      clouds(9, { classes: 2 }),
      2,
      'binaryCrossEntropy',
      'has labels of 2 classes',
    ],
    ['another number of outputs', line(), 2, 'huber', 'has 1 numbers a target, but the model has 2 outputs'],
  ];
  test.each(cases)('%s', async (_, set, outputs, loss, message) => {
    const model = sequential(set.width, [dense(outputs)]);
    const run = fit(engine, model, set, { loss, optimizer: sgd({ learningRate: 1 }) });
    await expect(run).rejects.toThrow(ShapeError);
    await expect(run).rejects.toThrow(message);
  });

  test('targets of binaryCrossEntropy beyond 0 … 1', async () => {
    const set = line();
    const run = fit(engine, sequential(2, [dense(1)]), set, {
      loss: 'binaryCrossEntropy',
      optimizer: sgd({ learningRate: 1 }),
    });
    await expect(run).rejects.toThrow(DataError);
    await expect(run).rejects.toThrow('expected a number from 0 to 1');
  });

  test('rows that all weigh nothing have no gradient, and no NaN', async () => {
    const weights = Array.from({ length: 9 }, (_, i) => (i === 0 ? 1 : 0));
    const { inputs, labels } = labelled;
    const set = dataset({ name: 'w', inputs, labels, weights });
    const model = sequential(8, [dense(3)], { seed: 1 });
    const options = { loss: softmaxCrossEntropy(), optimizer: sgd({ learningRate: 1 }), shuffle: false };
    const history = await fit(engine, model, set, { ...options, batchSize: 3, epochs: 1 });
    expect(Number.isFinite(history.epochs[0].loss)).toBe(true);
    expect(model.parameters.every(({ values }) => values.every((v) => Number.isFinite(v)))).toBe(true);
  });
});
