/**
 * Softmax and cross-entropy, row by row. Four lanes gather a row's maximum and its sums, and are joined in a
 * fixed order, so a row's result depends on nothing but the row.
 */
import { exp_down4, log_sum4 } from './math';
import { load_tail, store_tail } from './tail';

/** The largest lane, in all of them. */
// @ts-ignore: decorator
@inline
export function largest(v: v128): v128 {
  const pairs = f32x4.pmax(v, v128.shuffle<f64>(v, v, 1, 0));
  return f32x4.pmax(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2));
}

// @ts-ignore: decorator
@inline
export function sum_lanes(v: v128): f32 {
  const pairs = f32x4.add(v, v128.shuffle<f64>(v, v, 1, 0));
  return f32x4.extract_lane(f32x4.add(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2)), 0);
}

// @ts-ignore: decorator
@inline
export function row_max(x: usize, N: i32): f32 {
  let most = f32x4.splat(-Infinity);
  let n = N;
  for (; n >= 4; n -= 4) {
    most = f32x4.pmax(most, v128.load(x));
    x += 16;
  }
  if (n > 0) most = f32x4.pmax(most, load_tail(x, n, f32x4.splat(-Infinity)));
  return f32x4.extract_lane(largest(most), 0);
}

/**
 * What is below this share of a row's largest is no gradient: 2⁻⁶⁴. Products of it would be denormal, and
 * slow.
 */
// @ts-ignore: decorator
@inline const NEGLIGIBLE: f32 = 5.421010862427522e-20;

/** y = e^(x - shift), but 0 below `floor`, unless y is absent; returns the sum, nothing left out. */
// @ts-ignore: decorator
@inline
function exp_row(y: usize, x: usize, N: i32, shift: f32, floor: f32): f32 {
  const s = f32x4.splat(shift);
  const f = f32x4.splat(floor);
  let sum = f32x4.splat(0);
  let n = N;
  for (; n >= 4; n -= 4) {
    const e = exp_down4(f32x4.sub(v128.load(x), s));
    if (y) {
      v128.store(y, above(e, f));
      y += 16;
    }
    sum = f32x4.add(sum, e);
    x += 16;
  }
  if (n > 0) {
    const e = exp_down4(f32x4.sub(load_tail(x, n, f32x4.splat(-Infinity)), s));
    if (y) store_tail(y, above(e, f), n);
    // The fill gives e^(-infinity) = 0, except where the shift is not finite; then the whole row is NaN
    // anyway.
    sum = f32x4.add(sum, e);
  }
  return sum_lanes(sum);
}

/** v where it is not less than the floor, else 0; NaN stays. */
// @ts-ignore: decorator
@inline
function above(v: v128, floor: v128): v128 {
  return v128.andnot(v, f32x4.lt(v, floor));
}

// @ts-ignore: decorator
@inline
function scale_row(y: usize, N: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  let n = N;
  for (; n >= 4; n -= 4) {
    v128.store(y, f32x4.mul(v128.load(y), f));
    y += 16;
  }
  if (n > 0) store_tail(y, f32x4.mul(load_tail(y, n, f32x4.splat(0)), f), n);
}

export function softmax_forward(y: usize, ldy: i32, x: usize, ldx: i32, M: i32, N: i32): void {
  if (N == 0) return;
  for (let m = 0; m < M; m++) {
    const sum = exp_row(y, x, N, row_max(x, N), 0);
    scale_row(y, N, 1 / sum);
    y += <usize>ldy << 2;
    x += <usize>ldx << 2;
  }
}

export function softmax_backward(
  dx: usize, lddx: i32, y: usize, ldy: i32, dy: usize, lddy: i32, M: i32, N: i32,
): void {
  const zero = f32x4.splat(0);
  for (let m = 0; m < M; m++) {
    let products = zero;
    let n = N;
    let p = y;
    let q = dy;
    for (; n >= 4; n -= 4) {
      products = f32x4.add(products, f32x4.mul(v128.load(p), v128.load(q)));
      p += 16;
      q += 16;
    }
    if (n > 0) products = f32x4.add(products, f32x4.mul(load_tail(p, n, zero), load_tail(q, n, zero)));
    const dot = f32x4.splat(sum_lanes(products));
    let o = dx;
    p = y;
    q = dy;
    for (n = N; n >= 4; n -= 4) {
      v128.store(o, f32x4.mul(v128.load(p), f32x4.sub(v128.load(q), dot)));
      o += 16;
      p += 16;
      q += 16;
    }
    if (n > 0) store_tail(o, f32x4.mul(load_tail(p, n, zero), f32x4.sub(load_tail(q, n, zero), dot)), n);
    dx += <usize>lddx << 2;
    y += <usize>ldy << 2;
    dy += <usize>lddy << 2;
  }
}

export function softmax_cross_entropy(
  losses: usize, dx: usize, lddx: i32, x: usize, ldx: i32, labels: usize, M: i32, N: i32, scale: f32,
): void {
  for (let m = 0; m < M; m++) {
    const label = <usize>load<i32>(labels) << 2;
    const shift = row_max(x, N);
    // Read before dx is written, which may lie in the same place.
    const target = load<f32>(x + label) - shift;
    const sum = exp_row(dx, x, N, shift, NEGLIGIBLE);
    store<f32>(losses, f32x4.extract_lane(log_sum4(f32x4.splat(sum)), 0) - target);
    if (dx) {
      scale_row(dx, N, scale / sum);
      store<f32>(dx + label, load<f32>(dx + label) - scale);
      dx += <usize>lddx << 2;
    }
    losses += 4;
    labels += 4;
    x += <usize>ldx << 2;
  }
}
