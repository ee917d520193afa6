/**
 * Products with a matrix S that is mostly zeros, kept as compressed rows: see compressed.ts. The lists were
 * made for B: their step is its leading dimension.
 *
 * A row's columns are cut into blocks so that the rows of B which a block of all rows of S refers to, in one
 * strip of columns, stay in the first-level cache. Compressed columns need no blocks: there B is the batch,
 * which is small.
 *
 * Row i of a product is Σ value · B[offset / step]: forward with the batch's rows, y = x·W, and for the
 * weights' gradient with its columns, dW = xᵀ·dy. Terms are added in the order of the dense product, from the
 * same start, and 0·w adds nothing: with finite operands the bits are the dense path's (but for the sign of a
 * zero). Where the dense product makes its sums of blocks (chain.ts), `span` is the distance in B of what
 * belongs to a block; else it is 0.
 *
 * Rows of B and C are padded to whole vectors: N here is a multiple of 4, and the padding is computed along.
 * A strip of 12 vectors of columns (24 where the re-vectoriser makes two of them one) stays in registers for
 * all entries of a row.
 */
import { ROWS_ASIDE, TILING_SINGLE, TILING_WIDE } from '../build/assembly/constants';
import {
  sparse_row_12, sparse_strip_1, sparse_strip_12, sparse_strip_24, sparse_strip_3, sparse_strip_4, sparse_update_12,
  sparse_update_24,
} from '../build/assembly/micro';
import { apply_activation } from './activation';
import { transpose_compressed } from './compressed';
import { madd, nmadd } from './lanes';

/**
 * C = f(start + S·B): S compressed [M, ·], B [·, N]; start is the row `bias` if present, else 0. N is a
 * multiple of 4.
 */
export function sparse_gemm(
  c: usize, ldc: i32, starts: usize, offsets: usize, values: usize, b: usize, bias: usize,
  M: i32, N: i32, blocks: i32, span: i32, activation: i32, tiling: i32,
): void {
  for (let n = 0; n < N; ) {
    const W = width(n, N, span, tiling);
    n = min(n, N - (W << 2));
    const at = <usize>n << 2;
    strip(c + at, <usize>ldc << 2, bias ? bias + at : 0, starts, blocks, offsets, values, b + at, M, span, W, tiling);
    n += W << 2;
  }
  apply_activation(c, ldc, M, N, activation);
}

/**
 * Vectors of the strip that begins at column n. A few that are left over cost as much as many, each entry
 * waiting for the one before it; so the last strip may be one of more vectors that reaches back over columns
 * that are done, and makes them again.
 */
function width(n: i32, N: i32, span: i32, tiling: i32): i32 {
  const left = (N - n) >> 2;
  if ((tiling & TILING_WIDE) != 0 && left >= 24 && !span) return 24;
  if (left >= 12 || (left > 4 && N >= 48)) return 12;
  if (left == 3 && !span) return 3;
  return left >= 4 || N >= 16 ? 4 : 1;
}

/** A strip of W vectors of columns, all blocks of it. It starts from the same row everywhere. */
function strip(
  c: usize, row: usize, start: usize, starts: usize, blocks: i32, offsets: usize, values: usize, b: usize,
  M: i32, span: i32, W: i32, tiling: i32,
): void {
  const next = <usize>blocks << 2;
  const single = ASC_FEATURE_RELAXED_SIMD && (tiling & TILING_SINGLE) != 0;
  let startRow: usize = 0;
  for (let j = 0; j < blocks; j++) {
    if (span) long(c, row, start, startRow, starts, next, offsets, values, b, M, span, W);
    else if (W == 24) sparse_strip_24(c, row, start, startRow, starts, next, offsets, values, b, M);
    else if (W == 12 && single) single_12(c, row, start, startRow, starts, next, offsets, values, b, M);
    else if (W == 12) sparse_strip_12(c, row, start, startRow, starts, next, offsets, values, b, M);
    else if (W == 4) sparse_strip_4(c, row, start, startRow, starts, next, offsets, values, b, M);
    else if (W == 3) sparse_strip_3(c, row, start, startRow, starts, next, offsets, values, b, M);
    else sparse_strip_1(c, row, start, startRow, starts, next, offsets, values, b, M);
    starts += 4;
    start = c;
    startRow = row;
  }
}

/** `sparse_gemm`, and the compressed columns of S [M, K], blocks of `width`: what backward will ask for. */
export function sparse_forward(
  c: usize, ldc: i32, columnStarts: usize, columnOffsets: usize, columnValues: usize,
  starts: usize, offsets: usize, values: usize, b: usize, bias: usize,
  M: i32, N: i32, K: i32, blocks: i32, width: i32, step: i32, span: i32, activation: i32, tiling: i32,
): void {
  sparse_gemm(c, ldc, starts, offsets, values, b, bias, M, N, blocks, span, activation, tiling);
  transpose_compressed(columnStarts, columnOffsets, columnValues, starts, offsets, values, M, K, blocks, width, 0, blocks, step);
}

/**
 * W = W - rate · (S·B), row by row: the gradient Sᵀ·B of a linear layer and its plain SGD step in one pass.
 * Rows of S without entries are left alone. S has one block; N is a multiple of 4.
 */
export function sparse_sgd(
  w: usize, ldw: i32, work: usize, starts: usize, offsets: usize, values: usize, b: usize,
  M: i32, N: i32, span: i32, rate: f32, tiling: i32,
): void {
  const row = <usize>ldw << 2;
  store<f32>(work, rate);
  for (let n = 0; n < N; ) {
    const W = width(n, N, span, tiling);
    const again = max(0, n + (W << 2) - N);
    n -= again;
    const from = b + (<usize>n << 2);
    const to = w + (<usize>n << 2);
    const whole = !span && !again;
    if (whole && W == 24) sparse_update_24(to, row, work, starts, 4, offsets, values, from, M);
    else if (whole && W == 12 && ASC_FEATURE_RELAXED_SIMD && (tiling & TILING_SINGLE) == 0) {
      sparse_update_12(to, row, work, starts, 4, offsets, values, from, M);
    } else {
      // Gradients of a few rows go aside first: of a few columns, of those that are made again, and with 12
      // vectors where V8 would spill them.
      const bytes = <usize>W << 4;
      for (let m = 0; m < M; m += ROWS_ASIDE) {
        const rows = min(ROWS_ASIDE, M - m);
        const begin = starts + (<usize>m << 2);
        strip(work + 64, bytes, 0, begin, 1, offsets, values, from, rows, span, W, tiling);
        update(to + <usize>m * row, row, work + 64, bytes, <usize>again << 2, begin, rows, rate);
      }
    }
    n += W << 2;
  }
}

/** w = w - rate · gradient, for the rows that have entries; `bytes` of each, from byte `first` on. */
function update(
  w: usize, row: usize, gradient: usize, bytes: usize, first: usize, starts: usize, rows: i32, rate: f32,
): void {
  const factor = f32x4.splat(rate);
  for (let m = 0; m < rows; m++) {
    if (load<i32>(starts) < load<i32>(starts, 4)) {
      for (let i = first; i < bytes; i += 32) {
        const p = w + i;
        const g = gradient + i;
        v128.store(p, nmadd(factor, v128.load(g), v128.load(p)));
        if (i + 16 < bytes) v128.store(p, nmadd(factor, v128.load(g, 16), v128.load(p, 16)), 16);
      }
    }
    starts += 4;
    w += row;
    gradient += bytes;
  }
}

/** A strip of W (12, 4 or 1) vectors of columns whose sums are made of blocks. */
function long(
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, next: usize, offsets: usize, values: usize,
  b: usize, M: i32, span: i32, W: i32,
): void {
  if (W == 12) long_strip(c, row, start, startRow, starts, next, offsets, values, b, M, span, 12);
  else if (W == 4) long_strip(c, row, start, startRow, starts, next, offsets, values, b, M, span, 4);
  else long_strip(c, row, start, startRow, starts, next, offsets, values, b, M, span, 1);
}

/**
 * C = start + S·B as `strip` has it, of blocks: the first begins from `start`, the others are chains of their
 * own that are added to C.
 */
// @ts-ignore: decorator
@inline
function long_strip(
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, next: usize, offsets: usize, values: usize,
  b: usize, M: i32, span: i32, W: i32,
): void {
  const toValue = values - offsets;
  for (; M > 0; M--) {
    let e = offsets + (<usize>load<i32>(starts) << 2);
    const end = offsets + (<usize>load<i32>(starts, 4) << 2);
    if (start != c) memory.copy(c, start, <usize>W << 4);
    while (e < end) {
      const block = load<i32>(e) / span;
      const stop = (block + 1) * span;
      // The zeros at address 0, but for the first block.
      const from: usize = block ? 0 : c;
      let a0 = v128.load(from);
      let a1 = W > 1 ? v128.load(from, 16) : a0;
      let a2 = W > 2 ? v128.load(from, 32) : a0;
      let a3 = W > 3 ? v128.load(from, 48) : a0;
      let a4 = W > 4 ? v128.load(from, 64) : a0;
      let a5 = W > 5 ? v128.load(from, 80) : a0;
      let a6 = W > 6 ? v128.load(from, 96) : a0;
      let a7 = W > 7 ? v128.load(from, 112) : a0;
      let a8 = W > 8 ? v128.load(from, 128) : a0;
      let a9 = W > 9 ? v128.load(from, 144) : a0;
      let a10 = W > 10 ? v128.load(from, 160) : a0;
      let a11 = W > 11 ? v128.load(from, 176) : a0;
      for (; e < end; e += 4) {
        const offset = load<i32>(e);
        if (offset >= stop) break;
        const p = b + (<usize>offset << 2);
        const x = v128.load32_splat(e + toValue);
        a0 = madd(x, v128.load(p), a0);
        if (W > 1) a1 = madd(x, v128.load(p, 16), a1);
        if (W > 2) a2 = madd(x, v128.load(p, 32), a2);
        if (W > 3) a3 = madd(x, v128.load(p, 48), a3);
        if (W > 4) a4 = madd(x, v128.load(p, 64), a4);
        if (W > 5) a5 = madd(x, v128.load(p, 80), a5);
        if (W > 6) a6 = madd(x, v128.load(p, 96), a6);
        if (W > 7) a7 = madd(x, v128.load(p, 112), a7);
        if (W > 8) a8 = madd(x, v128.load(p, 128), a8);
        if (W > 9) a9 = madd(x, v128.load(p, 144), a9);
        if (W > 10) a10 = madd(x, v128.load(p, 160), a10);
        if (W > 11) a11 = madd(x, v128.load(p, 176), a11);
      }
      put(c, a0, block);
      if (W > 1) put(c + 16, a1, block);
      if (W > 2) put(c + 32, a2, block);
      if (W > 3) put(c + 48, a3, block);
      if (W > 4) put(c + 64, a4, block);
      if (W > 5) put(c + 80, a5, block);
      if (W > 6) put(c + 96, a6, block);
      if (W > 7) put(c + 112, a7, block);
      if (W > 8) put(c + 128, a8, block);
      if (W > 9) put(c + 144, a9, block);
      if (W > 10) put(c + 160, a10, block);
      if (W > 11) put(c + 176, a11, block);
    }
    starts += next;
    start += startRow;
    c += row;
  }
}

/** Stores v, or adds it to what is there. */
// @ts-ignore: decorator
@inline
function put(c: usize, v: v128, add: i32): void {
  v128.store(c, add ? f32x4.add(v128.load(c), v) : v);
}

/** `strip_12` with a call for each row: see gemm/micro.mjs. */
function single_12(
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, next: usize, offsets: usize, values: usize,
  b: usize, M: i32,
): void {
  for (; M > 0; M--) {
    const e = offsets + (<usize>load<i32>(starts) << 2);
    const end = offsets + (<usize>load<i32>(starts, 4) << 2);
    sparse_row_12(c, start, b, e, end, values - offsets);
    starts += next;
    start += startRow;
    c += row;
  }
}
