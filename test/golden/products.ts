/** Golden cases of products, of packed panels, and of compressed rows and the products with them. */
import { TILING_SINGLE, TILING_WIDE } from '../../src/engine/constants.js';
import type { Kernels } from '../../src/engine/kernels.js';
import { tilings } from '../../src/engine/tiles.js';
import { compressed, oneBlock, sparse, transposed } from '../kernels/compressed.js';
import { type Arguments, type GoldenCase, room } from './case.js';
import { reals, specialColumns, specialRows, specials, spread, wholes } from './values.js';

interface Product {
  readonly B?: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** Between rows of every matrix. */
  readonly gap?: number;
  readonly scale?: number;
  /** Which of the matrices has special numbers: one in each row of C, or in each column. */
  readonly special?: 'rows' | 'columns';
  readonly activation?: number;
  readonly bias?: boolean;
  readonly saved?: boolean;
  readonly accumulate?: boolean;
}

const S = specials.length;
const products: Readonly<Record<string, Product>> = {
  'one element': { M: 1, N: 1, K: 1 },
  'part of a vector': { M: 1, N: 3, K: 2, bias: true },
  'one row': { M: 1, N: 39, K: 70, bias: true, activation: 3 },
  'two rows, accumulated': { M: 2, N: 37, K: 19, accumulate: true },
  'two rows': { M: 2, N: 61, K: 70, bias: true, activation: 1 },
  'two rows at a saved output': { M: 2, N: 41, K: 39, activation: 2, saved: true },
  'five rows, accumulated': { M: 5, N: 46, K: 33, accumulate: true },
  'a column times a row': { M: 7, N: 39, K: 1 },
  'with tails': { M: 7, N: 39, K: 37, bias: true, activation: 1 },
  'three rows, tanh': { M: 3, N: 17, K: 21, activation: 2, saved: true },
  'sigmoid at a saved output': { M: 9, N: 18, K: 15, activation: 1, saved: true },
  'several, with gaps': { B: 3, M: 13, N: 29, K: 31, gap: 3, bias: true, activation: 3, saved: true },
  'several, accumulated': { B: 2, M: 14, N: 33, K: 12, gap: 5, accumulate: true },
  'whole tiles': { M: 30, N: 32, K: 40 },
  'cut for threads': { M: 65, N: 130, K: 64, bias: true },
  'many columns, few rows': { M: 7, N: 77, K: 170, bias: true },
  'many columns': { M: 70, N: 101, K: 333, accumulate: true },
  'more than a block of k': { M: 20, N: 36, K: 700 },
  'a longest chain': { M: 3, N: 9, K: 4160, bias: true },
  'a long sum': { M: 5, N: 9, K: 4170, bias: true, accumulate: true },
  'a few rows of B at a time': { M: 3, N: 538, K: 501, bias: true },
  'a long sum of two rows': { M: 2, N: 70, K: 4200, bias: true },
  'a long sum of one row': { M: 1, N: 6, K: 4200, bias: true },
  'special in rows': { M: S, N: 11, K: 13, special: 'rows' },
  'special in columns': { M: 11, N: S, K: 13, special: 'columns', bias: true, activation: 3 },
  denormal: { M: 7, N: 13, K: 9, scale: 2 ** -70 },
};

const each = <T>(B: number, make: (b: number) => readonly T[]): T[] =>
  Array.from({ length: B }, (_, b) => make(b)).flat();

/** B matrices of this many rows and columns, side by side. */
function matrices(
  { B = 1, gap = 0, scale = 1 }: Product,
  [rows, columns]: readonly [number, number],
  seed: number,
  special?: Float32Array,
): Float32Array {
  return Float32Array.from(
    each(B, (b) => [
      ...spread(special ?? reals(rows * columns, seed + 100 * b + rows, scale), columns, columns + gap),
    ]),
  );
}

/** A product's matrices under their names: c, a and b. */
function operands(own: Product, form: 'nn' | 'nt' | 'tn'): Arguments {
  const { B = 1, M, N, K, gap = 0, special, accumulate = false } = own;
  const a = form === 'tn' ? ([K, M] as const) : ([M, K] as const);
  const b = form === 'nt' ? ([N, K] as const) : ([K, N] as const);
  const ofA = form === 'tn' ? specialColumns(K, 1) : specialRows(K, 1);
  const ofB = form === 'nt' ? specialRows(K, 2) : specialColumns(K, 2);
  const [ldc, lda, ldb] = [N + gap, a[1] + gap, b[1] + gap];
  return {
    ...{ B, M, N, K, ldc, lda, ldb, strideC: M * ldc, strideA: a[0] * lda, strideB: b[0] * ldb },
    c: accumulate ? matrices(own, [M, N], 5) : room((B - 1) * M * ldc + M * ldc),
    a: matrices(own, a, 1, special === 'rows' ? ofA : undefined),
    b: matrices(own, b, 2, special === 'columns' ? ofB : undefined),
    accumulate: Number(accumulate),
  };
}

const gemms: GoldenCase[] = Object.entries(products).flatMap(([shape, own]) =>
  Object.values(tilings).flatMap((tiling): GoldenCase[] => {
    const wide = tiling & TILING_WIDE;
    const { M, N, K, bias = false, saved = false, accumulate = false, activation = 0, gap = 0 } = own;
    const withBias = bias && !accumulate && { bias: reals(N, 3) };
    const sizes = { ldy: N + gap, strideY: M * (N + gap) };
    const y = saved && { y: matrices(own, [M, N], 6), ...sizes };
    const nn = { ...operands(own, 'nn'), ...withBias, activation, tiling };
    const nt = { ...operands(own, 'nt'), ...y, activation: saved ? activation : 0, tiling };
    const cases: GoldenCase[] = [
      { kernel: 'gemm_nn', shape, args: nn },
      { kernel: 'gemm_nt', shape, args: nt },
      { kernel: 'gemm_tn', shape, args: { ...operands(own, 'tn'), tiling } },
      { kernel: 'pack_b', shape: `${shape}, ${wide ? 'wide' : 'narrow'}`, args: packing(nn, wide, N, K) },
    ];
    if (own.B) return cases;
    if (tiling === 0) cases.push({ kernel: 'thin_sgd', shape, args: thinSgd(own) });
    // With the panels made before, the product has the same bits.
    const before = [{ kernel: 'pack_b', args: packing(nn, wide, N, K) }] as const;
    return [...cases, { kernel: 'gemm_nn', shape, args: { ...nn, b: 'packed', ldb: 0 }, before }];
  }),
);

function thinSgd(own: Product): Arguments {
  const { a, lda, b, ldb, ldc, M, N, K } = operands(own, 'tn');
  const w = matrices(own, [own.M, own.N], 5);
  return { w, ldw: ldc, a, lda, b, ldb, M, N, K, learningRate: 0.3 };
}

function packing({ b, ldb }: Arguments, wide: number, N: number, K: number): Arguments {
  return { packed: room(K * Math.ceil(N / 16) * 16, panelFloats(N, wide) * K), b, ldb, N, K, wide };
}

/** Columns of all panels: of 16 or 8, and a last one of 4 where no more remain. */
function panelFloats(N: number, wide: number): number {
  let columns = 0;
  for (let left = N; left > 0; ) {
    const width = wide && left > 12 ? 16 : left > 4 ? 8 : 4;
    columns += width;
    left -= width;
  }
  return columns;
}

interface Sparse {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly density: number;
  readonly width?: number;
  readonly scale?: number;
  readonly special?: boolean;
}

const sparses: Readonly<Record<string, Sparse>> = {
  'one element': { M: 1, K: 1, N: 4, density: 1 },
  'part of a vector': { M: 1, K: 3, N: 4, density: 1 },
  'no entries': { M: 3, K: 9, N: 8, density: 0 },
  'with tails': { M: 7, K: 39, N: 52, density: 0.3 },
  'several blocks': { M: 9, K: 150, N: 48, density: 0.2, width: 40 },
  'cut for threads': { M: 64, K: 130, N: 304, density: 0.15 },
  'a long sum': { M: 3, K: 4180, N: 8, density: 0.9, width: 160 },
  special: { M: S, K: 19, N: 12, density: 0.5, special: true },
  denormal: { M: 5, K: 13, N: 8, density: 0.5, scale: 2 ** -70 },
};

const compressedCases: GoldenCase[] = Object.entries(sparses).flatMap(([shape, own]) => {
  const { M, K, N, density, width = oneBlock(own.K), scale = 1, special = false } = own;
  const x = sparse(M, K, density, 3).map((v) => v * scale);
  if (special) for (const [m, value] of specials.entries()) x[m * K + ((5 * m) % K)] = value;
  const blocks = Math.ceil(K / width);
  const rows = compressed(x, M, K, width, N);
  const columns = compressed(transposed(x, M, K), K, M, M, N);
  const entries = rows.values.length;
  const lists = { starts: rows.starts, offsets: rows.offsets, values: rows.values };
  const b = reals(K * N, 2, scale);
  const span = K > 4160 ? 160 * N : 0;
  const args = { ...lists, b, bias: reals(N, 3), ldc: N, M, N, blocks, span, activation: 1 };
  const made = (kernel: keyof Kernels, given: Arguments): GoldenCase => ({ kernel, shape, args: given });
  const compress = { x: Float32Array.from(x), ldx: K, M, N: K, width, limit: K, step: N };
  const transposing = { rowStarts: rows.starts, rowOffsets: rows.offsets, rowValues: rows.values };
  const places = K * (M + 2) + K + 1;
  return [
    made('compress_rows', {
      ...{ ...compress, starts: room(M * blocks + 1) },
      ...{ offsets: room(places, entries), values: room(places, entries) },
    }),
    made('transpose_compressed', {
      ...{ starts: room(K + 1), offsets: room(entries), values: room(entries), ...transposing },
      ...{ M, N: K, blocks, width, from: 0, to: blocks, step: N },
    }),
    ...[0, TILING_WIDE, TILING_SINGLE].flatMap((tiling) => [
      made('sparse_gemm', { ...args, c: room(M * N), tiling }),
      made('sparse_forward', {
        ...{ ...args, c: room(M * N), K, width, step: N, tiling },
        ...{ columnStarts: room(K + 1), columnOffsets: room(entries), columnValues: room(entries) },
      }),
      made('sparse_sgd', {
        ...{ w: b, ldw: N, starts: columns.starts, offsets: columns.offsets, values: columns.values },
        ...{ b: reals(M * N, 5, scale), M: K, N, span: 0, rate: 0.3, tiling },
      }),
    ]),
  ];
});

/** Rows of more than 4160 samples, which are summed in blocks. */
const longSgd: GoldenCase[] = [0, TILING_WIDE, TILING_SINGLE].map((tiling) => {
  const [rows, features, N] = [4180, 3, 8];
  const x = sparse(rows, features, 0.9, 3);
  const { starts, offsets, values } = compressed(transposed(x, rows, features), features, rows, rows, N);
  const args = {
    w: reals(features * N, 2),
    ldw: N,
    starts,
    offsets,
    values,
    b: reals(rows * N, 5),
    M: features,
    N,
  };
  return {
    kernel: 'sparse_sgd',
    shape: 'a long sum of samples',
    args: { ...args, span: 160 * N, rate: 0.3, tiling },
  };
});

/** A data set of seven rows that is kept compressed, and some of its rows in another order. */
const sets: GoldenCase[] = (
  [
    ['one element', 1, [6]],
    ['part of a vector', 3, [1, 1]],
    ['with a tail', 39, [6, 0, 5, 1]],
    ['several blocks', 400, [6, 0, 5, 1, 4, 2, 3, 6]],
    ['cut for threads', 400, Array.from({ length: 60 }, (_, i) => (i * 3) % 7)],
  ] as const
).flatMap(([shape, N, list]): GoldenCase[] => {
  const bytes = Uint8Array.from(wholes(7 * N, 512, 4), (v) => (v < 256 ? 0 : v - 255));
  const [block, M] = [160, list.length];
  const kept = compressed(bytes, 7, N, block);
  const blocks = Math.ceil(N / block);
  const order = Uint32Array.from(list);
  const picked = list.flatMap((row) => [...bytes.subarray(row * N, row * N + N)]);
  const { starts, values } = compressed(picked, M, N, block);
  const set = { rowStarts: Uint32Array.from(kept.starts), order, M, blocks };
  const contents = { columns: Uint16Array.from(kept.offsets), bytes: Uint8Array.from(kept.values) };
  const count = values.length;
  return [
    { kernel: 'gather_starts', shape, args: { starts: room(M * blocks + 1), ...set, capacity: count } },
    {
      kernel: 'gather_entries',
      shape,
      args: {
        offsets: room(count),
        values: room(count),
        starts,
        ...set,
        ...contents,
        scale: 1 / 255,
        step: 12,
      },
    },
    {
      kernel: 'expand_compressed',
      shape,
      args: { y: room((M - 1) * (N + 3) + N), ldy: N + 3, ...set, ...contents, N, scale: -0.3 },
    },
  ];
});

export const productCases: readonly GoldenCase[] = [...gemms, ...compressedCases, ...longSgd, ...sets];
