/**
 * Sums of many terms. A single chain of float32 additions of equal terms is off by 5e-4 after 60,000 and by
 * 9e-3 after a million; of blocks it is not, and up to LONGEST_CHAIN terms it is the one chain that it always
 * was.
 */
import { expect, test } from 'vitest';
import { LONGEST_CHAIN } from '../../src/engine/kernels.js';
import { type Arena, describeBackends, filled, integers, reals } from './harness.js';
import { inout, input, output, runOn, vector, vectorInout, vectorOut } from './operands.js';
import { expectClose, expectSame } from './ulp.js';

const lengths = [1, 200, LONGEST_CHAIN - 1, LONGEST_CHAIN, LONGEST_CHAIN + 1, LONGEST_CHAIN + 160, 9001];
/** Rounded up in most additions, and so the worst for a chain. */
const TERM = Math.fround(0.1);

type Shape = readonly [M: number, N: number, K: number];

/** The three products of a [M, K] and b [K, N]. */
function products(
  arena: Arena,
  [M, N, K]: Shape,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { start, wide = 0 }: { start?: ArrayLike<number>; wide?: number } = {},
) {
  const turned = (x: ArrayLike<number>, rows: number, columns: number) => {
    const out = new Float64Array(rows * columns);
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = x[r * columns + c];
    return out;
  };
  const c = () => (start ? inout(start, M, N) : output(M, N));
  const panels = K * Math.ceil(N / 16) * 16;
  const { kernels: k, work } = arena;
  const accumulate = Number(start !== undefined);
  const nn = runOn(
    arena,
    'nn',
    { c: c(), packed: c(), a: input(a, M, K), b: input(b, K, N), panels: vectorOut(panels) },
    (p) => {
      const from = [p.a.pointer, K, 0] as const;
      const end = [0, 1, M, N, K, accumulate, 0, wide] as const;
      k.gemm_nn(p.c.pointer, N, 0, work, ...from, p.b.pointer, N, 0, ...end);
      k.pack_b(p.panels.pointer, p.b.pointer, N, N, K, wide);
      if (M > 2) k.gemm_nn(p.packed.pointer, N, 0, work, ...from, p.panels.pointer, 0, 0, ...end);
    },
  );
  const nt = runOn(arena, 'nt', { c: c(), a: input(a, M, K), b: input(turned(b, K, N), N, K) }, (p) =>
    k.gemm_nt(
      ...([p.c.pointer, N, 0, work, 0, 0, 0, p.a.pointer, K, 0, p.b.pointer, K, 0] as const),
      ...([1, M, N, K, accumulate, 0, wide] as const),
    ),
  );
  const tn = runOn(arena, 'tn', { c: c(), a: input(turned(a, M, K), K, M), b: input(b, K, N) }, (p) =>
    k.gemm_tn(
      ...([p.c.pointer, N, 0, work, p.a.pointer, M, 0, p.b.pointer, N, 0] as const),
      ...([1, M, N, K, accumulate, wide] as const),
    ),
  );
  return { nn: nn.c, nt: nt.c, tn: tn.c, ...(M > 2 && { packed: nn.packed }) };
}

/** start + A·B: in float64, or with every product and sum rounded. */
function plain(
  [M, N, K]: Shape,
  a: Float64Array,
  b: Float64Array,
  start?: Float64Array,
  round = (x: number) => x,
) {
  return Float64Array.from({ length: M * N }, (_, i) => {
    const [m, n] = [Math.floor(i / N), i % N];
    let sum = start ? start[i] : 0;
    for (let k = 0; k < K; k++) sum = round(sum + round(a[m * K + k] * b[k * N + n]));
    return sum;
  });
}

describeBackends('products over many terms', (arena) => {
  test.each(lengths)('are exact on integers, K = %i', (K) => {
    for (const [M, N] of [
      [1, 37],
      [2, 3],
      [7, 1],
      [13, 21],
    ] as const) {
      const [a, b, start] = [integers(M * K, K), integers(K * N, K + 1), integers(M * N, K + 2)];
      for (const from of [undefined, start]) {
        const expected = plain([M, N, K], a, b, from);
        for (const wide of [0, 1]) {
          const got = products(arena, [M, N, K], a, b, { ...(from && { start: from }), wide });
          for (const [name, c] of Object.entries(got)) expectSame(`${name} ${M}x${N}:${K}`, c, expected);
        }
      }
    }
  });

  test('are as near after 60,000 terms as after 4,000', () => {
    const [M, N, K] = [3, 9, 60_000];
    const got = products(arena, [M, N, K], filled(M * K, TERM), filled(K * N, 1));
    for (const [name, c] of Object.entries(got))
      expectClose(name, c, filled(M * N, K * TERM), () => 1e-5 * K * TERM);
  });

  test('give a row the same bits alone and among others', () => {
    const [M, N, K] = [9, 37, LONGEST_CHAIN + 333];
    const [a, b] = [reals(M * K, 1), reals(K * N, 2)];
    const { nn, packed } = products(arena, [M, N, K], a, b);
    expectSame('packed', packed!, nn);
    for (const m of [0, 8]) {
      const one = products(arena, [1, N, K], a.subarray(m * K, (m + 1) * K), b).nn;
      expectSame(`row ${m}`, one, nn.subarray(m * N, (m + 1) * N));
    }
  });
});

function columnSums(arena: Arena, x: ArrayLike<number>, M: number, N: number, start?: ArrayLike<number>) {
  const y = start ? vectorInout(start) : vectorOut(N);
  return runOn(arena, `column_sums ${M}x${N}`, { y, x: input(x, M, N, N + 2) }, (p) =>
    arena.kernels.column_sums(p.y.pointer, p.x.pointer, p.x.ld, M, N, Number(start !== undefined)),
  ).y;
}

describeBackends('sums of many rows', (arena) => {
  test('column_sums up to LONGEST_CHAIN is one chain', () => {
    const [M, N] = [LONGEST_CHAIN, 5];
    const x = reals(M * N, 3);
    const expected = new Float32Array(N);
    for (let i = 0; i < M * N; i++) expected[i % N] += x[i];
    expectSame('column sums', columnSums(arena, x, M, N), expected);
  });

  test.each(lengths)('column_sums of %i rows of integers', (M) => {
    for (const N of [1, 4, 21]) {
      const [x, start] = [integers(M * N, M), integers(N, M + 1)];
      for (const from of [undefined, start]) {
        const expected = from ? Float64Array.from(from) : new Float64Array(N);
        for (let i = 0; i < M * N; i++) expected[i % N] += x[i];
        expectSame(`column_sums ${M}x${N}`, columnSums(arena, x, M, N, from), expected);
      }
    }
  });

  test.each([60_000, 1_000_000])('the bias gradient of %i equal rows', (M) => {
    const exact = [M * TERM, -M * TERM];
    const x = Float64Array.from({ length: 2 * M }, (_, i) => (i % 2 ? -TERM : TERM));
    expectClose('column_sums', columnSums(arena, x, M, 2), exact, () => 1e-6 * M * TERM);
  });

  test('the moments of batch normalisation and its gradients', () => {
    const [M, N] = [100_000, 3];
    // Mean 3 and variance 1: two values in turn, each of which is the same number 50,000 times.
    const x = Float64Array.from({ length: M * N }, (_, i) => (Math.floor(i / N) % 2 ? 2 : 4));
    const { kernels: k } = arena;
    const got = runOn(
      arena,
      'batch norm',
      {
        ...{
          mean: vectorOut(N),
          rstd: vectorOut(N),
          running: vectorInout(filled(2 * N, 0)),
          dx: output(M, N),
        },
        ...{ dw: vectorOut(N), db: vectorOut(N), x: input(x, M, N), dy: input(filled(M * N, TERM), M, N) },
      },
      (p) => {
        const [mean, rstd] = [p.mean.pointer, p.rstd.pointer];
        k.batch_norm_statistics(
          ...([mean, rstd, p.running.pointer, p.running.after(N), p.x.pointer, N, M, N, 1, 1e-5] as const),
        );
        k.batch_norm_backward(
          ...([
            p.dx.pointer,
            N,
            p.dw.pointer,
            p.db.pointer,
            mean,
            rstd,
            p.x.pointer,
            N,
            p.dy.pointer,
            N,
          ] as const),
          ...([0, M, N, 1] as const),
        );
      },
    );
    const rstd = 1 / Math.sqrt(1 + 1e-5);
    expectClose('mean', got.mean, filled(N, 3), () => 1e-6);
    expectClose('rstd', got.rstd, filled(N, rstd), () => 1e-6);
    expectClose('running var', got.running.slice(N), filled(N, M / (M - 1)), () => 2e-6);
    expectClose('dbias', got.db, filled(N, M * TERM), () => 1e-6 * M * TERM);
    // Half of the terms are TERM, half are its negative.
    expectClose('dweight', got.dw, filled(N, 0), () => 1e-6 * M * TERM);
  });

  test.each([LONGEST_CHAIN, LONGEST_CHAIN + 1])('the chains of normalisation, of %i rows', (M) => {
    // The reference adds up in float64.
    if (arena.isReference) return;
    const N = 8;
    const dy = reals(M * N, M);
    // Of mean 0, with squares that are exact and sums of them that are not.
    const x = integers(M * N, 1).map((v, i) => (i < N * (M % 2) ? 0 : (v + 9) * 61));
    for (let i = N * (M % 2); i < M * N; i += 2 * N) for (let n = 0; n < N; n++) x[i + n + N] = -x[i + n];
    const block = M > LONGEST_CHAIN ? 64 : M;
    const sums = (of: (i: number) => number) => {
      const total = new Float64Array(N);
      for (let m = 0; m < M; m += block) {
        const chain = new Float32Array(N);
        for (let i = m * N; i < Math.min(m + block, M) * N; i++) chain[i % N] += of(i);
        for (let n = 0; n < N; n++) total[n] += chain[n];
      }
      return Float32Array.from(total);
    };
    const k = arena.kernels;
    const got = runOn(
      arena,
      'chains',
      {
        ...{ mean: vectorOut(N), rstd: vectorOut(N), running: vectorInout(filled(2 * N, 0)) },
        ...{ dw: vectorOut(N), db: vectorOut(N), dw2: vectorOut(N), db2: vectorOut(N) },
        ...{
          zeros: vector(filled(M, 0)),
          ones: vector(filled(M, 1)),
          x: input(x, M, N),
          dy: input(dy, M, N),
        },
      },
      (p) => {
        const [mean, rstd, X, DY] = [p.mean.pointer, p.rstd.pointer, p.x.pointer, p.dy.pointer];
        const [zeros, ones] = [p.zeros.pointer, p.ones.pointer];
        k.batch_norm_statistics(mean, rstd, p.running.pointer, p.running.after(N), X, N, M, N, 1, 0);
        k.batch_norm_backward(0, 0, p.dw.pointer, p.db.pointer, zeros, ones, X, N, X, N, 0, M, N, 1);
        k.layer_norm_parameters(p.dw2.pointer, p.db2.pointer, zeros, ones, DY, N, DY, N, M, N);
        k.batch_norm_backward(0, 0, 0, p.db.pointer, mean, rstd, X, N, DY, N, 0, M, N, 1);
        k.layer_norm_parameters(p.dw2.pointer, 0, zeros, ones, X, N, X, N, M, N);
      },
    );
    const squares = sums((i) => x[i] * x[i]);
    const variance = squares.map((v) => Math.fround(v / M) * Math.fround(M / (M - 1)));
    expectSame('mean', got.mean, filled(N, 0));
    expectSame('running variance', got.running.slice(N), variance);
    expectSame('dweight of batches', got.dw, squares);
    expectSame('dweight of layers', got.dw2, squares);
    expectSame(
      'dbias of batches',
      got.db,
      sums((i) => dy[i]),
    );
    expectSame(
      'dbias of layers',
      got.db2,
      sums((i) => dy[i]),
    );
    // The order shows.
    const one = new Float64Array(N);
    for (let i = 0; i < M * N; i++) one[i % N] += dy[i];
    if (M === LONGEST_CHAIN) expect(got.db).not.toEqual(Float64Array.from(Float32Array.from(one)));
  });

  test('the gradients of layer normalisation', () => {
    const [M, N] = [100_000, 2];
    const got = runOn(
      arena,
      'layer norm',
      {
        ...{ dw: vectorOut(N), db: vectorOut(N), mean: vector(filled(M, 1)), rstd: vector(filled(M, 1)) },
        ...{ x: input(filled(M * N, 3), M, N), dy: input(filled(M * N, TERM), M, N) },
      },
      (p) =>
        arena.kernels.layer_norm_parameters(
          ...([p.dw.pointer, p.db.pointer, p.mean.pointer, p.rstd.pointer, p.x.pointer, N] as const),
          ...([p.dy.pointer, N, M, N] as const),
        ),
    );
    expectClose('dbias', got.db, filled(N, M * TERM), () => 1e-6 * M * TERM);
    expectClose('dweight', got.dw, filled(N, 2 * M * TERM), () => 2e-6 * M * TERM);
  });

  test('the gradient of an embedding', () => {
    const [M, N, K] = [60_000, 5, 3];
    const categories = Float64Array.from({ length: M }, (_, m) => (m % 3 === 1 ? 1 : 0));
    const got = runOn(
      arena,
      'embedding',
      {
        ...{ table: output(K, N, N + 1), lost: output(K, N, N + 1) },
        ...{ x: input(categories, M, 1), dy: input(filled(M * N, TERM), M, N) },
      },
      (p) =>
        arena.kernels.embedding_backward(
          ...([
            p.table.pointer,
            p.table.ld,
            p.lost.pointer,
            p.x.pointer,
            1,
            p.dy.pointer,
            N,
            M,
            N,
            K,
          ] as const),
        ),
    );
    const exact = Float64Array.from(
      { length: K * N },
      (_, i) => [40_000, 20_000, 0][Math.floor(i / N)] * TERM,
    );
    expectClose('table', got.table, exact, (i) => 2e-7 * exact[i]);
  });
});
