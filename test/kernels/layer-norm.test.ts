/** Layer normalisation: shapes, guards, closed forms in float64, and parts against the whole. */
import { test } from 'vitest';
import { type Arena, describeBackends, filled, reals } from './harness.js';
import { data, EPS, moments, near, shapes as some } from './norm-data.js';
import { inout, input, output, parts, runOn, vector, vectorOut } from './operands.js';
import { expectClose, expectSame } from './ulp.js';

/** Rows of whole vectors, too. */
const shapes = [...some, ...[4, 8, 36].map((N) => [N, 3] as const)];

/** Means and rstds of rows alone. */
function statistics(arena: Arena, x: Float64Array, M: number, N: number, eps: number) {
  return runOn(
    arena,
    `statistics of ${M} rows of ${N}`,
    { y: output(M, N), mean: vectorOut(M), rstd: vectorOut(M), x: input(x, M, N, N + 1) },
    ({ y, mean, rstd, x }) =>
      arena.kernels.layer_norm_forward(
        ...([y.pointer, y.ld, mean.pointer, rstd.pointer, x.pointer, x.ld, 0, 0, M, N, eps] as const),
      ),
  );
}

describeBackends('layer normalisation', (arena) => {
  test('rows of equal numbers have that mean, and no variance', () => {
    const whole = [1, -3, 7, 100];
    for (let N = 1; N < 20; N++) {
      const got = statistics(
        arena,
        Float64Array.from({ length: 4 * N }, (_, i) => whole[Math.floor(i / N)]),
        4,
        N,
        2 ** -66,
      );
      expectSame('mean', got.mean, whole);
      expectSame('rstd', got.rstd, filled(4, 2 ** 33));
      // Of others rounding leaves a little, of either sign.
      const others = reals(30, N, 10);
      const { mean, rstd } = statistics(
        arena,
        Float64Array.from({ length: 30 * N }, (_, i) => others[Math.floor(i / N)]),
        30,
        N,
        EPS,
      );
      expectClose('mean', mean, others, (i) => 2 ** -23 * Math.abs(others[i]));
      expectClose('rstd', rstd, filled(30, EPS ** -0.5), () => 1e-4);
    }
  });

  test('a long row of equal numbers, and one whose variance is small', () => {
    const N = 4000;
    const term = Math.fround(0.1);
    // A chain of 1000 additions is off by more than this.
    const long = statistics(arena, filled(N, term), 1, N, 2 ** -46);
    expectClose('mean', long.mean, [term], () => 2 ** -27);
    expectClose('rstd', long.rstd, [2 ** 23], () => 2 ** 16);
    const x = reals(9, 1, 0.1);
    const exact = moments(x, 0, 1, 9);
    const { rstd } = statistics(arena, x, 1, 9, EPS);
    expectClose('rstd', rstd, [(exact.variance + EPS) ** -0.5], () => 1e-4);
  });

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
