/**
 * Losses and their gradients: shapes, guards, weights, closed forms in float64, central differences, parts
 * against the whole.
 */
import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/engine/kernels.js';
import { softplus } from '../exact.js';
import { type Arena, describeBackends, filled, float64Arena, reals } from './harness.js';
import { lossShapes as shapes, ulp } from './loss-shapes.js';
import { inout, input, output, parts, runOn, vector, vectorOut, words } from './operands.js';
import { expectClose, expectSame } from './ulp.js';

type Name = 'squared_error' | 'absolute_error' | 'huber_error' | 'binary_cross_entropy';

interface Case {
  readonly name: Name;
  /** Scalars before `scale`. */
  readonly scalars: readonly number[];
  /** Targets from numbers in ±1. */
  target(v: number): number;
  f(x: number, t: number): number;
  d(x: number, t: number): number;
}

const delta = Math.fround(0.7);
const positives = Math.fround(2.5);

const cases: readonly Case[] = [
  {
    name: 'squared_error',
    scalars: [],
    target: (v) => v,
    f: (x, t) => (x - t) ** 2,
    d: (x, t) => 2 * (x - t),
  },
  {
    name: 'absolute_error',
    scalars: [],
    target: (v) => v,
    f: (x, t) => Math.abs(x - t),
    d: (x, t) => Math.sign(x - t),
  },
  {
    name: 'huber_error',
    scalars: [delta],
    target: (v) => v,
    f(x, t) {
      const r = Math.abs(x - t);
      return r <= delta ? r ** 2 / 2 : delta * (r - delta / 2);
    },
    d: (x, t) => Math.max(-delta, Math.min(delta, x - t)),
  },
  {
    // -(p·t·ln σ(x) + (1 - t)·ln σ(-x)): another form than the kernel's.
    name: 'binary_cross_entropy',
    scalars: [positives],
    target: (v) => Math.fround((v + 1) / 2),
    f: (x, t) => positives * t * softplus(-x) + (1 - t) * softplus(x),
    d: (x, t) => (-positives * t) / (1 + Math.exp(x)) + (1 - t) / (1 + Math.exp(-x)),
  },
];

type Call = (...args: number[]) => void;

interface Setting {
  readonly x: ArrayLike<number>;
  readonly t: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
  readonly M: number;
  readonly N: number;
}

function settingOf({ target }: Case, M: number, N: number, spread = 3): Setting {
  const seed = 37 * M + N;
  const weights = reals(M, seed + 2, 2).map(Math.abs);
  return { x: reals(M * N, seed, spread), t: reals(M * N, seed + 1).map(target), weights, M, N };
}

function run(
  arena: Arena,
  { name, scalars }: Case,
  { x, t, weights, M, N }: Setting,
  mode: 'apart' | 'unweighted' | 'no gradient' | 'in place',
  scale: number,
  end?: 'losses' | 'dx' | 'x' | 't' | 'weights',
  rows: [number, number][] = [[0, M]],
) {
  const kernel = arena.kernels[name] as Call;
  return runOn(
    arena,
    `${name} ${M}x${N} ${mode}`,
    {
      ...{ losses: vectorOut(M), dx: mode === 'in place' ? inout(x, M, N, N + 2) : output(M, N, N + 2) },
      ...{ x: input(x, M, N, N + 1), t: input(t, M, N, N + 3), weights: vector(weights) },
    },
    (p) => {
      const from = mode === 'in place' ? p.dx : p.x;
      for (const [m, count] of rows) {
        kernel(
          p.losses.after(m),
          ...[mode === 'no gradient' ? 0 : p.dx.after(m * p.dx.ld), p.dx.ld],
          ...[from.after(m * from.ld), from.ld, p.t.after(m * p.t.ld), p.t.ld],
          ...[mode === 'unweighted' ? 0 : p.weights.after(m), count, N, ...scalars, scale],
        );
      }
    },
    end,
  );
}

describeBackends('losses of targets', (arena) => {
  describe.each(cases)('$name', (c) => {
    test.each(['apart', 'unweighted', 'no gradient', 'in place'] as const)('every shape, %s', (mode) => {
      for (const [i, [M, N]] of shapes.entries()) {
        const setting = settingOf(c, M, N);
        const { x, t, weights } = setting;
        const scale = Math.fround(1 / 3);
        const end = (['losses', 'dx', 'x', 't', 'weights'] as const)[i % 5];
        const got = run(arena, c, setting, mode, scale, end);
        const weight = (m: number) => (mode === 'unweighted' ? 1 : weights[m]);
        const losses = Array.from({ length: M }, (_, m) => {
          let sum = 0;
          for (let n = 0; n < N; n++) sum += c.f(x[m * N + n], t[m * N + n]);
          return (weight(m) * sum) / N;
        });
        expectClose(`${c.name} ${M}x${N}`, got.losses, losses, (m) => (4 + N / 4) * ulp * (losses[m] + 4));
        if (mode === 'no gradient') {
          expectSame('dx', got.dx, filled(M * N, Number.NaN));
          continue;
        }
        const dx = Float64Array.from(x, (v, j) => {
          const m = Math.floor(j / N);
          return (scale * weight(m) * c.d(v, t[j])) / N;
        });
        const bound = (j: number) =>
          (8 * ulp * 3 * weight(Math.floor(j / N))) / N + 4 * ulp * Math.abs(dx[j]);
        expectClose(`${c.name} dx ${M}x${N}`, got.dx, dx, bound);
      }
    });

    test('large outputs', () => {
      const x = [1e4, -1e4, 88, -88, 100, -100, 1e30, -1e30, 0];
      const t = x.map((_, i) => c.target([1, -1, 0.5][i % 3]));
      const M = x.length;
      const { losses, dx } = run(arena, c, { x, t, weights: filled(M, 1), M, N: 1 }, 'apart', 1);
      expectClose(
        c.name,
        losses,
        x.map((v, i) => c.f(Math.fround(v), t[i])),
        (i) => 4 * ulp * c.f(Math.fround(x[i]), t[i]) + 2 * ulp,
      );
      expectClose(
        `${c.name} dx`,
        dx,
        x.map((v, i) => c.d(v, t[i])),
        (i) => 8 * ulp * Math.abs(c.d(x[i], t[i])) + 2 * ulp,
      );
    });

    test('NaN shows, and stays in its row', () => {
      const setting = settingOf(c, 3, 5);
      const x = Float64Array.from(setting.x);
      x[6] = Number.NaN;
      const { losses } = run(arena, c, { ...setting, x }, 'apart', 1);
      expect([...losses].map(Number.isNaN)).toEqual([false, true, false]);
    });

    test('rows may be done apart', () => {
      const setting = settingOf(c, 19, 7);
      const [whole, cut] = [
        run(arena, c, setting, 'apart', 0.3),
        run(arena, c, setting, 'apart', 0.3, undefined, parts(19)),
      ];
      expectSame('losses', cut.losses, whole.losses);
      expectSame('dx', cut.dx, whole.dx);
    });
  });

  test('absolute_error has no slope at 0', () => {
    const setting = { x: [1, 2, 3], t: [1, 2, 3], weights: [1], M: 1, N: 3 };
    expectSame('dx', run(arena, cases[1], setting, 'apart', 1).dx, [0, 0, 0]);
  });

  test('binary_cross_entropy keeps small losses', () => {
    const x = [10, 15, 30, 60];
    const setting = { x, t: filled(4, 1), weights: filled(4, 1), M: 4, N: 1 };
    const exact = x.map((v) => positives * Math.log1p(Math.exp(-v)));
    expectClose('losses', run(arena, cases[3], setting, 'apart', 1).losses, exact, (i) => 6 * ulp * exact[i]);
  });
});

describe('gradients against central differences in float64', () => {
  const arena = float64Arena();
  const h = 1e-6;

  test.each(cases)('$name', (c) => {
    // Away from the corners of |x - t| and of Huber's function.
    const setting = settingOf(c, 6, 5);
    const { dx } = run(arena, c, setting, 'apart', 1);
    for (let j = 0; j < setting.x.length; j++) {
      const r = Math.abs(setting.x[j] - setting.t[j]);
      if (r < 1e-4 || Math.abs(r - delta) < 1e-4) continue;
      const at = (step: number) => {
        const x = Float64Array.from(setting.x);
        x[j] += step;
        return run(arena, c, { ...setting, x }, 'apart', 1).losses.reduce((a, b) => a + b, 0);
      };
      expectClose(c.name, [dx[j]], [(at(h) - at(-h)) / (2 * h)], () => 1e-8);
    }
  });

  test('weighted_cross_entropy', () => {
    const [M, N] = [4, 5];
    const x = reals(M * N, 3, 3);
    const labels = Int32Array.from([0, 4, 2, 2]);
    const [weights, classes] = [reals(M, 1).map(Math.abs), reals(N, 2).map(Math.abs)];
    const call = (logits: ArrayLike<number>) =>
      runOn(
        arena,
        'weighted_cross_entropy',
        {
          ...{ losses: vectorOut(M), dx: output(M, N), x: input(logits, M, N), labels: words(labels) },
          ...{ weights: vector(weights), classes: vector(classes) },
        },
        (p) =>
          (arena.kernels as Kernels).weighted_cross_entropy(
            ...([p.losses.pointer, p.dx.pointer, N, p.x.pointer, N, p.labels.pointer] as const),
            ...([p.weights.pointer, p.classes.pointer, 0, M, N, 0.15, 1] as const),
          ),
      );
    const { dx } = call(x);
    for (let j = 0; j < M * N; j++) {
      const at = (step: number) => {
        const moved = Float64Array.from(x);
        moved[j] += step;
        return call(moved).losses.reduce((a, b) => a + b, 0);
      };
      expectClose('dx', [dx[j]], [(at(h) - at(-h)) / (2 * h)], () => 1e-8);
    }
  });
});
