/** Blocks of pixels of a convolution: how large, their tiles, and how they end. */
import { apply_activation, apply_derivative } from '../activation';
import { MC } from '../gemm/driver';
import { tiles, ZEROS } from '../gemm/tiles';

/** Floats of the panels of a matrix [K, N]. */
// @ts-ignore: decorator
@inline
export function panel_floats(K: i32, N: i32): i32 {
  return K * ((N + 15) & -16);
}

/**
 * Pixels of the block that begins with number m. Of few channels packing costs more than tiles of four rows do:
 * there a block is of one row of the grid, which has no panel that goes on in the next.
 */
// @ts-ignore: decorator
@inline
export function block_of(m: i32, end: i32, PW: i32, channels: i32): i32 {
  const most = min(MC, end - m);
  return PW < 8 || channels > 4 ? most : min(most, PW - m % PW);
}

/**
 * The tiles of one block of A, of N columns: from the bias or 0 at first, later from what C holds, or, of long
 * sums, added to it.
 */
export function block_of_tiles(
  c: usize, row: usize, bias: usize, work: usize, panels: usize, length: i32, first: i32, mc: i32, N: i32, kc: i32, wide: i32,
  later: bool, long: bool,
): void {
  if (later && !long) tiles(c, row, c, row, 4, work, panels, length, first, mc, N, kc, wide, false);
  else if (!later && bias) tiles(c, row, bias, 0, 4, work, panels, length, first, mc, N, kc, wide, false);
  else tiles(c, row, ZEROS, 0, 0, work, panels, length, first, mc, N, kc, wide, later);
}

/** C = f(C), or C ⊙ f'(saved) where that is given. Rows without gaps are one. */
export function finish(c: usize, saved: usize, ld: i32, M: i32, N: i32, activation: i32): void {
  if (N == ld) {
    N *= M;
    M = 1;
  }
  if (saved) apply_derivative(c, ld, saved, ld, M, N, activation);
  else apply_activation(c, ld, M, N, activation);
}
