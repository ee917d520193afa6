/** Rows of a data set, picked by index into a batch. */
import { ShapeError } from '../base/errors.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { checkSameEngine, checkTensor } from './check.js';

export const signatures = {
  /** y[m, n] = x[indices[m], n] · scale + offset: x is u8 with rows of N, indices u32. */
  gather_u8: `y: out rows, ldy, x: in u8, indices: in each u32, M: cut, N: across, scale: f32,
    offset: f32; 0.15 ns`,
  /** y[m, n] = x[indices[m], n]: x has rows of N, indices u32. */
  gather_f32: 'y: out rows, ldy, x: in, indices: in each u32, M: cut, N: across; 0.2 ns',
  /** y[m] = x[indices[m]]: y and x are i32, indices u32. */
  gather_i32: 'y: out i32, x: in i32, indices: in u32, M',
} satisfies Signatures;

/**
 * Copies rows indices[start …] of `from` into y and `to`, as many as y has: u8 becomes value · scale +
 * offset. The indices must lie below from's rows.
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

function checkStart(where: string, start: number, last: number): void {
  if (!(start >= 0 && start <= last)) throw new ShapeError(where, `start ${start} is not within 0 … ${last}`);
}
