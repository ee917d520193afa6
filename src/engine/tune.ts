/**
 * Finds the tiles that products take. Processors differ (registers, instructions begun in a cycle, caches), and so
 * does what V8 makes of the kernels: of the tiles that are worth trying, the fastest is found by trying them.
 */
import type { Kernels } from './kernels.js';
import { type Tiles, type Tuning, tilings } from './tiles.js';

/** A product that takes a fifth of a millisecond, with whole tiles of 4, 5 and 6 rows. */
const [M, K, N] = [60, 320, 256];
const ROUNDS = 6;
/** By so much another must be faster than the first. */
const LEAD = 1.02;

/**
 * Times the candidates in turns, for some milliseconds in all, in memory that nothing else uses yet from
 * `from` on, and leaves it as it was. The least time counts: what disturbs makes it longer.
 */
export function tune(
  kernels: Kernels,
  memory: { readonly buffer: ArrayBufferLike; reserve(bytes: number): void },
  from: number,
  tried: readonly Tiles[],
): Tuning {
  if (tried.length === 1) return { tiles: tried[0] };
  const work = Math.ceil(from / 64) * 64;
  const a = work + Math.ceil(kernels.workspace_size() / 64) * 64;
  const b = a + 4 * M * K;
  const c = b + 4 * K * N;
  const end = c + 4 * M * N;
  memory.reserve(end);
  const times = tried.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, tiles] of tried.entries()) {
      const began = performance.now();
      kernels.gemm_nn(c, N, 0, work, a, K, 0, b, N, 0, 0, 1, M, N, K, 0, 0, tilings[tiles]);
      times[i] = Math.min(times[i], performance.now() - began);
    }
  }
  new Uint8Array(memory.buffer).fill(0, work, end);
  const [first] = times;
  const least = Math.min(...times);
  const best = least * LEAD < first ? times.indexOf(least) : 0;
  const rates = tried.map((tiles, i) => [tiles, Number(((2 * M * K * N) / (times[i] * 1e6)).toFixed(1))]);
  return { tiles: tried[best], measured: Object.fromEntries(rates) };
}
