/**
 * Batch normalisation by blocks of rows: each kernel against sums in float64, all of them together against the
 * kernels that go through columns, bit by bit, and blocks apart.
 */
import { expect, test } from 'vitest';
import { type Arena, describeBackends, filled, reals } from './harness.js';
import { data, EPS, moments } from './norm-data.js';
import { input, output, parts, runOn, vector, vectorInout, vectorOut } from './operands.js';
import { expectClose, expectSame } from './ulp.js';

const BLOCK = 64;
const shapes = [1, 63, 64, 65, 200].flatMap((M) => [1, 3, 4, 7, 8, 9, 16, 21].map((N) => [M, N] as const));

/** Σ of each block of rows and each column. */
function blockSums(M: number, N: number, of: (m: number, n: number) => number): Float64Array {
  const sums = filled(Math.ceil(M / BLOCK) * N, 0);
  for (let m = 0; m < M; m++) for (let n = 0; n < N; n++) sums[Math.floor(m / BLOCK) * N + n] += of(m, n);
  return sums;
}

/** Statistics and gradients of [M, N], by blocks or column by column. */
function whole(arena: Arena, M: number, N: number, byBlocks: boolean, training: number) {
  const { x, dy, weight } = data(M, N);
  const B = Math.ceil(M / BLOCK);
  const k = arena.kernels;
  return runOn(
    arena,
    `batch norm ${M}x${N}`,
    {
      ...{
        mean: vectorOut(N),
        rstd: vectorOut(N),
        rm: vectorInout(filled(N, 3)),
        rv: vectorInout(filled(N, 2)),
      },
      ...{ sums: output(B, N, N + 1), squares: output(B, N, N + 2), d: vectorOut(N), q: vectorOut(N) },
      ...{ dx: output(M, N, N + 1), dw: vectorOut(N), db: vectorOut(N), weight: vector(weight) },
      ...{ x: input(x, M, N, N + 3), dy: input(dy, M, N, N + 2) },
    },
    (p) => {
      const [mean, rstd, rm, rv] = [p.mean.pointer, p.rstd.pointer, p.rm.pointer, p.rv.pointer];
      const [sums, squares] = [
        [p.sums.pointer, p.sums.ld] as const,
        [p.squares.pointer, p.squares.ld] as const,
      ];
      const [X, DY] = [[p.x.pointer, p.x.ld] as const, [p.dy.pointer, p.dy.ld] as const];
      const [stepX, stepDy] = [BLOCK * p.x.ld, BLOCK * p.dy.ld];
      if (!byBlocks) {
        k.batch_norm_statistics(mean, rstd, rm, rv, ...X, M, N, 0.1, EPS);
        k.batch_norm_backward(
          ...([p.dx.pointer, p.dx.ld, p.dw.pointer, p.db.pointer, mean, rstd, ...X, ...DY] as const),
          ...([p.weight.pointer, M, N, training] as const),
        );
        return;
      }
      k.block_moments(...sums, 0, 0, 0, p.x.pointer, stepX, p.x.ld, B, N, 0, M);
      k.block_totals(mean, ...sums, B, N, M);
      k.block_moments(...sums, ...squares, mean, p.x.pointer, stepX, p.x.ld, B, N, 0, M);
      k.block_totals(p.d.pointer, ...sums, B, N, 1);
      k.block_totals(p.q.pointer, ...squares, B, N, 1);
      k.batch_norm_moments(mean, rstd, rm, rv, p.d.pointer, p.q.pointer, M, N, 0.1, EPS);
      k.block_products(
        ...([...sums, ...squares, mean, rstd, p.x.pointer, stepX, p.x.ld, p.dy.pointer, stepDy] as const),
        ...([p.dy.ld, B, N, 0, M] as const),
      );
      k.block_totals(p.db.pointer, ...sums, B, N, 1);
      k.block_totals(p.dw.pointer, ...squares, B, N, 1);
      k.batch_norm_input_gradient(
        ...([p.dx.pointer, p.dx.ld, mean, rstd, ...X, ...DY, p.weight.pointer, p.db.pointer] as const),
        ...([p.dw.pointer, M, N, training ? M : 0] as const),
      );
    },
  );
}

describeBackends('batch normalisation by blocks', (arena) => {
  test('sums of blocks, and their totals', () => {
    for (const [i, [M, N]] of shapes.entries()) {
      const { x, dy } = data(M, N);
      const mean = reals(N, 1).map((v, n) => Math.fround(v + 20 * (n - 3)));
      const rstd = reals(N, 2).map((v) => Math.fround(v + 1.5));
      const B = Math.ceil(M / BLOCK);
      const [sums, squares] = [output(B, N, N + 2), output(B, N, N + 1)];
      const ends = [
        'plain',
        'sums',
        'squares',
        'plains',
        'products',
        'total',
        'mean',
        'rstd',
        'x',
        'dy',
      ] as const;
      const got = runOn(
        arena,
        `blocks of ${M}x${N}`,
        {
          ...{ plain: sums, sums, squares, plains: sums, products: squares, total: vectorOut(N) },
          ...{ mean: vector(mean), rstd: vector(rstd), x: input(x, M, N, N + 3), dy: input(dy, M, N, N + 1) },
        },
        (p) => {
          const X = [p.x.pointer, BLOCK * p.x.ld, p.x.ld] as const;
          const k = arena.kernels;
          k.block_moments(p.plain.pointer, p.plain.ld, 0, 0, 0, ...X, B, N, 0, M);
          k.block_totals(p.total.pointer, p.plain.pointer, p.plain.ld, B, N, 3);
          k.block_moments(
            ...([p.sums.pointer, p.sums.ld, p.squares.pointer, p.squares.ld, p.mean.pointer, ...X] as const),
            ...([B, N, 0, M] as const),
          );
          k.block_products(
            ...([p.plains.pointer, p.plains.ld, p.products.pointer, p.products.ld, p.mean.pointer] as const),
            ...([p.rstd.pointer, ...X, p.dy.pointer, BLOCK * p.dy.ld, p.dy.ld, B, N, 0, M] as const),
          );
        },
        ends[i % ends.length],
      );
      const near = (scale: number) => () => 2 ** -18 * scale;
      const d = (m: number, n: number) => x[m * N + n] - mean[n];
      const size = 64 * (1 + 20 * N);
      expectClose(
        'plain',
        got.plain,
        blockSums(M, N, (m, n) => x[m * N + n]),
        near(size),
      );
      expectClose('sums', got.sums, blockSums(M, N, d), near(size));
      expectClose(
        'squares',
        got.squares,
        blockSums(M, N, (m, n) => d(m, n) ** 2),
        near(size),
      );
      expectClose(
        'plains',
        got.plains,
        blockSums(M, N, (m, n) => dy[m * N + n]),
        near(64),
      );
      const products = blockSums(M, N, (m, n) => dy[m * N + n] * d(m, n) * rstd[n]);
      expectClose('products', got.products, products, near(size));
      const totals = filled(N, 0).map((_, n) => (moments(x, n, N, M).mean * M) / 3);
      expectClose('total', got.total, totals, near(M * (1 + 20 * N)));
    }
  });

  test.each([1, 0])('together they have the bits of what goes through columns, training %s', (training) => {
    for (const [M, N] of [
      [4161, 5],
      [4200, 16],
      [8192, 8],
    ]) {
      const [blocks, columns] = [whole(arena, M, N, true, training), whole(arena, M, N, false, training)];
      // The reference, which packs nothing, adds up whole columns in float64.
      const isReference = arena.kernels.workspace_size() === 0;
      for (const part of ['mean', 'rstd', 'rm', 'rv', 'dw', 'db', 'dx'] as const) {
        if (!isReference) expectSame(part, blocks[part], columns[part]);
        expectClose(part, blocks[part], columns[part], (j) => 2 ** -16 * (1 + Math.abs(columns[part][j])));
      }
      expect(blocks.mean.every(Number.isFinite)).toBe(true);
    }
  });

  test.each([
    [21, 'x'],
    [21, 'dx'],
    [23, 'x'],
    [23, 'dx'],
  ] as const)(
    'blocks, columns and rows may be done apart, and dx may be dy, N %i, the end in %s',
    (N, end) => {
      const M = 1000;
      const B = Math.ceil(M / BLOCK);
      const { x, dy, weight } = data(M, N);
      const [mean, rstd] = [reals(N, 1), reals(N, 2)];
      const run = (cuts: [number, number][], rows: [number, number][], columns: [number, number][]) =>
        runOn(
          arena,
          'batch norm in parts of blocks',
          {
            ...{
              s: output(B, N, N + 1),
              q: output(B, N),
              plain: output(B, N),
              products: output(B, N, N + 3),
            },
            ...{ total: vectorOut(N), mean: vector(mean), rstd: vector(rstd), weight: vector(weight) },
            ...{ moved: vectorInout(mean), r: vectorOut(N), rm: vectorInout(mean), rv: vectorInout(rstd) },
            ...{ squares: vector(reals(N, 9).map(Math.abs)), x: input(x, M, N, N + 2), dx: vectorInout(dy) },
          },
          (p) => {
            const k = arena.kernels;
            for (const [b, count] of cuts) {
              const X = [p.x.after(b * BLOCK * p.x.ld), BLOCK * p.x.ld, p.x.ld] as const;
              k.block_moments(
                ...([
                  p.s.after(b * p.s.ld),
                  p.s.ld,
                  p.q.after(b * p.q.ld),
                  p.q.ld,
                  p.mean.pointer,
                  ...X,
                ] as const),
                ...([count, N, b, M] as const),
              );
              k.block_products(
                ...([p.plain.after(b * N), N, p.products.after(b * p.products.ld), p.products.ld] as const),
                ...([p.mean.pointer, p.rstd.pointer, ...X, p.dx.after(b * BLOCK * N), BLOCK * N, N] as const),
                ...([count, N, b, M] as const),
              );
            }
            for (const [n, count] of columns) {
              k.block_totals(p.total.after(n), p.s.after(n), p.s.ld, B, count, 2);
              k.batch_norm_moments(
                ...([p.moved.after(n), p.r.after(n), p.rm.after(n), p.rv.after(n), p.mean.after(n)] as const),
                ...([p.squares.after(n), M, count, 0.1, EPS] as const),
              );
            }
            for (const [m, count] of rows) {
              k.batch_norm_input_gradient(
                ...([
                  p.dx.after(m * N),
                  N,
                  p.mean.pointer,
                  p.rstd.pointer,
                  p.x.after(m * p.x.ld),
                  p.x.ld,
                ] as const),
                ...([p.dx.after(m * N), N, p.weight.pointer, p.total.pointer, p.squares.pointer] as const),
                ...([count, N, M] as const),
              );
            }
          },
          end,
        );
      const once = run([[0, B]], [[0, M]], [[0, N]]);
      const cut = run(
        parts(B),
        [
          [0, 100],
          [100, 65],
          [165, 1],
          [166, 63],
          [229, M - 229],
        ],
        parts(N),
      );
      for (const part of ['s', 'q', 'plain', 'products', 'total', 'moved', 'r', 'rm', 'rv', 'dx'] as const)
        expectSame(part, cut[part], once[part]);
    },
  );
});
