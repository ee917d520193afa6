/** The ways to cut products into tiles: what they are stands in assembly/gemm. The result has the same bits with each. */
import { platform } from '#platform';
import { TILING_PACKING, TILING_SINGLE, TILING_SPLAT, TILING_TALL, TILING_WIDE } from './constants.js';

/** Each by its name, as the `tiling` argument of products. */
export const tilings = {
  plain: 0,
  splat: TILING_SPLAT,
  wide: TILING_WIDE,
  'plain-packing': TILING_PACKING,
  'splat-packing': TILING_SPLAT | TILING_PACKING,
  'wide-packing': TILING_WIDE | TILING_PACKING,
  tall: TILING_SPLAT | TILING_TALL,
  'tall-packing': TILING_SPLAT | TILING_TALL | TILING_PACKING,
  'single-plain': TILING_SINGLE,
  'single-splat': TILING_SINGLE | TILING_SPLAT,
} as const;

/**
 * How products are cut into tiles.
 *
 * `plain`: tiles of 8 columns. `splat`: the same, and panels in which each element of the first operand stands
 * four times. `wide`: tiles of 16 columns, which turbo code fuses. `tall`: `splat` with tiles of 8 rows in place of 6,
 * for processors with 32 SIMD registers (fma). `-packing`: the second operand is packed where the first has more
 * than 8 rows, in place of 64 (fma). `single-`: one tile a call, not a row of them.
 */
export type Tiles = keyof typeof tilings;

/** What an engine has found out about its processor: which tiles products take, and how many threads are worth it. */
export interface Tuning {
  readonly tiles: Tiles;
  /** What was tried, in GFLOPS; absent where nothing was. */
  readonly measured?: Partial<Readonly<Record<Tiles, number>>>;
  /** Numbers of threads that were tried, likewise. */
  readonly threads?: Readonly<Record<number, number>>;
}

/** What is worth trying. The first is the usual one, taken where nothing is measured. */
export function candidates(
  math: 'strict' | 'fma',
  turbo: boolean,
  manyRegisters = platform.manyRegisters,
): readonly Tiles[] {
  if (math === 'strict') return turbo ? ['wide'] : ['splat', 'single-splat', 'single-plain'];
  if (turbo) return ['wide', 'wide-packing'];
  const tried: Tiles[] = ['plain', 'splat', 'plain-packing', 'splat-packing', 'single-plain'];
  return manyRegisters ? [...tried, 'tall', 'tall-packing'] : tried;
}
