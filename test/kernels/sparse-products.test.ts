import { describe, expect, test } from 'vitest';
import { TILING_SINGLE, TILING_WIDE } from '../../src/engine/constants.js';
import { LONGEST_CHAIN } from '../../src/engine/kernels.js';
import { type Arena, describeBackends, filled, gathered, integers, reals, spread } from './harness.js';
import {
  activations,
  columns,
  compress,
  compressed,
  denseGemm,
  ends,
  exact,
  expectBits,
  functions,
  isWasm,
  nameOf,
  sparse,
  sparseGemm,
  transpose,
  transposed,
} from './sparse-harness.js';
import { expectClose, expectSame, ulpAt } from './ulp.js';

describeBackends('sparse_gemm', (arena) => {
  test.each(columns)('is exact on integers, N = %i', (N) => {
    let i = N / 4;
    for (const M of [0, 1, 2, 7]) {
      for (const density of [0, 0.1, 0.4, 1]) {
        for (const tiling of [0, TILING_WIDE, TILING_SINGLE]) {
          const K = [1, 5, 23][i % 3];
          const s = sparse(M, K, density, i, integers);
          const bias = i % 2 ? integers(N, i + 3) : undefined;
          const gap = i % 3 ? 0 : 4 + (i % 5);
          const width = [8, 16, 24][i % 3];
          const b = integers(K * N, i + 1);
          const product = { M, K, N, s, b, bias, tiling, gap, width, end: ends[i % 5] };
          expectSame(nameOf(product), sparseGemm(arena, product), exact(product).sums);
          i++;
        }
      }
    }
  });

  test.each(activations)('ends with %s, within rounding, in both widths alike', (activation) => {
    for (const N of [4, 12, 44, 48, 64, 92, 96, 100, 192, 304]) {
      for (const bias of [undefined, reals(N, 9)]) {
        for (const density of [0, 0.02, 0.19, 0.4]) {
          const [M, K] = [9, 150];
          const s = sparse(M, K, density, N);
          const product = { M, K, N, s, b: reals(K * N, N + 1), bias, activation };
          const { sums, magnitudes } = exact(product);
          const narrow = sparseGemm(arena, product);
          const expected = sums.map(functions[activation]);
          // No function has a slope above 1.
          const tolerance = (i: number) => (K + 2) * 2 ** -24 * magnitudes[i] + 3 * ulpAt(expected[i]);
          expectClose(nameOf(product), narrow, expected, tolerance);
          expectBits(`${nameOf(product)}, tiling 1`, sparseGemm(arena, { ...product, tiling: 1 }), narrow);
          for (const width of isWasm(arena) ? [8, 40, 144] : []) {
            for (const tiling of [0, TILING_WIDE, TILING_SINGLE]) {
              const cut = { ...product, width, tiling };
              expectBits(nameOf(cut), sparseGemm(arena, cut), narrow);
            }
          }
          if (isWasm(arena)) expectBits(nameOf(product), narrow, denseGemm(arena, product));
        }
      }
    }
  });

  test('has the bits of gemm_nn in a layer of 784 by 300, padded', () => {
    const [M, K, N] = [64, 784, 304];
    const s = sparse(M, K, 0.19, 1);
    const product = { M, K, N, s, b: reals(K * N, 2, 0.1), bias: reals(N, 3), width: 160 };
    const got = sparseGemm(arena, product);
    const { sums, magnitudes } = exact(product);
    expectClose(nameOf(product), got, sums, (i) => (K + 2) * 2 ** -24 * magnitudes[i]);
    for (const tiling of [0, TILING_WIDE, TILING_SINGLE]) {
      if (isWasm(arena))
        expectBits(nameOf(product), sparseGemm(arena, { ...product, tiling }), denseGemm(arena, product));
    }
  });

  test.each([LONGEST_CHAIN, LONGEST_CHAIN + 1, 2 * LONGEST_CHAIN + 7])(
    'has the bits of gemm_nn over %i columns',
    (K) => {
      for (const N of [4, 12, 20, 100]) {
        const product = {
          M: 5,
          K,
          N,
          s: sparse(5, K, 0.1, K),
          b: reals(K * N, 2),
          bias: reals(N, 3),
          width: 160,
        };
        const got = sparseGemm(arena, product);
        const { sums, magnitudes } = exact(product);
        expectClose(nameOf(product), got, sums, (i) => 300 * 2 ** -24 * magnitudes[i]);
        for (const tiling of [0, TILING_WIDE, TILING_SINGLE]) {
          expectBits(nameOf(product), sparseGemm(arena, { ...product, tiling }), got);
          if (isWasm(arena)) expectBits(nameOf(product), got, denseGemm(arena, product));
        }
      }
    },
  );

  test('reads no row of b that has no entry, and stores every element of c', () => {
    const [M, K, N] = [5, 20, 100];
    const s = filled(M * K, 0);
    s[1 * K + 4] = 2;
    s[3 * K + 17] = -1;
    const b = filled(K * N, Number.NaN);
    b.fill(3, 4 * N, 5 * N).fill(5, 17 * N, 18 * N);
    for (const tiling of [0, TILING_WIDE, TILING_SINGLE]) {
      const got = sparseGemm(arena, { M, K, N, s, b, tiling, width: 8 });
      const rows = [0, 6, 0, -5, 0];
      expectSame(
        'rows',
        got,
        Float64Array.from({ length: M * N }, (_, i) => rows[Math.floor(i / N)]),
      );
    }
  });

  test.each([Number.NaN, Infinity, -Infinity])('an entry of %d reaches its row and no other', (special) => {
    const [M, K, N] = [4, 10, 52];
    const s = filled(M * K, 0);
    s[2 * K + 3] = special;
    s[1 * K + 3] = 1;
    const got = sparseGemm(arena, { M, K, N, s, b: filled(K * N, 1), width: 8 });
    const rows = [0, 1, special, 0];
    expectSame(
      'rows',
      got,
      Float64Array.from({ length: M * N }, (_, i) => rows[Math.floor(i / N)]),
    );
  });
});

interface Update {
  readonly rows: number;
  readonly features: number;
  readonly N: number;
  /** [rows, features], mostly zeros. */
  readonly x: Float64Array;
  readonly dy: Float64Array;
  readonly w: Float64Array;
  readonly rate: number;
  readonly tiling?: number;
  readonly gap?: number;
  readonly end?: 'w' | 'dy' | undefined;
}

/** W after sparse_sgd with the compressed columns of x. */
function sparseSgd(arena: Arena, update: Update): Float64Array {
  const { rows, features, N, x, dy, w, rate, tiling = 0, gap = 0, end } = update;
  const ld = N + gap;
  const lists = compressed(transposed(x, rows, features), features, rows, rows || 1, ld);
  arena.begin();
  const starts = arena.inputInts('starts', lists.starts);
  const offsets = arena.inputInts('offsets', lists.offsets);
  const values = arena.input('values', lists.values);
  const b = arena.input('dy', spread(dy, rows, N, ld), end === 'dy');
  const W = arena.output('w', spread(w, features, N, ld), end === 'w');
  arena.kernels.sparse_sgd(
    W.pointer,
    ld,
    arena.work,
    starts.pointer,
    offsets.pointer,
    values.pointer,
    b.pointer,
    features,
    N,
    rows > LONGEST_CHAIN ? 160 * ld : 0,
    rate,
    tiling,
  );
  arena.check(`sparse_sgd ${features}x${N}${tiling ? `, tiling ${tiling}` : ''}`);
  return gathered(W.read(), features, N, ld);
}

/** W after gemm_tn and sgd_step. */
function denseSgd(arena: Arena, { rows, features, N, x, dy, w, rate }: Update): Float64Array {
  arena.begin();
  const [a, b] = [arena.input('x', x), arena.input('dy', dy)];
  const dw = arena.output('dw', filled(features * N, Number.NaN));
  const W = arena.output('w', w);
  arena.kernels.gemm_tn(
    dw.pointer,
    N,
    0,
    arena.work,
    a.pointer,
    features,
    0,
    b.pointer,
    N,
    0,
    1,
    features,
    N,
    rows,
    0,
    0,
  );
  arena.kernels.sgd_step(W.pointer, dw.pointer, features * N, rate);
  return Float64Array.from(W.read());
}

describeBackends('sparse_sgd', (arena) => {
  test.each(columns)('is exact on integers, N = %i', (N) => {
    let i = N / 4;
    for (const density of [0, 0.1, 0.4, 1]) {
      for (const tiling of [0, TILING_WIDE, TILING_SINGLE]) {
        const [rows, features] = [6, [0, 1, 9, 16, 35][i % 5]];
        const x = sparse(rows, features, density, i, integers);
        const [dy, w] = [integers(rows * N, i + 1), integers(features * N, i + 2)];
        const gap = i % 3 ? 0 : 5;
        const end = ([undefined, 'w', 'dy'] as const)[i % 3];
        const got = sparseSgd(arena, { rows, features, N, x, dy, w, rate: 0.5, tiling, gap, end });
        const product = { M: features, K: rows, N, s: transposed(x, rows, features), b: dy };
        const { sums } = exact(product);
        expectSame(
          nameOf(product),
          got,
          w.map((v, j) => v - 0.5 * sums[j]),
        );
        i++;
      }
    }
  });

  test.each([
    [1, 0.1],
    [64, 0.02],
    [64, 0.19],
    [37, 0.4],
  ])('does what the product and the step do, batch %i, density %d', (rows, density) => {
    for (const [features, N] of [
      [50, 12],
      [120, 100],
      [90, 304],
    ]) {
      const x = sparse(rows, features, density, rows + N);
      const [dy, w] = [reals(rows * N, 5, 0.01), reals(features * N, 6, 0.1)];
      const update = { rows, features, N, x, dy, w, rate: 0.1 };
      const got = sparseSgd(arena, update);
      const { sums, magnitudes } = exact({
        M: features,
        K: rows,
        N,
        s: transposed(x, rows, features),
        b: dy,
      });
      const rate = Math.fround(0.1);
      const expected = w.map((v, j) => v - rate * sums[j]);
      const tolerance = (j: number) =>
        rate * (rows + 3) * 2 ** -24 * magnitudes[j] + 2 ** -24 * Math.abs(expected[j]);
      expectClose(`${features}x${N}`, got, expected, tolerance);
      expectBits(`${features}x${N}, tiling 1`, sparseSgd(arena, { ...update, tiling: 1 }), got);
      if (isWasm(arena)) expectBits(`${features}x${N}`, got, denseSgd(arena, update));
    }
  });

  test.each([LONGEST_CHAIN, LONGEST_CHAIN + 1, 9001])('does so for a batch of %i', (rows) => {
    for (const N of [4, 20, 116]) {
      const features = 37;
      const x = sparse(rows, features, 0.2, rows);
      const [dy, w] = [reals(rows * N, 5, 0.01), reals(features * N, 6, 0.1)];
      const update = { rows, features, N, x, dy, w, rate: 0.1 };
      const got = sparseSgd(arena, update);
      expectBits(`${rows} rows, tiling 1`, sparseSgd(arena, { ...update, tiling: 1 }), got);
      expectClose(`${rows} rows`, got, denseSgd(arena, update), () => 2 ** -20);
      if (isWasm(arena)) expectBits(`${rows} rows`, got, denseSgd(arena, update));
    }
  });

  test('leaves rows without entries alone, whatever the rate', () => {
    const [rows, features, N] = [3, 7, 108];
    const x = filled(rows * features, 0);
    x[0 * features + 2] = 1;
    x[2 * features + 5] = 1;
    const w = reals(features * N, 1).map((v, i) => (i % 3 ? v : -0));
    for (const tiling of [0, TILING_WIDE, TILING_SINGLE]) {
      const dy = filled(rows * N, -1);
      const got = sparseSgd(arena, { rows, features, N, x, dy, w, rate: Infinity, tiling });
      for (const [i, v] of got.entries()) {
        const touched = [2, 5].includes(Math.floor(i / N));
        if (!Object.is(v, touched ? Infinity : w[i])) throw new Error(`element ${i} is ${v}, was ${w[i]}`);
      }
    }
  });
});

describe('the lists of a step, one kernel after the other', () => {
  describeBackends('agree with the dense step', (arena) => {
    test('compress, transpose, update', () => {
      const [rows, features, N] = [16, 40, 20];
      const x = sparse(rows, features, 0.3, 8, integers);
      const lists = compress(arena, x, rows, features, 20);
      expect(lists.count).toBeGreaterThan(100);
      expect(lists.count).toBe(compressed(x, rows, features).values.length);
      const byColumns = transpose(arena, x, rows, features);
      expect(byColumns.starts[features]).toBe(lists.count);
      const [dy, w] = [integers(rows * N, 2), integers(features * N, 3)];
      const update = { rows, features, N, x, dy, w, rate: 0.25 };
      expectSame('w', sparseSgd(arena, update), denseSgd(arena, update));
    });
  });
});
