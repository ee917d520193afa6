/** Networks of images in ONNX files: as PyTorch and Keras lay them out, and our own. */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/base/errors.js';
import { readModel, writeModel } from '../../../src/formats/model.js';
import { readOnnx } from '../../../src/formats/onnx/read.js';
import { writeOnnx } from '../../../src/formats/onnx/write.js';
import { isSequential } from '../../../src/nn/sequential.js';
import { reals } from '../../kernels/harness.js';
import { channelsLast } from '../../networks/numbers.js';
import { fileOf, recorded } from '../torch/networks.js';
import { imageModels } from './image-models.js';
import { filled, kernel } from './models.js';
import { runModel, worstDifference } from './runtime.js';
import { floats, type GraphSpec, int, ints, node, onnxFile, text, whole } from './schema.js';

describe("files of PyTorch have PyTorch's outputs", () => {
  const files = [
    'lenet',
    'resnet',
    'resnet.norms',
    'mobile',
    'mobile.norms',
    'flat',
    'flat.norms',
    'decoder',
  ];
  test.each(files)('%s', (name) => {
    const { model } = readOnnx(fileOf(`${name}.onnx`), name);
    const { x, y } = recorded(name.replace('.norms', ''), model);
    expect(worstDifference(runModel(model, x), y)).toBeLessThan(2e-6);
    // As a file of ours, and as ONNX once more.
    const again = readModel(writeModel(model), 'again').model;
    expect(again.parameters.map((own) => own.name)).toEqual(model.parameters.map((own) => own.name));
    expect(worstDifference(runModel(again, x), y)).toBeLessThan(2e-6);
    const exported = readOnnx(writeOnnx(model), 'exported').model;
    expect(worstDifference(runModel(exported, x), y)).toBeLessThan(2e-6);
  });

  test('layers in a row are a list of them', () => {
    const { model } = readOnnx(fileOf('lenet.onnx'), 'lenet');
    if (!isSequential(model)) throw new Error('expected a list of layers');
    expect(model.layers.map(({ kind }) => kind)).toEqual([
      ...['conv2d', 'avgPool2d', 'conv2d', 'maxPool2d', 'flatten', 'dense', 'dense'],
    ]);
    expect(model.layers[0].config).toMatchObject({ channels: 3, size: [5, 5], activation: 'tanh' });
    expect(model.shapes).toEqual([
      [16, 16, 1],
      [16, 16, 3],
      [8, 8, 3],
      [8, 8, 4],
      [4, 4, 4],
      [64],
      [10],
      [5],
    ]);
  });

  test('of others layers are called as there', () => {
    const names = (file: string) =>
      readOnnx(fileOf(file), file).model.parameters.map((parameter) => parameter.name);
    expect(names('resnet.norms.onnx')).toEqual(
      expect.arrayContaining(['conv2d.weight', 'residual.conv2d_1.weight', 'residual_1.batchNorm_2.bias']),
    );
    expect(names('mobile.onnx')).toEqual(
      expect.arrayContaining(['depthwiseConv2d.weight', 'conv2d_1.bias', 'dense_1.weight']),
    );
  });
});

describe('our own files come back', () => {
  const names = Object.keys(imageModels);
  test.each(names)('%s', (name) => {
    const model = filled(imageModels[name][0]());
    const { model: back } = readOnnx(writeOnnx(model), 'back');
    // An input that no operation on images reads is the row that it becomes.
    expect(back.inputs[0].shape).toEqual(
      name === 'images without an operator of images' ? [18] : model.inputs[0].shape,
    );
    expect(back.outputs[0].shape).toEqual(model.outputs[0].shape);
    if (name.endsWith('normalised') && isSequential(back)) expect(back.layers[0].kind).toBe('normalization');
    const x = reals(2 * model.inputSize, 9);
    expect(worstDifference(runModel(back, x), runModel(model, x))).toBeLessThan(1e-6);
  });
});

const matrix = (rows: number, columns: number) => floats('w', [rows, columns], [...reals(rows * columns, 5)]);

/** Between what ONNX Runtime makes of the file and what lanegrad makes of what it reads, of two rows. */
async function difference(graph: GraphSpec, shape: number[], isFirst: boolean) {
  const bytes = onnxFile(graph, shape);
  const { model } = readOnnx(bytes, 'other.onnx');
  const numbers = Float32Array.from(reals(2 * model.inputSize, 3));
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
  });
  const { y } = await session.run({ x: new Tensor('float32', numbers, [2, ...shape]) });
  await session.release();
  const turned = isFirst ? channelsLast(numbers, [2, ...shape]) : numbers;
  const data = y.data as Float32Array;
  const expected = y.dims.length === 4 ? channelsLast(data, y.dims) : data;
  return worstDifference(runModel(model, turned), expected);
}

describe('files of other writers compute the same as in ONNX Runtime', () => {
  const perm = (...axes: number[]) => [ints('perm', axes)];
  const first = node('Transpose', ['x'], 't', perm(0, 3, 1, 2));
  const good: [what: string, graph: GraphSpec, shape: number[], isFirst: boolean][] = [
    [
      'Keras: channels last, padding by name, a bias on its own, a row in its own order',
      {
        node: [
          first,
          node('Conv', ['t', 'k'], 'c', [text('auto_pad', 'SAME_UPPER'), ints('strides', [2, 2])]),
          node('Add', ['c', 'b'], 'a'),
          node('Relu', ['a'], 'r'),
          node('MaxPool', ['r'], 'p', [ints('kernel_shape', [2, 2]), ints('strides', [2, 2])]),
          node('Transpose', ['p'], 'l', perm(0, 2, 3, 1)),
          node('Reshape', ['l', 's'], 'f'),
          node('MatMul', ['f', 'w'], 'y'),
        ],
        initializer: [
          ...[kernel(3, 2, 3, 3), floats('b', [1, 3, 1, 1], [0.5, -1, 2]), whole('s', [-1, 12])],
          matrix(12, 2),
        ],
      },
      [8, 7, 2],
      false,
    ],
    [
      'Keras: one channel, which a Reshape puts first, and a row whose size the batch is asked for',
      {
        node: [
          node('Reshape', ['x', 's'], 't'),
          node('Conv', ['t', 'k'], 'c', [text('auto_pad', 'SAME_LOWER')]),
          node('Transpose', ['c'], 'l', perm(0, 2, 3, 1)),
          node('Shape', ['l'], 'shape'),
          node('Slice', ['shape', 'zero', 'one', 'zero'], 'batch'),
          node('Concat', ['batch', 'rest'], 'rows', [int('axis', 0)]),
          node('Reshape', ['l', 'rows'], 'f'),
          node('MatMul', ['f', 'w'], 'y'),
        ],
        initializer: [
          ...[kernel(2, 1, 2, 2), whole('s', [-1, 1, 4, 3]), whole('rest', [24]), whole('zero', [0])],
          ...[whole('one', [1]), matrix(24, 2)],
        ],
      },
      [4, 3, 1],
      false,
    ],
    [
      'channels normalised, last in the file, and an activation in front',
      {
        node: [
          node('Relu', ['x'], 'o'),
          node('Sub', ['o', 'm'], 's'),
          node('Div', ['s', 'd'], 'e'),
          node('Transpose', ['e'], 't', perm(0, 3, 1, 2)),
          node('Conv', ['t', 'k'], 'c'),
          node('Flatten', ['c'], 'y'),
        ],
        initializer: [kernel(3, 2, 1, 1), floats('m', [2], [0.5, -0.25]), floats('d', [1, 1, 2], [2, 0.5])],
      },
      [3, 3, 2],
      false,
    ],
    [
      'Keras: a mean of channels last',
      {
        node: [
          first,
          node('Conv', ['t', 'k'], 'c'),
          node('Transpose', ['c'], 'l', perm(0, 2, 3, 1)),
          node('ReduceMean', ['l'], 'm', [ints('axes', [1, 2]), int('keepdims', 0)]),
          node('MatMul', ['m', 'w'], 'y'),
        ],
        initializer: [kernel(3, 2, 1, 1), matrix(3, 2)],
      },
      [3, 3, 2],
      false,
    ],
    [
      'a gate over channels, and branches side by side',
      {
        node: [
          node('Conv', ['x', 'k'], 'c'),
          node('GlobalAveragePool', ['c'], 'g'),
          node('Sigmoid', ['g'], 's'),
          node('Mul', ['s', 'c'], 'm'),
          node('Sub', ['m', 'c'], 'd'),
          node('Concat', ['m', 'd', 'x'], 'y', [int('axis', 1)]),
        ],
        initializer: [kernel(2, 2, 1, 1)],
      },
      [2, 3, 4],
      true,
    ],
    [
      'rows of an image beside other rows',
      {
        node: [
          node('Conv', ['x', 'k'], 'c'),
          node('Flatten', ['c'], 'f'),
          node('GlobalMaxPool', ['c'], 'g'),
          node('Squeeze', ['g', 'axes'], 'q'),
          node('Concat', ['f', 'q'], 'h', [int('axis', 1)]),
          node('Gemm', ['h', 'w'], 'y'),
        ],
        initializer: [kernel(2, 2, 1, 1), whole('axes', [2, 3]), matrix(26, 2)],
      },
      [2, 3, 4],
      true,
    ],
    [
      'a row of an image that is the output',
      {
        node: [node('Conv', ['x', 'k'], 'c'), node('Flatten', ['c'], 'y')],
        initializer: [kernel(2, 2, 2, 2)],
      },
      [2, 3, 4],
      true,
    ],
    [
      'zeros and mirrored pixels around images',
      {
        node: [
          node('Pad', ['x', 'p'], 'z'),
          node('MaxPool', ['z'], 'm', [ints('kernel_shape', [2, 2])]),
          node('Pad', ['m', 'q'], 'r', [text('mode', 'reflect')]),
          node('Pad', ['r', 'p', 'v'], 'v1'),
          node('Conv', ['v1', 'k'], 'c'),
          node('Pad', ['c', 'p'], 'y'),
        ],
        initializer: [
          ...[whole('p', [0, 0, 1, 0, 0, 0, 2, 1]), whole('q', [0, 0, 0, 1, 0, 0, 2, 0])],
          ...[floats('v', [], [0.5]), kernel(2, 2, 3, 3)],
        ],
      },
      [2, 3, 4],
      true,
    ],
    [
      'a sum of branches of rows, SiLU, and a sum that no constant may be',
      {
        node: [
          node('Gemm', ['x', 'w'], 'h'),
          node('Relu', ['h'], 'r'),
          node('Add', ['h', 'r'], 'a'),
          node('Sigmoid', ['a'], 's'),
          node('Mul', ['s', 'a'], 'y'),
        ],
        initializer: [matrix(4, 2)],
      },
      [4],
      false,
    ],
  ];

  test.each(good)('%s', async (_, graph, shape, isFirst) => {
    const output = [{ name: 'y', type: { tensorType: { elemType: 1 } } }];
    expect(await difference({ ...graph, output }, shape, isFirst)).toBeLessThan(1e-6);
  });
});

test('a changed byte of a file gives a model or a FormatError', () => {
  let refused = 0;
  for (const name of ['mobile', 'decoder']) {
    const good = fileOf(`${name}.onnx`);
    // The fuzz suite changes the others.
    for (let at = 0; at < good.length; at += 3) {
      const file = good.slice();
      file[at] ^= [1, 0x80, 0xff, 4][at % 4];
      try {
        readOnnx(file, 'bad.onnx');
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(300);
});
