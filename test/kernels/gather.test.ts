/** Rows picked by index: order, repetition, odd leading dimensions, every byte value. */
import { expect, test } from 'vitest';
import { describeBackends, filled, gathered, reals, spread } from './harness.js';
import { expectSame } from './ulp.js';

const widths = [0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 47, 50];
const picks = [[], [0], [6], [3, 3, 3], [6, 0, 5, 1, 4, 2, 3], [1, 6, 1, 0]];

describeBackends('gather', (arena) => {
  test('gather_u8', () => {
    // Two roundings to float32: neither scale nor offset is a float32.
    const [scale, offset] = [1 / 255, -0.1307];
    const exact = (v: number) => Math.fround(Math.fround(v * Math.fround(scale)) + Math.fround(offset));
    for (const N of widths) {
      for (const indices of picks) {
        const [M, ld] = [indices.length, N + 3];
        const x = Uint8Array.from({ length: 7 * N }, (_, i) => i * 37);
        for (const end of ['x', 'y', 'indices'] as const) {
          arena.begin();
          const X = arena.inputInts('x', x, end === 'x');
          const I = arena.inputInts('indices', Uint32Array.from(indices), end === 'indices');
          const Y = arena.output('y', spread(filled(M * N, Number.NaN), M, N, ld), end === 'y');
          arena.kernels.gather_u8(Y.pointer, ld, X.pointer, I.pointer, M, N, scale, offset);
          const context = `gather_u8 ${M}x${N}`;
          arena.check(context);
          const expected = indices.flatMap((row) => [...x.subarray(row * N, row * N + N)].map(exact));
          expectSame(context, gathered(Y.read(), M, N, ld), expected);
        }
      }
    }
  });

  test('gather_u8 reads all 256 bytes as unsigned', () => {
    arena.begin();
    const X = arena.inputInts(
      'x',
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
    const I = arena.inputInts('indices', Uint32Array.of(0));
    const Y = arena.output('y', filled(256, Number.NaN));
    arena.kernels.gather_u8(Y.pointer, 256, X.pointer, I.pointer, 1, 256, 1, 0);
    expect([...Y.read()]).toEqual([...Array(256).keys()]);
  });

  test('gather_f32', () => {
    for (const N of widths) {
      for (const indices of picks) {
        const [M, ld] = [indices.length, N + 3];
        const x = reals(7 * N, N);
        for (const end of ['x', 'y', 'indices'] as const) {
          arena.begin();
          const X = arena.input('x', x, end === 'x');
          const I = arena.inputInts('indices', Uint32Array.from(indices), end === 'indices');
          const Y = arena.output('y', spread(filled(M * N, Number.NaN), M, N, ld), end === 'y');
          arena.kernels.gather_f32(Y.pointer, ld, X.pointer, I.pointer, M, N);
          const context = `gather_f32 ${M}x${N}`;
          arena.check(context);
          const expected = indices.flatMap((row) => [...x.subarray(row * N, row * N + N)]);
          expectSame(context, gathered(Y.read(), M, N, ld), expected);
        }
      }
    }
  });

  test('gather_i32', () => {
    const x = Int32Array.of(5, -1, 2 ** 31 - 1, -(2 ** 31), 0, 42, 7);
    for (const indices of picks) {
      for (const end of ['x', 'y', 'indices'] as const) {
        arena.begin();
        const X = arena.inputInts('x', x, end === 'x');
        const I = arena.inputInts('indices', Uint32Array.from(indices), end === 'indices');
        const Y = arena.outputInts('y', new Int32Array(indices.length), end === 'y');
        arena.kernels.gather_i32(Y.pointer, X.pointer, I.pointer, indices.length);
        arena.check(`gather_i32 of ${indices.length}`);
        expect([...Y.read()]).toEqual(indices.map((row) => x[row]));
      }
    }
  });
});
