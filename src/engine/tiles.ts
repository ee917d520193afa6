/** The ways to cut products into tiles: what they are stands in assembly/gemm. */

export const tilesNames = [
  'plain',
  'splat',
  'wide',
  'plain-packing',
  'splat-packing',
  'wide-packing',
  'single-plain',
  'single-splat',
] as const;

/**
 * How products are cut into tiles.
 *
 * `plain`: tiles of 8 columns. `splat`: the same, and panels in which each element of the first operand stands
 * four times. `wide`: tiles of 16 columns, which turbo code fuses. `-packing`: the second operand is packed
 * where the first has more than 8 rows, in place of 64 (fma). `single-`: one tile a call, not a row of them.
 */
export type Tiles = (typeof tilesNames)[number];

/** Which tiles products take, and why. */
export interface Tuning {
  readonly tiles: Tiles;
  /** What was tried, in GFLOPS; absent where nothing was. */
  readonly measured?: Partial<Readonly<Record<Tiles, number>>>;
}
