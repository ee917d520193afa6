/**
 * Optimizer steps and what surrounds them: every length, guards, formulas in float64, denormals, parts
 * against the whole.
 */
import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/engine/kernels.js';
import { type Arena, describeBackends, filled, integers, reals } from './harness.js';
import { type Operands, type Places, parts, runOn, vector, vectorInout, vectorOut } from './operands.js';
import { expectClose, expectSame } from './ulp.js';

const lengths = [...Array(35).keys(), 517];
const ulp = 2 ** -23;
const f = Math.fround;

type Slot = 'w' | 'a' | 'b' | 'c';

interface Element {
  w: number;
  g: number;
  a: number;
  b: number;
  c: number;
}

interface Step {
  readonly name: string;
  /** The state that the kernel keeps. */
  readonly slots: readonly Slot[];
  call(kernels: Kernels, at: Record<Slot | 'g', number>, n: number): void;
  /** One element's new values, in float64. */
  exact(e: Element): Partial<Element>;
}

const [rate, momentum, decay, eps] = [f(0.1), f(0.9), f(0.02), f(1e-3)];
const [beta1, share1, beta2, share2] = [f(0.9), f(0.1), f(0.99), f(0.01)];

const steps: readonly Step[] = [
  {
    name: 'sgd with weight decay',
    slots: [],
    call: (k, { w, g }, n) => k.sgd_momentum_step(w, 0, g, n, rate, 0, 1, 0, decay),
    exact: ({ w, g }) => ({ w: w - rate * (g + decay * w) }),
  },
  {
    name: 'sgd with momentum and dampening',
    slots: ['a'],
    call: (k, { w, g, a }, n) => k.sgd_momentum_step(w, a, g, n, rate, momentum, f(0.7), 0, decay),
    exact({ w, g, a }) {
      const b = momentum * a + f(0.7) * (g + decay * w);
      return { a: b, w: w - rate * b };
    },
  },
  {
    name: 'sgd with Nesterov’s momentum',
    slots: ['a'],
    call: (k, { w, g, a }, n) => k.sgd_momentum_step(w, a, g, n, rate, momentum, 1, 1, decay),
    exact({ w, g, a }) {
      const d = g + decay * w;
      const b = momentum * a + d;
      return { a: b, w: w - rate * (d + momentum * b) };
    },
  },
  {
    name: 'adam',
    slots: ['a', 'b'],
    call: (k, { w, g, a, b }, n) =>
      k.adam_step(w, a, b, g, n, rate, beta1, share1, beta2, share2, f(1.5), eps, decay, f(0.98)),
    exact({ w, g, a, b }) {
      const d = g + decay * w;
      const m = beta1 * a + share1 * d;
      const v = beta2 * b + share2 * d * d;
      return { a: m, b: v, w: f(0.98) * w - (rate * m) / (Math.sqrt(v) * f(1.5) + eps) };
    },
  },
  {
    name: 'rmsprop',
    slots: ['a'],
    call: (k, { w, g, a }, n) => k.rmsprop_step(w, a, 0, 0, g, n, rate, beta2, share2, eps, decay, 0),
    exact({ w, g, a }) {
      const d = g + decay * w;
      const v = beta2 * a + share2 * d * d;
      return { a: v, w: w - (rate * d) / (Math.sqrt(v) + eps) };
    },
  },
  {
    name: 'rmsprop, centred, with momentum',
    slots: ['a', 'b', 'c'],
    call: (k, { w, g, a, b, c }, n) =>
      k.rmsprop_step(w, a, b, c, g, n, rate, beta2, share2, eps, 0, momentum),
    exact({ w, g, a, b, c }) {
      // The state is a² + 1 above, so that the variance is far from 0.
      const v = beta2 * a + share2 * g * g;
      const mean = beta2 * b + share2 * g;
      const d = momentum * c + g / (Math.sqrt(v - mean * mean) + eps);
      return { a: v, b: mean, c: d, w: w - rate * d };
    },
  },
  {
    name: 'adagrad',
    slots: ['a'],
    call: (k, { w, g, a }, n) => k.adagrad_step(w, a, g, n, rate, eps, decay),
    exact({ w, g, a }) {
      const d = g + decay * w;
      const sum = a + d * d;
      return { a: sum, w: w - (rate * d) / (Math.sqrt(sum) + eps) };
    },
  },
];

function elements(n: number): Element[] {
  const [w, g, a, b, c] = [1, 2, 3, 4, 5].map((seed) => reals(n, 10 * n + seed, 2));
  // Second moments are not negative.
  return Array.from(w, (_, i) => ({
    w: w[i],
    g: g[i],
    a: f(Math.abs(a[i]) + 4),
    b: f(Math.abs(b[i]) / 2),
    c: c[i],
  }));
}

function runStep(
  arena: Arena,
  { name, call }: Step,
  from: readonly Element[],
  end?: Slot | 'g',
  cuts: [number, number][] = [[0, from.length]],
) {
  const of = (key: keyof Element) => from.map((e) => e[key]);
  const operands = {
    ...{ w: vectorInout(of('w')), a: vectorInout(of('a')), b: vectorInout(of('b')), c: vectorInout(of('c')) },
    g: vector(of('g')),
  };
  return runOn(
    arena,
    `${name} of ${from.length}`,
    operands,
    (p) => {
      for (const [at, count] of cuts) {
        const [w, a, b, c, g] = [p.w, p.a, p.b, p.c, p.g].map((place) => place.after(at));
        call(arena.kernels, { w, a, b, c, g }, count);
      }
    },
    end,
  );
}

describeBackends('optimizer steps', (arena) => {
  describe.each(steps)('$name', (step) => {
    const { slots, exact } = step;

    test('every length', () => {
      for (const n of lengths) {
        const from = elements(n);
        const ends = ['w', 'g', ...slots] as const;
        const got = runStep(arena, step, from, ends[n % ends.length]);
        const to = from.map((e) => ({ ...e, ...exact(e) }));
        for (const name of ['w', 'a', 'b', 'c'] as const) {
          const expected = to.map((e) => e[name]);
          const kept = name !== 'w' && !slots.includes(name);
          expectClose(`${step.name}, ${name} of ${n}`, got[name], expected, () => (kept ? 0 : 12 * ulp));
        }
      }
    });

    test('parts have the bits of the whole', () => {
      const from = elements(53);
      const [whole, cut] = [runStep(arena, step, from), runStep(arena, step, from, undefined, parts(53))];
      for (const name of ['w', 'a', 'b', 'c'] as const) expectSame(name, cut[name], whole[name]);
    });

    test('padding of zeros stays zero', () => {
      const got = runStep(
        arena,
        step,
        filled(7, 0).reduce<Element[]>((all) => [...all, { w: 0, g: 0, a: 0, b: 0, c: 0 }], []),
      );
      for (const name of ['w', 'a', 'b', 'c'] as const) expectSame(name, got[name], filled(7, 0));
    });

    test('NaN shows', () => {
      const from = elements(5);
      from[2].g = Number.NaN;
      expect([...runStep(arena, step, from).w].map(Number.isNaN)).toEqual([false, false, true, false, false]);
    });
  });

  test('states end at 0, not among the denormals', () => {
    for (const step of steps) {
      if (step.slots.length === 0 || step.name === 'adagrad') continue;
      let from: Element[] = [1e-20, -1, 1e-30, 1e-10, 3e-17].map((g) => ({ w: 1, g, a: 1, b: 1, c: 1 }));
      for (let i = 0; i < 30_000; i++) {
        // One call does a hundred steps' decay: the state is scaled down from outside.
        const got = runStep(arena, step, from);
        from = from.map((e, j) => ({
          ...e,
          g: i < 3 ? e.g : 0,
          a: got.a[j] * (i % 50 === 0 ? 2 ** -20 : 1),
          b: got.b[j] * (i % 50 === 0 ? 2 ** -20 : 1),
          c: got.c[j] * (i % 50 === 0 ? 2 ** -20 : 1),
        }));
        for (const slot of step.slots) {
          for (const e of from) {
            const size = Math.abs(e[slot]);
            if (size > 0 && size < 2 ** -120.5) throw new Error(`${step.name}: ${slot} is ${size}`);
          }
        }
        if (step.slots.every((slot) => from.every((e) => e[slot] === 0))) break;
        if (i === 29_999) throw new Error(`${step.name}: the state is still ${JSON.stringify(from[0])}`);
        i += 49;
      }
    }
  });
});

interface Flat {
  readonly name: string;
  readonly operands: (n: number) => Operands;
  call(kernels: Kernels, at: Record<string, number>, n: number): void;
  /** Of element i, given the operands' values. */
  exact: Record<string, (e: Record<string, number>) => number>;
  readonly ulps: number;
}

const xy = (n: number) => ({ y: vectorInout(reals(n, n + 1, 3)), x: vector(reals(n, n, 3)) });

const flats: readonly Flat[] = [
  {
    name: 'multiply',
    operands: (n) => ({ y: vectorOut(n), a: vector(reals(n, n, 3)), b: vector(reals(n, n + 1)) }),
    call: (k, { y, a, b }, n) => k.multiply(y, a, b, n),
    exact: { y: ({ a, b }) => f(a * b) },
    ulps: 0,
  },
  {
    name: 'scale',
    operands: (n) => ({ y: vectorInout(reals(n, n)) }),
    call: (k, { y }, n) => k.scale(y, n, rate),
    exact: { y: ({ y }) => f(y * rate) },
    ulps: 0,
  },
  {
    name: 'add_scaled',
    operands: xy,
    call: (k, { y, x }, n) => k.add_scaled(y, x, n, rate, 1),
    exact: { y: ({ y, x }) => y + rate * x },
    ulps: 4,
  },
  {
    name: 'add_scaled, overwriting',
    operands: (n) => ({ y: vectorOut(n), x: vector(reals(n, n)) }),
    call: (k, { y, x }, n) => k.add_scaled(y, x, n, rate, 0),
    exact: { y: ({ x }) => f(rate * x) },
    ulps: 0,
  },
  {
    name: 'clamp',
    operands: (n) => ({ y: vectorInout(reals(n, n, 3)) }),
    call: (k, { y }, n) => k.clamp(y, n, momentum),
    exact: { y: ({ y }) => Math.max(-momentum, Math.min(momentum, y)) },
    ulps: 0,
  },
  {
    name: 'penalize',
    operands: (n) => ({ y: vectorInout(reals(n, n, 3)), x: vector(integers(n, n)) }),
    call: (k, { y, x }, n) => k.penalize(y, x, n, rate, decay),
    exact: { y: ({ y, x }) => y + decay * x + rate * Math.sign(x) },
    ulps: 4,
  },
  {
    name: 'move_towards',
    operands: xy,
    call: (k, { y, x }, n) => k.move_towards(y, x, n, rate),
    exact: { y: ({ y, x }) => y + rate * (x - y) },
    ulps: 4,
  },
  {
    name: 'swap',
    operands: (n) => ({ y: vectorInout(reals(n, n)), x: vectorInout(reals(n, n + 1)) }),
    call: (k, { y, x }, n) => k.swap(y, x, n),
    exact: { y: ({ x }) => x, x: ({ y }) => y },
    ulps: 0,
  },
];

describeBackends('flat arrays', (arena) => {
  test.each(flats)('$name', ({ name, operands, call, exact, ulps }) => {
    for (const n of lengths) {
      const given = operands(n);
      const names = Object.keys(given);
      const run = (cuts: [number, number][], end?: string) =>
        runOn(
          arena,
          `${name} of ${n}`,
          given,
          (p: Places<Operands>) => {
            for (const [from, count] of cuts) {
              call(arena.kernels, Object.fromEntries(names.map((key) => [key, p[key].after(from)])), count);
            }
          },
          end,
        );
      const got = run([[0, n]], names[n % names.length]);
      const cut = run(parts(n));
      for (const [key, of] of Object.entries(exact)) {
        const expected = Array.from({ length: n }, (_, i) =>
          of(Object.fromEntries(names.map((other) => [other, given[other].values[i]]))),
        );
        expectClose(`${name} of ${n}`, got[key], expected, () => ulps * ulp);
        expectSame(`${name} of ${n} in parts`, cut[key], got[key]);
      }
    }
  });

  test('clamp keeps NaN and cuts infinities', () => {
    const { x } = runOn(arena, 'clamp', { x: vectorInout([Number.NaN, Infinity, -Infinity, 0.5, -3]) }, (p) =>
      arena.kernels.clamp(p.x.pointer, 5, 2),
    );
    expectSame('clamp', x, [Number.NaN, 2, -2, 0.5, -2]);
  });

  test('sums of squares and sizes, in float64', () => {
    for (const n of [...lengths, 100_000]) {
      const values = reals(n, n, 100);
      let [squares, sizes] = [0, 0];
      const operands = { x: vector(values) };
      runOn(
        arena,
        'sums',
        operands,
        ({ x }) => {
          squares = arena.kernels.sum_squares(x.pointer, n);
          sizes = arena.kernels.sum_absolutes(x.pointer, n);
        },
        'x',
      );
      const exact = values.reduce(([a, b], v) => [a + v * v, b + Math.abs(v)] as [number, number], [0, 0] as [
        number,
        number,
      ]);
      expect(Math.abs(squares - exact[0])).toBeLessThanOrEqual(1e-12 * exact[0]);
      expect(Math.abs(sizes - exact[1])).toBeLessThanOrEqual(1e-12 * exact[1]);
    }
  });

  test('a square that overflows float32 does not overflow the sum', () => {
    let squares = 0;
    runOn(arena, 'sum_squares', { x: vector([1e30, -1e30, 1]) }, ({ x }) => {
      squares = arena.kernels.sum_squares(x.pointer, 3);
    });
    expect(squares / (2 * f(1e30) ** 2)).toBeCloseTo(1, 12);
  });
});
