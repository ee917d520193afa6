/**
 * Activations, forward beside backward. Backward reads the saved output y, never the input. Arrays may
 * coincide. Sixteen floats a turn: four independent chains hide the latency of the polynomials.
 */
import { RELU, SIGMOID, TANH } from '../build/assembly/constants';
import { nmadd } from './lanes';
import { exp4, log4, one4, sigmoid4, tanh4 } from './math';
import { load_some, store_some } from './tail';

/** Codes that are not activations, but are mapped over arrays the same way. */
// @ts-ignore: decorator
@inline const EXP: i32 = -1;
// @ts-ignore: decorator
@inline const LOG: i32 = -2;

// @ts-ignore: decorator
@inline
function value(x: v128, kind: i32): v128 {
  if (kind == SIGMOID) return sigmoid4(x);
  if (kind == TANH) return tanh4(x);
  // pmax keeps its first operand when it cannot compare, so NaN stays NaN.
  if (kind == RELU) return f32x4.pmax(x, f32x4.splat(0));
  if (kind == EXP) return exp4(x);
  if (kind == LOG) return log4(x);
  return x;
}

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
function map_forward(y: usize, x: usize, n: i32, kind: i32): void {
  for (; n >= 16; n -= 16) {
    const v0 = value(v128.load(x), kind);
    const v1 = value(v128.load(x, 16), kind);
    const v2 = value(v128.load(x, 32), kind);
    const v3 = value(v128.load(x, 48), kind);
    v128.store(y, v0);
    v128.store(y, v1, 16);
    v128.store(y, v2, 32);
    v128.store(y, v3, 48);
    x += 64;
    y += 64;
  }
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    store_some(y, value(load_some(x, count), kind), count);
    x += 16;
    y += 16;
  }
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
  map_forward(y, x, n, EXP);
}

export function log(y: usize, x: usize, n: i32): void {
  map_forward(y, x, n, LOG);
}

export function identity_forward(y: usize, x: usize, n: i32): void {
  memory.copy(y, x, <usize>n << 2);
}

export function identity_backward(dx: usize, y: usize, dy: usize, n: i32): void {
  memory.copy(dx, dy, <usize>n << 2);
}

export function sigmoid_forward(y: usize, x: usize, n: i32): void {
  map_forward(y, x, n, SIGMOID);
}

export function sigmoid_backward(dx: usize, y: usize, dy: usize, n: i32): void {
  map_backward(dx, y, dy, n, SIGMOID);
}

export function tanh_forward(y: usize, x: usize, n: i32): void {
  map_forward(y, x, n, TANH);
}

export function tanh_backward(dx: usize, y: usize, dy: usize, n: i32): void {
  map_backward(dx, y, dy, n, TANH);
}

export function relu_forward(y: usize, x: usize, n: i32): void {
  map_forward(y, x, n, RELU);
}

export function relu_backward(dx: usize, y: usize, dy: usize, n: i32): void {
  map_backward(dx, y, dy, n, RELU);
}

/** C = f(C), for the end of a product. */
export function apply_activation(c: usize, ldc: i32, M: i32, N: i32, activation: i32): void {
  if (activation < SIGMOID) return;
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
