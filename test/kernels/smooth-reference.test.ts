/** Smooth activations of the reference in float64: slopes by central differences, tails by what is known of them. */
import { describe, expect, test } from 'vitest';
import { createReferenceBackend } from '../../src/ops/reference/index.js';
import { erf, functions } from '../../src/ops/reference/smooth.js';
import { erf as integral } from '../engine/strided-functions.js';

const grid = Array.from({ length: 161 }, (_, i) => (i - 80) / 8 + 1 / 64);
/** Of leaky_relu and elu; the others have none. */
const PARAMETER = 0.3;

describe.each(Object.entries(functions))('%s', (_, { f, d }) => {
  test('the slope is that of the function, by differences of the fourth order', () => {
    const h = 1e-3;
    for (const x of grid) {
      const at = (steps: number) => f(x + steps * h, PARAMETER);
      const slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h);
      expect(Math.abs(d(x, PARAMETER) - slope), `at ${x}`).toBeLessThan(2e-11);
    }
  });

  test('the ends have no NaN', () => {
    for (const x of [1e300, -1e300, 40, -40, 0, -0]) expect(d(x, PARAMETER), `at ${x}`).not.toBeNaN();
    for (const x of [1e3, 1e300]) expect(d(x, PARAMETER)).toBe(1);
  });
});

test('NaN stays NaN', () => {
  expect(erf(Number.NaN)).toBeNaN();
  expect(functions.gelu.f(Number.NaN, PARAMETER)).toBeNaN();
  expect(functions.gelu.d(Number.NaN, PARAMETER)).toBeNaN();
});

test('a backend runs them over as many numbers as it is told to', () => {
  const { kernels, buffer, reservedBytes } = createReferenceBackend({ precision: 'float64' });
  const [x, y, dy, dx] = [0, 1, 2, 3].map((i) => reservedBytes + 64 * i);
  const at = (pointer: number, length: number) => new Float64Array(buffer, pointer, length);
  at(x, 4).set([-1.5, 0.25, 3, 9]);
  at(dy, 4).set([2, -3, 0.5, 9]);
  at(y, 4).fill(7);
  at(dx, 4).fill(7);
  kernels.gelu_forward(y, x, 3);
  kernels.gelu_backward(dx, x, dy, 3);
  const { f, d } = functions.gelu;
  expect([...at(y, 4)]).toEqual([f(-1.5, 0), f(0.25, 0), f(3, 0), 7]);
  expect([...at(dx, 4)]).toEqual([2 * d(-1.5, 0), -3 * d(0.25, 0), 0.5 * d(3, 0), 7]);
});

test('at 0 the slope is that from the left', () => {
  for (const zero of [0, -0]) {
    expect(functions.leaky_relu.d(zero, PARAMETER)).toBe(PARAMETER);
    expect(functions.elu.d(zero, PARAMETER)).toBe(PARAMETER);
  }
});

test('far to the left nothing is left but the tail, and no digits of it are lost', () => {
  for (const x of [-3.5, -5, -8, -12, -20, -30]) {
    // Mills' ratio between the bounds of Birnbaum and of Sampford.
    const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    const [low, high] = [2 / (Math.sqrt(x * x + 4) - x), 4 / (3 * -x + Math.sqrt(x * x + 8))];
    const ratio = functions.gelu.f(x, 0) / x / density;
    expect(ratio).toBeGreaterThan(low);
    expect(ratio).toBeLessThan(high);
  }
  expect(functions.gelu.f(-50, 0)).toBeCloseTo(0, 300);
  expect(functions.gelu_tanh.d(-1e10, 0)).toBe(0);
  expect(functions.gelu_tanh.d(-1e200, 0)).toBe(0);
  expect(functions.gelu_tanh.d(1e200, 0)).toBe(1);
  expect(functions.elu.f(1e-20, PARAMETER)).toBe(1e-20);
  expect(functions.elu.f(-1e-20, 1)).toBe(-1e-20);
});

test('erf is the integral', () => {
  for (const x of [...grid, 1e-10, -1e-10])
    expect(Math.abs(erf(x) - integral(x)), `at ${x}`).toBeLessThan(1e-14);
  for (const x of [1e-300, 1e-20]) expect(erf(x) / x).toBeCloseTo(2 / Math.sqrt(Math.PI), 14);
  expect([erf(0), erf(7), erf(-7), erf(1e300), erf(-1e300)]).toEqual([0, 1, -1, 1, -1]);
  for (const own of [erf, functions.gelu.f, functions.gelu.d]) expect(own(Number.NaN, 0)).toBeNaN();
  for (const x of [-6, -4, -3.1, 0.5, 4, 6]) {
    expect(Math.abs(functions.gelu.f(x, 0) - 0.5 * x * (1 + integral(x / Math.SQRT2)))).toBeLessThan(5e-14);
  }
});
