/**
 * Activations, forward beside backward. Backward reads the saved output y, never the input. Arrays may
 * coincide. Several vectors a turn: independent chains hide the latency of the polynomials.
 */
import { RELU, SIGMOID, TANH } from '../build/assembly/constants';
import { map_power } from '../build/assembly/powers';
import { EXP, SIGMOID as SIGMOID_POWER, TANH as TANH_POWER } from './exponential';
import { nmadd } from './lanes';
import {
  above_smallest, log4, log_begun, log_ended, log_exponent, log_rest, log_shifted, LOG_SPAN, one4,
} from './math';
import { load_some, store_some } from './tail';

/** dy · f'(x), from y = f(x). */
// @ts-ignore: decorator
@inline
function derivative(y: v128, dy: v128, kind: i32): v128 {
  if (kind == SIGMOID) return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(one4(), y)));
  if (kind == TANH) return f32x4.mul(dy, nmadd(y, y, one4()));
  if (kind == RELU) return v128.and(dy, f32x4.gt(y, f32x4.splat(0)));
  return dy;
}

// @ts-ignore: decorator
@inline
function map_backward(dx: usize, y: usize, dy: usize, n: i32, kind: i32): void {
  for (; n >= 16; n -= 16) {
    const v0 = derivative(v128.load(y), v128.load(dy), kind);
    const v1 = derivative(v128.load(y, 16), v128.load(dy, 16), kind);
    const v2 = derivative(v128.load(y, 32), v128.load(dy, 32), kind);
    const v3 = derivative(v128.load(y, 48), v128.load(dy, 48), kind);
    v128.store(dx, v0);
    v128.store(dx, v1, 16);
    v128.store(dx, v2, 32);
    v128.store(dx, v3, 48);
    y += 64;
    dy += 64;
    dx += 64;
  }
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    store_some(dx, derivative(load_some(y, count), load_some(dy, count), kind), count);
    y += 16;
    dy += 16;
    dx += 16;
  }
}

export function exp(y: usize, x: usize, n: i32): void {
  map_power(y, x, n, EXP);
}

/**
 * Where 24 normal numbers above 0 stand together, six vectors are done at once, stage by stage and kept apart as
 * in powers.mjs; all else is done with more care, one vector after the other.
 */
export function log(y: usize, x: usize, n: i32): void {
  while (n > 0) {
    for (; n >= 24; n -= 24) {
      const v0 = v128.load(x), v1 = v128.load(x, 16), v2 = v128.load(x, 32);
      const v3 = v128.load(x, 48), v4 = v128.load(x, 64), v5 = v128.load(x, 80);
      const a0 = i32x4.max_u(above_smallest(v0), above_smallest(v1));
      const a1 = i32x4.max_u(above_smallest(v2), above_smallest(v3));
      const a2 = i32x4.max_u(above_smallest(v4), above_smallest(v5));
      const above = i32x4.max_u(i32x4.max_u(a0, a1), a2);
      if (!i32x4.all_true(i32x4.lt_u(above, i32x4.splat(LOG_SPAN)))) break;
      const s0 = log_shifted(v0), s1 = log_shifted(v1), s2 = log_shifted(v2);
      const s3 = log_shifted(v3), s4 = log_shifted(v4), s5 = log_shifted(v5);
      const e0 = log_exponent(s0), e1 = log_exponent(s1), e2 = log_exponent(s2);
      const e3 = log_exponent(s3), e4 = log_exponent(s4), e5 = log_exponent(s5);
      let f0 = log_rest(s0), f1 = log_rest(s1), f2 = log_rest(s2);
      let f3 = log_rest(s3), f4 = log_rest(s4), f5 = log_rest(s5);
      if (n <= 0) f0 = f1 = f2 = f3 = f4 = f5 = v0;
      let p0 = log_begun(f0), p1 = log_begun(f1), p2 = log_begun(f2);
      let p3 = log_begun(f3), p4 = log_begun(f4), p5 = log_begun(f5);
      if (n <= 0) p0 = p1 = p2 = p3 = p4 = p5 = v0;
      p0 = log_ended(p0, f0, e0), p1 = log_ended(p1, f1, e1), p2 = log_ended(p2, f2, e2);
      p3 = log_ended(p3, f3, e3), p4 = log_ended(p4, f4, e4), p5 = log_ended(p5, f5, e5);
      v128.store(y, p0);
      v128.store(y, p1, 16);
      v128.store(y, p2, 32);
      v128.store(y, p3, 48);
      v128.store(y, p4, 64);
      v128.store(y, p5, 80);
      x += 96;
      y += 96;
    }
    for (let left = min(n, 24); left > 0; left -= 4) {
      const count = min(left, 4);
      store_some(y, log4(load_some(x, count)), count);
      x += 16;
      y += 16;
    }
    n -= 24;
  }
}

export function identity_forward(y: usize, x: usize, n: i32): void {
  memory.copy(y, x, <usize>n << 2);
}

export function identity_backward(dx: usize, y: usize, dy: usize, n: i32): void {
  memory.copy(dx, dy, <usize>n << 2);
}

export function sigmoid_forward(y: usize, x: usize, n: i32): void {
  map_power(y, x, n, SIGMOID_POWER);
}

export function sigmoid_backward(dx: usize, y: usize, dy: usize, n: i32): void {
  map_backward(dx, y, dy, n, SIGMOID);
}

export function tanh_forward(y: usize, x: usize, n: i32): void {
  map_power(y, x, n, TANH_POWER);
}

export function tanh_backward(dx: usize, y: usize, dy: usize, n: i32): void {
  map_backward(dx, y, dy, n, TANH);
}

/** pmax keeps its first operand when it cannot compare, so NaN stays NaN. */
// @ts-ignore: decorator
@inline
function positive(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}

export function relu_forward(y: usize, x: usize, n: i32): void {
  for (; n >= 16; n -= 16) {
    const v0 = positive(v128.load(x)), v1 = positive(v128.load(x, 16));
    const v2 = positive(v128.load(x, 32)), v3 = positive(v128.load(x, 48));
    v128.store(y, v0);
    v128.store(y, v1, 16);
    v128.store(y, v2, 32);
    v128.store(y, v3, 48);
    x += 64;
    y += 64;
  }
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    store_some(y, positive(load_some(x, count)), count);
    x += 16;
    y += 16;
  }
}

export function relu_backward(dx: usize, y: usize, dy: usize, n: i32): void {
  map_backward(dx, y, dy, n, RELU);
}

/** C = f(C), for the end of a product. */
export function apply_activation(c: usize, ldc: i32, M: i32, N: i32, activation: i32): void {
  if (activation < SIGMOID) return;
  // Rows with nothing between them are one row.
  if (ldc == N) {
    N *= M;
    M = min(M, 1);
  }
  for (let m = 0; m < M; m++) {
    if (activation == SIGMOID) sigmoid_forward(c, c, N);
    else if (activation == TANH) tanh_forward(c, c, N);
    else relu_forward(c, c, N);
    c += <usize>ldc << 2;
  }
}

/** C = C ⊙ f'(Y), for the end of a product. */
export function apply_derivative(c: usize, ldc: i32, y: usize, ldy: i32, M: i32, N: i32, activation: i32): void {
  if (activation < SIGMOID) return;
  for (let m = 0; m < M; m++) {
    if (activation == SIGMOID) sigmoid_backward(c, y, c, N);
    else if (activation == TANH) tanh_backward(c, y, c, N);
    else relu_backward(c, y, c, N);
    c += <usize>ldc << 2;
    y += <usize>ldy << 2;
  }
}
