/** State_dicts of networks of images, which PyTorch has written: read, their outputs, and written again. */
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../../src/base/errors.js';
import { readPytorch, writePytorch } from '../../../src/formats/pytorch.js';
import { readSafetensors } from '../../../src/formats/safetensors.js';
import * as F from '../../../src/graph/functions.js';
import { input } from '../../../src/graph/leaves.js';
import type { Value } from '../../../src/graph/value.js';
import { conv1d, conv2d, separableConv2d } from '../../../src/nn/conv.js';
import { dense } from '../../../src/nn/dense.js';
import { network } from '../../../src/nn/network.js';
import { batchNorm } from '../../../src/nn/normalization.js';
import { globalAvgPool } from '../../../src/nn/pool.js';
import { flatten } from '../../../src/nn/reshape.js';
import { sequential } from '../../../src/nn/sequential.js';
import { runModel, worstDifference } from '../onnx/runtime.js';
import { fileOf, networks, recorded } from './networks.js';

describe.each(Object.keys(networks))('%s', (name) => {
  const model = networks[name]();
  const bytes = fileOf(`${name}.safetensors`);
  readPytorch(bytes, name, model);

  test("has PyTorch's outputs", () => {
    const { x, y } = recorded(name, model);
    expect(worstDifference(runModel(model, x), y)).toBeLessThan(1e-6);
  });

  test('is written as it was read', () => {
    const tensorsOf = (file: Uint8Array) =>
      [...readSafetensors(file, name).tensors].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(tensorsOf(writePytorch(model))).toEqual(tensorsOf(bytes));
  });
});

describe('names and shapes of a list of layers', () => {
  const shapesOf = (bytes: Uint8Array) =>
    Object.fromEntries([...readSafetensors(bytes, 'f').tensors].map(([name, { shape }]) => [name, shape]));

  test('a separable convolution is two modules, as is a mean of images', () => {
    const model = sequential(
      [6, 6, 3],
      [separableConv2d(4, 3, { multiplier: 2, activation: 'relu' }), globalAvgPool(), dense(2)],
    );
    expect(shapesOf(writePytorch(model))).toEqual({
      ...{ '0.weight': [6, 1, 3, 3], '1.weight': [4, 6, 1, 1], '1.bias': [4] },
      ...{ '5.weight': [2, 4], '5.bias': [2] },
    });
  });

  test('series, which a flatten turns as well', () => {
    const model = sequential([7, 2], [conv1d(3, 2), flatten(), dense(2)]);
    expect(shapesOf(writePytorch(model))).toEqual({
      ...{ '0.weight': [3, 2, 2], '0.bias': [3], '2.weight': [2, 18], '2.bias': [2] },
    });
    const { values } = model.parameters[2];
    const data = readSafetensors(writePytorch(model), 'f').tensors.get('2.weight')!.data as Float32Array;
    // Of the first output, place 4 of channel 1.
    expect(data[1 * 6 + 4]).toBe(values[(4 * 3 + 1) * 2]);
  });
});

describe('orders that are parts of others, or that nobody knows', () => {
  const of = (make: (x: Value) => Value, shape = [3, 3, 2]) => {
    const x = input(shape);
    return network(x, make(conv2d(2, 1)(x)));
  };

  test('rows of two images side by side, and a norm of them', () => {
    const model = of((x) => dense(2)(batchNorm()(F.concat([flatten(x), F.mean(x, { axis: [1, 2] })]))));
    const data = readSafetensors(writePytorch(model), 'f').tensors.get('dense.weight')!.data as Float32Array;
    const { values } = model.parameters.find(({ name }) => name === 'dense.weight')!;
    // Channel 1, row 2, column 0; and what comes behind the image.
    expect([data[9 + 6], data[19]]).toEqual([values[(6 * 2 + 1) * 2], values[19 * 2]]);
    const before = model.parameters.map((own) => Array.from(own.values));
    readPytorch(writePytorch(model), 'f', model);
    expect(model.parameters.map((own) => Array.from(own.values))).toEqual(before);
  });

  test.each<[string, (x: Value) => Value]>([
    ['a part of a row', (x) => dense(2)(F.slice(flatten(x), -1, 0, 5))],
    ['a row under other axes', (x) => dense(2)(flatten(F.transpose(F.reshape(flatten(x), [9, 2]))))],
    ['a row that meets another', (x) => dense(2)(F.mul(flatten(x), dense(18)(F.mean(x, { axis: [1, 2] }))))],
  ])('%s', (_, make) => {
    expect(() => writePytorch(of(make))).toThrow(OptionError);
    expect(() => writePytorch(of(make))).toThrow(
      /parameter "dense[_\d]*\.weight": its order in a state_dict cannot be known/,
    );
  });

  test('images of one pixel, of one channel, and what no operation on images has touched', () => {
    const one = of((x) => dense(2)(flatten(conv2d(4, 3)(x))));
    const gray = of((x) => dense(2)(flatten(conv2d(1, 1)(x))));
    const x = input([2, 3, 4]);
    const plain = network(x, dense(2)(flatten(x)));
    for (const [model, height] of [
      [one, 4],
      [gray, 9],
      [plain, 24],
    ] as const) {
      const { values } = model.parameters.find(({ name }) => name === 'dense.weight')!;
      const { data } = readSafetensors(writePytorch(model), 'f').tensors.get('dense.weight')!;
      expect(Array.from(data as Float32Array)).toEqual(
        Array.from({ length: 2 * height }, (_, i) => values[(i % height) * 2 + Math.floor(i / height)]),
      );
    }
  });
});
