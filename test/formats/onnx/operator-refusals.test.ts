/** ONNX files that are refused: operators in a chain whose parameters, attributes or places are not read. */
import { describe } from 'vitest';
import { b, testRefusals, w } from './refusals.js';
import { float, floats, int, node, raw, whole } from './schema.js';

describe('an operator that is not read is refused, and the node named', () => {
  testRefusals([
    [
      'a sum that adds rows',
      {
        node: [node('MatMul', ['x', 'w'], 'm'), node('Add', ['m', 'c'], 'y')],
        initializer: [w, floats('c', [1, 1, 2], [1, 2])],
      },
      /row of 2 numbers, given shape \[1, 1, 2\]/,
    ],
    [
      'scaling that adds an axis',
      {
        node: [node('Mul', ['x', 'c'], 'h'), node('Gemm', ['h', 'w'], 'y')],
        initializer: [w, floats('c', [1, 1, 1], [2])],
      },
      /"Mul:h".*one number, given an array of 3 axes/,
    ],
    [
      'a sum of nothing',
      { node: [node('MatMul', ['x', 'w'], 'm'), node('Add', ['m', ''], 'y')], initializer: [w] },
      /"Add:y".*its input 1 is missing/,
    ],
    [
      'a sum of nothing, in front',
      { node: [node('Add', ['', 'x'], 'm'), node('MatMul', ['m', 'w'], 'y')], initializer: [w] },
      /"Add:m".*its input 0 is missing/,
    ],
    [
      'a sum of one value',
      { node: [node('Add', ['x'], 'm'), node('MatMul', ['m', 'w'], 'y')], initializer: [w] },
      /"Add:m".*its input 1 is missing/,
    ],
    [
      'an operator that reads the values as its parameter',
      { node: [node('Dropout', ['w', 'x'], 'm'), node('MatMul', ['m', 'w'], 'y')], initializer: [w] },
      /"Dropout:m".*the values before it as its first input/,
    ],
    [
      'the inputs as a divisor',
      { node: [node('Div', ['b', 'x'], 'm'), node('MatMul', ['m', 'w'], 'y')], initializer: [w, b] },
      /"Div:m".*as its first input/,
    ],
    [
      'more inputs than the operator has',
      { node: [node('MatMul', ['x', 'w', 'b'], 'y')], initializer: [w, b] },
      /"MatMul:y".*at most 2 inputs, given 3/,
    ],
    [
      'an attribute that is not known',
      { node: [node('Gemm', ['x', 'w'], 'y', [int('activation', 1)])], initializer: [w] },
      /"Gemm:y".*its attribute "activation" is not understood/,
    ],
    [
      'an attribute twice',
      { node: [node('Gemm', ['x', 'w'], 'y', [float('alpha', 1), float('alpha', 2)])], initializer: [w] },
      /"Gemm:y".*"alpha" is given twice/,
    ],
    [
      'an attribute of another type',
      { node: [node('Gemm', ['x', 'w'], 'y', [int('alpha', 2)])], initializer: [w] },
      /"Gemm:y".*attribute alpha to be a number/,
    ],
    [
      'dropout that is in training mode',
      {
        node: [node('Dropout', ['x', 'ratio', 'on'], 'd'), node('Gemm', ['d', 'w'], 'y')],
        initializer: [w, floats('ratio', [], [0.5]), raw('on', [], 9, Uint8Array.of(1))],
      },
      /"Dropout:d".*not to be in training mode/,
    ],
    [
      'dropout whose mode is an input',
      {
        node: [node('Dropout', ['x', '', 'mode'], 'd'), node('Gemm', ['d', 'w'], 'y')],
        initializer: [w],
      },
      /"Dropout:d".*"mode" to be a constant/,
    ],
    [
      'batch norm in training mode, as operator set 9 says it',
      {
        node: [
          {
            ...node('BatchNormalization', ['x', 'g4', 'g4', 'g4', 'g4'], 'y'),
            output: ['y', 'mean', 'var', 'm', 'v'],
          },
        ],
        initializer: [floats('g4', [4], [1, 2, 1, 0.5])],
        opset: 9,
      },
      /"BatchNormalization:y".*not to be in training mode/,
    ],
    [
      'a norm whose numbers are no row',
      {
        node: [node('LayerNormalization', ['x', 'g'], 'y')],
        initializer: [floats('g', [4, 1], [1, 2, 3, 4])],
      },
      /one a feature/,
    ],
    [
      'a matrix without values',
      {
        node: [node('Gemm', ['x', 'v'], 'y', [int('transB', 1)])],
        initializer: [floats('v', [2 ** 40, 0], [])],
      },
      /a matrix with values, given shape \[1099511627776, 0\]/,
    ],
    [
      'a reshape to no rows',
      {
        node: [node('Reshape', ['x', 's'], 'h', [int('allowzero', 1)]), node('Gemm', ['h', 'w'], 'y')],
        initializer: [w, whole('s', [0, 4])],
      },
      /"Reshape:h".*keep the batch axis/,
    ],
    [
      'softmax over the batch',
      {
        node: [node('Gemm', ['x', 'w'], 'h'), node('Softmax', ['h'], 'y', [int('axis', 0)])],
        initializer: [w],
      },
      /axis 0/,
    ],
    [
      'a reshape of the batch',
      {
        node: [node('Reshape', ['x', 's'], 'h'), node('Gemm', ['h', 'w'], 'y')],
        initializer: [w, whole('s', [-1])],
      },
      /"Reshape:h".*keep the batch axis/,
    ],
    [
      'a negative variance',
      {
        node: [node('BatchNormalization', ['x', 'g4', 'g4', 'g4', 'g4'], 'y')],
        initializer: [floats('g4', [4], [1, 2, -1, 0.5])],
      },
      /"BatchNormalization:y".*variance is negative/,
    ],
    [
      'statistics of other features',
      {
        node: [node('BatchNormalization', ['x', 'b', 'b', 'b', 'b'], 'y')],
        initializer: [b],
      },
      /expected 4 numbers as its input 1, one a feature, given 2/,
    ],
    [
      'a norm over the batch',
      {
        node: [node('LayerNormalization', ['x', 'b'], 'y', [int('axis', 0)])],
        initializer: [b],
      },
      /last axis, given axis 0/,
    ],
    ['a norm without scale', { node: [node('LayerNormalization', ['x'], 'y')] }, /its input 1 is missing/],
  ]);
});
