/**
 * A thread that does not keep its word, for the tests of faults: it claims a chunk as assembly/threads/pool.ts has it, and then
 * says nothing more (`silent`), or says that it failed (`failed`).
 */
import { parentPort, workerData } from 'node:worker_threads';

const { memory, pool, index, state, mode } = workerData;
const claim = new BigInt64Array(memory.buffer, pool + 640 + 64 * index, 1);
/** @param {bigint} word */
const hasChunk = (word) => Number(word & 0xffffffffn) < Number(word >> 32n);
parentPort?.postMessage('ready');
for (;;) {
  if (!hasChunk(Atomics.load(claim, 0))) continue;
  if (hasChunk(Atomics.add(claim, 0, 1n))) break;
}
if (mode === 'failed') Atomics.store(new Int32Array(memory.buffer), state / 4, 2);
