/** The summary of a model: what it counts, and how it is drawn. */
import { expect, test } from 'vitest';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { freeze } from '../../src/nn/model.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { sequential } from '../../src/nn/sequential.js';
import { sizesOf, summary, titleOf } from '../../src/nn/summary.js';
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
    "   layer      options                            output  parameters
    ───────────────────────────────────────────────────────────────────
       input                                            784
    0  dense      activation relu                       300     235,200
    1  batchNorm  eps 0.00001, momentum 0.1, affine     300         600
    2  dropout    rate 0.3                              300           0
    3  dense                                             10       3,010
    ───────────────────────────────────────────────────────────────────
    238,810 parameters, 955 kB, and 600 values that are not trained"
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
    "layer      kind    output  parameters      bytes
    ────────────────────────────────────────────────
    a          input        5
    b          input    2 x 3
    dense                   6          36  144 bytes
    block                   6  43, frozen  172 bytes
    reshape                 6
    layerNorm               6          12   48 bytes
    shift                   6
    mul                     6
    concat                 12
    batchNorm              12          24   96 bytes
    dense_1    dense        3          39  156 bytes
    dense_2    dense        1          13   52 bytes
    species    output       3
    amount     output       1
    ────────────────────────────────────────────────
    167 parameters, 668 bytes, 43 of them frozen, and 30 values that are not trained"
  `);
});

test('of a list of layers says what is frozen', () => {
  const list = sequential(3, [dense(4), dense(2)]);
  freeze(list, '0.weight');
  expect(summary(list)).toMatchObject({ frozen: 12, layers: [{ frozen: 12 }, {}] });
  expect(String(summary(list))).toMatch(/26 parameters, 104 bytes, 12 of them frozen$/);
});
