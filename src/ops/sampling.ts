/** Rows of a data set by index, and the order in which they come. */
import { ShapeError } from '../base/errors.js';
import { checkInteger } from '../base/options.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkTensor } from './check.js';

/**
 * Copies rows indices[start …] of `from` into y and `to`, as many as y has: u8 becomes value · scale + offset. The
 * indices must lie below from's rows.
 */
export function gatherRows(args: {
  y: Tensor;
  from: Tensor;
  indices: Tensor;
  scale?: number;
  offset?: number;
}): (start: number) => void {
  const { y, from, indices, scale = 1, offset = 0 } = args;
  const where = 'gatherRows';
  checkSameEngine(where, y, from, indices);
  checkTensor(where, 'from', from, from.dtype === 'u8' ? 'u8' : 'float', [undefined, undefined]);
  checkTensor(where, 'y', y, 'float', [undefined, from.columns]);
  checkTensor(where, 'indices', indices, 'u32', [undefined]);
  const { kernels } = y.engine;
  if (from.ld !== from.columns) throw new ShapeError(where, `${from}: rows to gather from must be dense`);
  const [M, N] = [y.rows, y.columns];
  const last = indices.size - M;
  if (from.dtype === 'u8') {
    return (start) => {
      checkStart(where, start, last);
      kernels.gather_u8(y.pointer, y.ld, from.pointer, indices.pointer + 4 * start, M, N, scale, offset);
    };
  }
  return (start) => {
    checkStart(where, start, last);
    kernels.gather_f32(y.pointer, y.ld, from.pointer, indices.pointer + 4 * start, M, N);
  };
}

/** Copies labels indices[start …] of `from` into y, as many as y has; both are i32. */
export function gatherLabels(args: { y: Tensor; from: Tensor; indices: Tensor }): (start: number) => void {
  const { y, from, indices } = args;
  const where = 'gatherLabels';
  checkSameEngine(where, y, from, indices);
  checkTensor(where, 'from', from, 'i32', [undefined]);
  checkTensor(where, 'y', y, 'i32', [undefined]);
  checkTensor(where, 'indices', indices, 'u32', [undefined]);
  const { kernels } = y.engine;
  const last = indices.size - y.size;
  return (start) => {
    checkStart(where, start, last);
    kernels.gather_i32(y.pointer, from.pointer, indices.pointer + 4 * start, y.size);
  };
}

/** Fills `indices` (u32) with a permutation of 0 … size - 1 that depends on seed and stream alone. */
export function permute(indices: Tensor, seed: number, stream: number): Call {
  checkTensor('permute', 'indices', indices, 'u32', [undefined]);
  checkInteger('permute', 'seed', seed, { min: 0 });
  checkInteger('permute', 'stream', stream, { min: 0, max: 0xffffffff });
  const { kernels } = indices.engine;
  const [low, high] = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  return () => kernels.random_permutation(indices.pointer, indices.size, low, high, stream);
}

function checkStart(where: string, start: number, last: number): void {
  if (!(start >= 0 && start <= last)) throw new ShapeError(where, `start ${start} is not within 0 … ${last}`);
}
