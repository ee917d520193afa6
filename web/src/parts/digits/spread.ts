/** What several measurements of one thing come to, and how far they are apart. */

/** 0 for none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** The range of the middle turns, without the slowest and the fastest, as a share of the median. */
export function spreadOf(rates: readonly number[]): number {
  const sorted = rates.toSorted((a, b) => a - b);
  const middle = sorted.length > 3 ? sorted.slice(1, -1) : sorted;
  return middle.length === 0 ? 0 : (middle.at(-1)! - middle[0]) / median(rates);
}
