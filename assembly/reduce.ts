/** Row bias, sums and counts. Every sum has one fixed order. */
import { SUM_ABSOLUTES, SUM_BLOCK, SUM_PLAIN, SUM_SQUARES } from '../build/assembly/constants';
import { add_high, add_low, block_of, joined } from './chain';
import { largest } from './softmax';
import { load_some, load_tail, store_some, store_tail } from './tail';

export function add_bias(y: usize, ldy: i32, x: usize, ldx: i32, bias: usize, M: i32, N: i32): void {
  const zero = f32x4.splat(0);
  for (let m = 0; m < M; m++) {
    let p = x;
    let q = y;
    let b = bias;
    let n = N;
    for (; n >= 4; n -= 4) {
      v128.store(q, f32x4.add(v128.load(p), v128.load(b)));
      p += 16;
      q += 16;
      b += 16;
    }
    if (n > 0) store_tail(q, f32x4.add(load_tail(p, n, zero), load_tail(b, n, zero)), n);
    x += <usize>ldx << 2;
    y += <usize>ldy << 2;
  }
}

export function column_sums(y: usize, x: usize, ldx: i32, M: i32, N: i32, accumulate: i32): void {
  const step = <usize>ldx << 2;
  const zero = f32x4.splat(0);
  if (block_of(M) < M) return long_column_sums(y, x, step, M, N, accumulate);
  let n = N;
  for (; n >= 16; n -= 16) {
    let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
    if (accumulate) {
      s0 = v128.load(y);
      s1 = v128.load(y, 16);
      s2 = v128.load(y, 32);
      s3 = v128.load(y, 48);
    }
    let p = x;
    for (let m = 0; m < M; m++) {
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
      s2 = f32x4.add(s2, v128.load(p, 32));
      s3 = f32x4.add(s3, v128.load(p, 48));
      p += step;
    }
    v128.store(y, s0);
    v128.store(y, s1, 16);
    v128.store(y, s2, 32);
    v128.store(y, s3, 48);
    x += 64;
    y += 64;
  }
  for (; n > 0; n -= 4) {
    const columns = min(n, 4);
    let s = zero;
    if (accumulate) s = columns == 4 ? v128.load(y) : load_tail(y, columns, zero);
    let p = x;
    for (let m = 0; m < M; m++) {
      s = f32x4.add(s, columns == 4 ? v128.load(p) : load_tail(p, columns, zero));
      p += step;
    }
    if (columns == 4) v128.store(y, s);
    else store_tail(y, s, columns);
    x += 16;
    y += 16;
  }
}

/** In blocks: see chain.ts. */
function long_column_sums(y: usize, x: usize, step: usize, M: i32, N: i32, accumulate: i32): void {
  const block = block_of(M);
  for (let n = N; n > 0; n -= 4) {
    const columns = min(n, 4);
    const start = accumulate ? load_some(y, columns) : f32x4.splat(0);
    let low = f64x2.promote_low_f32x4(start);
    let high = add_high(f64x2.splat(0), start);
    let p = x;
    for (let m = M; m > 0; m -= block) {
      let s = f32x4.splat(0);
      for (let i = min(m, block); i > 0; i--) {
        s = f32x4.add(s, load_some(p, columns));
        p += step;
      }
      low = add_low(low, s);
      high = add_high(high, s);
    }
    store_some(y, joined(low, high), columns);
    x += 16;
    y += 16;
  }
}

export function sum(x: usize, n: i32): f64 {
  return sum_of(x, n, SUM_PLAIN);
}

export function sum_squares(x: usize, n: i32): f64 {
  return sum_of(x, n, SUM_SQUARES);
}

export function sum_absolutes(x: usize, n: i32): f64 {
  return sum_of(x, n, SUM_ABSOLUTES);
}

function sum_of(x: usize, n: i32, kind: i32): f64 {
  let total: f64 = 0;
  for (; n > 0; n -= SUM_BLOCK) {
    total += block_sum(x, min(n, SUM_BLOCK), kind);
    x += <usize>SUM_BLOCK << 2;
  }
  return total;
}

/** y[i] (float64) = the sum of block i of x, for `from` <= i < `to`. */
export function sum_blocks(y: usize, x: usize, n: i32, from: i32, to: i32, kind: i32): void {
  for (let i = from; i < to; i++) {
    const first = i * SUM_BLOCK;
    store<f64>(y + (<usize>i << 3), block_sum(x + (<usize>first << 2), min(n - first, SUM_BLOCK), kind));
  }
}

function block_sum(x: usize, n: i32, kind: i32): f64 {
  if (kind == SUM_SQUARES) return block(x, n, SUM_SQUARES);
  if (kind == SUM_ABSOLUTES) return block(x, n, SUM_ABSOLUTES);
  return block(x, n, SUM_PLAIN);
}

// @ts-ignore: decorator
@inline
function block(x: usize, n: i32, kind: i32): f64 {
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  for (; n >= 4; n -= 4) {
    const v = v128.load(x);
    even = f64x2.add(even, term(f64x2.promote_low_f32x4(v), kind));
    odd = f64x2.add(odd, term(f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 0)), kind));
    x += 16;
  }
  const both = f64x2.add(even, odd);
  let total = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; n > 0; n--) {
    total += f64x2.extract_lane(term(f64x2.splat(<f64>load<f32>(x)), kind), 0);
    x += 4;
  }
  return total;
}

// @ts-ignore: decorator
@inline
function term(v: v128, kind: i32): v128 {
  if (kind == SUM_SQUARES) return f64x2.mul(v, v);
  if (kind == SUM_ABSOLUTES) return f64x2.abs(v);
  return v;
}

export function argmax(y: usize, x: usize, ldx: i32, M: i32, N: i32): void {
  const none = f32x4.splat(NaN);
  const four = i32x4.splat(4);
  for (let m = 0; m < M; m++) {
    let best = f32x4.splat(-Infinity);
    // -1, the largest of unsigned numbers, where a lane has only seen NaN.
    let at = i32x4.splat(-1);
    let n = N & ~3;
    let places = i32x4.add(i32x4.splat(n), i32x4(0, 1, 2, 3));
    let v = n < N ? load_tail(x + (<usize>n << 2), N - n, none) : none;
    // From the end, so that of equal values the first remains. A comparison with NaN is false.
    while (true) {
      at = v128.bitselect(places, at, f32x4.ge(v, best));
      best = f32x4.pmax(best, v);
      n -= 4;
      if (n < 0) break;
      places = i32x4.sub(places, four);
      v = v128.load(x + (<usize>n << 2));
    }
    at = v128.or(at, f32x4.ne(best, largest(best)));
    at = i32x4.min_u(at, v128.shuffle<i64>(at, at, 1, 0));
    at = i32x4.min_u(at, v128.shuffle<i32>(at, at, 1, 0, 3, 2));
    store<i32>(y, max(i32x4.extract_lane(at, 0), 0));
    y += 4;
    x += <usize>ldx << 2;
  }
}

export function count_equal(x: usize, y: usize, n: i32): i32 {
  let count = 0;
  for (; n > 0; n--) {
    count += select<i32>(1, 0, load<i32>(x) == load<i32>(y));
    x += 4;
    y += 4;
  }
  return count;
}
