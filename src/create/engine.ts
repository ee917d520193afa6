/** `createEngine`: checks what is asked for, picks the backend and says why. */
import { platform } from '#platform';
import { EngineError, UnsupportedError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { MAX_THREADS } from '../engine/constants.js';
import { Engine } from '../engine/engine.js';
import type { Picked, Wish } from '../engine/given.js';
import { isWasmSource, type WasmSource, type WasmSources } from '../engine/load.js';
import { numericsVersion } from '../engine/numerics.js';
import { pickBackend } from '../engine/pick.js';
import { type Tiles, type Tuning, tilings } from '../engine/tiles.js';
import { binaryNames } from '../engine/wasm.js';

/** How `createEngine` chooses. */
export interface EngineOptions {
  /** `wasm` needs SIMD; `reference` is plain TypeScript; `auto` (the default) takes Wasm where it can. */
  backend?: 'auto' | 'wasm' | 'reference';
  /**
   * `strict` multiplies, rounds and adds: the same bits on every engine. `fma` rounds once, where relaxed
   * SIMD is to be had: faster, and the same bits wherever multiply-adds are rounded once. `auto` (the default)
   * takes fma where it is accepted without a flag.
   */
  math?: 'auto' | 'strict' | 'fma';
  /**
   * How many threads compute, the caller's own among them; the bits do not depend on it. `auto` (the default)
   * takes the usable cores, and 1 where memory cannot be shared. In Node it tries all, half and one of them for some
   * milliseconds first, and takes fewer where more are not faster, as on a busy machine.
   */
  threads?: 'auto' | number;
  /**
   * Lets V8 fuse neighbouring instructions to 256 bits: Node 24 and later on x86-64, an experiment of V8's.
   */
  turbo?: boolean;
  /**
   * Where the kernels come from, in place of the package's own files: an address, a Response, bytes or a
   * compiled module of one binary; or an object with a source for each, `{ simd, fma, … }`. One binary alone
   * decides arithmetic and threads.
   */
  wasm?: WasmSource | WasmSources;
  /**
   * How products are cut into tiles; it changes no bit. `auto` (the default) tries what this processor may be
   * fastest with when the engine starts, for some milliseconds; in pages, whose code is not at its best by
   * then, it takes the usual ones. See `Tiles`.
   */
  tiles?: 'auto' | Tiles;
}

/**
 * Creates an engine. Throws EngineError when what is asked for is not to be had here (Wasm SIMD, fma, turbo,
 * threads), and OptionError for an unknown option.
 */
export async function createEngine(options?: EngineOptions): Promise<Engine> {
  const reader = new OptionReader('createEngine', options);
  const backend = reader.oneOf('backend', ['auto', 'wasm', 'reference'], 'auto');
  const math = reader.oneOf('math', ['auto', 'strict', 'fma'], 'auto');
  const threads =
    reader.optional('threads', `"auto" or a whole number, 1 to ${MAX_THREADS}`, isThreads) ?? 'auto';
  const turbo = reader.boolean('turbo', false);
  const wasm = reader.optional(
    'wasm',
    `a URL, Response, bytes or WebAssembly.Module, or an object of such by ${binaryNames.join(', ')}`,
    isWasm,
  );
  const tiles = reader.oneOf('tiles', ['auto', ...(Object.keys(tilings) as Tiles[])], 'auto');
  reader.end();
  if (backend === 'reference') {
    if (math === 'fma' || turbo || (threads !== 'auto' && threads > 1)) {
      throw new EngineError('createEngine', 'the reference backend has neither fma, nor turbo, nor threads');
    }
    return (await referenceEngines()).createReferenceEngine();
  }
  try {
    const { picked, tuning } = await pickAndTune({ math, turbo, threads, wasm }, tiles);
    const { sha256, turbo: isTurbo, threads: count, binary } = picked.backend;
    if (turbo) platform.leaveTurbo();
    const info = {
      backend: 'wasm',
      math: picked.math,
      turbo: isTurbo,
      numerics: numericsVersion,
      threads: count,
      binary,
      ...(sha256 !== undefined && { wasmSha256: sha256 }),
      runtime: platform.runtime,
      reason: picked.reason,
    } as const;
    if (tuning) Object.defineProperty(info, 'tuning', { value: tuning });
    return new Engine(picked.backend, info, tuning?.tiles);
  } catch (error) {
    // Only a runtime without the instructions falls back; a missing file is a broken installation.
    const optional = backend === 'auto' && math !== 'fma' && !turbo && (threads === 'auto' || threads === 1);
    if (!optional || !(error instanceof UnsupportedError)) throw error;
    return (await referenceEngines()).createReferenceEngine({ reason: error.message });
  }
}

/** What was asked for, or the fastest here; no tuning where that cannot be known yet. */
async function pickAndTune(
  wish: Wish,
  tiles: 'auto' | Tiles,
): Promise<{ picked: Picked; tuning?: Tuning | undefined }> {
  const picked = await pickBackend(wish);
  if (picked.backend.optimized) return (await import('../engine/tune.js')).tune(picked, wish, tiles);
  return { picked, tuning: tiles === 'auto' ? undefined : { tiles } };
}

function isThreads(value: unknown): value is 'auto' | number {
  return (
    value === 'auto' || (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= MAX_THREADS)
  );
}

function isWasm(value: unknown): value is WasmSource | WasmSources {
  if (isWasmSource(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  const entries = Object.entries(value);
  return (
    entries.length > 0 &&
    entries.every(
      ([name, source]) =>
        (binaryNames as string[]).includes(name) && (typeof source === 'function' || isWasmSource(source)),
    )
  );
}

/** Loaded only where it is wanted: hardly any page does without WebAssembly. */
function referenceEngines(): Promise<typeof import('./reference.js')> {
  return import('./reference.js');
}
