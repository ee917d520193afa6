/** The tool's threads: each holds the tests, and is given one task after the other. */
import { Worker } from 'node:worker_threads';
import type { Task } from './worker.js';

/**
 * Milliseconds: a thread that says nothing of a mutant for so long hangs outside the kernels, where no budget
 * ends it. All tests together may take longer.
 */
const SILENCE = { mutant: 600_000, reach: 3_600_000 };

export class Thread {
  readonly #script: string;
  readonly #bytes: Uint8Array;
  #worker: Worker | undefined;

  constructor(script: string, bytes: Uint8Array) {
    this.#script = script;
    this.#bytes = bytes;
  }

  /** The answer; undefined where the thread had to be ended. The next task gets a new one. */
  async ask<T>(task: Task): Promise<T | undefined> {
    this.#worker ??= await this.#start();
    const worker = this.#worker;
    const answer = await heard<T>(worker, SILENCE[task.kind], () => worker.postMessage(task));
    if (answer === undefined) {
      this.#worker = undefined;
      await worker.terminate();
    }
    return answer;
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(this.#script, { workerData: { bytes: this.#bytes } });
    if ((await heard(worker, SILENCE.reach)) === undefined) throw new Error('the tests did not load');
    return worker;
  }
}

function heard<T>(worker: Worker, silence: number, ask?: () => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(() => resolve(undefined)), silence);
    const answered = (answer: T) => finish(() => resolve(answer));
    const failed = (error: Error & { code?: string }) =>
      finish(() => (error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? resolve(undefined) : reject(error)));
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      worker.off('message', answered).off('error', failed);
      settle();
    };
    worker.on('message', answered).on('error', failed);
    ask?.();
  });
}
