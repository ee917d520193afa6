/**
 * What a chunk of a job is: which part of the outputs, and the kernel's call that makes it. Jobs are split
 * over outputs only, never over a sum, so the bits do not depend on who does what.
 * `src/engine/threads/kernels.ts` writes the words, in this order:
 *
 *   0 kernel   1 rows (or elements) of a chunk   2 columns of a chunk   3 …: the kernel's arguments in the ABI's order
 */
import {
  FIRST_LINE, JOB_CONV_FORWARD, JOB_CONV_IMAGE_GRADIENT, JOB_CONV_WEIGHT_GRADIENT, JOB_GATHER_ENTRIES, JOB_GEMM_NN, JOB_GEMM_NT, JOB_GEMM_TN, JOB_MEET, JOB_SPARSE_FORWARD,
  JOB_SPARSE_GEMM, JOB_SPARSE_SGD, JOB_SUM_BLOCKS, JOB_TRANSPOSE_COMPRESSED,
} from '../../build/assembly/constants';
import { gather_entries, transpose_compressed } from '../compressed';
import { conv_forward, conv_weight_gradient } from '../conv/driver';
import { conv_image_gradient } from '../conv/image';
import { gemm_nn, gemm_nt, gemm_tn } from '../gemm/driver';
import { sum_blocks } from '../reduce';
import { sparse_gemm, sparse_sgd } from '../sparse';
import { along, at, int, ptr, real } from './job';
import { line } from './lines';

export function run_chunk(job: usize, chunk: i32, work: usize): void {
  const kernel = load<i32>(job);
  if (kernel >= FIRST_LINE) return line(job, kernel, chunk, work);
  switch (kernel) {
    case JOB_GEMM_NN: case JOB_GEMM_NT: case JOB_GEMM_TN: return product(job, kernel, chunk, work);
    case JOB_SPARSE_GEMM: return sparse_product(job, chunk);
    case JOB_SPARSE_FORWARD: return sparse_forward_part(job, chunk);
    case JOB_SPARSE_SGD: return sparse_update(job, chunk, work);
    case JOB_CONV_FORWARD: case JOB_CONV_IMAGE_GRADIENT: case JOB_CONV_WEIGHT_GRADIENT:
      return convolution(job, kernel, chunk, work);
    default: return part(job, kernel, chunk);
  }
}

/** A rectangle of C of one matrix of the batch. */
function product(job: usize, kernel: i32, chunk: i32, work: usize): void {
  const rows = load<i32>(job, 4);
  const columns = load<i32>(job, 8);
  // nt has the saved outputs, with their ld and stride, before a.
  const a = kernel == JOB_GEMM_NT ? 7 : 4;
  const sizes = kernel == JOB_GEMM_NN ? 11 : kernel == JOB_GEMM_NT ? 13 : 10;
  const M = int(job, sizes + 1), N = int(job, sizes + 2), K = int(job, sizes + 3);
  const down = (M + rows - 1) / rows;
  const each = down * ((N + columns - 1) / columns);
  const batch = chunk / each;
  const m = (chunk % down) * rows;
  const n = (chunk % each) / down * columns;
  const mc = min(rows, M - m);
  const nc = min(columns, N - n);
  const c = at(job, 0, m, n) + (<usize>batch * ptr(job, 2) << 2);
  const strideA = <usize>batch * ptr(job, a + 2) << 2;
  const strideB = <usize>batch * ptr(job, a + 5) << 2;
  const ldc = int(job, 1), lda = int(job, a + 1), ldb = int(job, a + 4);
  const accumulate = int(job, sizes + 4);
  if (kernel == JOB_GEMM_NN) {
    // A packed B has K floats a column.
    const b = ldb ? at(job, a + 3, 0, n) : along(job, a + 3, K * n);
    gemm_nn(c, ldc, 0, work, at(job, a, m, 0) + strideA, lda, 0, b + strideB, ldb, 0,
      along(job, 10, n), 1, mc, nc, K, accumulate, int(job, 16), int(job, 17));
  } else if (kernel == JOB_GEMM_NT) {
    const y = at(job, 4, m, n);
    gemm_nt(c, ldc, 0, work, y ? y + (<usize>batch * ptr(job, 6) << 2) : 0, int(job, 5), 0,
      at(job, a, m, 0) + strideA, lda, 0, at(job, a + 3, n, 0) + strideB, ldb, 0,
      1, mc, nc, K, accumulate, int(job, 18), int(job, 19));
  } else {
    gemm_tn(c, ldc, 0, work, at(job, a, 0, m) + strideA, lda, 0, at(job, a + 3, 0, n) + strideB, ldb, 0,
      1, mc, nc, K, accumulate, int(job, 15));
  }
}

function sparse_product(job: usize, chunk: i32): void {
  const rows = load<i32>(job, 4);
  const columns = load<i32>(job, 8);
  const M = int(job, 7), N = int(job, 8), blocks = int(job, 9);
  const down = (M + rows - 1) / rows;
  const m = chunk % down * rows;
  const n = chunk / down * columns;
  sparse_gemm(at(job, 0, m, n), int(job, 1), along(job, 2, m * blocks), ptr(job, 3), ptr(job, 4), along(job, 5, n),
    along(job, 6, n), min(rows, M - m), min(columns, N - n), blocks, int(job, 10), int(job, 11), int(job, 12));
}

/**
 * Of `sparse_forward`, for so many threads: each one's share begins with its own columns of C; then come
 * blocks of S's columns. How many threads and chunks there are stands before the job.
 */
function sparse_forward_part(job: usize, chunk: i32): void {
  const threads = load<i32>(job - 8), chunks = load<i32>(job - 4);
  const M = int(job, 10), N = int(job, 11), blocks = int(job, 13);
  let share = 0;
  while ((share + 1) * chunks / threads <= chunk) share++;
  if (chunk == share * chunks / threads) {
    const columns = load<i32>(job, 8);
    const n = share * columns;
    sparse_gemm(at(job, 0, 0, n), int(job, 1), ptr(job, 5), ptr(job, 6), ptr(job, 7), along(job, 8, n),
      along(job, 9, n), M, min(columns, N - n), blocks, int(job, 16), int(job, 17), int(job, 18));
  } else {
    const block = chunk - share - 1;
    transpose_compressed(ptr(job, 2), ptr(job, 3), ptr(job, 4), ptr(job, 5), ptr(job, 6), ptr(job, 7), M, int(job, 12), blocks,
      int(job, 14), block, block + 1, int(job, 15));
  }
}

function sparse_update(job: usize, chunk: i32, work: usize): void {
  const rows = load<i32>(job, 4);
  const columns = load<i32>(job, 8);
  const M = int(job, 7), N = int(job, 8);
  const down = (M + rows - 1) / rows;
  const m = chunk % down * rows;
  const n = chunk / down * columns;
  sparse_sgd(at(job, 0, m, n), int(job, 1), work, along(job, 3, m), ptr(job, 4), ptr(job, 5), along(job, 6, n),
    min(rows, M - m), min(columns, N - n), int(job, 9), real(job, 10), int(job, 11));
}

/** Pixels of the output, or rows of the weight's gradient. */
function convolution(job: usize, kernel: i32, chunk: i32, work: usize): void {
  const size = load<i32>(job, 4);
  const from = chunk * size;
  if (kernel == JOB_CONV_FORWARD) {
    conv_forward(ptr(job, 0), work, ptr(job, 2), ptr(job, 3), ptr(job, 4), ptr(job, 5), from, min(from + size, int(job, 7)), int(job, 8),
      int(job, 9));
  } else if (kernel == JOB_CONV_IMAGE_GRADIENT) {
    conv_image_gradient(ptr(job, 0), work, ptr(job, 2), ptr(job, 3), ptr(job, 4), ptr(job, 5), ptr(job, 6), from,
      min(from + size, int(job, 8)), int(job, 9), int(job, 10));
  } else {
    conv_weight_gradient(ptr(job, 0), int(job, 1), ptr(job, 2), work, ptr(job, 4), ptr(job, 5), ptr(job, 6), int(job, 7), from,
      min(from + size, int(job, 9)), int(job, 10));
  }
}

function part(job: usize, kernel: i32, chunk: i32): void {
  const size = load<i32>(job, 4);
  const from = chunk * size;
  if (kernel == JOB_TRANSPOSE_COMPRESSED) {
    transpose_compressed(ptr(job, 0), ptr(job, 1), ptr(job, 2), ptr(job, 3), ptr(job, 4), ptr(job, 5), int(job, 6),
      int(job, 7), int(job, 8), int(job, 9), from, min(from + size, int(job, 11)), int(job, 12));
  } else if (kernel == JOB_GATHER_ENTRIES) {
    gather_entries(ptr(job, 0), ptr(job, 1), along(job, 2, from * int(job, 8)), ptr(job, 3), ptr(job, 4), ptr(job, 5),
      along(job, 6, from), min(size, int(job, 7) - from), int(job, 8), real(job, 9), int(job, 10));
  } else if (kernel == JOB_SUM_BLOCKS) {
    sum_blocks(ptr(job, 0), ptr(job, 1), int(job, 2), from, min(from + size, int(job, 4)), int(job, 5));
  } else if (kernel == JOB_MEET) {
    meet(ptr(job, 0), int(job, 1));
  }
}

/**
 * Computes nothing: each chunk waits until all are under way. What it takes to bring `chunks` threads
 * together.
 */
function meet(counter: usize, chunks: i32): void {
  atomic.add<i32>(counter, 1);
  while (atomic.load<i32>(counter) < chunks) {}
}
