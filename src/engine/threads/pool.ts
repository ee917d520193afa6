/**
 * The threads of one engine: started once, given jobs, watched, ended. What a job is stands in kernels.ts
 * beside this file; how chunks are claimed, in assembly/threads/pool.ts, whose layout of the pool this file
 * shares.
 */

import { platform } from '#platform';
import { EngineError, ThreadError } from '../../base/errors.js';
import type { WasmGlobal } from '../../base/globals.js';
import type { Thread, ThreadSetup } from '../../base/platform/types.js';
import { MAX_THREADS } from '../constants.js';

/** The pool's functions in a binary with threads. */
export interface PoolExports {
  pool_run(pool: number, work: number, chunks: number): number;
  pool_wait(pool: number, chunks: number, nanoseconds: bigint): number;
  pool_stop(pool: number): void;
}

/** Bytes of a pool in memory. */
export const POOL_BYTES = 640 + 64 * MAX_THREADS;

// Places in the pool, in bytes.
const DONE = 0;
const THREADS = 192;
const JOB = 200;
const STATE = 384;
const FAILED = 2;

/** Words of a job before its arguments. */
const HEAD = 3;

/** Milliseconds: for a thread to start; and without a sign of one that is at work, before it is given up. */
const START_TIMEOUT = 10_000;
const SILENCE = 1000;
const NAP = 50;

interface PoolSetup {
  readonly exports: PoolExports;
  readonly module: WasmGlobal<'Module'>;
  readonly memory: WasmGlobal<'Memory'>;
  /** All threads, the caller's own among them: at least 2. */
  readonly threads: number;
  /** Where the pool lies, and each thread's scratch space of `workBytes`; the first is the caller's. */
  readonly pointer: number;
  readonly work: readonly number[];
  readonly workBytes: number;
}

export class ThreadPool {
  readonly threads: number;
  /** A job's arguments: whole numbers and pointers, or float32, in the same places. */
  readonly words: Int32Array;
  readonly floats: Float32Array;
  /** The caller's scratch space, for results of chunks. It holds nothing between calls. */
  readonly scratch: Float64Array;
  readonly #exports: PoolExports;
  readonly #head: Int32Array;
  readonly #done: Int32Array;
  readonly #states: Int32Array;
  readonly #pointer: number;
  readonly #work: number;
  readonly #members: Thread[] = [];
  #failure: EngineError | undefined;

  /**
   * Starts the threads, and waits until all are there. Throws ThreadError, with none left, when one cannot be
   * started.
   */
  static async start(setup: PoolSetup): Promise<ThreadPool> {
    const pool = new ThreadPool(setup);
    try {
      await pool.#startMembers(setup);
      return pool;
    } catch (error) {
      pool.stop();
      throw error;
    }
  }

  private constructor({ exports, memory, threads, pointer, work, workBytes }: PoolSetup) {
    this.threads = threads;
    this.#exports = exports;
    this.#pointer = pointer;
    this.#work = work[0];
    // Shared memory is never detached: these views stay good when it grows.
    const { buffer } = memory;
    new Int32Array(buffer, pointer + THREADS, 1)[0] = threads;
    this.#head = new Int32Array(buffer, pointer + JOB, HEAD);
    this.words = new Int32Array(buffer, pointer + JOB + 4 * HEAD, 32 - HEAD);
    this.floats = new Float32Array(buffer, pointer + JOB + 4 * HEAD, 32 - HEAD);
    this.scratch = new Float64Array(buffer, work[0], Math.floor(workBytes / 8));
    this.#done = new Int32Array(buffer, pointer + DONE, 1);
    this.#states = new Int32Array(buffer, pointer + STATE, threads);
  }

  async #startMembers({ module, memory, threads, pointer, work }: PoolSetup): Promise<void> {
    const starts: Promise<void>[] = [];
    for (let index = 1; index < threads; index++) {
      const state = pointer + STATE + 4 * index;
      const setup = { module, memory, pool: pointer, index, work: work[index], state };
      const name = `thread ${index + 1} of ${threads}`;
      starts.push(this.#startMember(setup, name));
    }
    const outcomes = await Promise.allSettled(starts);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!failed) return;
    const running = 1 + outcomes.filter(({ status }) => status === 'fulfilled').length;
    throw new ThreadError('threads', (failed.reason as Error).message, running, { cause: failed.reason });
  }

  #startMember(setup: ThreadSetup, name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string, cause?: unknown) => {
        clearTimeout(timer);
        reject(new Error(reason, { cause }));
      };
      const timer = setTimeout(
        () => fail(`${name} did not start within ${START_TIMEOUT / 1000} s`),
        START_TIMEOUT,
      );
      let started = false;
      try {
        const member = platform.startThread(setup, {
          ready() {
            clearTimeout(timer);
            started = true;
            resolve();
          },
          ended: (reason) => {
            // Until all have had their turn, those that do start are counted and not ended.
            if (started) this.#fail(`${name} has ended: ${reason}`);
            else fail(`${name} could not be started: ${reason}`);
          },
        });
        this.#members.push(member);
      } catch (cause) {
        fail(`${name} could not be started: ${cause}`, cause);
      }
    });
  }

  /** Why the pool computes no more; undefined while it does. */
  get failure(): EngineError | undefined {
    return this.#failure;
  }

  /**
   * Does the job whose arguments stand in `words`: `chunks` of so many rows and columns. Throws EngineError
   * when a thread is lost; the pool is then at its end.
   */
  run(kernel: number, chunks: number, rows: number, columns = 0): void {
    if (this.#failure) throw this.#failure;
    this.#head[0] = kernel;
    this.#head[1] = rows;
    this.#head[2] = columns;
    let finished = 0;
    try {
      finished = this.#exports.pool_run(this.#pointer, this.#work, chunks);
    } catch (cause) {
      // Others may be at work on it still: no further job can be told from this one.
      this.#fail(`a kernel failed: ${cause}`);
      throw this.#failure;
    }
    if (finished === 0) this.#await(chunks);
  }

  /** The slow path: someone else's chunk is not done yet. */
  #await(chunks: number): void {
    const nap = platform.mayWait ? BigInt(NAP * 1e6) : 0n;
    let done = -1;
    let silence = 0;
    let last = performance.now();
    while (this.#exports.pool_wait(this.#pointer, chunks, nap) === 0) {
      const now = performance.now();
      // A machine so busy that this thread was not heard for long does not hear the others either.
      silence += now - last < 2 * NAP ? now - last : NAP / 10;
      last = now;
      const doneNow = Atomics.load(this.#done, 0);
      if (doneNow !== done) silence = 0;
      done = doneNow;
      const failed = this.#states.indexOf(FAILED);
      if (failed > 0) this.#fail(`thread ${failed + 1} of ${this.threads} has failed`);
      else if (silence > SILENCE) this.#fail(`a thread has not answered for ${SILENCE / 1000} s`);
      if (this.#failure) throw this.#failure;
    }
  }

  #fail(reason: string): void {
    if (this.#failure) return;
    this.#failure = failure(`${reason}; create a new engine to go on`);
    this.#end();
  }

  /** Ends all threads; the pool computes no more. Twice is fine. */
  stop(): void {
    this.#failure ??= failure('this engine has been disposed of');
    this.#end();
  }

  #end(): void {
    const members = this.#members.splice(0);
    if (members.length === 0) return;
    this.#exports.pool_stop(this.#pointer);
    for (const member of members) member.end();
  }
}

function failure(message: string): EngineError {
  return new EngineError('threads', message);
}
