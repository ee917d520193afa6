/**
 * Layers of images: their first values, files, gradients, batch norm over channels, and models whose outputs
 * are images. That they compute what PyTorch does is in test/parity/convolutions.
 */
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { dataset } from '../../src/data/dataset.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { mean } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { conv1d, conv2d, depthwiseConv2d, separableConv2d } from '../../src/nn/conv.js';
import { convTranspose2d } from '../../src/nn/conv-transpose.js';
import { dense } from '../../src/nn/dense.js';
import { glorotUniform, heNormal, heUniform, type Initializer } from '../../src/nn/initializers.js';
import { type Layer, layer, parameter } from '../../src/nn/layer.js';
import { network } from '../../src/nn/network.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { flatten, reshape } from '../../src/nn/reshape.js';
import { isSequential, sequential } from '../../src/nn/sequential.js';
import { evaluate, predict } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import { gradcheck } from '../../src/train/gradcheck.js';
import { numbers } from '../networks/numbers.js';
import { expectNear, outputsOf } from '../parity/parity.js';

const strict = await createEngine({ backend: 'wasm', math: 'strict' });
const over = (shape: number | number[], ...layers: Layer[]) => sequential(shape, layers);

/** A layer of each kind, and the image that it takes. */
const kinds: readonly [name: string, shape: number[], make: () => Layer][] = [
  ['conv2d', [6, 5, 2], () => conv2d(4, 3, { stride: 2, padding: 'same', activation: 'relu' })],
  ['conv2d, odd', [7, 6, 4], () => conv2d(2, [3, 2], { dilation: [2, 1], groups: 2, padding: [0, 1, 2, 0] })],
  ['depthwiseConv2d', [5, 5, 3], () => depthwiseConv2d([2, 3], { multiplier: 2, padding: 1, bias: false })],
  ['separableConv2d', [5, 4, 3], () => separableConv2d(4, 3, { padding: 'same', activation: 'gelu' })],
  ['conv1d', [7, 2], () => conv1d(3, 3, { padding: [2, 0], stride: 2, activation: 'tanh' })],
  [
    'convTranspose2d',
    [3, 2, 4],
    () => convTranspose2d(2, 3, { stride: [2, 3], padding: 1, groups: 2, outputPadding: [1, 0] }),
  ],
  ['reshape', [12], () => reshape([2, -1, 3])],
  ['flatten', [2, 3, 2], () => flatten()],
];

describe.each(kinds)('%s', (_, shape, make) => {
  test('has gradients that pass in float64 and with kernels, alone, behind others and before them', () => {
    const count = shape.reduce((a, b) => a * b);
    const models = [
      over(shape, make(), flatten(), dense(3)),
      over(count, dense(count, { activation: 'tanh' }), reshape(shape), make(), flatten(), dense(3)),
    ];
    for (const model of models) {
      const engines = new Map([['strict', strict]]);
      const { parameters } = gradcheck(model, { loss: 'softmaxCrossEntropy', rows: 4, engines });
      expect(parameters.filter((own) => !own.passed)).toEqual([]);
      expect(parameters.every(({ largest }) => largest > 1e-6)).toBe(true);
    }
  });

  test('comes back from a file as it was', () => {
    const model = sequential(shape, [make(), flatten(), dense(2)], { seed: 3 });
    const bytes = writeModel(model);
    const { model: read } = readModel(bytes, 'file');
    if (!isSequential(read)) throw new Error('expected a list of layers');
    expect(read.layers.map(({ kind, config }) => [kind, config])).toEqual(
      model.layers.map(({ kind, config }) => [kind, config]),
    );
    expect(read.shapes).toEqual(model.shapes);
    expect(writeModel(read)).toEqual(bytes);
    // Within a layer of one's own there is a graph in the file.
    const own = sequential(shape, [layer('own', (x) => flatten(make()(x))), dense(2)], { seed: 3 });
    const again = readModel(writeModel(own), 'graph').model;
    const row = numbers(own.inputSize, 1);
    const loss = 'meanSquaredError';
    expect(predict(strict, again, row, { loss })).toEqual(predict(strict, own, row, { loss }));
  });
});

describe('first values', () => {
  /** What a heUniform or glorotUniform of many values comes near to. */
  const largest = (model: { parameters: readonly { values: Float32Array }[] }, at = 0) =>
    model.parameters[at].values.reduce((most, own) => Math.max(most, Math.abs(own)), 0);
  const he = { weightInitializer: heUniform() };
  const glorot = { weightInitializer: glorotUniform() };
  test.each<[string, ReturnType<typeof over>, number, number?]>([
    ['kernel and channels are the fan-in', over([5, 5, 16], conv2d(64, 3, he)), 6 / (9 * 16)],
    ['kernel and outputs are the fan-out', over([5, 5, 16], conv2d(64, 3, glorot)), 6 / (9 * 16 + 9 * 64)],
    ['those of a group', over([5, 5, 64], conv2d(64, 3, { groups: 4, ...he })), 6 / (9 * 16)],
    ['both of a group', over([5, 5, 64], conv2d(128, 3, { groups: 4, ...glorot })), 6 / (9 * 16 + 9 * 32)],
    ['one channel, depthwise', over([5, 5, 512], depthwiseConv2d(3, he)), 6 / 9],
    ['depthwise, outputs', over([5, 5, 256], depthwiseConv2d(3, { multiplier: 3, ...glorot })), 6 / (9 + 27)],
    ['separable, apart', over([5, 5, 512], separableConv2d(9, 3, he)), 6 / 9],
    ['separable, together', over([5, 5, 512], separableConv2d(9, 3, he)), 6 / 512, 1],
    ['a series', over([9, 32], conv1d(64, 5, he)), 6 / (5 * 32)],
    ['transposed', over([3, 3, 32], convTranspose2d(16, 3, glorot)), 6 / (9 * 32 + 9 * 16)],
    [
      'transposed with a stride',
      over([3, 3, 64], convTranspose2d(32, 4, { stride: 2, ...he })),
      6 / (4 * 64),
    ],
  ])('%s', (_, model, square, at) => {
    expect(largest(model, at) / Math.sqrt(square)).toBeCloseTo(1, 2);
  });

  test('keep the size of what goes in: He’s point', () => {
    const shape = [12, 12, 8];
    const rows = [Array.from(numbers(12 * 12 * 8, 3))];
    const spread = (values: ArrayLike<number>) =>
      Math.sqrt(Array.from(values).reduce((total, own) => total + own * own, 0) / values.length);
    const layers = [16, 16, 16, 16].map((channels) => conv2d(channels, 3, { activation: 'relu' }));
    const { outputs } = outputsOf(
      layer('all', (x) => flatten(layers.reduce((y, own) => own(y), reshape(x, shape)))),
      rows,
    );
    expect(spread(outputs) / spread(rows[0])).toBeGreaterThan(0.5);
    expect(spread(outputs) / spread(rows[0])).toBeLessThan(2);
  });

  test('an initializer of one’s own is told the fans, and the shape as it is', () => {
    const calls: unknown[] = [];
    const own: Initializer = {
      name: 'own',
      fill(values, shape, seed, stream, fans) {
        calls.push([values.length, shape, seed, stream, fans]);
      },
    };
    sequential([5, 5, 4], [conv2d(6, 3, { groups: 2, weightInitializer: own, biasInitializer: own })], {
      seed: 2,
    });
    expect(calls).toEqual([
      [108, [3, 3, 2, 6], 2, 0, [18, 27]],
      [6, [6], 2, 1, undefined],
    ]);
  });

  test('relu begins with He, others with Glorot', () => {
    const values = (activation: 'relu' | 'tanh') =>
      over([5, 5, 4], conv2d(6, 3, { activation })).parameters[0].values;
    const filled = (initializer: Initializer) => {
      const made = new Float32Array(216);
      initializer.fill(made, [3, 3, 4, 6], 0, 0);
      return made;
    };
    expect(values('relu')).toEqual(filled(heNormal()));
    expect(values('tanh')).toEqual(filled(glorotUniform()));
  });
});

test('batch norm of images is over rows, heights and widths, for each channel', () => {
  const rows = [1, 2].map((seed) => Array.from(numbers(12, seed)));
  const { outputs, model } = outputsOf(
    layer('images', (x) => flatten(batchNorm()(reshape(x, [3, 2, 2])))),
    rows,
    { training: true },
  );
  const channels = [0, 1].map((channel) => rows.flat().filter((_, i) => i % 2 === channel));
  const moments = channels.map((values) => {
    const center = values.reduce((a, b) => a + b) / 12;
    return { center, variance: values.reduce((total, own) => total + (own - center) ** 2, 0) / 12 };
  });
  const normal = rows
    .flat()
    .map((value, i) => (value - moments[i % 2].center) / Math.sqrt(moments[i % 2].variance + 1e-5));
  expectNear(outputs, normal);
  // Of twelve values, the variance is unbiased.
  expectNear(
    model.buffers[0].values,
    moments.map(({ center }) => 0.1 * center),
  );
  expectNear(
    model.buffers[1].values,
    moments.map(({ variance }) => 0.9 + (0.1 * variance * 12) / 11),
  );
});

test('a convolution of size 1 is a dense layer for each pixel, and one of the size of the image a dense layer', () => {
  const rows = [Array.from(numbers(24, 1))];
  const weight = Array.from(numbers(3 * 5, 2));
  const bias = Array.from(numbers(5, 3));
  const image = (own: Layer) => layer('own', (x) => flatten(own(reshape(x, [2, 4, 3]))));
  const given = (name: string) => ({ parameters: { [`${name}.weight`]: weight, [`${name}.bias`]: bias } });
  expectNear(
    outputsOf(image(conv2d(5, 1)), rows, given('conv2d')).outputs,
    outputsOf(image(dense(5)), rows, given('dense')).outputs,
  );
  const all = Array.from(numbers(24 * 5, 4));
  const large = outputsOf(image(conv2d(5, [2, 4])), rows, { parameters: { 'conv2d.weight': all } });
  expectNear(large.outputs, outputsOf(dense(5), rows, { parameters: { weight: all } }).outputs);
});

test('given a value, they are functions: the same network, with a weight that serves twice', () => {
  const x = input([6, 6, 2]);
  const weight = parameter('weight', [3, 3, 2, 2], 'heNormal');
  const bias = parameter('bias', [2]);
  const h = convTranspose2d(conv2d(x, weight, { bias, padding: 'same', stride: 2 }), weight, {
    stride: 2,
    padding: 'same',
  });
  const model = network(x, reshape(h, [-1]), { seed: 1 });
  expect(model.parameters.map(({ name }) => name)).toEqual(['weight', 'bias']);
  const tied = over(
    [6, 6, 2],
    conv2d(2, 3, { padding: 'same', stride: 2 }),
    convTranspose2d(2, 3, { padding: 'same', stride: 2, bias: false }),
    flatten(),
  );
  for (const i of [0, 2]) tied.parameters[i].values.set(model.parameters[0].values);
  const rows = numbers(144, 1);
  const loss = 'meanSquaredError';
  expect(predict(strict, model, rows, { loss })).toEqual(predict(strict, tied, rows, { loss }));
  expect(gradcheck(model, { loss, rows: 3 }).passed).toBe(true);
});

describe('images as outputs', () => {
  const rows = 32;
  const inputs = numbers(rows * 48, 1);
  const code = () => [
    conv2d(3, 3, { stride: 2, padding: 'same', activation: 'tanh' }),
    convTranspose2d(3, 3, { stride: 2, padding: 'same' }),
  ];

  test.each(['meanSquaredError', 'meanAbsoluteError', 'huber', 'binaryCrossEntropy'] as const)(
    'are trained by %s, evaluated and predicted',
    async (loss) => {
      const model = sequential([4, 4, 3], code(), { seed: 1 });
      const values = loss === 'binaryCrossEntropy' ? inputs.map((own) => Number(own > 0)) : inputs;
      const set = dataset({ inputs, targets: values, targetWidth: 48 });
      const { epochs } = await fit(strict, model, set, {
        ...{ loss, optimizer: adam({ learningRate: 0.01 }), epochs: 20, batchSize: 8, validation: set },
      });
      expect(epochs[19].loss).toBeLessThan(0.97 * epochs[0].loss);
      const { loss: measured } = await evaluate(strict, model, set);
      expect(measured).toBeCloseTo(epochs[19].validation!.loss, 6);
      expect(predict(strict, model, inputs)).toHaveLength(rows * 48);
    },
  );

  test('are the same numbers as those of a model that flattens them', async () => {
    const options = {
      loss: 'meanSquaredError',
      optimizer: sgd({ learningRate: 0.1 }),
      epochs: 3,
      batchSize: 8,
    } as const;
    const set = dataset({ inputs, targets: inputs, targetWidth: 48 });
    const found = await Promise.all(
      [code(), [...code(), flatten()]].map(async (layers) => {
        const model = sequential([4, 4, 3], layers, { seed: 1 });
        const { epochs } = await fit(strict, model, set, options);
        return [epochs.map((own) => own.loss), model.parameters.map(({ values }) => values)];
      }),
    );
    expect(found[0]).toEqual(found[1]);
  });
});

test('the mean over an image is what global average pooling is', () => {
  const x = input([3, 2, 2]);
  const model = network(
    x,
    mean(conv2d(2, 1, { bias: false, weightInitializer: 'zeros' })(x), { axis: [1, 2] }),
  );
  model.parameters[0].values.set([1, 0, 0, 1]);
  const row = Float32Array.from({ length: 12 }, (_, i) => i);
  expect([...predict(strict, model, row, { loss: 'meanSquaredError' })]).toEqual([5, 6]);
});
