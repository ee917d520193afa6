/** compress_rows and transpose_compressed, on lists of exactly the places that the contract promises. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeBackends, filled, reals } from './harness.js';
import {
  blockWidths,
  columnsOf,
  compress,
  expectCompressed,
  expectLists,
  oneBlock,
  sparse,
  transpose,
  widths,
} from './sparse-harness.js';

/** Leading dimensions of the other matrix: offsets count in them. */
const steps = [1, 16, 304, 100_000];

describeBackends('compress_rows', (arena) => {
  test.each(widths)('finds what is not zero, N = %i', (N) => {
    let i = 0;
    for (const M of [0, 1, 2, 5, 33]) {
      for (const density of [0, 0.1, 0.4, 1]) {
        const x = sparse(M, N, density, 1 + N * 31 + M);
        const end = (['x', 'starts', 'offsets', 'values', undefined] as const)[i++ % 5];
        expectCompressed(arena, x, M, N, N, { gap: i % 2 ? 0 : 3, end });
        for (const width of blockWidths)
          expectCompressed(arena, x, M, N, N, { width, end, step: steps[i % 4] });
      }
    }
  });

  test('a single entry is found wherever it stands', () => {
    const [M, N] = [3, 37];
    for (let at = 0; at < M * N; at++) {
      const x = filled(M * N, 0);
      x[at] = 0.5;
      expectCompressed(arena, x, M, N, 1, { gap: at % 3, width: at % 2 ? 8 : 40 });
    }
  });

  test('either zero is nothing; NaN, infinities and denormals are something', () => {
    const row = [0, -0, Number.NaN, Infinity, -Infinity, 2 ** -149, -(2 ** -149), -0, 1];
    // In whole vectors of the row and in its tail.
    for (const N of [9, 16 + 9]) {
      const x = filled(2 * N, -0);
      x.set(row, 0);
      x.set(row, 2 * N - 9);
      const { count, offsets, values } = compress(arena, x, 2, N, N);
      expect(count).toBe(12);
      const columns = [2, 3, 4, 5, 6, 8];
      expect([...offsets]).toEqual([...columns, ...columns.map((n) => n + N - 9)]);
      const entries = row.filter((v) => v !== 0);
      expect([...values]).toEqual([...entries, ...entries]);
    }
  });

  test('rows may be empty or full', () => {
    const [M, N] = [7, 40];
    const x = reals(M * N, 5).map((v, i) => ([0, 3, 6].includes(Math.floor(i / N)) ? 0 : v || 1));
    expectCompressed(arena, x, M, N, N);
    expect([...compress(arena, x, M, N, N).starts]).toEqual([0, 0, 40, 80, 80, 120, 160, 160]);
  });

  test.each([
    [1, 8, 3],
    [4, 32, 5],
    [10, 33, 0],
    [64, 50, 20],
  ])('accepts limit entries a row on average, and not one more: M = %i, N = %i, limit %i', (M, N, limit) => {
    const full = filled(M * N, 0);
    for (let m = 0; m < M; m++) for (let n = 0; n < limit; n++) full[m * N + N - 1 - n] = m + 1;
    expectCompressed(arena, full, M, N, limit, { end: 'offsets' });
    // Late and early: by the last comparison, and by those on the way.
    for (const m of [0, M - 1]) {
      const over = full.slice();
      over[m * N] = 9;
      expect(compress(arena, over, M, N, limit, { end: 'values' }).count, `row ${m}`).toBe(-1);
    }
  });

  test('gives up on the way, two rows of grace granted', () => {
    const [M, N, limit] = [20, 64, 4];
    const x = filled(M * N, 0);
    x.fill(1, 0, 3 * limit);
    expectCompressed(arena, x, M, N, limit);
    x[3 * limit] = 1;
    expect(compress(arena, x, M, N, limit).count).toBe(-1);
    x.fill(0).fill(1, 5 * N, 5 * N + 8 * limit);
    expectCompressed(arena, x, M, N, limit);
    x[5 * N + 8 * limit] = 1;
    expect(compress(arena, x, M, N, limit).count).toBe(-1);
  });

  test('stays within its lists however the entries are spread', () => {
    const input = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 50 })).chain(([M, N]) =>
      fc.record({
        M: fc.constant(M),
        N: fc.constant(N),
        limit: fc.integer({ min: 0, max: N }),
        width: fc.constantFrom(8, 16, 48),
        counts: fc.array(fc.integer({ min: 0, max: N }), { minLength: M, maxLength: M }),
        end: fc.constantFrom('offsets' as const, 'values' as const, 'starts' as const),
      }),
    );
    const property = fc.property(input, ({ M, N, limit, counts, width, end }) => {
      const x = filled(M * N, 0);
      for (let m = 0; m < M; m++) x.fill(m + 1, m * N, m * N + counts[m]);
      let entries = 0;
      const early = counts.some((count, m) => {
        entries += count;
        return entries > limit * (m + 3);
      });
      if (!early && entries <= limit * M) expectCompressed(arena, x, M, N, limit, { end, width });
      else expect(compress(arena, x, M, N, limit, { end, width }).count).toBe(-1);
    });
    fc.assert(property, { numRuns: 300, seed: 1 });
  });
});

describeBackends('transpose_compressed', (arena) => {
  test.each(widths.filter((N) => N > 0))('gives the compressed columns, N = %i', (N) => {
    for (const M of [0, 1, 2, 5, 33]) {
      for (const density of [0, 0.1, 0.4, 1]) {
        const x = sparse(M, N, density, 3 + N * 31 + M);
        for (const width of [oneBlock(N), 8, 48]) {
          const step = steps[(M + width / 8) % 4];
          const got = transpose(arena, x, M, N, { end: M % 2 ? 'offsets' : 'values', width, step });
          expectLists(`${M}x${N}, step ${step}`, got, columnsOf(x, M, N, step));
        }
      }
    }
  });

  test('carries NaN and infinities along', () => {
    const x = Float64Array.from([0, Number.NaN, Infinity, 1, 0, -Infinity]);
    const { starts, offsets, values } = transpose(arena, x, 2, 3);
    expect([...starts]).toEqual([0, 1, 2, 4]);
    expect([...offsets]).toEqual([1, 0, 0, 1]);
    expect([...values]).toEqual([1, Number.NaN, Infinity, -Infinity]);
  });
});
