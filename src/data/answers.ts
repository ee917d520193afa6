/**
 * What kernels take for places and factors, checked: where a data set is made, and again where one is copied
 * into an engine.
 */
import { isInt32Array } from '../base/arrays.js';
import { DataError, show } from '../base/errors.js';

/** Labels as an Int32Array. Throws DataError, with the row, for one that is no class. */
export function checkedLabels(where: string, given: ArrayLike<unknown>, classes: number): Int32Array {
  const labels = isInt32Array(given) ? given : new Int32Array(given.length);
  for (let i = 0; i < given.length; i++) {
    const value = given[i];
    const label = typeof value === 'bigint' ? Number(value) : value;
    // The last bound is that of Int32Array, which would wrap a larger number to another class.
    if (!isWhole(label) || label < 0 || label >= classes || label > 0x7fffffff) {
      const expected = `expected a whole number, at least 0 and less than ${classes}`;
      throw new DataError(where, `label ${i}: ${expected}, given ${show(value)}`);
    }
    if (labels !== given) labels[i] = label;
  }
  return labels;
}

/** The largest whole label; a label that is not one is `checkedLabels`' to report. */
export function largestLabel(labels: ArrayLike<unknown>): number {
  let max = 0;
  for (let i = 0; i < labels.length; i++) {
    const value = labels[i];
    const label = typeof value === 'bigint' ? Number(value) : value;
    if (isWhole(label) && label > max) max = label;
  }
  return max;
}

/** Throws DataError for a weight that is below 0, NaN or infinite; `given` is what they were made of. */
export function checkWeights(
  where: string,
  weights: Float32Array,
  given: ArrayLike<unknown> = weights,
): void {
  const bad = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad < 0) return;
  throw new DataError(
    where,
    `weight ${bad}: expected a finite number, at least 0, given ${show(given[bad])}`,
  );
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}
