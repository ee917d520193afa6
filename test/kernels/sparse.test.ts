/**
 * Compressed rows and the products with them, against plain loops in float64 and, in Wasm, against the dense products bit
 * for bit. Every list has exactly the places that the contract promises, and its guards are verified after each call.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Activation, activationCodes } from '../../src/engine/kernels.js';
import {
  type Arena,
  describeBackends,
  filled,
  gathered,
  integers,
  reals,
  spread,
  testNumbers,
} from './harness.js';
import { expectClose, expectSame, ulpAt } from './ulp.js';

interface Compressed {
  readonly starts: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

/** What compress_rows is to find: everything that is not zero, NaN too, its columns in blocks of `width`. */
function compressed(x: ArrayLike<number>, M: number, N: number, width = Math.max(N, 1)): Compressed {
  const blocks = Math.ceil(N / width);
  const starts = new Int32Array(M * blocks + 1);
  const indices: number[] = [];
  const values: number[] = [];
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      if (x[m * N + n] !== 0) {
        indices.push(n);
        values.push(x[m * N + n]);
      }
      if (n % width === width - 1 || n === N - 1)
        starts[m * blocks + Math.floor(n / width) + 1] = indices.length;
    }
  }
  return { starts, indices: Int32Array.from(indices), values: Float32Array.from(values) };
}

/** Every column is one block, even of a matrix without rows. */
function columnsOf(x: Float64Array, M: number, N: number): Compressed {
  if (M > 0) return compressed(transposed(x, M, N), N, M);
  return { starts: new Int32Array(N + 1), indices: new Int32Array(0), values: new Float32Array(0) };
}

/** The same bits; the slow comparison only for its message. */
function expectLists(context: string, got: Compressed, expected: Compressed): void {
  const same = (['starts', 'indices', 'values'] as const).every((key) =>
    Buffer.from(got[key].buffer).equals(Buffer.from(expected[key].buffer)),
  );
  if (!same) expect(got, context).toStrictEqual(expected);
}

function transposed(x: ArrayLike<number>, M: number, N: number): Float64Array {
  return Float64Array.from({ length: M * N }, (_, i) => x[(i % M) * N + Math.floor(i / M)]);
}

/** [M, N], each element with this probability a number that is not zero, and a zero of either sign otherwise. */
function sparse(M: number, N: number, density: number, seed: number, make = reals): Float64Array {
  const next = testNumbers(seed + 77);
  return make(M * N, seed).map((v) => (next() < density ? v || 1 : next() < 0.5 ? 0 : -0));
}

const bytes = (values: Float32Array | Float64Array) => Float32Array.from(values).buffer;

function expectBits(context: string, got: Float64Array, expected: Float64Array): void {
  const [a, b] = [new Uint32Array(bytes(got)), new Uint32Array(bytes(expected))];
  const at = a.findIndex((word, i) => word !== b[i]);
  if (at >= 0)
    throw new Error(`${context}: element ${at} is ${got[at]}, the dense product has ${expected[at]}`);
}

/** The least width that makes one block of N columns: a multiple of 8. */
const oneBlock = (N: number) => Math.max(8, Math.ceil(N / 8) * 8);

interface CompressOptions {
  readonly gap?: number;
  readonly end?: 'x' | 'starts' | 'indices' | 'values' | undefined;
  /** Columns of a block. */
  readonly width?: number;
}

/** compress_rows on guarded memory: its result, and the lists where there are any. */
function compress(
  arena: Arena,
  x: ArrayLike<number>,
  M: number,
  N: number,
  limit: number,
  { gap = 0, end, width = oneBlock(N) }: CompressOptions = {},
) {
  const places = limit * (M + 2) + N + 1;
  arena.begin();
  const input = arena.input('x', spread(x, M, N, N + gap), end === 'x');
  const starts = arena.outputInts(
    'starts',
    new Int32Array(M * Math.ceil(N / width) + 1).fill(-7),
    end === 'starts',
  );
  const indices = arena.outputInts('indices', new Int32Array(places).fill(-7), end === 'indices');
  const values = arena.output('values', filled(places, -7), end === 'values');
  const count = arena.kernels.compress_rows(
    starts.pointer,
    indices.pointer,
    values.pointer,
    input.pointer,
    N + gap,
    M,
    N,
    width,
    limit,
  );
  arena.check(`compress_rows ${M}x${N}, blocks of ${width}, limit ${limit}`);
  const kept = Math.max(count, 0);
  return {
    count,
    starts: starts.read(),
    indices: indices.read().slice(0, kept),
    values: Float32Array.from(values.read().slice(0, kept)),
  };
}

function expectCompressed(
  arena: Arena,
  x: Float64Array,
  M: number,
  N: number,
  limit: number,
  options: CompressOptions = {},
) {
  const { count, ...lists } = compress(arena, x, M, N, limit, options);
  const expected = compressed(x, M, N, options.width ?? oneBlock(N));
  expect(count).toBe(expected.values.length);
  expectLists(`${M}x${N}`, lists, expected);
}

/** Widths of blocks of columns. */
const blockWidths = [8, 16, 40, 160];
const widths = [0, 1, 3, 4, 15, 16, 17, 31, 32, 33, 48, 100, 784];

describeBackends('compress_rows', (arena) => {
  test.each(widths)('finds what is not zero, N = %i', (N) => {
    let i = 0;
    for (const M of [0, 1, 2, 5, 33]) {
      for (const density of [0, 0.1, 0.4, 1]) {
        const x = sparse(M, N, density, 1 + N * 31 + M);
        const end = (['x', 'starts', 'indices', 'values', undefined] as const)[i++ % 5];
        expectCompressed(arena, x, M, N, N, { gap: i % 2 ? 0 : 3, end });
        for (const width of blockWidths) expectCompressed(arena, x, M, N, N, { width, end });
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
      const { count, indices, values } = compress(arena, x, 2, N, N);
      expect(count).toBe(12);
      const columns = [2, 3, 4, 5, 6, 8];
      expect([...indices]).toEqual([...columns, ...columns.map((n) => n + N - 9)]);
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
    expectCompressed(arena, full, M, N, limit, { end: 'indices' });
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
        end: fc.constantFrom('indices' as const, 'values' as const, 'starts' as const),
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

/** transpose_compressed on guarded memory. */
function transpose(
  arena: Arena,
  x: Float64Array,
  M: number,
  N: number,
  { end, width = oneBlock(N) }: { end?: 'indices' | 'values'; width?: number } = {},
): Compressed {
  const rows = compressed(x, M, N, width);
  arena.begin();
  const starts = arena.outputInts('starts', new Int32Array(N + 2).fill(-7));
  const indices = arena.outputInts('indices', new Int32Array(rows.values.length), end === 'indices');
  const values = arena.output('values', filled(rows.values.length, 0), end === 'values');
  const [rowStarts, columns] = [
    arena.inputInts('row starts', rows.starts),
    arena.inputInts('columns', rows.indices),
  ];
  const rowValues = arena.input('row values', rows.values);
  arena.kernels.transpose_compressed(
    starts.pointer,
    indices.pointer,
    values.pointer,
    rowStarts.pointer,
    columns.pointer,
    rowValues.pointer,
    M,
    N,
    Math.ceil(N / width),
  );
  arena.check(`transpose_compressed ${M}x${N}`);
  return {
    starts: starts.read().slice(0, N + 1),
    indices: indices.read(),
    values: Float32Array.from(values.read()),
  };
}

describeBackends('transpose_compressed', (arena) => {
  test.each(widths)('gives the compressed columns, N = %i', (N) => {
    for (const M of [0, 1, 2, 5, 33]) {
      for (const density of [0, 0.1, 0.4, 1]) {
        const x = sparse(M, N, density, 3 + N * 31 + M);
        for (const width of [oneBlock(N), 8, 48]) {
          const got = transpose(arena, x, M, N, { end: M % 2 ? 'indices' : 'values', width });
          expectLists(`${M}x${N}`, got, columnsOf(x, M, N));
        }
      }
    }
  });

  test('carries NaN and infinities along', () => {
    const x = Float64Array.from([0, Number.NaN, Infinity, 1, 0, -Infinity]);
    const { starts, indices, values } = transpose(arena, x, 2, 3);
    expect([...starts]).toEqual([0, 1, 2, 4]);
    expect([...indices]).toEqual([1, 0, 0, 1]);
    expect([...values]).toEqual([1, Number.NaN, Infinity, -Infinity]);
  });
});

interface Product {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly s: Float64Array;
  readonly b: Float64Array;
  readonly bias?: Float64Array | undefined;
  readonly activation?: Activation;
  readonly wide?: 0 | 1;
  /** Columns of a block of s. */
  readonly width?: number;
  /** Added to the leading dimensions of b and c. */
  readonly gap?: number;
  readonly end?: 'b' | 'c' | 'bias' | 'values' | undefined;
}

const nameOf = ({
  M,
  K,
  N,
  wide = 0,
  activation = 'identity',
  bias,
  gap = 0,
  width = oneBlock(K),
}: Product) =>
  `${M}x${K}:${K}x${N} ${activation}${bias ? ', bias' : ''}${wide ? ', wide' : ''}, gap ${gap}, blocks of ${width}`;

function sparseGemm(arena: Arena, product: Product): Float64Array {
  const { M, K, N, s, b, bias, activation = 'identity', wide = 0, gap = 0, end } = product;
  const { width = oneBlock(K) } = product;
  const lists = compressed(s, M, K, width);
  const ld = N + gap;
  arena.begin();
  const starts = arena.inputInts('starts', lists.starts);
  const indices = arena.inputInts('indices', lists.indices);
  const values = arena.input('values', lists.values, end === 'values');
  const B = arena.input('b', spread(b, K, N, ld), end === 'b');
  const row = bias ? arena.input('bias', bias, end === 'bias').pointer : 0;
  // c is never read: it holds NaN.
  const c = arena.output('c', spread(filled(M * N, Number.NaN), M, N, ld), end === 'c');
  arena.kernels.sparse_gemm(
    c.pointer,
    ld,
    starts.pointer,
    indices.pointer,
    values.pointer,
    B.pointer,
    ld,
    row,
    M,
    N,
    Math.ceil(K / width),
    activationCodes[activation],
    wide,
  );
  const context = `sparse_gemm ${nameOf(product)}`;
  arena.check(context);
  return gathered(c.read(), M, N, ld);
}

/** The same by gemm_nn of the same backend. */
function denseGemm(arena: Arena, { M, K, N, s, b, bias, activation = 'identity' }: Product): Float64Array {
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
function exact({ M, K, N, s, b, bias }: Product): { sums: Float64Array; magnitudes: Float64Array } {
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

const functions: Record<Activation, (x: number) => number> = {
  identity: (x) => x,
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};
const activations = Object.keys(functions) as Activation[];
/** Every number of vectors to 50, so all strips and what they leave; and the 300 columns of a hidden layer, padded. */
const columns = [...Array.from({ length: 50 }, (_, i) => 4 * i + 4), 304];
const ends = [undefined, 'b', 'c', 'bias', 'values'] as const;

/** Only Wasm needs scratch space, and only there the order of sums is promised. */
const isWasm = (arena: Arena) => arena.kernels.workspace_size() > 0;

describeBackends('sparse_gemm', (arena) => {
  test.each(columns)('is exact on integers, N = %i', (N) => {
    let i = N / 4;
    for (const M of [0, 1, 2, 7]) {
      for (const density of [0, 0.1, 0.4, 1]) {
        for (const wide of [0, 1] as const) {
          const K = [1, 5, 23][i % 3];
          const s = sparse(M, K, density, i, integers);
          const bias = i % 2 ? integers(N, i + 3) : undefined;
          const gap = i % 3 ? 0 : 4 + (i % 5);
          const width = [8, 16, 24][i % 3];
          const b = integers(K * N, i + 1);
          const product = { M, K, N, s, b, bias, wide, gap, width, end: ends[i % 5] };
          expectSame(nameOf(product), sparseGemm(arena, product), exact(product).sums);
          i++;
        }
      }
    }
  });

  test.each(activations)('ends with %s, within rounding, in both widths alike', (activation) => {
    for (const N of [4, 12, 44, 48, 64, 92, 96, 100, 192, 304]) {
      for (const bias of [undefined, reals(N, 9)]) {
        for (const density of [0, 0.02, 0.19, 0.4]) {
          const [M, K] = [9, 150];
          const s = sparse(M, K, density, N);
          const product = { M, K, N, s, b: reals(K * N, N + 1), bias, activation };
          const { sums, magnitudes } = exact(product);
          const narrow = sparseGemm(arena, product);
          const expected = sums.map(functions[activation]);
          // No function has a slope above 1.
          const tolerance = (i: number) => (K + 2) * 2 ** -24 * magnitudes[i] + 3 * ulpAt(expected[i]);
          expectClose(nameOf(product), narrow, expected, tolerance);
          expectBits(`${nameOf(product)}, wide`, sparseGemm(arena, { ...product, wide: 1 }), narrow);
          for (const width of isWasm(arena) ? [8, 40, 144] : []) {
            for (const wide of [0, 1] as const) {
              const cut = { ...product, width, wide };
              expectBits(nameOf(cut), sparseGemm(arena, cut), narrow);
            }
          }
          if (isWasm(arena)) expectBits(nameOf(product), narrow, denseGemm(arena, product));
        }
      }
    }
  });

  test('has the bits of gemm_nn in a layer of 784 by 300, padded', () => {
    const [M, K, N] = [64, 784, 304];
    const s = sparse(M, K, 0.19, 1);
    const product = { M, K, N, s, b: reals(K * N, 2, 0.1), bias: reals(N, 3), width: 160 };
    const got = sparseGemm(arena, product);
    const { sums, magnitudes } = exact(product);
    expectClose(nameOf(product), got, sums, (i) => (K + 2) * 2 ** -24 * magnitudes[i]);
    for (const wide of [0, 1] as const) {
      if (isWasm(arena))
        expectBits(nameOf(product), sparseGemm(arena, { ...product, wide }), denseGemm(arena, product));
    }
  });

  test('reads no row of b that has no entry, and stores every element of c', () => {
    const [M, K, N] = [5, 20, 100];
    const s = filled(M * K, 0);
    s[1 * K + 4] = 2;
    s[3 * K + 17] = -1;
    const b = filled(K * N, Number.NaN);
    b.fill(3, 4 * N, 5 * N).fill(5, 17 * N, 18 * N);
    for (const wide of [0, 1] as const) {
      const got = sparseGemm(arena, { M, K, N, s, b, wide, width: 8 });
      const rows = [0, 6, 0, -5, 0];
      expectSame(
        'rows',
        got,
        Float64Array.from({ length: M * N }, (_, i) => rows[Math.floor(i / N)]),
      );
    }
  });

  test.each([Number.NaN, Infinity, -Infinity])('an entry of %d reaches its row and no other', (special) => {
    const [M, K, N] = [4, 10, 52];
    const s = filled(M * K, 0);
    s[2 * K + 3] = special;
    s[1 * K + 3] = 1;
    const got = sparseGemm(arena, { M, K, N, s, b: filled(K * N, 1), width: 8 });
    const rows = [0, 1, special, 0];
    expectSame(
      'rows',
      got,
      Float64Array.from({ length: M * N }, (_, i) => rows[Math.floor(i / N)]),
    );
  });
});

interface Update {
  readonly rows: number;
  readonly features: number;
  readonly N: number;
  /** [rows, features], mostly zeros. */
  readonly x: Float64Array;
  readonly dy: Float64Array;
  readonly w: Float64Array;
  readonly rate: number;
  readonly wide?: 0 | 1;
  readonly gap?: number;
  readonly end?: 'w' | 'dy' | undefined;
}

/** W after sparse_sgd with the compressed columns of x. */
function sparseSgd(arena: Arena, update: Update): Float64Array {
  const { rows, features, N, x, dy, w, rate, wide = 0, gap = 0, end } = update;
  const lists = compressed(transposed(x, rows, features), features, rows);
  const ld = N + gap;
  arena.begin();
  const starts = arena.inputInts('starts', lists.starts);
  const indices = arena.inputInts('indices', lists.indices);
  const values = arena.input('values', lists.values);
  const b = arena.input('dy', spread(dy, rows, N, ld), end === 'dy');
  const W = arena.output('w', spread(w, features, N, ld), end === 'w');
  arena.kernels.sparse_sgd(
    W.pointer,
    ld,
    arena.work,
    starts.pointer,
    indices.pointer,
    values.pointer,
    b.pointer,
    ld,
    features,
    N,
    rate,
    wide,
  );
  arena.check(`sparse_sgd ${features}x${N}${wide ? ', wide' : ''}`);
  return gathered(W.read(), features, N, ld);
}

/** W after gemm_tn and sgd_step. */
function denseSgd(arena: Arena, { rows, features, N, x, dy, w, rate }: Update): Float64Array {
  arena.begin();
  const [a, b] = [arena.input('x', x), arena.input('dy', dy)];
  const dw = arena.output('dw', filled(features * N, Number.NaN));
  const W = arena.output('w', w);
  arena.kernels.gemm_tn(
    dw.pointer,
    N,
    0,
    arena.work,
    a.pointer,
    features,
    0,
    b.pointer,
    N,
    0,
    1,
    features,
    N,
    rows,
    0,
    0,
  );
  arena.kernels.sgd_step(W.pointer, dw.pointer, features * N, rate);
  return Float64Array.from(W.read());
}

describeBackends('sparse_sgd', (arena) => {
  test.each(columns)('is exact on integers, N = %i', (N) => {
    let i = N / 4;
    for (const density of [0, 0.1, 0.4, 1]) {
      for (const wide of [0, 1] as const) {
        const [rows, features] = [6, [0, 1, 9, 16, 35][i % 5]];
        const x = sparse(rows, features, density, i, integers);
        const [dy, w] = [integers(rows * N, i + 1), integers(features * N, i + 2)];
        const gap = i % 3 ? 0 : 5;
        const end = ([undefined, 'w', 'dy'] as const)[i % 3];
        const got = sparseSgd(arena, { rows, features, N, x, dy, w, rate: 0.5, wide, gap, end });
        const product = { M: features, K: rows, N, s: transposed(x, rows, features), b: dy };
        const { sums } = exact(product);
        expectSame(
          nameOf(product),
          got,
          w.map((v, j) => v - 0.5 * sums[j]),
        );
        i++;
      }
    }
  });

  test.each([
    [1, 0.1],
    [64, 0.02],
    [64, 0.19],
    [37, 0.4],
  ])('does what the product and the step do, batch %i, density %d', (rows, density) => {
    for (const [features, N] of [
      [50, 12],
      [120, 100],
      [90, 304],
    ]) {
      const x = sparse(rows, features, density, rows + N);
      const [dy, w] = [reals(rows * N, 5, 0.01), reals(features * N, 6, 0.1)];
      const update = { rows, features, N, x, dy, w, rate: 0.1 };
      const got = sparseSgd(arena, update);
      const { sums, magnitudes } = exact({
        M: features,
        K: rows,
        N,
        s: transposed(x, rows, features),
        b: dy,
      });
      const rate = Math.fround(0.1);
      const expected = w.map((v, j) => v - rate * sums[j]);
      const tolerance = (j: number) =>
        rate * (rows + 3) * 2 ** -24 * magnitudes[j] + 2 ** -24 * Math.abs(expected[j]);
      expectClose(`${features}x${N}`, got, expected, tolerance);
      expectBits(`${features}x${N}, wide`, sparseSgd(arena, { ...update, wide: 1 }), got);
      if (isWasm(arena)) expectBits(`${features}x${N}`, got, denseSgd(arena, update));
    }
  });

  test('leaves rows without entries alone, whatever the rate', () => {
    const [rows, features, N] = [3, 7, 108];
    const x = filled(rows * features, 0);
    x[0 * features + 2] = 1;
    x[2 * features + 5] = 1;
    const w = reals(features * N, 1).map((v, i) => (i % 3 ? v : -0));
    for (const wide of [0, 1] as const) {
      const dy = filled(rows * N, -1);
      const got = sparseSgd(arena, { rows, features, N, x, dy, w, rate: Infinity, wide });
      for (const [i, v] of got.entries()) {
        const touched = [2, 5].includes(Math.floor(i / N));
        if (!Object.is(v, touched ? Infinity : w[i])) throw new Error(`element ${i} is ${v}, was ${w[i]}`);
      }
    }
  });
});

describe('the lists of a step, one kernel after the other', () => {
  describeBackends('agree with the dense step', (arena) => {
    test('compress, transpose, update', () => {
      const [rows, features, N] = [16, 40, 20];
      const x = sparse(rows, features, 0.3, 8, integers);
      const lists = compress(arena, x, rows, features, 20);
      expect(lists.count).toBeGreaterThan(100);
      expect(lists.count).toBe(compressed(x, rows, features).values.length);
      const byColumns = transpose(arena, x, rows, features);
      expect(byColumns.starts[features]).toBe(lists.count);
      const [dy, w] = [integers(rows * N, 2), integers(features * N, 3)];
      const update = { rows, features, N, x, dy, w, rate: 0.25 };
      expectSame('w', sparseSgd(arena, update), denseSgd(arena, update));
    });
  });
});

/** A data set of bytes as it is kept: eight places more than there are entries. */
function compressedSet(x: Uint8Array, size: number, width: number, block: number) {
  const { starts, indices, values } = compressed(x, size, width, block);
  const columns = new Uint16Array(values.length + 8).fill(0xffff);
  const bytes = new Uint8Array(values.length + 8).fill(0xff);
  columns.set(indices);
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

  function gather(x: Uint8Array, N: number, order: number[], block: number, scale: number, capacity: number) {
    const set = compressedSet(x, 7, N, block);
    const blocks = Math.ceil(N / block);
    arena.begin();
    const starts = arena.outputInts('starts', new Int32Array(order.length * blocks + 1).fill(-7));
    const indices = arena.outputInts('indices', new Int32Array(capacity + 8).fill(-7));
    const values = arena.output('values', filled(capacity + 8, -7));
    const [rowStarts, columns] = [
      arena.inputInts('row starts', set.starts),
      arena.inputInts('columns', words(set.columns)),
    ];
    const bytes = arena.inputInts('bytes', set.bytes, true);
    const picks = arena.inputInts('order', Uint32Array.from(order));
    const count = arena.kernels.gather_compressed(
      starts.pointer,
      indices.pointer,
      values.pointer,
      rowStarts.pointer,
      columns.pointer,
      bytes.pointer,
      picks.pointer,
      order.length,
      blocks,
      capacity,
      scale,
    );
    arena.check(`gather_compressed ${order.length}x${N}`);
    const kept = Math.max(count, 0);
    return {
      count,
      starts: starts.read(),
      indices: indices.read().slice(0, kept),
      values: Float32Array.from(values.read().slice(0, kept)),
    };
  }

  test.each([1, 7, 8, 9, 40, 100, 784])(
    'gather_compressed gives the lists that compress_rows makes, N = %i',
    (N) => {
      for (const order of orders) {
        for (const density of [0, 0.05, 0.4, 1]) {
          for (const block of [8, 160]) {
            const x = sparseBytes(7, N, density, N + 1);
            const expected = compressed(rowsOf(x, N, order, 1 / 255), order.length, N, block);
            const entries = expected.values.length;
            const { count, ...lists } = gather(x, N, order, block, 1 / 255, entries);
            expect(count).toBe(entries);
            expectLists(`${order.length}x${N}`, lists, expected);
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
