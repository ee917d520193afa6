/**
 * exp and log of four floats; special.ts has what is made of them. The polynomials of exp, log and tanh are
 * those of Cephes' single-precision library (S. L. Moshier, expf.c, logf.c, tanhf.c). Bounds in units in the last
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
@inline
export const EXP_LOW = 0, EXP_HIGH = 1, LOG2E = 2, MAGIC = 3, LN2_HIGH = 4, LN2_LOW = 5, EXP_P = 6, ONE = 12, EXP_MAGIC = 13,
  BIAS = 14, SIGN = 15, SMALLEST = 16, TWO_25 = 17, ROOT_HALF = 18, TO_ROOT_HALF = 19, MANTISSA = 20, LOG_P = 21, HALF = 30,
  INFINITE = 31, TWENTY_FIVE = 32, TANH_P = 33, TANH_SPLIT = 38, MINUS_INFINITE = 39, CDF_P = 40, CDF_T = 49, DENSITY = 50,
  GELU_1 = 51, GELU_3 = 52, EXPM1_LOW = 53, MOMENT_FLOOR = 54, GRADIENT_FLOOR = 55, DOWN_MAGIC = 56, TWO_MINUS_31 = 57,
  GELU_FLAT = 58, PHILOX = 59;

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
  put_bits(PHILOX, <i32>0xd2511f53);
  put_bits(PHILOX + 1, <i32>0xcd9e8d57);
  put_bits(PHILOX + 2, <i32>0x9e3779b9);
  put_bits(PHILOX + 3, <i32>0xbb67ae85);
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
export function at(place: i32): v128 {
  return v128.load32_splat(TABLE + (<usize>place << 2));
}

/**
 * eˣ comes in stages, so that a loop can do each to several vectors before the next (exponential.ts). First x
 * within bounds, then t = x / ln 2 rounded, in the low bits of a float that is large.
 */
// @ts-ignore: decorator
@inline
export function exp_turns(x: v128, magic: v128): v128 {
  return madd(x, at(LOG2E), magic);
}

/** r = x - n·ln 2, where n is t as a number. */
// @ts-ignore: decorator
@inline
export function exp_rest(x: v128, t: v128, magic: v128): v128 {
  const n = f32x4.sub(t, magic);
  return nmadd(n, at(LN2_LOW), nmadd(n, at(LN2_HIGH), x));
}

/** The first half of the polynomial. */
// @ts-ignore: decorator
@inline
export function exp_begun(r: v128): v128 {
  return madd(madd(madd(at(EXP_P), r, at(EXP_P + 1)), r, at(EXP_P + 2)), r, at(EXP_P + 3));
}

/** eʳ - 1, given the first half. */
// @ts-ignore: decorator
@inline
function expm1_ended(p: v128, r: v128): v128 {
  p = madd(p, r, at(EXP_P + 4));
  p = madd(p, r, at(EXP_P + 5));
  return madd(p, f32x4.mul(r, r), r);
}

/** eʳ. */
// @ts-ignore: decorator
@inline
export function exp_ended(p: v128, r: v128): v128 {
  return f32x4.add(expm1_ended(p, r), at(ONE));
}

/** NaN stays NaN: pmin and pmax keep their first operand when they cannot compare. */
// @ts-ignore: decorator
@inline
export function any_limit(x: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, at(EXP_LOW)), at(EXP_HIGH));
}

// @ts-ignore: decorator
@inline
export function any_magic(): v128 {
  return at(EXP_MAGIC);
}

/**
 * 2ⁿ·eʳ. The scale goes on in two halves, so that results pass through the denormals to 0 and beyond the
 * largest float to infinity.
 */
// @ts-ignore: decorator
@inline
export function any_scaled(p: v128, t: v128): v128 {
  const half = i32x4.shr_u(t, 1);
  return f32x4.mul(f32x4.mul(p, i32x4.shl(half, 23)), i32x4.shl(i32x4.sub(t, half), 23));
}

/** The same bits for x ≤ 0, sooner: 2ⁿ⁺³¹ is no denormal, whatever comes of 2ⁿ. */
// @ts-ignore: decorator
@inline
export function down_limit(x: v128): v128 {
  return f32x4.pmax(x, at(EXP_LOW));
}

// @ts-ignore: decorator
@inline
export function down_magic(): v128 {
  return at(DOWN_MAGIC);
}

// @ts-ignore: decorator
@inline
export function down_scaled(p: v128, t: v128): v128 {
  return f32x4.mul(f32x4.mul(p, i32x4.shl(t, 23)), at(TWO_MINUS_31));
}

/** eˣ = 2ⁿ·eʳ, |r| ≤ ln 2 / 2. */
// @ts-ignore: decorator
@inline
export function exp4(v: v128): v128 {
  const x = any_limit(v);
  const t = exp_turns(x, any_magic());
  const r = exp_rest(x, t, any_magic());
  return any_scaled(exp_ended(exp_begun(r), r), t);
}

/** eˣ for x ≤ 0. */
// @ts-ignore: decorator
@inline
export function exp_down4(v: v128): v128 {
  const x = down_limit(v);
  const t = exp_turns(x, down_magic());
  const r = exp_rest(x, t, down_magic());
  return down_scaled(exp_ended(exp_begun(r), r), t);
}

/** 1 in all lanes. */
// @ts-ignore: decorator
@inline
export function one4(): v128 {
  return at(ONE);
}

/** -|x|. */
// @ts-ignore: decorator
@inline
export function minus_abs4(x: v128): v128 {
  return v128.or(x, at(SIGN));
}

/** e^(-|x|): between 0 and 1. */
// @ts-ignore: decorator
@inline
export function exp_minus_abs(x: v128): v128 {
  return exp_down4(minus_abs4(x));
}

/**
 * ln x = e·ln 2 + ln m, m in [√½, √2), in stages like eˣ. First the exponent of x / √½, rounded down: adding
 * the distance of the bit patterns moves the split from 1 to √½.
 */
// @ts-ignore: decorator
@inline
export function log_shifted(x: v128): v128 {
  return i32x4.add(x, at(TO_ROOT_HALF));
}

/** e. */
// @ts-ignore: decorator
@inline
export function log_exponent(shifted: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(shifted, 23), at(BIAS)));
}

/** f = m - 1. */
// @ts-ignore: decorator
@inline
export function log_rest(shifted: v128): v128 {
  return f32x4.sub(i32x4.add(v128.and(shifted, at(MANTISSA)), at(ROOT_HALF)), at(ONE));
}

/** The first half of the polynomial. */
// @ts-ignore: decorator
@inline
export function log_begun(f: v128): v128 {
  let p = at(LOG_P);
  p = madd(p, f, at(LOG_P + 1));
  p = madd(p, f, at(LOG_P + 2));
  p = madd(p, f, at(LOG_P + 3));
  return madd(p, f, at(LOG_P + 4));
}

/** ln x, given the first half. */
// @ts-ignore: decorator
@inline
export function log_ended(p: v128, f: v128, exponent: v128): v128 {
  p = madd(p, f, at(LOG_P + 5));
  p = madd(p, f, at(LOG_P + 6));
  p = madd(p, f, at(LOG_P + 7));
  p = madd(p, f, at(LOG_P + 8));
  const z = f32x4.mul(f, f);
  let y = f32x4.mul(f32x4.mul(p, f), z);
  y = madd(exponent, at(LN2_LOW), y);
  y = nmadd(at(HALF), z, y);
  return madd(exponent, at(LN2_HIGH), f32x4.add(f, y));
}

/**
 * How far the bits of x lie above those of the smallest normal number. Below LOG_SPAN, unsigned, are the normal
 * numbers above 0 and nothing else.
 */
// @ts-ignore: decorator
@inline
export function above_smallest(x: v128): v128 {
  return i32x4.sub(x, at(SMALLEST));
}

// @ts-ignore: decorator
@inline export const LOG_SPAN: i32 = 0x7f000000;

/** ln x of a normal number above 0. */
// @ts-ignore: decorator
@inline
function log_normal4(x: v128): v128 {
  const shifted = log_shifted(x);
  const f = log_rest(shifted);
  return log_ended(log_begun(f), f, log_exponent(shifted));
}

/** ln x of 1 or more, and of NaN: of a sum, say, whose largest term is 1. */
// @ts-ignore: decorator
@inline
export function log_sum4(x: v128): v128 {
  return f32x4.add(log_normal4(x), f32x4.sub(x, x));
}

/** ln x of any x. Denormals are scaled by 2²⁵ first. */
// @ts-ignore: decorator
@inline
export function log4(v: v128): v128 {
  const small = f32x4.lt(v, at(SMALLEST));
  const shifted = log_shifted(v128.bitselect(f32x4.mul(v, at(TWO_25)), v, small));
  const exponent = f32x4.sub(log_exponent(shifted), v128.and(at(TWENTY_FIVE), small));
  const f = log_rest(shifted);
  let result = log_ended(log_begun(f), f, exponent);
  // ln of +infinity and NaN is itself; of a negative number NaN; of either zero -infinity.
  result = v128.bitselect(result, v, f32x4.lt(v, at(INFINITE)));
  result = v128.or(result, f32x4.lt(v, f32x4.splat(0.0)));
  return v128.bitselect(at(MINUS_INFINITE), result, f32x4.eq(v, f32x4.splat(0.0)));
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
  const r = exp_rest(x, t, at(MAGIC));
  const p = expm1_ended(exp_begun(r), r);
  const scale = i32x4.shl(i32x4.add(t, at(BIAS)), 23);
  return madd(p, scale, f32x4.sub(scale, at(ONE)));
}

/**
 * ln(1 + z) for z in [0, 1], small z not lost: the logarithm of the rounded sum, times what rounding left out
 * (Kahan). Of NaN that quotient is NaN, whatever the logarithm.
 */
// @ts-ignore: decorator
@inline
export function log1p_4(z: v128): v128 {
  const u = f32x4.add(z, at(ONE));
  const d = f32x4.sub(u, at(ONE));
  const y = f32x4.mul(log_normal4(u), f32x4.div(z, d));
  return v128.bitselect(z, y, f32x4.eq(d, f32x4.splat(0.0)));
}

/** The two factors of a round of random.ts, and what is added to the two halves of the key. */
// @ts-ignore: decorator
@inline
export function philox_constant(i: i32): v128 {
  return at(PHILOX + i);
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
