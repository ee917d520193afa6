/**
 * An engine is a backend and its memory. `createEngine` picks the backend and says why; everything that computes is
 * given an engine.
 */
import { platform } from '#platform';
import { EngineError } from '../errors.js';
import { OptionReader } from '../options.js';
import { Heap } from './heap.js';
import type { Backend, Kernels } from './kernels.js';
import { createReferenceBackend } from './reference/index.js';
import { Arena } from './tensor.js';
import { createWasmBackend } from './wasm.js';

export interface EngineOptions {
  /** `wasm` needs SIMD; `reference` is plain TypeScript; `auto` (the default) takes Wasm where it can. */
  backend?: 'auto' | 'wasm' | 'reference';
  /** `strict` multiplies, rounds and adds: the same bits on every engine. `auto` is the default. */
  math?: 'auto' | 'strict';
}

/** What was picked, for records and bug reports. */
export interface EngineInfo {
  readonly backend: 'wasm' | 'reference';
  readonly math: 'strict';
  readonly turbo: boolean;
  readonly threads: number;
  /** The Wasm file in use, absent for the reference backend. */
  readonly binary?: string;
  readonly wasmSha256?: string;
  readonly runtime: string;
  /** Why this backend. */
  readonly reason: string;
}

export class Engine {
  readonly info: EngineInfo;
  /** @internal */
  readonly heap: Heap;
  /** @internal Pointer to the products' scratch space. */
  readonly work: number;
  /** @internal The products' `wide` argument. */
  readonly wide = 0;
  #backend: Backend | undefined;

  /** @internal Use `createEngine`. */
  constructor(backend: Backend, info: EngineInfo) {
    this.#backend = backend;
    this.info = info;
    this.heap = new Heap(backend);
    this.work = this.heap.allocate(backend.kernels.workspace_size());
  }

  /** @internal Throws EngineError when the engine has been disposed of. */
  get backend(): Backend {
    if (!this.#backend) throw new EngineError('Engine', 'this engine has been disposed of');
    return this.#backend;
  }

  /** @internal */
  get kernels(): Kernels {
    return this.backend.kernels;
  }

  get disposed(): boolean {
    return this.#backend === undefined;
  }

  /** Bytes of linear memory that the engine holds. */
  get memoryBytes(): number {
    return this.backend.buffer.byteLength;
  }

  /** A new group of tensors. */
  arena(): Arena {
    return new Arena(this);
  }

  /** Ends the engine and lets go of its memory; using it or its tensors then throws. Twice is fine. */
  dispose(): void {
    this.#backend = undefined;
  }
}

/**
 * Creates an engine. Throws EngineError when `backend: 'wasm'` is asked for where WebAssembly SIMD is missing, and
 * OptionError for an unknown option.
 */
export async function createEngine(options?: EngineOptions): Promise<Engine> {
  const reader = new OptionReader('createEngine', options);
  const wanted = reader.oneOf('backend', ['auto', 'wasm', 'reference'], 'auto');
  reader.oneOf('math', ['auto', 'strict'], 'auto');
  reader.end();
  const common = { math: 'strict', turbo: false, threads: 1, runtime: platform.runtime } as const;
  if (wanted !== 'reference') {
    try {
      const backend = await createWasmBackend({ binary: 'simd' });
      const reason = wanted === 'wasm' ? 'asked for' : 'WebAssembly SIMD is available';
      const { binary, sha256 } = backend;
      return new Engine(backend, { backend: 'wasm', binary, wasmSha256: sha256, ...common, reason });
    } catch (error) {
      // Only a runtime without the instructions falls back; a missing file is a broken installation.
      if (wanted === 'wasm' || !(error instanceof EngineError)) throw error;
      return createReferenceEngine({ reason: error.message });
    }
  }
  return createReferenceEngine({ reason: 'asked for' });
}

/** An engine on plain TypeScript, in float32 or, for checking gradients, in float64. */
export function createReferenceEngine(options?: {
  precision?: 'float32' | 'float64';
  reason?: string;
}): Engine {
  const reader = new OptionReader('createReferenceEngine', options);
  const precision = reader.oneOf('precision', ['float32', 'float64'], 'float32');
  const reason = reader.string('reason', 'asked for');
  reader.end();
  return new Engine(createReferenceBackend({ precision }), {
    backend: 'reference',
    math: 'strict',
    turbo: false,
    threads: 1,
    runtime: platform.runtime,
    reason,
  });
}
