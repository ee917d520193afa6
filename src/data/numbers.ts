/**
 * Numbers as a caller may hold them (a typed array, a plain array, arrays of these) as one row-major array
 * with a shape.
 */
import {
  elementsOf,
  isBytes,
  isFloat32Array,
  isNumericArray,
  isUint8Array,
  type NumericArray,
} from '../base/arrays.js';
import { DataError, OptionError, ShapeError, show } from '../base/errors.js';

/** What is taken for numbers. */
export type Numbers = readonly number[] | NumericArray | readonly Numbers[];

export interface ReadNumbers {
  /** A Float32Array, or bytes if they are allowed, is the given one; what is made of others is new. */
  values: Uint8Array | Float32Array;
  /** [length] of one array; of arrays of arrays the length of each axis. */
  shape: readonly number[];
}

/** How an option of numbers is named in messages: `inputs` as a whole, `input` one of them. */
interface Names {
  where: string;
  option: string;
  one: string;
}

/** Axes of arrays in arrays. An array that holds itself has no end of them. */
const MAX_AXES = 8;

/**
 * An engine's memory of 4 GiB holds no more floats. The same row may stand in many places, so that little
 * says much.
 */
const MAX_VALUES = 2 ** 30;

/**
 * Reads numbers, in time and memory of their count.
 *
 * @param allowBytes Whether bytes stay bytes, as they do where inputs are scaled; otherwise they are numbers
 * like others.
 * @throws OptionError for something else than numbers.
 * @throws ShapeError for rows of different lengths, or more than 8 axes.
 * @throws DataError for a number that is NaN or infinite, or too large for float32.
 */
export function readNumbers(names: Names, given: unknown, allowBytes: boolean): ReadNumbers {
  const { where, option } = names;
  if (isNumericArray(given)) return { values: readTyped(names, given, allowBytes), shape: [given.length] };
  if (!Array.isArray(given)) {
    const expected = 'an array of numbers, a typed array of them, or arrays of these';
    throw new OptionError(where, `option ${option}: expected ${expected}, given ${show(given)}`);
  }
  const { shape, innermost } = shapeOf(names, given);
  const count = elementsOf(shape);
  if (count > MAX_VALUES) {
    const problem = `expected at most 2^30 numbers, given the shape [${shape.join(', ')}]`;
    throw new DataError(where, `option ${option}: ${problem}`);
  }
  const bytes = allowBytes && isBytes(innermost);
  // Nothing is allocated before all is known to be there: the length of a sparse array is no promise.
  walk(names, given, shape, bytes);
  const values = bytes ? new Uint8Array(count) : new Float32Array(count);
  walk(names, given, shape, bytes, values);
  return { values, shape };
}

/**
 * A copy as float32 of numbers in one array, whatever array it is. Throws OptionError for anything that is no
 * number; NaN and what is infinite as float32 are the caller's to find.
 */
export function copyNumbers(where: string, name: string, given: unknown): Float32Array {
  // The memory of an empty one may have been transferred away.
  if (isNumericArray(given)) return given.length === 0 ? new Float32Array(0) : Float32Array.from(given);
  if (!Array.isArray(given)) {
    throw new OptionError(where, `${name}: expected an array of numbers, given ${show(given)}`);
  }
  const values: readonly unknown[] = given;
  // All are there before anything is allocated, and none is passed over.
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] === 'number') continue;
    throw new OptionError(where, `${name}[${i}]: expected a number, given ${show(values[i])}`);
  }
  return Float32Array.from(values as readonly number[]);
}

/** Throws DataError for the first value that is NaN or infinite; `given` is what it was made of. */
export function checkFinite(
  { where, one }: Pick<Names, 'where' | 'one'>,
  values: Float32Array,
  width: number,
  given: ArrayLike<unknown> = values,
): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    const place = `row ${Math.floor(i / width)}, column ${i % width}`;
    throw new DataError(where, `${one} at ${place}: expected a finite number, given ${asGiven(given[i])}`);
  }
}

function readTyped(names: Names, given: NumericArray, allowBytes: boolean): Uint8Array | Float32Array {
  if (isFloat32Array(given)) return given;
  if (allowBytes && isUint8Array(given)) return given;
  if (allowBytes && isBytes(given)) return new Uint8Array(given.buffer, given.byteOffset, given.length);
  const values = copyNumbers(names.where, names.option, given);
  checkFinite(names, values, 1, given);
  return values;
}

/** The length of each axis, as the first entry of each array has it, and the first array of the last axis. */
function shapeOf({ where, option }: Names, given: readonly unknown[]) {
  const shape: number[] = [];
  let innermost: unknown = given;
  for (let level: unknown = given; ; level = (level as readonly unknown[])[0]) {
    if (!Array.isArray(level) && !isNumericArray(level)) break;
    if (shape.length === MAX_AXES) {
      throw new ShapeError(where, `option ${option}: expected at most ${MAX_AXES} arrays within each other`);
    }
    innermost = level;
    shape.push(level.length);
    if (!Array.isArray(level) || level.length === 0) break;
  }
  return { shape, innermost };
}

/**
 * Checks that arrays in arrays have this shape and hold numbers; copies them, if there is a place to copy
 * them to.
 */
function walk(
  names: Names,
  given: readonly unknown[],
  shape: readonly number[],
  bytes: boolean,
  to?: Uint8Array | Float32Array,
): void {
  const { where, option, one } = names;
  const last = shape.length - 1;
  const width = elementsOf(shape.slice(1));
  let at = 0;
  const place = (): string => `row ${Math.floor(at / width)}, column ${at % width}`;

  const visit = (level: unknown, axis: number): void => {
    const typed = axis === last && isNumericArray(level);
    if (!typed && !Array.isArray(level)) {
      throw new ShapeError(
        where,
        `${one} at ${place()}: expected an array as before it, given ${show(level)}`,
      );
    }
    if (level.length !== shape[axis]) {
      const problem = `expected ${shape[axis]} entries as before it, given ${level.length}`;
      throw new ShapeError(where, `option ${option}: row ${Math.floor(at / width)}: ${problem}`);
    }
    if (axis < last) {
      for (let i = 0; i < level.length; i++) visit(level[i], axis + 1);
      return;
    }
    if (bytes !== (bytes && isBytes(level))) {
      const problem = `expected bytes as before it, given ${show(level)}`;
      throw new OptionError(where, `option ${option}: row ${Math.floor(at / width)}: ${problem}`);
    }
    for (let i = 0; i < level.length; i++, at++) {
      const value: unknown = level[i];
      if (typeof value !== 'number') {
        throw new OptionError(where, `option ${option}: ${place()}: expected a number, given ${show(value)}`);
      }
      if (!Number.isFinite(Math.fround(value))) {
        throw new DataError(where, `${one} at ${place()}: expected a finite number, given ${asGiven(value)}`);
      }
      if (to) to[at] = value;
    }
  };
  visit(given, 0);
}

/** A number that is finite where it was given is infinite only as float32. */
function asGiven(value: unknown): string {
  return Number.isFinite(value) ? `${value}, which is ${Math.fround(Number(value))} as float32` : show(value);
}
