/** State_dicts of PyTorch: names, [out, in], and what does not fit. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError, FormatError, OptionError } from '../../src/base/errors.js';
import { denseFromPytorch, readPytorch, writePytorch } from '../../src/formats/pytorch.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { type Sequential, sequential } from '../../src/nn/sequential.js';
import { modelsOf } from './onnx/models.js';
import { runModel } from './onnx/runtime.js';

const small = (seed = 1) => sequential(3, [dense(2, { activation: 'relu' }), dense(4)], { seed });
const tensorsOf = (bytes: Uint8Array) =>
  readSafetensors(bytes, 'file').tensors as Map<string, WritableTensor>;
const f32 = (shape: number[], data: ArrayLike<number>): WritableTensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(data),
});

function values(model: Sequential) {
  return model.parameters.map((parameter) => Array.from(parameter.values));
}

describe('writing', () => {
  test('names count activations as modules, weights are [out, in]', () => {
    const tensors = tensorsOf(writePytorch(small()));
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ['0.bias', [2]],
      ['0.weight', [2, 3]],
      ['2.bias', [4]],
      ['2.weight', [4, 2]],
    ]);
    expect([...tensorsOf(writePytorch(small(), { prefix: 'net.' })).keys()][0]).toBe('net.0.bias');
  });

  test('x·Wᵀ + b by hand is what the model computes', () => {
    const model = small(4);
    const tensors = tensorsOf(writePytorch(model));
    const linear = (x: number[], place: number) => {
      const weight = tensors.get(`${place}.weight`)!;
      const bias = tensors.get(`${place}.bias`)!.data;
      const [out, width] = weight.shape;
      return Array.from({ length: out }, (_, o) =>
        x.reduce((sum, v, i) => sum + v * Number(weight.data[o * width + i]), Number(bias[o])),
      );
    };
    const inputs = [0.5, -1, 2];
    const outputs = linear(
      linear(inputs, 0).map((v) => Math.max(0, v)),
      2,
    );
    for (const [i, v] of runModel(model, inputs).entries()) expect(v).toBeCloseTo(outputs[i], 12);
  });

  test('batch norm has the names of BatchNorm1d; what it counts is written and need not be there', () => {
    const model = sequential(2, [dense(3, { activation: 'gelu' }), batchNorm(), dropout(0.5), dense(1)], {
      seed: 1,
    });
    const tensors = tensorsOf(writePytorch(model));
    expect([...tensors.keys()].sort()).toEqual([
      '0.bias',
      '0.weight',
      '2.bias',
      '2.num_batches_tracked',
      '2.running_mean',
      '2.running_var',
      '2.weight',
      '4.bias',
      '4.weight',
    ]);
    expect(tensors.get('2.num_batches_tracked')).toEqual({
      dtype: 'I64',
      shape: [],
      data: BigInt64Array.of(0n),
    });
    tensors.delete('2.num_batches_tracked');
    model.buffers[0].values.fill(7);
    readPytorch(writeSafetensors(tensors), 'file', model);
    expect(Array.from(model.buffers[0].values)).toEqual([0, 0, 0]);
  });

  test('a value that is not finite is refused', () => {
    const model = small();
    model.parameters[0].values[0] = Number.POSITIVE_INFINITY;
    expect(() => writePytorch(model)).toThrow(DataError);
    expect(() => writePytorch(small(), { layout: 'x' } as never)).toThrow(OptionError);
  });
});

describe('reading', () => {
  test('random models come back', () => {
    fc.assert(
      fc.property(modelsOf(true), fc.constantFrom('', 'net.', 'a.b.'), (model, prefix) => {
        const other = sequential(model.inputSize, model.layers, { seed: 999 });
        readPytorch(writePytorch(model, { prefix }), 'file', other, { prefix });
        expect(values(other)).toEqual(values(model));
        expect(other.buffers).toEqual(model.buffers);
      }),
      { numRuns: 60 },
    );
  });

  const first = f32([2, 3], [1, 2, 3, 4, 5, 6]);
  const second = f32([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  const biases = [f32([2], [0.5, 1]), f32([4], [1, 2, 3, 4])];
  const file = (
    names: [string, string],
    change: (tensors: Map<string, WritableTensor>) => unknown = () => {},
  ) => {
    const tensors = new Map([
      [`${names[0]}.weight`, first],
      [`${names[0]}.bias`, biases[0]],
      [`${names[1]}.weight`, second],
      [`${names[1]}.bias`, biases[1]],
    ]);
    change(tensors);
    return writeSafetensors(tensors);
  };
  const expected = [
    [1, 4, 2, 5, 3, 6],
    [0.5, 1],
    [1, 3, 5, 7, 2, 4, 6, 8],
    [1, 2, 3, 4],
  ];

  test.each<[string, string]>([
    ['0', '2'],
    ['2', '10'],
    ['fc1', 'fc2'],
    ['net.9', 'net.11'],
    ['layers.0.linear', 'layers.1.linear'],
  ])('modules %s and %s', (...names) => {
    const model = small();
    readPytorch(file(names), 'file', model);
    expect(values(model)).toEqual(expected);
  });

  test('modules whose order their names do not say are listed', () => {
    const model = small();
    const named = file(['hidden', 'out']);
    expect(() => readPytorch(named, 'file', model)).toThrow(/order of the modules .*"hidden".* is not clear/);
    readPytorch(named, 'file', model, { modules: ['hidden', 'out'] });
    expect(values(model)).toEqual(expected);
    expect(() => readPytorch(named, 'file', model, { modules: ['hidden', 'output'] })).toThrow(
      /no module "output"/,
    );
    expect(() => readPytorch(named, 'file', model, { modules: ['hidden'] })).toThrow(/expected 2 modules/);
    expect(() => readPytorch(named, 'file', model, { modules: ['hidden', 'hidden'] })).toThrow(OptionError);
  });

  test('doubles are rounded', () => {
    const model = small();
    const bytes = file(['0', '2'], (tensors) =>
      tensors.set('0.bias', { dtype: 'F64', shape: [2], data: Float64Array.of(0.5, 1) }),
    );
    readPytorch(bytes, 'file', model);
    expect(values(model)).toEqual(expected);
  });

  test.each<[string, (tensors: Map<string, WritableTensor>) => unknown, RegExp]>([
    ['a tensor is missing', (t) => t.delete('2.bias'), /tensor "2\.bias" is missing/],
    ['a tensor is left over', (t) => t.set('2.scale', biases[0]), /nothing for tensor "2\.scale"/],
    [
      'a module is left over',
      (t) => t.set('4.weight', second),
      /expected 2 modules.*given \["0", "2", "4"\]/,
    ],
    [
      'a module is missing',
      (t) => ['2.bias', '2.weight'].map((name) => t.delete(name)),
      /expected 2 modules/,
    ],
    [
      'weights are [in, out]',
      (t) => t.set('0.weight', f32([3, 2], new Float32Array(6))),
      /expected shape \[2, 3\], given \[3, 2\]/,
    ],
    [
      'whole numbers',
      (t) => t.set('0.bias', { dtype: 'I32', shape: [2], data: Int32Array.of(1, 2) }),
      /expected floats, given I32/,
    ],
    [
      'not finite',
      (t) => t.set('0.bias', f32([2], [1, Number.NaN])),
      /"0\.bias": expected finite values, given NaN at 1/,
    ],
  ])('%s', (_, change, message) => {
    const model = small();
    const before = values(model);
    const read = () => readPytorch(file(['0', '2'], change), 'state.safetensors', model);
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(values(model)).toEqual(before);
  });

  test('a model is made of linear modules alone', () => {
    const model = denseFromPytorch(file(['fc1', 'fc2']), 'file', { activation: 'relu' });
    expect(model.layers.map(({ config }) => config)).toEqual(small().layers.map(({ config }) => config));
    expect(values(model)).toEqual(expected);
    const bare = denseFromPytorch(
      file(['0', '2'], (tensors) => tensors.delete('0.bias')),
      'file',
      { activation: 'tanh' },
    );
    expect(bare.layers[0].config).toMatchObject({ units: 2, activation: 'tanh', bias: false });
    for (const [change, message] of [
      [
        (t) => t.set('0.weight', f32([6], new Float32Array(6))),
        /"0\.weight": expected a matrix \[out, in\], given \[6\]/,
      ],
      [
        (t) => t.set('2.weight', f32([4, 3], new Float32Array(12))),
        /"2\.weight": takes 3 values, but the module before it gives 2/,
      ],
      [(t) => t.set('2.running_mean', biases[1]), /nothing for tensor "2\.running_mean"/],
    ] as [(t: Map<string, WritableTensor>) => unknown, RegExp][]) {
      const read = () => denseFromPytorch(file(['0', '2'], change), 'file', { activation: 'relu' });
      expect(read).toThrow(FormatError);
      expect(read).toThrow(message);
    }
  });

  test('a prefix that is not there', () => {
    expect(() => readPytorch(file(['0', '2']), 'file', small(), { prefix: 'net.' })).toThrow(
      /begin with "net\."/,
    );
  });
});
