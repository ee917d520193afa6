/** Matrices of mostly zeros and their compressed rows, by definition. */
import { reals, testNumbers } from './numbers.js';

export interface Compressed {
  readonly starts: Int32Array;
  readonly offsets: Int32Array;
  readonly values: Float32Array;
}

/** What compress_rows is to find: everything that is not zero, NaN too, its columns in blocks of `width`. */
export function compressed(
  x: ArrayLike<number>,
  M: number,
  N: number,
  width = Math.max(N, 1),
  step = 1,
): Compressed {
  const blocks = Math.ceil(N / width);
  const starts = new Int32Array(M * blocks + 1);
  const offsets: number[] = [];
  const values: number[] = [];
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      if (x[m * N + n] !== 0) {
        offsets.push(n * step);
        values.push(x[m * N + n]);
      }
      if (n % width === width - 1 || n === N - 1)
        starts[m * blocks + Math.floor(n / width) + 1] = offsets.length;
    }
  }
  return { starts, offsets: Int32Array.from(offsets), values: Float32Array.from(values) };
}

export function transposed(x: ArrayLike<number>, M: number, N: number): Float64Array {
  return Float64Array.from({ length: M * N }, (_, i) => x[(i % M) * N + Math.floor(i / M)]);
}

/**
 * [M, N], each element with this probability a number that is not zero, and a zero of either sign otherwise.
 */
export function sparse(M: number, N: number, density: number, seed: number, make = reals): Float64Array {
  const next = testNumbers(seed + 77);
  return make(M * N, seed).map((v) => (next() < density ? v || 1 : next() < 0.5 ? 0 : -0));
}

/** The least width that makes one block of N columns: a multiple of 8. */
export const oneBlock = (N: number) => Math.max(8, Math.ceil(N / 8) * 8);
