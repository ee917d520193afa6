/** What the kernels of convolutions have in common: where their numbers are, and how a block of results ends. */
import { apply_activation, apply_derivative } from '../activation';

/** Words of a geometry, as src/ops/conv.ts writes them. */
// @ts-ignore: decorator
@inline export const H: i32 = 0, W: i32 = 1, C: i32 = 2, OH: i32 = 3, OW: i32 = 4, O: i32 = 5, KH: i32 = 6, KW: i32 = 7,
  SH: i32 = 8, SW: i32 = 9, DH: i32 = 10, DW: i32 = 11, PT: i32 = 12, PL: i32 = 13, GROUPS: i32 = 14,
  SCATTERED: i32 = 15;

// @ts-ignore: decorator
@inline
export function word(geometry: usize, i: i32): i32 {
  return load<i32>(geometry + (<usize>i << 2));
}

/** Floats of the panels of a matrix [K, N]. */
// @ts-ignore: decorator
@inline
export function panel_floats(K: i32, N: i32): i32 {
  return K * ((N + 15) & -16);
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
