/**
 * weighted_cross_entropy: against its formula, its limits, and softmax_cross_entropy where nothing is
 * weighted.
 */
import { expect, test } from 'vitest';
import { describeBackends, filled, reals } from './harness.js';
import { lossShapes as shapes, ulp } from './loss-shapes.js';
import { inout, input, output, parts, runOn, vector, vectorOut, words } from './operands.js';
import { expectClose, expectSame } from './ulp.js';

/**
 * The definition, straight from PyTorch's documentation of CrossEntropyLoss with probabilities as targets.
 */
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
            ...([weights ? p.weights.after(m) : 0, classes ? p.classes.pointer : 0, 0] as const),
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

  test.each(['whole', 'in parts'])('probabilities in place of labels, every shape, %s', (how) => {
    const scale = Math.fround(0.3);
    for (const [i, [M, N]] of shapes.entries()) {
      const x = reals(M * N, i, 5);
      const t = Float32Array.from(reals(M * N, i + 1, 2), Math.abs);
      const weights = reals(M, i + 2, 2).map(Math.abs);
      const mode = (['apart', 'in place', 'no gradient'] as const)[i % 3];
      const got = runOn(
        arena,
        `weighted_cross_entropy of probabilities ${M}x${N}`,
        {
          ...{ losses: vectorOut(M), dx: mode === 'in place' ? inout(x, M, N, N + 2) : output(M, N, N + 2) },
          ...{ x: input(x, M, N, N + 1), t: input(t, M, N, N + 3), weights: vector(weights) },
        },
        (p) => {
          const from = mode === 'in place' ? p.dx : p.x;
          for (const [m, count] of how === 'whole' ? [[0, M]] : parts(M)) {
            arena.kernels.weighted_cross_entropy(
              ...([
                p.losses.after(m),
                mode === 'no gradient' ? 0 : p.dx.after(m * p.dx.ld),
                p.dx.ld,
              ] as const),
              ...([from.after(m * from.ld), from.ld, 0, p.weights.after(m)] as const),
              ...([p.t.after(m * p.t.ld), p.t.ld, count, N, 1, scale] as const),
            );
          }
        },
        (['losses', 'dx', 'x', 't', 'weights'] as const)[i % 5],
      );
      for (let m = 0; m < M; m++) {
        const own = t.subarray(m * N, m * N + N);
        const total = own.reduce((sum, v) => sum + v, 0);
        // The formula with smoothing 1 is Σ c/N · -ln p.
        const { loss, dx } = crossEntropy(
          x,
          N,
          m,
          0,
          Array.from(own, (v) => v * N),
          1,
        );
        const bound = weights[m] * (1 + total) * (N + 8) * ulp;
        expectClose(`${M}x${N}`, [got.losses[m]], [weights[m] * loss], () => 16 * bound);
        if (mode === 'no gradient') continue;
        const row = got.dx.subarray(m * N, m * N + N);
        const exact = dx.map((d) => weights[m] * scale * d);
        expectClose(`${M}x${N} dx`, row, exact, () => 4 * scale * bound);
      }
    }
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
