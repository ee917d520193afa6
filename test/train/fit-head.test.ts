/** Frozen layers that compute each row once: the same weights come out as when they compute it every time. */
import { afterAll, describe, expect, test } from 'vitest';
import { EngineError, OptionError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { type Dataset, dataset } from '../../src/data/dataset.js';
import { add, concat, mean, sub } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { layer } from '../../src/nn/layer.js';
import { lora } from '../../src/nn/lora.js';
import { freeze, type Network } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { maxPool2d } from '../../src/nn/pool.js';
import { flatten } from '../../src/nn/reshape.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate } from '../../src/train/evaluate.js';
import { features } from '../../src/train/features.js';
import { fit } from '../../src/train/fit.js';
import { cacheFeatures, fitHead } from '../../src/train/fit-head.js';
import type { FitOptions } from '../../src/train/fit-options.js';
import { predict } from '../../src/train/predict.js';
import { reals } from '../kernels/harness.js';

const engine = await createEngine({ math: 'strict', threads: 1 });
afterAll(() => engine.dispose());

const ROWS = 50;
const labels = Array.from({ length: ROWS }, (_, i) => (i * 7) % 3);
const floats = (width: number, seed = 1) => reals(ROWS * width, seed);
const bytes = (width: number) => Uint8Array.from({ length: ROWS * width }, (_, i) => (i * i * 7) % 256);
const images = () =>
  sequential(
    [6, 5, 2],
    [
      conv2d(4, 3, { activation: 'relu' }),
      batchNorm(),
      maxPool2d(2),
      flatten(),
      dropout(0.3),
      dense(6, { activation: 'gelu' }),
      batchNorm(),
      dense(3),
    ],
    { seed: 5 },
  );

interface Case {
  readonly make: () => Network;
  readonly set: () => Dataset;
  readonly frozen: string[];
  /** What the head takes, with shapes. */
  readonly takes: readonly string[];
  readonly loss?: FitOptions['loss'];
}

const cases: Record<string, Case> = {
  'images, up to a dropout': {
    make: images,
    set: () => dataset({ inputs: floats(60), labels, imageShape: [6, 5, 2] }),
    ...{ frozen: ['0.*', '1.*'], takes: ['features 8'] },
  },
  'images of bytes, up to a kernel of which the bias is trained': {
    make: images,
    set: () => dataset({ inputs: bytes(60), labels, imageShape: [6, 5, 2] }),
    ...{ frozen: ['0.*', '1.*', '5.weight'], takes: ['features 8'] },
  },
  'up to a batch norm that learns': {
    make: images,
    set: () => dataset({ inputs: floats(60), labels }),
    ...{ frozen: ['0.*', '1.weight'], takes: ['features 4,3,4'] },
  },
  'with weights of rows': {
    make: () => sequential(4, [dense(5, { activation: 'relu' }), dense(3)], { seed: 2 }),
    set: () => dataset({ inputs: floats(4), labels, weights: Array.from({ length: ROWS }, (_, i) => i % 4) }),
    ...{ frozen: ['0.*'], takes: ['features 5'] },
  },
  'two values, and an input as it is': {
    make: () => {
      const [image, facts] = [input([3, 4]), input([2])];
      const first = dense(5, { activation: 'tanh' })(flatten(image));
      const second = dense(4, { activation: 'tanh' })(first);
      const all = concat([dense(4)(first), second, facts]);
      return network({ image, facts }, { kind: dense(3)(all), size: dense(1)(second) }, { seed: 3 });
    },
    set: () =>
      dataset({
        inputs: { image: { values: bytes(12), shape: [3, 4] }, facts: floats(2) },
        labels: { kind: { values: labels, classes: 3 } },
        targets: { size: floats(1, 9) },
      }),
    ...{ frozen: ['dense.*', 'dense_1.*'], takes: ['facts 2', 'features 5', 'features1 4'] },
    loss: { kind: 'softmaxCrossEntropy', size: 'meanSquaredError' },
  },
  'up to what looks at other rows': {
    make: () => {
      const x = input([4]);
      const h = dense(5, { activation: 'tanh' })(x);
      return network(x, dense(3)(sub(h, mean(h, { axis: 0 }))), { seed: 3 });
    },
    set: () => dataset({ inputs: floats(4), labels }),
    ...{ frozen: ['dense.*'], takes: ['features 5'] },
  },
  'up to an adapted matrix': {
    make: () => {
      const x = input([4]);
      const trunk = layer('trunk', (v) => dense(6, { activation: 'relu' })(v));
      return lora(network(x, dense(3)(add(trunk(x), dense(6)(x))), { seed: 3 }), 'dense_1.*', { rank: 2 });
    },
    set: () => dataset({ inputs: floats(4), labels }),
    // What the frozen matrix makes of them is taken as well.
    ...{ frozen: ['trunk.*'], takes: ['features 6', 'features1 3'] },
  },
};
const all = Object.entries(cases);

const valuesOf = ({ parameters, buffers }: Network) =>
  [...parameters, ...buffers].map(({ name, values }) => `${name} ${[...values].join()}`);

describe.each(all)('%s', (_, { make, set, frozen, takes, loss = 'softmaxCrossEntropy' }) => {
  const made = () => {
    const model = make();
    freeze(model, frozen);
    return model;
  };
  const options = () => ({ loss, optimizer: adam({ learningRate: 0.02 }), epochs: 4, batchSize: 16 });

  test('gives the weights of `fit`, bit for bit, and leaves what is frozen', async () => {
    const [whole, head] = [made(), made()];
    const first = valuesOf(whole);
    await fit(engine, whole, set(), { ...options(), validation: set() });
    const history = await fitHead(engine, head, set(), { ...options(), validation: set() });
    expect(valuesOf(head)).toEqual(valuesOf(whole));
    expect(valuesOf(head)).not.toEqual(first);
    expect(head.loss?.config).toEqual(whole.loss?.config);
    expect([head.input, head.inputScales]).toEqual([whole.input, whole.inputScales]);
    const measured = await evaluate(engine, head, set());
    expect(measured.loss).toBe(history.epochs[3].validation?.loss);
    expect(measured.loss).toBe((await evaluate(engine, whole, set())).loss);
  });

  test('the head takes what layers give, and shares its parameters', async () => {
    const model = made();
    const { head, data } = cacheFeatures(engine, model, set());
    expect(head.inputs.map(({ name, shape }) => `${name} ${shape}`)).toEqual(takes);
    expect(head.outputs).toEqual(model.outputs);
    expect(data.size).toBe(ROWS);
    for (const own of head.parameters) {
      const same = model.parameters.find(({ name }) => name === own.name);
      expect(same?.values).toBe(own.values);
    }
    const again = cacheFeatures(engine, model, set());
    await fit(engine, head, again.data, options());
    expect(data.labels).toEqual(set().labels);
  });
});

test('what is computed is what `features` has', () => {
  const model = images();
  freeze(model, ['0.*', '1.*']);
  const { data } = cacheFeatures(engine, model, cases['images, up to a dropout'].set());
  expect(data.inputs).toEqual(features(engine, model, floats(60), '3'));
  expect(data).toMatchObject({ width: 8, scale: 1, offset: 0, classes: 3 });
  expect(data.imageShape).toBeUndefined();
});

test('many rows of bytes are computed in turns', () => {
  const model = sequential(4, [dense(3), dense(3)], { seed: 2 });
  freeze(model, '0.*');
  const inputs = Uint8Array.from({ length: 2503 * 4 }, (_, i) => (i * i) % 251);
  const { data } = cacheFeatures(
    engine,
    model,
    dataset({ inputs, labels: Array.from(inputs.subarray(0, 2503), (b) => b % 3) }),
  );
  expect(data.inputs).toEqual(
    features(
      engine,
      model,
      Float32Array.from(inputs, (b) => Math.fround(Math.fround(b) * Math.fround(1 / 255))),
      '0',
    ),
  );
});

describe('refused is', () => {
  const set = () => dataset({ inputs: floats(4), labels });
  const two = (pattern?: string) => {
    const model = sequential(4, [dense(5), dense(3)], { seed: 1 });
    if (pattern) freeze(model, pattern);
    return model;
  };
  const idle = () => {
    const x = input([4]);
    const model = network(x, { a: dense(2)(x), b: dense(2)(dense(2)(x)) });
    freeze(model, ['dense.*', 'dense_1.*']);
    return model;
  };
  const fitted = { loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 1 }) } as const;
  test.each<[string, () => unknown, new (...args: never[]) => Error, RegExp]>([
    ['no model', () => cacheFeatures(engine, {} as Network, set()), OptionError, /^cacheFeatures: model/],
    [
      'no set',
      () => cacheFeatures(engine, two('0.*'), {} as Dataset),
      OptionError,
      /^cacheFeatures: set: expected a data set/,
    ],
    [
      'nothing frozen',
      () => cacheFeatures(engine, two(), set()),
      OptionError,
      /computes something frozen from its inputs on; the parameter 0\.weight comes first/,
    ],
    [
      'what is frozen behind what is not',
      () => cacheFeatures(engine, two('1.*'), set()),
      OptionError,
      /the parameter 0\.weight comes first/,
    ],
    [
      'all frozen',
      () => cacheFeatures(engine, two('*'), set()),
      OptionError,
      /output "output": nothing that is trained leads to it/,
    ],
    [
      'an output that is not trained',
      () => cacheFeatures(engine, idle(), set()),
      OptionError,
      /output "a": nothing that is trained/,
    ],
    [
      'rows of another width',
      () => cacheFeatures(engine, two('0.*'), dataset({ inputs: floats(5), labels })),
      ShapeError,
      /has 5 numbers a sample, but the model takes 4 as input/,
    ],
    [
      'inputs by other names',
      () => cacheFeatures(engine, two('0.*'), dataset({ inputs: { x: floats(4) }, labels })),
      OptionError,
      /the model has no input "x"/,
    ],
  ])('%s', (_, run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });

  test('a dropout before everything', () => {
    const model = sequential(4, [dropout(0.5), dense(5), dense(3)]);
    freeze(model, '1.*');
    expect(() => cacheFeatures(engine, model, set())).toThrow(/; dropout comes first/);
  });

  test('augmentation, and what `fit` refuses', async () => {
    const augmented = { ...fitted, augment: { shift: 1 } } as never;
    await expect(fitHead(engine, two('0.*'), set(), augmented)).rejects.toThrow(/^fitHead: option augment/);
    await expect(fitHead(engine, two('0.*'), set(), {} as never)).rejects.toThrow(
      /^fit: option loss is required/,
    );
    const fixed = Object.freeze(two('0.*'));
    await expect(fitHead(engine, fixed, set(), fitted)).rejects.toThrow(
      /^fitHead: model: expected one that can/,
    );
  });

  test('an engine that has been disposed of', async () => {
    const other = await createEngine({ threads: 1 });
    other.dispose();
    expect(() => cacheFeatures(other, two('0.*'), set())).toThrow(EngineError);
  });
});

test('predicts without a word on what it was trained for', async () => {
  const model = sequential(4, [dense(5, { activation: 'relu' }), dense(3)], { seed: 1 });
  freeze(model, '0.*');
  await fitHead(engine, model, dataset({ inputs: floats(4), labels }), {
    ...{ loss: 'softmaxCrossEntropy', optimizer: adam(), epochs: 1 },
  });
  const [a, b, c] = predict(engine, model, floats(4).subarray(0, 4));
  expect(a + b + c).toBeCloseTo(1, 6);
});
