/** ONNX files that are refused: graphs that are no chain of known operators, and broken files. */
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/base/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { ProtoWriter } from '../../../src/formats/protobuf.js';
import { dense } from '../../../src/nn/dense.js';
import { sequential } from '../../../src/nn/sequential.js';
import { float, floats, type GraphSpec, int, node, onnxFile, raw, value } from './schema.js';

const W = [1, -2, 0.5, 3, -1, 0.25, 2, -0.5];
const w = floats('w', [4, 2], W);
const b = floats('b', [2], [0.5, -1]);
const _inputs = Float32Array.of(1, 2, -1, 0.5, -3, 0.25, 4, 1);

describe('what is no chain of known operators is refused, and the node named', () => {
  const gemm = node('Gemm', ['x', 'w', 'b'], 'y');
  type Case = [what: string, graph: GraphSpec, message: RegExp];
  const cases: Case[] = [
    [
      'another operator',
      { node: [node('LSTM', ['x', 'w'], 'y')], initializer: [w] },
      /node "LSTM:y" \(LSTM\): this operator is not supported; expected one of Gemm, /,
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
      'a value added to itself',
      { node: [node('Gemm', ['x', 'w'], 'h'), node('Add', ['h', 'h'], 'y')], initializer: [w] },
      /"Add:y".*a constant/,
    ],
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
      'a node beside the chain',
      { node: [gemm, node('Relu', ['q'], 'r')], initializer: [w, b] },
      /"Relu:r".*not on the way/,
    ],
    [
      'a node behind the output',
      { node: [gemm, node('Relu', ['y'], 'r')], initializer: [w, b] },
      /"Relu:r".*reads the output/,
    ],
    [
      'a value made twice',
      { node: [gemm, node('Relu', ['x'], 'y')], initializer: [w, b] },
      /"Relu:y".*made by another node/,
    ],
    ['a constant twice', { node: [gemm], initializer: [w, w, b] }, /constant "w" is given twice/],
    [
      'two outputs',
      { node: [gemm], initializer: [w, b], output: [value('y', [2]), value('z', [2])] },
      /one output of the graph, given \["y", "z"\]/,
    ],
    [
      'two inputs',
      { node: [gemm], initializer: [w, b], input: [value('x', [4]), value('z', [4])] },
      /one input of the graph/,
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
      'an infinite weight by alpha',
      { node: [node('Gemm', ['x', 'w'], 'y', [float('alpha', 3e38)])], initializer: [w] },
      /finite/,
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
      'scaling by a row',
      {
        node: [node('Mul', ['x', 'r'], 'h'), node('Gemm', ['h', 'w'], 'y')],
        initializer: [w, floats('r', [4], [1, 2, 3, 4])],
      },
      /"Mul:h".*by one number, given 4/,
    ],
    [
      'scaling by zero',
      {
        node: [node('Mul', ['x', 'z'], 'h'), node('Gemm', ['h', 'w'], 'y')],
        initializer: [w, floats('z', [], [0])],
      },
      /scale/,
    ],
    [
      'scaling between layers',
      {
        node: [node('Gemm', ['x', 'w'], 'h'), node('Mul', ['h', 'z'], 'y')],
        initializer: [w, floats('z', [], [2])],
      },
      /"Mul:y"/,
    ],
    ...['Relu', 'Sigmoid', 'LeakyRelu', 'Gelu'].map(
      (operator): Case => [
        `a sum behind ${operator}, which is no bias of the product before it`,
        {
          node: [node('MatMul', ['x', 'w'], 'm'), node(operator, ['m'], 'r'), node('Add', ['r', 'b'], 'y')],
          initializer: [w, b],
          opset: 20,
        },
        /"Add:y".*the bias right after a product/,
      ],
    ),
    [
      'a sum behind SiLU',
      {
        node: [
          node('MatMul', ['x', 'w'], 'm'),
          node('Sigmoid', ['m'], 's'),
          node('Mul', ['m', 's'], 'p'),
          node('Add', ['p', 'b'], 'y'),
        ],
        initializer: [w, b],
      },
      /"Add:y".*right after a product/,
    ],
    [
      'two sums',
      {
        node: [node('MatMul', ['x', 'w'], 'm'), node('Add', ['m', 'b'], 'a'), node('Add', ['a', 'b'], 'y')],
        initializer: [w, b],
      },
      /"Add:y".*right after a product/,
    ],
    [
      'a sum behind a norm',
      {
        node: [
          node('MatMul', ['x', 'w'], 'm'),
          node('LayerNormalization', ['m', 'b', 'b'], 'n'),
          node('Add', ['n', 'b'], 'y'),
        ],
        initializer: [w, b],
      },
      /"Add:y".*right after a product/,
    ],
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
      'a branch within SiLU that scales',
      {
        node: [node('Sigmoid', ['x'], 's'), { ...node('Mul', ['x', 's'], 'y'), domain: 'com.microsoft' }],
      },
      /a branch/,
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
      /expected 4 numbers as its input 1, one a feature, given 4|one a feature/,
    ],
    [
      'a node that makes a constant',
      { node: [node('Relu', ['x'], 'w'), node('Gemm', ['x', 'w'], 'y')], initializer: [w] },
      /"Relu:w".*its output "w" is given twice/,
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
        initializer: [w, raw('s', [2], 7, BigInt64Array.of(0n, 4n))],
      },
      /"Reshape:h".*keep the batch axis/,
    ],
    [
      'softmax between layers',
      { node: [node('Softmax', ['x'], 'h'), node('Gemm', ['h', 'w'], 'y')], initializer: [w] },
      /"Gemm:y".*nothing after softmax/,
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
        initializer: [w, raw('s', [1], 7, BigInt64Array.of(-1n))],
      },
      /"Reshape:h".*keep the batch axis/,
    ],
    [
      'a conversion to whole numbers',
      { node: [node('Cast', ['x'], 'h', [int('to', 7)]), node('Gemm', ['h', 'w'], 'y')], initializer: [w] },
      /float32, given type 7/,
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
    [
      'an old operator set',
      { node: [gemm], initializer: [w, b], opset: 6 },
      /operator set 9 or later, given 6/,
    ],
  ];

  test.each(cases)('%s', (_, graph, message) => {
    const read = () => readOnnx(onnxFile(graph), 'bad.onnx');
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^bad\.onnx: /);
  });
});

describe('values of more than two axes are rows only once they are flattened', () => {
  const v = floats('w', [1, 2], [1, 2]);
  const cases: [what: string, graph: GraphSpec, shape: number[]][] = [
    [
      'softmax over an axis of one, of three',
      {
        node: [node('MatMul', ['x', 'w'], 'm'), node('Softmax', ['m'], 'y', [int('axis', 1)])],
        initializer: [w],
      },
      [1, 4],
    ],
    ['softmax', { node: [node('Relu', ['x'], 'r'), node('Softmax', ['r'], 'y')] }, [1, 4]],
    ['a product over another axis', { node: [node('MatMul', ['x', 'w'], 'y')], initializer: [v] }, [4, 1]],
    [
      'batch norm, whose features are the second axis',
      {
        node: [node('BatchNormalization', ['x', 'c', 'c', 'c', 'c'], 'y')],
        initializer: [floats('c', [4], W.slice(2, 6))],
      },
      [1, 4],
    ],
    [
      'layer norm',
      { node: [node('LayerNormalization', ['x', 'c'], 'y')], initializer: [floats('c', [2], [1, 2])] },
      [2, 2],
    ],
  ];
  test.each(cases)('%s', (_, graph, shape) => {
    const read = () => readOnnx(onnxFile(graph, shape), 'bad.onnx');
    expect(read).toThrow(FormatError);
    expect(read).toThrow(
      /expected rows of numbers, \[batch, n\], given values of 3 axes; Flatten makes rows/,
    );
  });
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
  expect(() => readOnnx(chain(40), 'a.onnx')).toThrow(/more than 16 times the values that the file holds/);
});

test('a file of many tiny parts is refused before they fill the memory', () => {
  // Each node of two bytes would be an object of some hundred.
  const graph = new Uint8Array(2 * (2 ** 20 + 1)).map((_, i) => (i % 2 === 0 ? 0x0a : 0));
  const file = new ProtoWriter().int(1, 9).bytes(7, graph).finish();
  expect(() => readOnnx(file, 'a.onnx')).toThrow(
    /^a\.onnx: the file has too many nodes, names and other parts$/,
  );
});

describe('broken files', () => {
  const good = writeOnnx(sequential(3, [dense(2, { activation: 'tanh' }), dense(2)], { seed: 1 }), {
    softmax: true,
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /it has no graph/],
    ['text', new TextEncoder().encode('not a model'), /./],
    ['endless number', new Uint8Array(12).fill(0xff), /more than 10 bytes/],
    ['field 0', Uint8Array.of(0, 1), /field number 0/],
    ['a group', Uint8Array.of(0x0b), /wire type 3/],
    ['a field beyond the end', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0x7f), /ends beyond its message/],
    ['a name that is not UTF-8', Uint8Array.of(0x12, 1, 0xff), /not UTF-8/],
  ])('%s', (_, file, message) => {
    expect(() => readOnnx(file, 'bad.onnx')).toThrow(FormatError);
    expect(() => readOnnx(file, 'bad.onnx')).toThrow(message);
  });

  test('every cut, and every changed byte, gives a model or a FormatError', () => {
    let refused = 0;
    const attempt = (file: Uint8Array) => {
      try {
        readOnnx(file, 'bad.onnx');
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        refused++;
      }
    };
    for (let length = 0; length < good.length; length++) attempt(good.subarray(0, length));
    for (let at = 0; at < good.length; at++) {
      for (const change of [1, 0x80, 0xff]) {
        const file = good.slice();
        file[at] ^= change;
        attempt(file);
      }
    }
    expect(refused).toBeGreaterThan(good.length);
  });
});
