/**
 * exp, log, sigmoid, tanh and what is made of them, of four floats. The polynomials of these four are those
 * of Cephes' single-precision library (S. L. Moshier, expf.c, logf.c, tanhf.c). Bounds in units in the last
 * place, over all float32: exp 2, log 2, sigmoid 3, tanh 3. Rounding to an integer adds 1.5·2²³, after which
 * the integer stands in the low bits; x86 has no cheap truncation. The low nine bits of 1.5·2²³ itself are
 * zeros, so shifting the sum by 23 leaves the integer alone, as an exponent. Its bias may be added along.
 *
 * Constants are read from the table below, by broadcasting loads. Written as v128 constants they would be
 * built anew at every use: V8 needs several instructions for each. In Node 24 exp rose from 0.42 to 0.87
 * thousand million a second with the table, and only then could the re-vectoriser fuse anything; Node 20
 * gained 6 % where four vectors are at work at once.
 *
 *   memory:  0 ── 384 zeros ── table of float32 and i32 ── RESERVED_BYTES 640 ── the host's own
 */
import { madd, nmadd } from './lanes';

// Places in the table.
// @ts-ignore: decorator
@inline const EXP_LOW = 0, EXP_HIGH = 1, LOG2E = 2, MAGIC = 3, LN2_HIGH = 4, LN2_LOW = 5, EXP_P = 6, ONE = 12, EXP_MAGIC = 13,
  BIAS = 14, SIGN = 15, SMALLEST = 16, TWO_25 = 17, ROOT_HALF = 18, TO_ROOT_HALF = 19, MANTISSA = 20, LOG_P = 21, HALF = 30,
  INFINITE = 31, TWENTY_FIVE = 32, TANH_P = 33, TANH_SPLIT = 38, MINUS_INFINITE = 39, CDF_P = 40, CDF_T = 49, DENSITY = 50,
  GELU_1 = 51, GELU_3 = 52, EXPM1_LOW = 53, MOMENT_FLOOR = 54, GRADIENT_FLOOR = 55, DOWN_MAGIC = 56, TWO_MINUS_31 = 57,
  GELU_FLAT = 58;

// @ts-ignore: decorator
@inline const TABLE: usize = 384;

/** Writes the table. The host calls it once for each memory, before any other kernel. */
export function write_constants(): void {
  put(EXP_LOW, -104.5);
  put(EXP_HIGH, 89.0);
  put(LOG2E, 1.44269504088896341);
  put(MAGIC, 12582912.0);
  // ln 2 in two parts, the first of few bits, so that small integers times it are exact.
  put(LN2_HIGH, 0.693359375);
  put(LN2_LOW, -2.12194440e-4);
  put(EXP_P, 1.9875691500e-4);
  put(EXP_P + 1, 1.3981999507e-3);
  put(EXP_P + 2, 8.3334519073e-3);
  put(EXP_P + 3, 4.1665795894e-2);
  put(EXP_P + 4, 1.6666665459e-1);
  put(EXP_P + 5, 5.0000001201e-1);
  put(ONE, 1.0);
  // Even biases, so that ties are rounded the same way with each: twice 127, as the scale goes on in halves.
  put(EXP_MAGIC, 12582912.0 + 254.0);
  put_bits(BIAS, 127);
  put_bits(SIGN, <i32>0x80000000);
  put(SMALLEST, 1.1754943508222875e-38);
  put(TWO_25, 33554432.0);
  put_bits(ROOT_HALF, 0x3f3504f3);
  put_bits(TO_ROOT_HALF, 0x3f800000 - 0x3f3504f3);
  put_bits(MANTISSA, 0x007fffff);
  put(LOG_P, 7.0376836292e-2);
  put(LOG_P + 1, -1.1514610310e-1);
  put(LOG_P + 2, 1.1676998740e-1);
  put(LOG_P + 3, -1.2420140846e-1);
  put(LOG_P + 4, 1.4249322787e-1);
  put(LOG_P + 5, -1.6668057665e-1);
  put(LOG_P + 6, 2.0000714765e-1);
  put(LOG_P + 7, -2.4999993993e-1);
  put(LOG_P + 8, 3.3333331174e-1);
  put(HALF, 0.5);
  put(INFINITE, Infinity);
  put(TWENTY_FIVE, 25.0);
  put(TANH_P, -5.70498872745e-3);
  put(TANH_P + 1, 2.06390887954e-2);
  put(TANH_P + 2, -5.37397155531e-2);
  put(TANH_P + 3, 1.33314422036e-1);
  put(TANH_P + 4, -3.33332819422e-1);
  put(TANH_SPLIT, 0.625);
  put(MINUS_INFINITE, -Infinity);
  put(CDF_P, 3.84077955990e-2);
  put(CDF_P + 1, -1.69309338878e-1);
  put(CDF_P + 2, 2.28955475008e-1);
  put(CDF_P + 3, -7.68436639174e-2);
  put(CDF_P + 4, 1.42767872735e-1);
  put(CDF_P + 5, 9.45848313341e-2);
  put(CDF_P + 6, 1.21945507467e-1);
  put(CDF_P + 7, 1.19484175655e-1);
  put(CDF_P + 8, 7.37408013809e-6);
  put(CDF_T, 0.3);
  // 1 / √(2π); 2·√(2/π) and that times 0.044715.
  put(DENSITY, 0.3989422804014327);
  put(GELU_1, 1.5957691216057308);
  put(GELU_3, 0.07135481627260025);
  put(EXPM1_LOW, -18.0);
  put(MOMENT_FLOOR, 7.888609052210118e-31);
  put(GRADIENT_FLOOR, 1.3877787807814457e-17);
  // 127 + 31.
  put(DOWN_MAGIC, 12582912.0 + 158.0);
  put(TWO_MINUS_31, 4.656612873077393e-10);
  put(GELU_FLAT, 16.0);
}

// @ts-ignore: decorator
@inline
function put(place: i32, value: f32): void {
  store<f32>(TABLE + (<usize>place << 2), value);
}

// @ts-ignore: decorator
@inline
function put_bits(place: i32, bits: i32): void {
  store<i32>(TABLE + (<usize>place << 2), bits);
}

/** The constant at a place, in all four lanes. */
// @ts-ignore: decorator
@inline
function at(place: i32): v128 {
  return v128.load32_splat(TABLE + (<usize>place << 2));
}

/** eʳ - 1, where r = x - n·ln 2. */
// @ts-ignore: decorator
@inline
function expm1_reduced(x: v128, n: v128): v128 {
  let r = nmadd(n, at(LN2_HIGH), x);
  r = nmadd(n, at(LN2_LOW), r);
  let p = at(EXP_P);
  p = madd(p, r, at(EXP_P + 1));
  p = madd(p, r, at(EXP_P + 2));
  p = madd(p, r, at(EXP_P + 3));
  p = madd(p, r, at(EXP_P + 4));
  p = madd(p, r, at(EXP_P + 5));
  return madd(p, f32x4.mul(r, r), r);
}

/**
 * eˣ = 2ⁿ·eʳ, |r| ≤ ln 2 / 2. The scale goes on in two halves, so that results pass through the denormals to
 * 0 and beyond the largest float to infinity. NaN stays NaN: pmin and pmax keep their first operand when they
 * cannot compare.
 */
// @ts-ignore: decorator
@inline
export function exp4(v: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(v, at(EXP_LOW)), at(EXP_HIGH));
  const t = madd(x, at(LOG2E), at(EXP_MAGIC));
  const p = f32x4.add(expm1_reduced(x, f32x4.sub(t, at(EXP_MAGIC))), at(ONE));
  const half = i32x4.shr_u(t, 1);
  return f32x4.mul(f32x4.mul(p, i32x4.shl(half, 23)), i32x4.shl(i32x4.sub(t, half), 23));
}

/** The same bits for x ≤ 0, sooner: 2ⁿ⁺³¹ is no denormal, whatever comes of 2ⁿ. */
// @ts-ignore: decorator
@inline
export function exp_down4(v: v128): v128 {
  const x = f32x4.pmax(v, at(EXP_LOW));
  const t = madd(x, at(LOG2E), at(DOWN_MAGIC));
  const p = f32x4.add(expm1_reduced(x, f32x4.sub(t, at(DOWN_MAGIC))), at(ONE));
  return f32x4.mul(f32x4.mul(p, i32x4.shl(t, 23)), at(TWO_MINUS_31));
}

/** 1 in all lanes. */
// @ts-ignore: decorator
@inline
export function one4(): v128 {
  return at(ONE);
}

/** e^(-|x|): between 0 and 1. */
// @ts-ignore: decorator
@inline
export function exp_minus_abs(x: v128): v128 {
  return exp_down4(v128.or(x, at(SIGN)));
}

/** ln x = e·ln 2 + ln m, m in [√½, √2). Denormals are scaled by 2²⁵ first. */
// @ts-ignore: decorator
@inline
export function log4(v: v128): v128 {
  const small = f32x4.lt(v, at(SMALLEST));
  const x = v128.bitselect(f32x4.mul(v, at(TWO_25)), v, small);
  // The exponent of x / √½, rounded down: adding the distance of the bit patterns moves the split from 1 to
  // √½.
  const shifted = i32x4.add(x, at(TO_ROOT_HALF));
  const e = i32x4.sub(i32x4.shr_u(shifted, 23), at(BIAS));
  const m = i32x4.add(v128.and(shifted, at(MANTISSA)), at(ROOT_HALF));
  const exponent = f32x4.sub(f32x4.convert_i32x4_s(e), v128.and(at(TWENTY_FIVE), small));
  const f = f32x4.sub(m, at(ONE));
  const z = f32x4.mul(f, f);
  let p = at(LOG_P);
  p = madd(p, f, at(LOG_P + 1));
  p = madd(p, f, at(LOG_P + 2));
  p = madd(p, f, at(LOG_P + 3));
  p = madd(p, f, at(LOG_P + 4));
  p = madd(p, f, at(LOG_P + 5));
  p = madd(p, f, at(LOG_P + 6));
  p = madd(p, f, at(LOG_P + 7));
  p = madd(p, f, at(LOG_P + 8));
  let y = f32x4.mul(f32x4.mul(p, f), z);
  y = madd(exponent, at(LN2_LOW), y);
  y = nmadd(at(HALF), z, y);
  let result = madd(exponent, at(LN2_HIGH), f32x4.add(f, y));
  // ln of +infinity and NaN is itself; of a negative number NaN; of either zero -infinity.
  result = v128.bitselect(result, v, f32x4.lt(v, at(INFINITE)));
  result = v128.or(result, f32x4.lt(v, f32x4.splat(0.0)));
  return v128.bitselect(at(MINUS_INFINITE), result, f32x4.eq(v, f32x4.splat(0.0)));
}

/**
 * 1 / (1 + e⁻ˣ), as z / (1 + z) with z = eˣ where x is negative, so that small results keep their precision.
 */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return sigmoid_of4(x, exp_minus_abs(x));
}

/** The sigmoid of x, given z = e^(-|x|). */
// @ts-ignore: decorator
@inline
export function sigmoid_of4(x: v128, z: v128): v128 {
  const one = at(ONE);
  const top = v128.bitselect(z, one, f32x4.lt(x, f32x4.splat(0.0)));
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

/** tanh x: a polynomial in x² below 0.625, else ±(1 - z) / (1 + z) with z = e^(-2|x|). */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const one = at(ONE);
  const sign = v128.and(x, at(SIGN));
  const magnitude = v128.andnot(x, at(SIGN));
  const z = exp_minus_abs(f32x4.add(magnitude, magnitude));
  const large = f32x4.div(f32x4.sub(one, z), f32x4.add(one, z));
  const s = f32x4.mul(x, x);
  let p = at(TANH_P);
  p = madd(p, s, at(TANH_P + 1));
  p = madd(p, s, at(TANH_P + 2));
  p = madd(p, s, at(TANH_P + 3));
  p = madd(p, s, at(TANH_P + 4));
  const small = madd(f32x4.mul(p, s), x, x);
  return v128.or(v128.bitselect(small, large, f32x4.lt(magnitude, at(TANH_SPLIT))), sign);
}

/** |x|. */
// @ts-ignore: decorator
@inline
export function abs4(x: v128): v128 {
  return v128.andnot(x, at(SIGN));
}

/** The sign bit of x alone. */
// @ts-ignore: decorator
@inline
export function sign4(x: v128): v128 {
  return v128.and(x, at(SIGN));
}

/** eˣ - 1 for x ≤ 0, without cancellation: 2ⁿ(eʳ - 1) + (2ⁿ - 1). Relative error 3·2⁻²⁴. */
// @ts-ignore: decorator
@inline
export function expm1_4(v: v128): v128 {
  const x = f32x4.pmax(v, at(EXPM1_LOW));
  const t = madd(x, at(LOG2E), at(MAGIC));
  const n = f32x4.sub(t, at(MAGIC));
  const p = expm1_reduced(x, n);
  const scale = i32x4.shl(i32x4.add(t, at(BIAS)), 23);
  return madd(p, scale, f32x4.sub(scale, at(ONE)));
}

/**
 * ln(1 + z) for z in [0, 1], small z not lost: the logarithm of the rounded sum, times what rounding left out
 * (Kahan).
 */
// @ts-ignore: decorator
@inline
export function log1p_4(z: v128): v128 {
  const u = f32x4.add(z, at(ONE));
  const d = f32x4.sub(u, at(ONE));
  const y = f32x4.mul(log4(u), f32x4.div(z, d));
  return v128.bitselect(z, y, f32x4.eq(d, f32x4.splat(0.0)));
}

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^(-|x|)). */
// @ts-ignore: decorator
@inline
export function softplus4(x: v128): v128 {
  // pmax keeps its first operand when it cannot compare, so NaN stays NaN.
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0.0)), log1p_4(exp_minus_abs(x)));
}

/** 2⁻¹⁰⁰ and 2⁻⁵⁶: see optimizers.ts. */
// @ts-ignore: decorator
@inline
export function moment_floor(): v128 {
  return at(MOMENT_FLOOR);
}

// @ts-ignore: decorator
@inline
export function gradient_floor(): v128 {
  return at(GRADIENT_FLOOR);
}

/** e^(-x²/2). */
// @ts-ignore: decorator
@inline
export function bell4(x: v128): v128 {
  return exp_down4(f32x4.mul(f32x4.mul(x, x), f32x4.sub(f32x4.splat(0.0), at(HALF))));
}

/** 1 / √(2π): `bell4` times this is the normal density. */
// @ts-ignore: decorator
@inline
export function density_factor(): v128 {
  return at(DENSITY);
}

/**
 * The normal distribution function Φ(x) = (1 + erf(x/√2)) / 2, given bell = e^(-x²/2). With t = 1 / (1 + 0.3
 * |x|), the tail ½ erfc(|x|/√2) is bell · (c0 + c1 t + … + c8 t⁸); the polynomial was fitted for least
 * largest relative error, 5.9e-8 for
 * |x| ≤ 14.5, where the tail has become 0. Either tail keeps its relative precision.
 */
// @ts-ignore: decorator
@inline
export function normal_cdf4(x: v128, bell: v128): v128 {
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
  p = madd(p, t, at(CDF_P + 8));
  const tail = f32x4.mul(p, bell);
  return v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0.0)));
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
