/** Asking a model: probabilities, classes and numbers, by what its outputs mean. */
import { describe, expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { dense } from '../../src/nn/dense.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { predict, predictClasses, predictProba } from '../../src/train/predict.js';
import { engines, strict } from './fit-setting.js';

/** Two numbers in, their sums with these weights out. */
function linear(weights: number[][]) {
  const model = sequential(2, [dense(weights[0].length)]);
  model.parameters[0].values.set(weights.flat());
  return model;
}
function expectClose(got: ArrayLike<number>, expected: readonly number[]): void {
  expect(got).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(got[i]).toBeCloseTo(value, 6);
}
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe.each(engines)('what outputs mean ($name)', ({ engine }) => {
  const inputs = [1, 0, 0, 1, -2, 1];

  test('logits of classes', () => {
    const options = { loss: 'softmaxCrossEntropy' } as const;
    const model = linear([
      [1, 2, 3],
      [0, -1, 0.5],
    ]);
    const rows = [
      [1, 2, 3],
      [0, -1, 0.5],
      [-2, -5, -5.5],
    ];
    const expected = rows.flatMap((row) => {
      const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
      return row.map((x) => Math.exp(x) / total);
    });
    for (const ask of [predict, predictProba]) {
      expectClose(ask(engine, model, inputs, options), expected);
    }
    expect([...predictClasses(engine, model, inputs, options)]).toEqual([2, 2, 0]);
  });

  test('of a model that was never trained, numbers that are given as they are', () => {
    expect([...predict(engine, linear([[1.5], [-1]]), inputs)]).toEqual([1.5, -1, -4]);
    const two = linear([
      [1, 2],
      [0, -1],
    ]);
    expect([...predict(engine, two, inputs)]).toEqual([1, 2, 0, -1, -2, -5]);
    for (const [name, ask] of Object.entries({ predictProba, predictClasses })) {
      expect(() => ask(engine, two, inputs)).toThrow(OptionError);
      expect(() => ask(engine, two, inputs)).toThrow(
        `${name}: option loss is required: the model has not been trained`,
      );
    }
  });

  test('a single logit of yes or no', () => {
    const model = linear([[1.5], [-1]]);
    const options = { loss: 'binaryCrossEntropy' } as const;
    const p = [1.5, -1, -4].map(sigmoid);
    expectClose(predict(engine, model, inputs, options), p);
    const both = predictProba(engine, model, inputs, options);
    expectClose(
      both,
      p.flatMap((value) => [1 - value, value]),
    );
    expect([...predictClasses(engine, model, inputs, options)]).toEqual([1, 0, 0]);
  });

  test('several questions at once', () => {
    const model = linear([
      [1, -1],
      [2, 0.5],
    ]);
    const options = { loss: 'binaryCrossEntropy' } as const;
    expectClose(predictProba(engine, model, [1, 1], options), [3, -0.5].map(sigmoid));
    expect(() => predictClasses(engine, model, [1, 1], options)).toThrow(
      /2 outputs are questions of their own/,
    );
  });

  test('numbers', () => {
    const model = linear([[1.5], [-1]]);
    for (const loss of ['meanSquaredError', 'meanAbsoluteError', 'huber'] as const) {
      expect([...predict(engine, model, inputs, { loss })]).toEqual([1.5, -1, -4]);
      expect(() => predictProba(engine, model, inputs, { loss })).toThrow(OptionError);
      expect(() => predictClasses(engine, model, inputs, { loss })).toThrow(/expected one of a classifier/);
    }
  });
});

test('more rows than are computed at once', () => {
  const model = linear([[1], [0]]);
  const inputs = Float32Array.from({ length: 2 * 601 }, (_, i) => (i % 2 ? 0 : i / 2));
  const expected = Array.from({ length: 601 }, (_, i) => i);
  expect([...predict(strict, model, inputs, { loss: 'meanSquaredError' })]).toEqual(expected);
});

test('what is no row is refused, under the name of what was called', () => {
  const model = linear([[1], [0]]);
  expect(() => predictProba(strict, model, [1, 2, 3])).toThrow(ShapeError);
  expect(() => predictProba(strict, model, [1, 2, 3])).toThrow(/^predictProba: expected rows of 2/);
  expect(() => predictClasses(strict, model, [1, Number.NaN])).toThrow(
    /^predictClasses: inputs: row 0, column 1/,
  );
  // @ts-expect-error
  expect(() => predict(strict, model, [1, 2], { loss: 'hinge' })).toThrow(/^predict: option loss/);
});

describe('regression', () => {
  // y = 3 a - b + 1, without noise.
  const numbers = (size: number) => {
    const inputs = Float32Array.from({ length: 2 * size }, (_, i) => Math.sin(7 * i));
    const targets = Float32Array.from({ length: size }, (_, i) => 3 * inputs[2 * i] - inputs[2 * i + 1] + 1);
    return dataset({ name: 'line', inputs, targets });
  };

  test('finds a line, and its metrics say so', async () => {
    const model = sequential(2, [dense(1)], { seed: 2 });
    const history = await fit(strict, model, numbers(200), {
      loss: 'meanSquaredError',
      optimizer: sgd({ learningRate: 0.1 }),
      batchSize: 20,
      epochs: 60,
      validation: numbers(50),
      metrics: ['mae', 'rmse', 'r2'],
    });
    const { validation, accuracy } = history.epochs[59];
    expect(accuracy).toBeNaN();
    expect(validation?.metrics?.r2).toBeGreaterThan(0.9999);
    const [a, b, bias] = [...model.parameters[0].values, ...model.parameters[1].values];
    expect(a).toBeCloseTo(3, 2);
    expect(b).toBeCloseTo(-1, 2);
    expect(bias).toBeCloseTo(1, 2);
    const { metrics, loss, confusion } = await evaluate(strict, model, numbers(50), {
      loss: 'meanSquaredError',
      metrics: ['mse', 'mae', 'rmse'],
      batchSize: 7,
    });
    expect(confusion).toEqual([]);
    expect(metrics?.mse).toBeCloseTo(loss, 10);
    expect(metrics?.rmse).toBeCloseTo(Math.sqrt(loss), 10);
    const predicted = predict(strict, model, numbers(50).inputs as Float32Array, {
      loss: 'meanSquaredError',
    });
    const errors = numbers(50).targets!.map((target, i) => Math.abs(predicted[i] - target));
    expect(metrics?.mae).toBeCloseTo(errors.reduce((total, e) => total + e, 0) / 50, 6);
  });

  test('has no accuracy to ask for', async () => {
    const options = {
      loss: 'meanSquaredError',
      optimizer: sgd({ learningRate: 0.1 }),
      validation: numbers(9),
    } as const;
    const run = (more: object) =>
      fit(strict, sequential(2, [dense(1)]), numbers(20), { ...options, ...more });
    await expect(run({ metrics: ['f1'] })).rejects.toThrow(
      /"f1" is of classification, but this is regression/,
    );
    await expect(run({ earlyStopping: { monitor: 'accuracy' } })).rejects.toThrow(
      /expected one of validation\.loss, loss/,
    );
    await expect(run({ classWeights: 'balanced' })).rejects.toThrow(/there are no classes/);
  });
});
