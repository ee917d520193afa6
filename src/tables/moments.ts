/**
 * Mean and deviation of a column in one pass, chunk by chunk: each chunk's own mean and sum of squared
 * differences, then merged (T. Chan, G. Golub, R. LeVeque, 1979, "Updating formulae and a pairwise algorithm
 * for computing sample variances"). Plain sums of squares would lose a column such as a year or a time in
 * seconds to cancellation.
 */
export class Moments {
  count = 0;
  mean = 0;
  /** Sum of squared differences from the mean. */
  squares = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;

  /** Adds the values that are not NaN and whose part is 0; all that are not NaN without `parts`. */
  add(values: Float64Array, parts?: Uint8Array): void {
    let count = 0;
    let sum = 0;
    let { min, max } = this;
    // Sums of differences from a value of the chunk: those of years or times as they are would be rounded.
    let shift = Number.NaN;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (Number.isNaN(value) || (parts && parts[i] !== 0)) continue;
      if (count++ === 0) shift = value;
      sum += value - shift;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (count === 0) return;
    this.min = min;
    this.max = max;
    const step = sum / count;
    let squares = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (Number.isNaN(value) || (parts && parts[i] !== 0)) continue;
      const difference = value - shift - step;
      squares += difference * difference;
    }
    const mean = shift + step;
    const total = this.count + count;
    const delta = mean - this.mean;
    this.squares += squares + (delta * delta * this.count * count) / total;
    this.mean += (delta * count) / total;
    this.count = total;
  }

  /**
   * Of the values as they are, not an estimate for more: divided by their number, as scikit-learn's
   * StandardScaler does.
   */
  get deviation(): number {
    return this.count > 0 ? Math.sqrt(this.squares / this.count) : 0;
  }
}
