/**
 * Which binary computes, and on how many threads: what was asked for, or else the best that there is here,
 * with the reason. What the binaries are stands in wasm.ts.
 */
import { platform } from '#platform';
import { EngineError, FormatError, KernelError, LanegradError, ThreadError } from '../base/errors.js';
import { MAX_THREADS } from './constants.js';
import type { Picked, Wish } from './given.js';
import { type Arithmetic, type BinaryName, isWasmSource, type WasmSources } from './load.js';
import { type Binary, countThreads, createWasmBackend, loadBinary } from './wasm.js';

/**
 * Throws EngineError when what was asked for is not to be had here; OptionError when it was not among the
 * binaries given.
 */
export async function pickBackend(wish: Wish): Promise<Picked> {
  const { math, threads, wasm } = wish;
  if (math === 'fma') platform.enableRelaxedSimd();
  // Most pages leave the choice to the engine.
  if (isWasmSource(wasm)) return (await import('./given.js')).pickGiven(wish, wasm);
  const unavailable = whyOneThread(wasm);
  if (threads !== 'auto') {
    if (threads > 1 && unavailable) {
      throw new EngineError('createEngine', `threads are not available: ${unavailable}`);
    }
    return pickFor(wish, wasm, threads, `${countThreads(threads)} asked for`);
  }
  let wanted = unavailable ? 1 : Math.min(platform.cores, MAX_THREADS);
  let reason = unavailable ? `one thread: ${unavailable}` : `${countThreads(wanted)} for as many cores`;
  for (;;) {
    try {
      return await pickFor(wish, wasm, wanted, reason);
    } catch (error) {
      if (wanted === 1 || !isRefusal(error)) throw error;
      wanted = error instanceof ThreadError ? Math.min(error.running, wanted - 1) : 1;
      reason = `${countThreads(wanted)}: ${error.message}`;
    }
  }
}

/**
 * Whether something is not to be had here, for which there may be another way. Broken bytes are an error and
 * nothing else.
 */
function isRefusal(error: unknown): error is LanegradError {
  return error instanceof LanegradError && !(error instanceof KernelError) && !(error instanceof FormatError);
}

/** Undefined where there can be threads. */
function whyOneThread(wasm: WasmSources | undefined): string | undefined {
  if (platform.threadsUnavailable) return platform.threadsUnavailable;
  if (!wasm || wasm['simd-threads'] || wasm['fma-threads']) return undefined;
  return 'no binary with threads was among those given';
}

/** The arithmetic, for so many threads: fma, and where that does not start the strict one. */
export async function pickFor(
  { math, turbo }: Wish,
  wasm: WasmSources | undefined,
  threads: number,
  threadsReason: string,
): Promise<Picked> {
  const create = async (binary: Arithmetic, why: string, loaded?: Binary): Promise<Picked> => {
    const given = { ...(wasm && { wasm }), ...(loaded && { loaded }) };
    const backend = await createWasmBackend({ binary, turbo, threads, ...given });
    return { backend, math: binary === 'fma' ? 'fma' : 'strict', reason: `${why}; ${threadsReason}` };
  };
  if (math === 'strict') return create('simd', 'strict was asked for');
  const name: BinaryName = threads > 1 ? 'fma-threads' : 'fma';
  if (math === 'auto' && wasm && wasm[name] === undefined) {
    return create('simd', 'fma was not among the binaries given');
  }
  const loaded = await loadBinary(name, wasm);
  if (math === 'fma') {
    if (loaded.valid) return create('fma', 'fma was asked for', loaded);
    throw new EngineError(
      'createEngine',
      `${platform.runtime} does not accept relaxed SIMD, which fma needs`,
    );
  }
  if (!loaded.valid) return create('simd', 'relaxed SIMD is not available');
  try {
    return await create('fma', 'relaxed SIMD is available', loaded);
  } catch (error) {
    if (!isRefusal(error) || error instanceof ThreadError) throw error;
    return create('simd', `fma does not start (${error.message})`);
  }
}
