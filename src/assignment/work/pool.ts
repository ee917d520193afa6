/**
 * The process's cores as a pool: a worker thread for each, with an engine and the data of its own, one task at a time.
 * Node only. What a task is, and what comes of it, is no business of the pool's.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { LanegradError } from '../../base/errors.js';
import type { LongOptions } from '../types.js';
import type { Task } from './tasks.js';

export interface RunOptions extends LongOptions {
  /** The task's turn has come. */
  onStart?: () => void;
}

/** Whatever runs tasks: a pool of workers, or this thread. */
export interface Executor {
  /** How many tasks run at the same time. */
  readonly width: number;
  /** Rejects with RunError when the task fails, and with the signal's reason when it is aborted. */
  run(task: Task, label: string, options?: RunOptions): Promise<unknown>;
  /** Ends what runs. Twice is fine. */
  close(): Promise<void>;
}

/** A task failed. `where` is its label. */
export class RunError extends LanegradError {}

/** What a worker is told once. */
export interface WorkerSetup {
  /** A folder with IDX files; MNIST when absent. */
  readonly data?: string | undefined;
}

/** What a worker says. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: { what: string; done: number; total: number } }
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly message: string };

interface Job {
  readonly task: Task;
  readonly label: string;
  readonly options: RunOptions;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Memory is what limits this: a worker with MNIST holds some 200 MB. */
const MOST_WORKERS = 16;

export class WorkerPool implements Executor {
  readonly width: number;
  readonly #setup: WorkerSetup;
  readonly #waiting: Job[] = [];
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Job>();
  readonly #heeded = new WeakSet<AbortSignal>();
  #closed = false;

  constructor(setup: WorkerSetup = {}, width: number = availableParallelism()) {
    this.#setup = setup;
    this.width = Math.max(1, Math.min(width, MOST_WORKERS));
  }

  run(task: Task, label: string, options: RunOptions = {}): Promise<unknown> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#closed) return Promise.reject(new RunError(label, 'the workers have been stopped'));
    if (signal) this.#heed(signal);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, label, options, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const workers = [...this.#idle, ...this.#busy.keys()];
    const jobs = [...this.#waiting, ...this.#busy.values()];
    this.#waiting.length = 0;
    this.#idle.length = 0;
    this.#busy.clear();
    for (const { label, reject } of jobs) reject(new RunError(label, 'the workers have been stopped'));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#busy.size < this.width && !this.#closed) {
      const job = this.#waiting.shift() as Job;
      const worker = this.#idle.pop() ?? this.#start();
      this.#busy.set(worker, job);
      worker.postMessage(job.task);
      job.options.onStart?.();
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: this.#setup });
    worker.on('message', (message: WorkerMessage) => this.#hear(worker, message));
    worker.on('error', (error) => {
      this.#fail(worker, error instanceof Error ? error.message : String(error));
    });
    worker.on('exit', (code) => this.#fail(worker, `its worker ended with status ${code}`));
    return worker;
  }

  #hear(worker: Worker, message: WorkerMessage): void {
    const job = this.#busy.get(worker);
    if (!job) return;
    if (message.kind === 'progress') {
      job.options.onProgress?.(message.progress);
      return;
    }
    this.#busy.delete(worker);
    this.#idle.push(worker);
    if (message.kind === 'result') job.resolve(message.result);
    else job.reject(new RunError(job.label, message.message));
    this.#next();
  }

  /** A worker is gone; what it was at has failed. */
  #fail(worker: Worker, message: string): void {
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    job?.reject(new RunError(job.label, message));
    this.#next();
  }

  /** One listener for a signal, however many tasks have it. */
  #heed(signal: AbortSignal): void {
    if (this.#heeded.has(signal)) return;
    this.#heeded.add(signal);
    signal.addEventListener('abort', () => this.#abort(signal), { once: true });
  }

  /** A worker computes without a pause and hears nothing: it is ended, and the next task gets a new one. */
  #abort(signal: AbortSignal): void {
    const aborted = (job: Job) => job.options.signal === signal;
    const jobs = this.#waiting.filter(aborted);
    const rest = this.#waiting.filter((job) => !aborted(job));
    this.#waiting.splice(0, this.#waiting.length, ...rest);
    for (const [worker, job] of this.#busy) {
      if (!aborted(job)) continue;
      jobs.push(job);
      this.#busy.delete(worker);
      void worker.terminate();
    }
    for (const { reject } of jobs) reject(signal.reason);
    this.#next();
  }
}
