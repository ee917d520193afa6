/** Softmax, its backward and cross-entropy against float64 formulas and central differences. */
import { describe, expect, test } from 'vitest';
import {
  type Arena,
  describeBackends,
  type Floats,
  filled,
  float64Arena,
  gathered,
  reals,
  spread,
} from './harness.js';
import { expectClose } from './ulp.js';

/** Rows of logits of many kinds: ordinary, wide, enormous, all equal. */
const kinds: Record<string, (n: number, seed: number) => Float64Array> = {
  ordinary: (n, seed) => reals(n, seed, 4),
  wide: (n, seed) => reals(n, seed, 60),
  'at 1e4': (n, seed) => reals(n, seed, 2).map((v) => Math.fround(v + 1e4)),
  'at -1e4': (n, seed) => reals(n, seed, 2).map((v) => Math.fround(v - 1e4)),
  'all equal': (n) => filled(n, 3),
  'near the largest float': (n, seed) => reals(n, seed, 3e38),
  'all the largest': (n) => filled(n, Math.fround(3.4e38)),
};

interface Matrix {
  M: number;
  N: number;
  ld: number;
}

/** e^(x - max) / Σ in float64, row by row, with each row's max and ln Σ. */
function exactSoftmax(x: ArrayLike<number>, M: number, N: number) {
  const y = new Float64Array(M * N);
  const max = new Float64Array(M);
  const logSum = new Float64Array(M);
  for (let m = 0; m < M; m++) {
    const row = Float64Array.from({ length: N }, (_, n) => x[m * N + n]);
    max[m] = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = row.reduce((total, v) => total + Math.exp(v - max[m]), 0);
    logSum[m] = Math.log(sum);
    for (let n = 0; n < N; n++) y[m * N + n] = Math.exp(row[n] - max[m]) / sum;
  }
  return { y, max, logSum };
}

/**
 * The error a float32 softmax may have: x - max is rounded, e^ has 2 ulp, the sum and the quotient a few
 * more.
 */
function softmaxTolerance(x: ArrayLike<number>, exact: ReturnType<typeof exactSoftmax>, N: number) {
  return (i: number) => {
    const distance = Math.min(exact.max[Math.floor(i / N)] - x[i], 200);
    return 2 ** -23 * (6 + distance / 2 + N / 4) * exact.y[i] + 2 ** -147;
  };
}

function softmax(
  arena: Arena,
  x: ArrayLike<number>,
  { M, N, ld }: Matrix,
  inPlace = false,
  end = false,
): Float64Array {
  arena.begin();
  const flat = spread(x, M, N, ld);
  const y = arena.output('y', inPlace ? flat : filled(flat.length, Number.NaN), end);
  const from = inPlace ? y : arena.input('x', flat, !end);
  arena.kernels.softmax_forward(y.pointer, ld, from.pointer, ld, M, N);
  arena.check(`softmax_forward ${M}x${N}`);
  return gathered(y.read(), M, N, ld);
}

interface Loss {
  losses: Floats;
  dx: Float64Array | undefined;
}

function crossEntropy(
  arena: Arena,
  x: ArrayLike<number>,
  labels: Int32Array,
  { M, N, ld }: Matrix,
  scale: number,
  mode: 'apart' | 'inPlace' | 'absent' = 'apart',
  end?: 'x' | 'dx' | 'losses' | 'labels',
): Loss {
  arena.begin();
  const flat = spread(x, M, N, ld);
  const dx =
    mode === 'absent'
      ? undefined
      : arena.output('dx', mode === 'inPlace' ? flat : filled(flat.length, Number.NaN), end === 'dx');
  const from = mode === 'inPlace' && dx ? dx : arena.input('x', flat, end === 'x');
  const losses = arena.output('losses', filled(M, Number.NaN), end === 'losses');
  const targets = arena.inputInts('labels', labels, end === 'labels');
  arena.kernels.softmax_cross_entropy(
    losses.pointer,
    dx?.pointer ?? 0,
    ld,
    from.pointer,
    ld,
    targets.pointer,
    M,
    N,
    scale,
  );
  arena.check(`softmax_cross_entropy ${M}x${N} ${mode}`);
  return { losses: losses.read(), dx: dx && gathered(dx.read(), M, N, ld) };
}

function labelsFor(M: number, N: number): Int32Array {
  return Int32Array.from({ length: M }, (_, m) => (m * 7 + (m % 3)) % N);
}

describeBackends('softmax', (arena) => {
  describe.each(Object.keys(kinds))('logits %s', (kind) => {
    test('softmax_forward', () => {
      for (let M = 0; M <= 9; M++) {
        for (let N = 1; N <= 40; N++) {
          const x = kinds[kind](M * N, M * 41 + N);
          const exact = exactSoftmax(x, M, N);
          const at = { M, N, ld: N + (N % 3) };
          const context = `softmax_forward ${M}x${N} ${kind}`;
          expectClose(
            context,
            softmax(arena, x, at, N % 2 === 0, M % 2 === 0),
            exact.y,
            softmaxTolerance(x, exact, N),
          );
        }
      }
    });

    test('softmax_cross_entropy', () => {
      const scale = Math.fround(1 / 64);
      for (let M = 0; M <= 9; M++) {
        for (let N = 1; N <= 40; N++) {
          const x = kinds[kind](M * N, M * 41 + N);
          const labels = labelsFor(M, N);
          const exact = exactSoftmax(x, M, N);
          const at = { M, N, ld: N + (N % 3) };
          const mode = (['apart', 'inPlace', 'absent'] as const)[(M + N) % 3];
          const end = ([undefined, 'losses', 'labels', mode === 'inPlace' ? 'dx' : 'x'] as const)[N % 4];
          const { losses, dx } = crossEntropy(arena, x, labels, at, scale, mode, end);
          const context = `softmax_cross_entropy ${M}x${N} ${kind} ${mode}`;
          const target = (m: number) => exact.max[m] - x[m * N + labels[m]];
          const loss = Float64Array.from({ length: M }, (_, m) => exact.logSum[m] + target(m));
          expectClose(context, losses, loss, (m) => 2 ** -23 * (6 + N / 4 + target(m) + loss[m]));
          if (!dx) continue;
          const tolerance = softmaxTolerance(x, exact, N);
          const isLabel = (i: number) => i % N === labels[Math.floor(i / N)];
          // Shares below 2⁻⁶⁴ of the largest count as 0; so close to the border that rounding decides, either
          // will do.
          const share = (i: number) => Math.exp(x[i] - exact.max[Math.floor(i / N)]) * 2 ** 64;
          const atBorder = (i: number) => (Math.abs(share(i) - 1) < 1e-5 ? exact.y[i] : 0);
          const gradient = exact.y.map((p, i) => ((share(i) < 1 ? 0 : p) - (isLabel(i) ? 1 : 0)) * scale);
          expectClose(
            context,
            dx,
            gradient,
            (i) => scale * (tolerance(i) + atBorder(i) + (isLabel(i) ? 2 ** -24 : 0)) + 2 ** -149,
          );
          for (let m = 0; m < M; m++) {
            const sum = dx.subarray(m * N, m * N + N).reduce((a, b) => a + b, 0);
            expect(Math.abs(sum), `${context}, sum of row ${m}`).toBeLessThanOrEqual(
              scale * 2 ** -23 * (8 + N),
            );
          }
        }
      }
    });
  });

  test('every dx mode gives the same bits', () => {
    const [M, N] = [9, 13];
    const x = reals(M * N, 1, 5);
    const labels = labelsFor(M, N);
    const apart = crossEntropy(arena, x, labels, { M, N, ld: N }, 0.25);
    const inPlace = crossEntropy(arena, x, labels, { M, N, ld: N }, 0.25, 'inPlace');
    const absent = crossEntropy(arena, x, labels, { M, N, ld: N }, 0.25, 'absent');
    expect(inPlace).toEqual(apart);
    expect(absent.losses).toEqual(apart.losses);
  });

  test('a distant wrong label costs the distance, beyond float32 infinity', () => {
    const { losses } = crossEntropy(
      arena,
      [3e38, -3e38, 1e4, -1e4],
      Int32Array.of(1, 1),
      { M: 2, N: 2, ld: 2 },
      1,
    );
    expect([...losses]).toEqual([Infinity, 2e4]);
  });

  test('NaN spoils its row and no other', () => {
    for (const n of [0, 3, 6]) {
      const x = filled(21, 1);
      x[7 + n] = Number.NaN;
      const y = softmax(arena, x, { M: 3, N: 7, ld: 7 });
      expect([...y].map(Number.isNaN)).toEqual(Array.from({ length: 21 }, (_, i) => i >= 7 && i < 14));
      const { losses } = crossEntropy(arena, x, Int32Array.of(0, 1, 2), { M: 3, N: 7, ld: 7 }, 1);
      expect([...losses].map(Number.isNaN)).toEqual([false, true, false]);
    }
  });

  test.each(['apart', 'in place'])('softmax_backward, %s', (place) => {
    for (let M = 0; M <= 9; M++) {
      for (let N = 1; N <= 40; N++) {
        const y = exactSoftmax(reals(M * N, N, 3), M, N).y.map(Math.fround);
        const dy = reals(M * N, N + 1, 4);
        const [ldy, ld] = [N + 1, N + (N % 3)];
        const end = (['y', 'dy', 'dx'] as const)[N % 3];
        arena.begin();
        const Y = arena.input('y', spread(y, M, N, ldy), end === 'y');
        const flat = spread(dy, M, N, ld);
        const apart = place === 'apart';
        const DX = arena.output('dx', apart ? filled(flat.length, Number.NaN) : flat, end === 'dx');
        const DY = apart ? arena.input('dy', flat, end === 'dy') : DX;
        arena.kernels.softmax_backward(DX.pointer, ld, Y.pointer, ldy, DY.pointer, ld, M, N);
        const context = `softmax_backward ${M}x${N}`;
        arena.check(context);
        const expected = new Float64Array(M * N);
        const size = new Float64Array(M * N);
        for (let m = 0; m < M; m++) {
          let dot = 0;
          let absolute = 0;
          for (let n = 0; n < N; n++) {
            dot += y[m * N + n] * dy[m * N + n];
            absolute += Math.abs(y[m * N + n] * dy[m * N + n]);
          }
          for (let n = 0; n < N; n++) {
            const i = m * N + n;
            expected[i] = y[i] * (dy[i] - dot);
            size[i] = y[i] * (Math.abs(dy[i]) + absolute);
          }
        }
        expectClose(
          context,
          gathered(DX.read(), M, N, ld),
          expected,
          (i) => 2 ** -23 * (2 + N / 4) * size[i],
        );
      }
    }
  });
});

describe('softmax gradients against central differences in float64', () => {
  const arena = float64Arena();
  const [M, N] = [4, 7];
  const at = { M, N, ld: N + 2 };
  const x = reals(M * N, 3, 3);
  const h = 1e-5;

  /** d f / d x[i] for a function of the whole matrix. */
  function differences(f: (x: Float64Array) => number): Float64Array {
    return x.map((_, i) => {
      const moved = (by: number) => f(x.map((v, j) => (j === i ? v + by : v)));
      return (moved(h) - moved(-h)) / (2 * h);
    });
  }

  test('softmax_backward', () => {
    const dy = reals(M * N, 4);
    const y = softmax(arena, x, at);
    arena.begin();
    const Y = arena.input('y', y);
    const DX = arena.output('dx', dy);
    arena.kernels.softmax_backward(DX.pointer, N, Y.pointer, N, DX.pointer, N, M, N);
    const expected = differences((v) => softmax(arena, v, at).reduce((sum, p, i) => sum + p * dy[i], 0));
    expectClose('softmax_backward', gathered(DX.read(), M, N, N), expected, () => 1e-9);
  });

  test('softmax_cross_entropy', () => {
    const labels = labelsFor(M, N);
    const { dx } = crossEntropy(arena, x, labels, at, 0.5);
    const expected = differences((v) => {
      const { losses } = crossEntropy(arena, v, labels, at, 1, 'absent');
      return 0.5 * [...losses].reduce((a, b) => a + b, 0);
    });
    expectClose('softmax_cross_entropy', dx ?? [], expected, () => 1e-9);
    expect(dx).toBeDefined();
  });
});
