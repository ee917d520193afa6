import { expect, test } from 'vitest';
import { describeBackends, filled, gathered, spread, testNumbers } from './harness.js';
import { compressed, expectLists } from './sparse-harness.js';
import { expectSame } from './ulp.js';

/** A data set of bytes as it is kept. */
function compressedSet(x: Uint8Array, size: number, width: number, block: number) {
  const { starts, offsets, values } = compressed(x, size, width, block);
  const columns = new Uint16Array(values.length);
  const bytes = new Uint8Array(values.length);
  columns.set(offsets);
  bytes.set(values);
  return { starts: Uint32Array.from(starts), columns, bytes };
}

/** Two to a word. */
const words = (values: Uint16Array) =>
  new Uint32Array(
    Uint16Array.from({ length: 2 * Math.ceil(values.length / 2) }, (_, i) => values[i] ?? 0xffff).buffer,
  );

const sparseBytes = (size: number, width: number, density: number, seed: number) => {
  const next = testNumbers(seed);
  return Uint8Array.from({ length: size * width }, () =>
    next() < density ? 1 + Math.floor(next() * 255) : 0,
  );
};
const orders = [[], [0], [6], [3, 3, 3], [6, 0, 5, 1, 4, 2, 3, 6]];

describeBackends('rows of a compressed set', (arena) => {
  /** The rows as gather_u8 makes them: one rounding. */
  const rowsOf = (x: Uint8Array, N: number, order: number[], scale: number) =>
    order.flatMap((row) =>
      [...x.subarray(row * N, row * N + N)].map((v) => Math.fround(v * Math.fround(scale))),
    );

  type End = 'offsets' | 'values' | 'columns' | 'bytes';

  // biome-ignore format: an operand a group
  function gather(
    x: Uint8Array, N: number, order: number[], block: number, scale: number, capacity: number, end: End = 'bytes', step = 1,
  ) {
    const set = compressedSet(x, 7, N, block);
    const blocks = Math.ceil(N / block);
    arena.begin();
    const starts = arena.outputInts('starts', new Int32Array(order.length * blocks + 1).fill(-7));
    const rowStarts = arena.inputInts('row starts', set.starts);
    const picks = arena.inputInts('order', Uint32Array.from(order));
    const [M, from, at] = [order.length, rowStarts.pointer, picks.pointer];
    const count = arena.kernels.gather_starts(starts.pointer, from, at, M, blocks, capacity);
    arena.check(`gather_starts ${M}x${N}`);
    const offsets = arena.outputInts('offsets', new Int32Array(capacity).fill(-7), end === 'offsets');
    const values = arena.output('values', filled(capacity, -7), end === 'values');
    const columns = arena.inputInts('columns', words(set.columns), end === 'columns');
    const bytes = arena.inputInts('bytes', set.bytes, end === 'bytes');
    const lists = [offsets, values, starts, rowStarts, columns, bytes, picks].map(({ pointer }) => pointer);
    if (count >= 0) {
      const [e, v, s, r, c, b, o] = lists;
      arena.kernels.gather_entries(e, v, s, r, c, b, o, M, blocks, scale, step);
    }
    arena.check(`gather_entries ${M}x${N}`);
    const kept = Math.max(count, 0);
    return {
      count,
      starts: starts.read(),
      offsets: offsets.read().slice(0, kept),
      values: Float32Array.from(values.read().slice(0, kept)),
    };
  }

  test.each([1, 7, 8, 9, 40, 100, 784])(
    'gather_starts and gather_entries give the lists that compress_rows makes, N = %i',
    (N) => {
      for (const order of orders) {
        for (const density of [0, 0.05, 0.4, 1]) {
          for (const block of [8, 160]) {
            const x = sparseBytes(7, N, density, N + 1);
            const step = block * 38;
            const expected = compressed(rowsOf(x, N, order, 1 / 255), order.length, N, block, step);
            const entries = expected.values.length;
            for (const end of ['offsets', 'values', 'columns', 'bytes'] as const) {
              const { count, ...lists } = gather(x, N, order, block, 1 / 255, entries, end, step);
              expect(count).toBe(entries);
              expectLists(`${order.length}x${N}, ${end} at the end`, lists, expected);
            }
            // One place too few.
            if (entries > 0) expect(gather(x, N, order, block, 1 / 255, entries - 1).count).toBe(-1);
          }
        }
      }
    },
  );

  test.each([1, 7, 8, 9, 40, 100, 784])('expand_compressed gives the rows, N = %i', (N) => {
    for (const order of orders) {
      for (const [density, block] of [
        [0, 8],
        [0.1, 160],
        [1, 40],
      ]) {
        const x = sparseBytes(7, N, density, N + 2);
        const set = compressedSet(x, 7, N, block);
        const [M, ld] = [order.length, N + 3];
        arena.begin();
        const y = arena.output('y', spread(filled(M * N, Number.NaN), M, N, ld));
        const inputs = [set.starts, words(set.columns), set.bytes, Uint32Array.from(order)].map(
          (values, i) => arena.inputInts(`input ${i}`, values).pointer,
        );
        arena.kernels.expand_compressed(
          y.pointer,
          ld,
          inputs[0],
          inputs[1],
          inputs[2],
          inputs[3],
          M,
          N,
          Math.ceil(N / block),
          -0.3,
        );
        arena.check(`expand_compressed ${M}x${N}`);
        expectSame(`${M}x${N}`, gathered(y.read(), M, N, ld), rowsOf(x, N, order, -0.3));
      }
    }
  });
});
