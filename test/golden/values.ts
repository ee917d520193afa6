/** Inputs of golden cases: reproducible numbers, and those that are special. */
import { reals as doubles, testNumbers } from '../kernels/numbers.js';

/** n numbers between -scale and scale. */
export const reals = (n: number, seed: number, scale = 1) => Float32Array.from(doubles(n, seed, scale));

/** n whole numbers from 0 to `below` - 1. */
export function wholes(n: number, below: number, seed: number): Int32Array {
  const next = testNumbers(seed);
  return Int32Array.from({ length: n }, () => Math.floor(next() * below));
}

/** NaN, infinities, zeros, denormals, the largest, and where functions bend or overflow. */
export const specials = Float32Array.of(
  ...[0, -0, 2 ** -149, -(2 ** -149), 2 ** -127, -(2 ** -126), 1e-20, -0.3, 0.5, 1, -1, 1.5, -2.5, 17.2, -88],
  ...[88.7, 89, -103.9, 1e20, -(2 ** 31), 3.4028234663852886e38, -3.4028234663852886e38],
  ...[Infinity, -Infinity, Number.NaN],
);

/** A seed of a case's own: another case changes none. */
export const seedOf = (shape: string) =>
  Array.from(shape).reduce((seed, letter) => (31 * seed + letter.charCodeAt(0)) % 100_003, 0);

/** Each special number beside each, as `which` of `of` operands has it. */
export function together(which: number, of: number): Float32Array {
  const { length } = specials;
  const next = testNumbers(which);
  return Float32Array.from({ length: length ** 2 }, (_, i) => {
    if (of === 1) return specials[i % length];
    // With more than two, the others meet the first two at random.
    if (which < 2) return specials[which === 0 ? Math.floor(i / length) : i % length];
    return specials[Math.floor(next() * length)];
  });
}

/** As many rows as there are special numbers, with one in each, at places that move on. */
export function specialRows(N: number, seed: number): Float32Array {
  const values = reals(specials.length * N, seed, 2);
  for (const [m, special] of specials.entries()) values[m * N + ((5 * m) % N)] = special;
  return values;
}

/** As many columns, of M numbers each. */
export function specialColumns(M: number, seed: number): Float32Array {
  const { length } = specials;
  const rows = specialRows(M, seed);
  return Float32Array.from(
    { length: rows.length },
    (_, i) => rows[(i % length) * M + Math.floor(i / length)],
  );
}

/** Rows of N numbers at a leading dimension, with NaN between them. */
export function spread(values: Float32Array, N: number, ld: number): Float32Array {
  if (N === ld) return values;
  const M = values.length / N;
  const out = new Float32Array(M * ld).fill(Number.NaN);
  for (let m = 0; m < M; m++) out.set(values.subarray(m * N, (m + 1) * N), m * ld);
  return out;
}
