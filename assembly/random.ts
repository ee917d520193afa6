/**
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011). Element i depends on the seed, the stream and i alone, so any part can be made
 * anywhere in any order. src/ops/reference/random.ts has the same operations in the same order, and gives the
 * same bits.
 */

/**
 * Word `element & 3` of the block with counter (element / 4, 0, stream, 0) under the key (seedLow, seedHigh).
 */
function bits(element: u64, stream: u32, seedLow: u32, seedHigh: u32): u32 {
  let x0 = <u32>(element >> 2);
  let x1: u32 = 0;
  let x2 = stream;
  let x3: u32 = 0;
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
  const word = <u32>element & 3;
  return word < 2 ? (word == 0 ? x0 : x1) : word == 2 ? x2 : x3;
}

export function random_uniform(
  y: usize, n: i32, seedLow: u32, seedHigh: u32, stream: u32, first: f64, low: f32, high: f32,
): void {
  const start = <u64>first;
  const range = high - low;
  for (let j = 0; j < n; j++) {
    const u = <f32>(bits(start + j, stream, seedLow, seedHigh) >> 8) * <f32>5.9604644775390625e-8;
    const scaled: f32 = range * u;
    store<f32>(y + (<usize>j << 2), low + scaled);
  }
}

export function random_normal(
  y: usize, n: i32, seedLow: u32, seedHigh: u32, stream: u32, first: f64, mean: f64, deviation: f64,
): void {
  const start = <u64>first;
  for (let j = 0; j < n; j++) {
    const u = (<f64>bits(start + j, stream, seedLow, seedHigh) + 0.5) * 2.3283064365386962890625e-10;
    store<f32>(y + (<usize>j << 2), <f32>(mean + deviation * inverse_normal(u)));
  }
}

export function random_permutation(y: usize, n: i32, seedLow: u32, seedHigh: u32, stream: u32): void {
  for (let i = 0; i < n; i++) store<u32>(y + (<usize>i << 2), i);
  for (let i = n - 1; i > 0; i--) {
    const other = <usize>((<u64>(i + 1) * <u64>bits(i, stream, seedLow, seedHigh)) >> 32);
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
 * The normal distribution's quantile: Wichura, algorithm AS 241 (PPND16), Applied Statistics 37, 1988. Its third
 * piece is for p below e⁻²⁵; what is drawn is 2⁻³³ at least, and as far from 1.
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
