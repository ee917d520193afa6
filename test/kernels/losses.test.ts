/** Losses and their gradients: shapes, guards, weights, closed forms in float64, central differences, parts against the whole. */
import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/engine/kernels.js';
import { softplus } from '../exact.js';
import { type Arena, describeBackends, filled, float64Arena, reals } from './harness.js';
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

const shapes = [0, 1, 2, 5].flatMap((M) => [1, 2, 3, 4, 5, 7, 8, 10, 17, 33].map((N) => [M, N] as const));
const ulp = 2 ** -23;

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

/** The definition, straight from PyTorch's documentation of CrossEntropyLoss with probabilities as targets. */
function crossEntropy(
  x: ArrayLike<number>,
  N: number,
  m: number,
  label: number,
  c: ArrayLike<number>,
  e: number,
) {
  const row = Array.from({ length: N }, (_, n) => x[m * N + n]);
  const max = Math.max(...row);
  const logSum = max + Math.log(row.reduce((sum, v) => sum + Math.exp(v - max), 0));
  const share = (n: number) => (n === label ? 1 - e : 0) + e / N;
  const loss = row.reduce((sum, v, n) => sum + share(n) * c[n] * (logSum - v), 0);
  const total = row.reduce((sum, _, n) => sum + share(n) * c[n], 0);
  const dx = row.map((v, n) => total * Math.exp(v - logSum) - share(n) * c[n]);
  // PyTorch smooths with c[n], but weighs the label's part by c[label]: share(label)·c[label] holds both.
  return { loss, dx };
}

describeBackends('weighted_cross_entropy', (arena) => {
  const labelsOf = (M: number, N: number) => Int32Array.from({ length: M }, (_, m) => (m * 7 + (m % 3)) % N);

  function call(
    { x, M, N }: { x: ArrayLike<number>; M: number; N: number },
    options: { weights?: ArrayLike<number>; classes?: ArrayLike<number>; smoothing: number; scale: number },
    mode: 'apart' | 'in place' | 'no gradient' = 'apart',
    end?: 'losses' | 'dx' | 'x' | 'labels' | 'weights' | 'classes',
    rows: [number, number][] = [[0, M]],
  ) {
    const { weights, classes, smoothing, scale } = options;
    return runOn(
      arena,
      `weighted_cross_entropy ${M}x${N}`,
      {
        ...{ losses: vectorOut(M), dx: mode === 'in place' ? inout(x, M, N, N + 2) : output(M, N, N + 2) },
        ...{ x: input(x, M, N, N + 1), labels: words(labelsOf(M, N)) },
        ...{ weights: vector(weights ?? filled(M, 1)), classes: vector(classes ?? filled(N, 1)) },
      },
      (p) => {
        const from = mode === 'in place' ? p.dx : p.x;
        for (const [m, count] of rows) {
          arena.kernels.weighted_cross_entropy(
            ...([p.losses.after(m), mode === 'no gradient' ? 0 : p.dx.after(m * p.dx.ld), p.dx.ld] as const),
            ...([from.after(m * from.ld), from.ld, p.labels.after(m)] as const),
            ...([weights ? p.weights.after(m) : 0, classes ? p.classes.pointer : 0] as const),
            ...([count, N, smoothing, scale] as const),
          );
        }
      },
      end,
    );
  }

  test.each([0, 0.1, 1])('every shape, smoothing %s', (smoothing) => {
    const e = Math.fround(smoothing);
    const scale = Math.fround(0.3);
    for (const [i, [M, N]] of shapes.entries()) {
      const x = reals(M * N, i, 5);
      const weights = reals(M, i + 1, 2).map(Math.abs);
      const classes = reals(N, i + 2, 2).map(Math.abs);
      const options = {
        ...(i % 2 === 0 && { weights }),
        ...(i % 3 !== 0 && { classes }),
        ...{ smoothing: e, scale },
      };
      const mode = (['apart', 'in place', 'no gradient'] as const)[i % 3];
      const end = (['losses', 'dx', 'x', 'labels', 'weights', 'classes'] as const)[i % 6];
      const got = call({ x, M, N }, options, mode, end);
      const labels = labelsOf(M, N);
      for (let m = 0; m < M; m++) {
        const w = i % 2 === 0 ? weights[m] : 1;
        const { loss, dx } = crossEntropy(x, N, m, labels[m], i % 3 !== 0 ? classes : filled(N, 1), e);
        expectClose(`${M}x${N}`, [got.losses[m]], [w * loss], () => w * (N + 8) * ulp * 16);
        if (mode === 'no gradient') continue;
        const row = got.dx.subarray(m * N, m * N + N);
        const exact = dx.map((d) => w * scale * d);
        expectClose(`${M}x${N} dx`, row, exact, () => w * scale * (N + 8) * ulp * 4);
      }
    }
  });

  test('with nothing weighted it is softmax_cross_entropy but for rounding', () => {
    const [M, N] = [9, 13];
    const x = reals(M * N, 5, 8);
    const got = call({ x, M, N }, { smoothing: 0, scale: 1 });
    const plain = runOn(
      arena,
      'softmax_cross_entropy',
      { losses: vectorOut(M), dx: output(M, N), x: input(x, M, N), labels: words(labelsOf(M, N)) },
      (p) =>
        arena.kernels.softmax_cross_entropy(
          ...([p.losses.pointer, p.dx.pointer, N, p.x.pointer, N, p.labels.pointer, M, N, 1] as const),
        ),
    );
    expectClose('losses', got.losses, plain.losses, (m) => 4 * ulp * (1 + plain.losses[m]));
    expectClose('dx', got.dx, plain.dx, () => 4 * ulp);
  });

  test('a logit of -infinity does no harm without smoothing', () => {
    const { losses } = call({ x: [1, -Infinity, 2, 0], M: 1, N: 4 }, { smoothing: 0, scale: 1 });
    expect(Number.isFinite(losses[0])).toBe(true);
  });

  test('rows may be done apart', () => {
    const [M, N] = [19, 11];
    const x = reals(M * N, 5, 4);
    const options = {
      ...{
        weights: reals(M, 1).map(Math.abs),
        classes: reals(N, 2).map(Math.abs),
        smoothing: 0.2,
        scale: 0.1,
      },
    };
    const [whole, cut] = [
      call({ x, M, N }, options),
      call({ x, M, N }, options, 'apart', undefined, parts(M)),
    ];
    expectSame('losses', cut.losses, whole.losses);
    expectSame('dx', cut.dx, whole.dx);
  });

  test('row_weights and positive', () => {
    for (const M of [0, 1, 2, 5, 9]) {
      const labels = labelsOf(M, 3);
      const [weights, classes] = [reals(M, M), [0.5, 2, 4]];
      for (const which of ['both', 'rows', 'classes', 'neither'] as const) {
        const { y } = runOn(
          arena,
          'row_weights',
          { y: vectorOut(M), labels: words(labels), weights: vector(weights), classes: vector(classes) },
          (p) =>
            arena.kernels.row_weights(
              ...([p.y.pointer, p.labels.pointer] as const),
              which === 'both' || which === 'rows' ? p.weights.pointer : 0,
              which === 'both' || which === 'classes' ? p.classes.pointer : 0,
              M,
            ),
          (['y', 'labels', 'weights', 'classes'] as const)[M % 4],
        );
        const expected = [...labels].map((label, m) => {
          const own = which === 'both' || which === 'rows' ? weights[m] : 1;
          return own * (which === 'both' || which === 'classes' ? classes[label] : 1);
        });
        expectSame(which, y, expected);
      }
      const x = [0, 1e-40, -1, Number.NaN, 3, -0, Infinity, -Infinity, 2].slice(0, M);
      const { y } = runOn(
        arena,
        'positive',
        { y: words(new Int32Array(M).fill(7), true), x: input(x, M, 1, 3) },
        (p) => arena.kernels.positive(p.y.pointer, p.x.pointer, p.x.ld, M),
        M % 2 ? 'x' : 'y',
      );
      expectSame(
        'positive',
        y,
        x.map((v) => (v > 0 ? 1 : 0)),
      );
    }
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
            ...([p.weights.pointer, p.classes.pointer, M, N, 0.15, 1] as const),
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
