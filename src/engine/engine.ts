/**
 * An engine is a backend and its memory. `createEngine` picks the backend and says why; everything that computes is
 * given an engine.
 */
import { platform } from '#platform';
import { disposeSymbol } from '../dispose.js';
import { EngineError, OptionError, show, UnsupportedError } from '../errors.js';
import { OptionReader } from '../options.js';
import { Heap } from './heap.js';
import type { Backend, Kernels } from './kernels.js';
import { isWasmSource, type WasmSource, type WasmSources } from './load.js';
import { pickBackend } from './pick.js';
import { createReferenceBackend } from './reference/index.js';
import { Arena } from './tensor.js';
import { MAX_THREADS } from './threads/pool.js';
import { binaryNames } from './wasm.js';

/** How `createEngine` chooses. */
export interface EngineOptions {
  /** `wasm` needs SIMD; `reference` is plain TypeScript; `auto` (the default) takes Wasm where it can. */
  backend?: 'auto' | 'wasm' | 'reference';
  /**
   * `strict` multiplies, rounds and adds: the same bits on every engine. `fma` rounds once, where relaxed SIMD is to be had:
   * faster, and the same bits on one kind of machine. `auto` (the default) takes fma where it is accepted without a flag.
   */
  math?: 'auto' | 'strict' | 'fma';
  /**
   * How many threads compute, the caller's own among them; the bits do not depend on it. `auto` (the default) takes the usable
   * cores, and 1 where memory cannot be shared.
   */
  threads?: 'auto' | number;
  /** Lets V8 fuse neighbouring instructions to 256 bits: Node 24 and later on x86-64, an experiment of V8's. */
  turbo?: boolean;
  /**
   * Where the kernels come from, in place of the package's own files: an address, a Response, bytes or a compiled module of one
   * binary; or an object with a source for each, `{ simd, fma, … }`. One binary alone decides arithmetic and threads.
   */
  wasm?: WasmSource | WasmSources;
}

/** What was picked, for records and bug reports. */
export interface EngineInfo {
  readonly backend: 'wasm' | 'reference';
  readonly math: 'strict' | 'fma';
  readonly turbo: boolean;
  readonly threads: number;
  /** The Wasm file in use, absent for the reference backend. */
  readonly binary?: string;
  readonly wasmSha256?: string;
  readonly runtime: string;
  /** Why this backend, this arithmetic and so many threads. */
  readonly reason: string;
}

/**
 * What computes: kernels, their memory and their threads. Made by `createEngine`; everything that trains or
 * predicts is given one.
 */
export class Engine {
  readonly info: EngineInfo;
  /** @internal */
  readonly heap: Heap;
  /** @internal Pointer to the products' scratch space. */
  readonly work: number;
  /** @internal The products' `wide` argument. */
  readonly wide: number;
  #backend: Backend | undefined;

  /** @internal Use `createEngine`. */
  constructor(backend: Backend, info: EngineInfo) {
    this.#backend = backend;
    this.info = info;
    this.wide = Number(info.turbo);
    this.heap = new Heap(backend);
    this.work = this.heap.allocate(backend.kernels.workspace_size());
  }

  /** @internal Whether it is an engine: a proxy of one, which has no memory, is none. */
  static is(value: unknown): value is Engine {
    return typeof value === 'object' && value !== null && #backend in value;
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

  /** @internal Call when a run of kernels is over and other code goes on. */
  settle(): void {
    if (this.info.turbo) platform.leaveTurbo();
  }

  /** A new group of tensors. */
  arena(): Arena {
    return new Arena(this);
  }

  /** Ends the engine and its threads and lets go of its memory; using it or its tensors then throws. Twice is fine. */
  dispose(): void {
    this.#backend?.dispose();
    this.#backend = undefined;
  }

  [disposeSymbol](): void {
    this.dispose();
  }
}

/** Throws OptionError for something that is no engine. */
export function checkEngine(where: string, engine: unknown): asserts engine is Engine {
  if (!Engine.is(engine)) {
    throw new OptionError(where, `engine: expected one from createEngine(), given ${show(engine)}`);
  }
}

/**
 * Creates an engine. Throws EngineError when what is asked for is not to be had here (Wasm SIMD, fma, turbo, threads), and
 * OptionError for an unknown option.
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
  reader.end();
  if (backend === 'reference') {
    if (math === 'fma' || turbo || (threads !== 'auto' && threads > 1)) {
      throw new EngineError('createEngine', 'the reference backend has neither fma, nor turbo, nor threads');
    }
    return createReferenceEngine();
  }
  try {
    const picked = await pickBackend({ math, turbo, threads, wasm });
    if (turbo) platform.leaveTurbo();
    const { sha256, turbo: isTurbo, threads: count, binary } = picked.backend;
    return new Engine(picked.backend, {
      backend: 'wasm',
      math: picked.math,
      turbo: isTurbo,
      threads: count,
      binary,
      ...(sha256 !== undefined && { wasmSha256: sha256 }),
      runtime: platform.runtime,
      reason: picked.reason,
    });
  } catch (error) {
    // Only a runtime without the instructions falls back; a missing file is a broken installation.
    const optional = backend === 'auto' && math !== 'fma' && !turbo && (threads === 'auto' || threads === 1);
    if (!optional || !(error instanceof UnsupportedError)) throw error;
    return createReferenceEngine({ reason: error.message });
  }
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
