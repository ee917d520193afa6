/**
 * What an engine in Node finds out about its processor when it starts, by trying it for some milliseconds: how many
 * threads are worth it, and which tiles products take. Processors differ (registers, instructions begun in a cycle,
 * caches), and so does what V8 makes of the kernels. It changes no bit.
 */
import type { Picked, Wish } from './given.js';
import type { Kernels } from './kernels.js';
import { pickFor } from './pick.js';
import { measureThreads } from './threads/measure.js';
import { candidates, type Tiles, type Tuning, tilings } from './tiles.js';
import { countThreads, type WasmBackend } from './wasm.js';

/** A product that takes a fifth of a millisecond, with whole tiles of 4, 5 and 6 rows. */
const [M, K, N] = [60, 320, 256];
const ROUNDS = 6;
/** By so much another must be faster than the first. */
const LEAD = 1.02;

/** The backend, on fewer threads where these are faster, and its tiles. */
export async function tune(
  picked: Picked,
  wish: Wish,
  tiles: 'auto' | Tiles,
): Promise<{ picked: Picked; tuning: Tuning }> {
  const { picked: chosen, threads } = await chooseThreads(picked, wish);
  const { backend, math } = chosen;
  const tuning = tiles === 'auto' ? chooseTiles(backend, candidates(math, backend.turbo)) : { tiles };
  return { picked: chosen, tuning: threads ? { ...tuning, threads } : tuning };
}

async function chooseThreads(
  picked: Picked,
  wish: Wish,
): Promise<{ picked: Picked; threads?: Tuning['threads'] }> {
  const { backend, math } = picked;
  const { kernelsOn } = backend;
  // Of binaries that were given, there may be none for fewer threads.
  if (wish.threads !== 'auto' || wish.wasm || !kernelsOn) return { picked };
  const all = backend.threads;
  const [tiles] = candidates(math, backend.turbo);
  // As much for each thread as there is for one of two.
  const rows = (M / 2) * Math.min(all, 8);
  const run = productOf(backend, rows);
  const made = new Map<number, Kernels>();
  const measured = measureThreads(all, (count) => {
    const kernels = made.get(count) ?? kernelsOn(count);
    made.set(count, kernels);
    run.compute(kernels, tiles);
  });
  run.clear();
  const threads = Object.fromEntries([...measured.times].map(([count, time]) => [count, rate(rows, time)]));
  if (measured.threads === all) return { picked, threads };
  const reason = `${countThreads(measured.threads)}, as ${all} were not faster when it was measured`;
  try {
    const chosen = await pickFor(wish, undefined, measured.threads, reason);
    backend.dispose();
    return { picked: chosen, threads };
  } catch {
    // What there is computes as well.
    return { picked, threads };
  }
}

function chooseTiles(backend: WasmBackend, tried: readonly Tiles[]): Tuning {
  if (tried.length === 1) return { tiles: tried[0] };
  const run = productOf(backend, M);
  const times = tried.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, tiles] of tried.entries()) {
      const began = performance.now();
      run.compute(backend.single, tiles);
      // The least counts: what disturbs makes it longer.
      times[i] = Math.min(times[i], performance.now() - began);
    }
  }
  run.clear();
  const [first] = times;
  const least = Math.min(...times);
  const best = least * LEAD < first ? times.indexOf(least) : 0;
  return {
    tiles: tried[best],
    measured: Object.fromEntries(tried.map((tiles, i) => [tiles, rate(M, times[i])])),
  };
}

/** In memory that nothing else uses yet, and which is left as it was. */
function productOf(backend: WasmBackend, rows: number) {
  const { single, reservedBytes } = backend;
  const work = Math.ceil(reservedBytes / 64) * 64;
  const a = work + Math.ceil(single.workspace_size() / 64) * 64;
  const b = a + 4 * rows * K;
  const c = b + 4 * K * N;
  const end = c + 4 * rows * N;
  backend.reserve(end);
  return {
    compute(kernels: Kernels, tiles: Tiles) {
      kernels.gemm_nn(c, N, 0, work, a, K, 0, b, N, 0, 0, 1, rows, N, K, 0, 0, tilings[tiles]);
    },
    clear() {
      new Uint8Array(backend.buffer).fill(0, work, end);
    },
  };
}

/** GFLOPS. */
function rate(rows: number, milliseconds: number): number {
  return Number(((2 * rows * K * N) / (milliseconds * 1e6)).toFixed(1));
}
