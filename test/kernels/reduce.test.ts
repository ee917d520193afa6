/** Row bias, sums, largest columns and counts. */
import { expect, test } from 'vitest';
import { LONGEST_CHAIN } from '../../src/engine/constants.js';
import { describeBackends, filled, gathered, integers, reals, spread } from './harness.js';
import { expectClose, expectSame } from './ulp.js';

const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 19, 31, 32, 33, 67];

describeBackends('reductions', (arena) => {
  test.each(['apart', 'in place'])('add_bias, %s', (place) => {
    let i = 0;
    for (const M of [0, 1, 2, 5]) {
      for (const N of sizes) {
        const [ldx, ldy] = place === 'apart' ? [N + 3, N + 1] : [N + 3, N + 3];
        const x = integers(M * N, i);
        const bias = integers(N, i + 1);
        const end = (['x', 'y', 'bias'] as const)[i++ % 3];
        arena.begin();
        const flat = spread(x, M, N, ldx);
        const Y = arena.output(
          'y',
          place === 'apart' ? spread(filled(M * N, Number.NaN), M, N, ldy) : flat,
          end === 'y',
        );
        const X = place === 'apart' ? arena.input('x', flat, end === 'x') : Y;
        const V = arena.input('bias', bias, end === 'bias');
        arena.kernels.add_bias(Y.pointer, ldy, X.pointer, ldx, V.pointer, M, N);
        const context = `add_bias ${M}x${N}`;
        arena.check(context);
        expectSame(
          context,
          gathered(Y.read(), M, N, ldy),
          x.map((v, j) => v + bias[j % N]),
        );
      }
    }
  });

  test.each([false, true])('column_sums, accumulate %s', (accumulate) => {
    let i = 0;
    for (const make of [integers, reals]) {
      for (const M of [0, 1, 2, 9, 100]) {
        for (const N of sizes) {
          const ld = N + (i % 2) * 3;
          const x = make(M * N, i);
          const y = make(N, i + 1);
          const end = (['x', 'y'] as const)[i++ % 2];
          arena.begin();
          const X = arena.input('x', spread(x, M, N, ld), end === 'x');
          const Y = arena.output('y', accumulate ? y : filled(N, Number.NaN), end === 'y');
          arena.kernels.column_sums(Y.pointer, X.pointer, ld, M, N, accumulate ? 1 : 0);
          const context = `column_sums ${M}x${N}`;
          arena.check(context);
          const expected = y.map((v) => (accumulate ? v : 0));
          for (let j = 0; j < M * N; j++) expected[j % N] += x[j];
          if (make === integers) expectSame(context, Y.read(), expected);
          else expectClose(context, Y.read(), expected, () => (M + 1) ** 2 * 2 ** -24);
        }
      }
    }
  });

  test('column_sums: a chain of float32 up to LONGEST_CHAIN rows, nearer to the sum beyond', () => {
    for (const [M, isChain] of [
      [LONGEST_CHAIN, true],
      [LONGEST_CHAIN + 1, false],
    ] as const) {
      const x = filled(M * 2, 0).map((_, i) => Math.fround(i % 2 ? 0.1 : 0.7));
      const chain = new Float32Array(2);
      for (let i = 0; i < x.length; i++) chain[i % 2] += x[i];
      arena.begin();
      const X = arena.input('x', x);
      const Y = arena.output('y', [Number.NaN, Number.NaN, 7]);
      arena.kernels.column_sums(Y.pointer, X.pointer, 2, M, 2, 0);
      const got = Y.read();
      if (isChain) expectSame('column_sums', got, [...chain, 7]);
      else expectClose('column_sums', got, [M * x[0], M * x[1], 7], () => 3e-3);
    }
  });

  test('column_sums keeps NaN and infinity to their columns', () => {
    arena.begin();
    const x = filled(3 * 21, 1);
    x[21 + 4] = Number.NaN;
    x[20] = Infinity;
    const X = arena.input('x', x);
    const Y = arena.output('y', filled(21, 0));
    arena.kernels.column_sums(Y.pointer, X.pointer, 21, 3, 21, 0);
    const expected = filled(21, 3);
    expected[4] = Number.NaN;
    expected[20] = Infinity;
    expectSame('column_sums', Y.read(), expected);
  });

  test('sum is in float64', () => {
    for (const n of [...Array(71).keys(), 10_007]) {
      arena.begin();
      const x = reals(n, n);
      const X = arena.input('x', x, true);
      const got = arena.kernels.sum(X.pointer, n);
      arena.check(`sum of ${n}`);
      expect(Math.abs(got - x.reduce((a, b) => a + b, 0)), `sum of ${n}`).toBeLessThanOrEqual(
        n * n * 2 ** -53,
      );
    }
    arena.begin();
    // 2²⁴ + 1 is no float32.
    const X = arena.input('x', [2 ** 24, 1, 1, 1, 1, 1, 1]);
    expect(arena.kernels.sum(X.pointer, 7)).toBe(2 ** 24 + 6);
  });

  const argmax = (rows: number[][], ld = rows[0].length) => {
    arena.begin();
    const [M, N] = [rows.length, rows[0].length];
    // Between rows: the largest value, which must not be chosen.
    const flat = spread(rows.flat(), M, N, ld).map((v, i) => (i % ld < N ? v : Infinity));
    const X = arena.input('x', flat);
    const Y = arena.outputInts('y', new Int32Array(M).fill(-1), true);
    arena.kernels.argmax(Y.pointer, X.pointer, ld, M, N);
    arena.check('argmax');
    return [...Y.read()];
  };

  test('argmax finds each column', () => {
    for (let N = 1; N <= 40; N++) {
      const rows = Array.from({ length: N }, (_, m) => [...reals(N, m)].map((v, n) => (n === m ? 2 : v)));
      expect(argmax(rows, N + 2)).toEqual([...Array(N).keys()]);
    }
  });

  test('argmax takes the first of equals and never NaN', () => {
    const { NaN: nan, NEGATIVE_INFINITY: low } = Number;
    expect(
      argmax([
        [1, 3, 3, 3, 2],
        [5, 5, 5, 5, 5],
        [-0, 0, -0, 0, 0],
        [low, low, low, low, low],
      ]),
    ).toEqual([1, 0, 0, 0]);
    expect(
      argmax([
        [nan, 1, nan, 2, nan],
        [nan, nan, nan, nan, nan],
        [nan, low, low, nan, nan],
      ]),
    ).toEqual([3, 0, 1]);
    expect(
      argmax([
        [3, nan, nan, nan, nan],
        [Infinity, nan, Infinity, 1, 2],
      ]),
    ).toEqual([0, 0]);
  });

  test('argmax of rows without columns is 0', () => {
    arena.begin();
    const y = arena.outputInts('y', Int32Array.of(-1, -1));
    arena.kernels.argmax(y.pointer, arena.input('x', []).pointer, 0, 2, 0);
    arena.check('argmax');
    expect([...y.read()]).toEqual([0, 0]);
  });

  test('count_equal', () => {
    for (let n = 0; n <= 70; n++) {
      const x = Int32Array.from(integers(n, n));
      const y = Int32Array.from(integers(n, n + 1)).map((v, i) => (i % 3 === 0 ? x[i] : v));
      arena.begin();
      const X = arena.inputInts('x', x);
      const Y = arena.inputInts('y', y, true);
      const expected = x.filter((v, i) => v === y[i]).length;
      expect(arena.kernels.count_equal(X.pointer, Y.pointer, n)).toBe(expected);
      arena.check(`count_equal of ${n}`);
    }
    arena.begin();
    const X = arena.inputInts('x', Int32Array.of(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)));
    const Y = arena.inputInts('y', Int32Array.of(-(2 ** 31), 1, -1, 2 ** 31 - 1, 0));
    expect(arena.kernels.count_equal(X.pointer, Y.pointer, 5)).toBe(3);
  });
});
