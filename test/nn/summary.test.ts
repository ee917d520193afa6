/** The summary of a model: what it counts, and how it is drawn. */
import { expect, test } from 'vitest';
import { input } from '../../src/graph/leaves.js';
import { conv1d, conv2d, separableConv2d } from '../../src/nn/conv.js';
import { convTranspose2d } from '../../src/nn/conv-transpose.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { freeze } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { flatten, reshape } from '../../src/nn/reshape.js';
import { sequential } from '../../src/nn/sequential.js';
import { layerWidths, sizesOf, summary, titleOf } from '../../src/nn/summary.js';
import { twoByTwo } from '../formats/graphs.js';

const model = sequential(784, [
  dense(300, { activation: 'relu', bias: false }),
  batchNorm(),
  dropout(0.3),
  dense(10),
]);

test('counts parameters a layer, and what belongs to the model without being trained', () => {
  const { layers, ...rest } = summary(model);
  expect(rest).toEqual({
    inputSize: 784,
    outputSize: 10,
    parameters: 784 * 300 + 600 + 3010,
    buffers: 600,
    bytes: 4 * (784 * 300 + 600 + 3010),
    multiplyAdds: 784 * 300 + 3000,
  });
  expect(
    layers.map(({ name, kind, inputSize, outputSize, parameters, buffers }) => [
      name,
      kind,
      inputSize,
      outputSize,
      parameters,
      buffers,
    ]),
  ).toEqual([
    ['0', 'dense', 784, 300, 235200, 0],
    ['1', 'batchNorm', 300, 300, 600, 600],
    ['2', 'dropout', 300, 300, 0, 0],
    ['3', 'dense', 300, 10, 3010, 0],
  ]);
  expect(layers.reduce((total, { parameters }) => total + parameters, 0)).toBe(model.parameterCount);
});

test('is a table for people, and data for programs', () => {
  expect(String(summary(model))).toMatchInlineSnapshot(`
    "   layer      options                            output  parameters  multiply-adds
    ──────────────────────────────────────────────────────────────────────────────────
       input                                            784
    0  dense      activation relu                       300     235,200        235,200
    1  batchNorm  eps 0.00001, momentum 0.1, affine     300         600
    2  dropout    rate 0.3                              300           0
    3  dense                                             10       3,010          3,000
    ──────────────────────────────────────────────────────────────────────────────────
    238,810 parameters, 955 kB, and 600 values that are not trained; 238,200 multiply-adds a row"
  `);
  expect(JSON.parse(JSON.stringify(summary(model)))).toEqual({ ...summary(model) });
});

test('of a network: outermost layers and what stands between them, in order, and what is frozen', () => {
  const net = twoByTwo();
  freeze(net, 'block.*');
  const { layers, parameters, frozen, buffers } = summary(net);
  expect(layers.map(({ name, kind, shape }) => [name, kind, shape])).toEqual([
    ['dense', 'dense', [6]],
    ['block', 'block', [6]],
    ['reshape', 'reshape', [6]],
    ['layerNorm', 'layerNorm', [6]],
    ['shift', 'shift', [6]],
    ['mul', 'mul', [6]],
    ['concat', 'concat', [12]],
    ['batchNorm', 'batchNorm', [12]],
    ['dense_1', 'dense', [3]],
    ['dense_2', 'dense', [1]],
  ]);
  // The block is called twice, and its layer within it as well: it has one set of parameters.
  expect(layers[1]).toMatchObject({ parameters: 6 * 6 + 6 + 1, frozen: 43 });
  expect(frozen).toBe(43);
  expect(layers.reduce((total, own) => total + own.parameters, 0)).toBe(parameters);
  expect(buffers).toBe(6 + 2 * 12);
  expect(parameters).toBe(net.parameterCount);
  expect(titleOf(net)).toBe('a [5], b [2, 3] to species [3], amount [1]');
  expect(sizesOf(net)).toEqual([11, 6, 6, 6, 6, 6, 6, 12, 12, 3, 1]);
  expect(String(summary(net))).toMatchInlineSnapshot(`
    "layer      kind    output  parameters      bytes  multiply-adds
    ───────────────────────────────────────────────────────────────
    a          input        5
    b          input    2 x 3
    dense                   6          36  144 bytes             30
    block                   6  43, frozen  172 bytes            144
    reshape                 6
    layerNorm               6          12   48 bytes
    shift                   6
    mul                     6
    concat                 12
    batchNorm              12          24   96 bytes
    dense_1    dense        3          39  156 bytes             36
    dense_2    dense        1          13   52 bytes             12
    species    output       3
    amount     output       1
    ───────────────────────────────────────────────────────────────
    167 parameters, 668 bytes, 43 of them frozen, and 30 values that are not trained; 222 multiply-adds a row"
  `);
});

test('of a list of layers says what is frozen', () => {
  const list = sequential(3, [dense(4), dense(2)]);
  freeze(list, '0.weight');
  expect(summary(list)).toMatchObject({ frozen: 12, layers: [{ frozen: 12 }, {}] });
  expect(String(summary(list))).toMatch(
    /26 parameters, 104 bytes, 12 of them frozen; 20 multiply-adds a row$/,
  );
});

test('of images: shapes of outputs, options that say something, and multiply-adds by hand', () => {
  const images = sequential(
    [9, 8, 2],
    [
      conv2d(6, [3, 2], { stride: [2, 1], groups: 2, activation: 'relu' }),
      batchNorm(),
      convTranspose2d(4, 3, { stride: 2, padding: 'same' }),
      separableConv2d(5, 3, { multiplier: 2, padding: 'same' }),
      dense(7),
      reshape([56, 14]),
      conv1d(3, 5, { dilation: 2 }),
      flatten(),
      dense(10, { bias: false }),
    ],
  );
  expect(images.shapes).toEqual([
    ...[[9, 8, 2], [4, 7, 6], [4, 7, 6], [8, 14, 4], [8, 14, 5], [8, 14, 7], [56, 14], [48, 3], [144], [10]],
  ]);
  expect(images.sizes).toEqual(images.shapes.map((dims) => dims.reduce((a, b) => a * b)));
  const { layers, multiplyAdds } = summary(images);
  expect(layers.map((layer) => layer.shape)).toEqual(images.shapes.slice(1));
  const expected = [
    ...[4 * 7 * (3 * 2 * 1) * 6, 0, 4 * 7 * 6 * (3 * 3) * 4, 8 * 14 * (9 * 8 + 8 * 5), 8 * 14 * 5 * 7],
    ...[0, 48 * 5 * 14 * 3, 0, 1440],
  ];
  expect(layers.map((layer) => layer.multiplyAdds)).toEqual(expected);
  expect(multiplyAdds).toBe(expected.reduce((a, b) => a + b));
  expect(layerWidths(images)).toEqual([144, 6, 4, 5, 7, 3, 10]);
  expect(String(summary(images))).toMatchInlineSnapshot(`
    "   layer            options                                                  output  parameters  multiply-adds
    ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
       input                                                                  9 x 8 x 2
    0  conv2d           size [3,2], stride [2,1], activation relu, groups 2   4 x 7 x 6          42          1,008
    1  batchNorm        eps 0.00001, momentum 0.1, affine                     4 x 7 x 6          12
    2  convTranspose2d  size 3, stride 2, padding same                       8 x 14 x 4         220          6,048
    3  separableConv2d  size 3, padding same, multiplier 2                   8 x 14 x 5         117         12,544
    4  dense                                                                 8 x 14 x 7          42          3,920
    5  reshape                                                                  56 x 14           0
    6  conv1d           size 5, dilation 2                                       48 x 3         213         10,080
    7  flatten                                                                      144           0
    8  dense                                                                         10       1,440          1,440
    ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
    2,086 parameters, 8344 bytes, and 12 values that are not trained; 35,040 multiply-adds a row"
  `);
  // The same network as a function, a layer of it called twice.
  const x = input([4, 4, 3]);
  const shared = conv2d(3, 3, { padding: 'same' });
  const net = network(x, flatten(shared(shared(x))));
  expect(summary(net).layers.map((layer) => [layer.kind, layer.multiplyAdds])).toEqual([
    ['conv2d', 2 * 16 * 9 * 9],
    ['reshape', 0],
  ]);
});
