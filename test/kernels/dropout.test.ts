/** Dropout's masks and the embedding kernels: bits, rates, guards, and parts against the whole. */
import { expect, test } from 'vitest';
import { philox } from '../../src/base/random.js';
import { type Arena, describeBackends, filled, reals } from './harness.js';
import { input, output, parts, runOn } from './operands.js';
import { expectClose, expectSame } from './ulp.js';

interface Draw {
  seed?: number;
  stream?: number;
  step?: number;
  batch?: number;
  first?: number;
}

function drop(
  arena: Arena,
  [M, N]: readonly [number, number],
  rate: number,
  draw: Draw = {},
  rows: [number, number][] = [[0, M]],
  end?: 'y' | 'mask' | 'x',
) {
  const { seed = 7, stream = 3, step = 11, batch = 0, first = 0 } = draw;
  const x = reals(M * N, M + N, 3);
  const got = runOn(
    arena,
    `dropout_forward ${M}x${N}`,
    { y: output(M, N, N + 1), mask: output(M, N, N + 2), x: input(x, M, N, N + 3) },
    (p) => {
      for (const [m, count] of rows) {
        arena.kernels.dropout_forward(
          ...([p.y.after(m * p.y.ld), p.y.ld, p.mask.after(m * p.mask.ld), p.mask.ld] as const),
          ...([p.x.after(m * p.x.ld), p.x.ld, count, N, seed, 5, stream, step, batch] as const),
          ...([first + m, rate] as const),
        );
      }
    },
    end,
  );
  return { ...got, x };
}

const shapes = [0, 1, 2, 3, 7].flatMap((M) =>
  [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 31, 32, 33, 100].map((N) => [M, N] as const),
);

describeBackends('dropout', (arena) => {
  test('every shape: the words of the contract, and y = x ⊙ mask', () => {
    const words = new Uint32Array(4);
    for (const [i, [M, N]] of shapes.entries()) {
      const rate = Math.fround([0.5, 0.1, 0.9][i % 3]);
      const end = (['y', 'mask', 'x'] as const)[i % 3];
      const { y, mask, x } = drop(arena, [M, N], rate, { first: i }, undefined, end);
      const scale = Math.fround(1 / Math.fround(1 - rate));
      const expected = new Float64Array(M * N);
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          philox(words, (i + m) * Math.ceil(N / 4) + Math.floor(n / 4), 0, 3, 11, 7, 5);
          expected[m * N + n] = (words[n % 4] >>> 8) / 2 ** 24 < rate ? 0 : scale;
        }
      }
      expectSame(`mask ${M}x${N}`, mask, expected);
      expectSame(
        `y ${M}x${N}`,
        y,
        x.map((v, j) => Math.fround(v * expected[j])),
      );
    }
  });

  test('the share that is dropped is the rate, within five deviations', () => {
    const shape = [200, 301] as const;
    for (const rate of [0.02, 0.25, 0.5, 0.8]) {
      const { mask } = drop(arena, shape, rate);
      const dropped = mask.filter((v) => v === 0).length / mask.length;
      expect(Math.abs(dropped - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / mask.length));
    }
  });

  test('neighbours are independent: of pairs along rows and columns both are dropped as often as rate² says', () => {
    const [M, N] = [200, 300];
    const { mask } = drop(arena, [M, N], 0.5);
    for (const distance of [1, 2, 4, N, 4 * N]) {
      let both = 0;
      const pairs = mask.length - distance;
      for (let i = 0; i < pairs; i++) if (mask[i] === 0 && mask[i + distance] === 0) both++;
      expect(Math.abs(both / pairs - 0.25), `${distance}`).toBeLessThan(6 * Math.sqrt(0.1875 / pairs));
    }
  });

  test('rate 0 keeps everything as it is', () => {
    const { y, mask, x } = drop(arena, [5, 9], 0);
    expectSame('y', y, x);
    expectSame('mask', mask, filled(45, 1));
  });

  test('rows may be done apart', () => {
    const shape = [23, 13] as const;
    const [whole, cut] = [drop(arena, shape, 0.4), drop(arena, shape, 0.4, {}, parts(23))];
    expectSame('mask', cut.mask, whole.mask);
    expectSame('y', cut.y, whole.y);
  });

  test('each of seed, stream, step, batch and first row gives another mask', () => {
    const masks = [{}, { seed: 8 }, { stream: 4 }, { step: 12 }, { batch: 1 }, { first: 1 }].map((draw) =>
      drop(arena, [9, 40], 0.5, draw).mask.join(),
    );
    expect(new Set(masks).size).toBe(masks.length);
  });
});

describeBackends('embedding', (arena) => {
  const sizes = [1, 2, 3, 4, 5, 8, 9, 17];

  /** Categories in a column of a matrix, among other columns that are NaN. */
  function column(values: readonly number[]) {
    return input(
      values.flatMap((v) => [Number.NaN, v, Number.NaN]),
      values.length,
      3,
      4,
    );
  }

  test('forward takes the rows that are named, backward adds to them in order', () => {
    for (const [i, N] of sizes.entries()) {
      for (const [M, K] of [
        [0, 3],
        [1, 1],
        [7, 3],
        [40, 11],
      ]) {
        const categories = Array.from({ length: M }, (_, m) => (m * 5 + (m % 3)) % K);
        const table = reals(K * N, N);
        const dy = reals(M * N, N + 1);
        const ends = ['y', 'x', 'table', 'dtable', 'dy'] as const;
        const got = runOn(
          arena,
          `embedding ${M}x${N} of ${K}`,
          {
            ...{ y: output(M, N, N + 2), x: column(categories), table: input(table, K, N, N + 1) },
            ...{ dtable: output(K, N, N + 1), dy: input(dy, M, N, N + 3) },
          },
          (p) => {
            arena.kernels.embedding_forward(
              ...([p.y.pointer, p.y.ld, p.x.after(1), p.x.ld, p.table.pointer, p.table.ld, M, N, K] as const),
            );
            arena.kernels.embedding_backward(
              ...([p.dtable.pointer, p.dtable.ld, 0, p.x.after(1), p.x.ld, p.dy.pointer, p.dy.ld] as const),
              ...([M, N, K] as const),
            );
          },
          // A column of a matrix that is empty ends nowhere.
          M > 0 ? ends[i % ends.length] : undefined,
        );
        const y = categories.flatMap((k) => [...table.subarray(k * N, k * N + N)]);
        expectSame('y', got.y, y);
        const sums = new Float32Array(K * N);
        for (const [m, k] of categories.entries())
          for (let n = 0; n < N; n++) sums[k * N + n] += dy[m * N + n];
        expectSame('dtable', got.dtable, sums);
      }
    }
  });

  test('a second array holds what rounding has lost of each sum', () => {
    const [M, N, K] = [300, 3, 4];
    // Steps below half a unit of the first row's sums, which a chain without it would lose, and others.
    const categories = Array.from({ length: M }, (_, m) => (m < 2 ? m : (m * 7) % (K - 1)));
    const dy = reals(M * N, 5).map((v, i) => Math.fround(i < N ? 3 + i : 2 ** -25 * (1.5 + v)));
    const got = runOn(
      arena,
      'embedding_backward with what is lost',
      {
        ...{ dtable: output(K, N, N + 1), lost: output(K, N, N + 1) },
        ...{ x: column(categories), dy: input(dy, M, N, N + 2) },
      },
      (p) =>
        arena.kernels.embedding_backward(
          ...([p.dtable.pointer, p.dtable.ld, p.lost.pointer, p.x.after(1), p.x.ld] as const),
          ...([p.dy.pointer, p.dy.ld, M, N, K] as const),
        ),
    );
    const exact = new Float64Array(K * N);
    for (const [m, k] of categories.entries()) for (let n = 0; n < N; n++) exact[k * N + n] += dy[m * N + n];
    const sums = got.dtable.map((sum, i) => sum - got.lost[i]);
    expectClose('sums and what they lost', sums, exact, () => M * 2 ** -47);
    expectClose('dtable', got.dtable, exact, (i) => 2 ** -23 * Math.abs(exact[i]));
    expectSame('of no row', got.lost.subarray((K - 1) * N), filled(N, 0));
  });

  test('what is no category of the table reads and writes inside it', () => {
    const [N, K] = [3, 4];
    const bad = [-1, -1e30, 4, 1e30, Infinity, -Infinity, Number.NaN, 2.7, -0];
    const places = [0, 0, 3, 3, 3, 0, 0, 2, 0];
    const table = reals(K * N, 1);
    const M = bad.length;
    const got = runOn(
      arena,
      'embedding of bad categories',
      {
        y: output(M, N),
        x: column(bad),
        table: input(table, K, N),
        dtable: output(K, N),
        dy: input(filled(M * N, 1), M, N),
      },
      (p) => {
        arena.kernels.embedding_forward(p.y.pointer, N, p.x.after(1), p.x.ld, p.table.pointer, N, M, N, K);
        arena.kernels.embedding_backward(
          ...([p.dtable.pointer, N, 0, p.x.after(1), p.x.ld, p.dy.pointer, N, M, N, K] as const),
        );
      },
    );
    expectSame(
      'y',
      got.y,
      places.flatMap((k) => [...table.subarray(k * N, k * N + N)]),
    );
    const counts = [0, 1, 2, 3].map((k) => places.filter((place) => place === k).length);
    expectSame(
      'dtable',
      got.dtable,
      counts.flatMap((count) => [count, count, count]),
    );
  });

  test('columns of the table may be done apart; copy_columns copies', () => {
    const [M, N, K] = [21, 13, 5];
    const categories = Array.from({ length: M }, (_, m) => (m * 3) % K);
    const [table, dy] = [reals(K * N, 2), reals(M * N, 3)];
    const run = (cuts: [number, number][]) =>
      runOn(
        arena,
        'embedding in parts',
        {
          ...{ y: output(M, N), x: column(categories), table: input(table, K, N, N + 3) },
          ...{ dtable: output(K, N, N + 1), dy: input(dy, M, N, N + 2), copy: output(M, N, N + 1) },
        },
        (p) => {
          for (const [n, count] of cuts) {
            arena.kernels.embedding_forward(
              ...([
                p.y.after(n),
                N,
                p.x.after(1),
                p.x.ld,
                p.table.after(n),
                p.table.ld,
                M,
                count,
                K,
              ] as const),
            );
            arena.kernels.embedding_backward(
              ...([p.dtable.after(n), p.dtable.ld, 0, p.x.after(1), p.x.ld, p.dy.after(n), p.dy.ld] as const),
              ...([M, count, K] as const),
            );
            arena.kernels.copy_columns(p.copy.after(n), p.copy.ld, p.dy.after(n), p.dy.ld, M, count);
          }
        },
      );
    const [whole, cut] = [run([[0, N]]), run(parts(N))];
    for (const name of ['y', 'dtable', 'copy'] as const) expectSame(name, cut[name], whole[name]);
    expectSame('copy', whole.copy, dy);
  });
});
