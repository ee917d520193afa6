/**
 * Sums, maxima and minima over axes of strided tensors. The terms of each result are taken in one order, that
 * of the reduced axes, and summed as chain.ts says, wherever they lie: so the bits do not depend on strides.
 * Four results are made at a time, a lane each.
 */
import { REDUCTION_MAX, REDUCTION_MIN, REDUCTION_SUM } from '../../build/assembly/constants';
import { add_high, add_low, block_of, joined } from '../chain';
import { interleave_high, interleave_low, join_high, join_low, load_apart } from '../lanes';
import { column_sums } from '../reduce';

export function strided_reduce(
  y: usize, sy0: i32, sy1: i32, x: usize, sx0: i32, sx1: i32, sr0: i32, sr1: i32,
  D0: i32, D1: i32, R0: i32, R1: i32, op: i32, accumulate: i32,
): void {
  for (let i = 0; i < D0; i++) {
    if (op == REDUCTION_SUM && sx1 == 1 && sy1 == 1 && R0 == 1 && D1 >= 4) column_sums(y, x, sr1, R1, D1, accumulate);
    else plane(y, sy1, x, sx1, sr0, sr1, D1, R0, R1, op, accumulate);
    x += <usize>sx0 << 2;
    y += <usize>sy0 << 2;
  }
}

function plane(
  y: usize, sy1: i32, x: usize, sx1: i32, sr0: i32, sr1: i32,
  D1: i32, R0: i32, R1: i32, op: i32, accumulate: i32,
): void {
  const isLong = op == REDUCTION_SUM && block_of(R0 * R1) < R0 * R1;
  const down = <usize>sy1 << 2;
  const next = <usize>sx1 << 2;
  // A minimum is the maximum of numbers with the other sign.
  const flip = f32x4.splat(op == REDUCTION_MIN ? -0.0 : 0);
  const identity: f32 = op == REDUCTION_SUM ? 0 : -Infinity;
  for (let n = D1; n > 0; n -= 4) {
    const count = min(n, 4);
    // Lanes beyond the last repeat it, so that no byte outside is touched.
    const q1 = y + (count > 1 ? down : 0), q2 = q1 + (count > 2 ? down : 0), q3 = q2 + (count > 3 ? down : 0);
    let s = f32x4.splat(identity);
    if (accumulate) {
      s = v128.load_lane<f32>(q1, v128.load32_splat(y), 1);
      s = v128.xor(v128.load_lane<f32>(q3, v128.load_lane<f32>(q2, s, 2), 3), flip);
    }
    if (!isLong) {
      for (let i = 0; i < R0; i++) s = fold(s, x + (<usize>(i * sr0) << 2), next, count, sr1, R1, op, flip);
    } else if (R0 == 1) {
      s = f32x4.replace_lane(s, 0, long_sum(f32x4.extract_lane(s, 0), x, sr1, R1));
      if (count > 1) s = f32x4.replace_lane(s, 1, long_sum(f32x4.extract_lane(s, 1), x + next, sr1, R1));
      if (count > 2) s = f32x4.replace_lane(s, 2, long_sum(f32x4.extract_lane(s, 2), x + 2 * next, sr1, R1));
      if (count > 3) s = f32x4.replace_lane(s, 3, long_sum(f32x4.extract_lane(s, 3), x + 3 * next, sr1, R1));
    } else {
      s = long_sums(s, x, next, count, sr0, sr1, R0, R1);
    }
    s = v128.xor(s, flip);
    store<f32>(q3, f32x4.extract_lane(s, 3));
    store<f32>(q2, f32x4.extract_lane(s, 2));
    store<f32>(q1, f32x4.extract_lane(s, 1));
    store<f32>(y, f32x4.extract_lane(s, 0));
    x += 4 * next;
    y += 4 * down;
  }
}

/** s and R terms of each of `count` results, whose terms begin `next` bytes apart; strides count elements. */
function fold(s: v128, x: usize, next: usize, count: i32, stride: i32, R: i32, op: i32, flip: v128): v128 {
  if (op == REDUCTION_SUM) return terms(s, x, next, count, stride, R, REDUCTION_SUM, flip);
  return terms(s, x, next, count, stride, R, REDUCTION_MAX, flip);
}

// @ts-ignore: decorator
@inline
function add(s: v128, v: v128, op: i32, flip: v128): v128 {
  if (op == REDUCTION_SUM) return f32x4.add(s, v);
  return f32x4.max(s, v128.xor(v, flip));
}

// @ts-ignore: decorator
@inline
function terms(s: v128, x: usize, next: usize, count: i32, stride: i32, R: i32, op: i32, flip: v128): v128 {
  const step = <usize>stride << 2;
  if (next == 4 && count == 4) {
    for (; R > 0; R--) {
      s = add(s, v128.load(x), op, flip);
      x += step;
    }
    return s;
  }
  let b = x + (count > 1 ? next : 0), c = b + (count > 2 ? next : 0), d = c + (count > 3 ? next : 0);
  if (step == 4) {
    for (; R >= 4; R -= 4) {
      const v0 = v128.load(x), v1 = v128.load(b), v2 = v128.load(c), v3 = v128.load(d);
      const low0 = interleave_low(v0, v1), low1 = interleave_low(v2, v3);
      const high0 = interleave_high(v0, v1), high1 = interleave_high(v2, v3);
      s = add(s, join_low(low0, low1), op, flip);
      s = add(s, join_high(low0, low1), op, flip);
      s = add(s, join_low(high0, high1), op, flip);
      s = add(s, join_high(high0, high1), op, flip);
      x += 16;
      b += 16;
      c += 16;
      d += 16;
    }
  }
  for (; R > 0; R--) {
    let v = v128.load_lane<f32>(b, v128.load32_splat(x), 1);
    v = v128.load_lane<f32>(d, v128.load_lane<f32>(c, v, 2), 3);
    s = add(s, v, op, flip);
    x += step;
    b += step;
    c += step;
    d += step;
  }
  return s;
}

/**
 * start and the sum of R terms, more than one chain has: of four blocks at a time, a lane each, added up one
 * by one.
 */
function long_sum(start: f32, x: usize, stride: i32, R: i32): f32 {
  const block = block_of(R);
  const next = <usize>(block * stride) << 2;
  let total = <f64>start;
  while (R > 0) {
    const count = max(min(R / block, 4), 1);
    const s = fold(f32x4.splat(0), x, next, count, stride, min(R, block), REDUCTION_SUM, f32x4.splat(0));
    total += <f64>f32x4.extract_lane(s, 0);
    if (count > 1) total += <f64>f32x4.extract_lane(s, 1);
    if (count > 2) total += <f64>f32x4.extract_lane(s, 2);
    if (count > 3) total += <f64>f32x4.extract_lane(s, 3);
    x += <usize>count * next;
    R -= count * block;
  }
  return <f32>total;
}

/** The same of four results whose terms lie along two axes: a block may end within a row. */
function long_sums(
  start: v128, x: usize, next: usize, count: i32, sr0: i32, sr1: i32, R0: i32, R1: i32,
): v128 {
  const block = block_of(R0 * R1);
  let low = f64x2.promote_low_f32x4(start);
  let high = add_high(f64x2.splat(0), start);
  let s = f32x4.splat(0);
  let left = block;
  for (let i = 0; i < R0; i++) {
    let p = x + (<usize>(i * sr0) << 2);
    for (let r = R1; r > 0;) {
      const n = min(left, r);
      s = fold(s, p, next, count, sr1, n, REDUCTION_SUM, f32x4.splat(0));
      p += <usize>(n * sr1) << 2;
      r -= n;
      left -= n;
      if (left == 0) {
        low = add_low(low, s);
        high = add_high(high, s);
        s = f32x4.splat(0);
        left = block;
      }
    }
  }
  return joined(add_low(low, s), add_high(high, s));
}
