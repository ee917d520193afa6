/** A worker thread of the pool: does the tasks that it is sent, one after the other, and reports. Node only. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerMessage, WorkerSetup } from './pool.js';
import { type Task, Workbench } from './tasks.js';

const port = parentPort;
if (!port) throw new Error('worker.js is started by the pool, as a worker thread');

const bench = new Workbench((workerData as WorkerSetup).data);
const say = (message: WorkerMessage) => port.postMessage(message);

port.on('message', async (task: Task) => {
  try {
    const result = await bench.run(task, { onProgress: (progress) => say({ kind: 'progress', progress }) });
    say({ kind: 'result', result });
  } catch (error) {
    say({ kind: 'error', message: error instanceof Error ? error.message : String(error) });
  }
});
