/**
 * gemm_nn, gemm_nt and gemm_tn against a naive triple loop in float64. Integer-valued operands make float32
 * sums exact in any order, so that those results are compared for equality.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatShape, type ProductShape, parseShape } from '../../bench/shapes.js';
import { TILING_WIDE } from '../../src/engine/constants.js';
import { activationCodes, type FusedActivation } from '../../src/engine/kernels.js';
import { tilesNames } from '../../src/engine/tiles.js';
import { tilingOf } from '../../src/engine/tune.js';
import { type Arena, describeBackends, filled, gathered, integers, reals, spread } from './harness.js';
import { expectClose, expectSame, expectWithinUlps } from './ulp.js';

type Operation = 'nn' | 'nt' | 'tn';
const operations: readonly Operation[] = ['nn', 'nt', 'tn'];

interface Case extends ProductShape {
  operation: Operation;
  /** Added to each leading dimension. */
  gap?: number;
  /** Added to each stride; or 0, one operand for the whole batch. */
  strideA?: 'shared' | number;
  strideB?: 'shared' | number;
  accumulate?: boolean;
  bias?: boolean;
  activation?: FusedActivation;
  /** For nt: the activation's output is given. */
  derivative?: boolean;
  /** Which operand ends at the memory's last byte. */
  end?: 'a' | 'b' | 'c' | 'y' | 'bias' | undefined;
  /** Which tiles: all must give the same bits. */
  tiling?: number;
  values?: 'integers' | 'reals';
  /** Changes the operands' values before the call. */
  plant?: (a: Float64Array, b: Float64Array) => unknown;
}

interface Outcome {
  context: string;
  got: Float64Array;
  /** By a naive loop: start + A·B in float64, before activation and derivative, and |start| + |A|·|B|. */
  expected: () => { product: Float64Array; magnitude: Float64Array };
  /** The activation's output that was given to nt. */
  y: Float64Array;
}

/** Pointer, leading dimension and stride, as a kernel takes them. */
type Operand = readonly [number, number, number];
const absent: Operand = [0, 0, 0];

/**
 * Runs one product. Operands are kept as [B, M, K] and [B, K, N] and stored as
 * they must be.
 */
function run(arena: Arena, given: Case): Outcome {
  const { B, M, N, K, operation, gap = 0, accumulate = false, activation = 'identity' } = given;
  const make = given.values === 'reals' ? reals : integers;
  const seed = M * 7919 + N * 104729 + K * 1299709 + B;
  const batchA = given.strideA === 'shared' ? 1 : B;
  const batchB = given.strideB === 'shared' ? 1 : B;
  const a = make(batchA * M * K, seed);
  const b = make(batchB * K * N, seed + 1);
  given.plant?.(a, b);
  const c0 = make(B * M * N, seed + 2);
  const bias = given.bias ? make(N, seed + 3) : undefined;
  const y = reals(B * M * N, seed + 4).map((v) => (activation === 'sigmoid' ? Math.fround((v + 1) / 2) : v));

  arena.begin();
  const place = (
    name: 'a' | 'b' | 'c' | 'y',
    values: Float64Array,
    batch: number,
    rows: number,
    columns: number,
    transposed: boolean,
    extra: 'shared' | number = gap,
    output = false,
  ) => {
    const stored = transposed ? transpose(values, batch, rows, columns) : values;
    const [R, C] = transposed ? [columns, rows] : [rows, columns];
    const ld = C + gap;
    const stride = extra === 'shared' ? 0 : R * ld + extra;
    const flat = spreadBatch(stored, batch, R, C, ld, stride);
    const placed = output
      ? arena.output(name, flat, given.end === name)
      : arena.input(name, flat, given.end === name);
    return { ...placed, ld, stride, at: [placed.pointer, ld, stride] as Operand };
  };
  const A = place('a', a, batchA, M, K, operation === 'tn', given.strideA);
  const W = place('b', b, batchB, K, N, operation === 'nt', given.strideB);
  const Y = given.derivative ? place('y', y, B, M, N, false) : { at: absent };
  const V = bias ? arena.input('bias', bias, given.end === 'bias').pointer : 0;
  // What must not be read is NaN.
  const C = place('c', accumulate ? c0 : filled(B * M * N, Number.NaN), B, M, N, false, gap, true);

  const { kernels, work } = arena;
  const code = activationCodes[activation];
  const flag = accumulate ? 1 : 0;
  const { tiling = 0 } = given;
  const { at } = C;
  if (operation === 'nn') {
    kernels.gemm_nn(...at, work, ...A.at, ...W.at, V, B, M, N, K, flag, code, tiling);
  } else if (operation === 'nt') {
    kernels.gemm_nt(...at, work, ...Y.at, ...A.at, ...W.at, B, M, N, K, flag, code, tiling);
  } else {
    kernels.gemm_tn(...at, work, ...A.at, ...W.at, B, M, N, K, flag, tiling);
  }
  const options = [
    gap && `gap ${gap}`,
    accumulate && 'accumulate',
    bias && 'bias',
    activation,
    given.derivative && 'derivative',
    given.end && `${given.end} at the end`,
    tiling && `tiling ${tiling}`,
  ];
  const context = `gemm_${operation} ${formatShape(given)} ${options.filter(Boolean).join(', ')}`;
  arena.check(context);
  const got = gatherBatch(C.read(), B, M, N, C.ld, C.stride);

  const expected = () => {
    const product = new Float64Array(B * M * N);
    const magnitude = new Float64Array(B * M * N);
    for (let i = 0; i < B; i++) {
      const ai = given.strideA === 'shared' ? 0 : i * M * K;
      const bi = given.strideB === 'shared' ? 0 : i * K * N;
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          const at = (i * M + m) * N + n;
          let sum = accumulate ? c0[at] : bias ? bias[n] : 0;
          let size = Math.abs(sum);
          for (let k = 0; k < K; k++) {
            const term = a[ai + m * K + k] * b[bi + k * N + n];
            sum += term;
            size += Math.abs(term);
          }
          product[at] = sum;
          magnitude[at] = size;
        }
      }
    }
    return { product, magnitude };
  };
  return { context, got, expected, y };
}

function transpose(values: Float64Array, batch: number, rows: number, columns: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < batch; i++) {
    const at = i * rows * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out[at + c * rows + r] = values[at + r * columns + c];
    }
  }
  return out;
}

/** Each matrix spread to `ld`, the next one `stride` later; NaN between. */
function spreadBatch(
  values: Float64Array,
  batch: number,
  rows: number,
  columns: number,
  ld: number,
  stride: number,
): Float64Array {
  const one = rows > 0 ? (rows - 1) * ld + columns : 0;
  const out = filled(batch > 0 ? (batch - 1) * stride + one : 0, Number.NaN);
  for (let i = 0; i < batch; i++) {
    const matrix = values.subarray(i * rows * columns, (i + 1) * rows * columns);
    out.set(spread(matrix, rows, columns, ld), i * stride);
  }
  return out;
}

function gatherBatch(
  values: ArrayLike<number>,
  batch: number,
  rows: number,
  columns: number,
  ld: number,
  stride: number,
): Float64Array {
  const out = new Float64Array(batch * rows * columns);
  for (let i = 0; i < batch; i++) {
    const matrix = Array.prototype.slice.call(
      values,
      i * stride,
      i * stride + Math.max(0, (rows - 1) * ld + columns),
    );
    out.set(gathered(matrix, rows, columns, ld), i * rows * columns);
  }
  return out;
}

/** f(product) where the operation has an activation, product ⊙ f'(y) where it has a derivative. */
function expectResult(given: Case, { context, got, expected, y }: Outcome): void {
  const { product } = expected();
  const { activation = 'identity', operation } = given;
  if (operation === 'nn' && activation === 'sigmoid') {
    expectWithinUlps(
      context,
      got,
      product.map((v) => 1 / (1 + Math.exp(-v))),
      3,
      product,
    );
  } else if (operation === 'nn' && activation === 'tanh') {
    expectWithinUlps(context, got, product.map(Math.tanh), 3, product);
  } else if (operation === 'nn' && activation === 'relu') {
    expectSame(
      context,
      got,
      product.map((v) => Math.max(v, 0)),
    );
  } else if (operation === 'nt' && given.derivative && activation === 'sigmoid') {
    expectClose(
      context,
      got,
      product.map((v, i) => v * y[i] * (1 - y[i])),
      (i) => 2 ** -22 * Math.abs(product[i] * y[i]),
    );
  } else if (operation === 'nt' && given.derivative && activation === 'tanh') {
    expectClose(
      context,
      got,
      product.map((v, i) => v * (1 - y[i] ** 2)),
      (i) => 2 ** -22 * Math.abs(product[i]),
    );
  } else if (operation === 'nt' && given.derivative && activation === 'relu') {
    expectSame(
      context,
      got,
      product.map((v, i) => (y[i] > 0 ? v : 0)),
    );
  } else {
    expectSame(context, got, product);
  }
}

const sizes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33];
// Splat tiles want 64 columns, and B is packed from 9 or 65 rows on.
const tilings = tilesNames.map(tilingOf);
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
        expectClose(context, got, product, (i) => (shape.K + 2) * 2 ** -24 * magnitude[i]);
        for (const tiling of waysToCut) {
          const other = run(arena, { ...given, tiling });
          expect(Buffer.from(other.got.buffer).equals(Buffer.from(got.buffer)), other.context).toBe(true);
        }
      }
    });

    test.each(['3x7:7x70', '4x7:7x90', '5x3:3x71', '7x33:33x69', '8x170:170x64', '10x5:5x67'])(
      'few rows have the same bits in every way to cut, %s',
      (text) => {
        for (const accumulate of [false, true]) {
          const values = { values: 'reals', accumulate, bias: operation === 'nn' && !accumulate } as const;
          const given: Case = { operation, ...parseShape(text), ...values, gap: 1, end: 'b' };
          const { got } = run(arena, given);
          for (const tiling of waysToCut) {
            const other = run(arena, { ...given, tiling });
            expect(Buffer.from(other.got.buffer).equals(Buffer.from(got.buffer)), other.context).toBe(true);
          }
        }
      },
    );

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
