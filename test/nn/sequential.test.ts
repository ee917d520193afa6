/** Models: what they are made of, what they refuse, and that a refusal leaves them as they were. */
import { describe, expect, test } from 'vitest';
import { EngineError, OptionError, ShapeError } from '../../src/base/errors.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { type DenseOptions, dense } from '../../src/nn/dense.js';
import { type Layer, layer } from '../../src/nn/layer.js';
import { setParameters } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';

const sizes = [0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, '3', null, undefined];

describe('sequential', () => {
  test('tells the layers within one of its layers apart', () => {
    const block = layer('block', (x) => dense(2)(dense(3)(x)));
    expect(sequential(2, [block, block]).parameters.map(({ name }) => name)).toEqual(
      [0, 1].flatMap((i) =>
        ['dense', 'dense_1'].flatMap((own) => [`${i}.${own}.weight`, `${i}.${own}.bias`]),
      ),
    );
  });

  test('says what it is made of', () => {
    const model = sequential(784, [dense(300, { activation: 'sigmoid' }), dense(10, { bias: false })], {
      seed: 5,
    });
    expect(model).toMatchObject({
      inputSize: 784,
      outputSize: 10,
      sizes: [784, 300, 10],
      parameterCount: 784 * 300 + 300 + 3000,
      seed: 5,
    });
    expect(
      model.parameters.map(({ name, layer, shape, values }) => [name, layer, shape, values.length]),
    ).toEqual([
      ['0.weight', 0, [784, 300], 235_200],
      ['0.bias', 0, [300], 300],
      ['1.weight', 1, [300, 10], 3000],
    ]);
    expect(model.layers.map(({ kind, config }) => [kind, config])).toEqual([
      ['dense', { units: 300, activation: 'sigmoid', bias: true }],
      ['dense', { units: 10, activation: 'identity', bias: false }],
    ]);
    expect(sequential(2, [dense(2)]).seed).toBe(0);
  });

  test('a description makes any number of models', () => {
    const layers = [dense(3)];
    const [one, two, other] = [1, 1, 2].map((seed) => sequential(4, layers, { seed }));
    expect(one.parameters[0].values).toEqual(two.parameters[0].values);
    expect(one.parameters[0].values).not.toBe(two.parameters[0].values);
    expect(one.parameters[0].values).not.toEqual(other.parameters[0].values);
    layers.push(dense(9));
    expect(one.layers).toHaveLength(1);
  });

  test.each(sizes)('refuses %o inputs', (size) => {
    const make = () => sequential(size as number, [dense(3)]);
    expect(make).toThrow(OptionError);
    expect(make).toThrow('sequential: inputSize: expected a whole number, at least 1, given');
  });

  test.each([[[]], [undefined], [null], ['dense'], [dense(3)], [{ length: 1 }]])(
    'refuses %o as layers',
    (layers) => {
      const make = () => sequential(3, layers as Layer[]);
      expect(make).toThrow(OptionError);
      expect(make).toThrow('sequential: layers: expected at least one layer, after inputSize, given');
    },
  );

  test.each([undefined, null, 10, 'dense', {}, dense, { compile: true }])(
    'refuses %o as a layer',
    (layer) => {
      const make = () => sequential(3, [dense(2), layer as unknown as Layer]);
      expect(make).toThrow(OptionError);
      expect(make).toThrow(
        'sequential: layers[1]: expected a layer such as dense(10), or layer(name, function), given',
      );
    },
  );

  test.each([
    [{ seed: -1 }, 'option seed: expected a whole number, at least 0, given -1'],
    [{ seed: 0.5 }, 'given 0.5'],
    [{ seed: Number.NaN }, 'given NaN'],
    [{ seed: '1' }, 'given "1"'],
    [{ sead: 1 }, 'unknown option "sead"; expected one of seed; did you mean "seed"?'],
    [5, 'expected an options object, given 5'],
  ])('refuses the options %j', (options, message) => {
    const make = () => sequential(3, [dense(2)], options as object);
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });
});

describe('dense', () => {
  test.each(sizes)('refuses %o units', (units) => {
    expect(() => dense(units as number)).toThrow(OptionError);
    expect(() => dense(units as number)).toThrow('dense: units: expected a whole number, at least 1, given');
  });

  test.each<[object | string | null, string]>([
    [
      { activation: 'softmax' },
      'option activation: expected one of "identity", "sigmoid", "tanh", "relu", "leakyRelu", "gelu", "geluTanh", "silu", ' +
        '"softplus", "elu" (the loss has softmax), given "softmax"',
    ],
    [{ activation: 'toString' }, 'given "toString"'],
    [{ activation: 1 }, 'given 1'],
    [{ activation: null }, 'given null'],
    [{ bias: 0 }, 'option bias: expected true or false, given 0'],
    [{ Activation: 'relu' }, 'unknown option "Activation"'],
    [{ units: 3 }, 'unknown option "units"'],
    ['relu', 'expected an options object, given "relu"'],
    [null, 'expected an options object, given null'],
  ])('refuses %j', (options, message) => {
    expect(() => dense(3, options as DenseOptions)).toThrow(OptionError);
    expect(() => dense(3, options as DenseOptions)).toThrow(message);
  });
});

describe('sgd', () => {
  test('describes itself', () => {
    expect(sgd({ learningRate: 0.5 })).toMatchObject({
      kind: 'sgd',
      learningRate: 0.5,
      config: { kind: 'sgd', learningRate: 0.5 },
    });
  });

  test.each([0, -0, -1, Number.NaN, Infinity, 1e39, 1e-60, '0.1', null])(
    'refuses a rate of %o',
    (learningRate) => {
      const make = () => sgd({ learningRate: learningRate as number });
      expect(make).toThrow(OptionError);
      expect(make).toThrow(
        /^sgd: option learningRate: expected a (finite number, at least 1\.4|number or a schedule)/,
      );
    },
  );

  test('refuses no rate, and unknown options', () => {
    expect(() => sgd({} as never)).toThrow('sgd: option learningRate is required');
    expect(() => sgd(undefined as never)).toThrow('sgd: option learningRate is required');
    expect(() => sgd({ learningRate: 1, momentun: 0.9 } as never)).toThrow('did you mean "momentum"?');
    expect(() => sgd(0.1 as never)).toThrow('expected an options object, given 0.1');
  });
});

describe('setParameters', () => {
  const make = () => sequential(2, [dense(3), dense(1)], { seed: 3 });
  type Given = Map<string, { shape: readonly number[]; values: Float32Array }>;
  const given = (): Given =>
    new Map(
      make().parameters.map(({ name, shape, values }) => [
        name,
        { shape, values: values.map((_, i) => i + 1) },
      ]),
    );

  test('replaces the values, in any order, by copying them', () => {
    const model = make();
    const arrays = model.parameters.map(({ values }) => values);
    const tensors = new Map([...given()].reverse());
    setParameters(model, tensors);
    tensors.get('0.weight')!.values[0] = 99;
    expect(model.parameters.map(({ values }) => [...values])).toEqual([
      [1, 2, 3, 4, 5, 6],
      [1, 2, 3],
      [1, 2, 3],
      [1],
    ]);
    expect(model.parameters.every(({ values }, i) => values === arrays[i])).toBe(true);
  });

  test.each<[what: string, change: (tensors: Given) => unknown, message: string]>([
    ['a missing parameter', (t) => t.delete('1.bias'), 'parameter 1.bias is missing'],
    ['one too many', (t) => t.set('2.weight', t.get('0.bias')!), 'the model has no parameter "2.weight"'],
    [
      'another shape',
      (t) => t.set('1.weight', { shape: [1, 3], values: new Float32Array(3) }),
      '1.weight: expected 3 values of shape [3,1], given 3 of [1,3]',
    ],
    [
      'another rank',
      (t) => t.set('1.bias', { shape: [1, 1], values: new Float32Array(1) }),
      '1.bias: expected 1 values of shape [1], given 1 of [1,1]',
    ],
    ['too many values', (t) => t.set('1.weight', { shape: [3, 1], values: new Float32Array(9) }), '1.weight'],
    ['too few values', (t) => t.set('1.weight', { shape: [3, 1], values: new Float32Array(2) }), '1.weight'],
    ['an empty map', (t) => t.clear(), 'parameter 0.weight is missing'],
  ])('refuses %s, and the model is as it was', (_, change, message) => {
    const model = make();
    const before = model.parameters.map(({ values }) => values.slice());
    const tensors = given();
    change(tensors);
    const set = () => setParameters(model, tensors);
    expect(set).toThrow(ShapeError);
    expect(set).toThrow(`setParameters: ${message}`);
    expect(model.parameters.map(({ values }) => values)).toEqual(before);
  });
});

describe('a compiled model', () => {
  const engine = createReferenceEngine();
  const net = () => sequential(5, [dense(4, { activation: 'tanh' }), dense(3)], { seed: 1 });

  test('carries values in and out, and leaves nothing behind', () => {
    const { top } = engine.heap;
    const model = net();
    const before = model.parameters.map(({ values }) => values.slice());
    const compiled = new CompiledModel(engine, model, { maxRows: 2, optimizer: sgd({ learningRate: 1 }) });
    for (const { values } of model.parameters) values.fill(0);
    compiled.download();
    expect(model.parameters.map(({ values }) => values)).toEqual(before);
    for (const { values } of model.parameters) values.fill(0.5);
    compiled.upload();
    for (const { values } of model.parameters) values.fill(0);
    compiled.download();
    expect(model.parameters.every(({ values }) => values.every((v) => v === 0.5))).toBe(true);
    compiled.dispose();
    compiled.dispose();
    expect(compiled.disposed).toBe(true);
    expect(engine.heap.top).toBe(top);
    expect(() => compiled.plan(1)).toThrow(EngineError);
    expect(() => compiled.upload()).toThrow(EngineError);
  });

  test('refuses plans that it has no room for', () => {
    const compiled = new CompiledModel(engine, net(), { maxRows: 4 });
    for (const rows of [0, 5, 1.5, Number.NaN, -1]) {
      expect(() => compiled.plan(rows), `${rows}`).toThrow(OptionError);
    }
    expect(() => compiled.plan(5)).toThrow(
      'rows: expected a whole number, at least 1 and at most 4, given 5',
    );
    expect(compiled.plan(4)).toBe(compiled.plan(4));
    for (const maxRows of [0, 1.5, Number.NaN]) {
      expect(() => new CompiledModel(engine, net(), { maxRows }), `${maxRows}`).toThrow(OptionError);
    }
    compiled.dispose();
  });

  test('without an optimizer predicts, and does not train', () => {
    const compiled = new CompiledModel(engine, net(), { maxRows: 1 });
    const plan = compiled.plan(1);
    plan.loaded();
    plan.forward();
    expect(plan.loss()).toBeCloseTo(Math.log(3), 6);
    expect(compiled.gradients).toBeUndefined();
    expect(() => plan.step(0.1)).toThrow(EngineError);
    compiled.dispose();
  });

  test('memory that cannot be had is given back', () => {
    const { top } = engine.heap;
    expect(() => new CompiledModel(engine, net(), { maxRows: 2 ** 31 })).toThrow(EngineError);
    expect(engine.heap.top).toBe(top);
  });
});

test('a shape that claims billions of places is refused at once', () => {
  const model = sequential(1, [dense(1)], { seed: 1 });
  const shape = Object.assign(new Array<number>(2 ** 32 - 1), [1]);
  const tensors = new Map([['0.weight', { shape, values: new Float32Array(1) }]]);
  expect(() => setParameters(model, tensors)).toThrow(/0\.weight: expected \{ shape, values \}/);
});
