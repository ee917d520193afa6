/**
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011). Element i depends on the seed, the stream and i alone, so any part can be made
 * anywhere in any order. src/ops/reference/random.ts has the same operations in the same order, and gives the
 * same bits.
 */
import { interleave_high, interleave_low, join_high, join_low } from './lanes';
import { philox_constant } from './math';
import { load_some, store_some } from './tail';

/** The block with counter (x0, x1, x2, x3) under the key (seedLow, seedHigh): four words. */
export function block(x0: u32, x1: u32, x2: u32, x3: u32, seedLow: u32, seedHigh: u32): v128 {
  let k0 = seedLow;
  let k1 = seedHigh;
  for (let round = 0; round < 10; round++) {
    const product0 = <u64>x0 * 0xd2511f53;
    const product1 = <u64>x2 * 0xcd9e8d57;
    const y0 = <u32>(product1 >> 32) ^ x1 ^ k0;
    const y2 = <u32>(product0 >> 32) ^ x3 ^ k1;
    x1 = <u32>product1;
    x3 = <u32>product0;
    x0 = y0;
    x2 = y2;
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  const v = i32x4.replace_lane(i32x4.splat(x0), 1, x1);
  return i32x4.replace_lane(i32x4.replace_lane(v, 2, x2), 3, x3);
}

/** The low halves of the four 64-bit products in e (lanes 0 and 1) and o (lanes 2 and 3). */
// @ts-ignore: decorator
@inline
function low(e: v128, o: v128): v128 {
  return v128.shuffle<i32>(e, o, 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function high(e: v128, o: v128): v128 {
  return v128.shuffle<i32>(e, o, 1, 3, 5, 7);
}

/** Four blocks, whose words of one place are a vector each: transposed and stored one after the other. */
// @ts-ignore: decorator
@inline
function store_blocks(p: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const a = interleave_low(x0, x1);
  const b = interleave_low(x2, x3);
  const c = interleave_high(x0, x1);
  const d = interleave_high(x2, x3);
  v128.store(p, join_low(a, b));
  v128.store(p, join_high(a, b), 16);
  v128.store(p, join_low(c, d), 32);
  v128.store(p, join_high(c, d), 48);
}

/**
 * Eight blocks in a row, from (counter, c1, c2, c3): 32 words at p. Twice four at a time, as each round
 * waits for the one before.
 */
export function store_words(
  p: usize, counter: u32, c1: u32, c2: u32, c3: u32, seedLow: u32, seedHigh: u32,
): void {
  const a = philox_constant(0), b = philox_constant(1);
  const next0 = philox_constant(2), next1 = philox_constant(3);
  let x0 = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3));
  let y0 = i32x4.add(i32x4.splat(counter), i32x4(4, 5, 6, 7));
  let x1 = i32x4.splat(c1), x2 = i32x4.splat(c2), x3 = i32x4.splat(c3);
  let y1 = x1, y2 = x2, y3 = x3;
  let k0 = i32x4.splat(seedLow);
  let k1 = i32x4.splat(seedHigh);
  for (let round = 0; round < 10; round++) {
    const e0 = i64x2.extmul_low_i32x4_u(x0, a), o0 = i64x2.extmul_high_i32x4_u(x0, a);
    const e1 = i64x2.extmul_low_i32x4_u(x2, b), o1 = i64x2.extmul_high_i32x4_u(x2, b);
    const f0 = i64x2.extmul_low_i32x4_u(y0, a), p0 = i64x2.extmul_high_i32x4_u(y0, a);
    const f1 = i64x2.extmul_low_i32x4_u(y2, b), p1 = i64x2.extmul_high_i32x4_u(y2, b);
    x0 = v128.xor(v128.xor(high(e1, o1), x1), k0);
    x2 = v128.xor(v128.xor(high(e0, o0), x3), k1);
    x1 = low(e1, o1);
    x3 = low(e0, o0);
    y0 = v128.xor(v128.xor(high(f1, p1), y1), k0);
    y2 = v128.xor(v128.xor(high(f0, p0), y3), k1);
    y1 = low(f1, p1);
    y3 = low(f0, p0);
    k0 = i32x4.add(k0, next0);
    k1 = i32x4.add(k1, next1);
  }
  store_blocks(p, x0, x1, x2, x3);
  store_blocks(p + 64, y0, y1, y2, y3);
}

/** The words of elements `first` to `first` + n. */
function store_elements(y: usize, n: i32, seedLow: u32, seedHigh: u32, stream: u32, first: u64): void {
  while (n > 0) {
    const place = <u32>first & 3;
    const counter = <u32>(first >> 2);
    if (place == 0 && n >= 32) {
      store_words(y, counter, 0, stream, 0, seedLow, seedHigh);
      first += 32;
      y += 128;
      n -= 32;
    } else {
      const words = block(counter, 0, stream, 0, seedLow, seedHigh);
      const word = place < 2
        ? (place == 0 ? i32x4.extract_lane(words, 0) : i32x4.extract_lane(words, 1))
        : (place == 2 ? i32x4.extract_lane(words, 2) : i32x4.extract_lane(words, 3));
      store<u32>(y, word);
      first++;
      y += 4;
      n--;
    }
  }
}

export function random_uniform(
  y: usize, n: i32, seedLow: u32, seedHigh: u32, stream: u32, first: f64, low: f32, high: f32,
): void {
  store_elements(y, n, seedLow, seedHigh, stream, <u64>first);
  const start = f32x4.splat(low);
  const range = f32x4.splat(high - low);
  const unit = f32x4.splat(5.9604644775390625e-8);
  for (; n > 0; n -= 4) {
    const count = min(n, 4);
    // 24 bits, exact as floats.
    const u = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(load_some(y, count), 8)), unit);
    store_some(y, f32x4.add(start, f32x4.mul(range, u)), count);
    y += 16;
  }
}

export function random_normal(
  y: usize, n: i32, seedLow: u32, seedHigh: u32, stream: u32, first: f64, mean: f64, deviation: f64,
): void {
  store_elements(y, n, seedLow, seedHigh, stream, <u64>first);
  for (; n > 0; n--) {
    const u = (<f64>load<u32>(y) + 0.5) * 2.3283064365386962890625e-10;
    store<f32>(y, <f32>(mean + deviation * inverse_normal(u)));
    y += 4;
  }
}

export function random_permutation(y: usize, n: i32, seedLow: u32, seedHigh: u32, stream: u32): void {
  for (let i = 0; i < n; i++) store<u32>(y + (<usize>i << 2), i);
  let words = i32x4.splat(0);
  for (let i = (n - 1) | 3; i > 0; i--) {
    // The last block's words may be more than there are elements.
    if ((i & 3) == 3) words = block(i >> 2, 0, stream, 0, seedLow, seedHigh);
    const word = <u32>i32x4.extract_lane(words, 3);
    words = v128.shuffle<i32>(words, words, 3, 0, 1, 2);
    if (i >= n) continue;
    const other = <usize>((<u64>(i + 1) * <u64>word) >> 32);
    const p = y + (<usize>i << 2);
    const q = y + (other << 2);
    const kept = load<u32>(p);
    store<u32>(p, load<u32>(q));
    store<u32>(q, kept);
  }
}

/** Natural logarithm of a positive normal double, from additions, products and one division; about 1e-16. */
function ln(x: f64): f64 {
  const pattern = reinterpret<u64>(x);
  let exponent = <i32>(pattern >> 52) - 1023;
  let m = reinterpret<f64>((pattern & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1.0) / (m + 1.0);
  const z = s * s;
  let p: f64 = 1.0 / 21.0;
  p = p * z + 1.0 / 19.0;
  p = p * z + 1.0 / 17.0;
  p = p * z + 1.0 / 15.0;
  p = p * z + 1.0 / 13.0;
  p = p * z + 1.0 / 11.0;
  p = p * z + 1.0 / 9.0;
  p = p * z + 1.0 / 7.0;
  p = p * z + 1.0 / 5.0;
  p = p * z + 1.0 / 3.0;
  p = p * z + 1.0;
  return 2.0 * s * p + <f64>exponent * 0.6931471805599453;
}

/**
 * The normal distribution's quantile: Wichura, algorithm AS 241 (PPND16), Applied Statistics 37, 1988. Its
 * third piece is for p below e⁻²⁵; what is drawn is 2⁻³³ at least, and as far from 1.
 */
function inverse_normal(p: f64): f64 {
  const q = p - 0.5;
  if (abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return q * rational(r,
      2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
      13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
      5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
      5394.1960214247511077, 687.1870074920579083, 42.313330701600911252);
  }
  const r = sqrt(-ln(q < 0 ? p : 1.0 - p)) - 1.6;
  const z = rational(r,
    7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
    3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
    0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187);
  return q < 0 ? -z : z;
}

/** (a7 r⁷ + … + a0) / (b7 r⁷ + … + b1 r + 1), highest coefficients first. */
// @ts-ignore: decorator
@inline
function rational(
  r: f64, a7: f64, a6: f64, a5: f64, a4: f64, a3: f64, a2: f64, a1: f64, a0: f64,
  b7: f64, b6: f64, b5: f64, b4: f64, b3: f64, b2: f64, b1: f64,
): f64 {
  const top = ((((((a7 * r + a6) * r + a5) * r + a4) * r + a3) * r + a2) * r + a1) * r + a0;
  const bottom = ((((((b7 * r + b6) * r + b5) * r + b4) * r + b3) * r + b2) * r + b1) * r + 1.0;
  return top / bottom;
}
