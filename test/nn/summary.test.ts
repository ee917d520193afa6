/** The summary of a model: what it counts, and how it is drawn. */
import { expect, test } from 'vitest';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { sequential } from '../../src/nn/sequential.js';
import { summary } from '../../src/nn/summary.js';

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
