/** Rows of a table, picked by a column of whole numbers, and columns copied beside them. */
import { OptionError } from '../base/errors.js';
import { LONGEST_CHAIN } from '../engine/kernels.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkTensor } from './check.js';

export const signatures = {
  /**
   * y[m, 0 … N - 1] = the row of the table [K, N] that x[m] (one column of a matrix) names. x is cut to a whole number within
   * 0 … K - 1; NaN is 0. May be split by rows, or by columns of the table.
   */
  embedding_forward: 'y: out rows, ldy, x: in rows, ldx, table: in, ldt, M: cut, N: across, K; 0.3 ns',
  /**
   * dtable = 0, then dtable[x[m]] += dy[m] with m ascending. May be split by columns of the table. `lost`, laid out as dtable, is scratch
   * for what rounding takes from each sum (Kahan's summation); absent, the sums are plain chains.
   */
  embedding_backward: `dtable: out each, lddt, lost: scratch each, x: in, ldx, dy: in each, lddy, M: across,
    N: cut, K; 0.4 ns`,
  /** y = x. May be split by rows or columns. */
  copy_columns: 'y: out rows, ldy, x: in rows, ldx, M: cut, N: across; 0.2 ns',
} satisfies Signatures;

/** The columns of y from `to` on = rows of the table [categories, width] that column `from` of x names. */
export function embed(args: { y: Tensor; x: Tensor; table: Tensor; from: number; to: number }): Call {
  const { y, x, table, from, to } = args;
  const where = 'embed';
  checkSameEngine(where, y, x, table);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'y', y, 'float', [x.rows, undefined]);
  checkTensor(where, 'table', table, 'float', [undefined, undefined]);
  checkColumns(where, x, from, 1);
  checkColumns(where, y, to, table.columns);
  const { kernels } = y.engine;
  const [source, target] = [offset(x, from), offset(y, to)];
  const [M, N, K] = [x.rows, table.columns, table.rows];
  return () => kernels.embedding_forward(target, y.ld, source, x.ld, table.pointer, table.ld, M, N, K);
}

/** dtable = the sums of dy's rows, from column `to` on, by what column `from` of x names. */
export function embedBackward(args: {
  dtable: Tensor;
  x: Tensor;
  dy: Tensor;
  from: number;
  to: number;
}): Call {
  const { dtable, x, dy, from, to } = args;
  const where = 'embedBackward';
  checkSameEngine(where, dtable, x, dy);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'dy', dy, 'float', [x.rows, undefined]);
  checkTensor(where, 'dtable', dtable, 'float', [undefined, undefined]);
  checkColumns(where, x, from, 1);
  checkColumns(where, dy, to, dtable.columns);
  const { kernels } = x.engine;
  const [source, gradient] = [offset(x, from), offset(dy, to)];
  const [M, N, K] = [x.rows, dtable.columns, dtable.rows];
  const lost = M > LONGEST_CHAIN ? dtable.scratch().pointer : 0;
  return () =>
    kernels.embedding_backward(dtable.pointer, dtable.ld, lost, source, x.ld, gradient, dy.ld, M, N, K);
}

/** Columns to … of y = columns from … of x, `count` of them. */
export function copyColumns(args: { y: Tensor; x: Tensor; from: number; to: number; count: number }): Call {
  const { y, x, from, to, count } = args;
  const where = 'copyColumns';
  checkSameEngine(where, y, x);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'y', y, 'float', [x.rows, undefined]);
  checkColumns(where, x, from, count);
  checkColumns(where, y, to, count);
  const { kernels } = y.engine;
  const [source, target] = [offset(x, from), offset(y, to)];
  return () => kernels.copy_columns(target, y.ld, source, x.ld, x.rows, count);
}

/** The pointer to a column's first element. */
function offset(tensor: Tensor, column: number): number {
  return tensor.pointer + column * tensor.elementBytes;
}

function checkColumns(where: string, tensor: Tensor, first: number, count: number): void {
  if (!(first >= 0 && first + count <= tensor.columns)) {
    throw new OptionError(where, `${tensor} has no columns ${first} to ${first + count - 1}`);
  }
}
