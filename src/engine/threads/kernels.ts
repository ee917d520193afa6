/**
 * The kernels of an engine with threads: each call is cut into chunks where that pays, and computed by one thread where not. Its
 * result is the same bit for bit. Which part of a job a chunk is stands in assembly/threads/jobs.ts, in the same order.
 */
import type { Kernels } from '../kernels.js';
import { lineKernels } from './lines.js';
import type { ThreadPool } from './pool.js';
import type { Splitter } from './split.js';

/** Codes of the jobs that are not cut along one axis alone, the same in assembly/threads/jobs.ts. */
export const jobs = {
  meet: 0,
  gemm_nn: 1,
  gemm_nt: 2,
  gemm_tn: 3,
  sparse_gemm: 4,
  sparse_sgd: 5,
  transpose_compressed: 6,
  gather_entries: 7,
  sum_blocks: 8,
  sparse_forward: 9,
} as const;

/** Nanoseconds on one thread, roughly: of a multiply-add of a compressed entry and a column; of an entry fetched from main memory, or
 * counted and moved; of an element added up. */
const COST = { sparse: 0.05, gathered: 1, entry: 2, sum: 0.3 } as const;

/** Elements of a block of `sum`: the same in assembly/reduce.ts. */
const SUM_BLOCK = 65_536;
/** What is added up: codes of assembly/reduce.ts. */
const [PLAIN, SQUARES, ABSOLUTES] = [0, 1, 2];
/** Rows of W that are updated together by `sparse_sgd`. */
const ASIDE = 16;

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

  function sum(kernel: Kernels['sum'], kind: number): Kernels['sum'] {
    return (x, n) => {
      const blocks = Math.ceil(n / SUM_BLOCK);
      const chunks = splitter.line(blocks, 1, SUM_BLOCK * COST.sum);
      // The sums of the blocks must find room in the scratch space.
      if (chunks === 0 || blocks > pool.scratch.length) return kernel(x, n);
      words[0] = pool.scratch.byteOffset;
      words[1] = x;
      words[2] = n;
      words[3] = blocks;
      words[4] = kind;
      pool.run(jobs.sum_blocks, chunks, splitter.rows);
      let total = 0;
      for (let i = 0; i < blocks; i++) total += pool.scratch[i];
      return total;
    };
  }

  return {
    ...one,
    ...lineKernels(one, pool, splitter),
    sum: sum(one.sum, PLAIN),
    sum_squares: sum(one.sum_squares, SQUARES),
    sum_absolutes: sum(one.sum_absolutes, ABSOLUTES),

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

    sparse_forward(
      c,
      ldc,
      cs,
      ci,
      cv,
      starts,
      indices,
      values,
      b,
      ldb,
      bias,
      M,
      N,
      K,
      blocks,
      width,
      activation,
      wide,
    ) {
      const entries = peek(starts + 4 * M * blocks);
      const columns = splitter.evenColumns(M, N, (entries / M) * COST.sparse);
      // In one job while each thread has one part of C; else one after the other.
      if (columns === 0) {
        this.sparse_gemm(c, ldc, starts, indices, values, b, ldb, bias, M, N, blocks, activation, wide);
        this.transpose_compressed(cs, ci, cv, starts, indices, values, M, K, blocks, width, 0, blocks);
        return;
      }
      const chunks = pool.threads + blocks;
      words[0] = c;
      words[1] = ldc;
      words[2] = cs;
      words[3] = ci;
      words[4] = cv;
      words[5] = starts;
      words[6] = indices;
      words[7] = values;
      words[8] = b;
      words[9] = ldb;
      words[10] = bias;
      words[11] = M;
      words[12] = N;
      words[13] = K;
      words[14] = blocks;
      words[15] = width;
      words[16] = activation;
      words[17] = wide;
      words[18] = pool.threads;
      words[19] = chunks;
      pool.run(jobs.sparse_forward, chunks, M, columns);
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
  };
}
