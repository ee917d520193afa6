/** Graphs that are no row of layers compute what ONNX Runtime does. */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { expect, test } from 'vitest';
import { elementsOf } from '../../../src/base/arrays.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { reals } from '../../kernels/harness.js';
import { channelsLast } from '../../networks/numbers.js';
import { kernel } from './models.js';
import { b, w } from './refusals.js';
import { runModel, softmaxRows, worstDifference } from './runtime.js';
import { floats, type GraphSpec, int, node, onnxFile, text, value } from './schema.js';

/** Graphs of rows of four numbers, or of inputs of `shape`, [channels, height, width] for images. */
type Case = [what: string, graph: GraphSpec, shape?: number[]];

const size = [2, 5, 5];
const linear = node('Gemm', ['h', 'w'], 'y');
const gemm = node('Gemm', ['x', 'w', 'b'], 'y');
const _conv = node('Conv', ['x', 'k'], 'c');
const ROWS = 3;

const cases: Case[] = [
  [
    'scaling by a row',
    {
      node: [node('Mul', ['x', 'r'], 'h'), node('Gemm', ['h', 'w'], 'y')],
      initializer: [w, floats('r', [4], [1, 2, 3, 4])],
    },
  ],
  [
    'scaling by zero',
    {
      node: [node('Mul', ['x', 'z'], 'h'), node('Gemm', ['h', 'w'], 'y')],
      initializer: [w, floats('z', [], [0])],
    },
  ],
  [
    'scaling between layers',
    {
      node: [node('Gemm', ['x', 'w'], 'h'), node('Mul', ['h', 'z'], 'y')],
      initializer: [w, floats('z', [], [2])],
    },
  ],
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
  ],
  [
    'two sums',
    {
      node: [node('MatMul', ['x', 'w'], 'm'), node('Add', ['m', 'b'], 'a'), node('Add', ['a', 'b'], 'y')],
      initializer: [w, b],
    },
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
  ],
  [
    'softmax between layers',
    { node: [node('Softmax', ['x'], 'h'), node('Gemm', ['h', 'w'], 'y')], initializer: [w] },
  ],
  [
    'a conversion to whole numbers',
    {
      node: [node('Cast', ['x'], 'i', [int('to', 7)]), node('Cast', ['i'], 'h', [int('to', 1)]), linear],
      initializer: [w],
    },
  ],
  ...['Relu', 'Sigmoid', 'LeakyRelu', 'Gelu'].map(
    (operator): Case => [
      `a sum behind ${operator}, which is no bias of the product before it`,
      {
        node: [node('MatMul', ['x', 'w'], 'm'), node(operator, ['m'], 'r'), node('Add', ['r', 'b'], 'y')],
        initializer: [w, b],
        opset: 20,
      },
    ],
  ),
  [
    'a value added to itself',
    { node: [node('Gemm', ['x', 'w'], 'h'), node('Add', ['h', 'h'], 'y')], initializer: [w] },
  ],
  ['a node behind the output', { node: [gemm, node('Relu', ['y'], 'r')], initializer: [w, b] }],
  ['two inputs', { node: [gemm], initializer: [w, b], input: [value('x', [4]), value('z', [4])] }],
  [
    'softmax over an axis of one, of three',
    {
      node: [node('MatMul', ['x', 'w'], 'm'), node('Softmax', ['m'], 'y', [int('axis', 1)])],
      initializer: [w],
    },
    [1, 4],
  ],
  [
    'a product over another axis',
    { node: [node('MatMul', ['x', 'w'], 'y')], initializer: [floats('w', [1, 2], [1, 2])] },
    [4, 1],
  ],
  [
    'layer norm',
    { node: [node('LayerNormalization', ['x', 'c'], 'y')], initializer: [floats('c', [2], [1, 2])] },
    [2, 2],
  ],
  [
    'a cubic enlargement',
    {
      node: [node('Conv', ['x', 'k'], 'c'), node('Resize', ['c', '', 's'], 'y', [text('mode', 'cubic')])],
      initializer: [kernel(2, 2, 1, 1), floats('s', [4], [1, 1, 2, 2])],
    },
    size,
  ],
  [
    'pixels at the corners',
    {
      node: [
        node('Conv', ['x', 'k'], 'c'),
        node('Resize', ['c', '', 's'], 'y', [
          ...[text('mode', 'linear'), text('coordinate_transformation_mode', 'align_corners')],
        ]),
      ],
      initializer: [kernel(2, 2, 1, 1), floats('s', [4], [1, 1, 2, 2])],
    },
    size,
  ],
  [
    'a join of another kind',
    {
      node: [node('Conv', ['x', 'k'], 'c'), node('MatMul', ['x', 'c'], 'y')],
      initializer: [kernel(2, 2, 1, 1)],
    },
    size,
  ],
];

test.each(cases)('%s', async (_, graph, shape = [4]) => {
  const bytes = onnxFile({ ...graph, output: [{ name: 'y', type: { tensorType: { elemType: 1 } } }] }, shape);
  const { model, softmax, sigmoid } = readOnnx(bytes, 'traced.onnx');
  const x = Float32Array.from(reals(ROWS * elementsOf(shape), 3));
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const all = Object.fromEntries(
    session.inputNames.map((name) => [name, new Tensor('float32', x, [ROWS, ...shape])]),
  );
  const { y } = await session.run(all);
  await session.release();
  const isTurned = model.inputs[0].shape.join() !== shape.join();
  const outputs = runModel(model, isTurned ? channelsLast(x, [ROWS, ...shape]) : x);
  const data = y.data as Float32Array;
  const isImages = y.dims.length === 4 && model.outputs[0].shape.join() !== y.dims.slice(1).join();
  const expected = isImages ? channelsLast(data, y.dims) : data;
  const linked = softmax
    ? softmaxRows(outputs, model.outputSize)
    : outputs.map((own) => (sigmoid ? 1 / (1 + Math.exp(-own)) : own));
  expect(worstDifference(linked, expected)).toBeLessThan(2e-6);
});
