/**
 * The loops around the micro-kernel, after BLIS (Van Zee and van de Geijn, "BLIS: A Framework for Rapidly
 * Instantiating BLAS Functionality", 2015): blocks that fit the caches, packed panels, edges, start values.
 * One driver serves the three products, which differ only in how their operands lie in memory.
 *
 *   for n in steps of NC:  for k in steps of KC:               a block of B [KC, NC]  (stays in the second-level cache)
 *     for each panel of rows:  pack A [R, KC]                                          (stays in the first)
 *       for each panel of columns:  one tile; the first row of tiles packs B as it comes to it
 *
 * So a panel of B is multiplied by while it is still in the first-level cache from its packing, which is half
 * of what packing costs where rows are few. Up to DIRECT_ROWS rows whole tiles read B where it lies.
 *
 * Sums of more than LONGEST_CHAIN terms are made of blocks (chain.ts): k then goes in steps of CHAIN_BLOCK,
 * and each step's tile is added to C.
 *
 * The scratch space:  | edge tile 384 B | start values of its columns 64 B | A: MC·KC floats | B: KC·NC floats |
 * Products without start values begin from the zeros that stand at ZEROS in every memory (math.ts).
 *
 * A matrix B that many products share may be packed beforehand, by `pack_b`: panels of all of K, the one of
 * column j at K·j floats. Parts of 16 columns are whole panels, so a call may begin at any of them.
 *
 * Rows go six at a time (five without fma), columns eight (or sixteen, with TILING_WIDE); the last of them in
 * smaller tiles where those waste less. With TILING_SPLAT, elements of A stand four times in their panels
 * (micro.mjs). Elements are sums in ascending k whatever tiles and blocks are taken, so neither these nor a
 * split of C over threads changes a bit.
 */
import { apply_activation, apply_derivative } from '../activation';
import { CHAIN_BLOCK, LONGEST_CHAIN, THIN_ROWS, TILING_PACKING, TILING_SINGLE, TILING_SPLAT, TILING_WIDE } from '../../build/assembly/constants';
import {
  micro_4x16_across, micro_4x16_direct_across, micro_4x4, micro_4x8, micro_4x8_across, micro_4x8_direct, micro_4x8_direct_across,
  micro_5x16_across, micro_5x16_direct_across, micro_5x4, micro_5x8, micro_6x16_across, micro_6x16_direct_across, micro_6x4, micro_6x8,
  micro_6x8_across, micro_6x8_direct, micro_6x8_direct_across, splat_4x4, splat_4x8, splat_4x8_across, splat_4x8_direct_across,
  splat_5x4, splat_5x8, splat_5x8_across, splat_5x8_direct_across, splat_6x4, splat_6x8_across, splat_6x8_direct_across,
} from '../../build/assembly/micro';
import { load_some, load_tail, store_some, store_tail } from '../tail';
import { pack_columns, pack_rows, pack_splat } from './pack';
import { thin_nn } from './thin';

// Rows of a tile: with fma 6; a product that is rounded before it is added takes a register more, and then
// there is room for 5.
// @ts-ignore: decorator
@inline const ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;
// Of convolutions, which pack more rows of A before they multiply.
// @ts-ignore: decorator
@inline export const MC: i32 = ASC_FEATURE_RELAXED_SIMD ? 96 : 100;
// @ts-ignore: decorator
@inline export const KC: i32 = 256;
// Where elements of A stand four times: a panel of A is 15 KiB then, and one of B 5.
// @ts-ignore: decorator
@inline const KC_SPLAT: i32 = 160;
// @ts-ignore: decorator
@inline export const NC: i32 = 512;
// Up to so many rows, reading B where it lies costs less than packing it (micro.mjs).
// @ts-ignore: decorator
@inline const DIRECT_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 64 : 8;
// Where that was found not to pay.
// @ts-ignore: decorator
@inline const DIRECT_ROWS_PACKING: i32 = 8;

// @ts-ignore: decorator
@inline export const ZEROS: usize = 0;
// @ts-ignore: decorator
@inline const START: usize = 6 * 16 * 4;
// @ts-ignore: decorator
@inline export const PACKED_A: usize = START + 16 * 4;
// Panels of A are at most MC rows; padded by at most 4.
// @ts-ignore: decorator
@inline export const PACKED_B: usize = PACKED_A + (<usize>((MC + 16) * KC) << 2);

export function workspace_size(): i32 {
  return <i32>PACKED_B + ((KC * NC) << 2);
}

/**
 * C = start + A·B for one matrix. `transA`: A lies as [K, M]; `transB`: B lies as [N, K]; `packed`: B lies as
 * `pack_b` leaves it.
 */
// @ts-ignore: decorator
@inline
export function gemm(
  c: usize, ldc: i32, work: usize, a: usize, lda: i32, b: usize, ldb: i32, bias: usize,
  M: i32, N: i32, K: i32, accumulate: i32, transA: bool, transB: bool, packed: bool, tiling: i32,
): void {
  const wide = tiling & TILING_WIDE;
  // Where columns are few, nothing makes up for the packing.
  const copies = (tiling & TILING_SPLAT) != 0 && !wide && N >= 64 ? 4 : 1;
  const direct = !transB && !packed && M <= ((tiling & TILING_PACKING) != 0 ? DIRECT_ROWS_PACKING : DIRECT_ROWS);
  const long = K > LONGEST_CHAIN;
  const depth = long ? CHAIN_BLOCK : evenly(K, copies > 1 ? KC_SPLAT : KC, 4);
  const columns = evenly(N, NC, 16);
  const row = <usize>ldc << 2;
  const stepB = <usize>ldb << 2;
  const rowA = <usize>lda << 2;
  const stepI: usize = transA ? 4 : rowA, stepK: usize = transA ? rowA : 4;
  for (let n = 0; n < N; n += columns) {
    const nc = min(columns, N - n);
    let k = 0;
    // Once at least, so that K = 0 still writes the start values.
    do {
      const kc = min(depth, K - k);
      const add = long && k > 0;
      const from = transB ? b + (<usize>(n * ldb + k) << 2) : b + (<usize>(k * ldb + n) << 2);
      const panels = packed ? b + (<usize>(n * K) << 2) : work + PACKED_B;
      const length = packed ? K : kc;
      let start = ZEROS, startRow: usize = 0, startColumn: usize = 0;
      if (!add && (accumulate != 0 || k > 0)) {
        start = c + (<usize>n << 2);
        startRow = row;
        startColumn = 4;
      } else if (!add && bias) {
        start = bias + (<usize>n << 2);
        startColumn = 4;
      }
      let block = c + (<usize>n << 2);
      for (let i = 0; i < M; ) {
        const R = tile_rows(M - i);
        const rows = min(R, M - i);
        const at = a + <usize>i * stepI + <usize>k * stepK;
        if (copies > 1) pack_splat(work + PACKED_A, at, stepI, stepK, rows, kc, R);
        else if (transA) pack_rows(work + PACKED_A, at, lda, rows, kc, R);
        else pack_columns(work + PACKED_A, at, lda, rows, kc, R);
        // Where whole tiles read B itself, the last panel alone is packed, and all of them for a tile with too few rows.
        const pack = !packed && (i == 0 || direct && rows < R);
        row_of_tiles(block, row, start, startRow, startColumn, work, panels, length, packed ? k : 0, from, stepB, transB,
          R, rows, nc, kc, wide, copies, (tiling & TILING_SINGLE) != 0, add, direct && rows == R, pack);
        block += <usize>R * row;
        start += <usize>R * startRow;
        i += R;
      }
      k += depth;
    } while (k < K);
  }
}

/**
 * The tiles of one panel of A, across all columns of a block of B: from panels, or with `direct` whole ones
 * from B itself at `b`.
 */
function row_of_tiles(
  c: usize, row: usize, start: usize, startRow: usize, startColumn: usize, work: usize,
  panels: usize, length: i32, first: i32, b: usize, stepB: usize, transB: bool,
  R: i32, rows: i32, nc: i32, kc: i32, wide: i32, copies: i32, single: bool, add: bool, direct: bool, pack: bool,
): void {
  const a = work + PACKED_A;
  for (let j = 0; j < nc; ) {
    const NR = tile_columns(nc - j, wide);
    const columns = min(NR, nc - j);
    const at = <usize>j << 2;
    const nextStart = <usize>NR * startColumn;
    let count = 1;
    if (direct && !add && columns == NR && has_direct(NR, copies, single)) {
      if (!single) count = (nc - j) / NR;
      multiply_direct(c + at, row, start, startRow, a, b + at, stepB, kc, R, NR, copies, single, count, nextStart);
    } else {
      const panel = panels + (<usize>(j * length + first * NR) << 2);
      if (pack) {
        if (transB) pack_columns(panel, b + <usize>j * stepB, <i32>(stepB >> 2), columns, kc, NR);
        else pack_rows(panel, b + at, <i32>(stepB >> 2), columns, kc, NR);
      }
      if (is_aside(R, rows, NR, columns, add)) {
        one_tile(c + at, row, start, startRow, work, a, panel, kc, R, rows, NR, columns, copies, add);
      } else {
        if (!pack) count = at_once((nc - j) / NR, NR, copies, single);
        multiply_row(c + at, row, start, startRow, a, panel, kc, R, NR, copies, single, count, nextStart, <usize>(length * NR) << 2);
      }
    }
    start += <usize>count * nextStart;
    j += NR * count;
  }
}

/** The length of equal parts of `size`, a multiple of `unit`, each at most `most`, itself one. */
// @ts-ignore: decorator
@inline
function evenly(size: i32, most: i32, unit: i32): i32 {
  const parts = (size + most - 1) / most;
  return parts <= 1 ? size : ((size + parts - 1) / parts + unit - 1) & -unit;
}

/**
 * How many rows the next tile takes of those that remain: 4 where that leaves less of the last tile empty.
 */
// @ts-ignore: decorator
@inline
export function tile_rows(remaining: i32): i32 {
  if (ROWS == 5) return remaining % 5 == 0 ? 5 : 4;
  return remaining == 7 || remaining == 8 || remaining <= 4 ? 4 : 6;
}

/** How many columns the next tile takes of those that remain. */
// @ts-ignore: decorator
@inline
export function tile_columns(remaining: i32, wide: i32): i32 {
  if (wide && remaining > 12) return 16;
  return remaining > 4 ? 8 : 4;
}

/**
 * All tiles of one packed block of a convolution. The tile at row i and column j starts from start +
 * i·startRow + j·startColumn bytes: C itself, a bias row (startRow = 0) or zeros (both 0). The panels of B
 * have `length` steps each, of which this block's begin at `first`. With `add`, tiles are added to C instead
 * of stored.
 */
export function tiles(
  c: usize, row: usize, start: usize, startRow: usize, startColumn: usize, work: usize,
  panels: usize, length: i32, first: i32, mc: i32, nc: i32, kc: i32, wide: i32, add: bool,
): void {
  for (let j = 0; j < nc; ) {
    const NR = tile_columns(nc - j, wide);
    const columns = min(NR, nc - j);
    const b = panels + (<usize>(j * length + first * NR) << 2);
    let from = start + <usize>j * startColumn;
    let a = work + PACKED_A;
    let tile = c + (<usize>j << 2);
    for (let i = 0; i < mc; ) {
      const R = tile_rows(mc - i);
      one_tile(tile, row, from, startRow, work, a, b, kc, R, min(R, mc - i), NR, columns, 1, add);
      a += <usize>(kc * R) << 2;
      tile += <usize>R * row;
      from += <usize>R * startRow;
      i += R;
    }
    j += NR;
  }
}

/**
 * One tile of R rows and NR columns, of which `rows` and `columns` lie inside. One over the edge, or one to be
 * added, is computed aside; only what lies inside is read and written.
 */
// @ts-ignore: decorator
@inline
function one_tile(
  c: usize, row: usize, start: usize, startRow: usize, work: usize, a: usize, b: usize, kc: i32,
  R: i32, rows: i32, NR: i32, columns: i32, copies: i32, add: bool,
): void {
  const aside = is_aside(R, rows, NR, columns, add);
  const ld = <usize>NR << 2;
  let begin = start, beginRow = startRow;
  if (aside) {
    if (startRow > 0) {
      copy_part(work, ld, start, startRow, rows, columns);
      begin = work;
      beginRow = ld;
    } else if (columns < NR && start != ZEROS) {
      // A row that all rows of the tile begin with, where whole vectors may be read.
      begin = work + START;
      copy_part(begin, 0, start, 0, 1, columns);
    }
  }
  multiply(aside ? work : c, aside ? ld : row, begin, beginRow, a, b, kc, R, NR, copies);
  if (add) add_part(c, row, work, ld, rows, columns);
  else if (aside) copy_part(c, row, work, ld, rows, columns);
}

// @ts-ignore: decorator
@inline
function is_aside(R: i32, rows: i32, NR: i32, columns: i32, add: bool): bool {
  return rows < R || columns < NR || add;
}

/** One tile, of whatever size. */
// @ts-ignore: decorator
@inline
export function multiply(
  c: usize, row: usize, start: usize, startRow: usize, a: usize, b: usize, K: i32, R: i32, NR: i32, copies: i32,
): void {
  if (NR == 16) {
    if (R == 4) micro_4x16_across(c, row, start, startRow, a, b, K, 1, 0, 0);
    else if (ROWS == 6) micro_6x16_across(c, row, start, startRow, a, b, K, 1, 0, 0);
    else micro_5x16_across(c, row, start, startRow, a, b, K, 1, 0, 0);
  } else if (copies > 1) {
    if (NR == 8) {
      if (ROWS == 6) row_of_splat(c, row, start, startRow, a, b, K, R, 1, 0, 0);
      else if (R == 4) splat_4x8(c, row, start, startRow, a, b, K);
      else splat_5x8(c, row, start, startRow, a, b, K);
    } else {
      if (R == 4) splat_4x4(c, row, start, startRow, a, b, K);
      else if (ROWS == 6) splat_6x4(c, row, start, startRow, a, b, K);
      else splat_5x4(c, row, start, startRow, a, b, K);
    }
  } else if (NR == 8) {
    if (R == 4) micro_4x8(c, row, start, startRow, a, b, K);
    else if (ROWS == 6) micro_6x8(c, row, start, startRow, a, b, K);
    else micro_5x8(c, row, start, startRow, a, b, K);
  } else {
    if (R == 4) micro_4x4(c, row, start, startRow, a, b, K);
    else if (ROWS == 6) micro_6x4(c, row, start, startRow, a, b, K);
    else micro_5x4(c, row, start, startRow, a, b, K);
  }
}

// @ts-ignore: decorator
@inline
function row_of_splat(
  c: usize, row: usize, start: usize, startRow: usize, a: usize, b: usize, K: i32, R: i32, count: i32, nextStart: usize, nextB: usize,
): void {
  if (R == 4) splat_4x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
  else if (ROWS == 6) splat_6x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
  else splat_5x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
}

/** How many whole tiles side by side one call may make, of so many that are there. */
// @ts-ignore: decorator
@inline
function at_once(there: i32, NR: i32, copies: i32, single: bool): i32 {
  return NR == 16 || NR == 8 && !single && (ROWS == 6 || copies > 1) ? there : 1;
}

/** Whole tiles from panels; more than one where `at_once` says so. */
// @ts-ignore: decorator
@inline
function multiply_row(
  c: usize, row: usize, start: usize, startRow: usize, a: usize, b: usize, K: i32, R: i32, NR: i32, copies: i32,
  single: bool, count: i32, nextStart: usize, nextB: usize,
): void {
  if (NR == 16) {
    if (R == 4) micro_4x16_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
    else if (ROWS == 6) micro_6x16_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
    else micro_5x16_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
  } else if (NR == 8 && copies > 1 && !single) {
    row_of_splat(c, row, start, startRow, a, b, K, R, count, nextStart, nextB);
  } else if (NR == 8 && ROWS == 6 && copies == 1 && !single) {
    if (R == 4) micro_4x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
    else micro_6x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
  } else {
    multiply(c, row, start, startRow, a, b, K, R, NR, copies);
  }
}

/** Whether there is a micro-kernel for `multiply_direct`. */
// @ts-ignore: decorator
@inline
function has_direct(NR: i32, copies: i32, single: bool): bool {
  return NR == 16 || NR == 8 && (ROWS == 6 || copies > 1 && !single);
}

/** Whole tiles of 8 or 16 columns, by B's rows where they lie; one alone with `single`. */
// @ts-ignore: decorator
@inline
function multiply_direct(
  c: usize, row: usize, start: usize, startRow: usize, a: usize, b: usize, ldb: usize, K: i32, R: i32, NR: i32, copies: i32,
  single: bool, count: i32, nextStart: usize,
): void {
  const next = <usize>NR << 2;
  if (NR == 16) {
    if (R == 4) micro_4x16_direct_across(c, row, start, startRow, a, b, ldb, K, count, nextStart, next);
    else if (ROWS == 6) micro_6x16_direct_across(c, row, start, startRow, a, b, ldb, K, count, nextStart, next);
    else micro_5x16_direct_across(c, row, start, startRow, a, b, ldb, K, count, nextStart, next);
  } else if (copies > 1) {
    if (R == 4) splat_4x8_direct_across(c, row, start, startRow, a, b, ldb, K, count, nextStart, next);
    else if (ROWS == 6) splat_6x8_direct_across(c, row, start, startRow, a, b, ldb, K, count, nextStart, next);
    else splat_5x8_direct_across(c, row, start, startRow, a, b, ldb, K, count, nextStart, next);
  } else if (ROWS == 6) {
    if (single) {
      if (R == 4) micro_4x8_direct(c, row, start, startRow, a, b, ldb, K);
      else micro_6x8_direct(c, row, start, startRow, a, b, ldb, K);
    } else {
      if (R == 4) micro_4x8_direct_across(c, row, start, startRow, a, b, ldb, K, count, nextStart, next);
      else micro_6x8_direct_across(c, row, start, startRow, a, b, ldb, K, count, nextStart, next);
    }
  }
}

function copy_part(to: usize, toRow: usize, from: usize, fromRow: usize, rows: i32, columns: i32): void {
  const whole = columns & -4;
  const rest = columns - whole;
  const at = <usize>whole << 2;
  for (; rows > 0; rows--) {
    for (let j: usize = 0; j < at; j += 16) v128.store(to + j, v128.load(from + j));
    if (rest) store_tail(to + at, load_tail(from + at, rest, f32x4.splat(0)), rest);
    to += toRow;
    from += fromRow;
  }
}

function add_part(to: usize, toRow: usize, from: usize, fromRow: usize, rows: i32, columns: i32): void {
  for (; rows > 0; rows--) {
    for (let j: i32 = 0; j < columns; j += 4) {
      const count = min(4, columns - j);
      const at = <usize>j << 2;
      store_some(to + at, f32x4.add(load_some(to + at, count), load_some(from + at, count)), count);
    }
    to += toRow;
    from += fromRow;
  }
}

/** B [K, N], or lying as [N, K], in panels as `tiles` takes them; what lies beyond the edge is 0. */
// @ts-ignore: decorator
@inline
export function panels_of_b(to: usize, b: usize, ldb: i32, N: i32, K: i32, transB: bool, wide: i32): void {
  for (let n = 0; n < N; ) {
    const NR = tile_columns(N - n, wide);
    const count = min(NR, N - n);
    if (transB) pack_columns(to, b + (<usize>(n * ldb) << 2), ldb, count, K, NR);
    else pack_rows(to, b + (<usize>n << 2), ldb, count, K, NR);
    to += <usize>(K * NR) << 2;
    n += NR;
  }
}

export function pack_b(packed: usize, b: usize, ldb: i32, N: i32, K: i32, wide: i32): void {
  panels_of_b(packed, b, ldb, N, K, false, wide);
}

export function gemm_nn(
  c: usize, ldc: i32, strideC: i32, work: usize, a: usize, lda: i32, strideA: i32, b: usize, ldb: i32, strideB: i32,
  bias: usize, B: i32, M: i32, N: i32, K: i32, accumulate: i32, activation: i32, tiling: i32,
): void {
  const row = <usize>ldc << 2;
  for (let batch = 0; batch < B; batch++) {
    if (M > THIN_ROWS || ldb == 0) {
      gemm(c, ldc, work, a, lda, b, ldb, bias, M, N, K, accumulate, false, false, ldb == 0, tiling);
    } else {
      thin_nn(c, row, work, accumulate ? c : bias, accumulate ? row : 0, a, lda, b, ldb, M, N, K);
    }
    apply_activation(c, ldc, M, N, activation);
    c += <usize>strideC << 2;
    a += <usize>strideA << 2;
    b += <usize>strideB << 2;
  }
}

export function gemm_nt(
  c: usize, ldc: i32, strideC: i32, work: usize, y: usize, ldy: i32, strideY: i32,
  a: usize, lda: i32, strideA: i32, b: usize, ldb: i32, strideB: i32,
  B: i32, M: i32, N: i32, K: i32, accumulate: i32, activation: i32, tiling: i32,
): void {
  for (let batch = 0; batch < B; batch++) {
    gemm(c, ldc, work, a, lda, b, ldb, 0, M, N, K, accumulate, false, true, false, tiling);
    if (y) {
      apply_derivative(c, ldc, y, ldy, M, N, activation);
      y += <usize>strideY << 2;
    }
    c += <usize>strideC << 2;
    a += <usize>strideA << 2;
    b += <usize>strideB << 2;
  }
}

export function gemm_tn(
  c: usize, ldc: i32, strideC: i32, work: usize, a: usize, lda: i32, strideA: i32, b: usize, ldb: i32, strideB: i32,
  B: i32, M: i32, N: i32, K: i32, accumulate: i32, tiling: i32,
): void {
  for (let batch = 0; batch < B; batch++) {
    gemm(c, ldc, work, a, lda, b, ldb, 0, M, N, K, accumulate, true, false, false, tiling);
    c += <usize>strideC << 2;
    a += <usize>strideA << 2;
    b += <usize>strideB << 2;
  }
}
