/** Batch and layer normalisation: shapes, guards, closed forms in float64, and parts against the whole. */
import { describe, test } from 'vitest';
import { type Arena, describeBackends, filled, float64Arena, reals } from './harness.js';
import { inout, input, output, parts, runOn, vector, vectorInout, vectorOut } from './operands.js';
import { expectClose, expectSame } from './ulp.js';

const EPS = Math.fround(1e-3);
const MOMENTUM = Math.fround(0.1);
const shapes = [1, 2, 3, 5, 17].flatMap((M) =>
  [1, 2, 3, 4, 5, 8, 11, 16, 19, 35].map((N) => [M, N] as const),
);

/** x with a mean far from 0, so that a one-pass variance would not do. */
function data(M: number, N: number) {
  const seed = M * 100 + N;
  return {
    x: reals(M * N, seed, 2).map((v, i) => Math.fround(v + 20 * ((i % N) - 3))),
    dy: reals(M * N, seed + 1),
    weight: reals(N, seed + 2, 2),
    bias: reals(N, seed + 3),
  };
}

/** Mean, biased variance of every `step`-th number of x from `from` on. */
function moments(x: ArrayLike<number>, from: number, step: number, count: number) {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += x[from + i * step];
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (x[from + i * step] - mean) ** 2;
  return { mean, variance: squares / count };
}

/** Rounding of x, whose size is up to 700, beside a deviation of at least √eps: what is left of precision. */
const near = (scale: number) => () => 2 ** -19 * scale;

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

describeBackends('layer normalisation', (arena) => {
  test.each([true, false])('forward, weight and bias %s', (affine) => {
    for (const [i, [N, M]] of shapes.entries()) {
      const { x, weight, bias } = data(M, N);
      const operands = {
        ...{ y: output(M, N, N + 1), mean: vectorOut(M), rstd: vectorOut(M), x: input(x, M, N, N + 2) },
        ...{ weight: vector(weight), bias: vector(bias) },
      };
      const end = (['y', 'mean', 'rstd', 'x', 'weight', 'bias'] as const)[i % 6];
      const got = runOn(
        arena,
        `layer_norm_forward ${M}x${N}`,
        operands,
        (at) =>
          arena.kernels.layer_norm_forward(
            ...([at.y.pointer, at.y.ld, at.mean.pointer, at.rstd.pointer, at.x.pointer, at.x.ld] as const),
            ...([affine ? at.weight.pointer : 0, affine ? at.bias.pointer : 0, M, N, EPS] as const),
          ),
        end,
      );
      const exact = Array.from({ length: M }, (_, m) => moments(x, m * N, 1, N));
      const rstd = exact.map((e) => 1 / Math.sqrt(e.variance + EPS));
      expectClose(
        'mean',
        got.mean,
        exact.map((e) => e.mean),
        (m) => 2 ** -22 * (1 + Math.abs(exact[m].mean)),
      );
      expectClose('rstd', got.rstd, rstd, (m) => 2 ** -19 * rstd[m]);
      const y = x.map((v, j) => {
        const m = Math.floor(j / N);
        return (v - exact[m].mean) * rstd[m] * (affine ? weight[j % N] : 1) + (affine ? bias[j % N] : 0);
      });
      // The mean of numbers up to 700 is off by some of their last places.
      expectClose(`y ${M}x${N}`, got.y, y, (j) => 2 ** -12 * rstd[Math.floor(j / N)] * 2 + 2 ** -18);
    }
  });

  test('backward', () => {
    for (const [i, [N, M]] of shapes.entries()) {
      const { dy, weight } = data(M, N);
      const x = reals(M * N, M + N);
      const exact = Array.from({ length: M }, (_, m) => moments(x, m * N, 1, N));
      const mean = exact.map((e) => Math.fround(e.mean));
      const rstd = exact.map((e) => Math.fround(1 / Math.sqrt(e.variance + EPS)));
      const operands = {
        ...{ dx: output(M, N, N + 1), dweight: vectorOut(N), dbias: vectorOut(N), mean: vector(mean) },
        ...{ rstd: vector(rstd), x: input(x, M, N, N + 2), dy: input(dy, M, N, N + 3) },
        weight: vector(weight),
      };
      const ends = ['dx', 'dweight', 'dbias', 'mean', 'rstd', 'x', 'dy', 'weight'] as const;
      const got = runOn(
        arena,
        `layer_norm_backward ${M}x${N}`,
        operands,
        (at) => {
          const saved = [at.mean.pointer, at.rstd.pointer, at.x.pointer, at.x.ld] as const;
          const gradient = [at.dy.pointer, at.dy.ld] as const;
          arena.kernels.layer_norm_backward(
            ...([at.dx.pointer, at.dx.ld, ...saved, ...gradient, at.weight.pointer, M, N] as const),
          );
          arena.kernels.layer_norm_parameters(
            ...([at.dweight.pointer, at.dbias.pointer, ...saved, ...gradient, M, N] as const),
          );
        },
        ends[i % ends.length],
      );
      const normal = x.map((v, j) => (v - mean[Math.floor(j / N)]) * rstd[Math.floor(j / N)]);
      const dweight = new Float64Array(N);
      const dbias = new Float64Array(N);
      for (let j = 0; j < M * N; j++) {
        dweight[j % N] += dy[j] * normal[j];
        dbias[j % N] += dy[j];
      }
      const dx = dy.map((_, j) => {
        const m = Math.floor(j / N);
        let [sum, products] = [0, 0];
        for (let n = 0; n < N; n++) {
          sum += dy[m * N + n] * weight[n];
          products += dy[m * N + n] * weight[n] * normal[m * N + n];
        }
        return rstd[m] * (dy[j] * weight[j % N] - sum / N - (normal[j] * products) / N);
      });
      expectClose('dweight', got.dweight, dweight, near(M));
      expectClose('dbias', got.dbias, dbias, near(M));
      expectClose(`dx ${M}x${N}`, got.dx, dx, near(4 * Math.max(...rstd)));
    }
  });

  test('rows may be done apart, parameters by columns', () => {
    const [M, N] = [19, 13];
    const { x, dy, weight, bias } = data(M, N);
    const run = (rows: [number, number][], columns: [number, number][]) =>
      runOn(
        arena,
        'layer norm in parts',
        {
          ...{ y: output(M, N, N + 1), mean: vectorOut(M), rstd: vectorOut(M), dx: output(M, N) },
          ...{ dweight: vectorOut(N), dbias: vectorOut(N), x: input(x, M, N, N + 2), dy: input(dy, M, N) },
          ...{ weight: vector(weight), bias: vector(bias) },
        },
        (p) => {
          for (const [m, count] of rows) {
            const [mean, rstd, X] = [p.mean.after(m), p.rstd.after(m), p.x.after(m * p.x.ld)];
            arena.kernels.layer_norm_forward(
              ...([p.y.after(m * p.y.ld), p.y.ld, mean, rstd, X, p.x.ld] as const),
              ...([p.weight.pointer, p.bias.pointer, count, N, EPS] as const),
            );
            arena.kernels.layer_norm_backward(
              ...([p.dx.after(m * p.dx.ld), p.dx.ld, mean, rstd, X, p.x.ld] as const),
              ...([p.dy.after(m * p.dy.ld), p.dy.ld, p.weight.pointer, count, N] as const),
            );
          }
          for (const [n, count] of columns) {
            arena.kernels.layer_norm_parameters(
              ...([p.dweight.after(n), p.dbias.after(n), p.mean.pointer, p.rstd.pointer] as const),
              ...([p.x.after(n), p.x.ld, p.dy.after(n), p.dy.ld, M, count] as const),
            );
          }
        },
      );
    const [whole, cut] = [run([[0, M]], [[0, N]]), run(parts(M), parts(N))];
    for (const name of ['y', 'mean', 'rstd', 'dx', 'dweight', 'dbias'] as const)
      expectSame(name, cut[name], whole[name]);
  });

  test('in place: y = x, dx = dy', () => {
    const [M, N] = [3, 7];
    const { x, dy, weight, bias } = data(M, N);
    const vectors = () => ({
      mean: vectorOut(M),
      rstd: vectorOut(M),
      weight: vector(weight),
      bias: vector(bias),
    });
    const apart = runOn(
      arena,
      'apart',
      { ...vectors(), y: output(M, N), dx: output(M, N), x: input(x, M, N), dy: input(dy, M, N) },
      (p) => {
        const saved = [p.mean.pointer, p.rstd.pointer, p.x.pointer, N] as const;
        arena.kernels.layer_norm_forward(
          p.y.pointer,
          N,
          ...saved,
          p.weight.pointer,
          p.bias.pointer,
          M,
          N,
          EPS,
        );
        arena.kernels.layer_norm_backward(p.dx.pointer, N, ...saved, p.dy.pointer, N, p.weight.pointer, M, N);
      },
    );
    const same = runOn(
      arena,
      'in place',
      { ...vectors(), x: input(x, M, N), y: inout(x, M, N), dy: inout(dy, M, N) },
      (p) => {
        const rest = [p.weight.pointer, p.bias.pointer, M, N, EPS] as const;
        arena.kernels.layer_norm_forward(
          p.y.pointer,
          N,
          p.mean.pointer,
          p.rstd.pointer,
          p.y.pointer,
          N,
          ...rest,
        );
        const saved = [p.mean.pointer, p.rstd.pointer, p.x.pointer, N] as const;
        arena.kernels.layer_norm_backward(p.dy.pointer, N, ...saved, p.dy.pointer, N, p.weight.pointer, M, N);
      },
    );
    expectSame('y', same.y, apart.y);
    expectSame('dx', same.dy, apart.dx);
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
