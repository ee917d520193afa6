/** Probabilities of two classes from one. */

/** A single output is the probability of class 1: with that of class 0 before it. */
export function pairs(ones: ArrayLike<number>): Float32Array {
  return Float32Array.from({ length: 2 * ones.length }, (_, i) => (i % 2 ? ones[i >> 1] : 1 - ones[i >> 1]));
}
