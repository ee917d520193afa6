/**
 * An engine is a backend and its memory; everything that computes is given one. Which backend it has is
 * `createEngine`'s choice.
 */
import { platform } from '#platform';
import { disposeSymbol } from '../base/dispose.js';
import { EngineError, OptionError, show } from '../base/errors.js';
import { TILING_WIDE } from './constants.js';
import { Heap } from './heap.js';
import type { Backend, Kernels } from './kernels.js';
import { Arena } from './tensor.js';
import { candidates, type Tuning, tilings } from './tiles.js';

/** What was picked, for records and bug reports. */
export interface EngineInfo {
  readonly backend: 'wasm' | 'reference';
  readonly math: 'strict' | 'fma';
  readonly turbo: boolean;
  readonly threads: number;
  /**
   * What was measured when it started, and which tiles products take: absent where nothing was and they are the usual
   * ones, as in pages. It changes no bit, and differs from run to run: so this is not enumerable, and no record or
   * file has it.
   */
  readonly tuning?: Tuning;
  /** The version of the contract of numerics: the same version, the same bits. */
  readonly numerics: number;
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
  /** @internal The products' `tiling` argument. */
  readonly tiling: number;
  /** @internal The `wide` argument of convolutions, and of what packs matrices for products. */
  readonly wide: number;
  #backend: Backend | undefined;

  /** @internal Use `createEngine`. */
  constructor(backend: Backend, info: EngineInfo, tiles = candidates(info.math, info.turbo)[0]) {
    this.#backend = backend;
    this.info = info;
    this.tiling = tilings[tiles];
    // Whoever packs a matrix packs it for these products.
    this.wide = this.tiling & TILING_WIDE;
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

  /**
   * Ends the engine and its threads and lets go of its memory; using it or its tensors then throws. Twice is
   * fine.
   */
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
