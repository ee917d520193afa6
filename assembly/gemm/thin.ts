/**
 * Products of one or two rows: y = start + x·B. Packing B would cost more than the product, so its rows are
 * read where they lie, and a strip of columns stays in registers over all k. The order of the sums is that of
 * the tiles. And the product of one column and one row.
 */
import { CHAIN_BLOCK, LONGEST_CHAIN } from '../../build/assembly/constants';
import { madd } from '../lanes';
import { load_once, load_some, load_tail, store_some, store_tail } from '../tail';

/**
 * C = start + A·B: rows of A one by one. `start` 0 is absent; `startRow` is the distance of its rows in
 * bytes.
 */
export function thin_nn(
  c: usize, row: usize, work: usize, start: usize, startRow: usize, a: usize, lda: i32, b: usize, ldb: i32, M: i32, N: i32, K: i32,
): void {
  const step = <usize>ldb << 2;
  // A sum that is too long for one chain begins with its first block, to which the others are added: see
  // chain.ts.
  const depth = K > LONGEST_CHAIN ? CHAIN_BLOCK : K;
  for (let m = 0; m < M; m++) {
    let n = 0;
    for (; n + 32 <= N; n += 32) {
      const at = <usize>n << 2;
      strip_8(c + at, start ? start + at : 0, a, b + at, step, depth);
      for (let k = depth; k < K; k += CHAIN_BLOCK) {
        strip_8(work, 0, a + (<usize>k << 2), b + at + <usize>k * step, step, min(CHAIN_BLOCK, K - k));
        for (let i: usize = 0; i < 128; i += 16) v128.store(c + at + i, f32x4.add(v128.load(c + at + i), v128.load(work + i)));
      }
    }
    for (; n < N; n += 4) {
      const at = <usize>n << 2;
      const count = min(4, N - n);
      strip_1(c + at, start ? start + at : 0, a, b + at, step, depth, count);
      for (let k = depth; k < K; k += CHAIN_BLOCK) {
        strip_1(work, 0, a + (<usize>k << 2), b + at + <usize>k * step, step, min(CHAIN_BLOCK, K - k), count);
        store_some(c + at, f32x4.add(load_some(c + at, count), load_some(work, count)), count);
      }
    }
    c += row;
    start += startRow;
    a += <usize>lda << 2;
  }
}

/** C = a·b, a column times a row: four rows of C at a time, the last of them perhaps more than once. */
export function outer(c: usize, row: usize, a: usize, b: usize, M: i32, N: i32): void {
  const end = <usize>(N & -4) << 2;
  for (; M > 0; M -= 4) {
    const one: usize = M > 1 ? 1 : 0, two: usize = M > 2 ? 2 : one, three: usize = M > 3 ? 3 : two;
    const x0 = v128.load32_splat(a);
    const x1 = v128.load32_splat(a + (one << 2));
    const x2 = v128.load32_splat(a + (two << 2));
    const x3 = v128.load32_splat(a + (three << 2));
    const c1 = c + one * row, c2 = c + two * row, c3 = c + three * row;
    for (let at: usize = 0; at < end; at += 16) {
      four(c + at, c1 + at, c2 + at, c3 + at, x0, x1, x2, x3, v128.load(b + at), 4);
    }
    if (N & 3) four(c + end, c1 + end, c2 + end, c3 + end, x0, x1, x2, x3, load_once(b + end, N & 3), N & 3);
    a += 16;
    c += row << 2;
  }
}

/** Sums of one term begin at 0 as all others do: so -0 becomes 0. */
// @ts-ignore: decorator
@inline
function four(
  p0: usize, p1: usize, p2: usize, p3: usize, x0: v128, x1: v128, x2: v128, x3: v128, y: v128, count: i32,
): void {
  const zero = f32x4.splat(0);
  store_some(p0, madd(x0, y, zero), count);
  store_some(p1, madd(x1, y, zero), count);
  store_some(p2, madd(x2, y, zero), count);
  store_some(p3, madd(x3, y, zero), count);
}

function strip_8(c: usize, start: usize, a: usize, b: usize, step: usize, K: i32): void {
  const zero = f32x4.splat(0);
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero, c5 = zero, c6 = zero, c7 = zero;
  if (start) {
    c0 = v128.load(start);
    c1 = v128.load(start, 16);
    c2 = v128.load(start, 32);
    c3 = v128.load(start, 48);
    c4 = v128.load(start, 64);
    c5 = v128.load(start, 80);
    c6 = v128.load(start, 96);
    c7 = v128.load(start, 112);
  }
  for (; K > 0; K--) {
    const x = v128.load32_splat(a);
    c0 = madd(x, v128.load(b), c0);
    c1 = madd(x, v128.load(b, 16), c1);
    c2 = madd(x, v128.load(b, 32), c2);
    c3 = madd(x, v128.load(b, 48), c3);
    c4 = madd(x, v128.load(b, 64), c4);
    c5 = madd(x, v128.load(b, 80), c5);
    c6 = madd(x, v128.load(b, 96), c6);
    c7 = madd(x, v128.load(b, 112), c7);
    a += 4;
    b += step;
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
  v128.store(c, c2, 32);
  v128.store(c, c3, 48);
  v128.store(c, c4, 64);
  v128.store(c, c5, 80);
  v128.store(c, c6, 96);
  v128.store(c, c7, 112);
}

/** One vector of columns, of which the first `columns` are there. */
function strip_1(c: usize, start: usize, a: usize, b: usize, step: usize, K: i32, columns: i32): void {
  const zero = f32x4.splat(0);
  if (columns == 4) {
    let sum = start ? v128.load(start) : zero;
    for (; K > 0; K--) {
      sum = madd(v128.load32_splat(a), v128.load(b), sum);
      a += 4;
      b += step;
    }
    v128.store(c, sum);
  } else {
    let sum = start ? load_tail(start, columns, zero) : zero;
    for (; K > 0; K--) {
      sum = madd(v128.load32_splat(a), load_tail(b, columns, zero), sum);
      a += 4;
      b += step;
    }
    store_tail(c, sum, columns);
  }
}
