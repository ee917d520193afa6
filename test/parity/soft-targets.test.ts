/**
 * Cross-entropy with probabilities as targets: as PyTorch computed it (soft-targets.py), its limits, and what
 * is refused.
 */
import { describe, expect, test } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { dense } from '../../src/nn/dense.js';
import { lossOf as lossFrom } from '../../src/nn/loss-config.js';
import { softmaxCrossEntropy } from '../../src/nn/losses.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate, predict } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { engine, expectNear, lossOf } from './parity.js';
import recorded from './soft-targets.json' with { type: 'json' };

const soft = () => softmaxCrossEntropy({ answers: 'probabilities' });
const { one, student } = recorded;

test('value and gradient are PyTorch’s', () => {
  const { value, gradient } = lossOf(soft(), one.logits, { targets: one.targets });
  expectNear([value], [one.loss], 2e-7);
  expectNear(gradient, one.gradient.flat(), 2e-7);
});

test('so are ten steps of a student', async () => {
  const model = sequential(3, [dense(4)]);
  model.parameters[0].values.set(student.weight.flat());
  const inputs = Float32Array.from(student.inputs.flat());
  const set = dataset({
    name: 'soft',
    inputs,
    targets: Float32Array.from(student.targets.flat()),
    targetWidth: 4,
  });
  const { epochs } = await fit(engine, model, set, {
    ...{ loss: soft(), optimizer: sgd({ learningRate: 0.5 }), batchSize: 8, epochs: 10, validation: set },
    metrics: ['mae'],
  });
  expectNear(
    epochs.map(({ loss }) => loss),
    student.losses,
    1e-6,
  );
  expectNear(model.parameters[0].values, student.trained.flat(), 2e-6);
  // Without labels nothing can be right or wrong; what is predicted are probabilities all the same.
  expect(epochs[9].accuracy).toBeNaN();
  expect(epochs[9].validation?.metrics?.mae).toBeLessThan(0.25);
  expect(model.loss?.config).toEqual({ kind: 'softmaxCrossEntropy', answers: 'probabilities' });
  expect(predict(engine, model, inputs.subarray(0, 3)).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  const { loss } = await evaluate(engine, model, set);
  expect(loss).toBeCloseTo(epochs[9].validation!.loss, 6);
});

test('of certain targets it is cross-entropy with labels', () => {
  const labels = [2, 0, 4, 1, 3, 3];
  const certain = labels.map((label) => Array.from({ length: 5 }, (_, i) => Number(i === label)));
  const [a, b] = [
    lossOf(soft(), one.logits, { targets: certain }),
    lossOf('softmaxCrossEntropy', one.logits, { labels }),
  ];
  expectNear([a.value], [b.value], 2e-7);
  expectNear(a.gradient, b.gradient, 2e-7);
});

test('rows count by their weights', () => {
  const weights = [1, 0, 2, 0.5, 0, 1];
  const alone = one.logits.map((row, i) => lossOf(soft(), [row], { targets: [one.targets[i]] }).value);
  const total = weights.reduce((a, b) => a + b);
  const { value, gradient } = lossOf(soft(), one.logits, { targets: one.targets }, weights);
  expectNear([value], [alone.reduce((sum, own, i) => sum + own * weights[i], 0) / total], 1e-6);
  expectNear(
    gradient,
    one.gradient.flatMap((row, i) => row.map((g) => (g * 6 * weights[i]) / total)),
    1e-6,
  );
});

test('gradients pass the check, and a configuration makes an equal loss', () => {
  const model = sequential(4, [dense(6, { activation: 'tanh' }), dense(5)], { seed: 3 });
  expect(gradcheck(model, { loss: soft(), rows: 5, engines: new Map([['wasm', engine]]) })).toMatchObject({
    passed: true,
  });
  expect(lossFrom(JSON.parse(JSON.stringify(soft().config))).config).toEqual(soft().config);
});

describe('is refused', () => {
  const model = () => sequential(2, [dense(3)]);
  const options = { loss: soft(), optimizer: sgd({ learningRate: 0.1 }), epochs: 1 };
  const of = (targets: number[]) => dataset({ name: 'bad', inputs: [1, 2, 3, 4], targets, targetWidth: 3 });

  test.each([
    [[0.5, 0.5, 0, 0.5, 0.6, 0], 'targets of row 1: expected probabilities that add up to 1, given 1.1'],
    [[0.5, 0.5, 0, 0.2, 0.2, 0.2], 'targets of row 1: expected probabilities that add up to 1, given 0.6'],
    [[1.5, -0.5, 0, 0, 0, 1], 'target at row 0, column 0: expected a number from 0 to 1, given 1.5'],
  ])('%j', async (targets, message) => {
    await expect(fit(engine, model(), of(targets), options)).rejects.toThrow(DataError);
    await expect(evaluate(engine, model(), of(targets), { loss: soft() })).rejects.toThrow(message);
  });

  test('but not what half precision makes of a row', async () => {
    await fit(engine, model(), of([0.3332, 0.3332, 0.3332, 0.1, 0.2, 0.7]), options);
  });

  test('a set with labels, and options for labels', async () => {
    const labelled = dataset({ name: 'labels', inputs: [1, 2, 3, 4], labels: [0, 2] });
    const refused = fit(engine, model(), labelled, options);
    await expect(refused).rejects.toThrow(ShapeError);
    await expect(refused).rejects.toThrow('has labels of 3 classes, but softmaxCrossEntropy with 3 outputs');
    for (const more of [{ labelSmoothing: 0.1 }, { classWeights: [1, 2, 3] }]) {
      const make = () => softmaxCrossEntropy({ answers: 'probabilities', ...more });
      expect(make).toThrow(OptionError);
      expect(make).toThrow(`option ${Object.keys(more)[0]}: it is for labels`);
    }
    expect(() => softmaxCrossEntropy({ answers: 'targets' as never })).toThrow(
      'option answers: expected one of',
    );
  });
});
