/** Numbers for the tests of kernels, the same on every engine, and matrices with gaps between their rows. */

/**
 * Dense rows of N spread to a leading dimension; what lies between rows is NaN, and so is never to be used.
 */
export function spread(values: ArrayLike<number>, M: number, N: number, ld: number): Float64Array {
  if (ld === N && values.length === M * N) return new Float64Array(values);
  const out = new Float64Array(M > 0 ? (M - 1) * ld + N : 0).fill(Number.NaN);
  for (let m = 0; m < M; m++) for (let n = 0; n < N; n++) out[m * ld + n] = values[m * N + n];
  return out;
}

/** The inverse of `spread`; throws when something was written between the rows. */
export function gathered(values: ArrayLike<number>, M: number, N: number, ld: number): Float64Array {
  if (ld === N && values.length === M * N) return new Float64Array(values);
  const out = new Float64Array(M * N);
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) out[m * N + n] = values[m * ld + n];
    for (let n = N; n < ld && m < M - 1; n++) {
      if (!Number.isNaN(values[m * ld + n]))
        throw new Error(`row ${m}: something was written at column ${n}`);
    }
  }
  return out;
}

/**
 * Reproducible numbers for test data, made independently of the library (Steele and Vigna's splitmix, 32
 * bits).
 */
export function testNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** n integers from -8 to 8: sums of their products are exact in float32. */
export function integers(n: number, seed: number): Float64Array {
  const next = testNumbers(seed);
  return drawn(n, () => Math.floor(next() * 17) - 8);
}

/** n float32 numbers between -1 and 1. */
export function reals(n: number, seed: number, scale = 1): Float64Array {
  const next = testNumbers(seed);
  return drawn(n, () => Math.fround((next() * 2 - 1) * scale));
}

/** A loop, because Float64Array.from takes many times as long. */
function drawn(n: number, draw: () => number): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) out[i] = draw();
  return out;
}

export function filled(n: number, value: number): Float64Array {
  return new Float64Array(n).fill(value);
}
