/**
 * What a chunk of a job is: which part of the outputs, and the kernel's call that makes it. Jobs are split over outputs only, never
 * over a sum, so the bits do not depend on who does what. `src/engine/threads/kernels.ts` writes the words, in this order:
 *
 *   0 kernel   1 rows (or elements) of a chunk   2 columns of a chunk   3 …: the kernel's arguments in the ABI's order, without `work`
 */
import {
  exp,
  log,
  relu_backward,
  relu_forward,
  sigmoid_backward,
  sigmoid_forward,
  tanh_backward,
  tanh_forward,
} from '../activation';
import { expand_compressed, gather_entries } from '../compressed';
import { gather_f32, gather_u8 } from '../gather';
import { gemm_nn, gemm_nt, gemm_tn } from '../gemm/driver';
import { sgd_step } from '../optimizer';
import { add_bias, argmax, column_sums, sum_blocks } from '../reduce';
import { softmax_backward, softmax_cross_entropy, softmax_forward } from '../softmax';
import { sparse_gemm, sparse_sgd, transpose_compressed } from '../sparse';

// The same numbers as in src/engine/threads/kernels.ts.
// @ts-ignore: decorator
@inline const MEET = 0, GEMM_NN = 1, GEMM_NT = 2, GEMM_TN = 3, SPARSE_GEMM = 4, SPARSE_SGD = 5, TRANSPOSE_COMPRESSED = 6,
  EXP = 7, LOG = 8, SIGMOID_FORWARD = 9, SIGMOID_BACKWARD = 10, TANH_FORWARD = 11, TANH_BACKWARD = 12, RELU_FORWARD = 13,
  RELU_BACKWARD = 14, SGD_STEP = 15, SOFTMAX_FORWARD = 16, SOFTMAX_BACKWARD = 17, SOFTMAX_CROSS_ENTROPY = 18, ADD_BIAS = 19,
  COLUMN_SUMS = 20, ARGMAX = 21, GATHER_U8 = 22, GATHER_F32 = 23, EXPAND_COMPRESSED = 24, SUM_BLOCKS = 25, GATHER_ENTRIES = 26;

/** Argument i, an integer or a pointer. */
// @ts-ignore: decorator
@inline
function int(job: usize, i: i32): i32 {
  return load<i32>(job + 12 + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
function ptr(job: usize, i: i32): usize {
  return load<usize>(job + 12 + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
function real(job: usize, i: i32): f32 {
  return load<f32>(job + 12 + (<usize>i << 2));
}

/** Pointer i, which is followed by its leading dimension, moved by so many rows and columns; absent stays absent. */
// @ts-ignore: decorator
@inline
function at(job: usize, i: i32, row: i32, column: i32): usize {
  const p = ptr(job, i);
  return p ? p + ((<usize>row * ptr(job, i + 1) + <usize>column) << 2) : 0;
}

/** Pointer i moved by so many elements of four bytes. */
// @ts-ignore: decorator
@inline
function along(job: usize, i: i32, elements: i32): usize {
  const p = ptr(job, i);
  return p ? p + (<usize>elements << 2) : 0;
}

export function run_chunk(job: usize, chunk: i32, work: usize): void {
  const kernel = load<i32>(job);
  if (kernel >= GEMM_NN && kernel <= GEMM_TN) product(job, kernel, chunk, work);
  else if (kernel == SPARSE_GEMM) sparse_product(job, chunk);
  else if (kernel == SPARSE_SGD) sparse_update(job, chunk, work);
  else part(job, kernel, chunk);
}

/** A rectangle of C of one matrix of the batch. */
function product(job: usize, kernel: i32, chunk: i32, work: usize): void {
  const rows = load<i32>(job, 4);
  const columns = load<i32>(job, 8);
  // nt has the saved outputs, with their ld and stride, before a.
  const a = kernel == GEMM_NT ? 6 : 3;
  const sizes = kernel == GEMM_NN ? 10 : kernel == GEMM_NT ? 12 : 9;
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
  if (kernel == GEMM_NN) {
    gemm_nn(c, ldc, 0, work, at(job, a, m, 0) + strideA, lda, 0, at(job, a + 3, 0, n) + strideB, ldb, 0,
      along(job, 9, n), 1, mc, nc, K, accumulate, int(job, 15), int(job, 16));
  } else if (kernel == GEMM_NT) {
    const y = at(job, 3, m, n);
    gemm_nt(c, ldc, 0, work, y ? y + (<usize>batch * ptr(job, 5) << 2) : 0, int(job, 4), 0,
      at(job, a, m, 0) + strideA, lda, 0, at(job, a + 3, n, 0) + strideB, ldb, 0,
      1, mc, nc, K, accumulate, int(job, 17), int(job, 18));
  } else {
    gemm_tn(c, ldc, 0, work, at(job, a, 0, m) + strideA, lda, 0, at(job, a + 3, 0, n) + strideB, ldb, 0,
      1, mc, nc, K, accumulate, int(job, 14));
  }
}

function sparse_product(job: usize, chunk: i32): void {
  const rows = load<i32>(job, 4);
  const columns = load<i32>(job, 8);
  const M = int(job, 8), N = int(job, 9), blocks = int(job, 10);
  const down = (M + rows - 1) / rows;
  const m = chunk % down * rows;
  const n = chunk / down * columns;
  sparse_gemm(at(job, 0, m, n), int(job, 1), along(job, 2, m * blocks), ptr(job, 3), ptr(job, 4), at(job, 5, 0, n), int(job, 6),
    along(job, 7, n), min(rows, M - m), min(columns, N - n), blocks, int(job, 11), int(job, 12));
}

function sparse_update(job: usize, chunk: i32, work: usize): void {
  const rows = load<i32>(job, 4);
  const columns = load<i32>(job, 8);
  const M = int(job, 7), N = int(job, 8);
  const down = (M + rows - 1) / rows;
  const m = chunk % down * rows;
  const n = chunk / down * columns;
  sparse_sgd(at(job, 0, m, n), int(job, 1), work, along(job, 2, m), ptr(job, 3), ptr(job, 4), at(job, 5, 0, n), int(job, 6),
    min(rows, M - m), min(columns, N - n), real(job, 9), int(job, 10));
}

/** Chunks of rows, of columns or of elements. */
function part(job: usize, kernel: i32, chunk: i32): void {
  const size = load<i32>(job, 4);
  const from = chunk * size;
  switch (kernel) {
    case MEET: return meet(ptr(job, 0), int(job, 1));
    case TRANSPOSE_COMPRESSED:
      return transpose_compressed(ptr(job, 0), ptr(job, 1), ptr(job, 2), ptr(job, 3), ptr(job, 4), ptr(job, 5), int(job, 6),
        int(job, 7), int(job, 8), int(job, 9), from, min(from + size, int(job, 11)));
    case EXP: return exp(along(job, 0, from), along(job, 1, from), min(size, int(job, 2) - from));
    case LOG: return log(along(job, 0, from), along(job, 1, from), min(size, int(job, 2) - from));
    case SIGMOID_FORWARD: return sigmoid_forward(along(job, 0, from), along(job, 1, from), min(size, int(job, 2) - from));
    case TANH_FORWARD: return tanh_forward(along(job, 0, from), along(job, 1, from), min(size, int(job, 2) - from));
    case RELU_FORWARD: return relu_forward(along(job, 0, from), along(job, 1, from), min(size, int(job, 2) - from));
    case SIGMOID_BACKWARD:
      return sigmoid_backward(along(job, 0, from), along(job, 1, from), along(job, 2, from), min(size, int(job, 3) - from));
    case TANH_BACKWARD:
      return tanh_backward(along(job, 0, from), along(job, 1, from), along(job, 2, from), min(size, int(job, 3) - from));
    case RELU_BACKWARD:
      return relu_backward(along(job, 0, from), along(job, 1, from), along(job, 2, from), min(size, int(job, 3) - from));
    case SGD_STEP: return sgd_step(along(job, 0, from), along(job, 1, from), min(size, int(job, 2) - from), real(job, 3));
    case SOFTMAX_FORWARD:
      return softmax_forward(at(job, 0, from, 0), int(job, 1), at(job, 2, from, 0), int(job, 3), min(size, int(job, 4) - from),
        int(job, 5));
    case SOFTMAX_BACKWARD:
      return softmax_backward(at(job, 0, from, 0), int(job, 1), at(job, 2, from, 0), int(job, 3), at(job, 4, from, 0), int(job, 5),
        min(size, int(job, 6) - from), int(job, 7));
    case SOFTMAX_CROSS_ENTROPY:
      return softmax_cross_entropy(along(job, 0, from), at(job, 1, from, 0), int(job, 2), at(job, 3, from, 0), int(job, 4),
        along(job, 5, from), min(size, int(job, 6) - from), int(job, 7), real(job, 8));
    case ADD_BIAS:
      return add_bias(at(job, 0, from, 0), int(job, 1), at(job, 2, from, 0), int(job, 3), ptr(job, 4),
        min(size, int(job, 5) - from), int(job, 6));
    case COLUMN_SUMS:
      return column_sums(along(job, 0, from), along(job, 1, from), int(job, 2), int(job, 3), min(size, int(job, 4) - from),
        int(job, 5));
    case ARGMAX:
      return argmax(along(job, 0, from), at(job, 1, from, 0), int(job, 2), min(size, int(job, 3) - from), int(job, 4));
    case GATHER_U8:
      return gather_u8(at(job, 0, from, 0), int(job, 1), ptr(job, 2), along(job, 3, from), min(size, int(job, 4) - from),
        int(job, 5), real(job, 6), real(job, 7));
    case GATHER_F32:
      return gather_f32(at(job, 0, from, 0), int(job, 1), ptr(job, 2), along(job, 3, from), min(size, int(job, 4) - from),
        int(job, 5));
    case EXPAND_COMPRESSED:
      return expand_compressed(at(job, 0, from, 0), int(job, 1), ptr(job, 2), ptr(job, 3), ptr(job, 4), along(job, 5, from),
        min(size, int(job, 6) - from), int(job, 7), int(job, 8), real(job, 9));
    case GATHER_ENTRIES:
      return gather_entries(ptr(job, 0), ptr(job, 1), along(job, 2, from * int(job, 8)), ptr(job, 3), ptr(job, 4), ptr(job, 5),
        along(job, 6, from), min(size, int(job, 7) - from), int(job, 8), real(job, 9));
    case SUM_BLOCKS: return sum_blocks(ptr(job, 0), ptr(job, 1), int(job, 2), from, min(from + size, int(job, 4)));
  }
}

/** Computes nothing: each chunk waits until all are under way. What it takes to bring `chunks` threads together. */
function meet(counter: usize, chunks: i32): void {
  atomic.add<i32>(counter, 1);
  while (atomic.load<i32>(counter) < chunks) {}
}
