/** What a run's report is told of the network. */
import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.js';
import { relu } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { conv1d, conv2d, separableConv2d } from '../../src/nn/conv.js';
import { convolutionsOf } from '../../src/nn/convolutions.js';
import { dense } from '../../src/nn/dense.js';
import { layer, parameter } from '../../src/nn/layer.js';
import { network } from '../../src/nn/network.js';
import { maxPool2d } from '../../src/nn/pool.js';
import { flatten } from '../../src/nn/reshape.js';
import { sequential } from '../../src/nn/sequential.js';
import { describeNetwork } from '../../src/run/network-report.js';
import { features } from '../../src/train/features.js';
import { strict } from '../train/fit-setting.js';

const bytes = (count: number) => Uint8Array.from({ length: count }, (_, i) => (i * 37) % 256);
const images = dataset({
  ...{ inputs: bytes(5 * 48), labels: [0, 1, 2, 0, 1], scale: 1 / 255, imageShape: [4, 4, 3] },
});
const splits = { train: images, test: images, full: images };
const net = () =>
  sequential(
    [4, 4, 3],
    [
      conv2d(5, 3, { padding: 'same', activation: 'relu' }),
      maxPool2d(2),
      separableConv2d(6, 2),
      flatten(),
      dense(3),
    ],
    { seed: 1 },
  );

describe('describeNetwork', () => {
  it('has filters, and what each convolution makes of the first test image', () => {
    const model = net();
    const { layers, multiplyAdds, filters, features: maps } = describeNetwork(strict, model, splits);
    expect(layers.map(({ kind }) => kind)).toEqual([
      'conv2d',
      'maxPool2d',
      'separableConv2d',
      'flatten',
      'dense',
    ]);
    expect(multiplyAdds).toBe(16 * 27 * 5 + 4 * 5 + 5 * 6 + 18);
    expect(filters).toMatchObject({ layer: '0', kind: 'conv2d', shape: [3, 3, 3, 5] });
    expect(filters!.values).toEqual(model.parameters[0].values);
    expect(maps).toMatchObject({ name: 'the first test image', image: { height: 4, width: 4, channels: 3 } });
    expect([...(maps!.image.values as Uint8Array)]).toEqual([...bytes(48)]);
    expect(maps!.layers.map(({ layer: name, kind, shape }) => [name, kind, shape])).toEqual([
      ['0', 'conv2d', [4, 4, 5]],
      ['2.depthwiseConv2d', 'depthwiseConv2d', [1, 1, 5]],
      ['2.conv2d', 'conv2d', [1, 1, 6]],
    ]);
    const row = Float32Array.from(bytes(48), (byte) => Math.fround(byte * Math.fround(1 / 255)));
    expect(maps!.layers[0].values).toEqual(features(strict, model, row, '0'));
  });

  it('takes another image where there is no test set, and none where there are none', () => {
    const model = net();
    const named = (parts: object) =>
      describeNetwork(strict, model, { train: images, full: images, ...parts }).features?.name;
    expect(named({ validation: images })).toBe('the first validation image');
    expect(named({})).toBe('the first training image');
    const flat = dataset({ inputs: bytes(48), labels: [0], classes: 3 });
    expect(named({ test: flat })).toBeUndefined();
    expect(describeNetwork(strict, model, { ...splits, test: flat }).filters).toBeDefined();
  });

  it('of dense networks, of kernels of one pixel and over series has a table only', () => {
    for (const model of [
      sequential(48, [dense(4), dense(3)]),
      sequential([16, 3], [conv1d(4, 3), flatten(), dense(3)]),
      sequential([4, 4, 3], [flatten(), dense(3)]),
    ]) {
      const { layers, ...rest } = describeNetwork(strict, model, splits);
      expect(layers.length).toBeGreaterThan(1);
      expect(Object.keys(rest)).toEqual(['multiplyAdds']);
    }
    const points = sequential([4, 4, 3], [conv2d(4, 1), flatten(), dense(3)]);
    const { filters, features: maps } = describeNetwork(strict, points, splits);
    expect([filters, maps?.layers.length]).toEqual([undefined, 1]);
  });

  it('of weights that are not finite has no maps', () => {
    const model = net();
    model.parameters[0].values[3] = Number.NaN;
    const { layers, features: maps } = describeNetwork(strict, model, splits);
    expect([layers.length, maps]).toEqual([5, undefined]);
  });
});

describe('convolutionsOf', () => {
  it('finds those within layers by their names, and leaves out those without', () => {
    const block = layer('block', (x) =>
      relu(conv2d(4, 3, { padding: 'same' })(conv2d(4, 3, { padding: 'same' })(x))),
    );
    const x = input([4, 4, 3]);
    const bare = conv2d(block(x), parameter('kernel', [1, 1, 4, 2]));
    const model = network(x, dense(2)(flatten()(bare)));
    const found = convolutionsOf(model);
    expect(found.map(({ layer: name, kind, weight }) => [name, kind, weight?.name])).toEqual([
      ['block.conv2d', 'conv2d', 'block.conv2d.weight'],
      ['block.conv2d_1', 'conv2d', 'block.conv2d_1.weight'],
    ]);
  });
});
