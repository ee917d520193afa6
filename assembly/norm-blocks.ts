/**
 * Batch normalisation of more than LONGEST_CHAIN rows, whose sums are made of blocks (chain.ts): the sums of
 * each block are kept, so that threads can share the rows, and added up afterwards in the order of the
 * blocks. So every bit is that of norm.ts.
 */
import { SHORT_BLOCK } from '../build/assembly/constants';
import { add_high, add_low, joined } from './chain';
import { madd } from './lanes';
import { moments } from './norm';
import { load_once, load_some, store_once, store_some } from './tail';

/** Rows of block b of M. */
// @ts-ignore: decorator
@inline
function rows_of(b: i32, M: i32): i32 {
  return min(M - b * SHORT_BLOCK, SHORT_BLOCK);
}

export function block_moments(
  sums: usize, ldsums: i32, squares: usize, ldsquares: i32, mean: usize, x: usize, ldblock: i32, ldx: i32,
  B: i32, N: i32, first: i32, M: i32,
): void {
  const zero = f32x4.splat(0);
  const step = <usize>ldx << 2;
  for (let b = 0; b < B; b++) {
    const rows = rows_of(first + b, M);
    let n = 0;
    // Two chains of additions side by side.
    for (; n <= N - 8; n += 8) {
      const at = <usize>n << 2;
      let p = x + at;
      let s0 = zero, s1 = zero;
      if (squares) {
        const mu0 = v128.load(mean + at), mu1 = v128.load(mean + at, 16);
        let q0 = zero, q1 = zero;
        for (let i = rows; i > 0; i--) {
          const d0 = f32x4.sub(v128.load(p), mu0);
          const d1 = f32x4.sub(v128.load(p, 16), mu1);
          s0 = f32x4.add(s0, d0);
          s1 = f32x4.add(s1, d1);
          q0 = madd(d0, d0, q0);
          q1 = madd(d1, d1, q1);
          p += step;
        }
        v128.store(squares + at, q0);
        v128.store(squares + at, q1, 16);
      } else {
        for (let i = rows; i > 0; i--) {
          s0 = f32x4.add(s0, v128.load(p));
          s1 = f32x4.add(s1, v128.load(p, 16));
          p += step;
        }
      }
      v128.store(sums + at, s0);
      v128.store(sums + at, s1, 16);
    }
    for (; n < N; n += 4) {
      const count = min(N - n, 4);
      const at = <usize>n << 2;
      let p = x + at;
      let s = zero, q = zero;
      const mu = squares ? load_once(mean + at, count) : zero;
      for (let i = rows; i > 0; i--) {
        const d = f32x4.sub(load_some(p, count), mu);
        s = f32x4.add(s, d);
        q = madd(d, d, q);
        p += step;
      }
      store_once(sums + at, s, count);
      if (squares) store_once(squares + at, q, count);
    }
    x += <usize>ldblock << 2;
    sums += <usize>ldsums << 2;
    if (squares) squares += <usize>ldsquares << 2;
  }
}

export function block_products(
  sums: usize, ldsums: i32, products: usize, ldproducts: i32, mean: usize, rstd: usize, x: usize, ldxblock: i32,
  ldx: i32, dy: usize, lddyblock: i32, lddy: i32, B: i32, N: i32, first: i32, M: i32,
): void {
  const zero = f32x4.splat(0);
  for (let b = 0; b < B; b++) {
    const rows = rows_of(first + b, M);
    let n = 0;
    for (; n <= N - 8; n += 8) {
      const at = <usize>n << 2;
      const mu0 = v128.load(mean + at), mu1 = v128.load(mean + at, 16);
      const r0 = v128.load(rstd + at), r1 = v128.load(rstd + at, 16);
      let p = x + at, d = dy + at;
      let s0 = zero, s1 = zero, q0 = zero, q1 = zero;
      for (let i = rows; i > 0; i--) {
        const g0 = v128.load(d), g1 = v128.load(d, 16);
        s0 = f32x4.add(s0, g0);
        s1 = f32x4.add(s1, g1);
        q0 = madd(g0, f32x4.mul(f32x4.sub(v128.load(p), mu0), r0), q0);
        q1 = madd(g1, f32x4.mul(f32x4.sub(v128.load(p, 16), mu1), r1), q1);
        p += <usize>ldx << 2;
        d += <usize>lddy << 2;
      }
      v128.store(sums + at, s0);
      v128.store(sums + at, s1, 16);
      v128.store(products + at, q0);
      v128.store(products + at, q1, 16);
    }
    for (; n < N; n += 4) {
      const count = min(N - n, 4);
      const at = <usize>n << 2;
      const mu = load_once(mean + at, count);
      const r = load_once(rstd + at, count);
      let p = x + at, d = dy + at;
      let s = zero, q = zero;
      for (let i = rows; i > 0; i--) {
        const g = load_some(d, count);
        s = f32x4.add(s, g);
        q = madd(g, f32x4.mul(f32x4.sub(load_some(p, count), mu), r), q);
        p += <usize>ldx << 2;
        d += <usize>lddy << 2;
      }
      store_once(sums + at, s, count);
      store_once(products + at, q, count);
    }
    x += <usize>ldxblock << 2;
    dy += <usize>lddyblock << 2;
    sums += <usize>ldsums << 2;
    products += <usize>ldproducts << 2;
  }
}

export function block_totals(y: usize, sums: usize, ldsums: i32, B: i32, N: i32, divisor: f32): void {
  const by = f32x4.splat(divisor);
  for (let n = N; n > 0; n -= 4) {
    const count = min(n, 4);
    let low = f64x2.splat(0), high = f64x2.splat(0);
    let p = sums;
    for (let b = B; b > 0; b--) {
      const s = load_some(p, count);
      low = add_low(low, s);
      high = add_high(high, s);
      p += <usize>ldsums << 2;
    }
    store_once(y, f32x4.div(joined(low, high), by), count);
    sums += 16;
    y += 16;
  }
}

export function batch_norm_moments(
  mean: usize, rstd: usize, runningMean: usize, runningVar: usize, deviations: usize, squares: usize,
  M: i32, N: i32, momentum: f32, eps: f32,
): void {
  for (let n = 0; n < N; n += 4) {
    const count = min(N - n, 4);
    const at = <usize>n << 2;
    const first = load_once(mean + at, count);
    const d = load_once(deviations + at, count), q = load_once(squares + at, count);
    moments(mean + at, rstd + at, runningMean + at, runningVar + at, first, d, q, M, momentum, eps, count);
  }
}

export function batch_norm_input_gradient(
  dx: usize, lddx: i32, mean: usize, rstd: usize, x: usize, ldx: i32, dy: usize, lddy: i32, weight: usize,
  sums: usize, products: usize, M: i32, N: i32, count: i32,
): void {
  const zero = f32x4.splat(0);
  const all = f32x4.splat(<f32>count);
  for (let m = M; m > 0; m -= SHORT_BLOCK) {
    const rows = min(m, SHORT_BLOCK);
    for (let n = 0; n < N; n += 4) {
      const lanes = min(N - n, 4);
      const at = <usize>n << 2;
      const mu = load_once(mean + at, lanes);
      const r = load_once(rstd + at, lanes);
      const a = weight ? f32x4.mul(r, load_once(weight + at, lanes)) : r;
      const meanPlain = count ? f32x4.div(load_once(sums + at, lanes), all) : zero;
      const meanProducts = count ? f32x4.div(load_once(products + at, lanes), all) : zero;
      let p = x + at, d = dy + at, q = dx + at;
      for (let i = rows; i > 0; i--) {
        const normal = f32x4.mul(f32x4.sub(load_some(p, lanes), mu), r);
        const rest = f32x4.sub(f32x4.sub(load_some(d, lanes), meanPlain), f32x4.mul(normal, meanProducts));
        store_some(q, f32x4.mul(a, rest), lanes);
        p += <usize>ldx << 2;
        d += <usize>lddy << 2;
        q += <usize>lddx << 2;
      }
    }
    x += <usize>(rows * ldx) << 2;
    dy += <usize>(rows * lddy) << 2;
    dx += <usize>(rows * lddx) << 2;
  }
}
