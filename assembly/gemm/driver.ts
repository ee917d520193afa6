/**
 * The loops around the micro-kernel, after BLIS (Van Zee and van de Geijn, "BLIS: A Framework for Rapidly
 * Instantiating BLAS Functionality", 2015): blocks that fit the caches, packed panels, edges, start values.
 * One driver serves the three products, which differ only in how their operands lie in memory.
 *
 *   for n in steps of NC:  for k in steps of KC:  pack B [KC, NC]            (stays in the second-level cache)
 *     for m in steps of MC:  pack A [MC, KC]                                 (so does it)
 *       for each panel of columns:  for each panel of rows:  one tile        (one panel of B stays in the first level)
 *
 * Sums of more than LONGEST_CHAIN terms are made of blocks (chain.ts): k then goes in steps of CHAIN_BLOCK,
 * and each step's tile is added to C.
 *
 * The scratch space:  | edge tile 384 B | start values of its columns 64 B | A: MC·KC floats | B: KC·NC floats |
 * Products without start values begin from the zeros that stand at ZEROS in every memory (math.ts).
 *
 * A matrix B that many products share may be packed beforehand, by `pack_b`: panels of all of K, the one of
 * column j at K·j floats. Then a block may have all columns, and A the place of both. Parts of 16 columns are
 * whole panels, so a call may begin at any of them.
 *
 * Rows go six at a time (five without fma), columns eight (or sixteen, with `wide`); the last of them in
 * smaller tiles where those waste less. Elements are sums in ascending k whatever the cache's blocks, so
 * neither tile nor a split of C over threads changes a bit.
 */
import { apply_activation, apply_derivative } from '../activation';
import { CHAIN_BLOCK, LONGEST_CHAIN, THIN_ROWS } from '../../build/assembly/constants';
import {
  micro_4x16, micro_4x4, micro_4x8, micro_5x16, micro_5x4, micro_5x8, micro_6x16, micro_6x4, micro_6x8,
  splat_4x4, splat_4x8, splat_5x4, splat_5x8,
} from './micro';
import { load_some, load_tail, store_some, store_tail } from '../tail';
import { pack_columns, pack_rows, pack_splat } from './pack';
import { thin_nn } from './thin';

// Rows of a tile: with fma 6; a product that is rounded before it is added takes a register more, and then
// there is room for 5.
// @ts-ignore: decorator
@inline const ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;
// @ts-ignore: decorator
@inline export const MC: i32 = ASC_FEATURE_RELAXED_SIMD ? 96 : 100;
// Where B needs no packing, the place of its panels is free for more of A: then panels of B are fetched from
// memory less often. Not where elements of A stand four times, which leaves room for 60 rows (2 to 6 % slower
// at 250 rows than blocks as ever).
// @ts-ignore: decorator
@inline const MC_PACKED: i32 = ASC_FEATURE_RELAXED_SIMD ? 252 : 240;
// @ts-ignore: decorator
@inline export const KC: i32 = 256;
// @ts-ignore: decorator
@inline export const NC: i32 = 512;

// @ts-ignore: decorator
@inline export const ZEROS: usize = 0;
// @ts-ignore: decorator
@inline const START: usize = 6 * 16 * 4;
// @ts-ignore: decorator
@inline export const PACKED_A: usize = START + 16 * 4;
// Panels of A are at most MC rows, or a quarter of that where each element stands four times; padded by at
// most 4.
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
  M: i32, N: i32, K: i32, accumulate: i32, transA: bool, transB: bool, packed: bool, wide: i32,
): void {
  const lanes = lanes_of_a(N, wide);
  const large = packed && lanes == 1;
  const columns = large ? N : NC;
  const height = large ? MC_PACKED : MC / lanes;
  const long = K > LONGEST_CHAIN;
  const depth = long ? CHAIN_BLOCK : KC;
  for (let n = 0; n < N; n += columns) {
    const nc = min(columns, N - n);
    let k = 0;
    // Once at least, so that K = 0 still writes the start values.
    do {
      const kc = min(depth, K - k);
      if (!packed) {
        const from = b + (<usize>(transB ? n * ldb + k : k * ldb + n) << 2);
        panels_of_b(work + PACKED_B, from, ldb, nc, kc, transB, wide);
      }
      const panels = packed ? b + (<usize>(n * K) << 2) : work + PACKED_B;
      const length = packed ? K : kc;
      const first = packed ? k : 0;
      for (let m = 0; m < M; m += height) {
        const mc = min(height, M - m);
        let to = work + PACKED_A;
        for (let i = m; i < m + mc; ) {
          const R = tile_rows(m + mc - i);
          const rows = min(R, m + mc - i);
          const from = a + (<usize>(transA ? k * lda + i : i * lda + k) << 2);
          if (lanes > 1) pack_splat(to, from, transA ? 4 : <usize>lda << 2, transA ? <usize>lda << 2 : 4, rows, kc, R);
          else if (transA) pack_rows(to, from, lda, rows, kc, R);
          else pack_columns(to, from, lda, rows, kc, R);
          to += <usize>(kc * R * lanes) << 2;
          i += R;
        }
        const block = c + (<usize>(m * ldc + n) << 2);
        const row = <usize>ldc << 2;
        const add = long && k > 0;
        if (!add && (accumulate != 0 || k > 0)) {
          tiles(block, row, block, row, 4, work, panels, length, first, mc, nc, kc, wide, lanes, false);
        } else if (!add && bias) {
          tiles(block, row, bias + (<usize>n << 2), 0, 4, work, panels, length, first, mc, nc, kc, wide, lanes, false);
        } else {
          tiles(block, row, ZEROS, 0, 0, work, panels, length, first, mc, nc, kc, wide, lanes, add);
        }
      }
      k += depth;
    } while (k < K);
  }
}

/**
 * How often an element of A stands in its panel: four times without fma, where the micro-kernel then takes
 * fewer instructions (micro.ts), if there are columns enough to make up for the packing.
 */
// @ts-ignore: decorator
@inline
function lanes_of_a(N: i32, wide: i32): i32 {
  return ASC_FEATURE_RELAXED_SIMD || wide || N < 64 ? 1 : 4;
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
 * All tiles of one packed block. The tile at row i and column j starts from start + i·startRow +
 * j·startColumn bytes: C itself, a bias row (startRow = 0) or zeros (both 0). The panels of B have `length`
 * steps each, of which this block's begin at `first`. With `add`, tiles are added to C instead of stored.
 */
export function tiles(
  c: usize, row: usize, start: usize, startRow: usize, startColumn: usize, work: usize,
  panels: usize, length: i32, first: i32, mc: i32, nc: i32, kc: i32, wide: i32, lanes: i32, add: bool,
): void {
  for (let j = 0; j < nc; ) {
    const NR = tile_columns(nc - j, wide);
    const columns = min(NR, nc - j);
    const b = panels + (<usize>(j * length + first * NR) << 2);
    const edge = columns < NR;
    let from = start + <usize>j * startColumn;
    if (edge && startRow == 0 && startColumn > 0) {
      // A row that all tiles begin with, where a whole vector may be read.
      copy_part(work + START, 0, from, 0, 1, columns);
      from = work + START;
    }
    let a = work + PACKED_A;
    let tile = c + (<usize>j << 2);
    for (let i = 0; i < mc; ) {
      const R = tile_rows(mc - i);
      const rows = min(R, mc - i);
      // A tile over the edge, or one to be added, is computed aside; only what lies inside is read and written.
      const aside = rows < R || edge || add;
      const ld = <usize>NR << 2;
      let begin = from, beginRow = startRow;
      if (aside && startRow > 0) {
        copy_part(work, ld, from, startRow, rows, columns);
        begin = work;
        beginRow = ld;
      }
      multiply(aside ? work : tile, aside ? ld : row, begin, beginRow, a, b, kc, R, NR, lanes);
      if (add) add_part(tile, row, work, ld, rows, columns);
      else if (aside) copy_part(tile, row, work, ld, rows, columns);
      a += <usize>(kc * R * lanes) << 2;
      tile += <usize>R * row;
      from += <usize>R * startRow;
      i += R;
    }
    j += NR;
  }
}

// @ts-ignore: decorator
@inline
export function multiply(
  c: usize, row: usize, start: usize, startRow: usize, a: usize, b: usize, K: i32, R: i32, NR: i32, lanes: i32,
): void {
  if (!ASC_FEATURE_RELAXED_SIMD && lanes > 1) {
    if (NR == 8) {
      if (R == 5) splat_5x8(c, row, start, startRow, a, b, K);
      else splat_4x8(c, row, start, startRow, a, b, K);
    } else {
      if (R == 5) splat_5x4(c, row, start, startRow, a, b, K);
      else splat_4x4(c, row, start, startRow, a, b, K);
    }
  } else if (NR == 8) {
    if (R == 4) micro_4x8(c, row, start, startRow, a, b, K);
    else if (ROWS == 6) micro_6x8(c, row, start, startRow, a, b, K);
    else micro_5x8(c, row, start, startRow, a, b, K);
  } else if (NR == 4) {
    if (R == 4) micro_4x4(c, row, start, startRow, a, b, K);
    else if (ROWS == 6) micro_6x4(c, row, start, startRow, a, b, K);
    else micro_5x4(c, row, start, startRow, a, b, K);
  } else {
    if (R == 4) micro_4x16(c, row, start, startRow, a, b, K);
    else if (ROWS == 6) micro_6x16(c, row, start, startRow, a, b, K);
    else micro_5x16(c, row, start, startRow, a, b, K);
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
  bias: usize, B: i32, M: i32, N: i32, K: i32, accumulate: i32, activation: i32, wide: i32,
): void {
  const row = <usize>ldc << 2;
  for (let batch = 0; batch < B; batch++) {
    if (M > THIN_ROWS || ldb == 0) {
      gemm(c, ldc, work, a, lda, b, ldb, bias, M, N, K, accumulate, false, false, ldb == 0, wide);
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
  B: i32, M: i32, N: i32, K: i32, accumulate: i32, activation: i32, wide: i32,
): void {
  for (let batch = 0; batch < B; batch++) {
    gemm(c, ldc, work, a, lda, b, ldb, 0, M, N, K, accumulate, false, true, false, wide);
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
  B: i32, M: i32, N: i32, K: i32, accumulate: i32, wide: i32,
): void {
  for (let batch = 0; batch < B; batch++) {
    gemm(c, ldc, work, a, lda, b, ldb, 0, M, N, K, accumulate, true, false, false, wide);
    c += <usize>strideC << 2;
    a += <usize>strideA << 2;
    b += <usize>strideB << 2;
  }
}
