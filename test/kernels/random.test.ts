/**
 * Philox by its published answers, and every backend's random kernels bit for bit against the functions
 * verified here.
 */
import { describe, expect, test } from 'vitest';
import { fillPermutation } from '../../src/base/permutation.js';
import {
  fillNormal,
  fillUniform,
  inverseNormal,
  ln,
  normal,
  philox,
  randomSource,
  uniform,
} from '../../src/base/random.js';
import { describeBackends, filled } from './harness.js';

/** The bits of element i, straight from the definition. */
function bitsOf(i: number, seed: number, stream: number): number {
  const { seedLow, seedHigh } = randomSource(seed, stream);
  const out = new Uint32Array(4);
  philox(out, Math.floor(i / 4) % 2 ** 32, 0, stream, 0, seedLow, seedHigh);
  return out[i % 4];
}

describe('philox', () => {
  // Random123, tests/kat_vectors: counter, key, block.
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('known answer for counter %j', ([c0, c1, c2, c3], [k0, k1], block) => {
    const out = new Uint32Array(4);
    philox(out, c0, c1, c2, c3, k0, k1);
    expect([...out]).toEqual(block);
  });

  test('a seed is split into 32 and 21 bits', () => {
    expect(randomSource(2 ** 53 - 1, 3)).toEqual({ seedLow: 0xffffffff, seedHigh: 0x1fffff, stream: 3 });
    expect(randomSource(5, 0)).toEqual({ seedLow: 5, seedHigh: 0, stream: 0 });
  });
});

describe('distributions', () => {
  test('ln', () => {
    for (let i = -1000; i < 1000; i++) {
      const x = 1.37 ** i;
      if (x < 2.3e-308 || x === Infinity) continue;
      expect(Math.abs(ln(x) - Math.log(x))).toBeLessThanOrEqual(4e-16 * Math.max(Math.abs(Math.log(x)), 0.5));
    }
    expect(ln(1)).toBe(0);
  });

  // The first two are Wichura's own test values; the others are standard tables'.
  test.each([
    [0.25, -0.6744897501960817],
    [0.001, -3.090232306167814],
    [1e-20, -9.262340089798409],
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.99, 2.3263478740408408],
    [0.995, 2.5758293035489004],
    [0.9, 1.2815515655446004],
    [1e-8, -5.612001244174789],
    [1e-10, -6.361340902404056],
    [1e-12, -7.034483825301132],
  ])('the normal quantile at %d', (p, z) => {
    expect(Math.abs(inverseNormal(p) - z)).toBeLessThanOrEqual(4e-15 * Math.max(1, Math.abs(z)));
  });

  test('extreme bits give finite numbers', () => {
    expect(normal(0)).toBeCloseTo(-6.337957754554, 10);
    expect(normal(0xffffffff)).toBeCloseTo(6.337957754554, 10);
    expect(uniform(0, -1, 2)).toBe(-1);
    expect(uniform(0xffffffff, -1, 2)).toBe(1 - 2 ** -23);
  });
});

/** Φ by its power series; the terms vanish long before x = 7 troubles them. */
function normalCdf(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/**
 * Kolmogorov's statistic, √n times the largest distance from the distribution; above 1.95 once in a thousand.
 */
function kolmogorov(values: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  let largest = 0;
  sorted.forEach((x, i) => {
    largest = Math.max(largest, Math.abs(cdf(x) - i / n), Math.abs(cdf(x) - (i + 1) / n));
  });
  return Math.sqrt(n) * largest;
}

describeBackends('random', (arena) => {
  type Draw = { n: number; seed?: number; stream?: number; first?: number };

  function draw(
    kind: 'uniform' | 'normal',
    { n, seed = 1, stream = 0, first = 0 }: Draw,
    p: number,
    q: number,
  ) {
    arena.begin();
    const { seedLow, seedHigh } = randomSource(seed, stream);
    const y = arena.output('y', filled(n, Number.NaN), n % 2 === 0);
    arena.kernels[`random_${kind}`](y.pointer, n, seedLow, seedHigh, stream, first, p, q);
    arena.check(`random_${kind} of ${n}`);
    return y.read();
  }

  function permutation(n: number, seed: number, stream: number): Uint32Array {
    arena.begin();
    const { seedLow, seedHigh } = randomSource(seed, stream);
    const y = arena.outputInts('y', new Uint32Array(n), n % 2 === 0);
    arena.kernels.random_permutation(y.pointer, n, seedLow, seedHigh, stream);
    arena.check(`random_permutation of ${n}`);
    return y.read();
  }

  test("Random123's known answer appears in uniform numbers", () => {
    const expected = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8].map((bits) => (bits >>> 8) / 2 ** 24);
    expect([...draw('uniform', { n: 4, seed: 0 }, 0, 1)]).toEqual(expected);
  });

  const draws: Draw[] = [
    ...Array.from({ length: 12 }, (_, n) => ({ n })),
    { n: 1000 },
    ...[1, 2, 3, 4, 5, 998].map((first) => ({ n: 37, first })),
    { n: 9, first: 2 ** 32 - 3 },
    { n: 9, first: 2 ** 34 - 3 },
    { n: 9, first: 2 ** 53 - 20 },
    { n: 50, seed: 2 ** 53 - 1, stream: 2 ** 32 - 1 },
    { n: 50, seed: 2 ** 32, stream: 7 },
    { n: 50, seed: 0xdeadbeef, stream: 2 ** 31 },
  ];

  test.each(draws)('uniform and normal have the defined bits: %j', (at) => {
    const { n, seed = 1, stream = 0, first = 0 } = at;
    const bits = Array.from({ length: n }, (_, j) => bitsOf(first + j, seed, stream));
    for (const [low, high] of [
      [0, 1],
      [-0.1, 0.3],
      [-3, 3],
    ]) {
      const [from, to] = [Math.fround(low), Math.fround(high)];
      const expected = bits.map((b) => uniform(b, from, Math.fround(to - from)));
      expect([...draw('uniform', at, low, high)]).toEqual(expected);
    }
    for (const [mean, deviation] of [
      [0, 1],
      [0.1, 0.3],
    ]) {
      const expected = bits.map((b) => Math.fround(mean + deviation * normal(b)));
      expect([...draw('normal', at, mean, deviation)]).toEqual(expected);
    }
  });

  test('normal has the defined bits far into its tails', () => {
    const n = 60_000;
    const expected = new Float32Array(n);
    fillNormal(expected, 11, 2, 0, 1);
    expect(
      Buffer.from(draw('normal', { n, seed: 11, stream: 2 }, 0, 1).buffer).equals(
        Buffer.from(expected.buffer),
      ),
    ).toBe(true);
    expect(expected.some((z) => Math.abs(z) > 3.9)).toBe(true);
  });

  test('the functions over plain arrays give the same bits', () => {
    const plain = new Float32Array(101);
    fillUniform(plain, 9, 4, -0.5, 0.5);
    expect([...draw('uniform', { n: 101, seed: 9, stream: 4 }, -0.5, 0.5)]).toEqual([...plain]);
    fillNormal(plain, 9, 4, 1, 2);
    expect([...draw('normal', { n: 101, seed: 9, stream: 4 }, 1, 2)]).toEqual([...plain]);
  });

  test('uniform lies in its interval and is spread evenly', () => {
    for (const [low, high] of [
      [0, 1],
      [-0.5, 0.5],
      [2, 6],
    ]) {
      const y = draw('uniform', { n: 20_000, seed: 3 }, low, high);
      for (const v of y) if (!(v >= low && v < high)) throw new Error(`${v} is not in [${low}, ${high})`);
      expect(kolmogorov(y, (x) => (x - low) / (high - low))).toBeLessThan(1.95);
    }
  });

  test('normal has its moments and its distribution', () => {
    const n = 20_000;
    const y = draw('normal', { n, seed: 5 }, 2, 3);
    const z = Float64Array.from(y, (v) => (v - 2) / 3);
    const moment = (k: number) => z.reduce((sum, v) => sum + v ** k, 0) / n;
    // Four standard errors.
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
    expect(kolmogorov(z, normalCdf)).toBeLessThan(1.95);
  });

  test('streams and seeds are independent', () => {
    const base = draw('uniform', { n: 1000, seed: 1, stream: 0 }, -1, 1);
    for (const other of [
      { seed: 2, stream: 0 },
      { seed: 1, stream: 1 },
      { seed: 1 + 2 ** 32, stream: 0 },
    ]) {
      const y = draw('uniform', { n: 1000, ...other }, -1, 1);
      const products = Float64Array.from(y, (v, i) => v * base[i]);
      const correlation = products.reduce((a, b) => a + b, 0) / (1000 / 3);
      expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(1000));
    }
  });

  test('a permutation holds every index once, as defined', () => {
    for (const n of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 64, 1000, 4099]) {
      const y = permutation(n, 7, 3);
      expect([...y].sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
      const expected = new Uint32Array(n);
      fillPermutation(expected, randomSource(7, 3));
      expect([...y]).toEqual([...expected]);
      const naive = [...Array(n).keys()];
      for (let i = n - 1; i > 0; i--) {
        const j = Number((BigInt(i + 1) * BigInt(bitsOf(i, 7, 3))) >> 32n);
        [naive[i], naive[j]] = [naive[j], naive[i]];
      }
      expect([...y]).toEqual(naive);
    }
  });

  test('permutations differ by seed and stream, and every first index occurs', () => {
    const base = permutation(100, 1, 0);
    for (const other of [permutation(100, 2, 0), permutation(100, 1, 1)])
      expect([...other]).not.toEqual([...base]);
    const firsts = new Set(Array.from({ length: 100 }, (_, stream) => permutation(5, 1, stream)[0]));
    expect(firsts.size).toBe(5);
  });
});
