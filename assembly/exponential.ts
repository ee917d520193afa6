/**
 * What is made of one power of e for each element: exp, activations, and those derivatives that read the
 * saved input. Each element depends on itself alone, and arrays may coincide. The loop over them is
 * build/assembly/powers.ts, written by powers.mjs.
 */
import { any_limit, down_limit, minus_abs4 } from './math';
import {
  bell_argument4, density_factor, gelu_argument4, gelu_slope4, normal_cdf4, normal_tail4, sigmoid_of4,
  sigmoid_slope_of4, softplus_of4, tanh_argument4, tanh_of4, tanh_small4,
} from './special';

// @ts-ignore: decorator
@inline
export const EXP: i32 = 0, SIGMOID: i32 = 1, TANH: i32 = 2, GELU: i32 = 3, GELU_TANH: i32 = 4, SILU: i32 = 5,
  SOFTPLUS: i32 = 6;
/** Derivatives come after functions. */
// @ts-ignore: decorator
@inline
export const GELU_SLOPE: i32 = 7, GELU_TANH_SLOPE: i32 = 8, SILU_SLOPE: i32 = 9, SOFTPLUS_SLOPE: i32 = 10,
  ELU_SLOPE: i32 = 11;

/** What is raised to the power of e, no more than 0 but for EXP. */
// @ts-ignore: decorator
@inline
export function argument(x: v128, kind: i32): v128 {
  if (kind == TANH) return tanh_argument4(x);
  if (kind == GELU) return bell_argument4(x);
  if (kind == GELU_TANH) return minus_abs4(gelu_argument4(x));
  return kind == EXP || kind == ELU_SLOPE ? x : minus_abs4(x);
}

// @ts-ignore: decorator
@inline
export function limit(x: v128, kind: i32): v128 {
  return kind == EXP ? any_limit(x) : down_limit(argument(x, kind));
}

/** The result, given the power z; for slopes, times dy. `a` is the factor of elu. */
// @ts-ignore: decorator
@inline
export function result(x: v128, z: v128, dy: v128, a: v128, kind: i32): v128 {
  if (kind == SIGMOID) return sigmoid_of4(x, z);
  if (kind == TANH) return tanh_of4(x, z, tanh_small4(x));
  if (kind == GELU) return f32x4.mul(x, normal_cdf4(x, normal_tail4(x), z));
  if (kind == GELU_TANH) return f32x4.mul(x, sigmoid_of4(gelu_argument4(x), z));
  if (kind == SILU) return f32x4.mul(x, sigmoid_of4(x, z));
  if (kind == SOFTPLUS) return softplus_of4(x, z);
  if (kind == GELU_SLOPE) {
    const density = f32x4.mul(z, density_factor());
    return f32x4.mul(dy, f32x4.add(normal_cdf4(x, normal_tail4(x), z), f32x4.mul(x, density)));
  }
  if (kind == GELU_TANH_SLOPE) {
    // s + x·s'(u)·u', with s the sigmoid of u.
    const slope = f32x4.mul(gelu_slope4(x), sigmoid_slope_of4(z));
    return f32x4.mul(dy, f32x4.add(sigmoid_of4(gelu_argument4(x), z), slope));
  }
  if (kind == SILU_SLOPE) {
    return f32x4.mul(dy, f32x4.add(sigmoid_of4(x, z), f32x4.mul(x, sigmoid_slope_of4(z))));
  }
  if (kind == SOFTPLUS_SLOPE) return f32x4.mul(dy, sigmoid_of4(x, z));
  if (kind == ELU_SLOPE) {
    return v128.bitselect(dy, f32x4.mul(f32x4.mul(a, z), dy), f32x4.gt(x, f32x4.splat(0)));
  }
  return z;
}
