/**
 * An engine of one binary that the caller gives, of unknown kind: it is asked for its arithmetic and its
 * threads. Loaded where there is one.
 */
import { platform } from '#platform';
import { EngineError, LanegradError } from '../base/errors.js';
import { MAX_THREADS } from './constants.js';
import type { Backend } from './kernels.js';
import type { BinaryName, WasmSource, WasmSources } from './load.js';
import {
  type Binary,
  countThreads,
  createWasmBackend,
  loadBinary,
  notKernels,
  refused,
  type WasmBackend,
} from './wasm.js';

export interface Wish {
  readonly math: 'auto' | 'strict' | 'fma';
  readonly turbo: boolean;
  readonly threads: 'auto' | number;
  readonly wasm?: WasmSource | WasmSources | undefined;
}

export interface Picked {
  readonly backend: WasmBackend;
  readonly math: 'strict' | 'fma';
  readonly reason: string;
}

/** The engine, if it is what was wished for: else throws EngineError. */
export async function pickGiven({ math, turbo, threads }: Wish, wasm: WasmSource): Promise<Picked> {
  const loaded = await loadBinary('simd', wasm);
  const withThreads = await hasThreads(loaded);
  const refuse = (message: string): never => {
    throw new EngineError('createEngine', message);
  };
  if (!withThreads && threads !== 'auto' && threads > 1) {
    refuse(`option wasm is a binary without threads, ${threads} were asked for`);
  }
  if (withThreads && platform.threadsUnavailable) {
    refuse(`option wasm is a binary with threads, which are not available: ${platform.threadsUnavailable}`);
  }
  if (withThreads && threads === 1) refuse('option wasm is a binary with threads, one was asked for');
  const wanted = threads === 'auto' ? Math.max(2, Math.min(platform.cores, MAX_THREADS)) : threads;
  const backend = await createWasmBackend({
    binary: 'simd',
    turbo,
    threads: withThreads ? wanted : 1,
    loaded,
  });
  const given = isFused(backend) ? 'fma' : 'strict';
  if (math !== 'auto' && math !== given) {
    backend.dispose();
    refuse(`option wasm is a binary with ${given} arithmetic, ${math} was asked for`);
  }
  const binary: BinaryName = `${given === 'fma' ? 'fma' : 'simd'}${withThreads ? '-threads' : ''}`;
  return {
    // Inherited from, not copied: its buffer is read anew at each use.
    backend: Object.create(backend, { binary: { value: binary, enumerable: true } }),
    math: given,
    reason: `the binary was given; ${countThreads(backend.threads)}`,
  };
}

/**
 * Whether a binary of unknown origin has threads: then it exports their life, and its memory must be shared.
 */
async function hasThreads({ bytes, module, valid }: Binary): Promise<boolean> {
  if (!valid) return false;
  const compiled = module ?? (await platform.compile(bytes!, false).catch(refused));
  return WebAssembly.Module.exports(compiled).some(({ name }) => name === 'thread_main');
}

/**
 * Whether the kernels round once a multiplication and addition: (1 + ε)(1 - ε) - 1 is -ε² then, and else 0.
 * So a binary of unknown origin tells what it is.
 */
function isFused(backend: Backend): boolean {
  try {
    const { kernels } = backend;
    const work = backend.reservedBytes;
    const [a, b, c] = [0, 64, 128].map((offset) => work + kernels.workspace_size() + offset);
    backend.reserve(c + 64);
    const epsilon = 2 ** -13;
    new Float32Array(backend.buffer, a, 2).set([-1, 1 + epsilon]);
    new Float32Array(backend.buffer, b, 2).set([1, 1 - epsilon]);
    kernels.gemm_nn(c, 1, 0, work, a, 2, 0, b, 1, 0, 0, 1, 1, 1, 2, 0, 0, 0);
    return new Float32Array(backend.buffer, c, 1)[0] !== 0;
  } catch (cause) {
    throw cause instanceof LanegradError ? cause : notKernels(String(cause), cause);
  }
}
