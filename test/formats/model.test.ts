/** Models as files: that they come back as they were, and that nothing malformed becomes a model. */
import { describe, expect, it } from 'vitest';
import { DataError, FormatError, OptionError } from '../../src/base/errors.js';
import { numericsVersion } from '../../src/engine/numerics.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';
import { dense } from '../../src/nn/dense.js';
import { defineLayer } from '../../src/nn/layer.js';
import { isSequential, sequential } from '../../src/nn/sequential.js';

const metadata = {
  input: { scale: 1 / 255, offset: -0.5, imageShape: [2, 3] as const },
  classNames: ['zero', 'eins', '二'],
};

function small() {
  return sequential(6, [dense(4, { activation: 'tanh' }), dense(3, { bias: false })], { seed: 7 });
}

/** The parts of the small model's file, to be spoilt. */
function parts() {
  const file = readSafetensors(writeModel(small(), metadata), 'small');
  const tensors = file.tensors as Map<string, WritableTensor>;
  return { tensors, description: JSON.parse(file.metadata.lanegrad) as Record<string, unknown> };
}

function reassemble({ tensors, description }: ReturnType<typeof parts>): Uint8Array {
  return writeSafetensors(tensors, { lanegrad: JSON.stringify(description) });
}

describe('a model file', () => {
  it('gives back layers, seed, values and metadata', () => {
    const model = small();
    const read = readModel(writeModel(model, metadata), 'small');
    expect(read.metadata).toEqual(metadata);
    if (!isSequential(read.model)) throw new Error('expected a list of layers');
    expect(read.model.sizes).toEqual([6, 4, 3]);
    expect(read.model.seed).toBe(7);
    expect(read.model.layers.map(({ kind, config }) => ({ kind, config }))).toEqual(
      model.layers.map(({ kind, config }) => ({ kind, config })),
    );
    expect(read.model.parameters).toEqual(model.parameters);
  });

  it('is the same bytes each time, and after a round trip', () => {
    const bytes = writeModel(small(), metadata);
    expect(writeModel(small(), metadata)).toEqual(bytes);
    expect(writeModel(readModel(bytes, 'small').model, metadata)).toEqual(bytes);
  });

  it('says by which version of the numerics contract it was made, and is read whichever that is', () => {
    const { tensors, metadata } = readSafetensors(writeModel(small()), 'small');
    expect(metadata['lanegrad.numerics']).toBe(String(numericsVersion));
    const others: Record<string, string>[] = [
      {},
      { 'lanegrad.numerics': '99' },
      { 'lanegrad.numerics': 'x' },
    ];
    for (const other of others) {
      const bytes = writeSafetensors(tensors as Map<string, WritableTensor>, {
        ...{ lanegrad: metadata.lanegrad, ...other },
      });
      expect(readModel(bytes, 'other').model.parameters).toEqual(small().parameters);
    }
  });

  it('needs no metadata, and keeps more than ten layers in order', () => {
    const deep = sequential(
      2,
      Array.from({ length: 12 }, () => dense(2)),
    );
    const read = readModel(writeModel(deep), 'deep');
    expect(read.metadata).toEqual({});
    expect(read.model.parameters).toEqual(deep.parameters);
  });
});

describe('writing refuses', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])('a weight that is %s', (value) => {
    const model = small();
    model.parameters[1].values[2] = value;
    expect(() => writeModel(model)).toThrow(DataError);
    expect(() => writeModel(model)).toThrow(/"0\.bias".*at 2/);
  });

  it('metadata that do not fit, and unknown keys', () => {
    const input = { ...metadata.input, imageShape: [2, 2] as const };
    expect(() => writeModel(small(), { input })).toThrow(/imageShape \[2, 2\] does not have 6 pixels/);
    expect(() => writeModel(small(), { classNames: ['a', 'b', 'c', 'd'] })).toThrow(OptionError);
    expect(() => writeModel(small(), { ...metadata, ...{ clasNames: [] } })).toThrow(
      /unknown option "clasNames"/,
    );
  });

  it('a layer of ours that could not be read back', () => {
    const odd = defineLayer('odd', {}, dense(3));
    expect(() => writeModel(sequential(6, [odd]))).toThrow(/kind "odd" cannot be saved/);
  });
});

describe('reading refuses', () => {
  type Spoil = (file: ReturnType<typeof parts>) => void;
  const set =
    (key: string, value: unknown): Spoil =>
    ({ description }) =>
      void Object.assign(description, { [key]: value });
  const layer = (config: object): Spoil => set('layers', [{ kind: 'dense', ...config }]);
  const cases: [what: string, spoil: Spoil, message: RegExp][] = [
    ['another version', set('version', 3), /expected a model of version 1 or 2, given version 3/],
    ['no version', set('version', undefined), /version is required/],
    ['an unknown key', set('licence', 'MIT'), /unknown option "licence"/],
    ['a fractional input', set('inputSize', 1.5), /inputSize.*whole number.*1\.5/],
    ['an input that does not fit', set('inputSize', 5), /"0\.weight".*\[5, 4\].*\[6, 4\]/],
    ['a negative seed', set('seed', -1), /seed/],
    ['no layers', set('layers', []), /at least one layer/],
    ['layers that are no list', set('layers', 'dense'), /a list of layers/],
    ['a layer that is null', set('layers', [null]), /layers\[0\].*null/],
    ['an unknown kind', set('layers', [{ kind: 'conv' }]), /unknown kind "conv"; expected one of "dense", /],
    ['a kind from the prototype', set('layers', [{ kind: 'toString' }]), /unknown kind "toString"/],
    ['no units', layer({}), /units/],
    [
      'a gigantic layer',
      layer({ units: 2 ** 50, activation: 'tanh', bias: true }),
      /"0\.weight": expected F32/,
    ],
    ['an unknown activation', layer({ units: 4, activation: 'softmax' }), /"softmax"/],
    ['too few layers', layer({ units: 4, activation: 'tanh', bias: true }), /no parameter "1\.weight"/],
    ['a scale of 0', set('input', { scale: 0, offset: 0 }), /other than 0/],
    ['an image of another size', set('input', { scale: 1, offset: 0, imageShape: [6, 6] }), /6 pixels/],
    ['class names that are no strings', set('classNames', [1]), /list of strings/],
    ['a missing tensor', ({ tensors }) => void tensors.delete('0.bias'), /"0\.bias" is missing/],
    [
      'a tensor of another dtype',
      ({ tensors }) => void tensors.set('0.bias', { dtype: 'F64', shape: [4], data: new Float64Array(4) }),
      /"0\.bias": expected F32 \[4\], given F64 \[4\]/,
    ],
    [
      'a tensor of whole numbers beside the others',
      ({ tensors }) => void tensors.set('extra', { dtype: 'I32', shape: [1], data: new Int32Array(1) }),
      /"extra" is not the model's/,
    ],
    [
      'a weight that is NaN',
      ({ tensors }) => void (tensors.get('1.weight')!.data as Float32Array).fill(Number.NaN, 5),
      /"1\.weight": expected finite values, given NaN at 5/,
    ],
  ];
  it.each(cases)('%s', (_, spoil, message) => {
    const file = parts();
    spoil(file);
    const bytes = reassemble(file);
    expect(() => readModel(bytes, 'bad.safetensors')).toThrow(FormatError);
    expect(() => readModel(bytes, 'bad.safetensors')).toThrow(/^bad\.safetensors: /);
    expect(() => readModel(bytes, 'bad.safetensors')).toThrow(message);
  });

  it('a safetensors file of others, and a description that is no JSON object', () => {
    const { tensors } = parts();
    expect(() => readModel(writeSafetensors(tensors), 'x')).toThrow(/saved by lanegrad/);
    for (const lanegrad of ['{', '[]', 'null', '7']) {
      expect(() => readModel(writeSafetensors(tensors, { lanegrad }), 'x')).toThrow(FormatError);
    }
  });

  it('every truncation', () => {
    const bytes = writeModel(sequential(1, [dense(1)]));
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readModel(bytes.subarray(0, length), 'x')).toThrow(FormatError);
    }
  });
});
