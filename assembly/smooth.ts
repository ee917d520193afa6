/**
 * Activations whose backward reads the saved input x, forward beside backward. Arrays may coincide. Each
 * element depends on itself alone, so any range of elements may be done apart. `a` is the one parameter that
 * some have.
 */
import {
  bell4, density_factor, exp4, exp_minus_abs, expm1_4, gelu_argument4, gelu_slope4, normal_cdf4, sigmoid4, sigmoid_of4,
  sigmoid_slope_of4, softplus4,
} from './math';
import { load_once, store_once } from './tail';

// @ts-ignore: decorator
@inline const LEAKY_RELU: i32 = 0, GELU: i32 = 1, GELU_TANH: i32 = 2, SILU: i32 = 3, SOFTPLUS: i32 = 4, ELU: i32 = 5;

// @ts-ignore: decorator
@inline
function value(x: v128, kind: i32, a: v128): v128 {
  const negative = f32x4.lt(x, f32x4.splat(0));
  if (kind == LEAKY_RELU) return v128.bitselect(f32x4.mul(a, x), x, negative);
  if (kind == GELU) return f32x4.mul(x, normal_cdf4(x, bell4(x)));
  if (kind == GELU_TANH) return f32x4.mul(x, sigmoid4(gelu_argument4(x)));
  if (kind == SILU) return f32x4.mul(x, sigmoid4(x));
  if (kind == SOFTPLUS) return softplus4(x);
  return v128.bitselect(f32x4.mul(a, expm1_4(x)), x, negative);
}

/** dy · f'(x). */
// @ts-ignore: decorator
@inline
function derivative(x: v128, dy: v128, kind: i32, a: v128): v128 {
  if (kind == LEAKY_RELU) return v128.bitselect(dy, f32x4.mul(a, dy), f32x4.gt(x, f32x4.splat(0)));
  if (kind == GELU) {
    const bell = bell4(x);
    const density = f32x4.mul(bell, density_factor());
    return f32x4.mul(dy, f32x4.add(normal_cdf4(x, bell), f32x4.mul(x, density)));
  }
  if (kind == GELU_TANH) {
    // s + x·s'(u)·u', with s the sigmoid of u.
    const u = gelu_argument4(x);
    const z = exp_minus_abs(u);
    const slope = f32x4.mul(gelu_slope4(x), sigmoid_slope_of4(z));
    return f32x4.mul(dy, f32x4.add(sigmoid_of4(u, z), slope));
  }
  if (kind == SILU) {
    const z = exp_minus_abs(x);
    return f32x4.mul(dy, f32x4.add(sigmoid_of4(x, z), f32x4.mul(x, sigmoid_slope_of4(z))));
  }
  if (kind == SOFTPLUS) return f32x4.mul(dy, sigmoid4(x));
  return v128.bitselect(dy, f32x4.mul(f32x4.mul(a, exp4(x)), dy), f32x4.gt(x, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function map_forward(y: usize, x: usize, n: i32, kind: i32, parameter: f32): void {
  const a = f32x4.splat(parameter);
  for (; n >= 8; n -= 8) {
    const v0 = value(v128.load(x), kind, a);
    const v1 = value(v128.load(x, 16), kind, a);
    v128.store(y, v0);
    v128.store(y, v1, 16);
    x += 32;
    y += 32;
  }
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    store_once(y, value(load_once(x, count), kind, a), count);
    x += 16;
    y += 16;
  }
}

// @ts-ignore: decorator
@inline
function map_backward(dx: usize, x: usize, dy: usize, n: i32, kind: i32, parameter: f32): void {
  const a = f32x4.splat(parameter);
  for (; n >= 8; n -= 8) {
    const v0 = derivative(v128.load(x), v128.load(dy), kind, a);
    const v1 = derivative(v128.load(x, 16), v128.load(dy, 16), kind, a);
    v128.store(dx, v0);
    v128.store(dx, v1, 16);
    x += 32;
    dy += 32;
    dx += 32;
  }
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    store_once(dx, derivative(load_once(x, count), load_once(dy, count), kind, a), count);
    x += 16;
    dy += 16;
    dx += 16;
  }
}

export function leaky_relu_forward(y: usize, x: usize, n: i32, slope: f32): void {
  map_forward(y, x, n, LEAKY_RELU, slope);
}

export function leaky_relu_backward(dx: usize, x: usize, dy: usize, n: i32, slope: f32): void {
  map_backward(dx, x, dy, n, LEAKY_RELU, slope);
}

export function gelu_forward(y: usize, x: usize, n: i32): void {
  map_forward(y, x, n, GELU, 0);
}

export function gelu_backward(dx: usize, x: usize, dy: usize, n: i32): void {
  map_backward(dx, x, dy, n, GELU, 0);
}

export function gelu_tanh_forward(y: usize, x: usize, n: i32): void {
  map_forward(y, x, n, GELU_TANH, 0);
}

export function gelu_tanh_backward(dx: usize, x: usize, dy: usize, n: i32): void {
  map_backward(dx, x, dy, n, GELU_TANH, 0);
}

export function silu_forward(y: usize, x: usize, n: i32): void {
  map_forward(y, x, n, SILU, 0);
}

export function silu_backward(dx: usize, x: usize, dy: usize, n: i32): void {
  map_backward(dx, x, dy, n, SILU, 0);
}

export function softplus_forward(y: usize, x: usize, n: i32): void {
  map_forward(y, x, n, SOFTPLUS, 0);
}

export function softplus_backward(dx: usize, x: usize, dy: usize, n: i32): void {
  map_backward(dx, x, dy, n, SOFTPLUS, 0);
}

export function elu_forward(y: usize, x: usize, n: i32, alpha: f32): void {
  map_forward(y, x, n, ELU, alpha);
}

export function elu_backward(dx: usize, x: usize, dy: usize, n: i32, alpha: f32): void {
  map_backward(dx, x, dy, n, ELU, alpha);
}
