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

/** Up to here, products of two are exact; no image that fits in memory is larger. */
const MAX = 2 ** 20;

/** So many whole numbers of at least `min`. */
export function readNumbers(
  reader: OptionReader,
  key: string,
  count: number,
  min: number,
): readonly number[] {
  const isList = (value: unknown): value is readonly number[] =>
    Array.isArray(value) &&
    value.length === count &&
    value.every((own) => Number.isSafeInteger(own) && own >= min && own <= MAX);
  return reader.required(key, `${count} whole numbers from ${min} to ${MAX}`, isList);
}
