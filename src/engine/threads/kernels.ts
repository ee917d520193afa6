/**
 * The kernels of an engine with threads: each call is cut into chunks where that pays, and computed by one thread where not. Its
 * result is the same bit for bit. Which part of a job a chunk is stands in assembly/threads/jobs.ts, in the same order.
 */
import type { Kernels } from '../kernels.js';
import type { ThreadPool } from './pool.js';
import type { Splitter } from './split.js';

/** Codes of the jobs, the same in assembly/threads/jobs.ts. */
export const jobs = {
  meet: 0,
  gemm_nn: 1,
  gemm_nt: 2,
  gemm_tn: 3,
  sparse_gemm: 4,
  sparse_sgd: 5,
  transpose_compressed: 6,
  exp: 7,
  log: 8,
  sigmoid_forward: 9,
  sigmoid_backward: 10,
  tanh_forward: 11,
  tanh_backward: 12,
  relu_forward: 13,
  relu_backward: 14,
  sgd_step: 15,
  softmax_forward: 16,
  softmax_backward: 17,
  softmax_cross_entropy: 18,
  add_bias: 19,
  column_sums: 20,
  argmax: 21,
  gather_u8: 22,
  gather_f32: 23,
  expand_compressed: 24,
  sum_blocks: 25,
  gather_entries: 26,
} as const;

/** Nanoseconds an element on one thread, roughly. */
const COST = {
  exp: 0.8,
  sigmoid: 1.2,
  tanh: 1.2,
  /** Additions, products and comparisons, from the first or second cache. */
  light: 0.2,
  softmax: 1.2,
  argmax: 0.7,
  gather: 0.15,
  /** A multiply-add of a compressed entry and a column. */
  sparse: 0.05,
  /** An entry of a compressed list: fetched from main memory; or counted and moved. */
  gathered: 1,
  entry: 2,
} as const;

/** Elements of a block of `sum`: the same in assembly/reduce.ts. */
const SUM_BLOCK = 65_536;
/** Elements that begin on cache lines; and whole steps of the element-wise loops. */
const LINE = 16;
/** Rows of W that are updated together by `sparse_sgd`. */
const ASIDE = 16;

type MapForward = (y: number, x: number, n: number) => void;
type MapBackward = (dx: number, y: number, dy: number, n: number) => void;

/** `buffer` is the memory, read anew at each use. */
export function threadedKernels(
  one: Kernels,
  pool: ThreadPool,
  splitter: Splitter,
  buffer: () => ArrayBufferLike,
): Kernels {
  const { words, floats } = pool;
  let memory = new Int32Array(buffer());

  /** The i32 at a pointer. */
  function peek(pointer: number): number {
    if (pointer >= memory.byteLength) memory = new Int32Array(buffer());
    return memory[pointer >>> 2];
  }

  function mapForward(code: number, kernel: MapForward, cost: number): MapForward {
    return (y, x, n) => {
      const chunks = splitter.line(n, LINE, cost);
      if (chunks === 0) return kernel(y, x, n);
      words[0] = y;
      words[1] = x;
      words[2] = n;
      pool.run(code, chunks, splitter.rows);
    };
  }

  function mapBackward(code: number, kernel: MapBackward): MapBackward {
    return (dx, y, dy, n) => {
      const chunks = splitter.line(n, LINE, COST.light);
      if (chunks === 0) return kernel(dx, y, dy, n);
      words[0] = dx;
      words[1] = y;
      words[2] = dy;
      words[3] = n;
      pool.run(code, chunks, splitter.rows);
    };
  }

  return {
    ...one,

    gemm_nn(c, ldc, sc, work, a, lda, sa, b, ldb, sb, bias, B, M, N, K, accumulate, activation, wide) {
      const chunks = splitter.product(B, M, N, K);
      if (chunks === 0) {
        one.gemm_nn(c, ldc, sc, work, a, lda, sa, b, ldb, sb, bias, B, M, N, K, accumulate, activation, wide);
        return;
      }
      words[0] = c;
      words[1] = ldc;
      words[2] = sc;
      words[3] = a;
      words[4] = lda;
      words[5] = sa;
      words[6] = b;
      words[7] = ldb;
      words[8] = sb;
      words[9] = bias;
      words[10] = B;
      words[11] = M;
      words[12] = N;
      words[13] = K;
      words[14] = accumulate;
      words[15] = activation;
      words[16] = wide;
      pool.run(jobs.gemm_nn, chunks, splitter.rows, splitter.columns);
    },

    gemm_nt(c, ldc, sc, work, y, ldy, sy, a, lda, sa, b, ldb, sb, B, M, N, K, accumulate, activation, wide) {
      const chunks = splitter.product(B, M, N, K);
      if (chunks === 0) {
        one.gemm_nt(
          c,
          ldc,
          sc,
          work,
          y,
          ldy,
          sy,
          a,
          lda,
          sa,
          b,
          ldb,
          sb,
          B,
          M,
          N,
          K,
          accumulate,
          activation,
          wide,
        );
        return;
      }
      words[0] = c;
      words[1] = ldc;
      words[2] = sc;
      words[3] = y;
      words[4] = ldy;
      words[5] = sy;
      words[6] = a;
      words[7] = lda;
      words[8] = sa;
      words[9] = b;
      words[10] = ldb;
      words[11] = sb;
      words[12] = B;
      words[13] = M;
      words[14] = N;
      words[15] = K;
      words[16] = accumulate;
      words[17] = activation;
      words[18] = wide;
      pool.run(jobs.gemm_nt, chunks, splitter.rows, splitter.columns);
    },

    gemm_tn(c, ldc, sc, work, a, lda, sa, b, ldb, sb, B, M, N, K, accumulate, wide) {
      const chunks = splitter.product(B, M, N, K);
      if (chunks === 0) {
        one.gemm_tn(c, ldc, sc, work, a, lda, sa, b, ldb, sb, B, M, N, K, accumulate, wide);
        return;
      }
      words[0] = c;
      words[1] = ldc;
      words[2] = sc;
      words[3] = a;
      words[4] = lda;
      words[5] = sa;
      words[6] = b;
      words[7] = ldb;
      words[8] = sb;
      words[9] = B;
      words[10] = M;
      words[11] = N;
      words[12] = K;
      words[13] = accumulate;
      words[14] = wide;
      pool.run(jobs.gemm_tn, chunks, splitter.rows, splitter.columns);
    },

    sparse_gemm(c, ldc, starts, indices, values, b, ldb, bias, M, N, blocks, activation, wide) {
      const entries = peek(starts + 4 * M * blocks);
      const chunks = splitter.columnShares(M, N, blocks > 1 ? 1 : ASIDE, (entries / M) * COST.sparse);
      if (chunks === 0) {
        one.sparse_gemm(c, ldc, starts, indices, values, b, ldb, bias, M, N, blocks, activation, wide);
        return;
      }
      words[0] = c;
      words[1] = ldc;
      words[2] = starts;
      words[3] = indices;
      words[4] = values;
      words[5] = b;
      words[6] = ldb;
      words[7] = bias;
      words[8] = M;
      words[9] = N;
      words[10] = blocks;
      words[11] = activation;
      words[12] = wide;
      pool.run(jobs.sparse_gemm, chunks, splitter.rows, splitter.columns);
    },

    sparse_sgd(w, ldw, work, starts, indices, values, b, ldb, M, N, rate, wide) {
      const entries = peek(starts + 4 * M);
      const chunks = splitter.columnShares(M, N, ASIDE, (entries / M) * COST.sparse);
      if (chunks === 0) {
        one.sparse_sgd(w, ldw, work, starts, indices, values, b, ldb, M, N, rate, wide);
        return;
      }
      words[0] = w;
      words[1] = ldw;
      words[2] = starts;
      words[3] = indices;
      words[4] = values;
      words[5] = b;
      words[6] = ldb;
      words[7] = M;
      words[8] = N;
      floats[9] = rate;
      words[10] = wide;
      pool.run(jobs.sparse_sgd, chunks, splitter.rows, splitter.columns);
    },

    transpose_compressed(
      starts,
      indices,
      values,
      rowStarts,
      columns,
      rowValues,
      M,
      N,
      blocks,
      width,
      from,
      to,
    ) {
      const entries = peek(rowStarts + 4 * M * blocks);
      const chunks = splitter.line(to - from, 1, (entries / blocks) * COST.entry);
      // The job's chunks are counted from block 0.
      if (chunks === 0 || from !== 0) {
        one.transpose_compressed(
          starts,
          indices,
          values,
          rowStarts,
          columns,
          rowValues,
          M,
          N,
          blocks,
          width,
          from,
          to,
        );
        return;
      }
      words[0] = starts;
      words[1] = indices;
      words[2] = values;
      words[3] = rowStarts;
      words[4] = columns;
      words[5] = rowValues;
      words[6] = M;
      words[7] = N;
      words[8] = blocks;
      words[9] = width;
      words[11] = to;
      pool.run(jobs.transpose_compressed, to, 1);
    },

    exp: mapForward(jobs.exp, one.exp, COST.exp),
    log: mapForward(jobs.log, one.log, COST.exp),
    sigmoid_forward: mapForward(jobs.sigmoid_forward, one.sigmoid_forward, COST.sigmoid),
    tanh_forward: mapForward(jobs.tanh_forward, one.tanh_forward, COST.tanh),
    relu_forward: mapForward(jobs.relu_forward, one.relu_forward, COST.light),
    sigmoid_backward: mapBackward(jobs.sigmoid_backward, one.sigmoid_backward),
    tanh_backward: mapBackward(jobs.tanh_backward, one.tanh_backward),
    relu_backward: mapBackward(jobs.relu_backward, one.relu_backward),

    sgd_step(w, g, n, learningRate) {
      const chunks = splitter.line(n, LINE, COST.light);
      if (chunks === 0) return one.sgd_step(w, g, n, learningRate);
      words[0] = w;
      words[1] = g;
      words[2] = n;
      floats[3] = learningRate;
      pool.run(jobs.sgd_step, chunks, splitter.rows);
    },

    softmax_forward(y, ldy, x, ldx, M, N) {
      const chunks = splitter.line(M, 1, N * COST.softmax);
      if (chunks === 0) return one.softmax_forward(y, ldy, x, ldx, M, N);
      words[0] = y;
      words[1] = ldy;
      words[2] = x;
      words[3] = ldx;
      words[4] = M;
      words[5] = N;
      pool.run(jobs.softmax_forward, chunks, splitter.rows);
    },

    softmax_backward(dx, lddx, y, ldy, dy, lddy, M, N) {
      const chunks = splitter.line(M, 1, 2 * N * COST.light);
      if (chunks === 0) return one.softmax_backward(dx, lddx, y, ldy, dy, lddy, M, N);
      words[0] = dx;
      words[1] = lddx;
      words[2] = y;
      words[3] = ldy;
      words[4] = dy;
      words[5] = lddy;
      words[6] = M;
      words[7] = N;
      pool.run(jobs.softmax_backward, chunks, splitter.rows);
    },

    softmax_cross_entropy(losses, dx, lddx, x, ldx, labels, M, N, scale) {
      const chunks = splitter.line(M, 1, N * COST.softmax);
      if (chunks === 0) return one.softmax_cross_entropy(losses, dx, lddx, x, ldx, labels, M, N, scale);
      words[0] = losses;
      words[1] = dx;
      words[2] = lddx;
      words[3] = x;
      words[4] = ldx;
      words[5] = labels;
      words[6] = M;
      words[7] = N;
      floats[8] = scale;
      pool.run(jobs.softmax_cross_entropy, chunks, splitter.rows);
    },

    add_bias(y, ldy, x, ldx, bias, M, N) {
      const chunks = splitter.line(M, 1, N * COST.light);
      if (chunks === 0) return one.add_bias(y, ldy, x, ldx, bias, M, N);
      words[0] = y;
      words[1] = ldy;
      words[2] = x;
      words[3] = ldx;
      words[4] = bias;
      words[5] = M;
      words[6] = N;
      pool.run(jobs.add_bias, chunks, splitter.rows);
    },

    column_sums(y, x, ldx, M, N, accumulate) {
      const chunks = splitter.line(N, LINE, M * COST.light);
      if (chunks === 0) return one.column_sums(y, x, ldx, M, N, accumulate);
      words[0] = y;
      words[1] = x;
      words[2] = ldx;
      words[3] = M;
      words[4] = N;
      words[5] = accumulate;
      pool.run(jobs.column_sums, chunks, splitter.rows);
    },

    sum(x, n) {
      const blocks = Math.ceil(n / SUM_BLOCK);
      const chunks = splitter.line(blocks, 1, SUM_BLOCK * COST.light);
      // The sums of the blocks must find room in the scratch space.
      if (chunks === 0 || blocks > pool.scratch.length) return one.sum(x, n);
      words[0] = pool.scratch.byteOffset;
      words[1] = x;
      words[2] = n;
      words[4] = blocks;
      pool.run(jobs.sum_blocks, chunks, splitter.rows);
      let total = 0;
      for (let i = 0; i < blocks; i++) total += pool.scratch[i];
      return total;
    },

    argmax(y, x, ldx, M, N) {
      const chunks = splitter.line(M, 1, N * COST.argmax);
      if (chunks === 0) return one.argmax(y, x, ldx, M, N);
      words[0] = y;
      words[1] = x;
      words[2] = ldx;
      words[3] = M;
      words[4] = N;
      pool.run(jobs.argmax, chunks, splitter.rows);
    },

    gather_u8(y, ldy, x, indices, M, N, scale, offset) {
      const chunks = splitter.line(M, 1, N * COST.gather);
      if (chunks === 0) return one.gather_u8(y, ldy, x, indices, M, N, scale, offset);
      words[0] = y;
      words[1] = ldy;
      words[2] = x;
      words[3] = indices;
      words[4] = M;
      words[5] = N;
      floats[6] = scale;
      floats[7] = offset;
      pool.run(jobs.gather_u8, chunks, splitter.rows);
    },

    gather_f32(y, ldy, x, indices, M, N) {
      const chunks = splitter.line(M, 1, N * COST.gather);
      if (chunks === 0) return one.gather_f32(y, ldy, x, indices, M, N);
      words[0] = y;
      words[1] = ldy;
      words[2] = x;
      words[3] = indices;
      words[4] = M;
      words[5] = N;
      pool.run(jobs.gather_f32, chunks, splitter.rows);
    },

    gather_entries(indices, values, starts, rowStarts, columns, bytes, order, M, blocks, scale) {
      const entries = peek(starts + 4 * M * blocks);
      const chunks = splitter.line(M, 1, (entries / M) * COST.gathered);
      if (chunks === 0) {
        one.gather_entries(indices, values, starts, rowStarts, columns, bytes, order, M, blocks, scale);
        return;
      }
      words[0] = indices;
      words[1] = values;
      words[2] = starts;
      words[3] = rowStarts;
      words[4] = columns;
      words[5] = bytes;
      words[6] = order;
      words[7] = M;
      words[8] = blocks;
      floats[9] = scale;
      pool.run(jobs.gather_entries, chunks, splitter.rows);
    },

    expand_compressed(y, ldy, rowStarts, columns, bytes, order, M, N, blocks, scale) {
      const chunks = splitter.line(M, 1, N * COST.light);
      if (chunks === 0) {
        one.expand_compressed(y, ldy, rowStarts, columns, bytes, order, M, N, blocks, scale);
        return;
      }
      words[0] = y;
      words[1] = ldy;
      words[2] = rowStarts;
      words[3] = columns;
      words[4] = bytes;
      words[5] = order;
      words[6] = M;
      words[7] = N;
      words[8] = blocks;
      floats[9] = scale;
      pool.run(jobs.expand_compressed, chunks, splitter.rows);
    },
  };
}
