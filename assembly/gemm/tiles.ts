/**
 * Tiles of products: which sizes they have, which micro-kernel makes them, and what happens at the edges. The
 * loops around them belong to `driver.ts`, which has the layout of the scratch space, too.
 */
import {
  micro_4x16_across, micro_4x16_direct_across, micro_4x4, micro_4x8, micro_4x8_across, micro_4x8_direct, micro_4x8_direct_across,
  micro_5x16_across, micro_5x16_direct_across, micro_5x4, micro_5x8, micro_6x16_across, micro_6x16_direct_across, micro_6x4, micro_6x8,
  micro_6x8_across, micro_6x8_direct, micro_6x8_direct_across, splat_4x4, splat_4x8, splat_4x8_across, splat_4x8_direct_across,
  splat_5x4, splat_5x8, splat_5x8_across, splat_5x8_direct_across, splat_6x4, splat_6x8_across, splat_6x8_direct_across,
  splat_8x4, splat_8x8_across, splat_8x8_direct_across,
} from '../../build/assembly/micro';
import { load_some, load_tail, store_some, store_tail } from '../tail';
import { pack_columns, pack_rows } from './pack';

// Rows of a tile: with fma 6; a product that is rounded before it is added takes a register more, and then
// there is room for 5.
// @ts-ignore: decorator
@inline const ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;

// @ts-ignore: decorator
@inline export const ZEROS: usize = 0;
// @ts-ignore: decorator
@inline export const START: usize = 6 * 16 * 4;
// @ts-ignore: decorator
@inline export const PACKED_A: usize = START + 16 * 4;

/**
 * How many rows the next tile takes of those that remain: 4 where that leaves less of the last tile empty.
 */
// @ts-ignore: decorator
@inline
export function tile_rows(remaining: i32): i32 {
  if (ROWS == 5) return remaining % 5 == 0 ? 5 : 4;
  return remaining == 7 || remaining == 8 || remaining <= 4 ? 4 : 6;
}

/** The same with TILING_TALL, which has tiles of 8 rows, too. */
// @ts-ignore: decorator
@inline
export function tall_rows(remaining: i32): i32 {
  return remaining > 10 || remaining == 7 || remaining == 8 ? 8 : tile_rows(remaining);
}

/** How many columns the next tile takes of those that remain. */
// @ts-ignore: decorator
@inline
export function tile_columns(remaining: i32, wide: i32): i32 {
  if (wide && remaining > 12) return 16;
  return remaining > 4 ? 8 : 4;
}

/**
 * The tiles of one panel of A, across all columns of a block of B: from panels, or with `direct` whole ones
 * from B itself at `b`.
 */
export function row_of_tiles(
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
        const across = is_row(NR, copies, single);
        if (across && !pack) count = (nc - j) / NR;
        multiply(c + at, row, start, startRow, a, panel, kc, R, NR, copies, across, count, nextStart, <usize>(length * NR) << 2);
      }
    }
    start += <usize>count * nextStart;
    j += NR * count;
  }
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
  multiply(aside ? work : c, aside ? ld : row, begin, beginRow, a, b, kc, R, NR, copies, is_row(NR, copies, true), 1, 0, 0);
  if (add) add_part(c, row, work, ld, rows, columns);
  else if (aside) copy_part(c, row, work, ld, rows, columns);
}

// @ts-ignore: decorator
@inline
function is_aside(R: i32, rows: i32, NR: i32, columns: i32, add: bool): bool {
  return rows < R || columns < NR || add;
}

/** Whether whole tiles of this kind are made in rows, by the kernels `across`: in fma, and of elements that stand four times. */
// @ts-ignore: decorator
@inline
function is_row(NR: i32, copies: i32, single: bool): bool {
  return NR == 16 || NR == 8 && (copies > 1 ? ROWS == 6 || !single : ROWS == 6 && !single);
}

/** One tile; or where `is_row` says so, `count` tiles side by side, panels of B and starts being `nextB` and `nextStart` apart. */
// @ts-ignore: decorator
@inline
export function multiply(
  c: usize, row: usize, start: usize, startRow: usize, a: usize, b: usize, K: i32, R: i32, NR: i32, copies: i32,
  across: bool, count: i32, nextStart: usize, nextB: usize,
): void {
  if (NR == 16) {
    if (R == 4) micro_4x16_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
    else if (ROWS == 6) micro_6x16_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
    else micro_5x16_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
  } else if (across && copies > 1) {
    if (R == 4) splat_4x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
    else if (ROWS == 6 && R == 8) splat_8x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
    else if (ROWS == 6) splat_6x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
    else splat_5x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
  } else if (across && ROWS == 6) {
    if (R == 4) micro_4x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
    else micro_6x8_across(c, row, start, startRow, a, b, K, count, nextStart, nextB);
  } else if (copies > 1 && NR == 8 && ROWS == 5) {
    if (R == 4) splat_4x8(c, row, start, startRow, a, b, K);
    else splat_5x8(c, row, start, startRow, a, b, K);
  } else if (copies > 1) {
    if (R == 4) splat_4x4(c, row, start, startRow, a, b, K);
    else if (ROWS == 6 && R == 8) splat_8x4(c, row, start, startRow, a, b, K);
    else if (ROWS == 6) splat_6x4(c, row, start, startRow, a, b, K);
    else splat_5x4(c, row, start, startRow, a, b, K);
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
    else if (ROWS == 6 && R == 8) splat_8x8_direct_across(c, row, start, startRow, a, b, ldb, K, count, nextStart, next);
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

export function copy_part(to: usize, toRow: usize, from: usize, fromRow: usize, rows: i32, columns: i32): void {
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
