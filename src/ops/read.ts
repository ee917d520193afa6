/** Attributes that several operations have, as a file gives them: it is taken for hostile. */
import { OptionReader } from '../base/options.js';
import type { Shape } from './operation.js';

/** Lengths of axes: whole numbers of at least 1. */
export function isLengths(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 1);
}

/** `{ rows, dims }`. */
export function readShape(reader: OptionReader, key: string): Shape {
  const own = new OptionReader(key, reader.required(key, 'a shape'));
  const shape = { rows: own.boolean('rows'), dims: own.required('dims', 'a list of lengths', isLengths) };
  own.end();
  return shape;
}

/** Products of two of these are exact, and no image that fits in memory is larger. */
export const MAX_LENGTH = 2 ** 20;

/** So many whole numbers of at least `min`. */
export function readNumbers(
  reader: OptionReader,
  key: string,
  count: number,
  min: number,
): readonly number[] {
  const isList = (value: unknown): value is readonly number[] => isWholes(value, count, min);
  return reader.required(key, `${count} whole numbers from ${min} to ${MAX_LENGTH}`, isList);
}

/** More axes than any value has: what claims to have more is not even looked at. */
const MAX_AXES = 64;

/** Pairs [before, behind], one an axis. */
export function isAmounts(value: unknown): value is readonly (readonly [number, number])[] {
  return (
    Array.isArray(value) &&
    value.length <= MAX_AXES &&
    Array.from(value).every((pair) => isWholes(pair, 2, 0))
  );
}

function isWholes(value: unknown, count: number, min: number): value is readonly number[] {
  const is = (own: unknown) =>
    Number.isSafeInteger(own) && (own as number) >= min && (own as number) <= MAX_LENGTH;
  return Array.isArray(value) && value.length === count && Array.from(value).every(is);
}

/** Places of a window along one axis. */
export function windowsAlong(
  length: number,
  size: number,
  stride: number,
  dilation: number,
  padding: number,
): number {
  return Math.floor((length + padding - dilation * (size - 1) - 1) / stride) + 1;
}
