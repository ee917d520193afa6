/**
 * Reading ONNX files of others: each becomes a model that computes what ONNX Runtime does with the file, or
 * is refused by name.
 */

import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { add } from '../../../src/graph/functions.js';
import { input } from '../../../src/graph/leaves.js';
import { dense } from '../../../src/nn/dense.js';
import { network } from '../../../src/nn/network.js';
import { sequential } from '../../../src/nn/sequential.js';
import { readList } from './models.js';
import { runModel, runOnnx, softmaxRows, worstDifference } from './runtime.js';
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
      'nodes that do nothing between a product and what becomes part of its layer',
      {
        node: [
          node('MatMul', ['x', 'w'], 'm'),
          node('Dropout', ['m', '', 'off'], 'd'),
          node('Add', ['d', 'b'], 'a'),
          node('Identity', ['a'], 'i'),
          node('Relu', ['i'], 'y'),
        ],
        initializer: [w, b, raw('off', [], 9, Uint8Array.of(0))],
      },
    ],
    [
      'a flattening that counts its axis from the last',
      {
        node: [node('Flatten', ['x'], 'f', [int('axis', -1)]), node('Gemm', ['f', 'w', 'b'], 'y')],
        initializer: [w, b],
      },
    ],
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

  test('doubles in the list of their own', () => {
    const doubles = { name: 'w', dims: [2, 2], dataType: 11, doubleData: [1, -2, 0.5, 3] };
    const file = onnxFile({ node: [node('Gemm', ['x', 'w'], 'y')], initializer: [doubles] }, [2]);
    expect(Array.from(readOnnx(file, 'a').model.parameters[0].values)).toEqual([1, -2, 0.5, 3]);
  });

  test.each([
    [13, []],
    [13, [int('axis', -1)]],
    [12, []],
    [12, [int('axis', 1)]],
    [11, [int('axis', -1)]],
  ])('softmax of operator set %i over the last axis, %j', async (opset, attributes) => {
    const file = onnxFile({
      node: [node('Gemm', ['x', 'w', 'b'], 'g'), node('Softmax', ['g'], 'y', attributes)],
      initializer: [w, b],
      opset,
    });
    const { model, softmax } = readOnnx(file, 'a.onnx');
    const { values } = await runOnnx(file, inputs, 4);
    expect(softmax).toBe(true);
    expect(worstDifference(softmaxRows(runModel(model, inputs), 2), values)).toBeLessThanOrEqual(1e-6);
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
    expect(readList(file).model.sizes).toEqual([4, 2]);
  });
});

test('an independent reader sees what was written', () => {
  const model = sequential(3, [dense(2, { activation: 'relu' })], { seed: 1 });
  const file = decodeFile(writeOnnx(model, { metadata: { classNames: ['a', 'b'] } }));
  expect(file).toMatchObject({
    irVersion: 7,
    producerName: 'lanegrad',
    opsetImport: [{ version: 13 }],
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

test('inputs and outputs keep the names of the file', () => {
  const facts = input([3]);
  const hidden = dense(4, { activation: 'relu' })(facts);
  const model = network({ facts }, { score: dense(1)(add(hidden, dense(4)(hidden))) }, { seed: 1 });
  const back = readOnnx(writeOnnx(model), 'm.onnx').model;
  expect(back.inputs).toEqual([{ name: 'facts', shape: [3] }]);
  expect(back.outputs).toEqual([{ name: 'score', shape: [1] }]);
});
