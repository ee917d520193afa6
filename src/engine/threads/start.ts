/** Starts the threads of an engine over the memory of an instance. */
import type { WasmGlobal } from '../../base/globals.js';
import { type Kernels, RESERVED_BYTES } from '../kernels.js';
import { threadedKernels } from './kernels.js';
import { POOL_BYTES, type PoolExports, ThreadPool } from './pool.js';
import { Splitter } from './split.js';

/** What the threads share: a binary with threads, and its shared memory. */
interface Instance {
  readonly memory: WasmGlobal<'Memory'>;
  readonly kernels: Kernels;
  readonly exports: WebAssembly.Exports;
  readonly buffer: ArrayBufferLike;
  reserve(bytes: number): void;
}

/**
 * The pool, kernels that use it or so many of its threads, and the first bytes of memory that now belong to
 * the kernels. Throws ThreadError where one does not start.
 */
export async function startThreads(
  instance: Instance,
  module: WasmGlobal<'Module'>,
  threads: number,
  worth?: number,
): Promise<{
  pool: ThreadPool;
  kernels: Kernels;
  kernelsOn: (threads: number) => Kernels;
  reservedBytes: number;
}> {
  const { memory, kernels } = instance;
  // The pool behind the kernels' own bytes, and the threads' scratch spaces behind it.
  const workBytes = Math.ceil(kernels.workspace_size() / 64) * 64;
  const pointer = Math.ceil(RESERVED_BYTES / 64) * 64;
  const work = Array.from({ length: threads }, (_, i) => pointer + POOL_BYTES + i * workBytes);
  const reservedBytes = pointer + POOL_BYTES + threads * workBytes;
  instance.reserve(reservedBytes);
  const exports = instance.exports as unknown as PoolExports;
  const pool = await ThreadPool.start({ exports, module, memory, threads, pointer, work, workBytes });
  const kernelsOn = (count: number) =>
    threadedKernels(kernels, pool, new Splitter(count, worth), () => instance.buffer);
  return { pool, kernels: kernelsOn(threads), kernelsOn, reservedBytes };
}
