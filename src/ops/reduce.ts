/** A bias for each row and the sums of columns, sums of all elements, largest columns and counts. */

import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkTensor } from './check.js';

export const signatures = {
  /** y[m, n] = x[m, n] + bias[n]. May be in place (y = x). */
  add_bias: 'y: out rows, ldy, x: in rows, ldx, bias: in, M: cut, N: across; 0.2 ns',
  /** y[n] = start + Σ_m x[m, n], m ascending; start is y when `accumulate`, else 0. */
  column_sums: 'y: inout each, x: in each, ldx, M: across, N: cut, accumulate; 0.2 ns',
  /** y[m] (i32) = the first column of row m's largest value; NaN is never the largest; 0 when nothing is. */
  argmax: 'y: out each i32, x: in rows, ldx, M: cut, N: across; 0.7 ns',
  /** How many of the n i32 pairs are equal. */
  count_equal: 'x: in i32, y: in i32, n; returns i32',
  /** Σ x[i] in float64: of blocks of 65,536 elements one by one, then of their sums in order. */
  sum: 'x: in, n; returns f64',
  /** Σ x² in float64, in the order of `sum`. Not to be split. */
  sum_squares: 'x: in, n; returns f64',
  /** Σ |x| in float64, in the order of `sum`. Not to be split. */
  sum_absolutes: 'x: in, n; returns f64',
  /**
   * y[i] (f64) = the sum of block i of x, of those from … to - 1: a part of `sum`, `sum_squares` (kind 1) or
   * `sum_absolutes` (2).
   */
  sum_blocks: 'y: out f64, x: in, n, from, to, kind; part',
} satisfies Signatures;

/** y = x + bias on every row; y may be x. */
export function addBias({ y, x, bias }: { y: Tensor; x: Tensor; bias: Tensor }): Call {
  checkSameEngine('addBias', y, x, bias);
  checkTensor('addBias', 'x', x, 'float', [undefined, undefined]);
  checkTensor('addBias', 'y', y, 'float', x.shape);
  checkTensor('addBias', 'bias', bias, 'float', [x.columns]);
  const { kernels } = y.engine;
  return () => kernels.add_bias(y.pointer, y.ld, x.pointer, x.ld, bias.pointer, x.rows, x.columns);
}

/** y = the sums of x's columns: the gradient of a row bias. */
export function columnSums({
  y,
  x,
  accumulate = false,
}: {
  y: Tensor;
  x: Tensor;
  accumulate?: boolean;
}): Call {
  checkSameEngine('columnSums', y, x);
  checkTensor('columnSums', 'x', x, 'float', [undefined, undefined]);
  checkTensor('columnSums', 'y', y, 'float', [x.columns]);
  const { kernels } = y.engine;
  return () => kernels.column_sums(y.pointer, x.pointer, x.ld, x.rows, x.columns, Number(accumulate));
}

/** predictions (i32) = the column of each row's largest value, the first of equals. */
export function argmax({ predictions, x }: { predictions: Tensor; x: Tensor }): Call {
  checkSameEngine('argmax', predictions, x);
  checkTensor('argmax', 'x', x, 'float', [undefined, undefined]);
  checkTensor('argmax', 'predictions', predictions, 'i32', [x.rows]);
  const { kernels } = x.engine;
  return () => kernels.argmax(predictions.pointer, x.pointer, x.ld, x.rows, x.columns);
}

/** How many elements of two i32 tensors are equal. */
export function countEqual(a: Tensor, b: Tensor): () => number {
  checkSameEngine('countEqual', a, b);
  checkTensor('countEqual', 'a', a, 'i32', [undefined]);
  checkTensor('countEqual', 'b', b, 'i32', a.shape);
  const { kernels } = a.engine;
  return () => kernels.count_equal(a.pointer, b.pointer, a.size);
}

/** The sum of all elements, in float64. */
export function sum(x: Tensor): () => number {
  checkTensor('sum', 'x', x, 'float', [undefined]);
  const { kernels } = x.engine;
  return () => kernels.sum(x.pointer, x.size);
}
