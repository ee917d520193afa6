/**
 * What is done on four lanes. Here alone the meaning differs from binary to binary: a·b + c. `simd` multiplies,
 * rounds and adds; `fma` (built with relaxed SIMD) rounds once where the machine has fused multiply-add. The
 * shuffles are those of which transposing four rows of four is made: two interleaved, then two joined.
 */

/** a·b + c. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** c - a·b. */
// @ts-ignore: decorator
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** a0 b0 a1 b1. */
// @ts-ignore: decorator
@inline
export function interleave_low(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 4, 1, 5);
}

/** a2 b2 a3 b3. */
// @ts-ignore: decorator
@inline
export function interleave_high(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 6, 3, 7);
}

/** a0 a1 b0 b1. */
// @ts-ignore: decorator
@inline
export function join_low(a: v128, b: v128): v128 {
  return v128.shuffle<f64>(a, b, 0, 2);
}

/** a2 a3 b2 b3. */
// @ts-ignore: decorator
@inline
export function join_high(a: v128, b: v128): v128 {
  return v128.shuffle<f64>(a, b, 1, 3);
}

/** Four floats, `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function load_apart(p: usize, step: usize): v128 {
  let v = v128.load32_splat(p);
  v = v128.load_lane<f32>(p + step, v, 1);
  v = v128.load_lane<f32>(p + 2 * step, v, 2);
  return v128.load_lane<f32>(p + 3 * step, v, 3);
}
