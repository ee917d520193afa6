/**
 * Runs a study's trials on whatever workers have come to a queue. The server is transport and no more: jobs that it
 * loses are put there again, and of results that come twice, which are the same, the first counts. Node only.
 */
import type { Global } from '../../base/globals.js';
import { type Executor, RunError, type RunOptions } from '../../tasks/executor.js';
import type { TrialTask } from '../objective/trial.js';
import { hasFiles, headOf, packFolder, unpackFolder } from './bundle.js';
import { type Queue, QueueConnection, type Redis, within } from './connection.js';
import { QueueError } from './error.js';
import { Ownership } from './ownership.js';
import {
  cancelKey,
  checkpointKey,
  type JobOutcome,
  type JobProgress,
  jobData,
  jobId,
  layDown,
  MOST_CHECKPOINT,
  MOST_RESULT,
  NOTE_KEY,
  parentKey,
  queueName,
  refusalsKey,
  resultKey,
  type StudyNote,
  sha256,
} from './protocol.js';

export interface QueueExecutorOptions {
  readonly url: string;
  /** Trials that are handed out at the same time at most. */
  readonly width: number;
  readonly note: StudyNote;
  readonly onMessage?: ((text: string) => void) | undefined;
  readonly signal?: Global<'AbortSignal'> | undefined;
}

interface Pending {
  readonly id: string;
  readonly task: TrialTask;
  readonly label: string;
  readonly options: RunOptions;
  /** It is on its way to the queue, or what came of it is on its way from there. */
  busy: boolean;
  /** Reports that were passed on. */
  told: number;
  /** A digest of the checkpoint when its workers had been lost too often the last time. */
  reached: string;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Milliseconds between two looks at what became of the jobs, for what no event has told. */
const INTERVAL = 1000;
/** Seconds that a worker has to hear that its job is not wanted. */
const CANCELLED_SECONDS = 600;
/** Milliseconds without any worker until that is said. */
const LONELY = 5000;
/** Milliseconds that closing waits for the server, which may be lost. */
const FAREWELL = 2000;

export class QueueExecutor implements Executor<TrialTask> {
  readonly width: number;
  readonly #connection: QueueConnection;
  readonly #ownership: Ownership;
  readonly #note: StudyNote;
  readonly #queue: Queue;
  readonly #say: (text: string) => void;
  readonly #pending = new Map<string, Pending>();
  readonly #timer: NodeJS.Timeout;
  /** Since when there has been no worker, and whether that was said; undefined while there is one. */
  #lonelySince: { readonly time: number; told: boolean } | undefined;
  #isStopped = false;
  #hadWorkers = false;
  #looking: Promise<void> | undefined;
  readonly #cancelling = new Set<Promise<void>>();
  #closed: Promise<void> | undefined;
  #failure: QueueError | undefined;

  /**
   * @throws OptionError for a URL that is none; QueueError when the server cannot be reached, or another coordinator
   * is at work there.
   */
  static async open(where: string, options: QueueExecutorOptions): Promise<QueueExecutor> {
    const { url, note, onMessage, signal } = options;
    const connection = await QueueConnection.open(where, url, onMessage);
    try {
      const ownership = await Ownership.acquire(connection, note, signal);
      return new QueueExecutor(connection, ownership, options);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  private constructor(
    connection: QueueConnection,
    ownership: Ownership,
    { width, note, onMessage = () => {} }: QueueExecutorOptions,
  ) {
    this.width = width;
    this.#connection = connection;
    this.#ownership = ownership;
    this.#note = note;
    this.#say = onMessage;
    const name = queueName(note.study);
    this.#queue = connection.queue(name);
    const events = connection.events(name);
    events.on('active', ({ jobId }) => this.#pending.get(jobId)?.options.onStart?.());
    events.on('progress', ({ jobId, data }) => this.#hear(jobId, data as unknown as JobProgress));
    events.on('completed', ({ jobId }) => this.#guard(this.#pending.get(jobId), (job) => this.#collect(job)));
    events.on('failed', ({ jobId }) => this.#guard(this.#pending.get(jobId), (job) => this.#fail(job)));
    this.#timer = setInterval(() => this.#look(), INTERVAL);
    this.#look();
  }

  run(task: TrialTask, label: string, options: RunOptions = {}): Promise<unknown> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new RunError(label, 'the queue has been closed'));
    const id = jobId(this.#note.study, task);
    return new Promise((resolve, reject) => {
      const leave = () => {
        signal?.removeEventListener('abort', abort);
        this.#pending.delete(id);
      };
      const job: Pending = {
        ...{ id, task, label, options, busy: false, told: 0, reached: '' },
        resolve: (result) => {
          leave();
          resolve(result);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const abort = () => {
        this.#isStopped = true;
        job.reject(signal?.reason);
        const cancelling = this.#cancel(id).catch(() => {});
        this.#cancelling.add(cancelling);
        void cancelling.then(() => this.#cancelling.delete(cancelling));
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#pending.set(id, job);
      this.#guard(job, () => this.#submit(job));
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    const left = [...this.#pending.values()];
    for (const job of left) job.reject(this.#failure ?? new RunError(job.label, 'the queue has been closed'));
    // The study of another coordinator is not ours to clear away, and a server that is lost hears nothing.
    const isOurs = !this.#failure && this.#connection.isReady;
    if (isOurs) await within(FAREWELL, this.#leave(left.map(({ id }) => id)));
    await this.#connection.close();
  }

  /** What workers are at is handed back with a checkpoint, for the time when the study goes on. */
  async #leave(left: readonly string[]): Promise<void> {
    await Promise.all([this.#looking, ...this.#cancelling]);
    for (const id of left) await this.#cancel(id);
    await this.#redis.del(NOTE_KEY, refusalsKey(this.#note.study));
    if (left.length === 0 && !this.#isStopped) await this.#clear();
    const active = await this.#queue.getActiveCount();
    if (active === 0) await this.#queue.obliterate({ force: true });
    await this.#ownership.release();
  }

  /** Removes what workers have laid down in vain, of trials that others have done. */
  async #clear(): Promise<void> {
    for (const keyOf of [checkpointKey, resultKey, parentKey]) {
      const match = keyOf(`${this.#note.study}-*`);
      for await (const keys of this.#redis.scanStream({ match, count: 1000 })) {
        if (keys.length > 0) await this.#redis.del(...(keys as string[]));
      }
    }
  }

  get #redis(): Redis {
    return this.#connection.redis;
  }

  /** Does something with a job unless something is being done with it; what goes wrong is the sweep's end. */
  #guard(job: Pending | undefined, act: (job: Pending) => Promise<void>): void {
    if (!job || job.busy) return;
    job.busy = true;
    act(job)
      .catch((error: unknown) => {
        if (!this.#closed) job.reject(this.#wrap(job.label, error));
      })
      .finally(() => {
        job.busy = false;
      });
  }

  #wrap(label: string, error: unknown): unknown {
    if (error instanceof RunError || error instanceof QueueError || !isOfServer(error)) return error;
    return new QueueError(this.#connection.shown, `${label}: ${(error as Error).message}`);
  }

  async #submit({ id, task, label }: Pending): Promise<void> {
    await this.#redis.del(cancelKey(id));
    const { folder, population } = task;
    // What another way of running the study has left.
    if (folder !== undefined && (await hasFiles(folder)) && !(await this.#redis.exists(checkpointKey(id)))) {
      const files = await packFolder(folder, { number: task.number }, MOST_CHECKPOINT);
      if (files) await layDown(this.#redis, checkpointKey(id), files);
    }
    const parent = population?.parent?.folder;
    if (parent !== undefined) {
      const files = await packFolder(parent, {}, MOST_RESULT);
      const most = `more than ${MOST_RESULT / 2 ** 20} MB, which is what a queue carries`;
      if (!files) throw new QueueError(this.#connection.shown, `${label}: what it goes on from has ${most}`);
      await layDown(this.#redis, parentKey(id), files);
    }
    // One that is there already, of a coordinator that went away, stays as it is.
    await this.#queue.add('trial', jobData(task), { jobId: id, removeOnComplete: true, removeOnFail: false });
    if (!this.#pending.has(id)) await this.#cancel(id);
  }

  /** Passes on each report once and none after a gap: what is lost of them comes with the result. */
  #hear(id: string, { after, reports }: JobProgress): void {
    const job = this.#pending.get(id);
    if (!job || after > job.told) return;
    for (const detail of reports.slice(job.told - after)) {
      job.options.onProgress?.({ what: 'reports', done: ++job.told, total: 0, detail });
    }
  }

  /** Takes what came of a job, if that is there. */
  async #collect(job: Pending): Promise<void> {
    const bytes = await this.#redis.getBuffer(resultKey(job.id));
    if (!bytes || !this.#pending.has(job.id)) return;
    const outcome = headOf(bytes) as JobOutcome;
    const { folder } = job.task;
    if (folder !== undefined && 'result' in outcome) await unpackFolder(bytes, folder);
    // Another worker may be at it still, to whom it was given in vain.
    await this.#cancel(job.id, 'done');
    await this.#redis.del(resultKey(job.id), checkpointKey(job.id), parentKey(job.id));
    if ('result' in outcome) job.resolve(outcome.result);
    else job.reject(new RunError(job.label, outcome.error));
  }

  /** A job was given up by the queue. */
  async #fail(job: Pending): Promise<void> {
    const found = await this.#queue.getJob(job.id);
    const reason = found?.failedReason;
    if (!found || reason === undefined) return;
    await found.remove();
    // BullMQ's own words for a job whose workers were lost too often.
    if (/stalled more than/.test(reason)) {
      const checkpoint = await this.#redis.getBuffer(checkpointKey(job.id));
      const reached = checkpoint === null ? '' : sha256(checkpoint);
      if (reached === job.reached) throw new RunError(job.label, 'its workers were lost too often');
      // It gets on all the same.
      job.reached = reached;
      return this.#submit(job);
    }
    throw new QueueError(this.#connection.shown, `${job.label}: ${reason}`);
  }

  /** Takes a job from the queue, or tells its worker that it is not wanted. */
  async #cancel(id: string, why: 'stopped' | 'done' = 'stopped'): Promise<void> {
    await this.#redis.set(cancelKey(id), why, 'EX', CANCELLED_SECONDS);
    await this.#queue.remove(id).catch(() => {});
  }

  /** Looks at everything: owner, note, and each job, whatever events have told or not. */
  #look(): void {
    if (this.#looking || this.#closed || !this.#connection.isReady) return;
    this.#looking = this.#lookAtAll()
      .catch((error: unknown) => {
        if (error instanceof QueueError) this.#end(error);
        // Other failures are those of a server that comes and goes: the next look is as good.
      })
      .finally(() => {
        this.#looking = undefined;
      });
  }

  async #lookAtAll(): Promise<void> {
    await this.#ownership.renew();
    await this.#tell();
    await this.#lookAtJobs([...this.#pending.values()].filter(({ busy }) => !busy));
    await this.#lookForWorkers();
  }

  async #lookAtJobs(jobs: readonly Pending[]): Promise<void> {
    if (jobs.length === 0) return;
    // The jobs first: a worker lays down the result before its job goes.
    const isThere = this.#redis.pipeline();
    for (const { id } of jobs) isThere.exists(this.#queue.toKey(id));
    const there = await answers(isThere);
    const rest = this.#redis.pipeline();
    for (const { id } of jobs) rest.exists(resultKey(id)).zscore(this.#queue.toKey('failed'), id);
    const found = await answers(rest);
    for (const [i, job] of jobs.entries()) {
      if (job.busy || !this.#pending.has(job.id)) continue;
      if (found[2 * i]) this.#guard(job, () => this.#collect(job));
      else if (!there[i]) this.#guard(job, () => this.#submit(job));
      else if (found[2 * i + 1] !== null) this.#guard(job, () => this.#fail(job));
    }
  }

  /** Tells workers which study this is, in place of what is left of another one. */
  async #tell(): Promise<void> {
    const note = JSON.stringify(this.#note);
    const before = await this.#redis.get(NOTE_KEY);
    if (before === note) return;
    await this.#redis.set(NOTE_KEY, note);
    const { study } = (before === null ? {} : JSON.parse(before)) as Partial<StudyNote>;
    if (study === undefined || study === this.#note.study) return;
    this.#say(`the queue had another study, ${study}, whose coordinator is gone; its jobs are removed`);
    const old = this.#connection.queue(queueName(study));
    await old.obliterate({ force: true });
    await old.close();
  }

  async #lookForWorkers(): Promise<void> {
    for (;;) {
      const refusal = await this.#redis.lpop(refusalsKey(this.#note.study));
      if (refusal === null) break;
      this.#say(`a worker has refused: ${refusal}`);
    }
    const now = performance.now();
    if ((await this.#queue.getWorkersCount()) > 0) {
      this.#hadWorkers = true;
      this.#lonelySince = undefined;
      return;
    }
    this.#lonelySince ??= { time: now, told: false };
    if (this.#lonelySince.told || now - this.#lonelySince.time < LONELY) return;
    this.#lonelySince.told = true;
    const { shown } = this.#connection;
    const state = this.#hadWorkers ? `no worker is left at ${shown}` : `no worker has come to ${shown} yet`;
    this.#say(`${state}; lanegrad sweep worker --queue ${shown} starts one`);
  }

  /** Nothing more can be done here. */
  #end(error: QueueError): void {
    this.#failure ??= error;
    for (const job of [...this.#pending.values()]) job.reject(this.#failure);
  }
}

async function answers(asked: ReturnType<Redis['pipeline']>): Promise<unknown[]> {
  const all = (await asked.exec()) ?? [];
  return all.map(([error, answer]) => {
    if (error) throw error;
    return answer;
  });
}

/** Whether an error is what the server or its client said, and none of a file. */
function isOfServer(error: unknown): boolean {
  return error instanceof Error && /Error$/.test(error.name) && !('where' in error);
}
