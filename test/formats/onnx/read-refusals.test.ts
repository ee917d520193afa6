/** ONNX files that are refused: graphs that are no chain of known operators, and broken files. */
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { dense } from '../../../src/nn/dense.js';
import { sequential } from '../../../src/nn/sequential.js';
import { float, floats, type GraphSpec, int, node, onnxFile, raw, value } from './schema.js';

const W = [1, -2, 0.5, 3, -1, 0.25, 2, -0.5];
const w = floats('w', [4, 2], W);
const b = floats('b', [2], [0.5, -1]);
const _inputs = Float32Array.of(1, 2, -1, 0.5, -3, 0.25, 4, 1);

describe('what is no chain of known operators is refused, and the node named', () => {
  const gemm = node('Gemm', ['x', 'w', 'b'], 'y');
  const cases: [what: string, graph: GraphSpec, message: RegExp][] = [
    [
      'another operator',
      { node: [node('Conv', ['x', 'w'], 'y')], initializer: [w] },
      /node "Conv:y" \(Conv\): this operator is not supported; expected one of Gemm, /,
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
      'a sum of two branches',
      {
        node: [node('Gemm', ['x', 'w'], 'h'), node('Relu', ['h'], 'r'), node('Add', ['h', 'r'], 'y')],
        initializer: [w],
      },
      /a branch/,
    ],
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
      /another file/,
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
