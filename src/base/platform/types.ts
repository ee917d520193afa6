/**
 * The seam between the library and where it runs. `#platform` resolves to node.ts or browser.ts by
 * package.json's `imports`, so a browser bundle never reaches a `node:` import.
 */
import type { Bytes, Global, WasmGlobal } from '../globals.js';

export interface Platform {
  /** Short name and version for records: `node 24.1.0`, or the browser's own words. */
  readonly runtime: string;
  /** A file: its bytes, or the answer of the server that has it. Throws FileError when it cannot be had. */
  loadAsset(url: Global<'URL'>): Promise<Bytes | Global<'Response'>>;
  /** SHA-256 of the bytes, lower-case hexadecimal. */
  sha256(bytes: Bytes): Promise<string>;
  /** Whether two arrays of the same length hold the same bytes. */
  sameBytes(a: Uint8Array, b: Uint8Array): boolean;
  /** Milliseconds that a long loop may go on before it lets the event loop turn. */
  readonly turnInterval: number;
  /** Lets timers, signals and input be handled, then goes on. */
  yieldToEventLoop(): Promise<void>;
  /** Tells the developer, not the user, of something that was handled. */
  warn(message: string): void;
  /** Asks the engine to accept relaxed SIMD where that is still behind a flag. */
  enableRelaxedSimd(): void;
  /** Why re-vectorised code cannot be had here; undefined where it can. */
  readonly turboUnavailable: string | undefined;
  /** Compiles the kernels; with `turbo` 128-bit neighbours are fused to 256 bits. */
  compile(bytes: Bytes, turbo: boolean): Promise<WasmGlobal<'Module'>>;
  /** Whether code is then as fast from its first call on as it gets. */
  readonly optimizesAtOnce?: boolean;
  /** An instance of the kernels over a memory. */
  instantiate(module: WasmGlobal<'Module'>, memory: WasmGlobal<'Memory'>): Promise<WasmGlobal<'Instance'>>;
  /** What to add to an error when there is no memory for an engine. */
  readonly memoryRemedy: string;
  /**
   * Whether kernels have 32 SIMD registers here, as on ARM64, and not 16, as on x86-64; absent where nothing tells it,
   * as in pages.
   */
  readonly manyRegisters?: boolean;
  /** Processors that this process may use. */
  readonly cores: number;
  /** Why there can be no threads over shared memory here; undefined where there can. */
  readonly threadsUnavailable: string | undefined;
  /** Whether the calling thread may sleep on shared memory: a page's main thread may not. */
  readonly mayWait: boolean;
  /** Starts a thread of an engine, or throws. It must not keep the process alive once it is ready. */
  startThread(setup: ThreadSetup, events: ThreadEvents): Thread;
  /**
   * A worker for a trainer, by its script, where it is no global `Worker`: one of this package's own, or what
   * was given.
   */
  readonly startWorker:
    | ((script: Global<'URL'> | string | WorkerHandle | { own: 'worker' | 'inline-worker' }) => TrainerWorker)
    | undefined;
  /** Within such a worker: where it hears from whoever started it. */
  workerPort(): WorkerPort;
  /**
   * Shows how a training goes on, where there is a terminal, and `hooks`, those of its caller, do not follow
   * each step themselves.
   */
  progressLine?(hooks: readonly StepHooks[]): ProgressLine | undefined;
  /** After turbo code ran, before other code does: see node.ts. */
  leaveTurbo(): void;
}

/** What a worker is everywhere: a browser's `Worker`, or the one of Node's `worker_threads`. */
export interface WorkerHandle {
  // biome-ignore lint/suspicious/noExplicitAny: each runtime has its own words for what can be sent
  postMessage(message: any, transfer?: any): void;
  terminate(): unknown;
}

/** What a trainer needs of its worker: what a browser's `Worker` is. */
export interface TrainerWorker extends WorkerHandle {
  addEventListener(
    type: 'message' | 'error' | 'messageerror',
    // biome-ignore lint/suspicious/noExplicitAny: the events of three types
    listener: (event: any) => void,
  ): void;
  /** Whether it keeps the process alive, where that is a question. */
  ref?(): void;
  unref?(): void;
}

/** What a worker's global scope and a MessagePort have in common. */
export interface WorkerPort {
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
}

/** What a thread is sent: the kernels, the engine's memory, and pointers into it. */
export interface ThreadSetup {
  readonly module: WasmGlobal<'Module'>;
  readonly memory: WasmGlobal<'Memory'>;
  readonly pool: number;
  readonly index: number;
  readonly work: number;
  /** Where the thread says that it has failed. */
  readonly state: number;
}

/** Whether there are hooks of single steps. */
export interface StepHooks {
  // biome-ignore lint/suspicious/noExplicitAny: whatever they take
  readonly onStep?: (step: any) => unknown;
  // biome-ignore lint/suspicious/noExplicitAny: whatever they take
  readonly onBatchEnd?: (step: any) => unknown;
}

/** Hooks of `fit` that show its progress on a terminal; `dispose` erases what is not finished. */
export interface ProgressLine {
  onTrainBegin(plan: {
    readonly epochs: number;
    readonly stepsPerEpoch: number;
    readonly resumed?: { readonly step: number };
  }): void;
  onStep(step: { readonly step: number; readonly epoch: number; readonly loss: number }): void;
  onEpoch(record: ShownScore & { readonly validation?: ShownScore }): void;
  onTrainEnd(history: { readonly epochs: readonly unknown[] }): void;
  dispose(): void;
}

interface ShownScore {
  readonly loss: number;
  readonly accuracy: number;
}

export interface ThreadEvents {
  ready(): void;
  /** It failed, or ended without having been told to. May come more than once. */
  ended(reason: string): void;
}

export interface Thread {
  /** Ends the thread, wherever it is; no event comes after. */
  end(): void;
}

export declare const platform: Platform;
