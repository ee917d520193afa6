/**
 * sin, cos and powers: computed in float64 and rounded once, as their arguments lose too much in float32.
 * Series are Taylor's, cut where the rest is below 2⁻³⁵ of the result.
 */
import { joined } from '../chain';

/** From here on n · PI_2_HIGH is not exact any more. */
// @ts-ignore: decorator
@inline const FAR: f64 = 16777216.0;
/** π/2 in two parts, the first of 28 bits. */
// @ts-ignore: decorator
@inline const PI_2_HIGH: f64 = 1.570796325802803, PI_2_LOW: f64 = 9.920935796805404e-10;
/** 1.5 · 2⁵²: once added, the low bits are the integer. */
// @ts-ignore: decorator
@inline const MAGIC: f64 = 6755399441055744.0;

/** y = sin(x + quarters · π/2): 0 gives the sine, 1 the cosine. n is a multiple of 4. */
export function sine_row(y: usize, x: usize, n: i32, quarters: i64): void {
  for (; n > 0; n -= 4) {
    const v = v128.load(x);
    const low = sine2(f64x2.promote_low_f32x4(v), quarters);
    const high = sine2(f64x2.promote_low_f32x4(v128.shuffle<f64>(v, v, 1, 0)), quarters);
    v128.store(y, joined(low, high));
    x += 16;
    y += 16;
  }
}

/** x = n · π/2 + r: a polynomial of r, which one and with which sign says n. */
function sine2(x: v128, quarters: i64): v128 {
  const magic = f64x2.splat(MAGIC);
  let q = f64x2.add(f64x2.mul(x, f64x2.splat(0.6366197723675814)), magic);
  const n = f64x2.sub(q, magic);
  let r = f64x2.sub(x, f64x2.mul(n, f64x2.splat(PI_2_HIGH)));
  r = f64x2.sub(r, f64x2.mul(n, f64x2.splat(PI_2_LOW)));
  if (v128.any_true(f64x2.ge(f64x2.abs(x), f64x2.splat(FAR)))) {
    // The rest's last two bits are the quadrant.
    if (abs(f64x2.extract_lane(x, 0)) >= FAR) {
      r = f64x2.replace_lane(r, 0, far_rest(f64x2.extract_lane(x, 0)));
      q = f64x2.replace_lane(q, 0, f64x2.extract_lane(r, 0));
    }
    if (abs(f64x2.extract_lane(x, 1)) >= FAR) {
      r = f64x2.replace_lane(r, 1, far_rest(f64x2.extract_lane(x, 1)));
      q = f64x2.replace_lane(q, 1, f64x2.extract_lane(r, 1));
    }
  }
  q = i64x2.add(q, i64x2.splat(quarters));
  const z = f64x2.mul(r, r);
  const one = f64x2.splat(1);
  let s = f64x2.splat(-1.0 / 39916800);
  s = f64x2.add(f64x2.mul(s, z), f64x2.splat(1.0 / 362880));
  s = f64x2.add(f64x2.mul(s, z), f64x2.splat(-1.0 / 5040));
  s = f64x2.add(f64x2.mul(s, z), f64x2.splat(1.0 / 120));
  s = f64x2.add(f64x2.mul(s, z), f64x2.splat(-1.0 / 6));
  s = f64x2.mul(r, f64x2.add(f64x2.mul(s, z), one));
  let c = f64x2.splat(1.0 / 479001600);
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(-1.0 / 3628800));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(1.0 / 40320));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(-1.0 / 720));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(1.0 / 24));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(-0.5));
  c = f64x2.add(f64x2.mul(c, z), one);
  const isOdd = i64x2.shr_s(i64x2.shl(q, 63), 63);
  return v128.xor(v128.bitselect(c, s, isOdd), i64x2.shl(i64x2.shr_u(q, 1), 63));
}

/**
 * What is left of a float32 beyond FAR when multiples of π/2 are taken away, with their number modulo 4 in
 * the last two bits. x = m · 2ᵉ: of 2/π, only the bits that m · 2ᵉ takes below 4 matter, 96 of them (Payne
 * and Hanek 1983).
 */
function far_rest(x: f64): f64 {
  if (!(abs(x) < Infinity)) return NaN;
  const bits = reinterpret<u64>(x);
  const m = (bits >> 29 & 0x7fffff) | 0x800000;
  // The place of the first bit that matters, behind a word of zeros: e - 2 + 32.
  const place = <i32>(bits >> 52 & 0x7ff) - 1023 - 23 + 30;
  const at = place >> 5;
  const shift = <u64>(place & 31);
  let upper: u64 = 0, lower: u64 = 0;
  for (let i = 0; i < 4; i++) {
    upper = upper << 32 | lower >> 32;
    lower = lower << 32 | two_over_pi(at + i);
  }
  const first = upper << shift | lower >> 32 >> (32 - shift);
  const next = lower << shift >> 32;
  // Quadrants, in units of 2⁻⁶².
  const product = m * first + (m * next >> 32);
  const quadrant = (product + (<u64>1 << 61)) >> 62;
  const rest = <f64><i64>(product - (quadrant << 62)) * (1.5707963267948966 / 4611686018427387904.0);
  const isNegative = x < 0;
  const number = isNegative ? 4 - quadrant : quadrant;
  return reinterpret<f64>(reinterpret<u64>(isNegative ? -rest : rest) & ~(<u64>3) | number & 3);
}

/** Bits 32 (i - 1) … 32 i - 1 of 2/π behind the point; no table, as kernels hold no data. */
function two_over_pi(i: i32): u64 {
  switch (i) {
    case 1: return 0xa2f9836e;
    case 2: return 0x4e441529;
    case 3: return 0xfc2757d1;
    case 4: return 0xf534ddc0;
    case 5: return 0xdb629599;
    case 6: return 0x3c439041;
    case 7: return 0xfe5163ab;
  }
  return 0;
}

/** y = a to the power of b, the cases of IEEE 754 among them. */
export function power_row(y: usize, a: usize, b: usize, n: i32): void {
  for (; n > 0; n--) {
    store<f32>(y, power(load<f32>(a), load<f32>(b)));
    a += 4;
    b += 4;
    y += 4;
  }
}

function power(x: f32, y: f32): f32 {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return x + y;
  const size = abs(x);
  const exponent = size == 1 ? 0 : <f64>y * log2(<f64>size);
  const result = <f32>exp2(exponent);
  if (reinterpret<i32>(x) >= 0) return result;
  // Beyond 2²⁴ every float32 is even.
  const isWhole = trunc(y) == y;
  if (!isWhole && size > 0 && size < Infinity) return NaN;
  const isOdd = isWhole && abs(y) < 16777216 && (<i32>y & 1);
  return isOdd ? -result : result;
}

/** Of a float32: no denormal in float64. m within √½ … √2, ln m = 2 artanh((m - 1) / (m + 1)). */
// @ts-ignore: decorator
@inline
function log2(x: f64): f64 {
  if (x == 0) return -Infinity;
  if (x == Infinity) return Infinity;
  const bits = reinterpret<i64>(x);
  const e = (bits - 0x3fe6a09e667f3bcd) >> 52;
  const m = reinterpret<f64>(bits - (e << 52));
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let p: f64 = 1.0 / 17;
  p = p * z + 1.0 / 15;
  p = p * z + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  return <f64>e + s * (p * z + 1) * 2.8853900817779268;
}

/** Within what float32 can tell from 0 and infinity. */
// @ts-ignore: decorator
@inline
function exp2(v: f64): f64 {
  const x = max(min(v, 160.0), -160.0);
  const n = nearest(x);
  const r = (x - n) * 0.6931471805599453;
  let p: f64 = 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  return p * reinterpret<f64>((<i64>n + 1023) << 52);
}
