/** What the tests of batch and of layer normalisation share: shapes, data far from mean 0, exact moments. */
import { reals } from './harness.js';

export const EPS = Math.fround(1e-3);
export const shapes = [1, 2, 3, 5, 17].flatMap((M) =>
  [1, 2, 3, 4, 5, 8, 11, 16, 19, 35].map((N) => [M, N] as const),
);

/** x with a mean far from 0, so that a one-pass variance would not do. */
export function data(M: number, N: number) {
  const seed = M * 100 + N;
  return {
    x: reals(M * N, seed, 2).map((v, i) => Math.fround(v + 20 * ((i % N) - 3))),
    dy: reals(M * N, seed + 1),
    weight: reals(N, seed + 2, 2),
    bias: reals(N, seed + 3),
  };
}

/** Mean, biased variance of every `step`-th number of x from `from` on. */
export function moments(x: ArrayLike<number>, from: number, step: number, count: number) {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += x[from + i * step];
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (x[from + i * step] - mean) ** 2;
  return { mean, variance: squares / count };
}

/** Rounding of x, whose size is up to 700, beside a deviation of at least √eps: what is left of precision. */
export const near = (scale: number) => () => 2 ** -19 * scale;
