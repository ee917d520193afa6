/** ONNX files that are refused: graphs that are no chain, and constants that are no weights. */
import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { b, testRefusals, W, w } from './refusals.js';
import { floats, int, node, onnxFile, raw, value } from './schema.js';

describe('what is no chain of known operators is refused, and the node named', () => {
  const gemm = node('Gemm', ['x', 'w', 'b'], 'y');
  testRefusals([
    [
      'another operator',
      { node: [node('LSTM', ['x', 'w'], 'y')], initializer: [w] },
      /node "LSTM:y" \(LSTM\): not supported; expected one of Abs, Add, /,
    ],
    [
      'another domain',
      { node: [{ ...gemm, domain: 'com.microsoft' }], initializer: [w, b] },
      /"Gemm:y".*not supported/,
    ],
    ['no nodes', { node: [], initializer: [w] }, /value "x" leads to no node/],
    ['no layer', { node: [node('Identity', ['x'], 'y')] }, /the graph has no layer/],
    ['a branch', { node: [node('Relu', ['x'], 'a'), node('Tanh', ['x'], 'y')] }, /"Relu:a".*a branch/],
    [
      'a cycle',
      {
        node: [node('Relu', ['x'], 'a'), node('Tanh', ['b'], 'c'), node('Relu', ['c'], 'b'), gemm],
        initializer: [w, b],
      },
      /another node|branch|not on the way|twice|leads to no/,
    ],
    ['a cycle on the way', { node: [node('Identity', ['x'], 'x')] }, /made by a node as well/],
    [
      'a value made twice',
      { node: [gemm, node('Relu', ['x'], 'y')], initializer: [w, b] },
      /"Relu:y".*made by another node/,
    ],
    ['a constant twice', { node: [gemm], initializer: [w, w, b] }, /constant "w" is given twice/],
    [
      'two outputs',
      { node: [gemm], initializer: [w, b], output: [value('y', [2]), value('z', [2])] },
      /the output "z" is made by no node/,
    ],
    [
      'weights that are no constant',
      { node: [node('Gemm', ['x', 'v'], 'y')], initializer: [] },
      /"v" to be a constant/,
    ],
    ['the input as weights', { node: [node('MatMul', ['w', 'x'], 'y')], initializer: [w] }, /"MatMul:y"/],
    [
      'transposed samples',
      { node: [node('Gemm', ['x', 'w'], 'y', [int('transA', 1)])], initializer: [w] },
      /rows of samples/,
    ],
    [
      'weights of one axis',
      { node: [node('MatMul', ['x', 'v'], 'y')], initializer: [floats('v', [4], [1, 2, 3, 4])] },
      /constant matrix/,
    ],
    [
      'weights for other inputs',
      { node: [gemm], initializer: [floats('w', [3, 2], [1, 2, 3, 4, 5, 6]), b] },
      /"Gemm:y".*take 3 values, but what comes before has 4/,
    ],
    [
      'too few weights',
      { node: [gemm], initializer: [floats('w', [4, 2], [1, 2]), b] },
      /"Gemm:y".*\[4, 2\] needs 8 values, given 2/,
    ],
    [
      'a huge claim',
      { node: [gemm], initializer: [floats('w', [2 ** 30, 2 ** 20], []), b] },
      /needs \d+ values, given 0/,
    ],
    [
      'a shape that overflows',
      { node: [gemm], initializer: [floats('w', [2 ** 50, 2 ** 50], []), b] },
      /overflows/,
    ],
    ['a negative shape', { node: [gemm], initializer: [floats('w', [-4, -2], W), b] }, /not allowed/],
    [
      'a bias of another length',
      { node: [node('Gemm', ['x', 'w', 'v'], 'y')], initializer: [w, floats('v', [3], [1, 2, 3])] },
      /row of 2 numbers, given shape \[3\]/,
    ],
    [
      'NaN',
      { node: [gemm], initializer: [w, floats('b', [2], [1, Number.NaN])] },
      /"Gemm:y".*finite values, given NaN at 1/,
    ],
    [
      'weights in another file',
      { node: [gemm], initializer: [{ ...w, dataLocation: 1 }, b] },
      /tensor "w": its data are in another file/,
    ],
    [
      'whole numbers as weights',
      { node: [gemm], initializer: [{ name: 'w', dims: [4, 2], dataType: 7, int64Data: [1] }, b] },
      /tensor of floats, given one of type 7/,
    ],
    [
      'raw data of a broken length',
      { node: [gemm], initializer: [raw('w', [4, 2], 1, new Uint8Array(7)), b] },
      /bytes|floats/,
    ],
    [
      'a branch within SiLU that scales',
      {
        node: [node('Sigmoid', ['x'], 's'), { ...node('Mul', ['x', 's'], 'y'), domain: 'com.microsoft' }],
      },
      /"Mul:y" \(com.microsoft.Mul\): not supported/,
    ],
    [
      'a node that makes a constant',
      { node: [node('Relu', ['x'], 'w'), node('Gemm', ['x', 'w'], 'y')], initializer: [w] },
      /"Relu:w".*its output "w" is given twice/,
    ],
    [
      'an old operator set',
      { node: [gemm], initializer: [w, b], opset: 6 },
      /operator set from 7 to 25, given 6/,
    ],
  ]);
});

describe('values of more than two axes are rows only once they are flattened', () => {
  const _v = floats('w', [1, 2], [1, 2]);
  const message = /expected rows of numbers, \[batch, n\], given values of 3 axes; Flatten makes rows/;
  testRefusals([
    ['softmax', { node: [node('Relu', ['x'], 'r'), node('Softmax', ['r'], 'y')] }, message, [1, 4]],
    [
      'batch norm, whose features are the second axis',
      {
        node: [node('BatchNormalization', ['x', 'c', 'c', 'c', 'c'], 'y')],
        initializer: [floats('c', [4], W.slice(2, 6))],
      },
      message,
      [1, 4],
    ],
  ]);
});

test('layers that share a constant do not multiply what a small file holds', () => {
  const side = 1024;
  const weights = raw('w', [side, side], 1, new Float32Array(side * side).fill(0.5));
  const chain = (layers: number) =>
    onnxFile(
      {
        node: Array.from({ length: layers }, (_, i) =>
          node('MatMul', [i === 0 ? 'x' : `v${i}`, 'w'], i === layers - 1 ? 'y' : `v${i + 1}`),
        ),
        initializer: [weights],
        output: [value('y', [side])],
      },
      [side],
    );
  expect(readOnnx(chain(3), 'a.onnx').model.parameterCount).toBe(3 * side * side);
  // Of so many, all have the same.
  expect(readOnnx(chain(40), 'a.onnx').model.parameterCount).toBe(side * side);
});
