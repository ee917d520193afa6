/**
 * Products of at most twelve columns, as the last layer of a classifier has: C = start + A·B. A is read where
 * it lies, as each of its elements is wanted once; B is packed, in rows of whole vectors. The order of the sums
 * is that of the tiles.
 */
import { narrow_1x1, narrow_1x2, narrow_1x3, narrow_3x3, narrow_4x2, narrow_6x1 } from '../../build/assembly/micro';
import { pack_columns, pack_rows } from './pack';
import { copy_part, START } from './tiles';

// @ts-ignore: decorator
@inline export const NARROW: i32 = 12;

/**
 * C from `start`: a row for all, or with `startRow` one for each. `stepI` and `stepK` are the bytes from row to
 * row and from k to k of A; `panel` is where B is packed, at most 12·K floats.
 */
export function narrow(
  c: usize, row: usize, start: usize, startRow: usize, work: usize, a: usize, stepI: usize, stepK: usize, panel: usize,
  b: usize, ldb: i32, transB: bool, M: i32, N: i32, K: i32,
): void {
  const V = (N + 3) >> 2;
  if (transB) pack_columns(panel, b, ldb, N, K, V << 2);
  else pack_rows(panel, b, ldb, N, K, V << 2);
  const ld = <usize>V << 4;
  // As many as there are registers for.
  const most = V == 1 ? 6 : V == 2 ? 4 : 3;
  // What lies beyond the columns is neither read nor written.
  const aside = (N & 3) != 0;
  if (aside && startRow == 0 && start) {
    copy_part(work + START, 0, start, 0, 1, N);
    start = work + START;
  }
  for (let m = 0; m < M; ) {
    const R = M - m < most ? 1 : most;
    let begin = start, beginRow = startRow;
    if (aside && startRow > 0) {
      copy_part(work, ld, start, startRow, R, N);
      begin = work;
      beginRow = ld;
    }
    const to = aside ? work : c, toRow = aside ? ld : row;
    if (R == 1) {
      if (V == 1) narrow_1x1(to, toRow, begin, beginRow, a, stepI, stepK, panel, K);
      else if (V == 2) narrow_1x2(to, toRow, begin, beginRow, a, stepI, stepK, panel, K);
      else narrow_1x3(to, toRow, begin, beginRow, a, stepI, stepK, panel, K);
    } else if (V == 1) narrow_6x1(to, toRow, begin, beginRow, a, stepI, stepK, panel, K);
    else if (V == 2) narrow_4x2(to, toRow, begin, beginRow, a, stepI, stepK, panel, K);
    else narrow_3x3(to, toRow, begin, beginRow, a, stepI, stepK, panel, K);
    if (aside) copy_part(c, row, work, ld, R, N);
    start += <usize>R * startRow;
    a += <usize>R * stepI;
    c += <usize>R * row;
    m += R;
  }
}
