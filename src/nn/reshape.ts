/**
 * `flatten` and `reshape`, which are layers and functions of values: given a value they compute at once, and
 * without one they make a layer.
 */
import { OptionError, show } from '../base/errors.js';
import { flatten as flattenValue, reshape as reshapeValue } from '../graph/functions.js';
import { isValue, MAX_RANK, type Value } from '../graph/value.js';
import { defineLayer, type Layer } from './layer.js';

/** A layer that puts all of a row's values in a line: [rows, 4, 4, 16] becomes [rows, 256]. */
export function flatten(): Layer;
/** All of a row's values in a line. */
export function flatten(x: Value): Value;
export function flatten(...given: [] | [x: Value]): Layer | Value {
  if (given.length > 0) return flattenValue(given[0] as Value);
  return defineLayer('flatten', {}, flattenValue);
}

/**
 * A layer that gives each row's values, row-major, another shape: `reshape([28, 28, 1])` makes images of
 * rows. -1 stands for what is left. Throws OptionError for something that is no list of lengths; calling the
 * layer throws ShapeError where the values are more or fewer.
 */
export function reshape(shape: readonly number[]): Layer;
/**
 * The same values, row-major, in another shape: that of one row, for a value with rows. -1 stands for what is
 * left.
 */
export function reshape(x: Value, shape: readonly number[]): Value;
export function reshape(...given: [readonly number[]] | [Value, readonly number[]]): Layer | Value {
  const [first] = given;
  if (given.length > 1 || isValue(first)) return reshapeValue(...(given as [Value, readonly number[]]));
  const shape = readLengths(first);
  return defineLayer('reshape', { shape }, (x) => reshapeValue(x, shape));
}

function readLengths(given: unknown): readonly number[] {
  const isLength = (length: unknown) =>
    Number.isSafeInteger(length) && ((length as number) >= 1 || length === -1);
  const fits =
    Array.isArray(given) && given.length > 0 && given.length < MAX_RANK && [...given].every(isLength);
  if (fits && given.filter((length) => length === -1).length <= 1) return [...given];
  throw new OptionError(
    'reshape',
    `shape: expected lengths of at least 1 such as [28, 28, 1], at most one of them -1, given ${show(given)}`,
  );
}
