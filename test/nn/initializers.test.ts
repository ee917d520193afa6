/** Initial values: their range and spread, what they depend on, and their bits, which are a promise. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { dense } from '../../src/nn/dense.js';
import {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  type InitializerName,
  zeros,
} from '../../src/nn/initializers.js';
import { parametersOf, sequential } from '../../src/nn/sequential.js';

const [fanIn, fanOut] = [300, 200];

function filled(initializer: Initializer, shape = [fanIn, fanOut], seed = 1, stream = 0): Float32Array {
  const values = new Float32Array(shape.reduce((product, n) => product * n));
  initializer.fill(values, shape, seed, stream);
  return values;
}

/** Mean, deviation and fourth standardised moment. */
function moments(values: Float32Array) {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n;
  const fourth = values.reduce((sum, v) => sum + (v - mean) ** 4, 0) / n;
  return { mean, deviation: Math.sqrt(variance), kurtosis: fourth / variance ** 2 };
}

describe.each([
  ['glorotUniform', glorotUniform(), Math.sqrt(6 / (fanIn + fanOut))],
  ['heUniform', heUniform(), Math.sqrt(6 / fanIn)],
] as const)('%s', (name, initializer, bound) => {
  test('is uniform within its bound', () => {
    expect(initializer.name).toBe(name);
    const values = filled(initializer);
    const limit = Math.fround(bound);
    expect(values.every((v) => Math.abs(v) <= limit)).toBe(true);
    const { mean, deviation, kurtosis } = moments(values);
    // Six deviations of each estimate from 60,000 values.
    expect(Math.abs(mean)).toBeLessThan((6 * bound) / Math.sqrt(3 * values.length));
    expect(Math.abs(deviation / (bound / Math.sqrt(3)) - 1)).toBeLessThan(0.012);
    expect(Math.abs(kurtosis - 1.8)).toBeLessThan(0.03);
    expect(values.some((v) => v > 0.999 * bound) && values.some((v) => v < -0.999 * bound)).toBe(true);
  });
});

describe.each([
  ['glorotNormal', glorotNormal(), Math.sqrt(2 / (fanIn + fanOut))],
  ['heNormal', heNormal(), Math.sqrt(2 / fanIn)],
] as const)('%s', (name, initializer, expected) => {
  test('is normal with its deviation', () => {
    expect(initializer.name).toBe(name);
    const values = filled(initializer);
    const { mean, deviation, kurtosis } = moments(values);
    expect(Math.abs(mean)).toBeLessThan((6 * expected) / Math.sqrt(values.length));
    expect(Math.abs(deviation / expected - 1)).toBeLessThan(0.018);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.12);
    // Within one deviation 68.27 %, and tails: it is not cut off.
    const inside = values.filter((v) => Math.abs(v) < expected).length / values.length;
    expect(Math.abs(inside - 0.6827)).toBeLessThan(0.0115);
    expect(values.some((v) => v > 3.5 * expected) && values.some((v) => v < -3.5 * expected)).toBe(true);
  });
});

test('fans are the axes of [in, out]; a vector is one row', () => {
  const largest = (initializer: Initializer, shape: number[]) =>
    filled(initializer, shape).reduce((max, v) => Math.max(max, Math.abs(v)), 0);
  expect(largest(heUniform(), [4, 5000]) / Math.sqrt(6 / 4)).toBeCloseTo(1, 2);
  expect(largest(heUniform(), [5000, 4]) / Math.sqrt(6 / 5000)).toBeCloseTo(1, 2);
  expect(largest(glorotUniform(), [4, 5000]) / Math.sqrt(6 / 5004)).toBeCloseTo(1, 2);
  expect(largest(heUniform(), [5000]) / Math.sqrt(6)).toBeCloseTo(1, 2);
  expect(largest(glorotUniform(), [5000]) / Math.sqrt(6 / 5001)).toBeCloseTo(1, 2);
});

test('zeros and constants', () => {
  expect(filled(zeros(), [3]).every((v) => Object.is(v, 0))).toBe(true);
  expect([...filled(constant(0.25), [3])]).toEqual([0.25, 0.25, 0.25]);
  expect(constant(0.25).name).toBe('constant(0.25)');
  for (const value of [Number.NaN, Infinity, '1', undefined, null]) {
    expect(() => constant(value as number), `${value}`).toThrow(OptionError);
  }
  expect(() => constant(Number.NaN)).toThrow('constant: expected a finite number, given NaN');
});

describe.each([glorotUniform, glorotNormal, heUniform, heNormal])('%o', (create) => {
  test('depends on seed and stream, and on nothing else', () => {
    const values = filled(create(), [30, 20], 1, 0);
    expect(filled(create(), [30, 20], 1, 0)).toEqual(values);
    const others = [
      [2, 0],
      [1, 1],
      [2 ** 32 + 1, 0],
      [2 ** 53 - 1, 0],
    ].map(([seed, stream]) => filled(create(), [30, 20], seed, stream));
    for (const [i, other] of others.entries()) {
      const equal = other.filter((v, j) => v === values[j]).length;
      expect(equal, `${i}`).toBeLessThan(4);
    }
  });
});

test.each<[InitializerName, string]>([
  ['glorotUniform', '927cbc74780d4b22'],
  ['glorotNormal', '7de78f2315310978'],
  ['heUniform', 'c0f05c82f1e06018'],
  ['heNormal', '4011d5f1675262ab'],
])('%s has the bits that it always had', (name, golden) => {
  const model = sequential(784, [dense(300, { weightInitializer: name, biasInitializer: name }), dense(10)], {
    seed: 20_260_101_000_007,
  });
  const hash = createHash('sha256');
  for (const { values } of model.parameters) hash.update(new Uint8Array(values.buffer));
  expect(hash.digest('hex').slice(0, 16)).toBe(golden);
});

describe('in a model', () => {
  const names = (activation: 'relu' | 'tanh') =>
    parametersOf('test', 2, [dense(3, { activation })]).map(({ initializer }) => initializer.name);

  test('relu begins with He, others with Glorot, biases with zeros', () => {
    expect(names('relu')).toEqual(['heNormal', 'zeros']);
    expect(names('tanh')).toEqual(['glorotUniform', 'zeros']);
  });

  test('every parameter has a stream of its own: its place among the parameters', () => {
    const options = { weightInitializer: glorotUniform(), biasInitializer: glorotUniform() };
    const layers = [
      dense(5, options),
      dense(5, options),
      dense(5, { ...options, bias: false }),
      dense(5, options),
    ];
    const { parameters } = sequential(5, layers, { seed: 9 });
    for (const [i, { values, shape }] of parameters.entries()) {
      expect(values, `${i}`).toEqual(filled(glorotUniform(), [...shape], 9, i));
    }
    expect(new Set(parameters.map(({ values }) => values[0])).size).toBe(parameters.length);
  });

  test("one of one's own is called with shape, seed and stream", () => {
    const calls: unknown[] = [];
    const own: Initializer = {
      name: 'own',
      fill(values, shape, seed, stream) {
        calls.push([values.length, shape, seed, stream]);
        values.fill(7);
      },
    };
    const model = sequential(4, [dense(3, { weightInitializer: own }), dense(2, { biasInitializer: own })], {
      seed: 6,
    });
    expect(calls).toEqual([
      [12, [4, 3], 6, 0],
      [2, [2], 6, 3],
    ]);
    expect(model.parameters.map(({ values }) => values[0] === 7)).toEqual([true, false, false, true]);
  });

  test.each([['glorot'], ['toString'], [3], [() => 1], [{ fill: 1 }]])('%o is no initializer', (given) => {
    for (const option of ['weightInitializer', 'biasInitializer']) {
      const make = () => dense(3, { [option]: given as never });
      expect(make).toThrow(OptionError);
      expect(make).toThrow(`option ${option}: expected an initializer or one of "glorotUniform"`);
    }
  });
});
