/**
 * Batch normalisation, whose statistics are a column's and so may be split by columns, and layer
 * normalisation, whose statistics are a row's. Variances by the corrected two-pass formula (Chan, Golub,
 * LeVeque, The American Statistician 37, 1983): the second pass also sums the deviations, which would be 0
 * but for rounding.
 */
import { add_high, add_low, block_of, joined } from './chain';
import { madd } from './lanes';
import { sum_lanes } from './softmax';
import { keep_lanes, load_once, load_some, store_once, store_some } from './tail';

/** Rows that are gone through column by column while they lie in the first-level cache. */
// @ts-ignore: decorator
@inline const ROWS: i32 = 64;

export function batch_norm_statistics(
  mean: usize, rstd: usize, runningMean: usize, runningVar: usize, x: usize, ldx: i32, M: i32, N: i32,
  momentum: f32, eps: f32,
): void {
  if (M == 0) return;
  const step = <usize>ldx << 2;
  const zero = f32x4.splat(0);
  const rows = f32x4.splat(<f32>M);
  const block = block_of(M);
  const none = f64x2.splat(0);
  for (let n = N; n > 0; n -= 4) {
    const count = min(n, 4);
    let low = none, high = none;
    let p = x;
    for (let m = M; m > 0; m -= block) {
      let s = zero;
      for (let i = min(m, block); i > 0; i--) {
        s = f32x4.add(s, load_some(p, count));
        p += step;
      }
      low = add_low(low, s);
      high = add_high(high, s);
    }
    const first = f32x4.div(joined(low, high), rows);
    low = none;
    high = none;
    let squaresLow = none, squaresHigh = none;
    p = x;
    for (let m = M; m > 0; m -= block) {
      let s = zero;
      let q = zero;
      for (let i = min(m, block); i > 0; i--) {
        const d = f32x4.sub(load_some(p, count), first);
        s = f32x4.add(s, d);
        q = madd(d, d, q);
        p += step;
      }
      low = add_low(low, s);
      high = add_high(high, s);
      squaresLow = add_low(squaresLow, q);
      squaresHigh = add_high(squaresHigh, q);
    }
    const deviations = joined(low, high);
    const squares = joined(squaresLow, squaresHigh);
    moments(mean, rstd, runningMean, runningVar, first, deviations, squares, M, momentum, eps, count);
    x += 16;
    mean += 16;
    rstd += 16;
    runningMean += 16;
    runningVar += 16;
  }
}

/**
 * Mean and rstd of up to four columns, from a first mean and the sums of what deviates from it and of its
 * squares; and what is remembered of them.
 */
export function moments(
  mean: usize, rstd: usize, runningMean: usize, runningVar: usize, first: v128, deviations: v128, squares: v128,
  M: i32, momentum: f32, eps: f32, count: i32,
): void {
  const rows = f32x4.splat(<f32>M);
  const correction = f32x4.div(deviations, rows);
  const mu = f32x4.add(first, correction);
  // Rounding may leave a negative number of nothing; pmax keeps NaN.
  const spread = f32x4.pmax(f32x4.sub(squares, f32x4.mul(deviations, correction)), f32x4.splat(0));
  const variance = f32x4.div(spread, rows);
  store_once(mean, mu, count);
  store_once(rstd, f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(eps)))), count);
  // One row has no variance to speak of: what is remembered stays.
  if (M == 1) return;
  const share = f32x4.splat(momentum);
  const unbiased = f32x4.splat(<f32>M / <f32>(M - 1));
  const oldMean = load_once(runningMean, count);
  const oldVar = load_once(runningVar, count);
  store_once(runningMean, f32x4.add(oldMean, f32x4.mul(share, f32x4.sub(mu, oldMean))), count);
  const change = f32x4.sub(f32x4.mul(variance, unbiased), oldVar);
  store_once(runningVar, f32x4.add(oldVar, f32x4.mul(share, change)), count);
}

export function batch_norm_running(
  mean: usize, rstd: usize, runningMean: usize, runningVar: usize, N: i32, eps: f32,
): void {
  for (let n = N; n > 0; n -= 4) {
    const count = min(n, 4);
    store_once(mean, load_once(runningMean, count), count);
    const root = f32x4.sqrt(f32x4.add(load_once(runningVar, count), f32x4.splat(eps)));
    store_once(rstd, f32x4.div(f32x4.splat(1), root), count);
    mean += 16;
    rstd += 16;
    runningMean += 16;
    runningVar += 16;
  }
}

export function batch_norm_forward(
  y: usize, ldy: i32, mean: usize, rstd: usize, x: usize, ldx: i32, weight: usize, bias: usize, M: i32, N: i32,
): void {
  const zero = f32x4.splat(0);
  for (let m = M; m > 0; m -= ROWS) {
    const rows = min(m, ROWS);
    for (let n = 0; n < N; n += 4) {
      const count = min(N - n, 4);
      const at = <usize>n << 2;
      const mu = load_once(mean + at, count);
      let a = load_once(rstd + at, count);
      if (weight) a = f32x4.mul(a, load_once(weight + at, count));
      const b = bias ? load_once(bias + at, count) : zero;
      let p = x + at;
      let q = y + at;
      for (let i = rows; i > 0; i--) {
        store_some(q, madd(f32x4.sub(load_some(p, count), mu), a, b), count);
        p += <usize>ldx << 2;
        q += <usize>ldy << 2;
      }
    }
    x += <usize>(rows * ldx) << 2;
    y += <usize>(rows * ldy) << 2;
  }
}

export function batch_norm_backward(
  dx: usize, lddx: i32, dweight: usize, dbias: usize, mean: usize, rstd: usize, x: usize, ldx: i32,
  dy: usize, lddy: i32, weight: usize, M: i32, N: i32, training: i32,
): void {
  const zero = f32x4.splat(0);
  const none = f64x2.splat(0);
  const rows = f32x4.splat(<f32>M);
  const block = block_of(M);
  for (let n = 0; n < N; n += 4) {
    const count = min(N - n, 4);
    const at = <usize>n << 2;
    const mu = load_once(mean + at, count);
    const r = load_once(rstd + at, count);
    let low = none, high = none, productsLow = none, productsHigh = none;
    let p = x + at;
    let d = dy + at;
    for (let m = M; m > 0; m -= block) {
      let s = zero;
      let q = zero;
      for (let i = min(m, block); i > 0; i--) {
        const g = load_some(d, count);
        s = f32x4.add(s, g);
        q = madd(g, f32x4.mul(f32x4.sub(load_some(p, count), mu), r), q);
        p += <usize>ldx << 2;
        d += <usize>lddy << 2;
      }
      low = add_low(low, s);
      high = add_high(high, s);
      productsLow = add_low(productsLow, q);
      productsHigh = add_high(productsHigh, q);
    }
    const plain = joined(low, high);
    const products = joined(productsLow, productsHigh);
    if (dweight) store_once(dweight + at, products, count);
    if (dbias) store_once(dbias + at, plain, count);
    if (!dx) continue;
    const a = weight ? f32x4.mul(r, load_once(weight + at, count)) : r;
    const meanPlain = training ? f32x4.div(plain, rows) : zero;
    const meanProducts = training ? f32x4.div(products, rows) : zero;
    p = x + at;
    d = dy + at;
    let q = dx + at;
    for (let m = 0; m < M; m++) {
      const normal = f32x4.mul(f32x4.sub(load_some(p, count), mu), r);
      const rest = f32x4.sub(f32x4.sub(load_some(d, count), meanPlain), f32x4.mul(normal, meanProducts));
      store_some(q, f32x4.mul(a, rest), count);
      p += <usize>ldx << 2;
      d += <usize>lddy << 2;
      q += <usize>lddx << 2;
    }
  }
}

export function layer_norm_forward(
  y: usize, ldy: i32, mean: usize, rstd: usize, x: usize, ldx: i32, weight: usize, bias: usize, M: i32, N: i32,
  eps: f32,
): void {
  const zero = f32x4.splat(0);
  for (let m = 0; m < M; m++) {
    let s = zero;
    for (let n = 0; n < N; n += 4) s = f32x4.add(s, load_some(x + (<usize>n << 2), min(N - n, 4)));
    const first = f32x4.splat(sum_lanes(s) / <f32>N);
    let deviations = zero;
    let squares = zero;
    for (let n = 0; n < N; n += 4) {
      const count = min(N - n, 4);
      const d = keep_lanes(f32x4.sub(load_some(x + (<usize>n << 2), count), first), count);
      deviations = f32x4.add(deviations, d);
      squares = madd(d, d, squares);
    }
    const left = sum_lanes(deviations);
    const correction: f32 = left / <f32>N;
    const mu: f32 = f32x4.extract_lane(first, 0) + correction;
    const spread: f32 = sum_lanes(squares) - left * correction;
    const variance: f32 = (spread < 0 ? 0 : spread) / <f32>N;
    const r: f32 = <f32>1.0 / sqrt<f32>(variance + eps);
    store<f32>(mean, mu);
    store<f32>(rstd, r);
    const shift = f32x4.splat(mu);
    const factor = f32x4.splat(r);
    for (let n = 0; n < N; n += 4) {
      const count = min(N - n, 4);
      const at = <usize>n << 2;
      let v = f32x4.mul(f32x4.sub(load_some(x + at, count), shift), factor);
      if (weight) v = f32x4.mul(v, load_some(weight + at, count));
      if (bias) v = f32x4.add(v, load_some(bias + at, count));
      store_some(y + at, v, count);
    }
    mean += 4;
    rstd += 4;
    x += <usize>ldx << 2;
    y += <usize>ldy << 2;
  }
}

export function layer_norm_backward(
  dx: usize, lddx: i32, mean: usize, rstd: usize, x: usize, ldx: i32, dy: usize, lddy: i32, weight: usize,
  M: i32, N: i32,
): void {
  const zero = f32x4.splat(0);
  for (let m = 0; m < M; m++) {
    const mu = v128.load32_splat(mean);
    const r = v128.load32_splat(rstd);
    let plain = zero;
    let products = zero;
    for (let n = 0; n < N; n += 4) {
      const count = min(N - n, 4);
      const at = <usize>n << 2;
      let g = load_some(dy + at, count);
      if (weight) g = f32x4.mul(g, load_some(weight + at, count));
      plain = f32x4.add(plain, g);
      // Beyond the row g is 0, and so is the product.
      products = madd(g, f32x4.mul(f32x4.sub(load_some(x + at, count), mu), r), products);
    }
    const meanPlain = f32x4.splat(sum_lanes(plain) / <f32>N);
    const meanProducts = f32x4.splat(sum_lanes(products) / <f32>N);
    for (let n = 0; n < N; n += 4) {
      const count = min(N - n, 4);
      const at = <usize>n << 2;
      let g = load_some(dy + at, count);
      if (weight) g = f32x4.mul(g, load_some(weight + at, count));
      const normal = f32x4.mul(f32x4.sub(load_some(x + at, count), mu), r);
      const rest = f32x4.sub(f32x4.sub(g, meanPlain), f32x4.mul(normal, meanProducts));
      store_some(dx + at, f32x4.mul(r, rest), count);
    }
    mean += 4;
    rstd += 4;
    x += <usize>ldx << 2;
    dy += <usize>lddy << 2;
    dx += <usize>lddx << 2;
  }
}

export function layer_norm_parameters(
  dweight: usize, dbias: usize, mean: usize, rstd: usize, x: usize, ldx: i32, dy: usize, lddy: i32, M: i32, N: i32,
): void {
  const none = f64x2.splat(0);
  const block = block_of(M);
  for (let n = 0; n < N; n += 4) {
    const count = min(N - n, 4);
    const at = <usize>n << 2;
    let low = none, high = none, productsLow = none, productsHigh = none;
    let p = x + at;
    let d = dy + at;
    let row: usize = 0;
    for (let m = M; m > 0; m -= block) {
      let s = f32x4.splat(0);
      let q = f32x4.splat(0);
      for (let i = min(m, block); i > 0; i--) {
        const g = load_some(d, count);
        const centred = f32x4.sub(load_some(p, count), v128.load32_splat(mean + row));
        s = f32x4.add(s, g);
        q = madd(g, f32x4.mul(centred, v128.load32_splat(rstd + row)), q);
        p += <usize>ldx << 2;
        d += <usize>lddy << 2;
        row += 4;
      }
      low = add_low(low, s);
      high = add_high(high, s);
      productsLow = add_low(productsLow, q);
      productsHigh = add_high(productsHigh, q);
    }
    if (dweight) store_once(dweight + at, joined(productsLow, productsHigh), count);
    if (dbias) store_once(dbias + at, joined(low, high), count);
  }
}
