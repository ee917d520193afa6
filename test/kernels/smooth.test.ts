/**
 * Activations whose backward reads the input: every length, float32's range, in place and not, split, against
 * closed forms.
 */
import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/engine/kernels.js';
import { density, normalCdf, sigmoid, softplus } from '../exact.js';
import { type Arena, describeBackends, filled, float64Arena, reals } from './harness.js';
import { parts, runOn, vector, vectorInout, vectorOut } from './operands.js';
import { sampled } from './samples.js';
import { expectClose, expectSame } from './ulp.js';

type Name = 'leaky_relu' | 'gelu' | 'gelu_tanh' | 'silu' | 'softplus' | 'elu';

interface Case {
  readonly name: Name;
  readonly parameter: number;
  f(x: number): number;
  d(x: number): number;
  /** Error allowed at x, for the value and the derivative. */
  bound(x: number, y: number): number;
  slopeBound(x: number): number;
}

const ulp = 2 ** -23;
const tiny = 2 ** -148;
const geluInner = (x: number) => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const slope = Math.fround(0.01);
const alpha = Math.fround(1.7);
/** What rounding x²/2 does to e^(-x²/2). */
const bell = (x: number) => ulp * (5 + Math.min(x * x, 250) / 2);

const cases: readonly Case[] = [
  {
    name: 'leaky_relu',
    parameter: slope,
    f: (x) => (x < 0 ? slope * x : x),
    d: (x) => (x > 0 ? 1 : slope),
    bound: (_, y) => ulp * Math.abs(y) + tiny,
    slopeBound: () => ulp,
  },
  {
    name: 'gelu',
    parameter: 0,
    f: (x) => x * normalCdf(x),
    d: (x) => normalCdf(x) + x * density(x),
    bound: (x, y) => (x > 0 ? 5 * ulp * Math.abs(y) : bell(x) * Math.abs(y) + Math.abs(x) * tiny) + tiny,
    slopeBound: (x) => 3 * ulp + bell(x) * Math.abs(x) * density(x),
  },
  {
    name: 'gelu_tanh',
    parameter: 0,
    f: (x) => x * sigmoid(geluInner(x)),
    d(x) {
      const s = sigmoid(geluInner(x));
      const inner = 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
      return s + (Math.abs(x) > 1e6 ? 0 : x * s * (1 - s) * inner);
    },
    bound: (x, y) =>
      ulp * (4 + (x < 0 ? 3 * Math.min(Math.abs(geluInner(x)), 200) : 0)) * Math.abs(y) +
      (1 + Math.abs(x)) * tiny,
    slopeBound: () => 40 * ulp,
  },
  {
    name: 'silu',
    parameter: 0,
    f: (x) => x * sigmoid(x),
    d: (x) => sigmoid(x) * (1 + (Math.abs(x) > 1e6 ? 0 : x * sigmoid(-x))),
    bound: (x, y) => 4 * ulp * Math.abs(y) + (1 + Math.abs(x)) * tiny,
    slopeBound: () => 8 * ulp,
  },
  {
    name: 'softplus',
    parameter: 0,
    f: softplus,
    d: sigmoid,
    bound: (_, y) => 4 * ulp * Math.abs(y) + tiny,
    slopeBound: () => 3 * ulp,
  },
  {
    name: 'elu',
    parameter: alpha,
    f: (x) => (x < 0 ? alpha * Math.expm1(x) : x),
    d: (x) => (x > 0 ? 1 : alpha * Math.exp(x)),
    bound: (_, y) => 3 * ulp * Math.abs(y) + tiny,
    slopeBound: () => 4 * ulp,
  },
];

const lengths = [...Array(37).keys(), 1003];
const range = sampled.filter((x, i) => i % 5 === 0 || !Number.isFinite(x) || Math.abs(x) < 1e-30);

type Kernel = (y: number, x: number, n: number, parameter: number) => void;

function apply(arena: Arena, { name, parameter }: Case, values: ArrayLike<number>, end?: 'x' | 'y') {
  const n = values.length;
  const kernel = arena.kernels[`${name}_forward`] as Kernel;
  const operands = { y: vectorOut(n), x: vector(values) };
  return runOn(arena, name, operands, ({ y, x }) => kernel(y.pointer, x.pointer, n, parameter), end).y;
}

describeBackends('smooth activations', (arena) => {
  describe.each(cases)('$name', (c) => {
    const { name, parameter, f, d, bound, slopeBound } = c;

    test('every length, apart and in place, at the end of memory', () => {
      for (const n of lengths) {
        const x = reals(n, n, 6);
        const exact = x.map(f);
        const tolerance = (i: number) => bound(x[i], exact[i]);
        for (const end of ['x', 'y'] as const)
          expectClose(`${name} of ${n}`, apply(arena, c, x, end), exact, tolerance);
        const kernel = arena.kernels[`${name}_forward`] as Kernel;
        const { x: same } = runOn(arena, name, { x: vectorInout(x) }, (at) =>
          kernel(at.x.pointer, at.x.pointer, n, parameter),
        );
        expectClose(`${name} of ${n} in place`, same, exact, tolerance);
      }
    });

    test('all of float32', () => {
      const x = range.filter((v) => Number.isFinite(v));
      const exact = Float64Array.from(x, f);
      const got = apply(arena, c, x);
      for (let i = 0; i < x.length; i++) {
        // Beyond float32 the product overflows; that is a matter of 1 ulp.
        if (Math.abs(exact[i]) > 3e38) continue;
        if (!(Math.abs(got[i] - exact[i]) <= bound(x[i], exact[i]))) {
          throw new Error(`${name}(${x[i]}) is ${got[i]}, exact ${exact[i]} ± ${bound(x[i], exact[i])}`);
        }
      }
      expect(apply(arena, c, [Number.NaN])[0]).toBeNaN();
      expect(apply(arena, c, [Infinity])[0]).toBe(Infinity);
    });

    test('the derivative: every length, apart and in place', () => {
      for (const n of lengths) {
        const x = reals(n, n + 7, 9);
        const dy = reals(n, n + 1, 4);
        const exact = x.map((v, i) => dy[i] * d(v));
        const tolerance = (i: number) => slopeBound(x[i]) * Math.abs(dy[i]) + tiny;
        const kernel = arena.kernels[`${name}_backward`] as Kernels['elu_backward'];
        const operands = { dx: vectorOut(n), x: vector(x), dy: vector(dy) };
        for (const end of ['dx', 'x', 'dy'] as const) {
          const { dx } = runOn(
            arena,
            name,
            operands,
            (at) => kernel(at.dx.pointer, at.x.pointer, at.dy.pointer, n, parameter),
            end,
          );
          expectClose(`${name}_backward of ${n}`, dx, exact, tolerance);
        }
        const { dy: onDy } = runOn(arena, name, { x: vector(x), dy: vectorInout(dy) }, (at) =>
          kernel(at.dy.pointer, at.x.pointer, at.dy.pointer, n, parameter),
        );
        const { x: onX } = runOn(arena, name, { x: vectorInout(x), dy: vector(dy) }, (at) =>
          kernel(at.x.pointer, at.x.pointer, at.dy.pointer, n, parameter),
        );
        expectClose(`${name}_backward on dy`, onDy, exact, tolerance);
        expectClose(`${name}_backward on x`, onX, exact, tolerance);
      }
    });

    test('the derivative over all of float32', () => {
      const x = range.filter((v) => Number.isFinite(v));
      const n = x.length;
      const kernel = arena.kernels[`${name}_backward`] as Kernels['elu_backward'];
      const operands = { dx: vectorOut(n), x: vector(x), dy: vector(filled(n, 1)) };
      const { dx } = runOn(arena, name, operands, (at) =>
        kernel(at.dx.pointer, at.x.pointer, at.dy.pointer, n, parameter),
      );
      for (let i = 0; i < n; i++) {
        const exact = d(x[i]);
        if (!(Math.abs(dx[i] - exact) <= slopeBound(x[i]) * Math.max(1, Math.abs(exact)))) {
          throw new Error(`${name}'(${x[i]}) is ${dx[i]}, exact ${exact} ± ${slopeBound(x[i])}`);
        }
      }
    });

    test('parts have the bits of the whole', () => {
      const n = 61;
      const [x, dy] = [reals(n, 3, 5), reals(n, 4, 2)];
      const forward = arena.kernels[`${name}_forward`] as Kernel;
      const backward = arena.kernels[`${name}_backward`] as Kernels['elu_backward'];
      const run = (cuts: [number, number][]) =>
        runOn(arena, name, { y: vectorOut(n), dx: vectorOut(n), x: vector(x), dy: vector(dy) }, (at) => {
          for (const [from, count] of cuts) {
            forward(at.y.after(from), at.x.after(from), count, parameter);
            backward(at.dx.after(from), at.x.after(from), at.dy.after(from), count, parameter);
          }
        });
      const [whole, cut] = [run([[0, n]]), run(parts(n))];
      expectSame('y', cut.y, whole.y);
      expectSame('dx', cut.dx, whole.dx);
    });
  });

  test('small inputs keep their precision', () => {
    const x = [1e-6, -1e-6, 1e-12, -1e-12];
    const [elu, softplusAt] = [cases[5], cases[4]];
    expectClose('elu', apply(arena, elu, x), x.map(elu.f), (i) => 2 * ulp * Math.abs(x[i] * alpha));
    const far = [-20, -40, -80];
    expectClose(
      'softplus',
      apply(arena, softplusAt, far),
      far.map(softplus),
      (i) => 4 * ulp * Math.exp(far[i]),
    );
  });
});

describe('derivatives against central differences in float64', () => {
  const arena = float64Arena();
  test.each(cases)('$name', (c) => {
    const x = reals(300, 5, 5).filter((v) => Math.abs(v) > 1e-3);
    const h = 1e-6;
    const up = apply(
      arena,
      c,
      x.map((v) => v + h),
    );
    const down = apply(
      arena,
      c,
      x.map((v) => v - h),
    );
    const dy = reals(x.length, 6);
    const kernel = arena.kernels[`${c.name}_backward`] as Kernels['elu_backward'];
    const operands = { dx: vectorOut(x.length), x: vector(x), dy: vector(dy) };
    const { dx } = runOn(arena, c.name, operands, (at) =>
      kernel(at.dx.pointer, at.x.pointer, at.dy.pointer, x.length, c.parameter),
    );
    expectClose(
      c.name,
      dx,
      dy.map((v, i) => (v * (up[i] - down[i])) / (2 * h)),
      () => 1e-8,
    );
  });
});
