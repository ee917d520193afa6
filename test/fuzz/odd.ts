/** Values that no public function expects, and ways to put one of them into arguments that were right. */

import vm from 'node:vm';
import { isMap } from '../../src/base/arrays.js';
import type { Random } from './random.js';

/**
 * What a getter or a proxy of ours throws. It is the caller's own error, and should come through as it is.
 */
export const CALLERS_ERROR = new Error("the caller's own error");

function throwing(): never {
  throw CALLERS_ERROR;
}

/** A typed array whose memory has been given away. */
function detached(): Float32Array {
  const array = new Float32Array(4);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
}

const OTHER_REALM = vm.runInNewContext(`({
  floats: () => new Float32Array([1, 2]), list: () => [1, 2], map: () => new Map([['a', 1]]), object: () => ({ a: 1 }),
})`) as Record<string, () => unknown>;

const MAKERS: readonly (() => unknown)[] = [
  ...[undefined, null, true, false].map((value) => () => value),
  ...[0, -0, 1, -1, 2, 0.5, 1e-300, 1e39, 1e308, Number.NaN, Infinity, -Infinity].map((value) => () => value),
  ...[255, 65_536, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 50, 2 ** 53, -(2 ** 53)].map((value) => () => value),
  ...[0n, 1n, -1n, 2n ** 64n, 10n ** 3000n].map((value) => () => value),
  ...['', ' ', 'text', '1', 'NaN', '__proto__', 'constructor', 'length', '\u0000', '\ud800'].map(
    (v) => () => v,
  ),
  () => 'x'.repeat(100_000),
  () => Symbol('odd'),
  () => () => 1,
  () => () => throwing(),
  () => async () => throwing(),
  () => class Own {},
  () => [],
  () => [undefined],
  () => [null],
  () => [Number.NaN],
  () => [1n],
  () => ['a'],
  () => [{}],
  () => [[1], [2, 3]],
  () => [1, 2, 3],
  () => Object.assign(new Array(2 ** 32 - 1), [1]),
  () => Object.assign(new Array(1e6), ['a']),
  () => {
    const itself: unknown[] = [1];
    itself.push(itself);
    return itself;
  },
  () => {
    const itself: Record<string, unknown> = {};
    itself.self = itself;
    return itself;
  },
  () => {
    let deep: unknown = 1;
    for (let i = 0; i < 20_000; i++) deep = { a: deep };
    return deep;
  },
  () => ({}),
  () => Object.create(null) as object,
  () => ({ length: 3 }),
  () => ({ length: -1 }),
  () => ({ length: 2 ** 53 }),
  () => ({ length: Number.NaN, 0: 1 }),
  () => ({ kind: 'sgd', config: {}, name: 'x', size: 1 }),
  () => ({ __proto__: { seed: 1 } }),
  () => ({ constructor: 1, toString: 1, valueOf: 1 }),
  () => ({ toString: throwing, valueOf: throwing, [Symbol.toPrimitive]: throwing }),
  () => new Date(Number.NaN),
  () => /x/u,
  () => new Map(),
  () => new Map([[1, 2]]),
  () => new Map([['a', { shape: [1], values: [1] }]]),
  () => new Set([1]),
  () => new Error('odd'),
  () => new WeakMap(),
  () => Promise.resolve(1),
  () => new URL('file:///nowhere'),
  () => new Uint8Array(0),
  () => Uint8Array.of(1, 2, 3),
  () => new Uint8ClampedArray(3),
  () => Float32Array.of(Number.NaN, 1),
  () => Float64Array.of(1e300, 1),
  () => Int32Array.of(-1, 2 ** 31 - 1),
  () => BigInt64Array.of(1n, -1n),
  () => new ArrayBuffer(8),
  () => new SharedArrayBuffer(8),
  () => new DataView(new ArrayBuffer(8)),
  () => new Float32Array(new SharedArrayBuffer(8)),
  () => detached(),
  () => Buffer.from('text'),
  () => Object.freeze([1, 2]),
  () => Object.freeze({ a: 1 }),
  () => OTHER_REALM.floats(),
  () => OTHER_REALM.list(),
  () => OTHER_REALM.map(),
  () => OTHER_REALM.object(),
  () => Object.defineProperty({}, 'a', { get: throwing, enumerable: true }),
  () => new Proxy({}, {}),
  () => new Proxy([1, 2], {}),
  () => new Proxy(new Float32Array(2), {}),
  () => new Proxy({}, { get: throwing, has: throwing, ownKeys: throwing, getPrototypeOf: throwing }),
  () => new Proxy([1, 2], { get: throwing }),
  () => new AbortController().signal,
  () => AbortSignal.abort(),
];

function oddValue(r: Random): unknown {
  return r.pick(MAKERS)();
}

/**
 * A copy of arguments that were right, with an odd value in the place of one of them, or somewhere within.
 */
export function misuse(r: Random, given: readonly unknown[]): unknown[] {
  const copy = [...given];
  if (r.chance(0.05)) return copy.slice(0, r.below(copy.length + 1));
  if (r.chance(0.03)) return [...copy, oddValue(r)];
  for (let count = r.chance(0.2) ? 2 : 1; count > 0; count--) {
    const index = r.below(Math.max(1, copy.length));
    copy[index] = spoil(r, copy[index], 0);
  }
  return copy;
}

function spoil(r: Random, value: unknown, depth: number): unknown {
  if (depth < 5 && isOpen(value) && r.chance(depth === 0 ? 0.75 : 0.6)) return spoilWithin(r, value, depth);
  if (typeof value === 'object' && value !== null && r.chance(0.06)) return wrapped(r, value);
  return oddValue(r);
}

/** Whether a value can be copied with a change within. */
function isOpen(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  // A copy of a sparse array would be as long as that pretends to be.
  if (Array.isArray(value) && value.length > 1000) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || Array.isArray(value) || isMap(value)) return true;
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function spoilWithin(r: Random, value: object, depth: number): unknown {
  if (isMap(value)) {
    const map = new Map(value);
    const key: unknown = r.pick([...map.keys(), 'unknown']);
    if (r.chance(0.2)) map.delete(key);
    else map.set(r.chance(0.1) ? oddValue(r) : key, spoil(r, map.get(key), depth + 1));
    return map;
  }
  if (ArrayBuffer.isView(value)) {
    // One without entries may have no memory either.
    if (value.byteLength === 0) return oddValue(r);
    const array = (value as Float32Array).slice();
    const numbers = [Number.NaN, Infinity, -1, 0, 3e38, 1e9, 0.5, 255];
    // Longer or shorter, or another number in it.
    if (r.chance(0.3)) return array.subarray(0, r.below(array.length + 1));
    if (!(array instanceof BigInt64Array)) array[r.below(array.length)] = r.pick(numbers);
    return array;
  }
  if (Array.isArray(value)) {
    const list: unknown[] = [...value];
    const at = r.below(list.length);
    const change = r.below(7);
    if (change === 0) list.splice(at, 1);
    else if (change === 1) list.push(oddValue(r));
    else list[at] = spoil(r, list[at], depth + 1);
    return list;
  }
  const keys = Object.keys(value);
  const copy: Record<string, unknown> = { ...value };
  if (keys.length === 0 || r.chance(0.08)) {
    copy[r.pick(['unknown', 'Seed', '', '__proto_', 'constructor', 'toString'])] = oddValue(r);
    return copy;
  }
  const key = r.pick(keys);
  if (r.chance(0.08)) delete copy[key];
  else if (r.chance(0.06)) Object.defineProperty(copy, key, { get: throwing, enumerable: true });
  else copy[key] = spoil(r, copy[key], depth + 1);
  return copy;
}

/** The same value, seen through something that should make no difference, or throws. */
function wrapped(r: Random, value: object): unknown {
  if (r.chance(0.3)) return new Proxy(value, { get: throwing });
  if (r.chance(0.5)) return new Proxy(value, {});
  try {
    return Object.freeze(value);
  } catch {
    // A typed array, or what stands for one, cannot be frozen.
    return value;
  }
}
