/** What layers give for inputs, and models that end there. */
import { afterAll, describe, expect, test } from 'vitest';
import { DataError, EngineError, NonFiniteError, OptionError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { dataset } from '../../src/data/dataset.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { add, concat, mul, relu } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { constant } from '../../src/nn/initializers.js';
import { layer, parameter } from '../../src/nn/layer.js';
import { freeze, type Network, setParameters } from '../../src/nn/model.js';
import { callModel, network } from '../../src/nn/network.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { sgd } from '../../src/nn/optimizers.js';
import { globalAvgPool, maxPool2d } from '../../src/nn/pool.js';
import { flatten } from '../../src/nn/reshape.js';
import { sequential } from '../../src/nn/sequential.js';
import { subnetwork } from '../../src/nn/subnetwork.js';
import { features } from '../../src/train/features.js';
import { fit } from '../../src/train/fit.js';
import { predict } from '../../src/train/predict.js';

const engine = await createEngine({ math: 'strict', threads: 1 });
const reference = createReferenceEngine({ precision: 'float64' });
afterAll(() => engine.dispose());

const numbers = (count: number, seed = 0) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((i + 1) * 12.9898 + seed));
const layers = () => [
  conv2d(4, 3, { padding: 'same', activation: 'relu' }),
  maxPool2d(2),
  conv2d(6, 3, { activation: 'tanh' }),
  flatten(),
  dropout(0.5),
  dense(5),
];
const net = () => sequential([8, 6, 2], layers(), { seed: 3 });
const images = numbers(3 * 96);

/** The first layers of a list as a model of their own, with the same values. */
function firstOf(model: Network, count: number): Network {
  const first = sequential([8, 6, 2], layers().slice(0, count));
  const known = new Map(model.parameters.map((own) => [own.name, own] as const));
  setParameters(first, new Map(first.parameters.map(({ name }) => [name, known.get(name)!] as const)));
  return first;
}

describe('features', () => {
  test('are what a model gives that ends at the layer', () => {
    const model = net();
    const all = features(engine, model, images, ['0', '1', '2', '3', '4', '5']);
    expect(Object.keys(all)).toEqual(['0', '1', '2', '3', '4', '5']);
    for (const count of [1, 2, 3, 4]) {
      expect(all[count - 1]).toEqual(predict(engine, firstOf(model, count), images));
      expect(features(engine, model, images, String(count - 1))).toEqual(all[count - 1]);
    }
    // Nothing is dropped.
    expect(all[4]).toEqual(all[3]);
    expect(all[5]).toEqual(predict(engine, model, images));
    expect(features(engine, model, images, ['2'])).toEqual({ 2: all[2] });
    expect(features(engine, model, Array.from(images.subarray(96, 192)), '2')).toEqual(
      all[2].subarray(12, 24).slice(),
    );
  });

  test('are a convolution, summed up by hand', () => {
    const model = net();
    const [weight, bias] = model.parameters.map(({ values }) => values);
    const given = features(engine, model, images, '0');
    const at = (y: number, x: number, c: number) =>
      y < 0 || x < 0 || y >= 8 || x >= 6 ? 0 : images[(y * 6 + x) * 2 + c];
    for (let place = 0; place < 48; place++) {
      for (let out = 0; out < 4; out++) {
        let sum = bias[out];
        for (let i = 0; i < 18; i++) {
          const [ky, kx, c] = [Math.floor(i / 6), Math.floor(i / 2) % 3, i % 2];
          sum += at(Math.floor(place / 6) + ky - 1, (place % 6) + kx - 1, c) * weight[i * 4 + out];
        }
        expect(given[place * 4 + out]).toBeCloseTo(Math.max(0, sum), 5);
      }
    }
  });

  test('of the reference engine are close', () => {
    const [given, expected] = [engine, reference].map((own) => features(own, net(), images, ['1', '3']));
    for (const name of ['1', '3']) {
      for (const [i, value] of expected[name].entries()) expect(given[name][i]).toBeCloseTo(value, 5);
    }
  });

  test('see at each call what has changed, for any number of rows', () => {
    const model = net();
    const before = features(engine, model, images, '2');
    model.parameters[0].values.fill(0);
    const zeros = features(engine, model, images, '2');
    expect(zeros).not.toEqual(before);
    expect(zeros.subarray(0, 12).slice()).toEqual(zeros.subarray(12, 24).slice());
    const fresh = net();
    const many = numbers(600 * 96);
    const whole = features(engine, fresh, many, '3');
    expect(whole).toHaveLength(600 * 12);
    for (const row of [0, 249, 250, 599]) {
      const own = features(engine, fresh, many.subarray(row * 96, (row + 1) * 96), '3');
      expect(whole.subarray(row * 12, (row + 1) * 12).slice()).toEqual(own);
    }
  });

  test('take bytes as those of training, and train as the whole does', async () => {
    const bytes = Uint8Array.from({ length: 20 * 96 }, (_, i) => (i * 37) % 256);
    const model = net();
    const set = dataset({
      inputs: bytes,
      labels: Array.from({ length: 20 }, (_, i) => i % 5),
      scale: 1 / 255,
    });
    await fit(engine, model, set, { loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.1 }) });
    const floats = Float32Array.from(bytes, (byte) => Math.fround(byte * Math.fround(1 / 255)));
    expect(features(engine, model, bytes, '3')).toEqual(features(engine, model, floats, '3'));
    expect(features(engine, model, bytes, '5')).not.toEqual(predict(engine, model, bytes));
    expect(features(engine, model, bytes, '3')).toEqual(predict(engine, firstOf(model, 4), floats));
  });

  test('of layers within layers, of shared ones, of several inputs and of none with parameters', () => {
    const [left, right] = [input([4, 4, 1]), input([4])];
    const encoder = layer('encoder', (v) => dense(3)(dense(5, { activation: 'relu' })(v)));
    const pooled = flatten()(maxPool2d(2)(left));
    const both = concat([encoder(pooled), encoder(right)], 1);
    const model = network({ left, right }, dense(2)(both), { seed: 1 });
    const rows = { left: numbers(32), right: numbers(8, 1) };
    const given = features(engine, model, rows, ['encoder', 'encoder.dense', 'encoder.dense_1', 'flatten']);
    expect(given.flatten).toHaveLength(8);
    expect(given.flatten[0]).toBe(Math.max(...[0, 1, 4, 5].map((i) => rows.left[i])));
    // Of what is called twice the last call counts.
    const alone = network(right, encoder(right));
    expect(given.encoder).toEqual(predict(engine, alone, rows.right));
    expect(given['encoder.dense_1']).toEqual(given.encoder);
    expect(given['encoder.dense']).toHaveLength(10);
    expect([...given['encoder.dense']].every((value) => value >= 0)).toBe(true);
    // The other inputs are asked for all the same, as the model has them.
    expect(subnetwork(model, 'flatten').inputs).toMatchObject([{ name: 'left' }]);
    expect(features(engine, model, rows, 'flatten')).toEqual(given.flatten);
  });

  test('of batch norm go by its running statistics', () => {
    const model = sequential(3, [dense(4), batchNorm(), dense(2)], { seed: 1 });
    const [own] = features(engine, model, numbers(3), ['1'])[1];
    const [x] = features(engine, model, numbers(3), '0');
    expect(own).toBeCloseTo(x / Math.sqrt(1 + 1e-5), 6);
  });

  test('refuse what is none', () => {
    const model = net();
    const call =
      (names: unknown, given: unknown = images) =>
      () =>
        features(engine, model, given as Float32Array, names as string);
    expect(call('6')).toThrow(
      'features: names: expected layers of the model that compute something for each row, given "6"; it has 0, 1, 2, 3, 4, 5',
    );
    expect(call([])).toThrow('names: expected that of a layer, or a list of such, given');
    expect(call(undefined)).toThrow(OptionError);
    expect(call([0])).toThrow(OptionError);
    expect(call('0', images.subarray(1))).toThrow(ShapeError);
    expect(call('0', [...images.subarray(1), Number.NaN])).toThrow(DataError);
    expect(() => features(engine, {} as Network, images, '0')).toThrow(OptionError);
    const [a, b] = [input(2), input(2)];
    const several = network({ a, b }, dense(2)(add(a, b)));
    expect(() => features(engine, several, images, 'dense')).toThrow(
      'inputs: expected an array by name for a, b',
    );
    model.parameters[2].values[5] = Number.NaN;
    expect(call('2')).toThrow(NonFiniteError);
    // What the layer does not need is not looked at.
    expect(call('1')).not.toThrow();
    const gone = createReferenceEngine();
    gone.dispose();
    expect(() => features(gone, net(), images, '0')).toThrow(EngineError);
  });

  test('keep the memory of one model', () => {
    const model = net();
    features(engine, model, images, '2');
    const before = engine.heap.top;
    for (let i = 0; i < 5; i++) {
      features(engine, net(), images, '0');
      features(engine, model, images, '2');
    }
    expect(engine.heap.top).toBe(before);
  });
});

describe('subnetwork', () => {
  test('shares its parameters, and a head on it trains alone', async () => {
    const model = net();
    const trunk = subnetwork(model, '3');
    expect(trunk.outputs).toEqual([{ name: '3', shape: [12] }]);
    expect(trunk.inputs).toEqual(model.inputs);
    expect(trunk.parameters.map(({ name }) => name)).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
    expect(trunk.parameters[0].values).toBe(model.parameters[0].values);
    freeze(trunk, '*');
    const x = input([8, 6, 2]);
    const tuned = network(x, dense(2)(callModel(trunk, x)), { seed: 5 });
    const before = features(engine, tuned, images, '2');
    expect(before).toEqual(features(engine, model, images, '2'));
    const set = dataset({ inputs: numbers(10 * 96), labels: Array.from({ length: 10 }, (_, i) => i % 2) });
    await fit(engine, tuned, set, { loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.1 }) });
    expect(features(engine, tuned, images, '2')).toEqual(before);
    expect(predict(engine, trunk, images)).toEqual(features(engine, model, images, '3'));
  });

  test('is a model in files, and has parts of its own', () => {
    const trunk = subnetwork(net(), ['1', '2']);
    const { model } = readModel(writeModel(trunk), 'trunk');
    expect(model.outputs).toEqual(trunk.outputs);
    const [a, b] = [trunk, model].map((own) => predict(engine, own, { input: images }));
    expect(a).toEqual(b);
    expect(features(engine, subnetwork(trunk, '2'), images, '0')).toEqual(
      features(engine, net(), images, '0'),
    );
  });

  test('may have no parameters, and knows layers of one’s own by what they give', () => {
    const shift = layer('shift', (v) => mul(relu(add(v, parameter('by', [3], constant(1)))), 2));
    const model = sequential([2, 2, 3], [globalAvgPool(), layer('same', (v) => v), shift, dense(2)]);
    expect(subnetwork(model, '0').parameters).toEqual([]);
    const means = features(engine, model, numbers(12), '0');
    for (const channel of [0, 1, 2]) {
      const all = [0, 1, 2, 3].map((place) => numbers(12)[3 * place + channel]);
      expect(means[channel]).toBeCloseTo(all.reduce((sum, value) => sum + value, 0) / 4, 6);
    }
    // What gives back what it is given computes nothing.
    expect(() => subnetwork(model, '1')).toThrow('given "1"; it has 0, 2, 3');
    const expected = [...means].map((mean) => 2 * Math.max(0, Math.fround(mean + 1)));
    expect([...features(engine, model, numbers(12), '2')]).toEqual(expected);
  });
});
