/** sparse_forward is sparse_gemm and transpose_compressed at once, however its parts are shared out. */
import { expect, test } from 'vitest';
import { TILING_SINGLE, TILING_WIDE } from '../../src/engine/constants.js';
import { activationCodes } from '../../src/engine/kernels.js';
import { describeBackends, filled, gathered, reals, spread } from './harness.js';
import {
  compressed,
  expectBits,
  expectLists,
  oneBlock,
  sparse,
  sparseGemm,
  transpose,
} from './sparse-harness.js';

describeBackends('sparse_forward', (arena) => {
  test.each([4, 16, 48, 100, 160, 304])('gives the product and the columns, N = %i', (N) => {
    let i = N / 4;
    for (const M of [0, 1, 9, 33]) {
      for (const K of [1, 40, 150]) {
        for (const density of [0, 0.19, 1]) {
          for (const width of [oneBlock(K), 8, 40]) {
            const s = sparse(M, K, density, i);
            const b = reals(K * N, i + 1);
            const bias = i % 2 ? reals(N, i + 2) : undefined;
            const [gap, tiling] = [i % 3 ? 0 : 8, [0, TILING_WIDE, TILING_SINGLE][i % 3]];
            const [ld, blocks] = [N + gap, Math.ceil(K / width)];
            const activation = i % 5 ? 'sigmoid' : 'identity';
            const lists = compressed(s, M, K, width, ld);
            arena.begin();
            const c = arena.output('c', spread(filled(M * N, Number.NaN), M, N, ld));
            const columnStarts = arena.outputInts('column starts', new Int32Array(K + 1).fill(-7));
            const columnOffsets = arena.outputInts('column offsets', new Int32Array(lists.values.length));
            const columnValues = arena.output('column values', filled(lists.values.length, 0));
            const inputs = [
              arena.inputInts('starts', lists.starts),
              arena.inputInts('offsets', lists.offsets),
              arena.input('values', lists.values),
              arena.input('b', spread(b, K, N, ld)),
            ];
            const [rs, ro, rv, B] = inputs.map(({ pointer }) => pointer);
            const [cs, co, cv] = [columnStarts, columnOffsets, columnValues].map(({ pointer }) => pointer);
            const row = bias ? arena.input('bias', bias).pointer : 0;
            const code = activationCodes[activation];
            arena.kernels.sparse_forward(
              ...([c.pointer, ld, cs, co, cv, rs, ro, rv, B, row] as const),
              ...([M, N, K, blocks, width, ld, 0, code, tiling] as const),
            );
            const context = `sparse_forward ${M}x${K}:${K}x${N}, blocks of ${width}`;
            arena.check(context);
            const got = gathered(c.read(), M, N, ld);
            const columns = {
              starts: columnStarts.read(),
              offsets: columnOffsets.read(),
              values: Float32Array.from(columnValues.read()),
            };
            const expected = sparseGemm(arena, { M, K, N, s, b, bias, activation, tiling, gap, width });
            expectBits(context, got, expected);
            expectLists(context, columns, transpose(arena, s, M, K, { width, step: ld }));
            i++;
          }
        }
      }
    }
    expect(i).toBeGreaterThan(N / 4);
  });
});
