/**
 * The machine's cores as a pool: a process for each, one task at a time. A process that is lost (killed, out
 * of memory) costs no task: another one begins it anew. Node only.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { checkInteger } from '../base/options.js';
import { type Executor, RunError, type RunOptions } from './executor.js';
import type { PoolMessage, WorkerMessage } from './worker.js';

export interface PoolOptions<Setup> {
  /** Of the module that calls `serve`; JavaScript, as Node runs it. */
  readonly module: URL;
  /** What each process is told at first. A plain value. */
  readonly setup: Setup;
  /** Processes; by default one for each core. They are started when there is work for them. */
  readonly width?: number | undefined;
  /**
   * How often a task is begun anew when its process was lost; 2 by default. One that throws has failed, and
   * is not.
   */
  readonly retries?: number;
}

interface Job<Task> {
  readonly task: Task;
  readonly label: string;
  readonly options: RunOptions;
  losses: number;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export class WorkerPool<Task, Setup> implements Executor<Task> {
  readonly width: number;
  readonly #module: URL;
  readonly #setup: Setup;
  readonly #retries: number;
  #waiting: Job<Task>[] = [];
  readonly #idle: ChildProcess[] = [];
  readonly #busy = new Map<ChildProcess, Job<Task>>();
  /** Those that have not ended yet, also when they were told to. */
  readonly #living = new Map<ChildProcess, Promise<void>>();
  readonly #heeded = new WeakSet<AbortSignal>();
  #closed = false;

  /** Throws OptionError for a number of processes below 1, or of retries below 0. */
  constructor({ module, setup, width = availableParallelism(), retries = 2 }: PoolOptions<Setup>) {
    checkInteger('WorkerPool', 'width', width, { min: 1 });
    checkInteger('WorkerPool', 'retries', retries, { min: 0 });
    this.width = width;
    this.#module = module;
    this.#setup = setup;
    this.#retries = retries;
  }

  run(task: Task, label: string, options: RunOptions = {}): Promise<unknown> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#closed) return Promise.reject(new RunError(label, 'the workers have been stopped'));
    if (signal) this.#heed(signal);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, label, options, losses: 0, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#drop(
      () => true,
      ({ label }) => new RunError(label, 'the workers have been stopped'),
    );
    for (const worker of this.#living.keys()) worker.kill('SIGKILL');
    await Promise.all(this.#living.values());
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#busy.size < this.width && !this.#closed) {
      const job = this.#waiting.shift() as Job<Task>;
      const worker = this.#idle.pop() ?? this.#start();
      this.#busy.set(worker, job);
      this.#tell(worker, { task: job.task });
      job.options.onStart?.();
    }
  }

  #start(): ChildProcess {
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
    const worker = fork(this.#module, { execArgv: [], serialization: 'advanced', stdio: [...stdio] });
    const ended = new Promise<void>((resolve) => {
      const end = (how: string) => {
        this.#living.delete(worker);
        this.#lose(worker, how);
        resolve();
      };
      worker.on('error', ({ message }) => end(`failed: ${message}`));
      worker.on('exit', (code, signal) =>
        end(signal ? `was ended by ${signal}` : `ended with status ${code}`),
      );
    });
    this.#living.set(worker, ended);
    worker.on('message', (message: WorkerMessage) => this.#hear(worker, message));
    this.#tell(worker, { setup: this.#setup });
    return worker;
  }

  #tell(worker: ChildProcess, message: PoolMessage<Task, Setup>): void {
    // What cannot be sent meets a process that is gone, whose end is about to be heard of.
    worker.send(message, () => {});
  }

  #hear(worker: ChildProcess, message: WorkerMessage): void {
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

  /** A worker is gone; what it was at is next, unless it has cost too many already. */
  #lose(worker: ChildProcess, how: string): void {
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    if (job && job.losses++ < this.#retries) this.#waiting.unshift(job);
    else job?.reject(new RunError(job.label, `its worker ${how} (attempt ${job.losses})`));
    this.#next();
  }

  /** One listener for a signal, however many tasks have it. */
  #heed(signal: AbortSignal): void {
    if (this.#heeded.has(signal)) return;
    this.#heeded.add(signal);
    const abort = () => {
      this.#drop(
        ({ options }) => options.signal === signal,
        () => signal.reason,
      );
      this.#next();
    };
    signal.addEventListener('abort', abort, { once: true });
  }

  /**
   * Ends the tasks that are meant. A worker that computes hears nothing: it is killed, and the next task gets
   * a new one.
   */
  #drop(meant: (job: Job<Task>) => boolean, reason: (job: Job<Task>) => unknown): void {
    const dropped = this.#waiting.filter(meant);
    this.#waiting = this.#waiting.filter((job) => !meant(job));
    for (const [worker, job] of this.#busy) {
      if (!meant(job)) continue;
      dropped.push(job);
      this.#busy.delete(worker);
      worker.kill('SIGKILL');
    }
    for (const job of dropped) job.reject(reason(job));
  }
}
