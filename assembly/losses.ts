/**
 * Losses beside their gradients, row by row: a row's result depends on nothing but the row. losses[m] is the
 * row's weight times its loss; dx, unless absent, is the gradient of scale · Σ losses. Plain cross-entropy is
 * in softmax.ts.
 */
import { abs4, exp_down4, exp_minus_abs, log1p_4, log_sum4, sign4 } from './math';
import { row_max, sum_lanes } from './softmax';
import { keep_lanes, load_some, load_tail, store_some } from './tail';

// @ts-ignore: decorator
@inline const SQUARED: i32 = 0, ABSOLUTE: i32 = 1, HUBER: i32 = 2, BINARY: i32 = 3;

/** What a loss and its derivative have in common. */
// @ts-ignore: decorator
@inline
function shared(x: v128, kind: i32): v128 {
  return kind == BINARY ? exp_minus_abs(x) : x;
}

/** The loss of an output x and its target t. `a` is huber's delta, or the weight of positives less 1. */
// @ts-ignore: decorator
@inline
function value(x: v128, t: v128, z: v128, kind: i32, a: v128): v128 {
  const one = f32x4.splat(1);
  if (kind == BINARY) {
    // (1 - t)·x + (1 + a·t)·ln(1 + e⁻ˣ), with ln(1 + e⁻ˣ) = max(-x, 0) + ln(1 + e^(-|x|)).
    const soft = f32x4.add(f32x4.pmax(f32x4.neg(x), f32x4.splat(0)), log1p_4(z));
    const weight = f32x4.add(one, f32x4.mul(a, t));
    return f32x4.add(f32x4.mul(f32x4.sub(one, t), x), f32x4.mul(weight, soft));
  }
  const r = f32x4.sub(x, t);
  if (kind == SQUARED) return f32x4.mul(r, r);
  const size = abs4(r);
  if (kind == ABSOLUTE) return size;
  const half = f32x4.splat(0.5);
  const near = f32x4.mul(f32x4.mul(r, r), half);
  const far = f32x4.mul(a, f32x4.sub(size, f32x4.mul(half, a)));
  return v128.bitselect(far, near, f32x4.gt(size, a));
}

/** Its derivative by x. */
// @ts-ignore: decorator
@inline
function derivative(x: v128, t: v128, z: v128, kind: i32, a: v128): v128 {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  if (kind == BINARY) {
    // (1 - t) - (1 + a·t)·σ(-x).
    const share = f32x4.div(v128.bitselect(z, one, f32x4.gt(x, zero)), f32x4.add(one, z));
    const weight = f32x4.add(one, f32x4.mul(a, t));
    return f32x4.sub(f32x4.sub(one, t), f32x4.mul(weight, share));
  }
  const r = f32x4.sub(x, t);
  if (kind == SQUARED) return f32x4.add(r, r);
  // Of r: 0 stays 0, and NaN stays NaN.
  if (kind == ABSOLUTE) return v128.bitselect(v128.or(one, sign4(r)), r, f32x4.gt(abs4(r), zero));
  return v128.bitselect(v128.or(a, sign4(r)), r, f32x4.gt(abs4(r), a));
}

// @ts-ignore: decorator
@inline
function each_row(
  losses: usize, dx: usize, lddx: i32, x: usize, ldx: i32, t: usize, ldt: i32, weights: usize,
  M: i32, N: i32, parameter: f32, scale: f32, kind: i32,
): void {
  const a = f32x4.splat(parameter);
  // One output a row: four rows are done at once.
  if (kind == BINARY && N == 1 && ldx == 1 && ldt == 1 && (!dx || lddx == 1)) {
    for (; M > 0; M -= 4) {
      const count = min(M, 4);
      let weight = f32x4.splat(1);
      if (weights) {
        weight = load_some(weights, count);
        weights += 16;
      }
      const vx = load_some(x, count), vt = load_some(t, count);
      const z = shared(vx, kind);
      // What is summed up below is 0 and the value.
      store_some(losses, f32x4.mul(f32x4.add(value(vx, vt, z, kind, a), f32x4.splat(0)), weight), count);
      if (dx) {
        const factor = f32x4.mul(weight, f32x4.splat(scale));
        store_some(dx, f32x4.mul(derivative(vx, vt, z, kind, a), factor), count);
        dx += 16;
      }
      losses += 16;
      x += 16;
      t += 16;
    }
  }
  for (let m = 0; m < M; m++) {
    const weight: f32 = weights ? load<f32>(weights + (<usize>m << 2)) : 1;
    const share: f32 = weight / <f32>N;
    const factor = f32x4.splat(share * scale);
    let sum = f32x4.splat(0);
    for (let n = 0; n < N; n += 4) {
      const count = min(N - n, 4);
      const at = <usize>n << 2;
      const vx = load_some(x + at, count), vt = load_some(t + at, count);
      const z = shared(vx, kind);
      const v = value(vx, vt, z, kind, a);
      sum = f32x4.add(sum, count == 4 ? v : keep_lanes(v, count));
      if (dx) store_some(dx + at, f32x4.mul(derivative(vx, vt, z, kind, a), factor), count);
    }
    store<f32>(losses, sum_lanes(sum) * share);
    losses += 4;
    dx += dx ? <usize>lddx << 2 : 0;
    x += <usize>ldx << 2;
    t += <usize>ldt << 2;
  }
}

export function squared_error(
  losses: usize, dx: usize, lddx: i32, x: usize, ldx: i32, t: usize, ldt: i32, weights: usize,
  M: i32, N: i32, scale: f32,
): void {
  each_row(losses, dx, lddx, x, ldx, t, ldt, weights, M, N, 0, scale, SQUARED);
}

export function absolute_error(
  losses: usize, dx: usize, lddx: i32, x: usize, ldx: i32, t: usize, ldt: i32, weights: usize,
  M: i32, N: i32, scale: f32,
): void {
  each_row(losses, dx, lddx, x, ldx, t, ldt, weights, M, N, 0, scale, ABSOLUTE);
}

export function huber_error(
  losses: usize, dx: usize, lddx: i32, x: usize, ldx: i32, t: usize, ldt: i32, weights: usize,
  M: i32, N: i32, delta: f32, scale: f32,
): void {
  each_row(losses, dx, lddx, x, ldx, t, ldt, weights, M, N, delta, scale, HUBER);
}

export function binary_cross_entropy(
  losses: usize, dx: usize, lddx: i32, x: usize, ldx: i32, t: usize, ldt: i32, weights: usize,
  M: i32, N: i32, positiveWeight: f32, scale: f32,
): void {
  each_row(losses, dx, lddx, x, ldx, t, ldt, weights, M, N, positiveWeight - 1, scale, BINARY);
}

export function weighted_cross_entropy(
  losses: usize, dx: usize, lddx: i32, x: usize, ldx: i32, labels: usize, weights: usize, classWeights: usize,
  ldc: i32, M: i32, N: i32, smoothing: f32, scale: f32,
): void {
  const zero = f32x4.splat(0);
  // Probabilities are class weights of each row's own, with nothing but what smoothing spreads.
  const even: f32 = ldc ? 1 : smoothing / <f32>N;
  // Σ of the class weights.
  let total: f32 = <f32>N;
  for (let m = 0; m < M; m++) {
    if (classWeights && (m == 0 || ldc)) {
      let sum = zero;
      for (let n = 0; n < N; n += 4) sum = f32x4.add(sum, load_some(classWeights + (<usize>n << 2), min(N - n, 4)));
      total = sum_lanes(sum);
    }
    const label = ldc ? <usize>0 : <usize>load<i32>(labels) << 2;
    const weight: f32 = weights ? load<f32>(weights + (<usize>m << 2)) : 1;
    const own: f32 = (<f32>1.0 - smoothing) * (classWeights ? load<f32>(classWeights + label) : 1);
    const shift = f32x4.splat(row_max(x, N));
    const target: f32 = load<f32>(x + label) - f32x4.extract_lane(shift, 0);
    let sum = zero;
    let weighted = zero;
    for (let n = 0; n < N; n += 4) {
      const count = min(N - n, 4);
      const at = <usize>n << 2;
      const v = f32x4.sub(count == 4 ? v128.load(x + at) : load_tail(x + at, count, f32x4.splat(-Infinity)), shift);
      sum = f32x4.add(sum, exp_down4(v));
      let w = classWeights ? f32x4.mul(load_some(classWeights + at, count), v) : v;
      if (count < 4) w = keep_lanes(w, count);
      weighted = f32x4.add(weighted, w);
    }
    const exponentials = sum_lanes(sum);
    const logarithm = f32x4.extract_lane(log_sum4(f32x4.splat(exponentials)), 0);
    let loss: f32 = own * (logarithm - target);
    // Apart, so that without smoothing a logit of -infinity does no harm.
    if (smoothing > 0) loss += even * (total * logarithm - sum_lanes(weighted));
    store<f32>(losses, weight * loss);
    if (dx) {
      const factor: f32 = weight * scale;
      const probability = f32x4.splat((own + even * total) / exponentials);
      const constant = f32x4.splat(even);
      const f = f32x4.splat(factor);
      for (let n = 0; n < N; n += 4) {
        const count = min(N - n, 4);
        const at = <usize>n << 2;
        // Lanes beyond the row may be above 0 and hold anything; they are not stored.
        const e = exp_down4(f32x4.sub(load_some(x + at, count), shift));
        // 2⁻⁶⁴: see softmax.ts.
        const share = v128.andnot(e, f32x4.lt(e, f32x4.splat(5.421010862427522e-20)));
        const evenShare = classWeights ? f32x4.mul(constant, load_some(classWeights + at, count)) : constant;
        store_some(dx + at, f32x4.mul(f32x4.sub(f32x4.mul(share, probability), evenShare), f), count);
      }
      store<f32>(dx + label, load<f32>(dx + label) - own * factor);
      dx += <usize>lddx << 2;
    }
    losses += 4;
    labels += 4;
    classWeights += <usize>ldc << 2;
    x += <usize>ldx << 2;
  }
}

export function row_weights(y: usize, labels: usize, weights: usize, classWeights: usize, M: i32): void {
  for (let m = 0; m < M; m++) {
    const at = <usize>m << 2;
    const own: f32 = weights ? load<f32>(weights + at) : 1;
    store<f32>(y + at, classWeights ? own * load<f32>(classWeights + (<usize>load<i32>(labels + at) << 2)) : own);
  }
}

export function positive(y: usize, x: usize, ldx: i32, M: i32): void {
  for (let m = 0; m < M; m++) {
    store<i32>(y, select<i32>(1, 0, load<f32>(x) > 0));
    y += 4;
    x += <usize>ldx << 2;
  }
}
