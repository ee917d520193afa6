/**
 * Products of one row to three, y = start + x·B, of a column and a row, and the SGD step with the gradient of
 * a few rows. Packing B would cost more than the product, so its rows are read where they lie, and a strip of
 * columns stays in registers. The order of the sums is that of the tiles.
 */
import { CHAIN_BLOCK, LONGEST_CHAIN } from '../../build/assembly/constants';
import { interleave_high, interleave_low, join_high, join_low, load_apart, madd, nmadd } from '../lanes';
import { load_once, load_some, load_tail, store_some, store_tail } from '../tail';

// Elements of B up to which each strip of columns is read from end to end. Of more, a few rows of B are read
// at a time, for all rows of A: from further away that is faster.
// @ts-ignore: decorator
@inline const CACHED: i32 = 1 << 18;
// So many elements of B stay in the first-level cache.
// @ts-ignore: decorator
@inline const NEAR: i32 = 1 << 13;
// More columns than that take longer four at a time, each sum waiting for itself, than a strip of 32.
// @ts-ignore: decorator
@inline const SLOW: i32 = ASC_FEATURE_RELAXED_SIMD ? 8 : 16;

/** C = start + A·B, of few rows. `start` 0 is absent; `startRow` is the distance of its rows in bytes. */
export function thin_nn(
  c: usize, row: usize, work: usize, start: usize, startRow: usize, a: usize, lda: i32, b: usize, ldb: i32,
  M: i32, N: i32, K: i32,
): void {
  const step = <usize>ldb << 2, rowA = <usize>lda << 2;
  // A sum that is too long for one chain begins with its first block, to which the others are added: see
  // chain.ts.
  const depth = K > LONGEST_CHAIN ? CHAIN_BLOCK : K;
  // With fma there is less to do while B is on its way, so it counts once for each row of A.
  const far = <i64>N * depth * (ASC_FEATURE_RELAXED_SIMD ? M : 1) > CACHED;
  const rows = far ? max(8, NEAR / ldb) : max(depth, 1);
  // Once at least, so that K = 0 still writes the start values.
  let k = 0;
  do {
    for (let m = 0; m < M; m++) {
      const to = c + <usize>m * row;
      const from = k > 0 ? to : start ? start + <usize>m * startRow : 0;
      const x = a + <usize>m * rowA + (<usize>k << 2);
      strips(to, from, x, b + <usize>k * step, step, N, min(rows, depth - k));
    }
    k += rows;
  } while (k < depth);
  for (k = depth; k < K; k += CHAIN_BLOCK) {
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n += 32) {
        const to = c + <usize>m * row + (<usize>n << 2);
        const columns = min(32, N - n);
        const x = a + <usize>m * rowA + (<usize>k << 2), y = b + <usize>k * step + (<usize>n << 2);
        strips(work, 0, x, y, step, columns, min(CHAIN_BLOCK, K - k));
        for (let i = 0; i < columns; i += 4) {
          const at = <usize>i << 2;
          const count = min(4, columns - i);
          store_some(to + at, f32x4.add(load_some(to + at, count), load_some(work + at, count)), count);
        }
      }
    }
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

/** One row of C = start + A·B. */
function strips(c: usize, start: usize, a: usize, b: usize, step: usize, N: i32, K: i32): void {
  let n = 0;
  for (; n <= N - 32; n += 32) strip_at(n, c, start, a, b, step, K);
  // Where nothing is added to what is there, columns may be made once more.
  const again = N >= 32 && start != c;
  if (again && N - n > SLOW) strip_at(N - 32, c, start, a, b, step, K);
  else {
    for (; n < N; n += 4) {
      if (again) n = min(n, N - 4);
      const at = <usize>n << 2;
      strip_1(c + at, start ? start + at : 0, a, b + at, step, K, min(4, N - n));
    }
  }
}

// @ts-ignore: decorator
@inline
function strip_at(n: i32, c: usize, start: usize, a: usize, b: usize, step: usize, K: i32): void {
  const at = <usize>n << 2;
  strip_8(c + at, start ? start + at : 0, a, b + at, step, K);
}

function strip_8(c: usize, start: usize, a: usize, b: usize, step: usize, K: i32): void {
  strip(c, start, a, 4, b, step, K, f32x4.splat(0), false);
}

/**
 * 32 columns of a row: C = start + Σ a·b, with `stepA` and `stepB` bytes from k to k; or with
 * `update`, a constant wherever this is inlined, C = C - rate · Σ a·b.
 */
// @ts-ignore: decorator
@inline
function strip(
  c: usize, start: usize, a: usize, stepA: usize, b: usize, stepB: usize, K: i32, rate: v128, update: bool,
): void {
  const zero = f32x4.splat(0);
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero, c5 = zero, c6 = zero, c7 = zero;
  if (!update && start) {
    c0 = v128.load(start);
    c1 = v128.load(start, 16);
    c2 = v128.load(start, 32);
    c3 = v128.load(start, 48);
    c4 = v128.load(start, 64);
    c5 = v128.load(start, 80);
    c6 = v128.load(start, 96);
    c7 = v128.load(start, 112);
  }
  // One branch for each k, not two.
  if (K > 0) do {
    const x = v128.load32_splat(a);
    c0 = madd(x, v128.load(b), c0);
    c1 = madd(x, v128.load(b, 16), c1);
    c2 = madd(x, v128.load(b, 32), c2);
    c3 = madd(x, v128.load(b, 48), c3);
    c4 = madd(x, v128.load(b, 64), c4);
    c5 = madd(x, v128.load(b, 80), c5);
    c6 = madd(x, v128.load(b, 96), c6);
    c7 = madd(x, v128.load(b, 112), c7);
    a += stepA;
    b += stepB;
  } while (--K > 0);
  if (update) {
    // All loads before all stores: turbo makes pairs of them.
    c0 = nmadd(rate, c0, v128.load(c));
    c1 = nmadd(rate, c1, v128.load(c, 16));
    c2 = nmadd(rate, c2, v128.load(c, 32));
    c3 = nmadd(rate, c3, v128.load(c, 48));
    c4 = nmadd(rate, c4, v128.load(c, 64));
    c5 = nmadd(rate, c5, v128.load(c, 80));
    c6 = nmadd(rate, c6, v128.load(c, 96));
    c7 = nmadd(rate, c7, v128.load(c, 112));
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

/**
 * One row of C = start + A·Bᵀ, of N columns, a multiple of 8, and a sum that is one chain: rows of B go eight at
 * a time, and are turned four by four in registers. `start` 0 is absent.
 */
export function thin_nt(c: usize, start: usize, a: usize, b: usize, ldb: i32, N: i32, K: i32): void {
  const step = <usize>ldb << 2;
  for (; N > 0; N -= 8) {
    let c0 = f32x4.splat(0), c1 = c0;
    if (start) {
      c0 = v128.load(start);
      c1 = v128.load(start, 16);
      start += 32;
    }
    let x = a, p = b, q = b + (step << 2);
    for (let k = K; k > 0; k -= 4) {
      c0 = turned(c0, x, p, step, k);
      c1 = turned(c1, x, q, step, k);
      x += 16;
      p += 16;
      q += 16;
    }
    v128.store(c, c0);
    v128.store(c, c1, 16);
    c += 32;
    b += step << 3;
  }
}

/** Four sums, and in each the next four products, or the `k` that are left. */
// @ts-ignore: decorator
@inline
function turned(sum: v128, a: usize, b: usize, step: usize, k: i32): v128 {
  const step2 = step << 1, step3 = step + step2;
  if (k >= 4) {
    const r0 = v128.load(b), r1 = v128.load(b + step), r2 = v128.load(b + step2), r3 = v128.load(b + step3);
    const low0 = interleave_low(r0, r1), low1 = interleave_low(r2, r3);
    const high0 = interleave_high(r0, r1), high1 = interleave_high(r2, r3);
    const t0 = join_low(low0, low1), t1 = join_high(low0, low1);
    const t2 = join_low(high0, high1), t3 = join_high(high0, high1);
    return four_terms(sum, a, t0, t1, t2, t3);
  }
  for (; k > 0; k--) {
    sum = madd(v128.load32_splat(a), load_apart(b, step), sum);
    a += 4;
    b += 4;
  }
  return sum;
}

// Columns that two rows take at a time: eight with fma, as sums wait longer for their terms.
// @ts-ignore: decorator
@inline const TURNED: i32 = ASC_FEATURE_RELAXED_SIMD ? 8 : 4;

/** The same of two rows. Of more, little would be gained: broadcasts of A would cost what packing costs. */
export function thin_nt_2(
  c: usize, row: usize, start: usize, a: usize, rowA: usize, b: usize, ldb: i32, N: i32, K: i32,
): void {
  const step = <usize>ldb << 2, step2 = step << 1, step3 = step + step2;
  for (; N > 0; N -= TURNED) {
    const zero = f32x4.splat(0);
    let c0 = zero, c1 = zero, d0 = zero, d1 = zero;
    if (start) {
      c0 = v128.load(start);
      d0 = v128.load(start + row);
      if (TURNED == 8) {
        c1 = v128.load(start, 16);
        d1 = v128.load(start + row, 16);
      }
      start += TURNED << 2;
    }
    let x = a, y = a + rowA, p = b, q = b + (step << 2), k = K;
    for (; k >= 4; k -= 4) {
      let r0 = v128.load(p), r1 = v128.load(p + step), r2 = v128.load(p + step2), r3 = v128.load(p + step3);
      let low0 = interleave_low(r0, r1), low1 = interleave_low(r2, r3);
      let high0 = interleave_high(r0, r1), high1 = interleave_high(r2, r3);
      let t0 = join_low(low0, low1), t1 = join_high(low0, low1);
      let t2 = join_low(high0, high1), t3 = join_high(high0, high1);
      c0 = four_terms(c0, x, t0, t1, t2, t3);
      d0 = four_terms(d0, y, t0, t1, t2, t3);
      if (TURNED == 8) {
        r0 = v128.load(q), r1 = v128.load(q + step), r2 = v128.load(q + step2), r3 = v128.load(q + step3);
        low0 = interleave_low(r0, r1), low1 = interleave_low(r2, r3);
        high0 = interleave_high(r0, r1), high1 = interleave_high(r2, r3);
        t0 = join_low(low0, low1), t1 = join_high(low0, low1);
        t2 = join_low(high0, high1), t3 = join_high(high0, high1);
        c1 = four_terms(c1, x, t0, t1, t2, t3);
        d1 = four_terms(d1, y, t0, t1, t2, t3);
        q += 16;
      }
      x += 16;
      y += 16;
      p += 16;
    }
    for (; k > 0; k--) {
      const v = v128.load32_splat(x), w = v128.load32_splat(y);
      const t = load_apart(p, step);
      c0 = madd(v, t, c0);
      d0 = madd(w, t, d0);
      if (TURNED == 8) {
        const u = load_apart(q, step);
        c1 = madd(v, u, c1);
        d1 = madd(w, u, d1);
        q += 4;
      }
      x += 4;
      y += 4;
      p += 4;
    }
    v128.store(c, c0);
    v128.store(c + row, d0);
    if (TURNED == 8) {
      v128.store(c, c1, 16);
      v128.store(c + row, d1, 16);
    }
    c += TURNED << 2;
    b += step * TURNED;
  }
}

/** The sum, and the next four products. */
// @ts-ignore: decorator
@inline
function four_terms(sum: v128, a: usize, t0: v128, t1: v128, t2: v128, t3: v128): v128 {
  sum = madd(v128.load32_splat(a), t0, sum);
  sum = madd(v128.load32_splat(a, 4), t1, sum);
  sum = madd(v128.load32_splat(a, 8), t2, sum);
  return madd(v128.load32_splat(a, 12), t3, sum);
}

/**
 * W = W - learningRate · Aᵀ·B of a few rows A [K, M] and B [K, N]. The gradient never is in memory: a strip of it
 * is made in registers, and each element of W is read and written once, row by row, as memory is fastest.
 */
export function thin_sgd(
  w: usize, ldw: i32, a: usize, lda: i32, b: usize, ldb: i32, M: i32, N: i32, K: i32, learningRate: f32,
): void {
  const rate = f32x4.splat(learningRate);
  const row = <usize>ldw << 2, stepA = <usize>lda << 2, stepB = <usize>ldb << 2;
  for (; M > 0; M--) {
    let n = 0;
    for (; n + 32 <= N; n += 32) {
      const at = <usize>n << 2;
      strip(w + at, 0, a, stepA, b + at, stepB, K, rate, true);
    }
    for (; n < N; n += 4) {
      const at = <usize>n << 2;
      const count = min(4, N - n);
      let c = f32x4.splat(0), x = a, y = b + at;
      for (let k = K; k > 0; k--) {
        c = madd(v128.load32_splat(x), load_some(y, count), c);
        x += stepA;
        y += stepB;
      }
      store_some(w + at, nmadd(rate, c, load_some(w + at, count)), count);
    }
    w += row;
    a += 4;
  }
}
