/** The harness itself: its guards notice, and its shapes are read. */
import { describe, expect, test } from 'vitest';
import { formatShape, parseShape } from '../../bench/shapes.js';
import { createReferenceBackend } from '../../src/ops/reference/index.js';
import { Arena, describeBackends, float64Arena, gathered, spread } from './harness.js';
import { ulpAt, ulpError } from './ulp.js';

describe('shape grammar', () => {
  test.each(['64x784:784x300', '3*64x784:784x300', '0x1:1x2', '0*1x1:1x1'])('%s', (text) => {
    expect(formatShape(parseShape(text))).toBe(text);
  });

  test('names the parts', () => {
    expect(parseShape('3*64x784:784x300')).toEqual({ B: 3, M: 64, K: 784, N: 300 });
    expect(parseShape('64x784:784x300').B).toBe(1);
  });

  test.each(['', '64x784', '64x784:300x784', 'ax1:1x1', '1x1:1x1 '])('refuses %j', (text) => {
    expect(() => parseShape(text)).toThrow(JSON.stringify(text));
  });
});

describeBackends('arena', (arena) => {
  test('notices a write before, after and into an input', () => {
    for (const offset of [-4, 0, 12]) {
      arena.begin();
      const x = arena.input('x', [1, 2, 3]);
      arena.kernels.exp(x.pointer + offset, x.pointer, 1);
      expect(() => arena.check('exp')).toThrow('x is [');
    }
  });

  test('ends an array at the last byte, where memory cannot be overrun', () => {
    arena.begin();
    const x = arena.output('x', [1, 2, 3], true);
    arena.kernels.identity_forward(x.pointer, x.pointer, 3);
    arena.check('identity_forward');
    expect([...x.read()]).toEqual([1, 2, 3]);
    expect(() => arena.input('y', [1], true)).toThrow('only one');
  });
});

test('the float64 arena holds doubles', () => {
  const arena = float64Arena();
  const x = arena.output('x', [0.1]);
  arena.kernels.exp(x.pointer, x.pointer, 1);
  expect(x.read()[0]).toBe(Math.exp(0.1));
});

test('spread and gathered are inverse, and see a write between rows', () => {
  const flat = spread([1, 2, 3, 4], 2, 2, 5);
  expect([...gathered(flat, 2, 2, 5)]).toEqual([1, 2, 3, 4]);
  flat[3] = 0;
  expect(() => gathered(flat, 2, 2, 5)).toThrow('row 0');
});

test('ulps', () => {
  expect(ulpAt(1)).toBe(2 ** -23);
  expect(ulpAt(1.99)).toBe(2 ** -23);
  expect(ulpAt(1e-44)).toBe(2 ** -149);
  expect(ulpAt(0)).toBe(2 ** -149);
  expect(ulpError(Infinity, 2 ** 128 - 2 ** 103)).toBe(0.5);
  expect(ulpError(Number.NaN, 1)).toBe(Infinity);
  expect(ulpError(Number.NaN, Number.NaN)).toBe(0);
});

describe('reference memory', () => {
  test('keeps its contents when it grows, and never shrinks', () => {
    const backend = createReferenceBackend();
    new Uint8Array(backend.buffer).fill(7);
    const before = backend.buffer.byteLength;
    backend.reserve(before + 1);
    expect(backend.buffer.byteLength).toBeGreaterThan(before);
    const grown = backend.buffer;
    backend.reserve(1);
    expect(backend.buffer).toBe(grown);
    expect(new Uint8Array(grown)[before - 1]).toBe(7);
    expect(new Uint8Array(grown)[before]).toBe(0);
  });

  test('refuses what pointers cannot reach', () => {
    expect(() => createReferenceBackend().reserve(2 ** 33)).toThrow('memory: expected at most 4 GiB');
  });

  test('a new arena works on a fresh backend', () => {
    expect(new Arena(createReferenceBackend()).elementBytes).toBe(4);
  });
});
