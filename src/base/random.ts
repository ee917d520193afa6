/**
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011). Element i depends on the seed, the stream and i alone, so any part can be made
 * anywhere in any order. assembly/random.ts has the same operations in the same order and gives the same
 * bits; change neither alone. The functions over plain arrays need no backend: initial weights are made with
 * them.
 */
type Floats = Float32Array | Float64Array;

/** The high 32 bits of the 64-bit product of two unsigned integers, by 16-bit halves. */
export function mulhi(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const t = aHigh * bLow + ((aLow * bLow) >>> 16);
  const u = aLow * bHigh + (t & 0xffff);
  return aHigh * bHigh + (t >>> 16) + (u >>> 16);
}

/** out = the block of four words at the 128-bit counter (c0, c1, c2, c3) under the key (k0, k1). */
export function philox(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = mulhi(c0, 0xd2511f53);
    const low0 = Math.imul(c0, 0xd2511f53);
    const high1 = mulhi(c2, 0xcd9e8d57);
    const low1 = Math.imul(c2, 0xcd9e8d57);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Where random elements come from: everything but the element's index. */
export interface RandomSource {
  readonly seedLow: number;
  readonly seedHigh: number;
  readonly stream: number;
}

/** A seed is a safe integer from 0: its low 32 bits and its high 21. */
export function randomSource(seed: number, stream: number): RandomSource {
  return { seedLow: seed >>> 0, seedHigh: Math.floor(seed / 2 ** 32), stream };
}

const block = new Uint32Array(4);

/** use(j, bits of element first + j) for n elements, ascending. */
function forBits(
  { seedLow, seedHigh, stream }: RandomSource,
  first: number,
  n: number,
  use: (j: number, bits: number) => void,
): void {
  let word = first % 4;
  let counter = (first - word) / 4;
  for (let j = 0; j < n; counter++) {
    // `>>>` takes the counter modulo 2³².
    philox(block, counter >>> 0, 0, stream, 0, seedLow, seedHigh);
    for (; word < 4 && j < n; word++, j++) use(j, block[word]);
    word = 0;
  }
}

/**
 * low + range · u, u the top 24 bits as a fraction of 1, rounded to float32 after each operation; may round
 * up to low + range.
 */
export function uniform(bits: number, low: number, range: number): number {
  const u = (bits >>> 8) * 2 ** -24;
  return Math.fround(low + Math.fround(range * u));
}

/** A standard normal number: the quantile of the middle of the interval that 32 bits stand for. */
export function normal(bits: number): number {
  return inverseNormal((bits + 0.5) * 2 ** -32);
}

/** Element first + j goes to target[begin + j], as float32 whatever the target's precision. */
export function uniformRun(
  target: Floats,
  begin: number,
  n: number,
  source: RandomSource,
  first: number,
  low: number,
  high: number,
): void {
  const from = Math.fround(low);
  const range = Math.fround(Math.fround(high) - from);
  forBits(source, first, n, (j, bits) => {
    target[begin + j] = uniform(bits, from, range);
  });
}

export function normalRun(
  target: Floats,
  begin: number,
  n: number,
  source: RandomSource,
  first: number,
  mean: number,
  deviation: number,
): void {
  forBits(source, first, n, (j, bits) => {
    target[begin + j] = Math.fround(mean + deviation * normal(bits));
  });
}

/** Uniform numbers between low and high, from element 0 on. */
export function fillUniform(target: Floats, seed: number, stream: number, low: number, high: number): void {
  uniformRun(target, 0, target.length, randomSource(seed, stream), 0, low, high);
}

/** Normal numbers, from element 0 on. */
export function fillNormal(
  target: Floats,
  seed: number,
  stream: number,
  mean: number,
  deviation: number,
): void {
  normalRun(target, 0, target.length, randomSource(seed, stream), 0, mean, deviation);
}

const double = new Float64Array(1);
/** The double's two halves, the low one first: every platform that runs Wasm at all is little-endian. */
const halves = new Uint32Array(double.buffer);

/**
 * Natural logarithm of a positive normal double, from additions, products and one division: Math.log has
 * other bits in other engines. x = 2^e·m, m in (√½, √2], ln m = 2 artanh s, s = (m - 1) / (m + 1); about
 * 1e-16.
 */
export function ln(x: number): number {
  double[0] = x;
  let exponent = (halves[1] >>> 20) - 1023;
  halves[1] = (halves[1] & 0x000fffff) | 0x3ff00000;
  let m = double[0];
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let p = 1 / 21;
  p = p * z + 1 / 19;
  p = p * z + 1 / 17;
  p = p * z + 1 / 15;
  p = p * z + 1 / 13;
  p = p * z + 1 / 11;
  p = p * z + 1 / 9;
  p = p * z + 1 / 7;
  p = p * z + 1 / 5;
  p = p * z + 1 / 3;
  p = p * z + 1;
  return 2 * s * p + exponent * Math.LN2;
}

/**
 * The normal distribution's quantile at p in (0, 1): Wichura, algorithm AS 241 (PPND16), Applied Statistics
 * 37, 1988.
 */
export function inverseNormal(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * rational(0.180625 - q * q, CENTRE);
  const r = Math.sqrt(-ln(q < 0 ? p : 1 - p));
  const z = r <= 5 ? rational(r - 1.6, SHOULDER) : rational(r - 5, TAIL);
  return q < 0 ? -z : z;
}

// Numerator a7 … a0, then denominator b7 … b1 (b0 is 1): the published decimals, as the nearest doubles.
const CENTRE = [
  2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946,
  1971.5909503065513, 133.14166789178438, 3.3871328727963665, 5226.495278852854, 28729.085735721943,
  39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579, 42.31333070160091,
];
const SHOULDER = [
  0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
  5.769497221460691, 4.630337846156546, 1.4234371107496835, 1.0507500716444169e-9, 0.0005475938084995345,
  0.015198666563616457, 0.14810397642748008, 0.6897673349851, 1.6763848301838038, 2.053191626637759,
];
const TAIL = [
  2.0103343992922881e-7, 0.000027115555687434876, 0.0012426609473880784, 0.026532189526576124,
  0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103, 2.0442631033899397e-15,
  1.421511758316446e-7, 0.000018463183175100548, 0.0007868691311456133, 0.014875361290850615,
  0.1369298809227358, 0.599832206555888,
];

/** (a7 r⁷ + … + a0) / (b7 r⁷ + … + b1 r + 1) by Horner. */
function rational(r: number, c: readonly number[]): number {
  const top = ((((((c[0] * r + c[1]) * r + c[2]) * r + c[3]) * r + c[4]) * r + c[5]) * r + c[6]) * r + c[7];
  const bottom =
    ((((((c[8] * r + c[9]) * r + c[10]) * r + c[11]) * r + c[12]) * r + c[13]) * r + c[14]) * r + 1;
  return top / bottom;
}
