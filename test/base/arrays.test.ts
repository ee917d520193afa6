import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  checkBytes,
  isArrayBuffer,
  isDate,
  isFloat32Array,
  isFloat64Array,
  isInt32Array,
  isMap,
  isNumericArray,
  isPlainObject,
  isStrings,
  isTypedArray,
  isUint8Array,
  typedArrayName,
} from '../../src/base/arrays.js';
import { OptionError } from '../../src/base/errors.js';

const NAMES = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
];

/** What `source` makes, once here and once in a realm of its own. */
function inBoth(source: string): unknown[] {
  return [vm.runInThisContext(source), vm.runInNewContext(source)];
}

/** Nothing of these is any array, buffer, map or date. */
const OTHERS: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 1],
  ['a string', 'Uint8Array'],
  ['an array', [1, 2]],
  ['a function', Uint8Array],
  ['a prototype', Uint8Array.prototype],
  ['a pretender', { [Symbol.toStringTag]: 'Uint8Array', length: 2, byteLength: 2, size: 0 }],
  ['an heir', Object.create(new Uint8Array(2))],
  ['a proxy', new Proxy(new Uint8Array(2), {})],
  ['a proxy that was revoked', revoked()],
];

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable(new Uint8Array(2), {});
  revoke();
  return proxy;
}

describe('what kind of value it is, in this realm and in another', () => {
  test.each(NAMES)('%s', (name) => {
    for (const value of inBoth(`new ${name}(2)`)) {
      expect(typedArrayName(value)).toBe(name);
      expect(isTypedArray(value)).toBe(true);
      expect(isNumericArray(value)).toBe(!name.startsWith('Big'));
      expect(isFloat32Array(value)).toBe(name === 'Float32Array');
      expect(isFloat64Array(value)).toBe(name === 'Float64Array');
      expect(isUint8Array(value)).toBe(name === 'Uint8Array');
      expect(isInt32Array(value)).toBe(name === 'Int32Array');
      expect(isArrayBuffer(value)).toBe(false);
    }
  });

  test('a subclass is what it extends', () => {
    expect(isUint8Array(Buffer.from([1]))).toBe(true);
    for (const value of inBoth('new (class Own extends Float32Array {})(2)')) {
      expect(isFloat32Array(value)).toBe(true);
    }
  });

  test.each([
    ['ArrayBuffer', 'new ArrayBuffer(8)', isArrayBuffer],
    ['Map', 'new Map([[1, 2]])', isMap],
    ['Date', 'new Date(NaN)', isDate],
    ['plain object', '({ a: 1 })', isPlainObject],
    ['object without a prototype', 'Object.create(null)', isPlainObject],
  ] as [string, string, (value: unknown) => boolean][])('%s', (_, source, is) => {
    for (const value of inBoth(source)) expect(is(value)).toBe(true);
    for (const value of inBoth('new SharedArrayBuffer(8)')) expect(is(value)).toBe(false);
    for (const value of inBoth('new (class Own {})()')) expect(is(value)).toBe(false);
  });

  test.each(OTHERS)('%s is none of them', (_, value) => {
    for (const is of [isTypedArray, isNumericArray, isUint8Array, isArrayBuffer, isMap, isDate]) {
      expect(is(value)).toBe(false);
    }
    expect(() => checkBytes('here', 'bytes', value)).toThrow(OptionError);
  });
});

test('a list of texts has no empty places', () => {
  expect(isStrings(['a', 'b'])).toBe(true);
  // biome-ignore lint/suspicious/noSparseArray: that is the point
  expect(isStrings(['a', , 'b'])).toBe(false);
  expect(isStrings(new Array(2 ** 31))).toBe(false);
});

describe('checkBytes', () => {
  test('gives the same memory as a plain Uint8Array of this realm', () => {
    const buffer = new ArrayBuffer(8);
    for (const given of [new Uint8Array(buffer, 2, 3), Buffer.from(buffer, 2, 3)]) {
      const bytes = checkBytes('here', 'bytes', given);
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
      expect([bytes.buffer, bytes.byteOffset, bytes.length]).toEqual([buffer, 2, 3]);
    }
    expect(checkBytes('here', 'bytes', buffer).buffer).toBe(buffer);
    const [, other] = inBoth('Uint8Array.of(1, 2)');
    expect(checkBytes('here', 'bytes', other)).toEqual(Uint8Array.of(1, 2));
  });

  test('memory that was transferred to another thread is refused', () => {
    const bytes = Uint8Array.of(1, 2);
    const { buffer } = bytes;
    structuredClone(buffer, { transfer: [buffer] });
    for (const given of [bytes, buffer]) {
      expect(() => checkBytes('here', 'bytes', given)).toThrow(/^here: bytes: .* transferred$/);
      expect(() => checkBytes('here', 'bytes', given)).toThrow(OptionError);
    }
  });

  test('says what was expected and given', () => {
    expect(() => checkBytes('readThing', 'bytes', 'text')).toThrow(
      'readThing: bytes: expected a Uint8Array or an ArrayBuffer, given "text"',
    );
    expect(() => checkBytes('readThing', 'bytes', Int32Array.of(1))).toThrow('given Int32Array of 4 bytes');
  });
});
