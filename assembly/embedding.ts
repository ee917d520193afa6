/** Rows of a table, picked by a column of whole numbers: forward beside backward. */
import { load_some, store_some } from './tail';

/** Row number `x` as a place in a table of K rows: cut to whole, and to what is there. NaN is 0. */
// @ts-ignore: decorator
@inline
function place(x: usize, K: i32): usize {
  const v = load<f32>(x);
  const last = <f32>(K - 1);
  return v > 0 ? <usize>(v < last ? <i32>v : K - 1) : 0;
}

export function embedding_forward(
  y: usize, ldy: i32, x: usize, ldx: i32, table: usize, ldt: i32, M: i32, N: i32, K: i32,
): void {
  for (let m = 0; m < M; m++) {
    memory.copy(y, table + ((place(x, K) * <usize>ldt) << 2), <usize>N << 2);
    x += <usize>ldx << 2;
    y += <usize>ldy << 2;
  }
}

export function embedding_backward(
  dtable: usize, lddt: i32, lost: usize, x: usize, ldx: i32, dy: usize, lddy: i32, M: i32, N: i32, K: i32,
): void {
  for (let k = 0; k < K; k++) {
    const row = (<usize>k * <usize>lddt) << 2;
    memory.fill(dtable + row, 0, <usize>N << 2);
    if (lost) memory.fill(lost + row, 0, <usize>N << 2);
  }
  for (let m = 0; m < M; m++) {
    const category = (place(x, K) * <usize>lddt) << 2;
    const row = dtable + category;
    for (let n = 0; n < N; n += 4) {
      const count = min(N - n, 4);
      const at = <usize>n << 2;
      const old = load_some(row + at, count);
      const g = load_some(dy + at, count);
      if (lost) {
        // What rounding took from the sum is taken from the next term in turn (Kahan 1965).
        const owed = lost + category + at;
        const term = f32x4.sub(g, load_some(owed, count));
        const sum = f32x4.add(old, term);
        store_some(owed, f32x4.sub(f32x4.sub(sum, old), term), count);
        store_some(row + at, sum, count);
      } else {
        store_some(row + at, f32x4.add(old, g), count);
      }
    }
    x += <usize>ldx << 2;
    dy += <usize>lddy << 2;
  }
}

export function copy_columns(y: usize, ldy: i32, x: usize, ldx: i32, M: i32, N: i32): void {
  for (let m = 0; m < M; m++) {
    memory.copy(y, x, <usize>N << 2);
    x += <usize>ldx << 2;
    y += <usize>ldy << 2;
  }
}
