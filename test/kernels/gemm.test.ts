/**
 * gemm_nn, gemm_nt and gemm_tn against a naive triple loop in float64. Integer-valued operands make float32
 * sums exact in any order, so that those results are compared for equality.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseShape } from '../../bench/shapes.js';
import { TILING_WIDE } from '../../src/engine/constants.js';
import type { FusedActivation } from '../../src/engine/kernels.js';
import { tilings as waysByName } from '../../src/engine/tiles.js';
import { type Case, expectResult, type Operation, operations, run } from './gemm-harness.js';
import { describeBackends, reals } from './harness.js';
import { expectClose, expectSame } from './ulp.js';

const sizes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33];
// Splat tiles want 64 columns, and B is packed from 9 or 65 rows on.
const tilings = Object.values(waysByName);
const activations: readonly FusedActivation[] = ['identity', 'sigmoid', 'tanh', 'relu'];
const ends = [undefined, 'a', 'b', 'c', 'y', 'bias'] as const;

/**
 * Options that vary with a case's number, each with a period of its own, so that every pair of them meets.
 */
function vary(i: number, operation: Operation): Partial<Case> {
  return {
    gap: i % 2 === 0 ? 0 : 3,
    accumulate: i % 3 === 0,
    bias: operation === 'nn' && i % 3 !== 0 && i % 5 < 3,
    activation: operation === 'tn' ? 'identity' : activations[i % 4],
    derivative: operation === 'nt' && i % 7 < 4,
    end: ends[i % 11],
    tiling: tilings[(i % 13) % tilings.length],
  };
}

describeBackends('products', (arena) => {
  // The readable twin cuts nothing into tiles, and threads cut into them what one does.
  const waysToCut = arena.isReference || arena.hasThreads ? [TILING_WIDE] : tilings;

  describe.each(operations)('gemm_%s', (operation) => {
    const check = (given: Omit<Case, 'operation'>) => {
      const full = { operation, ...given };
      expectResult(full, run(arena, full));
    };

    test.each(sizes)('is exact on integers, M = %i and every N and K of the grid', (M) => {
      let i = M;
      for (const N of sizes) for (const K of sizes) check({ B: 1, M, N, K, ...vary(i++, operation) });
    });

    test('is exact on integers, random shapes and options', () => {
      const size = fc.integer({ min: 0, max: 70 });
      const number = fc.integer({ min: 0, max: 4619 });
      fc.assert(
        fc.property(size, size, size, number, (M, N, K, i) =>
          check({ B: 1, M, N, K, ...vary(i, operation) }),
        ),
        { numRuns: 150, seed: 1 },
      );
    });

    test.each([
      '65x300:300x130',
      '4x255:255x16',
      '5x256:256x17',
      '4x257:257x31',
      '97x513:513x33',
      '129x1025:1025x20',
      '6x64:64x1030',
      '97x257:257x530',
      '2x1025:1025x513',
      '1x784:784x300',
      '1x9:9x4103',
      '2x5:5x4099',
    ])('is exact on integers across cache blocks, %s', (text) => {
      const shape = parseShape(text);
      check({ ...shape });
      check({ ...shape, gap: 3, accumulate: true, end: 'b', tiling: TILING_WIDE });
      check({
        ...shape,
        gap: 1,
        bias: operation === 'nn',
        derivative: operation === 'nt',
        activation: 'relu',
        end: 'c',
      });
      // Panels and tiles of other kinds begin with many rows, columns and terms.
      if (Math.min(shape.M, shape.N) < 6) return;
      const given: Case = { operation, ...shape, gap: 2, bias: operation === 'nn', end: 'a' };
      const usual = run(arena, given).got;
      for (const tiling of waysToCut) {
        const other = run(arena, { ...given, tiling });
        expect(Buffer.from(other.got.buffer).equals(Buffer.from(usual.buffer)), other.context).toBe(true);
      }
    });

    test.each(['3*5x7:7x9', '2*33x17:17x20', '4*1x1:1x1', '0*3x4:4x5', '3*4x0:0x5', '2*4x300:300x16'])(
      'keeps the matrices of a batch apart, %s',
      (text) => {
        const shape = parseShape(text);
        for (let i = 0; i < 12; i++) check({ ...shape, ...vary(i, operation), strideA: 5, strideB: i % 2 });
        check({ ...shape, strideA: 'shared' });
        check({ ...shape, strideB: 'shared', gap: 3 });
        check({ ...shape, strideA: 'shared', strideB: 'shared', accumulate: true });
      },
    );

    test.each([
      '8x8:8x8',
      '33x17:17x31',
      '64x784:784x30',
      '7x1025:1025x5',
      '65x300:300x130',
      '60x170:170x77',
      '13x300:300x530',
    ])('stays within its rounding bound on reals, %s', (text) => {
      for (const accumulate of [false, true]) {
        const shape = parseShape(text);
        const given: Case = {
          operation,
          ...shape,
          values: 'reals',
          accumulate,
          bias: operation === 'nn' && !accumulate,
        };
        const { context, got, expected } = run(arena, given);
        const { product, magnitude } = expected();
        const sizes = magnitude();
        expectClose(context, got, product, (i) => (shape.K + 2) * 2 ** -24 * sizes[i]);
        for (const tiling of waysToCut) {
          const other = run(arena, { ...given, tiling });
          expect(Buffer.from(other.got.buffer).equals(Buffer.from(got.buffer)), other.context).toBe(true);
        }
      }
    });

    // The last rows of tiles of 8, 6, 5 and 4, and columns of each kind of right edge.
    test.each([
      ...['3x7:7x70', '4x7:7x90', '5x3:3x71', '7x33:33x69', '8x170:170x64', '10x5:5x67'],
      ...['9x6:6x66', '11x4:4x68', '13x9:9x73', '15x170:170x77', '16x5:5x100', '18x161:161x65', '23x3:3x79'],
    ])('few rows have the same bits in every way to cut, %s', (text) => {
      for (const accumulate of [false, true]) {
        const values = { values: 'reals', accumulate, bias: operation === 'nn' && !accumulate } as const;
        const given: Case = { operation, ...parseShape(text), ...values, gap: 1, end: 'b' };
        const { got } = run(arena, given);
        for (const tiling of waysToCut) {
          const other = run(arena, { ...given, tiling });
          expect(Buffer.from(other.got.buffer).equals(Buffer.from(got.buffer)), other.context).toBe(true);
        }
      }
    });

    test.each([
      [31, 9],
      [32, 4],
      [36, 11],
      [37, 66],
      [61, 5],
      [103, 30],
      [490, 540],
      [41, 4170],
    ])('a row has the same bits whatever rows follow it, %i columns of %i terms', (N, K) => {
      const [a, b] = [reals(9 * K, 1), reals(K * N, 2)];
      const of = (M: number, tiling: number) => {
        const plant = (rows: Float64Array, all: Float64Array) => {
          rows.set(a.subarray(0, M * K));
          all.set(b);
        };
        return run(arena, { operation, B: 1, M, N, K, gap: 1, end: 'b', values: 'reals', tiling, plant });
      };
      const { got } = of(9, 0);
      for (const tiling of N * K > 100_000 ? [0, TILING_WIDE] : waysToCut) {
        for (let M = 1; M < 9; M++) expectSame(`${M} rows`, of(M, tiling).got, got.subarray(0, M * N));
      }
    });

    test.each([Number.NaN, Infinity, -Infinity])(
      '%d reaches what depends on it and nothing else',
      (special) => {
        for (const text of ['9x5:5x19', '33x19:19x37', '5x300:300x18']) {
          const shape = parseShape(text);
          const { M, N, K } = shape;
          // First, last and middle: within tiles, in their tails, across blocks.
          for (const [m, k, n] of [
            [0, 0, 0],
            [M - 1, K - 1, N - 1],
            [M >> 1, K >> 1, N >> 1],
          ]) {
            check({ ...shape, plant: (a) => a.fill(special, m * K + k, m * K + k + 1) });
            check({
              ...shape,
              plant: (_, b) => b.fill(special, k * N + n, k * N + n + 1),
              gap: 3,
              tiling: TILING_WIDE,
            });
          }
        }
      },
    );
  });

  test('an activation keeps NaN and the signs of infinities', () => {
    const at = { B: 1, M: 3, N: 6, K: 2, operation: 'nn' } as const;
    const plant = (a: Float64Array, b: Float64Array) => {
      a.set([Number.NaN, 1, Infinity, 0, -Infinity, 0]);
      b.fill(1);
    };
    const rows = (activation: FusedActivation) =>
      run(arena, { ...at, activation, plant }).got.filter((_, i) => i % 6 === 5);
    expect([...rows('sigmoid')]).toEqual([Number.NaN, 1, 0]);
    expect([...rows('tanh')]).toEqual([Number.NaN, 1, -1]);
    expect([...rows('relu')]).toEqual([Number.NaN, Infinity, 0]);
  });
});
