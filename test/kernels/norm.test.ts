/** Batch normalisation: shapes, guards, closed forms in float64, and parts against the whole. */
import { describe, test } from 'vitest';
import { type Arena, describeBackends, filled, float64Arena, reals } from './harness.js';
import { data, EPS, moments, near, shapes as some } from './norm-data.js';
import { input, output, parts, runOn, vector, vectorInout, vectorOut } from './operands.js';
import { expectClose, expectSame } from './ulp.js';

/** Rows more than are gone through at once, too. */
const shapes = [...some, ...[63, 64, 65, 130].flatMap((M) => [4, 7].map((N) => [M, N] as const))];
const MOMENTUM = Math.fround(0.1);

function statistics(arena: Arena, M: number, N: number, end?: 'mean' | 'rstd' | 'rm' | 'rv' | 'x') {
  const { x } = data(M, N);
  const operands = {
    mean: vectorOut(N),
    rstd: vectorOut(N),
    rm: vectorInout(filled(N, 3)),
    rv: vectorInout(filled(N, 2)),
    x: input(x, M, N, N + 3),
  };
  return runOn(
    arena,
    `batch_norm_statistics ${M}x${N}`,
    operands,
    ({ mean, rstd, rm, rv, x }) =>
      arena.kernels.batch_norm_statistics(
        ...([mean.pointer, rstd.pointer, rm.pointer, rv.pointer, x.pointer, x.ld] as const),
        ...([M, N, MOMENTUM, EPS] as const),
      ),
    end,
  );
}

describeBackends('batch normalisation', (arena) => {
  test('statistics', () => {
    for (const [i, [M, N]] of shapes.entries()) {
      const end = (['mean', 'rstd', 'rm', 'rv', 'x'] as const)[i % 5];
      const got = statistics(arena, M, N, end);
      const { x } = data(M, N);
      const exact = Array.from({ length: N }, (_, n) => moments(x, n, N, M));
      const context = `${M}x${N}`;
      const size = (j: number) => 1 + Math.abs(exact[j].mean);
      expectClose(
        `mean ${context}`,
        got.mean,
        exact.map((e) => e.mean),
        (j) => 2 ** -23 * size(j),
      );
      const rstd = exact.map((e) => 1 / Math.sqrt(e.variance + EPS));
      expectClose(`rstd ${context}`, got.rstd, rstd, (j) => 2 ** -20 * rstd[j]);
      const one = M === 1;
      expectClose(
        `running mean ${context}`,
        got.rm,
        exact.map((e) => (one ? 3 : 3 * (1 - MOMENTUM) + MOMENTUM * e.mean)),
        (j) => 2 ** -22 * size(j),
      );
      expectClose(
        `running var ${context}`,
        got.rv,
        exact.map((e) => (one ? 2 : 2 * (1 - MOMENTUM) + (MOMENTUM * e.variance * M) / (M - 1))),
        (j) => 2 ** -20 * (2 + exact[j].variance),
      );
    }
  });

  test('a variance far below the square of the mean', () => {
    const [M, N] = [64, 5];
    const x = reals(M * N, 1, 1).map((v) => Math.fround(v + 1e4));
    const operands = {
      mean: vectorOut(N),
      rstd: vectorOut(N),
      r: vectorInout(filled(2 * N, 0)),
      x: input(x, M, N),
    };
    const { rstd } = runOn(arena, 'statistics', operands, (at) =>
      arena.kernels.batch_norm_statistics(
        ...([at.mean.pointer, at.rstd.pointer, at.r.pointer, at.r.after(N)] as const),
        ...([at.x.pointer, at.x.ld, M, N, 0.1, EPS] as const),
      ),
    );
    const exact = Array.from({ length: N }, (_, n) => 1 / Math.sqrt(moments(x, n, N, M).variance + EPS));
    expectClose('rstd', rstd, exact, (j) => 2 ** -20 * exact[j]);
  });

  test('running statistics in place of the batch', () => {
    for (const N of [1, 3, 4, 7, 33]) {
      for (const end of ['mean', 'rstd', 'rm', 'rv'] as const) {
        const [rm, rv] = [reals(N, N), reals(N, N + 1).map(Math.abs)];
        const operands = { mean: vectorOut(N), rstd: vectorOut(N), rm: vector(rm), rv: vector(rv) };
        const got = runOn(
          arena,
          `batch_norm_running ${N}`,
          operands,
          (at) =>
            arena.kernels.batch_norm_running(
              at.mean.pointer,
              at.rstd.pointer,
              at.rm.pointer,
              at.rv.pointer,
              N,
              EPS,
            ),
          end,
        );
        expectSame('mean', got.mean, rm);
        const exact = rv.map((v) => 1 / Math.sqrt(v + EPS));
        expectClose('rstd', got.rstd, exact, (j) => 2 ** -22 * exact[j]);
      }
    }
  });

  test.each([true, false])('forward, weight and bias %s', (affine) => {
    for (const [i, [M, N]] of shapes.entries()) {
      const { x, weight, bias } = data(M, N);
      const mean = reals(N, 5).map((v, n) => Math.fround(v + 20 * (n - 3)));
      const rstd = reals(N, 6).map((v) => Math.fround(1.5 + v));
      const operands = {
        y: output(M, N, N + 1),
        mean: vector(mean),
        rstd: vector(rstd),
        x: input(x, M, N, N + 2),
        weight: vector(weight),
        bias: vector(bias),
      };
      const end = (['y', 'mean', 'rstd', 'x', 'weight', 'bias'] as const)[i % 6];
      const { y } = runOn(
        arena,
        `batch_norm_forward ${M}x${N}`,
        operands,
        (at) =>
          arena.kernels.batch_norm_forward(
            ...([at.y.pointer, at.y.ld, at.mean.pointer, at.rstd.pointer, at.x.pointer, at.x.ld] as const),
            ...([affine ? at.weight.pointer : 0, affine ? at.bias.pointer : 0, M, N] as const),
          ),
        end,
      );
      const exact = x.map(
        (v, j) => (v - mean[j % N]) * rstd[j % N] * (affine ? weight[j % N] : 1) + (affine ? bias[j % N] : 0),
      );
      expectClose(`y ${M}x${N}`, y, exact, (j) => 2 ** -21 * (1 + Math.abs(exact[j])));
    }
  });

  test.each([1, 0])('backward, training %s', (training) => {
    for (const [i, [M, N]] of shapes.entries()) {
      const { x, dy, weight } = data(M, N);
      const exact = Array.from({ length: N }, (_, n) => moments(x, n, N, M));
      const mean = exact.map((e) => Math.fround(e.mean));
      const rstd = exact.map((e) => Math.fround(1 / Math.sqrt(e.variance + EPS)));
      const operands = {
        dx: output(M, N, N + 1),
        dweight: vectorOut(N),
        dbias: vectorOut(N),
        mean: vector(mean),
        rstd: vector(rstd),
        x: input(x, M, N, N + 2),
        dy: input(dy, M, N, N + 3),
        weight: vector(weight),
      };
      const ends = ['dx', 'dweight', 'dbias', 'mean', 'rstd', 'x', 'dy', 'weight'] as const;
      const got = runOn(
        arena,
        `batch_norm_backward ${M}x${N}`,
        operands,
        (at) =>
          arena.kernels.batch_norm_backward(
            ...([at.dx.pointer, at.dx.ld, at.dweight.pointer, at.dbias.pointer] as const),
            ...([at.mean.pointer, at.rstd.pointer, at.x.pointer, at.x.ld, at.dy.pointer, at.dy.ld] as const),
            ...([at.weight.pointer, M, N, training] as const),
          ),
        ends[i % ends.length],
      );
      const dweight = new Float64Array(N);
      const dbias = new Float64Array(N);
      const normal = x.map((v, j) => (v - mean[j % N]) * rstd[j % N]);
      for (let j = 0; j < M * N; j++) {
        dweight[j % N] += dy[j] * normal[j];
        dbias[j % N] += dy[j];
      }
      const dx = dy.map((g, j) => {
        const n = j % N;
        return weight[n] * rstd[n] * (g - (training ? dbias[n] / M + (normal[j] * dweight[n]) / M : 0));
      });
      expectClose('dweight', got.dweight, dweight, near(M));
      expectClose('dbias', got.dbias, dbias, near(M));
      const largest = Math.max(...rstd);
      expectClose(`dx ${M}x${N}`, got.dx, dx, near(8 * largest));
    }
  });

  test('columns may be done apart, and what is absent is left out', () => {
    const [M, N] = [13, 29];
    const { x, dy, weight, bias } = data(M, N);
    const run = (cuts: [number, number][], absent = false) =>
      runOn(
        arena,
        'batch norm in parts',
        {
          ...{ mean: vectorOut(N), rstd: vectorOut(N), rm: vectorInout(filled(N, 0)) },
          ...{ rv: vectorInout(filled(N, 1)), y: output(M, N, N + 2), dx: output(M, N, N + 1) },
          ...{ dweight: vectorOut(N), dbias: vectorOut(N), x: input(x, M, N), dy: input(dy, M, N, N + 1) },
          ...{ weight: vector(weight), bias: vector(bias) },
        },
        (p) => {
          for (const [at, count] of cuts) {
            const [mean, rstd] = [p.mean.after(at), p.rstd.after(at)];
            const [X, DY, W] = [p.x.after(at), p.dy.after(at), p.weight.after(at)];
            arena.kernels.batch_norm_statistics(
              ...([mean, rstd, p.rm.after(at), p.rv.after(at), X, p.x.ld] as const),
              ...([M, count, MOMENTUM, EPS] as const),
            );
            arena.kernels.batch_norm_forward(
              ...([p.y.after(at), p.y.ld, mean, rstd, X, p.x.ld, W, p.bias.after(at), M, count] as const),
            );
            arena.kernels.batch_norm_backward(
              ...([absent ? 0 : p.dx.after(at), p.dx.ld, absent ? 0 : p.dweight.after(at)] as const),
              ...([absent ? 0 : p.dbias.after(at), mean, rstd, X, p.x.ld, DY, p.dy.ld, W] as const),
              ...([M, count, 1] as const),
            );
          }
        },
      );
    const [whole, cut] = [run([[0, N]]), run(parts(N))];
    for (const name of ['mean', 'rstd', 'rm', 'rv', 'y', 'dx', 'dweight', 'dbias'] as const)
      expectSame(name, cut[name], whole[name]);
    const absent = run([[0, N]], true);
    for (const name of ['dx', 'dweight', 'dbias'] as const)
      expectSame(name, absent[name], filled(absent[name].length, Number.NaN));
  });
});

describe('normalisation in float64', () => {
  test('a normalised column has mean 0 and variance 1', () => {
    const arena = float64Arena();
    const [M, N] = [40, 3];
    const x = reals(M * N, 9, 5);
    const { y } = runOn(
      arena,
      'float64',
      {
        ...{ y: output(M, N), mean: vectorOut(N), rstd: vectorOut(N), r: vectorInout(filled(2 * N, 0)) },
        x: input(x, M, N),
      },
      (p) => {
        const [mean, rstd] = [p.mean.pointer, p.rstd.pointer];
        arena.kernels.batch_norm_statistics(
          ...([mean, rstd, p.r.pointer, p.r.after(N), p.x.pointer, N, M, N, 0.1, 0] as const),
        );
        arena.kernels.batch_norm_forward(p.y.pointer, N, mean, rstd, p.x.pointer, N, 0, 0, M, N);
      },
    );
    for (let n = 0; n < N; n++) {
      const { mean, variance } = moments(y, n, N, M);
      expectClose('moments', [mean, variance], [0, 1], () => 1e-12);
    }
  });
});
