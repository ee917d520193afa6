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
import { sparse_row_12 } from '../build/assembly/micro';
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
  const row = <usize>ldc << 2;
  const single = ASC_FEATURE_RELAXED_SIMD && (tiling & TILING_SINGLE) != 0;
  let n = 0;
  while (n < N) {
    const left = N - n;
    const to = c + (<usize>n << 2);
    const from = b + (<usize>n << 2);
    // A strip of C starts from a row that is the same for all: the bias, or the zeros at address 0.
    let start = bias ? bias + (<usize>n << 2) : 0;
    let startRow: usize = 0;
    const W = (tiling & TILING_WIDE) != 0 && left >= 96 && !span ? 24 : left >= 48 ? 12 : left >= 16 ? 4 : 1;
    for (let j = 0; j < blocks; j++) {
      const begin = starts + (<usize>j << 2);
      if (span) long(to, row, start, startRow, begin, blocks, offsets, values, from, M, span, W);
      else if (W == 24) strip_24(to, row, start, startRow, begin, blocks, offsets, values, from, M);
      else if (W == 12 && single) single_12(to, row, start, startRow, begin, blocks, offsets, values, from, M);
      else if (W == 12) strip_12(to, row, start, startRow, begin, blocks, offsets, values, from, M);
      else if (W == 4) strip_4(to, row, start, startRow, begin, blocks, offsets, values, from, M);
      else strip_1(to, row, start, startRow, begin, blocks, offsets, values, from, M);
      start = to;
      startRow = row;
    }
    n += W << 2;
  }
  apply_activation(c, ldc, M, N, activation);
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
  const single = ASC_FEATURE_RELAXED_SIMD && (tiling & TILING_SINGLE) != 0;
  store<f32>(work, rate);
  for (let n = 0; n < N; ) {
    const left = N - n;
    const from = b + (<usize>n << 2);
    const to = w + (<usize>n << 2);
    const W = (tiling & TILING_WIDE) != 0 && left >= 96 && !span ? 24 : left >= 48 ? 12 : left >= 16 ? 4 : 1;
    // The re-vectoriser does not fuse a strip that ends with an update, and Node 20 spills in one of 12 vectors
    // (its successors do not mind the way round): gradients of a few rows go aside first.
    if (span || W == 24 || (W == 12 && (!ASC_FEATURE_RELAXED_SIMD || single))) {
      const bytes = <usize>W << 4;
      for (let m = 0; m < M; m += ROWS_ASIDE) {
        const rows = min(ROWS_ASIDE, M - m);
        const begin = starts + (<usize>m << 2);
        if (span) long(work + 64, bytes, 0, 0, begin, 1, offsets, values, from, rows, span, W);
        else if (W == 24) strip_24(work + 64, bytes, 0, 0, begin, 1, offsets, values, from, rows);
        else if (single) single_12(work + 64, bytes, 0, 0, begin, 1, offsets, values, from, rows);
        else strip_12(work + 64, bytes, 0, 0, begin, 1, offsets, values, from, rows);
        update(to + <usize>m * row, row, work + 64, bytes, begin, rows, rate);
      }
    } else if (ASC_FEATURE_RELAXED_SIMD && W == 12) update_12(to, row, starts, offsets, values, from, M, work);
    else if (W == 4) update_4(to, row, starts, offsets, values, from, M, work);
    else update_1(to, row, starts, offsets, values, from, M, work);
    n += W << 2;
  }
}

/** w = w - rate · gradient, for the rows that have entries; `bytes` of each. */
function update(w: usize, row: usize, gradient: usize, bytes: usize, starts: usize, rows: i32, rate: f32): void {
  const factor = f32x4.splat(rate);
  for (let m = 0; m < rows; m++) {
    if (load<i32>(starts) < load<i32>(starts, 4)) {
      for (let i: usize = 0; i < bytes; i += 32) {
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
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, blocks: i32, offsets: usize, values: usize,
  b: usize, M: i32, span: i32, W: i32,
): void {
  if (W == 12) long_strip(c, row, start, startRow, starts, blocks, offsets, values, b, M, span, 12);
  else if (W == 4) long_strip(c, row, start, startRow, starts, blocks, offsets, values, b, M, span, 4);
  else long_strip(c, row, start, startRow, starts, blocks, offsets, values, b, M, span, 1);
}

/**
 * C = start + S·B as `strip` has it, of blocks: the first begins from `start`, the others are chains of their
 * own that are added to C.
 */
// @ts-ignore: decorator
@inline
function long_strip(
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, blocks: i32, offsets: usize, values: usize,
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
    starts += <usize>blocks << 2;
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

function strip_24(
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, blocks: i32, offsets: usize, values: usize,
  b: usize, M: i32,
): void {
  strip(c, row, start, startRow, starts, blocks, offsets, values, b, M, 0, 24, false);
}

function strip_12(
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, blocks: i32, offsets: usize, values: usize,
  b: usize, M: i32,
): void {
  strip(c, row, start, startRow, starts, blocks, offsets, values, b, M, 0, 12, false);
}

/** `strip_12` with a call for each row: see gemm/micro.mjs. */
function single_12(
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, blocks: i32, offsets: usize, values: usize,
  b: usize, M: i32,
): void {
  for (; M > 0; M--) {
    const e = offsets + (<usize>load<i32>(starts) << 2);
    const end = offsets + (<usize>load<i32>(starts, 4) << 2);
    sparse_row_12(c, start, b, e, end, values - offsets);
    starts += <usize>blocks << 2;
    start += startRow;
    c += row;
  }
}

function strip_4(
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, blocks: i32, offsets: usize, values: usize,
  b: usize, M: i32,
): void {
  strip(c, row, start, startRow, starts, blocks, offsets, values, b, M, 0, 4, false);
}

function strip_1(
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, blocks: i32, offsets: usize, values: usize,
  b: usize, M: i32,
): void {
  strip(c, row, start, startRow, starts, blocks, offsets, values, b, M, 0, 1, false);
}

function update_12(
  c: usize, row: usize, starts: usize, offsets: usize, values: usize, b: usize, M: i32, rate: usize,
): void {
  strip(c, row, 0, 0, starts, 1, offsets, values, b, M, rate, 12, true);
}

function update_4(
  c: usize, row: usize, starts: usize, offsets: usize, values: usize, b: usize, M: i32, rate: usize,
): void {
  strip(c, row, 0, 0, starts, 1, offsets, values, b, M, rate, 4, true);
}

function update_1(
  c: usize, row: usize, starts: usize, offsets: usize, values: usize, b: usize, M: i32, rate: usize,
): void {
  strip(c, row, 0, 0, starts, 1, offsets, values, b, M, rate, 1, true);
}

/**
 * The first 4·W columns of one block of all rows: C = start + S·B, or with `update` C = C - rate · (S·B)
 * where S has entries. W and `update` are constants wherever this is inlined. `rate` points to a float;
 * distances are bytes.
 */
// @ts-ignore: decorator
@inline
function strip(
  c: usize, row: usize, start: usize, startRow: usize, starts: usize, blocks: i32, offsets: usize, values: usize,
  b: usize, M: i32, rate: usize, W: i32, update: bool,
): void {
  const next = <usize>blocks << 2;
  // One register fewer than two pointers and a counter would take.
  const toValue = values - offsets;
  for (; M > 0; M--) {
    let e = offsets + (<usize>load<i32>(starts) << 2);
    const end = offsets + (<usize>load<i32>(starts, 4) << 2);
    if (!update || e < end) {
      let a0 = W > 0 ? v128.load(start) : f32x4.splat(0);
      let a1 = W > 1 ? v128.load(start, 16) : f32x4.splat(0);
      let a2 = W > 2 ? v128.load(start, 32) : f32x4.splat(0);
      let a3 = W > 3 ? v128.load(start, 48) : f32x4.splat(0);
      let a4 = W > 4 ? v128.load(start, 64) : f32x4.splat(0);
      let a5 = W > 5 ? v128.load(start, 80) : f32x4.splat(0);
      let a6 = W > 6 ? v128.load(start, 96) : f32x4.splat(0);
      let a7 = W > 7 ? v128.load(start, 112) : f32x4.splat(0);
      let a8 = W > 8 ? v128.load(start, 128) : f32x4.splat(0);
      let a9 = W > 9 ? v128.load(start, 144) : f32x4.splat(0);
      let a10 = W > 10 ? v128.load(start, 160) : f32x4.splat(0);
      let a11 = W > 11 ? v128.load(start, 176) : f32x4.splat(0);
      let a12 = W > 12 ? v128.load(start, 192) : f32x4.splat(0);
      let a13 = W > 13 ? v128.load(start, 208) : f32x4.splat(0);
      let a14 = W > 14 ? v128.load(start, 224) : f32x4.splat(0);
      let a15 = W > 15 ? v128.load(start, 240) : f32x4.splat(0);
      let a16 = W > 16 ? v128.load(start, 256) : f32x4.splat(0);
      let a17 = W > 17 ? v128.load(start, 272) : f32x4.splat(0);
      let a18 = W > 18 ? v128.load(start, 288) : f32x4.splat(0);
      let a19 = W > 19 ? v128.load(start, 304) : f32x4.splat(0);
      let a20 = W > 20 ? v128.load(start, 320) : f32x4.splat(0);
      let a21 = W > 21 ? v128.load(start, 336) : f32x4.splat(0);
      let a22 = W > 22 ? v128.load(start, 352) : f32x4.splat(0);
      let a23 = W > 23 ? v128.load(start, 368) : f32x4.splat(0);
      for (; e < end; e += 4) {
        const p = b + (<usize>load<i32>(e) << 2);
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
        if (W > 12) a12 = madd(x, v128.load(p, 192), a12);
        if (W > 13) a13 = madd(x, v128.load(p, 208), a13);
        if (W > 14) a14 = madd(x, v128.load(p, 224), a14);
        if (W > 15) a15 = madd(x, v128.load(p, 240), a15);
        if (W > 16) a16 = madd(x, v128.load(p, 256), a16);
        if (W > 17) a17 = madd(x, v128.load(p, 272), a17);
        if (W > 18) a18 = madd(x, v128.load(p, 288), a18);
        if (W > 19) a19 = madd(x, v128.load(p, 304), a19);
        if (W > 20) a20 = madd(x, v128.load(p, 320), a20);
        if (W > 21) a21 = madd(x, v128.load(p, 336), a21);
        if (W > 22) a22 = madd(x, v128.load(p, 352), a22);
        if (W > 23) a23 = madd(x, v128.load(p, 368), a23);
      }
      if (update) {
        // Loaded here, not kept: in the loop every register is taken.
        const factor = v128.load32_splat(rate);
        v128.store(c, nmadd(factor, a0, v128.load(c)));
        if (W > 1) v128.store(c, nmadd(factor, a1, v128.load(c, 16)), 16);
        if (W > 2) v128.store(c, nmadd(factor, a2, v128.load(c, 32)), 32);
        if (W > 3) v128.store(c, nmadd(factor, a3, v128.load(c, 48)), 48);
        if (W > 4) v128.store(c, nmadd(factor, a4, v128.load(c, 64)), 64);
        if (W > 5) v128.store(c, nmadd(factor, a5, v128.load(c, 80)), 80);
        if (W > 6) v128.store(c, nmadd(factor, a6, v128.load(c, 96)), 96);
        if (W > 7) v128.store(c, nmadd(factor, a7, v128.load(c, 112)), 112);
        if (W > 8) v128.store(c, nmadd(factor, a8, v128.load(c, 128)), 128);
        if (W > 9) v128.store(c, nmadd(factor, a9, v128.load(c, 144)), 144);
        if (W > 10) v128.store(c, nmadd(factor, a10, v128.load(c, 160)), 160);
        if (W > 11) v128.store(c, nmadd(factor, a11, v128.load(c, 176)), 176);
        if (W > 12) v128.store(c, nmadd(factor, a12, v128.load(c, 192)), 192);
        if (W > 13) v128.store(c, nmadd(factor, a13, v128.load(c, 208)), 208);
        if (W > 14) v128.store(c, nmadd(factor, a14, v128.load(c, 224)), 224);
        if (W > 15) v128.store(c, nmadd(factor, a15, v128.load(c, 240)), 240);
        if (W > 16) v128.store(c, nmadd(factor, a16, v128.load(c, 256)), 256);
        if (W > 17) v128.store(c, nmadd(factor, a17, v128.load(c, 272)), 272);
        if (W > 18) v128.store(c, nmadd(factor, a18, v128.load(c, 288)), 288);
        if (W > 19) v128.store(c, nmadd(factor, a19, v128.load(c, 304)), 304);
        if (W > 20) v128.store(c, nmadd(factor, a20, v128.load(c, 320)), 320);
        if (W > 21) v128.store(c, nmadd(factor, a21, v128.load(c, 336)), 336);
        if (W > 22) v128.store(c, nmadd(factor, a22, v128.load(c, 352)), 352);
        if (W > 23) v128.store(c, nmadd(factor, a23, v128.load(c, 368)), 368);
      } else {
        v128.store(c, a0);
        if (W > 1) v128.store(c, a1, 16);
        if (W > 2) v128.store(c, a2, 32);
        if (W > 3) v128.store(c, a3, 48);
        if (W > 4) v128.store(c, a4, 64);
        if (W > 5) v128.store(c, a5, 80);
        if (W > 6) v128.store(c, a6, 96);
        if (W > 7) v128.store(c, a7, 112);
        if (W > 8) v128.store(c, a8, 128);
        if (W > 9) v128.store(c, a9, 144);
        if (W > 10) v128.store(c, a10, 160);
        if (W > 11) v128.store(c, a11, 176);
        if (W > 12) v128.store(c, a12, 192);
        if (W > 13) v128.store(c, a13, 208);
        if (W > 14) v128.store(c, a14, 224);
        if (W > 15) v128.store(c, a15, 240);
        if (W > 16) v128.store(c, a16, 256);
        if (W > 17) v128.store(c, a17, 272);
        if (W > 18) v128.store(c, a18, 288);
        if (W > 19) v128.store(c, a19, 304);
        if (W > 20) v128.store(c, a20, 320);
        if (W > 21) v128.store(c, a21, 336);
        if (W > 22) v128.store(c, a22, 352);
        if (W > 23) v128.store(c, a23, 368);
      }
    }
    starts += next;
    start += startRow;
    c += row;
  }
}
