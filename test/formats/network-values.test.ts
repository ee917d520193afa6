/** NPZ archives and PyTorch state_dicts of networks, by the names of parameters. */
import { describe, expect, test } from 'vitest';
import { FormatError, OptionError } from '../../src/base/errors.js';
import { readModelNpz, writeModelNpz } from '../../src/formats/arrays.js';
import { readNpz } from '../../src/formats/npz.js';
import { readPytorch, writePytorch } from '../../src/formats/pytorch.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';
import type { Network } from '../../src/nn/model.js';
import { bits } from '../train/fit-setting.js';
import { graphs, twoByTwo } from './graphs.js';

const buffersOf = (model: Network) => model.buffers.map(({ values }) => [...values]);

describe.each(Object.keys(graphs))('%s', (name) => {
  test.each([
    ['NPZ', writeModelNpz, readModelNpz],
    ['a state_dict', writePytorch, readPytorch],
  ] as const)('%s gives back the values', (_, write, read) => {
    const model = graphs[name]();
    for (const { values } of model.parameters) values.set(values.map((value, i) => value + 0.01 * i));
    for (const { values } of model.buffers) values.set(values.map((_, i) => 0.5 + i));
    const other = graphs[name]();
    expect(bits(other)).not.toEqual(bits(model));
    read(write(model), 'file', other);
    expect(bits(other)).toEqual(bits(model));
    expect(buffersOf(other)).toEqual(buffersOf(model));
  });
});

test("names are the model's own, with dots", () => {
  expect([...readNpz(writeModelNpz(twoByTwo()), 'file').keys()]).toContain('block.dense.weight');
  const { tensors } = readSafetensors(writePytorch(twoByTwo(), { prefix: 'net.' }), 'file');
  const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
  expect(shapes).toMatchObject({
    // [out, in], as nn.Linear has it.
    'net.dense_1.weight': [3, 12],
    'net.block.gain': [1],
    'net.shift.offset': [6],
    'net.batchNorm.running_mean': [12],
    'net.batchNorm.num_batches_tracked': [],
  });
  const tied = readSafetensors(writePytorch(graphs['tied weights']()), 'file').tensors;
  // A parameter that is no dense layer's stays as it is.
  expect(tied.get('weight')?.shape).toEqual([4, 2]);
});

describe('a state_dict that does not fit', () => {
  const spoil = (change: (tensors: Map<string, WritableTensor>) => void) => {
    const tensors = readSafetensors(writePytorch(twoByTwo()), 'file').tensors as Map<string, WritableTensor>;
    change(tensors);
    return () => readPytorch(writeSafetensors(tensors), 'file', twoByTwo());
  };

  test('is refused by the names of its tensors', () => {
    expect(spoil((tensors) => void tensors.delete('block.gain'))).toThrow(/"block" is missing/);
    expect(spoil((tensors) => void tensors.delete('block.dense.bias'))).toThrow(
      /"block\.dense\.bias" is missing/,
    );
    expect(spoil((tensors) => void tensors.delete('block.dense.bias'))).toThrow(FormatError);
    const more = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
    expect(spoil((tensors) => void tensors.set('block.more', more))).toThrow(
      /nothing for tensor "block\.more"/,
    );
    expect(spoil((tensors) => void tensors.set('other.more', more))).toThrow(/no layer for module "other"/);
    expect(spoil((tensors) => void tensors.set('block.gain', { ...more, shape: [1, 1] }))).toThrow(
      /\[1, 1\]/,
    );
  });

  test('modules are not for models that have names', () => {
    const model = twoByTwo();
    expect(() => readPytorch(writePytorch(model), 'file', model, { modules: ['a'] })).toThrow(OptionError);
  });
});
