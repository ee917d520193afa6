/**
 * A thread of an engine, in Node: an instance of the kernels over the engine's memory, computing until the pool is stopped. Plain
 * JavaScript, since a worker must be a real file in the sources too.
 */
import { parentPort, workerData } from 'node:worker_threads';

/** @type {import('../../base/platform/types.js').ThreadSetup} */
const { module, memory, pool, index, work, state } = workerData;
try {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const run = /** @type {(pool: number, index: number, work: number) => void} */ (exports.thread_main);
  parentPort?.postMessage('ready');
  run(pool, index, work);
} catch (error) {
  // The engine's thread may be waiting for this one, deaf to events.
  Atomics.store(new Int32Array(memory.buffer), state / 4, 2);
  throw error;
}
