/** What `freeze` leaves alone: parameters by patterns, and the statistics of a batch norm. */
import { afterAll, describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { dataset } from '../../src/data/dataset.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { add, div, mul, sqrt, sub } from '../../src/graph/functions.js';
import { input, literal } from '../../src/graph/leaves.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { freeze, type Network, setParameters, unfreeze } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { fit } from '../../src/train/fit.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { reals } from '../kernels/harness.js';

const strict = await createEngine({ math: 'strict', threads: 1 });
const exact = createReferenceEngine({ precision: 'float64' });
afterAll(() => strict.dispose());

const EPS = 1e-5;

/** dense, batch norm, dense: the statistics, weight and bias of the second are no round numbers. */
function net({ affine = true } = {}): Network {
  const model = sequential(4, [dense(5, { activation: 'tanh' }), batchNorm({ affine, eps: EPS }), dense(3)], {
    seed: 2,
  });
  for (const [name, values] of Object.entries({
    weight: [0.5, 1.5, -1, 2, 1],
    bias: [0.1, -0.2, 0, 0.3, 1],
    runningMean: [0.2, 0, -0.3, 0.1, 0.4],
    runningVar: [0.5, 1, 0.25, 2, 0.125],
  })) {
    const own = [...model.parameters, ...model.buffers].find((each) => each.name === `1.${name}`);
    own?.values.set(values);
  }
  return model;
}

const running = (model: Network) => model.buffers.map(({ values }) => [...values]);

/** A step's gradients, and outputs in training and predicting. */
function step(engine: typeof strict, model: Network, rows: number) {
  const compiled = new CompiledModel(engine, model, {
    ...{ maxRows: rows, optimizer: sgd({ learningRate: 1 }), loss: 'softmaxCrossEntropy' },
  });
  const plan = compiled.plan(rows);
  const load = () => {
    plan.inputs.write(reals(rows * 4, 7));
    plan.labels.write(Int32Array.from({ length: rows }, (_, i) => (i * i) % 3));
    plan.loaded();
  };
  load();
  plan.forward(false);
  const predicted = [...plan.outputs.read()];
  load();
  plan.forward(true);
  const trained = [...plan.outputs.read()];
  plan.loss();
  plan.backward();
  const gradients = new Map([...compiled.readGradients()].map(([name, own]) => [name, Array.from(own)]));
  compiled.download();
  compiled.dispose();
  return { predicted, trained, gradients };
}

/** The same network where the batch norm is written down with its numbers. */
function asNumbers(model: Network): Network {
  const named = new Map(
    [...model.parameters, ...model.buffers].map((own) => [own.name, own.values] as const),
  );
  const fixed = (name: string) => literal(named.get(`1.${name}`)!, [5]);
  const x = input([4]);
  const h = dense(5, { activation: 'tanh' })(x);
  const normal = div(sub(h, fixed('runningMean')), sqrt(add(fixed('runningVar'), EPS)));
  const same = network(x, dense(3)(add(mul(normal, fixed('weight')), fixed('bias'))));
  const names = ['0.weight', '0.bias', '2.weight', '2.bias'];
  setParameters(
    same,
    new Map(same.parameters.map(({ name, shape }, i) => [name, { shape, values: named.get(names[i])! }])),
  );
  return same;
}

describe('batch norm that is frozen', () => {
  // More rows than 4,160 are summed in blocks.
  test.each([7, 4500])('of %i rows has the outputs and gradients of its running statistics', (rows) => {
    const model = net();
    freeze(model, '1.*');
    const before = running(model);
    const own = step(exact, model, rows);
    expect(own.trained).toEqual(own.predicted);
    const expected = step(exact, asNumbers(model), rows);
    for (const [i, value] of own.trained.entries()) expect(value).toBeCloseTo(expected.trained[i], 6);
    const names = { '0.weight': 'dense.weight', '0.bias': 'dense.bias', '2.weight': 'dense_1.weight' };
    for (const [name, same] of Object.entries(names)) {
      const other = expected.gradients.get(same)!;
      const scale = Math.max(...other.map(Math.abs));
      for (const [i, value] of own.gradients.get(name)!.entries()) {
        expect(Math.abs(value - other[i])).toBeLessThan(1e-6 * scale);
      }
    }
    expect([...own.gradients.keys()]).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
    expect(running(model)).toEqual(before);
  });

  test('agrees with finite differences', () => {
    const model = net();
    freeze(model, '1.*');
    expect(gradcheck(model, { rows: 6 }).passed).toBe(true);
  });

  test('gives the same in training and in prediction, bit for bit', () => {
    const model = net();
    freeze(model, ['1.weight', '1.bias']);
    const { predicted, trained } = step(strict, model, 9);
    expect(trained).toEqual(predicted);
  });

  test.each<[string, string[], { affine?: boolean }]>([
    ['nothing', [], {}],
    ['the weight alone', ['1.weight'], {}],
    ['the bias alone', ['1.bias'], {}],
    ['all but it', ['0.*', '2.weight'], {}],
    ['all around one without weight and bias', ['0.*', '2.weight'], { affine: false }],
  ])('but not where %s is', (_, patterns, options) => {
    const model = net(options);
    if (patterns.length > 0) freeze(model, patterns);
    const before = running(model);
    const { predicted, trained } = step(strict, model, 9);
    expect(trained).not.toEqual(predicted);
    expect(running(model)).not.toEqual(before);
    unfreeze(model);
    expect(gradcheck(model, { rows: 6 }).passed).toBe(true);
  });

  test('stays so in its file, and learns again when it is let', async () => {
    const model = net();
    freeze(model, '1.*');
    const { model: read } = readModel(writeModel(model), 'file');
    const set = dataset({ inputs: reals(40 * 4, 3), labels: Array.from({ length: 40 }, (_, i) => i % 3) });
    const options = { loss: 'softmaxCrossEntropy', optimizer: adam(), epochs: 2, batchSize: 16 } as const;
    const before = running(model);
    await fit(strict, model, set, options);
    await fit(strict, read, set, options);
    expect(running(model)).toEqual(before);
    expect(running(read)).toEqual(before);
    expect(read.parameters.map(({ values }) => [...values])).toEqual(
      model.parameters.map(({ values }) => [...values]),
    );
    unfreeze(read, '1.*');
    await fit(strict, read, set, options);
    expect(running(read)).not.toEqual(before);
  });
});

describe('patterns', () => {
  const many = () => {
    const x = input([3]);
    let value = x;
    for (let i = 0; i < 12; i++) value = dense(3)(dropout(0.1)(value));
    return network(x, value);
  };

  test('may be several, and each parameter is named once', () => {
    const model = net();
    expect(freeze(model, ['*.bias', '0.*'])).toEqual(['0.weight', '0.bias', '1.bias', '2.bias']);
    expect(unfreeze(model, ['0.bias'])).toEqual(['0.bias']);
    expect(model.parameters.filter(({ trainable }) => trainable === false).map(({ name }) => name)).toEqual([
      '0.weight',
      '1.bias',
      '2.bias',
    ]);
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', '9.*', /^freeze: pattern "9\.\*" fits none of the parameters 0\.weight, 0\.bias, 1\.weight/],
    [
      'nothing beside one that does',
      ['0.*', '2.wieght'],
      /"2\.wieght" fits none .*; did you mean "2\.weight"\?/,
    ],
    ['no list', [], /^freeze: pattern: expected names with stars, such as 0\.\*, or a list of such, given/],
    ['no text', ['0.*', 3], /^freeze: pattern: expected names with stars/],
    ['an expression', /0/, /^freeze: pattern: expected names with stars/],
  ])('that are %s are refused, and nothing is frozen', (_, pattern, message) => {
    const model = net();
    expect(() => freeze(model, pattern as string)).toThrow(OptionError);
    expect(() => freeze(model, pattern as string)).toThrow(message);
    expect(model.parameters.every(({ trainable }) => trainable !== false)).toBe(true);
  });

  test('of many parameters, an error names those that are alike', () => {
    expect(() => freeze(many(), 'dense_11.*weights')).toThrow(
      /fits none of the parameters dense_11\.weight, dense_11\.bias; did you mean "dense_11\.weight"\?$/,
    );
    expect(() => freeze(many(), 'conv.*')).toThrow(/dense\.weight, .*, …$/);
  });
});

test.each([[['1.weight']], [['1.bias']], [['1.*']], [['0.*']], [['0.*', '1.*']]])(
  'a layer norm where %s is frozen agrees with finite differences',
  (patterns) => {
    const model = sequential(4, [dense(5, { activation: 'tanh' }), layerNorm(), dense(3)], { seed: 2 });
    freeze(model, patterns);
    expect(gradcheck(model, { rows: 6 }).passed).toBe(true);
  },
);
