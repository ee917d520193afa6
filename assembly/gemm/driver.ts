/**
 * The loops around the micro-kernel, after BLIS (Van Zee and van de Geijn, "BLIS: A Framework for Rapidly
 * Instantiating BLAS Functionality", 2015): blocks that fit the caches, packed panels, edges, start values.
 * One driver serves the three products, which differ only in how their operands lie in memory.
 *
 *   for n in steps of NC:  for k in steps of KC:               a block of B [KC, NC]  (stays in the second-level cache)
 *     for each panel of rows:  pack A [R, KC]                                          (stays in the first)
 *       for each panel of columns:  one tile; the first row of tiles packs B as it comes to it
 *
 * So a panel of B is multiplied by while it is still in the first-level cache from its packing. Up to
 * DIRECT_ROWS rows whole tiles read B where it lies.
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
 * Products of a few columns have a file of their own, `narrow.ts`. Else rows go six at a time (five without
 * fma), columns eight (or sixteen, with TILING_WIDE); the last of them in smaller tiles where those waste less.
 * With TILING_SPLAT, elements of A stand four times in their panels (micro.mjs), with TILING_TALL rows go eight
 * at a time besides. Elements are sums in ascending k whatever tiles and blocks are taken, so neither these nor
 * a split of C over threads changes a bit.
 */
import { apply_activation, apply_derivative } from '../activation';
import { CHAIN_BLOCK, LONGEST_CHAIN, THIN_ROWS, TILING_PACKING, TILING_SINGLE, TILING_SPLAT, TILING_TALL, TILING_WIDE } from '../../build/assembly/constants';
import { NARROW, narrow } from './narrow';
import { pack_columns, pack_rows, pack_splat } from './pack';
import { outer, thin_nn, thin_nt, thin_nt_2 } from './thin';
import { PACKED_A, row_of_tiles, tall_rows, tile_columns, tile_rows, ZEROS } from './tiles';

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
  const tall = ASC_FEATURE_RELAXED_SIMD && copies > 1 && (tiling & TILING_TALL) != 0;
  const direct = !transB && !packed && M <= ((tiling & TILING_PACKING) != 0 ? DIRECT_ROWS_PACKING : DIRECT_ROWS);
  const long = K > LONGEST_CHAIN;
  const depth = long ? CHAIN_BLOCK : evenly(K, copies > 1 ? KC_SPLAT : KC, 4);
  const columns = evenly(N, NC, 16);
  const row = <usize>ldc << 2;
  const stepB = <usize>ldb << 2;
  const rowA = <usize>lda << 2;
  const stepI: usize = transA ? 4 : rowA, stepK: usize = transA ? rowA : 4;
  if (N > 0 && N <= NARROW && !packed && !long) {
    const panel = work + PACKED_B;
    narrow(c, row, accumulate ? c : bias, accumulate ? row : 0, work, a, stepI, stepK, panel, b, ldb, transB, M, N, K);
    return;
  }
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
        const R = tall ? tall_rows(M - i) : tile_rows(M - i);
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
 * Of M rows of A, how many of the last `thin_nn` makes: those that fill no tile, where others read B as it
 * lies. Their own tile would pack all of B: 7 rows by 512 x 512 take half as long again then, with fma almost
 * twice as long.
 */
// @ts-ignore: decorator
@inline
function thin_rows(M: i32, N: i32, tiling: i32): i32 {
  if (M <= THIN_ROWS) return M;
  // Of one strip's columns at least.
  if (N < 32 || M > ((tiling & TILING_PACKING) != 0 ? DIRECT_ROWS_PACKING : DIRECT_ROWS)) return 0;
  if (M == 3) return 3;
  // Tiles of 4 and 6 rows hold any even number of them; those of 4 and 5 hold 4, 5 and 8.
  return ASC_FEATURE_RELAXED_SIMD ? M & 1 : M == 6 || M == 7 ? M - 5 : 0;
}

/** The length of equal parts of `size`, a multiple of `unit`, each at most `most`, itself one. */
// @ts-ignore: decorator
@inline
function evenly(size: i32, most: i32, unit: i32): i32 {
  const parts = (size + most - 1) / most;
  return parts <= 1 ? size : ((size + parts - 1) / parts + unit - 1) & -unit;
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
    const thin = ldb ? thin_rows(M, N, tiling) : 0;
    const whole = M - thin;
    if (whole > 0) {
      gemm(c, ldc, work, a, lda, b, ldb, bias, whole, N, K, accumulate, false, false, ldb == 0, tiling);
    }
    if (thin > 0) {
      const to = c + <usize>whole * row, x = a + (<usize>(whole * lda) << 2);
      thin_nn(to, row, work, accumulate ? to : bias, accumulate ? row : 0, x, lda, b, ldb, thin, N, K);
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
    // Of one row or two, the columns that whole vectors hold; tiles of turbo code are faster than two.
    const thin = M <= ((tiling & TILING_WIDE) != 0 ? 1 : 2) && K <= LONGEST_CHAIN ? N & -8 : 0;
    const start = accumulate ? c : 0;
    if (thin && M == 1) thin_nt(c, start, a, b, ldb, thin, K);
    if (thin && M == 2) thin_nt_2(c, <usize>ldc << 2, start, a, <usize>lda << 2, b, ldb, thin, K);
    const from = <usize>thin << 2;
    const rest = b + <usize>ldb * from;
    gemm(c + from, ldc, work, a, lda, rest, ldb, 0, M, N - thin, K, accumulate, false, true, false, tiling);
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
  const row = <usize>ldc << 2;
  for (let batch = 0; batch < B; batch++) {
    if (K == 1 && !accumulate) outer(c, row, a, b, M, N);
    else gemm(c, ldc, work, a, lda, b, ldb, 0, M, N, K, accumulate, true, false, false, tiling);
    c += <usize>strideC << 2;
    a += <usize>strideA << 2;
    b += <usize>strideB << 2;
  }
}
