/**
 * Losses of one's own on sets: class labels as numbers, targets of another width than the output's, evaluate,
 * predict, and gradcheck.
 */
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { add, exp, log, mean, mul, slice, square, sub, sum } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import type { LossFunction } from '../../src/nn/losses.js';
import { freeze } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { predict, predictClasses } from '../../src/train/predict.js';
import { reals } from '../kernels/harness.js';
import { engines, strict } from './fit-setting.js';
import { clouds } from './sets.js';
import { both, severalSet, twoByTwo } from './several.js';

/**
 * Negative log-likelihood of a normal distribution: outputs are mean and log variance, targets one number.
 */
const normal: LossFunction = ({ output, target }) => {
  const [mu, logVariance] = [slice(output, 1, 0, 1), slice(output, 1, 1)];
  return mul(0.5, add(logVariance, mul(square(sub(target, mu)), exp(mul(-1, logVariance)))));
};

/** Cross-entropy of two classes from labels 0 and 1 as numbers, by log-sum-exp. */
const twoClasses: LossFunction = ({ output, target }) => {
  const [a, b] = [slice(output, 1, 0, 1), slice(output, 1, 1)];
  const right = add(mul(b, target), mul(a, sub(1, target)));
  return sub(log(add(exp(a), exp(b))), right);
};

describe.each(engines)('targets of another width ($name)', ({ engine }) => {
  test('two outputs for one target: the mean and the variance that the data have', async () => {
    const noise = reals(400, 3);
    const targets = Float32Array.from(noise, (e) => 2 + 0.5 * e);
    const set = dataset({ inputs: new Float32Array(400).fill(1), targets });
    const model = sequential(1, [dense(2)]);
    const options = { loss: normal, optimizer: adam({ learningRate: 0.05 }), batchSize: 400 };
    const history = await fit(engine, model, set, { ...options, epochs: 400, validation: set });
    const average = targets.reduce((total, y) => total + y, 0) / 400;
    const variance = targets.reduce((total, y) => total + (y - average) ** 2, 0) / 400;
    const [mu, logVariance] = predict(engine, model, [1]);
    expect(mu).toBeCloseTo(average, 3);
    expect(Math.exp(logVariance)).toBeCloseTo(variance, 3);
    // At its least, the likelihood is that of the data's own variance.
    expect(history.epochs.at(-1)!.validation!.loss).toBeCloseTo(0.5 * (Math.log(variance) + 1), 4);
    expect((await evaluate(engine, model, set)).loss).toBeCloseTo(0.5 * (Math.log(variance) + 1), 4);
  });

  test('labels are numbers in a column, and accuracy is counted where the link says classes', async () => {
    const set = clouds(60, { classes: 2 });
    const common = { optimizer: sgd({ learningRate: 0.3 }), batchSize: 16, epochs: 5, seed: 1 };
    const own = sequential(8, [dense(2)], { seed: 1 });
    const known = sequential(8, [dense(2)], { seed: 1 });
    const loss = ownLoss(twoClasses, { link: 'softmax', name: 'twoClasses' });
    const mine = await fit(engine, own, set, { ...common, loss });
    const theirs = await fit(engine, known, set, { ...common, loss: 'softmaxCrossEntropy' });
    for (const [i, { loss: expected, accuracy }] of theirs.epochs.entries()) {
      expect(mine.epochs[i].loss).toBeCloseTo(expected, 5);
      expect(mine.epochs[i].accuracy).toBe(accuracy);
    }
    const evaluation = await evaluate(engine, own, set, { metrics: ['f1'] });
    expect(evaluation.confusion.flat().reduce((total, n) => total + n, 0)).toBe(60);
    expect(evaluation.predictions).toEqual(predictClasses(engine, own, set.inputs));
  });
});

test('a set, or a metric, that does not fit the width is a named error and leaves nothing', async () => {
  const inputs = new Float32Array(8);
  const [one, two] = [
    dataset({ inputs, targets: new Float32Array(8) }),
    dataset({ inputs, targets: new Float32Array(16), targetWidth: 2 }),
  ];
  const model = sequential(1, [dense(2)]);
  const { top } = strict.heap;
  const options = { loss: normal, optimizer: adam(), epochs: 1 };
  await expect(fit(strict, model, one, { ...options, validation: two })).rejects.toThrow(
    /validation: "data" has 2 numbers a target, but "own" compares with 1/,
  );
  await expect(fit(strict, model, one, { ...options, validation: one, metrics: ['r2'] })).rejects.toThrow(
    /metrics: they compare outputs with targets, given 1 numbers a target for 2 outputs/,
  );
  const wrong: LossFunction = ({ output, target }) => mean(square(sub(output, target)));
  const three = dataset({ inputs, targets: new Float32Array(24), targetWidth: 3 });
  await expect(fit(strict, model, three, { ...options, loss: wrong })).rejects.toThrow(ShapeError);
  await expect(evaluate(strict, model, three, { loss: wrong })).rejects.toThrow(ShapeError);
  expect(strict.heap.top).toBe(top);
});

describe('gradcheck', () => {
  const engineMap = new Map(engines.map(({ name, engine }) => [name, engine]));
  test('several inputs and outputs, on random rows and on those of a set', () => {
    for (const more of [{}, { set: severalSet(10, 3), rows: 6 }]) {
      const result = gradcheck(twoByTwo(), { loss: both.loss, engines: engineMap, ...more });
      expect(result.parameters.map(({ name }) => name)).toEqual([
        ...['dense.weight', 'dense.bias', 'dense_1.weight', 'dense_1.bias'],
        ...['dense_2.weight', 'dense_2.bias', 'dense_3.weight', 'dense_3.bias'],
      ]);
      expect(result.passed).toBe(true);
      for (const { largest } of result.parameters) expect(largest).toBeGreaterThan(0);
    }
  });

  test('losses of one’s own: on targets as wide as the output, and on a set of another width', () => {
    const model = sequential(1, [dense(4, { activation: 'tanh' }), dense(2)]);
    const squares: LossFunction = ({ output, target }) => sum(square(sub(output, target)), { axis: 1 });
    expect(gradcheck(model, { loss: squares, engines: engineMap }).passed).toBe(true);
    const set = dataset({ inputs: [1, 2, 3], targets: [0.5, 1, -2] });
    const result = gradcheck(model, { loss: normal, set, engines: engineMap });
    expect(result.passed).toBe(true);
    expect(result.loss).not.toBe(0);
    expect(() => gradcheck(model, { loss: normal, set: severalSet(4) })).toThrow(/nothing|no input/);
    expect(() => gradcheck(model, { loss: normal, set, rows: 4 })).toThrow(/rows/);
  });

  test('what is frozen is left out, and the others are checked in their places', () => {
    const x = input([3]);
    const model = network(x, dense(2)(dense(4)(x)), { seed: 2 });
    freeze(model, 'dense.*');
    const result = gradcheck(model, { loss: 'meanSquaredError' });
    expect(result.parameters.map(({ name }) => name)).toEqual(['dense_1.weight', 'dense_1.bias']);
    expect(result.passed).toBe(true);
  });
});
