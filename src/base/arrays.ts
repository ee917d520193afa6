/**
 * What kind of array, buffer or map a value is. A value that was made in another realm (a `vm` context, jsdom
 * within a test runner, another window) has other constructors, for which `instanceof` is false. So these ask
 * for what the language itself keeps with the value, which no realm and no subclass changes and no proxy can
 * pretend.
 */
import { OptionError, show } from './errors.js';

/** A typed array of numbers, which `BigInt64Array` and `BigUint64Array` are not. */
export type NumericArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

type AnyTypedArray = NumericArray | BigInt64Array | BigUint64Array;

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
const tagOf = getter(typedArrayPrototype, Symbol.toStringTag);
const byteLengthOf = getter(ArrayBuffer.prototype, 'byteLength');
const sizeOfMap = getter(Map.prototype, 'size');

/**
 * The class of a typed array, such as `Float32Array`, also of a subclass such as `Buffer`; undefined for
 * anything else.
 */
export function typedArrayName(value: unknown): string | undefined {
  return tagOf.call(value) as string | undefined;
}

export function isTypedArray(value: unknown): value is AnyTypedArray {
  return typedArrayName(value) !== undefined;
}

/** Whether it is a typed array of numbers. */
export function isNumericArray(value: unknown): value is NumericArray {
  const name = typedArrayName(value);
  return name !== undefined && !name.startsWith('Big');
}

export function isFloat32Array(value: unknown): value is Float32Array {
  return typedArrayName(value) === 'Float32Array';
}

export function isFloat64Array(value: unknown): value is Float64Array {
  return typedArrayName(value) === 'Float64Array';
}

export function isUint8Array(value: unknown): value is Uint8Array {
  return typedArrayName(value) === 'Uint8Array';
}

/** Whether it holds bytes that are numbers from 0 to 255, such as pixels; a canvas has them clamped. */
export function isBytes(value: unknown): value is Uint8Array | Uint8ClampedArray {
  const name = typedArrayName(value);
  return name === 'Uint8Array' || name === 'Uint8ClampedArray';
}

export function isInt32Array(value: unknown): value is Int32Array {
  return typedArrayName(value) === 'Int32Array';
}

/** Whether it is an ArrayBuffer, which a SharedArrayBuffer is not. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return has(byteLengthOf, value);
}

/** All parts, one behind the other, in an array of the class. */
export function joined<T extends NumericArray>(
  Class: new (length: number) => T,
  parts: readonly ArrayLike<number>[],
): T {
  const whole = new Class(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function isStrings(value: unknown): value is readonly string[] {
  if (!Array.isArray(value)) return false;
  // `every` would not see places that are empty.
  for (const item of value) if (typeof item !== 'string') return false;
  return true;
}

export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return has(sizeOfMap, value);
}

export function isDate(value: unknown): value is Date {
  return has(Date.prototype.getTime, value);
}

/** Whether it is an object as `{}` makes it, or one without a prototype. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * The bytes of a Uint8Array or an ArrayBuffer, the same memory, as a plain Uint8Array: the `slice` of a Node
 * Buffer does not copy.
 *
 * @throws OptionError for anything else; `name` says what is expected there, such as `bytes`.
 */
export function checkBytes(where: string, name: string, value: unknown): Uint8Array {
  try {
    if (isUint8Array(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (isArrayBuffer(value)) return new Uint8Array(value);
  } catch (cause) {
    throw new OptionError(where, `${name}: its memory is no longer there: it was transferred`, { cause });
  }
  throw new OptionError(where, `${name}: expected a Uint8Array or an ArrayBuffer, given ${show(value)}`);
}

/** The getter of a property that the language defines. */
function getter(prototype: object, key: PropertyKey): () => unknown {
  return Object.getOwnPropertyDescriptor(prototype, key)!.get!;
}

/** Whether `method`, which throws for a value that is not of its class, takes this one. */
function has(method: () => unknown, value: unknown): boolean {
  try {
    method.call(value);
    return true;
  } catch {
    return false;
  }
}

/** How many elements an array of this shape has: 1 where it has no axes. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
