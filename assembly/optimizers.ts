/**
 * Optimizers with state, one pass over flat arrays; each element depends on its own place alone. Plain SGD is
 * in optimizer.ts. Wasm cannot flush denormals, which are a hundred times slower: moments below 2⁻¹⁰⁰ become
 * 0, and a gradient below 2⁻⁵⁶ counts as 0 where it is squared (its square would be nothing beside any eps).
 * Each kernel is a body of one to four floats, inlined for vectors and once more for the tail, whose length n
 * & 3 is seen not to be 4.
 */
import { madd, nmadd } from './lanes';
import { abs4, gradient_floor, moment_floor } from './math';
import { load_some, store_some } from './tail';

/** 0 where |v| < floor, else v; NaN stays: positive floats are in the order of their bits, and NaN above all. */
// @ts-ignore: decorator
@inline
function flush(v: v128, floor: v128): v128 {
  return v128.andnot(v, i32x4.lt_s(abs4(v), floor));
}

// @ts-ignore: decorator
@inline
function sgd_body(
  w: usize, buffer: usize, g: usize, rate: v128, mu: v128, s: v128, nesterov: i32, decay: v128, floor: v128,
  count: i32,
): void {
  const v = load_some(w, count);
  let d = madd(decay, v, load_some(g, count));
  if (buffer) {
    const b = flush(madd(mu, load_some(buffer, count), f32x4.mul(s, d)), floor);
    store_some(buffer, b, count);
    d = nesterov ? madd(mu, b, d) : b;
  }
  store_some(w, nmadd(rate, d, v), count);
}

export function sgd_momentum_step(
  w: usize, buffer: usize, g: usize, n: i32, learningRate: f32, momentum: f32, share: f32, nesterov: i32,
  weightDecay: f32,
): void {
  const rate = f32x4.splat(learningRate);
  const mu = f32x4.splat(momentum);
  const s = f32x4.splat(share);
  const decay = f32x4.splat(weightDecay);
  const floor = moment_floor();
  const next: usize = buffer ? 16 : 0;
  for (; n >= 4; n -= 4) {
    sgd_body(w, buffer, g, rate, mu, s, nesterov, decay, floor, 4);
    w += 16;
    buffer += next;
    g += 16;
  }
  if (n > 0) sgd_body(w, buffer, g, rate, mu, s, nesterov, decay, floor, n & 3);
}

// @ts-ignore: decorator
@inline
function adam_body(
  w: usize, m: usize, v: usize, g: usize, step: v128, b1: v128, s1: v128, b2: v128, s2: v128, c: v128, e: v128,
  decay: v128, floor: v128, gradientFloor: v128, keep: v128, keeps: bool, count: i32,
): void {
  const x = load_some(w, count);
  const d = flush(madd(decay, x, load_some(g, count)), gradientFloor);
  const first = flush(madd(b1, load_some(m, count), f32x4.mul(s1, d)), floor);
  const second = flush(madd(b2, load_some(v, count), f32x4.mul(s2, f32x4.mul(d, d))), floor);
  store_some(m, first, count);
  store_some(v, second, count);
  const denominator = madd(f32x4.sqrt(second), c, e);
  store_some(w, nmadd(step, f32x4.div(first, denominator), keeps ? x : f32x4.mul(x, keep)), count);
}

/**
 * The square root and the division leave time for so many instructions and no more: floors are loaded once, and
 * nothing is multiplied by 1.
 */
export function adam_step(
  w: usize, m: usize, v: usize, g: usize, n: i32, stepSize: f32, beta1: f32, share1: f32, beta2: f32, share2: f32,
  correction: f32, eps: f32, weightDecay: f32, keep: f32,
): void {
  const step = f32x4.splat(stepSize);
  const b1 = f32x4.splat(beta1);
  const s1 = f32x4.splat(share1);
  const b2 = f32x4.splat(beta2);
  const s2 = f32x4.splat(share2);
  const c = f32x4.splat(correction);
  const e = f32x4.splat(eps);
  const decay = f32x4.splat(weightDecay);
  const k = f32x4.splat(keep);
  const floor = moment_floor();
  const gradientFloor = gradient_floor();
  if (keep == 1) {
    for (; n >= 4; n -= 4) {
      adam_body(w, m, v, g, step, b1, s1, b2, s2, c, e, decay, floor, gradientFloor, k, true, 4);
      w += 16;
      m += 16;
      v += 16;
      g += 16;
    }
  }
  for (; n >= 4; n -= 4) {
    adam_body(w, m, v, g, step, b1, s1, b2, s2, c, e, decay, floor, gradientFloor, k, false, 4);
    w += 16;
    m += 16;
    v += 16;
    g += 16;
  }
  if (n > 0) adam_body(w, m, v, g, step, b1, s1, b2, s2, c, e, decay, floor, gradientFloor, k, false, n & 3);
}

// @ts-ignore: decorator
@inline
function rmsprop_body(
  w: usize, v: usize, average: usize, buffer: usize, g: usize, rate: v128, a: v128, s: v128, e: v128, decay: v128,
  mu: v128, floor: v128, gradientFloor: v128, count: i32,
): void {
  const x = load_some(w, count);
  const d = flush(madd(decay, x, load_some(g, count)), gradientFloor);
  const second = flush(madd(a, load_some(v, count), f32x4.mul(s, f32x4.mul(d, d))), floor);
  store_some(v, second, count);
  let spread = second;
  if (average) {
    const mean = flush(madd(a, load_some(average, count), f32x4.mul(s, d)), floor);
    store_some(average, mean, count);
    // A variance; rounding may take it below 0. pmax keeps NaN.
    spread = f32x4.pmax(nmadd(mean, mean, second), f32x4.splat(0));
  }
  let change = f32x4.div(d, f32x4.add(f32x4.sqrt(spread), e));
  if (buffer) {
    change = flush(madd(mu, load_some(buffer, count), change), floor);
    store_some(buffer, change, count);
  }
  store_some(w, nmadd(rate, change, x), count);
}

export function rmsprop_step(
  w: usize, v: usize, average: usize, buffer: usize, g: usize, n: i32, learningRate: f32, alpha: f32, share: f32,
  eps: f32, weightDecay: f32, momentum: f32,
): void {
  const rate = f32x4.splat(learningRate);
  const a = f32x4.splat(alpha);
  const s = f32x4.splat(share);
  const e = f32x4.splat(eps);
  const decay = f32x4.splat(weightDecay);
  const mu = f32x4.splat(momentum);
  const floor = moment_floor();
  const gradientFloor = gradient_floor();
  const nextAverage: usize = average ? 16 : 0;
  const nextBuffer: usize = buffer ? 16 : 0;
  for (; n >= 4; n -= 4) {
    rmsprop_body(w, v, average, buffer, g, rate, a, s, e, decay, mu, floor, gradientFloor, 4);
    w += 16;
    v += 16;
    average += nextAverage;
    buffer += nextBuffer;
    g += 16;
  }
  if (n > 0) rmsprop_body(w, v, average, buffer, g, rate, a, s, e, decay, mu, floor, gradientFloor, n & 3);
}

// @ts-ignore: decorator
@inline
function adagrad_body(w: usize, v: usize, g: usize, rate: v128, e: v128, decay: v128, count: i32): void {
  const x = load_some(w, count);
  const d = flush(madd(decay, x, load_some(g, count)), gradient_floor());
  const sum = madd(d, d, load_some(v, count));
  store_some(v, sum, count);
  store_some(w, nmadd(rate, f32x4.div(d, f32x4.add(f32x4.sqrt(sum), e)), x), count);
}

export function adagrad_step(
  w: usize, v: usize, g: usize, n: i32, learningRate: f32, eps: f32, weightDecay: f32,
): void {
  const rate = f32x4.splat(learningRate);
  const e = f32x4.splat(eps);
  const decay = f32x4.splat(weightDecay);
  for (; n >= 4; n -= 4) {
    adagrad_body(w, v, g, rate, e, decay, 4);
    w += 16;
    v += 16;
    g += 16;
  }
  if (n > 0) adagrad_body(w, v, g, rate, e, decay, n & 3);
}
