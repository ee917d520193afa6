/**
 * The kernels of an engine with threads: each call is cut into chunks where that pays, and computed by one thread where not. Its
 * result is the same bit for bit. Which part of a job a chunk is stands in assembly/threads/jobs.ts, in the same order.
 */
import { ROWS_ASIDE, SUM_ABSOLUTES, SUM_BLOCK, SUM_PLAIN, SUM_SQUARES } from '../constants.js';
import { jobs } from '../generated/lines.js';
import type { Kernels } from '../kernels.js';
import { lineKernels } from './lines.js';
import type { ThreadPool } from './pool.js';
import type { Splitter } from './split.js';

/** Nanoseconds on one thread, roughly: of a multiply-add of a compressed entry and a column; of an entry fetched from main memory, or
 * counted and moved; of an element added up. */
const COST = { sparse: 0.05, gathered: 1, entry: 2, sum: 0.3 } as const;

/** `buffer` is the memory, read anew at each use. */
export function threadedKernels(
  one: Kernels,
  pool: ThreadPool,
  splitter: Splitter,
  buffer: () => ArrayBufferLike,
): Kernels {
  const { words, floats } = pool;
  let memory = new Int32Array(buffer());

  /** The arguments of a job that are whole numbers. Named one by one, since a list would be allocated at every call. */
  // biome-ignore format: an argument a word
  function put(
    a: number, b: number, c: number, d: number, e: number, f = 0, g = 0, h = 0, i = 0, j = 0,
    k = 0, l = 0, m = 0, n = 0, o = 0, p = 0, q = 0, r = 0, s = 0, t = 0, u = 0,
  ): void {
    words[0] = a;
    words[1] = b;
    words[2] = c;
    words[3] = d;
    words[4] = e;
    words[5] = f;
    words[6] = g;
    words[7] = h;
    words[8] = i;
    words[9] = j;
    words[10] = k;
    words[11] = l;
    words[12] = m;
    words[13] = n;
    words[14] = o;
    words[15] = p;
    words[16] = q;
    words[17] = r;
    words[18] = s;
    words[19] = t;
    words[20] = u;
  }

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
      put(pool.scratch.byteOffset, x, n, blocks, kind);
      pool.run(jobs.sum_blocks, chunks, splitter.rows);
      let total = 0;
      for (let i = 0; i < blocks; i++) total += pool.scratch[i];
      return total;
    };
  }

  return {
    ...one,
    ...lineKernels(one, pool, splitter),
    sum: sum(one.sum, SUM_PLAIN),
    sum_squares: sum(one.sum_squares, SUM_SQUARES),
    sum_absolutes: sum(one.sum_absolutes, SUM_ABSOLUTES),

    gemm_nn(c, ldc, sc, work, a, lda, sa, b, ldb, sb, bias, B, M, N, K, accumulate, activation, wide) {
      const chunks = splitter.product(B, M, N, K);
      if (chunks === 0) {
        one.gemm_nn(c, ldc, sc, work, a, lda, sa, b, ldb, sb, bias, B, M, N, K, accumulate, activation, wide);
        return;
      }
      put(c, ldc, sc, a, lda, sa, b, ldb, sb, bias, B, M, N, K, accumulate, activation, wide);
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
      put(c, ldc, sc, y, ldy, sy, a, lda, sa, b, ldb, sb, B, M, N, K, accumulate, activation, wide);
      pool.run(jobs.gemm_nt, chunks, splitter.rows, splitter.columns);
    },

    gemm_tn(c, ldc, sc, work, a, lda, sa, b, ldb, sb, B, M, N, K, accumulate, wide) {
      const chunks = splitter.product(B, M, N, K);
      if (chunks === 0) {
        one.gemm_tn(c, ldc, sc, work, a, lda, sa, b, ldb, sb, B, M, N, K, accumulate, wide);
        return;
      }
      put(c, ldc, sc, a, lda, sa, b, ldb, sb, B, M, N, K, accumulate, wide);
      pool.run(jobs.gemm_tn, chunks, splitter.rows, splitter.columns);
    },

    sparse_gemm(c, ldc, starts, offsets, values, b, bias, M, N, blocks, span, activation, wide) {
      const entries = peek(starts + 4 * M * blocks);
      const chunks = splitter.columnShares(M, N, blocks > 1 ? 1 : ROWS_ASIDE, (entries / M) * COST.sparse);
      if (chunks === 0) {
        one.sparse_gemm(c, ldc, starts, offsets, values, b, bias, M, N, blocks, span, activation, wide);
        return;
      }
      put(c, ldc, starts, offsets, values, b, bias, M, N, blocks, span, activation, wide);
      pool.run(jobs.sparse_gemm, chunks, splitter.rows, splitter.columns);
    },

    sparse_forward(
      c,
      ldc,
      cs,
      co,
      cv,
      starts,
      offsets,
      values,
      b,
      bias,
      M,
      N,
      K,
      blocks,
      width,
      step,
      span,
      activation,
      wide,
    ) {
      const entries = peek(starts + 4 * M * blocks);
      const columns = splitter.evenColumns(M, N, (entries / M) * COST.sparse);
      // In one job while each thread has one part of C; else one after the other.
      if (columns === 0) {
        this.sparse_gemm(c, ldc, starts, offsets, values, b, bias, M, N, blocks, span, activation, wide);
        this.transpose_compressed(cs, co, cv, starts, offsets, values, M, K, blocks, width, 0, blocks, step);
        return;
      }
      const chunks = pool.threads + blocks;
      put(
        c,
        ldc,
        cs,
        co,
        cv,
        starts,
        offsets,
        values,
        b,
        bias,
        M,
        N,
        K,
        blocks,
        width,
        step,
        span,
        activation,
        wide,
        pool.threads,
        chunks,
      );
      pool.run(jobs.sparse_forward, chunks, M, columns);
    },

    sparse_sgd(w, ldw, work, starts, offsets, values, b, M, N, span, rate, wide) {
      const entries = peek(starts + 4 * M);
      const chunks = splitter.columnShares(M, N, ROWS_ASIDE, (entries / M) * COST.sparse);
      if (chunks === 0) {
        one.sparse_sgd(w, ldw, work, starts, offsets, values, b, M, N, span, rate, wide);
        return;
      }
      put(w, ldw, starts, offsets, values, b, M, N, span, 0, wide);
      floats[9] = rate;
      pool.run(jobs.sparse_sgd, chunks, splitter.rows, splitter.columns);
    },

    transpose_compressed(
      starts,
      offsets,
      values,
      rowStarts,
      rowOffsets,
      rowValues,
      M,
      N,
      blocks,
      width,
      from,
      to,
      step,
    ) {
      const entries = peek(rowStarts + 4 * M * blocks);
      const chunks = splitter.line(to - from, 1, (entries / blocks) * COST.entry);
      // The job's chunks are counted from block 0.
      if (chunks === 0 || from !== 0) {
        one.transpose_compressed(
          starts,
          offsets,
          values,
          rowStarts,
          rowOffsets,
          rowValues,
          M,
          N,
          blocks,
          width,
          from,
          to,
          step,
        );
        return;
      }
      put(starts, offsets, values, rowStarts, rowOffsets, rowValues, M, N, blocks, width, 0, to, step);
      pool.run(jobs.transpose_compressed, to, 1);
    },

    gather_entries(offsets, values, starts, rowStarts, columns, bytes, order, M, blocks, scale, step) {
      const entries = peek(starts + 4 * M * blocks);
      const chunks = splitter.line(M, 1, (entries / M) * COST.gathered);
      if (chunks === 0) {
        one.gather_entries(offsets, values, starts, rowStarts, columns, bytes, order, M, blocks, scale, step);
        return;
      }
      put(offsets, values, starts, rowStarts, columns, bytes, order, M, blocks, 0, step);
      floats[9] = scale;
      pool.run(jobs.gather_entries, chunks, splitter.rows);
    },
  };
}
