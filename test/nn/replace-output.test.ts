/** Networks with another end: what the head takes, what is shared, and what is forgotten. */
import { afterAll, describe, expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { dataset } from '../../src/data/dataset.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { add, concat, softmax } from '../../src/graph/functions.js';
import { input, type Value } from '../../src/index.js';
import { activation } from '../../src/nn/activations.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { layer, parameter } from '../../src/nn/layer.js';
import { lora } from '../../src/nn/lora.js';
import { freeze, type Network, remember } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { globalAvgPool } from '../../src/nn/pool.js';
import { replaceOutput } from '../../src/nn/replace-output.js';
import { sequential } from '../../src/nn/sequential.js';
import { features } from '../../src/train/features.js';
import { fit } from '../../src/train/fit.js';
import { predict } from '../../src/train/predict.js';
import { reals } from '../kernels/harness.js';

const engine = await createEngine({ math: 'strict', threads: 1 });
afterAll(() => engine.dispose());

const list = () =>
  sequential(
    4,
    [dense(6, { activation: 'relu' }), dropout(0.4), dense(5, { activation: 'tanh' }), dense(10)],
    {
      seed: 3,
    },
  );

/** A head whose outputs are what it takes, whatever that is. */
const nothing = (value: Value) => value;
const shown = (model: Network) => model.parameters.map(({ name, shape }) => `${name} ${shape}`);

describe('what the head takes', () => {
  const x = () => input([4]);
  const image = () => input([5, 5, 1]);
  const cases: Record<string, [make: () => Network, at: string]> = {
    'of a list of layers': [list, '2'],
    'before an activation and a softmax': [
      () => {
        const own = x();
        return network(own, softmax(activation('tanh')(dense(3)(dense(6)(own)))));
      },
      'dense',
    ],
    'before a batch norm': [
      () => {
        const own = x();
        return network(own, batchNorm()(dense(3)(layer('trunk', (v) => dense(6)(v))(own))));
      },
      'trunk',
    ],
    'before a convolution and what follows': [
      () => {
        const own = image();
        return network(own, globalAvgPool()(conv2d(3, 3)(conv2d(2, 3)(own))));
      },
      'conv2d',
    ],
    'before an adapted matrix': [
      () => {
        const own = x();
        return lora(network(own, dense(3)(dense(6)(own))), '*', { rank: 1 });
      },
      'dense',
    ],
    'before a residual': [
      () => {
        const own = x();
        const h = layer('trunk', (v) => dense(4)(v))(own);
        return network(own, softmax(add(h, dense(4)(activation('tanh')(dense(4)(h))))));
      },
      'trunk',
    ],
    'of a residual, named': [
      () => {
        const own = x();
        const h = dense(4)(own);
        return network(own, layer('sum', (a, b) => add(a, b))(h, dense(4)(h)));
      },
      'dense_1',
    ],
  };
  test.each(Object.entries(cases))('%s', (title, [make, at]) => {
    const model = make();
    const rows = reals(3 * model.inputSize, 1);
    const taken = replaceOutput(model, nothing, title.endsWith('named') ? { at } : {});
    expect(predict(engine, taken, rows)).toEqual(features(engine, model, rows, at));
  });

  test('may be the input itself', () => {
    const model = sequential(4, [dense(3)]);
    const own = replaceOutput(model, dense(2));
    expect(shown(own)).toEqual(['dense.weight 4,2', 'dense.bias 2']);
  });
});

test('the rest is shared with its names, and the head is new', async () => {
  const model = list();
  const rows = reals(20 * 4, 1);
  const before = predict(engine, model, rows);
  const own = replaceOutput(model, dense(3));
  expect(shown(own)).toEqual([...shown(model).slice(0, 4), ...['dense.weight 5,3', 'dense.bias 3']]);
  expect(own.outputs).toEqual([{ name: 'output', shape: [3] }]);
  expect(own.parameters[0].values).toBe(model.parameters[0].values);
  expect(own.loss).toBeUndefined();
  freeze(own, ['0.*', '2.*']);
  const set = dataset({ inputs: rows, labels: Array.from({ length: 20 }, (_, i) => i % 3) });
  const first = [...own.parameters[4].values];
  await fit(engine, own, set, { loss: 'softmaxCrossEntropy', optimizer: adam(), epochs: 2 });
  expect([...own.parameters[4].values]).not.toEqual(first);
  expect(predict(engine, model, rows, { loss: 'meanSquaredError' })).toEqual(before);
  const bytes = writeModel(own);
  const { model: read } = readModel(bytes, 'own');
  expect(writeModel(read)).toEqual(bytes);
  expect(predict(engine, read, rows)).toEqual(predict(engine, own, rows));
});

test('what it remembers of its inputs stays, and its loss does not', () => {
  const model = list();
  remember(model, { input: { scale: 1 / 255, offset: 0 } });
  expect(replaceOutput(model, dense(3)).input).toEqual({ scale: 1 / 255, offset: 0 });

  const [a, b] = [input([2], { name: 'a' }), input([3], { name: 'b' })];
  const [h, k] = [dense(4)(a), dense(4)(b)];
  const both = network({ a, b }, { sum: dense(2)(concat([h, k])), other: dense(1)(k) });
  remember(both, { inputScales: { a: { scale: 2, offset: 0 }, b: { scale: 3, offset: 1 } } });
  const one = replaceOutput(both, dense(5), { at: 'dense_1', name: 'five' });
  expect(one.inputs.map(({ name }) => name)).toEqual(['b']);
  expect(one.outputs).toEqual([{ name: 'five', shape: [5] }]);
  expect({ ...one.inputScales }).toEqual({ b: { scale: 3, offset: 1 } });
});

test('what is dropped is dropped as before, and a head drops apart from it', () => {
  const model = list();
  const trainedOutputs = (own: Network) => {
    const compiled = new CompiledModel(engine, own, {
      ...{ maxRows: 8, optimizer: sgd({ learningRate: 1 }), loss: 'meanSquaredError' },
    });
    const plan = compiled.plan(8);
    plan.inputs.write(reals(32, 1));
    plan.loaded();
    plan.forward(true);
    const outputs = [...plan.outputs.read()];
    compiled.dispose();
    return outputs;
  };
  const short = replaceOutput(model, nothing, { at: '1' });
  const again = replaceOutput(short, nothing, { at: '1' });
  expect(trainedOutputs(again)).toEqual(trainedOutputs(short));
  const zeros = (values: number[]) => values.map((value) => value === 0);
  const twice = replaceOutput(model, dropout(0.4), { at: '1' });
  expect(zeros(trainedOutputs(twice))).not.toEqual(zeros(trainedOutputs(short)));
});

test('layers and parameters of one name are told apart', () => {
  const x = input([4]);
  const model = network(x, dense(3)(dense(4)(x)));
  const own = replaceOutput(model, (value) => dense(2)(dense(5)(value)));
  const more = replaceOutput(own, dense(7));
  expect(own.parameters.map(({ name }) => name)).toEqual(
    ['dense', 'dense_1', 'dense_2'].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
  );
  // What is gone leaves its name.
  expect(shown(more).slice(4)).toEqual(['dense_2.weight 5,7', 'dense_2.bias 7']);
});

test('first values follow from the seed', () => {
  const first = (seed?: number) => [
    ...replaceOutput(list(), dense(3), { ...(seed !== undefined && { seed }) }).parameters[4].values,
  ];
  expect(first()).toEqual(first(3));
  expect(first(4)).not.toEqual(first(3));
});

describe('refused is', () => {
  const two = () => {
    const x = input([4]);
    return network(x, { a: dense(3)(x), b: dense(2)(x) });
  };
  const joined = () => {
    const [a, b] = [input([4], { name: 'a' }), input([4], { name: 'b' })];
    return network({ a, b }, add(dense(3)(a), dense(3)(b)));
  };
  const bare = () => {
    const x = input([4]);
    return network(x, add(x, parameter('b', [4])));
  };
  test.each<[string, () => unknown, new (...args: never[]) => Error, RegExp]>([
    ['no model', () => replaceOutput({} as Network, dense(3)), OptionError, /^replaceOutput: model: /],
    [
      'no head',
      () => replaceOutput(list(), 3 as never),
      OptionError,
      /^replaceOutput: head: expected a layer/,
    ],
    [
      'a head that gives nothing',
      () => replaceOutput(list(), () => 3 as never),
      OptionError,
      /head: expected it to give a value, given 3/,
    ],
    [
      'a layer that there is not',
      () => replaceOutput(list(), dense(3), { at: '7' }),
      OptionError,
      /^replaceOutput: option at: expected a layer of the model that computes something .* it has 0, 1, 2, 3/,
    ],
    [
      'which of several outputs',
      () => replaceOutput(two(), dense(3)),
      OptionError,
      /there are several outputs: a, b/,
    ],
    [
      'no product at all',
      () => replaceOutput(bare(), dense(3)),
      OptionError,
      /no value that all goes through to the last/,
    ],
    [
      'a sum of two',
      () => replaceOutput(joined(), dense(3)),
      OptionError,
      /no value that all goes through to the last/,
    ],
    [
      'another input',
      () => replaceOutput(list(), (v) => add(v, input([5]))),
      OptionError,
      /depends on an input/,
    ],
    [
      'an option that there is not',
      () => replaceOutput(list(), dense(3), { layer: '1' } as never),
      OptionError,
      /unknown option "layer"/,
    ],
    ['a head for another shape', () => replaceOutput(list(), conv2d(2, 3)), ShapeError, /conv2d/],
    [
      'nothing to train',
      () => replaceOutput(sequential(4, [activation('relu'), dense(3)]), nothing),
      OptionError,
      /expected at least one parameter/,
    ],
    [
      'a parameter of the same name',
      () => {
        const x = input([4]);
        const named = network(x, layer('own', (v) => dense(2)(add(v, parameter('b', [4]))))(x));
        return replaceOutput(named, (v) => add(v, parameter('own.b', [4])));
      },
      OptionError,
      /name/,
    ],
  ])('%s', (_, run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });
});
