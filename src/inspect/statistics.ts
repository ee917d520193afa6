/**
 * What a row of numbers is like: range, mean, deviation, how many are zero or not finite, and a histogram.
 */

export interface Statistics {
  readonly count: number;
  /** Of the finite values; null when there are none. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Of the values as they are: divided by their number. */
  readonly deviation: number | null;
  readonly zeros: number;
  /** NaN and infinities. */
  readonly nonFinite: number;
  /** Counts of finite values in bins of equal width from min to max; empty when there are none. */
  readonly histogram: readonly number[];
}

/** Bins of a histogram unless the caller says otherwise. */
const BINS = 16;

/** In float64, in three passes: mean and deviation are not lost to cancellation. */
export function describeValues(values: ArrayLike<number | bigint>, bins: number = BINS): Statistics {
  const count = values.length;
  let [min, max, sum, finite, zeros] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const value = Number(values[i]);
    if (value === 0) zeros++;
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const empty = { min: null, max: null, mean: null, deviation: null, histogram: [] };
  const counts = { count, zeros, nonFinite: count - finite };
  if (finite === 0) return { ...counts, ...empty };
  const mean = sum / finite;
  let squares = 0;
  const histogram = new Array<number>(bins).fill(0);
  const width = (max - min) / bins;
  for (let i = 0; i < count; i++) {
    const value = Number(values[i]);
    if (!Number.isFinite(value)) continue;
    squares += (value - mean) * (value - mean);
    // A width of 0 or of infinity says nothing: all in the first.
    const bin = width > 0 && width < Number.POSITIVE_INFINITY ? Math.floor((value - min) / width) : 0;
    histogram[Math.min(bins - 1, bin)]++;
  }
  return { ...counts, min, max, mean, deviation: Math.sqrt(squares / finite), histogram };
}
