/** Model files of every kind of layer: back as they were, and hostile descriptions refused. */
import { describe, expect, it } from 'vitest';
import { DataError, FormatError } from '../../src/base/errors.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';
import { activation, activations } from '../../src/nn/activations.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { embedding } from '../../src/nn/embedding.js';
import { batchNorm, layerNorm, normalization } from '../../src/nn/normalization.js';
import { isSequential, sequential } from '../../src/nn/sequential.js';

function all() {
  const model = sequential(
    6,
    [
      embedding({
        columns: [
          { column: 1, cardinality: 4, width: 3 },
          { column: 4, cardinality: 2, width: 1 },
        ],
      }),
      batchNorm({ momentum: 0.2, eps: 1e-3 }),
      ...activations.map((name) => dense(5, { activation: name })),
      ...activations.map((name) => activation(name)),
      activation('leakyRelu', { negativeSlope: 0.2 }),
      activation('elu', { alpha: 1.5 }),
      dropout(0.25),
      layerNorm({ eps: 1e-4 }),
      batchNorm({ affine: false }),
      layerNorm({ affine: false }),
      normalization({ mean: [1, -2, 3, -4, 5], deviation: [0.5, 3, 1, 2, 4] }),
      dense(2),
    ],
    { seed: 3 },
  );
  for (const { values } of model.buffers) values.set(values.map((_, i) => 0.5 + i));
  return model;
}

describe('a model file', () => {
  it('gives back every layer, its parameters and its buffers', () => {
    const model = all();
    const bytes = writeModel(model);
    const { model: read } = readModel(bytes, 'all');
    if (!isSequential(read)) throw new Error('expected a list of layers');
    const described = (of: typeof model) => of.layers.map(({ kind, config }) => ({ kind, ...config }));
    expect(described(read)).toEqual(described(model));
    expect(read.parameters).toEqual(model.parameters);
    expect(read.buffers).toEqual(model.buffers);
    expect(read.sizes).toEqual(model.sizes);
    expect(writeModel(read)).toEqual(bytes);
  });

  it('refuses to write a buffer that is not finite', () => {
    const model = all();
    model.buffers[0].values[1] = Number.NaN;
    expect(() => writeModel(model)).toThrow(DataError);
    expect(() => writeModel(model)).toThrow('"1.runningMean"');
  });
});

describe('reading refuses', () => {
  const column = { column: 0, cardinality: 2, width: 1 };
  const cases: [what: string, layers: unknown[], message: RegExp][] = [
    ['an activation without a name', [{ kind: 'activation' }], /name: expected one of "identity"/],
    ['an activation of the prototype', [{ kind: 'activation', name: 'constructor' }], /given "constructor"/],
    [
      'a slope for relu',
      [{ kind: 'activation', name: 'relu', negativeSlope: 1 }],
      /unknown option "negativeSlope"/,
    ],
    ['a dropout of everything', [{ kind: 'dropout', rate: 1 }], /option rate/],
    ['a dropout without a rate', [{ kind: 'dropout' }], /rate/],
    ['a dropout with more', [{ kind: 'dropout', rate: 0.5, seed: 1 }], /unknown option "seed"/],
    ['a momentum of 2', [{ kind: 'batchNorm', momentum: 2 }], /option momentum/],
    ['an eps of 0', [{ kind: 'layerNorm', eps: 0 }], /option eps/],
    ['missing statistics', [{ kind: 'batchNorm', affine: false }], /"0\.runningMean" is missing/],
    ['no columns', [{ kind: 'embedding' }], /option columns is required/],
    ['columns that are no list', [{ kind: 'embedding', columns: { length: 1 } }], /option columns/],
    [
      'a column that is null',
      [{ kind: 'embedding', columns: [null] }],
      /columns\[0\]: expected an options object|columns\[0\]/,
    ],
    [
      'a column beyond the inputs',
      [{ kind: 'embedding', columns: [{ ...column, column: 9 }] }],
      /column 9 of 3 inputs|"0\.column9" is missing/,
    ],
    [
      'a table of gigantic size',
      [{ kind: 'embedding', columns: [{ ...column, cardinality: 2 ** 24, width: 2 ** 40 }] }],
      /"0\.column0" is missing/,
    ],
    [
      'an initializer from the file',
      [{ kind: 'embedding', columns: [column], initializer: 'heNormal' }],
      /missing|unknown/,
    ],
    [
      'an embedding that is not first',
      [
        { kind: 'dropout', rate: 0 },
        { kind: 'embedding', columns: [column] },
      ],
      /missing|first/,
    ],
  ];
  it.each(cases)('%s', (_, layers, message) => {
    const description = { version: 1, inputSize: 3, seed: 0, layers };
    const bytes = writeSafetensors(new Map(), { lanegrad: JSON.stringify(description) });
    expect(() => readModel(bytes, 'bad.safetensors')).toThrow(FormatError);
    expect(() => readModel(bytes, 'bad.safetensors')).toThrow(/^bad\.safetensors: /);
    expect(() => readModel(bytes, 'bad.safetensors')).toThrow(message);
  });

  it('statistics of another shape, and a tensor too many', () => {
    const file = readSafetensors(writeModel(sequential(3, [batchNorm(), dense(2)])), 'file');
    const tensors = file.tensors as Map<string, WritableTensor>;
    const again = () => readModel(writeSafetensors(tensors, file.metadata), 'x');
    const mean = tensors.get('0.runningMean')!;
    tensors.set('0.runningMean', { dtype: 'F32', shape: [4], data: new Float32Array(4) });
    expect(again).toThrow(/"0\.runningMean": expected F32 \[3\], given F32 \[4\]/);
    tensors.set('0.runningMean', mean);
    tensors.set('0.runningMedian', mean);
    expect(again).toThrow(FormatError);
  });
});
