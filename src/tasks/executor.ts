/**
 * What work is to those who hand it out: tasks that take long, and whatever runs them. What a task is, is its
 * user's business.
 */
import { LanegradError } from '../base/errors.js';
import type { Global } from '../base/globals.js';

/** How far a long task has come; `done` of `total`, in the unit that `what` names. */
export interface Progress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
  /** A plain value that the task's user understands. */
  readonly detail?: unknown;
}

/** Accepted by everything that takes long. An abort rejects with the signal's reason. */
export interface LongOptions {
  onProgress?: (progress: Progress) => void;
  signal?: Global<'AbortSignal'>;
}

export interface RunOptions extends LongOptions {
  /** The task's turn has come; called again when it is begun anew because its worker was lost. */
  onStart?: () => void;
}

/** Does a task. Settings and results are plain values. */
export type Work<Task> = (task: Task, options: LongOptions) => Promise<unknown>;

/** Whatever runs tasks: a pool of processes, or this thread. */
export interface Executor<Task> {
  /** How many tasks run at the same time. */
  readonly width: number;
  /** Rejects with RunError when the task fails, and with the signal's reason when it is aborted. */
  run(task: Task, label: string, options?: RunOptions): Promise<unknown>;
  /** Ends what runs. Twice is fine. */
  close(): Promise<void>;
}

/** A task failed. `where` is its label. */
export class RunError extends LanegradError {
  static override readonly name: string = 'RunError';
}

/**
 * Does tasks in this thread: where there are no workers, and in tests. One at a time, unless tasks that wait for
 * something else leave room for others.
 */
export class LocalExecutor<Task> implements Executor<Task> {
  readonly width: number;
  readonly #work: Work<Task>;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(work: Work<Task>, width = 1) {
    this.width = width;
    this.#work = work;
  }

  async run(task: Task, _label: string, { onStart, ...options }: RunOptions = {}): Promise<unknown> {
    if (this.#busy < this.width) this.#busy++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      options.signal?.throwIfAborted();
      onStart?.();
      return await this.#work(task, options);
    } finally {
      // Whoever waits takes this one's place.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy--;
    }
  }

  async close(): Promise<void> {}
}
