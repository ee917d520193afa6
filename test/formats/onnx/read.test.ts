/** Reading ONNX files of others: each becomes a model that computes what ONNX Runtime does with the file, or is refused by name. */
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/errors.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { dense } from '../../../src/nn/dense.js';
import { sequential } from '../../../src/nn/sequential.js';
import { runModel, runOnnx, worstDifference } from './runtime.js';
import { decodeFile, float, floats, type GraphSpec, int, node, onnxFile, raw, value } from './schema.js';

const W = [1, -2, 0.5, 3, -1, 0.25, 2, -0.5];
const w = floats('w', [4, 2], W);
const b = floats('b', [2], [0.5, -1]);
const inputs = Float32Array.of(1, 2, -1, 0.5, -3, 0.25, 4, 1);

describe('files of other writers compute the same as in ONNX Runtime', () => {
  const good: [what: string, graph: GraphSpec][] = [
    [
      'Gemm with transB, as PyTorch writes Linear',
      {
        node: [
          node('Gemm', ['x', 'wt', 'b'], 'h', [float('alpha', 1), float('beta', 1), int('transB', 1)]),
          node('Relu', ['h'], 'y'),
        ],
        initializer: [floats('wt', [2, 4], [1, 0.5, -1, 2, -2, 3, 0.25, -0.5]), b],
      },
    ],
    [
      'MatMul and Add, as Keras writes Dense',
      {
        node: [node('MatMul', ['x', 'w'], 'm'), node('Add', ['m', 'b'], 'a'), node('Tanh', ['a'], 'y')],
        initializer: [w, b],
      },
    ],
    [
      'a bias on the left',
      { node: [node('MatMul', ['x', 'w'], 'm'), node('Add', ['b', 'm'], 'y')], initializer: [w, b] },
    ],
    [
      'alpha, beta and one number as bias',
      {
        node: [node('Gemm', ['x', 'w', 'one'], 'y', [float('alpha', 0.5), float('beta', 2)])],
        initializer: [w, floats('one', [1], [0.75])],
      },
    ],
    [
      'a bias of one row',
      { node: [node('Gemm', ['x', 'w', 'row'], 'y')], initializer: [w, floats('row', [1, 2], [3, 4])] },
    ],
    ['no bias', { node: [node('Gemm', ['x', 'w'], 'y')], initializer: [w] }],
    [
      'constants as nodes',
      {
        node: [
          { ...node('Constant', [], 'w'), attribute: [{ name: 'value', t: floats('', [4, 2], W), type: 4 }] },
          node('MatMul', ['x', 'w'], 'y'),
        ],
      },
    ],
    [
      'nodes that do nothing',
      {
        node: [
          node('Identity', ['x'], 'i'),
          node('Flatten', ['i'], 'f', [int('axis', 1)]),
          node('Dropout', ['f'], 'd'),
          node('Gemm', ['d', 'w', 'b'], 'g'),
          node('Cast', ['g'], 'y', [int('to', 1)]),
        ],
        initializer: [w, b],
      },
    ],
    [
      'Reshape to rows',
      {
        node: [node('Reshape', ['x', 's'], 'r'), node('Gemm', ['r', 'w', 'b'], 'y')],
        initializer: [raw('s', [2], 7, BigInt64Array.of(-1n, 4n)), w, b],
      },
    ],
    [
      'constants that are listed among the inputs',
      {
        node: [node('Gemm', ['x', 'w', 'b'], 'y')],
        initializer: [w, b],
        input: [value('x', [4]), value('w', [2]), value('b', [])],
      },
    ],
    [
      'two products in a row',
      {
        node: [node('Gemm', ['x', 'w', 'b'], 'h'), node('Gemm', ['h', 'v'], 'y')],
        initializer: [w, b, floats('v', [2, 2], [1, 2, 3, 4])],
      },
    ],
    [
      'an activation on its own, and one with its own slope',
      {
        node: [
          node('Sigmoid', ['x'], 's'),
          node('Gemm', ['s', 'w', 'b'], 'h'),
          node('LeakyRelu', ['h'], 'y', [float('alpha', 0.3)]),
        ],
        initializer: [w, b],
      },
    ],
    [
      'SiLU as PyTorch writes it, and softplus',
      {
        node: [
          node('Gemm', ['x', 'w', 'b'], 'h'),
          node('Sigmoid', ['h'], 's'),
          node('Mul', ['h', 's'], 'p'),
          node('Softplus', ['p'], 'y'),
        ],
        initializer: [w, b],
      },
    ],
    [
      'Gelu by the error function, Elu',
      {
        node: [node('Gemm', ['x', 'w', 'b'], 'h'), node('Gelu', ['h'], 'g'), node('Elu', ['g'], 'y')],
        initializer: [w, b],
        opset: 20,
      },
    ],
    [
      'BatchNormalization and LayerNormalization, with defaults left out',
      {
        node: [
          node('BatchNormalization', ['x', 'g4', 'b4', 'm4', 'v4'], 'n'),
          node('LayerNormalization', ['n', 'g4'], 'l'),
          node('Gemm', ['l', 'w', 'b'], 'y'),
        ],
        initializer: [
          w,
          b,
          floats('g4', [4], [1, 2, -1, 0.5]),
          floats('b4', [4], [0.5, 0, 1, -1]),
          floats('m4', [4], [1, 0, -1, 2]),
          floats('v4', [4], [1, 0.5, 2, 3]),
        ],
      },
    ],
  ];

  test.each(good)('%s', async (_, graph) => {
    const bytes = onnxFile(graph);
    const { model } = readOnnx(bytes, 'other.onnx');
    const { values } = await runOnnx(bytes, inputs, 4);
    expect(worstDifference(runModel(model, inputs), values)).toBeLessThanOrEqual(1e-5);
  });

  test('float16, bfloat16 and float64 weights, exact where float32 holds them', () => {
    // 1, -2, 0.5 and 3, by the formats' definitions.
    const half = Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x4200);
    const brain = Uint16Array.of(0x3f80, 0xc000, 0x3f00, 0x4040);
    for (const [type, data] of [
      [10, half],
      [16, brain],
      [11, Float64Array.of(1, -2, 0.5, 3)],
    ] as const) {
      const file = onnxFile(
        { node: [node('Gemm', ['x', 'w'], 'y')], initializer: [raw('w', [2, 2], type, data)] },
        [2],
      );
      expect(Array.from(readOnnx(file, 'a').model.parameters[0].values)).toEqual([1, -2, 0.5, 3]);
    }
  });

  test('scaling of the inputs becomes metadata', async () => {
    const file = onnxFile({
      node: [
        node('Sub', ['x', 'mean'], 'c'),
        node('Div', ['c', 'deviation'], 'd'),
        node('Gemm', ['d', 'w', 'b'], 'g'),
        node('Softmax', ['g'], 'y', [int('axis', 1)]),
      ],
      initializer: [w, b, floats('mean', [], [8]), floats('deviation', [1], [16])],
    });
    const { metadata, softmax } = readOnnx(file, 'a.onnx');
    expect(metadata).toEqual({ input: { scale: 1 / 16, offset: -0.5 } });
    expect(softmax).toBe(true);
  });

  test('an image is flattened', () => {
    const file = onnxFile(
      { node: [node('Flatten', ['x'], 'f'), node('Gemm', ['f', 'w'], 'y')], initializer: [w] },
      [1, 2, 2],
    );
    expect(readOnnx(file, 'a.onnx').model.sizes).toEqual([4, 2]);
  });
});

test('an independent reader sees what was written', () => {
  const model = sequential(3, [dense(2, { activation: 'relu' })], { seed: 1 });
  const file = decodeFile(writeOnnx(model, { metadata: { classNames: ['a', 'b'] } }));
  expect(file).toMatchObject({
    irVersion: 9,
    producerName: 'lanegrad',
    opsetImport: [{ version: 20 }],
    metadataProps: [{ key: 'classNames', value: '["a","b"]' }],
    graph: {
      node: [
        { opType: 'Gemm', name: '/0/Gemm', input: ['input', '0.weight', '0.bias'], output: ['/0/Gemm'] },
        { opType: 'Relu', name: '/0/Relu', input: ['/0/Gemm'], output: ['logits'] },
      ],
      initializer: [
        { name: '0.weight', dims: [3, 2] },
        { name: '0.bias', dims: [2] },
      ],
      input: [
        { name: 'input', type: { tensorType: { shape: { dim: [{ dimParam: 'batch' }, { dimValue: 3 }] } } } },
      ],
      output: [
        {
          name: 'logits',
          type: { tensorType: { shape: { dim: [{ dimParam: 'batch' }, { dimValue: 2 }] } } },
        },
      ],
    },
  });
});

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
