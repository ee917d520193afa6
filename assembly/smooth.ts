/**
 * Activations whose backward reads the saved input x, forward beside backward. Arrays may coincide. Each
 * element depends on itself alone, so any range of elements may be done apart. `a` is the one parameter that
 * some have.
 */
import { map_power, map_power_slope } from '../build/assembly/powers';
import {
  ELU_SLOPE, GELU, GELU_SLOPE, GELU_TANH, GELU_TANH_SLOPE, SILU, SILU_SLOPE, SOFTPLUS, SOFTPLUS_SLOPE,
} from './exponential';
import { expm1_4 } from './math';
import { load_once, store_once } from './tail';

// @ts-ignore: decorator
@inline const LEAKY_RELU: i32 = 0, ELU: i32 = 1;

// @ts-ignore: decorator
@inline
function value(x: v128, kind: i32, a: v128): v128 {
  return v128.bitselect(f32x4.mul(a, kind == ELU ? expm1_4(x) : x), x, f32x4.lt(x, f32x4.splat(0)));
}

/** dy · f'(x), of a leaky relu. */
// @ts-ignore: decorator
@inline
function derivative(x: v128, dy: v128, a: v128): v128 {
  return v128.bitselect(dy, f32x4.mul(a, dy), f32x4.gt(x, f32x4.splat(0)));
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

export function leaky_relu_forward(y: usize, x: usize, n: i32, slope: f32): void {
  map_forward(y, x, n, LEAKY_RELU, slope);
}

export function leaky_relu_backward(dx: usize, x: usize, dy: usize, n: i32, slope: f32): void {
  const a = f32x4.splat(slope);
  for (; n >= 8; n -= 8) {
    const v0 = derivative(v128.load(x), v128.load(dy), a);
    const v1 = derivative(v128.load(x, 16), v128.load(dy, 16), a);
    v128.store(dx, v0);
    v128.store(dx, v1, 16);
    x += 32;
    dy += 32;
    dx += 32;
  }
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    store_once(dx, derivative(load_once(x, count), load_once(dy, count), a), count);
    x += 16;
    dy += 16;
    dx += 16;
  }
}

export function gelu_forward(y: usize, x: usize, n: i32): void {
  map_power(y, x, n, GELU);
}

export function gelu_backward(dx: usize, x: usize, dy: usize, n: i32): void {
  map_power_slope(dx, x, dy, n, GELU_SLOPE, 0);
}

export function gelu_tanh_forward(y: usize, x: usize, n: i32): void {
  map_power(y, x, n, GELU_TANH);
}

export function gelu_tanh_backward(dx: usize, x: usize, dy: usize, n: i32): void {
  map_power_slope(dx, x, dy, n, GELU_TANH_SLOPE, 0);
}

export function silu_forward(y: usize, x: usize, n: i32): void {
  map_power(y, x, n, SILU);
}

export function silu_backward(dx: usize, x: usize, dy: usize, n: i32): void {
  map_power_slope(dx, x, dy, n, SILU_SLOPE, 0);
}

export function softplus_forward(y: usize, x: usize, n: i32): void {
  map_power(y, x, n, SOFTPLUS);
}

export function softplus_backward(dx: usize, x: usize, dy: usize, n: i32): void {
  map_power_slope(dx, x, dy, n, SOFTPLUS_SLOPE, 0);
}

export function elu_forward(y: usize, x: usize, n: i32, alpha: f32): void {
  map_forward(y, x, n, ELU, alpha);
}

export function elu_backward(dx: usize, x: usize, dy: usize, n: i32, alpha: f32): void {
  map_power_slope(dx, x, dy, n, ELU_SLOPE, alpha);
}
