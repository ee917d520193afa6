import { expect } from 'vitest';
import { activationCodes, type FusedActivation, LONGEST_CHAIN } from '../../src/engine/kernels.js';
import { type Compressed, compressed, oneBlock, transposed } from './compressed.js';
import { type Arena, filled, gathered, spread } from './harness.js';

export { compressed, oneBlock, sparse, transposed } from './compressed.js';

/** Every column is one block, even of a matrix without rows. */
export function columnsOf(x: Float64Array, M: number, N: number, step = 1): Compressed {
  if (M > 0) return compressed(transposed(x, M, N), N, M, M, step);
  return { starts: new Int32Array(N + 1), offsets: new Int32Array(0), values: new Float32Array(0) };
}

/** The same bits; the slow comparison only for its message. */
export function expectLists(context: string, got: Compressed, expected: Compressed): void {
  const same = (['starts', 'offsets', 'values'] as const).every((key) =>
    Buffer.from(got[key].buffer).equals(Buffer.from(expected[key].buffer)),
  );
  if (!same) expect(got, context).toStrictEqual(expected);
}

const bytes = (values: Float32Array | Float64Array) => Float32Array.from(values).buffer;

export function expectBits(context: string, got: Float64Array, expected: Float64Array): void {
  const [a, b] = [new Uint32Array(bytes(got)), new Uint32Array(bytes(expected))];
  const at = a.findIndex((word, i) => word !== b[i]);
  if (at >= 0)
    throw new Error(`${context}: element ${at} is ${got[at]}, the dense product has ${expected[at]}`);
}

interface CompressOptions {
  readonly gap?: number;
  readonly end?: 'x' | 'starts' | 'offsets' | 'values' | undefined;
  /** Columns of a block. */
  readonly width?: number;
  readonly step?: number;
}

/** compress_rows on guarded memory: its result, and the lists where there are any. */
export function compress(
  arena: Arena,
  x: ArrayLike<number>,
  M: number,
  N: number,
  limit: number,
  { gap = 0, end, width = oneBlock(N), step = 1 }: CompressOptions = {},
) {
  const places = limit * (M + 2) + N + 1;
  arena.begin();
  const input = arena.input('x', spread(x, M, N, N + gap), end === 'x');
  const starts = arena.outputInts(
    'starts',
    new Int32Array(M * Math.ceil(N / width) + 1).fill(-7),
    end === 'starts',
  );
  const offsets = arena.outputInts('offsets', new Int32Array(places).fill(-7), end === 'offsets');
  const values = arena.output('values', filled(places, -7), end === 'values');
  const count = arena.kernels.compress_rows(
    starts.pointer,
    offsets.pointer,
    values.pointer,
    input.pointer,
    N + gap,
    M,
    N,
    width,
    limit,
    step,
  );
  arena.check(`compress_rows ${M}x${N}, blocks of ${width}, limit ${limit}`);
  const kept = Math.max(count, 0);
  return {
    count,
    starts: starts.read(),
    offsets: offsets.read().slice(0, kept),
    values: Float32Array.from(values.read().slice(0, kept)),
  };
}

export function expectCompressed(
  arena: Arena,
  x: Float64Array,
  M: number,
  N: number,
  limit: number,
  options: CompressOptions = {},
) {
  const { count, ...lists } = compress(arena, x, M, N, limit, options);
  const expected = compressed(x, M, N, options.width ?? oneBlock(N), options.step);
  expect(count).toBe(expected.values.length);
  expectLists(`${M}x${N}`, lists, expected);
}

/** Widths of blocks of columns. */
export const blockWidths = [8, 16, 40, 160];
export const widths = [0, 1, 3, 4, 15, 16, 17, 31, 32, 33, 48, 100, 784];

/** transpose_compressed on guarded memory. */
export function transpose(
  arena: Arena,
  x: Float64Array,
  M: number,
  N: number,
  { end, width = oneBlock(N), step = 1 }: { end?: 'offsets' | 'values'; width?: number; step?: number } = {},
): Compressed {
  const rows = compressed(x, M, N, width, step);
  arena.begin();
  const starts = arena.outputInts('starts', new Int32Array(N + 1).fill(-7));
  const offsets = arena.outputInts('offsets', new Int32Array(rows.values.length), end === 'offsets');
  const values = arena.output('values', filled(rows.values.length, 0), end === 'values');
  const [rowStarts, rowOffsets] = [
    arena.inputInts('row starts', rows.starts),
    arena.inputInts('row offsets', rows.offsets),
  ];
  const rowValues = arena.input('row values', rows.values);
  const blocks = Math.ceil(N / width);
  const lists = [starts, offsets, values, rowStarts, rowOffsets, rowValues].map(({ pointer }) => pointer);
  const [s, o, v, rs, ro, rv] = lists;
  // In two parts, the right one first: blocks do not depend on each other.
  const half = blocks > 2 ? blocks >> 1 : 0;
  arena.kernels.transpose_compressed(s, o, v, rs, ro, rv, M, N, blocks, width, half, blocks, step);
  arena.kernels.transpose_compressed(s, o, v, rs, ro, rv, M, N, blocks, width, 0, half, step);
  arena.check(`transpose_compressed ${M}x${N}`);
  return {
    starts: starts.read(),
    offsets: offsets.read(),
    values: Float32Array.from(values.read()),
  };
}

interface Product {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly s: Float64Array;
  readonly b: Float64Array;
  readonly bias?: Float64Array | undefined;
  readonly activation?: FusedActivation;
  readonly tiling?: number;
  /** Columns of a block of s. */
  readonly width?: number;
  /** Added to the leading dimensions of b and c. */
  readonly gap?: number;
  readonly end?: 'b' | 'c' | 'bias' | 'values' | undefined;
}

export const nameOf = ({
  M,
  K,
  N,
  tiling = 0,
  activation = 'identity',
  bias,
  gap = 0,
  width = oneBlock(K),
}: Product) =>
  `${M}x${K}:${K}x${N} ${activation}${bias ? ', bias' : ''}${tiling ? `, tiling ${tiling}` : ''}, gap ${gap}, blocks of ${width}`;

export function sparseGemm(arena: Arena, product: Product): Float64Array {
  const { M, K, N, s, b, bias, activation = 'identity', tiling = 0, gap = 0, end } = product;
  const { width = oneBlock(K) } = product;
  const ld = N + gap;
  const lists = compressed(s, M, K, width, ld);
  arena.begin();
  const starts = arena.inputInts('starts', lists.starts);
  const offsets = arena.inputInts('offsets', lists.offsets);
  const values = arena.input('values', lists.values, end === 'values');
  const B = arena.input('b', spread(b, K, N, ld), end === 'b');
  const row = bias ? arena.input('bias', bias, end === 'bias').pointer : 0;
  // c is never read: it holds NaN.
  const c = arena.output('c', spread(filled(M * N, Number.NaN), M, N, ld), end === 'c');
  arena.kernels.sparse_gemm(
    c.pointer,
    ld,
    starts.pointer,
    offsets.pointer,
    values.pointer,
    B.pointer,
    row,
    M,
    N,
    Math.ceil(K / width),
    K > LONGEST_CHAIN ? 160 * ld : 0,
    activationCodes[activation],
    tiling,
  );
  const context = `sparse_gemm ${nameOf(product)}`;
  arena.check(context);
  return gathered(c.read(), M, N, ld);
}

/** The same by gemm_nn of the same backend. */
export function denseGemm(
  arena: Arena,
  { M, K, N, s, b, bias, activation = 'identity' }: Product,
): Float64Array {
  arena.begin();
  const [a, w] = [arena.input('a', s), arena.input('b', b)];
  const row = bias ? arena.input('bias', bias).pointer : 0;
  const c = arena.output('c', filled(M * N, 0));
  const code = activationCodes[activation];
  arena.kernels.gemm_nn(
    c.pointer,
    N,
    0,
    arena.work,
    a.pointer,
    K,
    0,
    w.pointer,
    N,
    0,
    row,
    1,
    M,
    N,
    K,
    0,
    code,
    0,
  );
  return Float64Array.from(c.read());
}

/** start + S·B over the entries alone, and the sum of magnitudes. */
export function exact({ M, K, N, s, b, bias }: Product): { sums: Float64Array; magnitudes: Float64Array } {
  const sums = new Float64Array(M * N);
  const magnitudes = new Float64Array(M * N);
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let sum = bias ? bias[n] : 0;
      let magnitude = Math.abs(sum);
      for (let k = 0; k < K; k++) {
        if (s[m * K + k] === 0) continue;
        sum += s[m * K + k] * b[k * N + n];
        magnitude += Math.abs(s[m * K + k] * b[k * N + n]);
      }
      sums[m * N + n] = sum;
      magnitudes[m * N + n] = magnitude;
    }
  }
  return { sums, magnitudes };
}

export const functions: Record<FusedActivation, (x: number) => number> = {
  identity: (x) => x,
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};
export const activations = Object.keys(functions) as FusedActivation[];
/**
 * Every number of vectors to 50, so all strips and what they leave; and the 300 columns of a hidden layer,
 * padded.
 */
export const columns = [...Array.from({ length: 50 }, (_, i) => 4 * i + 4), 304];
export const ends = [undefined, 'b', 'c', 'bias', 'values'] as const;

/** Only Wasm needs scratch space, and only there the order of sums is promised. */
export const isWasm = (arena: Arena) => arena.kernels.workspace_size() > 0;
