/** A model's values as NPZ. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError, FormatError } from '../../src/base/errors.js';
import { readModelNpz, writeModelNpz } from '../../src/formats/arrays.js';
import type { WritableNpy } from '../../src/formats/npy.js';
import { readNpz, writeNpz } from '../../src/formats/npz.js';
import { dense } from '../../src/nn/dense.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { sequential } from '../../src/nn/sequential.js';
import { modelsOf } from './onnx/models.js';

test('random models come back, buffers too', () => {
  fc.assert(
    fc.property(modelsOf(true), (model) => {
      const other = sequential(model.inputSize, model.layers, { seed: 999 });
      readModelNpz(writeModelNpz(model), 'file', other);
      expect([other.parameters, other.buffers]).toEqual([model.parameters, model.buffers]);
    }),
    { numRuns: 50 },
  );
});

describe('refusals', () => {
  const make = () => sequential(3, [dense(2), batchNorm()], { seed: 1 });
  const arrays = () => readNpz(writeModelNpz(make()), 'file') as Map<string, WritableNpy>;

  test.each<[string, (own: Map<string, WritableNpy>) => unknown, RegExp]>([
    ['missing', (own) => own.delete('1.runningVar'), /array "1\.runningVar": is missing/],
    ['left over', (own) => own.set('2.weight', own.get('0.bias')!), /no parameter "2\.weight"/],
    [
      'another shape',
      (own) => own.set('0.bias', { dtype: 'float32', shape: [1, 2], data: new Float32Array(2) }),
      /array "0\.bias": expected shape \[2\], given \[1, 2\]/,
    ],
    [
      'whole numbers',
      (own) => own.set('0.bias', { dtype: 'int32', shape: [2], data: new Int32Array(2) }),
      /expected floats, given int32/,
    ],
    [
      'not finite',
      (own) => own.set('0.bias', { dtype: 'float64', shape: [2], data: Float64Array.of(0, 1e300) }),
      /expected finite values, given Infinity at 1/,
    ],
  ])('%s', (_, change, message) => {
    const own = arrays();
    change(own);
    const model = make();
    const read = () => readModelNpz(writeNpz(own), 'weights.npz', model);
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(model.parameters).toEqual(make().parameters);
  });

  test('a value that is not finite is not written', () => {
    const model = make();
    model.parameters[0].values[3] = Number.NaN;
    expect(() => writeModelNpz(model)).toThrow(DataError);
  });
});
