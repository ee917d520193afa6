/** Several models as one: the mean of what they predict, computed by hand in float64. */
import { afterAll, describe, expect, test } from 'vitest';
import { EngineError, type LanegradError, OptionError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { dataset } from '../../src/data/dataset.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { writeOnnx } from '../../src/formats/onnx/write.js';
import { mean, square, sub } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import {
  binaryCrossEntropy,
  type Loss,
  type LossFunction,
  meanSquaredError,
  softmaxCrossEntropy,
} from '../../src/nn/losses.js';
import { freeze, type Network, remember } from '../../src/nn/model.js';
import { callModel, network } from '../../src/nn/network.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { summary } from '../../src/nn/summary.js';
import { weightsSha256 } from '../../src/run/weights.js';
import { ensemble } from '../../src/train/ensemble.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { predict, predictClasses, predictProba } from '../../src/train/predict.js';
import { runNetwork } from '../formats/onnx/run-network.js';
import { reals } from '../kernels/harness.js';

const engine = await createEngine({ math: 'strict', threads: 1 });
afterAll(() => engine.dispose());

const ROWS = 9;
const inputs = Float32Array.from(reals(4 * ROWS, 5));

function net(seed: number, loss: Loss | undefined, outputs = 3): Network {
  const model = sequential(4, [dense(6, { activation: 'tanh' }), dropout(0.3), dense(outputs)], { seed });
  if (loss) remember(model, { loss });
  return model;
}
const three = (loss: Loss | undefined, outputs?: number) => [1, 2, 3].map((seed) => net(seed, loss, outputs));

/** The largest difference of two lists. */
const apart = (a: ArrayLike<number>, b: readonly number[]) => {
  expect(a.length).toBe(b.length);
  return Math.max(...b.map((value, i) => Math.abs(value - a[i])));
};
const rowsOf = (values: ArrayLike<number>, width: number) =>
  Array.from({ length: values.length / width }, (_, row) =>
    Array.from({ length: width }, (_, i) => values[row * width + i]),
  );
function softmax(row: readonly number[]): number[] {
  const most = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - most));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/** The weighted mean of lists. */
function meanOf(lists: readonly (readonly number[])[], weights = lists.map(() => 1)): number[] {
  const total = weights.reduce((sum, value) => sum + value, 0);
  return lists[0].map((_, i) => lists.reduce((sum, list, k) => sum + weights[k] * list[i], 0) / total);
}

/** What a member's layers give, in float64: dense, tanh, dense; nothing is dropped in predicting. */
function outputsOf(model: Network): number[] {
  const [w1, b1, w2, b2] = model.parameters.map(({ values }) => [...values]);
  const apply = (row: readonly number[], weights: readonly number[], bias: readonly number[]) =>
    bias.map((start, j) => row.reduce((sum, x, i) => sum + x * weights[i * bias.length + j], start));
  return rowsOf(inputs, 4).flatMap((row) => apply(apply(row, w1, b1).map(Math.tanh), w2, b2));
}

const weighted = [[undefined], [[1, 2, 0.5]]] as const;

describe('the mean by hand', () => {
  test('of weights whose sum is beyond all numbers', async () => {
    const models = three(softmaxCrossEntropy());
    const hash = (weights?: readonly number[]) =>
      predict(engine, ensemble(models, weights && { weights }), inputs);
    expect(hash([1e308, 1e308, 1e308])).toEqual(hash([1, 1, 1]));
  });

  test.each(weighted)('of probabilities of classes, weights %s', (weights) => {
    const models = three(softmaxCrossEntropy());
    const model = ensemble(models, { ...(weights && { weights: [...weights] }) });
    const own = models.map((member) => rowsOf(outputsOf(member), 3).flatMap(softmax));
    const expected = meanOf(own, weights && [...weights]);
    expect(apart(predictProba(engine, model, inputs), expected)).toBeLessThan(3e-7);
    const classes = rowsOf(expected, 3).map((row) => row.indexOf(Math.max(...row)));
    expect([...predictClasses(engine, model, inputs)]).toEqual(classes);
    expect(model.loss?.kind).toBe('softmaxCrossEntropy');
  });

  test.each(weighted)('of one or several answers of yes or no, weights %s', (weights) => {
    for (const outputs of [1, 3]) {
      const models = three(binaryCrossEntropy(), outputs);
      const model = ensemble(models, { ...(weights && { weights: [...weights] }) });
      const own = models.map((member) => outputsOf(member).map(sigmoid));
      expect(apart(predict(engine, model, inputs), meanOf(own, weights && [...weights]))).toBeLessThan(3e-7);
    }
  });

  test.each(weighted)('of numbers, weights %s', (weights) => {
    const models = three(meanSquaredError(), 2);
    const model = ensemble(models, { ...(weights && { weights: [...weights] }) });
    const expected = meanOf(models.map(outputsOf), weights && [...weights]);
    expect(apart(predict(engine, model, inputs), expected)).toBeLessThan(1e-6);
  });

  test('where members are sure of opposite things', async () => {
    const sure = (bias: readonly number[], loss: Loss) => {
      const model = sequential(1, [dense(bias.length)]);
      model.parameters[0].values.fill(0);
      model.parameters[1].values.set(bias);
      remember(model, { loss });
      return model;
    };
    const one = Float32Array.of(0);
    const classes = ensemble(
      [
        [300, 0, -300],
        [-300, 0, 300],
      ].map((bias) => sure(bias, softmaxCrossEntropy())),
    );
    expect([...predictProba(engine, classes, one)]).toEqual([0.5, 0, 0.5]);
    // ln of the mean of 1 and e^-300 for the middle class: the loss is a number where a probability is none.
    const set = dataset({ inputs: one, labels: [1], width: 1, classes: 3 });
    expect((await evaluate(engine, classes, set)).loss).toBeCloseTo(300, 3);
    const answer = ensemble([[200], [-200]].map((bias) => sure(bias, binaryCrossEntropy())));
    expect([...predict(engine, answer, one)]).toEqual([0.5]);
    const yes = ensemble([[150], [150]].map((bias) => sure(bias, binaryCrossEntropy())));
    const no = dataset({ inputs: one, targets: Float32Array.of(0), width: 1 });
    expect((await evaluate(engine, yes, no)).loss).toBeCloseTo(150, 3);
  });

  test('of one model is that model', () => {
    const [model] = three(softmaxCrossEntropy());
    expect(
      apart(predict(engine, ensemble([model]), inputs), [...predict(engine, model, inputs)]),
    ).toBeLessThan(1e-7);
  });
});

const losses: Record<string, Loss> = {
  classes: softmaxCrossEntropy(),
  'yes or no': binaryCrossEntropy(),
  numbers: meanSquaredError(),
};

describe.each(Object.entries(losses))('one model, of %s', (_, loss) => {
  const model = () => ensemble(three(loss), { weights: [1, 2, 3] });

  test('is saved and loaded with the same bits, names and loss', async () => {
    const own = model();
    const { model: read } = readModel(writeModel(own), 'ensemble.safetensors');
    expect(read.loss?.config).toEqual(loss.config);
    expect(read.parameters.map(({ name }) => name)).toEqual(own.parameters.map(({ name }) => name));
    expect(await weightsSha256(read)).toBe(await weightsSha256(own));
    expect([...predict(engine, read, inputs)]).toEqual([...predict(engine, own, inputs)]);
    expect(writeModel(read)).toEqual(writeModel(own));
  });

  test('has the derivative of its loss', () => {
    const { passed } = gradcheck(model(), { samples: 5, engines: new Map([['strict', engine]]) });
    expect(passed).toBe(true);
  });

  test('computes the same in ONNX Runtime', async () => {
    const own = model();
    const bare = readModel(writeModel(own), 'ensemble').model;
    remember(bare, {});
    const { values } = await runNetwork(writeOnnx(bare), bare, [inputs], ROWS);
    // Without a loss, the model gives its outputs as they are.
    expect(apart(values[0], [...predict(engine, bare, inputs)])).toBeLessThan(2e-6);
  });
});

test('training goes on with all of it, and changes no member', async () => {
  const models = three(softmaxCrossEntropy());
  const before = await Promise.all(models.map(weightsSha256));
  freeze(models[1], '0.*');
  const model = ensemble(models);
  expect(
    model.parameters.map(({ name, trainable }) => `${name}${trainable === false ? ' frozen' : ''}`),
  ).toEqual([
    ...['0.0.weight', '0.0.bias', '0.2.weight', '0.2.bias'],
    ...['1.0.weight frozen', '1.0.bias frozen', '1.2.weight', '1.2.bias'],
    ...['2.0.weight', '2.0.bias', '2.2.weight', '2.2.bias'],
  ]);
  const first = model.parameters.map(({ values }) => values.slice());
  const labels = rowsOf(inputs, 4).map(([x]) => (x > 0 ? 2 : 0));
  const set = dataset({ inputs, labels, width: 4, classes: 3 });
  const { epochs } = await fit(engine, model, set, {
    ...{ loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.5 }), batchSize: 3, epochs: 8 },
  });
  expect(epochs.at(-1)!.loss).toBeLessThan(epochs[0].loss);
  for (const [i, { values, name, trainable }] of model.parameters.entries()) {
    expect([name, values.some((value, k) => value !== first[i][k])]).toEqual([name, trainable !== false]);
  }
  expect(await Promise.all(models.map(weightsSha256))).toEqual(before);
  expect(summary(model).layers.map(({ name }) => name)).toEqual(['0', '1', '2', 'mean']);
});

test('networks of several inputs and outputs, with buffers, shared layers and one another in them', async () => {
  const make = (seed: number) => {
    const [a, b] = [input(2, { name: 'a' }), input(2, { name: 'b' })];
    const shared = dense(5, { activation: 'tanh' });
    const both = batchNorm()(dense(4)(shared(a)));
    const model = network({ a, b }, { kind: dense(3)(both), size: dense(1)(shared(b)) }, { seed });
    model.buffers[0].values.set(reals(4, seed));
    return model;
  };
  const models = [3, 4].map((seed) => make(seed));
  const loss = { kind: 'softmaxCrossEntropy', size: 'meanSquaredError' } as const;
  const model = ensemble(models, { loss });
  const given = { a: inputs.slice(0, 12), b: inputs.slice(12, 24) };
  const parts = models.map((own) => predict(engine, own, given, { loss }));
  const whole = predict(engine, model, given);
  for (const name of ['kind', 'size'] as const) {
    const expected = meanOf(parts.map((own) => [...own[name]]));
    expect(apart(whole[name], expected)).toBeLessThan(5e-7);
  }
  expect(model.buffers.map(({ name }) => name.split('.')[0])).toEqual(['0', '0', '1', '1']);
  const outer = ensemble([model, model]);
  expect(new Set(outer.parameters.map(({ name }) => name)).size).toBe(outer.parameters.length);
  const { model: read } = readModel(writeModel(outer), 'outer');
  expect([...predict(engine, read, given).size]).toEqual([...predict(engine, outer, given).size]);
});

test('what models have in common is there once', () => {
  const trunk = sequential(4, [dense(6, { activation: 'tanh' })], { seed: 1 });
  const models = [1, 2].map((seed) => {
    const x = input(4);
    const model = network(x, dense(2)(callModel(trunk, x)), { seed });
    remember(model, { loss: meanSquaredError() });
    return model;
  });
  const model = ensemble(models);
  const expected = meanOf(models.map((own) => [...predict(engine, own, inputs)]));
  expect(apart(predict(engine, model, inputs), expected)).toBeLessThan(1e-6);
});

test('a loss of its own is remembered where it is one function', async () => {
  const squares: LossFunction = ({ output, target }) => mean(square(sub(output, target)), { axis: -1 });
  const set = dataset({ inputs, targets: Float32Array.from(reals(ROWS, 8)), width: 4 });
  const models = [1, 2].map((seed) => sequential(4, [dense(1)], { seed }));
  for (const model of models) {
    await fit(engine, model, set, {
      loss: squares,
      optimizer: sgd({ learningRate: 0.01 }),
      epochs: 1,
    });
  }
  const model = ensemble(models);
  const { model: read } = readModel(writeModel(model), 'own');
  expect([...predict(engine, read, inputs)]).toEqual([...predict(engine, model, inputs)]);
  expect((await evaluate(engine, read, set)).loss).toBeCloseTo((await evaluate(engine, model, set)).loss, 6);
});

describe('is refused', () => {
  const [a, b] = three(softmaxCrossEntropy());
  const scaled = (scale: number) => {
    const model = net(1, softmaxCrossEntropy());
    remember(model, { loss: softmaxCrossEntropy(), input: { scale, offset: 0 } });
    return model;
  };
  const x = input(4);
  const cases: Record<
    string,
    [run: () => unknown, error: new (...args: never[]) => LanegradError, message: RegExp]
  > = {
    'no list': [
      () => ensemble(a as never),
      OptionError,
      /^ensemble: models: expected a list of 1 to 1000 models, given/,
    ],
    'no model': [() => ensemble([]), OptionError, /given \[\]/],
    'something that is none': [
      () => ensemble([a, {} as never]),
      OptionError,
      /^ensemble, models\[1\]: model: expected one from/,
    ],
    'other outputs': [
      () => ensemble([a, net(1, softmaxCrossEntropy(), 4)]),
      ShapeError,
      /^ensemble: models\[1\], outputs output: expected \[3\], as models\[0\] has, given \[4\]/,
    ],
    'other inputs': [
      () => ensemble([a, sequential(5, [dense(3)])]),
      ShapeError,
      /inputs input: expected \[4\], as models\[0\] has, given \[5\]/,
    ],
    'other names': [
      () => ensemble([a, network(x, { classes: dense(3)(x) })]),
      OptionError,
      /expected the outputs output, as models\[0\] has, given classes/,
    ],
    'models that do not know what they are for': [
      () => ensemble([net(1, undefined)]),
      OptionError,
      /^ensemble, models\[0\]: option loss is required/,
    ],
    'losses of other kinds': [
      () => ensemble([a, net(2, meanSquaredError())]),
      OptionError,
      /losses differ: models\[0\] with "softmaxCrossEntropy".*models\[1\] with "meanSquaredError"/,
    ],
    'losses that differ in detail': [
      () => ensemble([a, net(2, softmaxCrossEntropy({ labelSmoothing: 0.1 }))]),
      OptionError,
      /expected the same, or option loss/,
    ],
    'a loss that is not theirs': [
      () => ensemble([a, b], { loss: 'meanSquaredError' }),
      OptionError,
      /was trained with "softmaxCrossEntropy"/,
    ],
    'bytes of another scale': [
      () => ensemble([scaled(1 / 255), scaled(1 / 128)]),
      OptionError,
      /models\[1\]: expected one that was trained on bytes \* 0.00392/,
    ],
    'bytes beside floats': [() => ensemble([scaled(1 / 255), a]), OptionError, /given no bytes/],
    'too few weights': [
      () => ensemble([a, b], { weights: [1] }),
      OptionError,
      /option weights: expected 2 numbers above 0/,
    ],
    'weights of which one comes to 0': [
      () => ensemble([a, b], { weights: [1e-320, 1e300] }),
      OptionError,
      /option weights: .*not too far apart/,
    ],
    'a weight of 0': [() => ensemble([a, b], { weights: [1, 0] }), OptionError, /option weights/],
    'weights with a hole': [() => ensemble([a, b], { weights: new Array(2) }), OptionError, /option weights/],
    'another option': [() => ensemble([a, b], { weight: 1 } as never), OptionError, /weight/],
  };
  test.each(Object.entries(cases))('%s', (_, [run, error, message]) => {
    expect(run).toThrow(error);
    expect(run).toThrow(message);
  });

  test('a model in training, until that has ended', async () => {
    const model = net(1, undefined);
    const set = dataset({ inputs, labels: new Array(ROWS).fill(1), width: 4, classes: 3 });
    const training = fit(engine, model, set, {
      loss: 'softmaxCrossEntropy',
      optimizer: sgd({ learningRate: 0.1 }),
      epochs: 1,
    });
    expect(() => ensemble([a, model])).toThrow(EngineError);
    expect(() => ensemble([a, model])).toThrow(/^ensemble: models\[1\] is in training/);
    await training;
    expect(ensemble([a, model]).outputSize).toBe(3);
  });

  test('losses that differ in detail are settled by one that is given', () => {
    const smooth = net(2, softmaxCrossEntropy({ labelSmoothing: 0.1 }));
    expect(ensemble([a, smooth], { loss: 'softmaxCrossEntropy' }).loss?.config).toEqual({
      kind: 'softmaxCrossEntropy',
    });
  });
});
