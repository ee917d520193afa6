/**
 * exp, log, the activations and sgd_step: every length, whole float32 range, in place and not, against
 * float64's Math.
 */
import { describe, expect, test } from 'vitest';
import { type Arena, describeBackends, filled, float64Arena, reals } from './harness.js';
import { sampled } from './samples.js';
import { expectClose, expectSame, expectWithinUlps } from './ulp.js';

type Forward = 'exp' | 'log' | `${'identity' | 'sigmoid' | 'tanh' | 'relu'}_forward`;
type Backward = `${'identity' | 'sigmoid' | 'tanh' | 'relu'}_backward`;

const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** Meaning in float64, and the bound in ulps that the contract gives. */
const forwards: readonly { name: Forward; exact: (x: number) => number; ulps: number }[] = [
  // Correct rounding is within half an ulp; what is exact is told by 0.
  { name: 'exp', exact: Math.exp, ulps: 2 },
  { name: 'log', exact: Math.log, ulps: 2 },
  { name: 'identity_forward', exact: (x) => x, ulps: 0 },
  { name: 'sigmoid_forward', exact: sigmoid, ulps: 3 },
  { name: 'tanh_forward', exact: Math.tanh, ulps: 3 },
  { name: 'relu_forward', exact: (x) => (Number.isNaN(x) ? x : Math.max(x, 0)), ulps: 0 },
];

/** Meaning in float64, and a bound that allows y·(1 - y) and y - y², 1 - y² and (1 - y)(1 + y). */
const backwards: readonly {
  name: Backward;
  forward: Forward;
  exact: (y: number, dy: number) => number;
  tolerance: (y: number, dy: number) => number;
}[] = [
  { name: 'identity_backward', forward: 'identity_forward', exact: (_, dy) => dy, tolerance: () => 0 },
  {
    name: 'sigmoid_backward',
    forward: 'sigmoid_forward',
    exact: (y, dy) => dy * (y * (1 - y)),
    tolerance: (y, dy) => 2 ** -22 * Math.abs(dy * y),
  },
  {
    name: 'tanh_backward',
    forward: 'tanh_forward',
    exact: (y, dy) => dy * (1 - y * y),
    tolerance: (_, dy) => 2 ** -22 * Math.abs(dy),
  },
  { name: 'relu_backward', forward: 'relu_forward', exact: (y, dy) => (y > 0 ? dy : 0), tolerance: () => 0 },
];

const lengths = [...Array(71).keys(), 5003];

function apply(
  arena: Arena,
  name: Forward,
  values: ArrayLike<number>,
  place: 'apart' | 'inPlace' = 'apart',
  end = false,
) {
  arena.begin();
  const n = values.length;
  const y = arena.output('y', place === 'inPlace' ? values : filled(n, Number.NaN), end);
  const x = place === 'inPlace' ? y : arena.input('x', values);
  arena.kernels[name](y.pointer, x.pointer, n);
  arena.check(`${name} of ${n} ${place}`);
  return y.read();
}

describeBackends('element-wise', (arena) => {
  describe.each(forwards)('$name', ({ name, exact, ulps }) => {
    test('every length, in place and apart', () => {
      for (const n of lengths) {
        const x = reals(n, n, 20).map((v) => (name === 'log' ? Math.abs(v) : v));
        const expected = x.map(exact);
        expectWithinUlps(`${name} of ${n}`, apply(arena, name, x), expected, ulps, x);
        expectWithinUlps(
          `${name} of ${n} at the end`,
          apply(arena, name, x, 'apart', true),
          expected,
          ulps,
          x,
        );
        expectWithinUlps(
          `${name} of ${n} in place`,
          apply(arena, name, x, 'inPlace', n % 2 === 0),
          expected,
          ulps,
          x,
        );
      }
    });

    test(`within ${ulps} ulp over all of float32`, () => {
      const got = apply(arena, name, sampled);
      expectWithinUlps(name, got, Float64Array.from(sampled, exact), ulps, sampled);
    });

    test('a value does not depend on its place', () => {
      for (let n = 1; n <= 23; n++) {
        const alone = apply(arena, name, [0.7])[0];
        expectSame(`${name} of ${n}`, apply(arena, name, filled(n, 0.7)), filled(n, alone));
      }
    });
  });

  test('reads and writes end at the last byte', () => {
    for (const { name } of forwards) {
      for (let n = 0; n < 35; n++) {
        arena.begin();
        const x = arena.input('x', filled(n, 1), true);
        const y = arena.output('y', filled(n, Number.NaN));
        arena.kernels[name](y.pointer, x.pointer, n);
        arena.check(`${name} of ${n}`);
      }
    }
  });

  test('the limits are reached exactly', () => {
    expect([...apply(arena, 'exp', [0, -Infinity, Infinity, 200, -200])]).toEqual([
      1,
      0,
      Infinity,
      Infinity,
      0,
    ]);
    expect([...apply(arena, 'log', [1, 0, Infinity])]).toEqual([0, -Infinity, Infinity]);
    expect([...apply(arena, 'sigmoid_forward', [0, Infinity, -Infinity, 100, -200])]).toEqual([
      0.5, 1, 0, 1, 0,
    ]);
    expect([...apply(arena, 'tanh_forward', [Infinity, -Infinity, 100, -100])]).toEqual([1, -1, 1, -1]);
    expect([...apply(arena, 'relu_forward', [Infinity, -Infinity, -1, 3])]).toEqual([Infinity, 0, 0, 3]);
    for (const { name } of forwards) expect(apply(arena, name, [Number.NaN])[0], name).toBeNaN();
    expect(apply(arena, 'log', [-1])[0]).toBeNaN();
  });

  test('sigmoid stays in [0, 1], tanh in [-1, 1], and tanh is odd', () => {
    const finite = sampled.filter((x) => !Number.isNaN(x));
    for (const y of apply(arena, 'sigmoid_forward', finite))
      if (y < 0 || y > 1) throw new Error(`sigmoid gave ${y}`);
    const plus = apply(arena, 'tanh_forward', finite);
    const minus = apply(
      arena,
      'tanh_forward',
      finite.map((x) => -x),
    );
    for (const y of plus) if (y < -1 || y > 1) throw new Error(`tanh gave ${y}`);
    expectSame(
      'tanh(-x)',
      minus,
      plus.map((y) => -y),
    );
  });

  describe.each(backwards)('$name', ({ name, exact, tolerance }) => {
    // Each of the three arrays may be another, and each may end the memory.
    test.each(['apart', 'dx = dy', 'dx = y'] as const)('every length, %s', (place) => {
      for (const n of lengths) {
        for (const end of [undefined, 'y', 'dy', 'dx'] as const) {
          const y = reals(n, n).map((v) => (name === 'sigmoid_backward' ? Math.abs(v) : v));
          const dy = reals(n, n + 1, 4);
          arena.begin();
          const Y = place === 'dx = y' ? arena.output('y', y, end === 'y') : arena.input('y', y, end === 'y');
          const DY =
            place === 'dx = dy' ? arena.output('dy', dy, end === 'dy') : arena.input('dy', dy, end === 'dy');
          const DX =
            place === 'dx = y'
              ? Y
              : place === 'dx = dy'
                ? DY
                : arena.output('dx', filled(n, Number.NaN), end === 'dx');
          arena.kernels[name](DX.pointer, Y.pointer, DY.pointer, n);
          const context = `${name} of ${n}, ${place}, ${end} at the end`;
          arena.check(context);
          expectClose(
            context,
            DX.read(),
            y.map((v, i) => exact(v, dy[i])),
            (i) => tolerance(y[i], dy[i]),
          );
        }
      }
    });

    test('passes NaN and infinity on', () => {
      arena.begin();
      const y = arena.input('y', filled(5, 0.5));
      const dy = arena.input('dy', [Number.NaN, Infinity, -Infinity, 1, 0]);
      const dx = arena.output('dx', filled(5, 0));
      arena.kernels[name](dx.pointer, y.pointer, dy.pointer, 5);
      expect([...dx.read()].slice(0, 3)).toEqual([Number.NaN, Infinity, -Infinity]);
    });
  });

  test('relu_backward is 0 where y is 0, whatever dy', () => {
    arena.begin();
    const y = arena.input('y', filled(6, 0));
    const dy = arena.input('dy', [1, -1, Infinity, -Infinity, Number.NaN, 3]);
    const dx = arena.output('dx', filled(6, Number.NaN));
    arena.kernels.relu_backward(dx.pointer, y.pointer, dy.pointer, 6);
    expectSame('relu_backward', dx.read(), filled(6, 0));
  });

  test.each([0, 0.5, 0.1, 1e-3, -2])('sgd_step with learning rate %d', (rate) => {
    for (const n of lengths) {
      const w = reals(n, n);
      const g = reals(n, n + 1);
      for (const end of ['w', 'g'] as const) {
        arena.begin();
        const W = arena.output('w', w, end === 'w');
        const G = arena.input('g', g, end === 'g');
        arena.kernels.sgd_step(W.pointer, G.pointer, n, rate);
        arena.check(`sgd_step of ${n}`);
        const step = (i: number) => Math.fround(rate) * g[i];
        const expected = w.map((v, i) => v - step(i));
        // The product is rounded, then the difference.
        const bound = (i: number) => 2 ** -24 * (Math.abs(step(i)) + Math.abs(expected[i])) * 1.0001;
        expectClose(`sgd_step of ${n}`, W.read(), expected, bound);
      }
    }
  });
});

describe('derivatives against central differences in float64', () => {
  const arena = float64Arena();
  test.each(backwards)('$name', ({ name, forward }) => {
    const x = reals(200, 5, 4).filter((v) => Math.abs(v) > 1e-3);
    const n = x.length;
    const h = 1e-6;
    const y = apply(arena, forward, x);
    const up = apply(
      arena,
      forward,
      x.map((v) => v + h),
    );
    const down = apply(
      arena,
      forward,
      x.map((v) => v - h),
    );
    const dy = reals(n, 6);
    arena.begin();
    const Y = arena.input('y', y);
    const DY = arena.input('dy', dy);
    const DX = arena.output('dx', filled(n, Number.NaN));
    arena.kernels[name](DX.pointer, Y.pointer, DY.pointer, n);
    arena.check(name);
    expectClose(
      name,
      DX.read(),
      dy.map((d, i) => (d * (up[i] - down[i])) / (2 * h)),
      () => 1e-8,
    );
  });
});
