/**
 * Functions made of powers of e and logarithms, on four floats: sigmoid, tanh, softplus, the normal
 * distribution and gelu. Those of a power are given it: exponential.ts makes it of what is called their
 * argument here.
 */
import { madd } from './lanes';
import {
  abs4, at, CDF_P, CDF_T, DENSITY, GELU_1, GELU_3, GELU_FLAT, HALF, log1p_4, ONE, SIGN, sign4, TANH_P,
  TANH_SPLIT,
} from './math';

/**
 * 1 / (1 + e⁻ˣ), given z = e^(-|x|): as z / (1 + z) where x is negative, so that small results keep their
 * precision.
 */
// @ts-ignore: decorator
@inline
export function sigmoid_of4(x: v128, z: v128): v128 {
  const one = at(ONE);
  // z for negative x, and 1, which is the larger, for others. Of the sign: e^(-0) and e^0 are 1 as well.
  const top = f32x4.pmax(z, v128.andnot(one, i32x4.shr_s(x, 31)));
  return f32x4.div(top, f32x4.add(one, z));
}

/**
 * The sigmoid's derivative at ±x, given z = e^(-|x|): z / (1 + z)². Unlike s · (1 - s) it is precise where s
 * is near 1.
 */
// @ts-ignore: decorator
@inline
export function sigmoid_slope_of4(z: v128): v128 {
  const sum = f32x4.add(at(ONE), z);
  return f32x4.div(z, f32x4.mul(sum, sum));
}

/** -2|x|. */
// @ts-ignore: decorator
@inline
export function tanh_argument4(x: v128): v128 {
  return v128.or(f32x4.add(x, x), at(SIGN));
}

/** tanh x: a polynomial in x² below 0.625, else ±(1 - z) / (1 + z). First the polynomial. */
// @ts-ignore: decorator
@inline
export function tanh_small4(x: v128): v128 {
  const s = f32x4.mul(x, x);
  let p = at(TANH_P);
  p = madd(p, s, at(TANH_P + 1));
  p = madd(p, s, at(TANH_P + 2));
  p = madd(p, s, at(TANH_P + 3));
  p = madd(p, s, at(TANH_P + 4));
  return madd(f32x4.mul(p, s), x, x);
}

/** tanh x, given the polynomial and z = e^(-2|x|). */
// @ts-ignore: decorator
@inline
export function tanh_of4(x: v128, z: v128, small: v128): v128 {
  const one = at(ONE);
  const large = f32x4.div(f32x4.sub(one, z), f32x4.add(one, z));
  return v128.or(v128.bitselect(small, large, f32x4.lt(abs4(x), at(TANH_SPLIT))), sign4(x));
}

/** ln(1 + eˣ) = max(x, 0) + ln(1 + z), given z = e^(-|x|). */
// @ts-ignore: decorator
@inline
export function softplus_of4(x: v128, z: v128): v128 {
  // pmax keeps its first operand when it cannot compare, so NaN stays NaN.
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0.0)), log1p_4(z));
}

/** -x²/2. */
// @ts-ignore: decorator
@inline
export function bell_argument4(x: v128): v128 {
  return f32x4.mul(f32x4.mul(x, x), f32x4.sub(f32x4.splat(0.0), at(HALF)));
}

/** 1 / √(2π): e^(-x²/2) times this is the normal density. */
// @ts-ignore: decorator
@inline
export function density_factor(): v128 {
  return at(DENSITY);
}

/**
 * The normal distribution function Φ(x) = (1 + erf(x/√2)) / 2. With t = 1 / (1 + 0.3 |x|), the tail ½
 * erfc(|x|/√2) is e^(-x²/2) · (c0 + c1 t + … + c8 t⁸); the polynomial was fitted for least largest relative
 * error, 5.9e-8 for |x| ≤ 14.5, where the tail has become 0. Either tail keeps its relative precision.
 * First the polynomial.
 */
// @ts-ignore: decorator
@inline
export function normal_tail4(x: v128): v128 {
  const one = at(ONE);
  const t = f32x4.div(one, madd(abs4(x), at(CDF_T), one));
  let p = at(CDF_P);
  p = madd(p, t, at(CDF_P + 1));
  p = madd(p, t, at(CDF_P + 2));
  p = madd(p, t, at(CDF_P + 3));
  p = madd(p, t, at(CDF_P + 4));
  p = madd(p, t, at(CDF_P + 5));
  p = madd(p, t, at(CDF_P + 6));
  p = madd(p, t, at(CDF_P + 7));
  return madd(p, t, at(CDF_P + 8));
}

/** Φ(x), given the polynomial and bell = e^(-x²/2). */
// @ts-ignore: decorator
@inline
export function normal_cdf4(x: v128, p: v128, bell: v128): v128 {
  const tail = f32x4.mul(p, bell);
  return v128.bitselect(tail, f32x4.sub(at(ONE), tail), f32x4.lt(x, f32x4.splat(0.0)));
}

/** 2·√(2/π)·(x + 0.044715 x³): the sigmoid of this is the factor of gelu's tanh form. */
// @ts-ignore: decorator
@inline
export function gelu_argument4(x: v128): v128 {
  return f32x4.mul(x, madd(f32x4.mul(x, x), at(GELU_3), at(GELU_1)));
}

/**
 * x times its derivative, for |x| up to 16. Beyond, the sigmoid that this is multiplied by no longer changes,
 * and the value at 16 stands in for a product that would overflow: 0 times infinity is NaN.
 */
// @ts-ignore: decorator
@inline
export function gelu_slope4(v: v128): v128 {
  const limit = at(GELU_FLAT);
  // pmin and pmax keep their first operand when they cannot compare, so NaN stays NaN.
  const x = f32x4.pmax(f32x4.pmin(v, limit), f32x4.neg(limit));
  const c = at(GELU_3);
  return f32x4.mul(x, madd(f32x4.mul(x, x), f32x4.add(f32x4.add(c, c), c), at(GELU_1)));
}
