/**
 * A worker of sweeps: takes trials from a queue and does them, in processes of one thread each, until it is stopped.
 * It needs no folder in common with the coordinator, and may come and go at any time. Node only.
 */
import { rm } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileError } from '../../base/errors.js';
import type { Global } from '../../base/globals.js';
import { isSignal, isText, OptionReader } from '../../base/options.js';
import { RunError } from '../../tasks/executor.js';
import { WorkerPool } from '../../tasks/pool.js';
import { removeCheckpoints } from '../objective/training-run.js';
import type { TrialResult, TrialTask } from '../objective/trial.js';
import type { TrialReport } from '../trial.js';
import type { WorkerSetup } from '../worker.js';
import { admit } from './admission.js';
import { packFolder, unpackFolder } from './bundle.js';
import { type Job, QueueConnection, type Redis, within } from './connection.js';
import { QueueError } from './error.js';
import {
  cancelKey,
  checkpointKey,
  type Identity,
  identityHere,
  type JobData,
  type JobOutcome,
  type JobProgress,
  KEPT_SECONDS,
  LOCK_DURATION,
  layDown,
  MOST_CHECKPOINT,
  MOST_LOSSES,
  MOST_RESULT,
  NOTE_KEY,
  parentKey,
  queueName,
  refusalsKey,
  resultKey,
  STALLED_INTERVAL,
  type StudyNote,
} from './protocol.js';
import { Scratch } from './scratch.js';

/** What `sweepWorker` is told. */
export interface SweepWorkerOptions {
  /** Where the sweep's coordinator hands its trials out: `redis://host:6379`. */
  readonly queue: string;
  /** Processes of one thread each, by default one for each core. */
  readonly workers?: number;
  /** Stops the worker: what it is at is handed back with a checkpoint, and it resolves. */
  readonly signal?: Global<'AbortSignal'>;
  /** What there is to know: which study it works at, that the queue was lost or is back. */
  readonly onMessage?: (text: string) => void;
  /** After each trial that was done here. */
  readonly onTrial?: (trial: { readonly number: number; readonly state: string }) => void;
}

/** Milliseconds between two looks at whether there is a study, and at whether its trials are wanted still. */
const WAITING_INTERVAL = 250;
const INTERVAL = 1000;
/** Milliseconds between two messages of how a trial goes, at least. */
const PROGRESS_INTERVAL = 250;
/** Milliseconds between two looks at a trial's checkpoint; sending one takes no more than a twentieth of the time. */
const CHECKPOINT_INTERVAL = 3000;
const CHECKPOINT_SHARE = 20;
/** How often a process is started again for a trial before the trial counts as failed. */
const RETRIES = 20;
/** Milliseconds that an orderly stop may take. */
const FAREWELL = 10_000;
const MOST_WORKERS = 64;

/** Why a trial is ended before its end. */
const STOPPED = new Error('the worker is stopped');
const UNWANTED = new Error('the sweep is stopped');
const DONE = new Error('another worker has done the trial');

/**
 * Works at the sweeps that come to a queue until `signal` is aborted.
 *
 * @returns how many trials were done.
 * @throws OptionError for a URL that is none; QueueError when the queue cannot be reached, and for a study of another
 * version of lanegrad; DataError when the data here are not those of the coordinator.
 */
export async function sweepWorker(options: SweepWorkerOptions): Promise<{ readonly trials: number }> {
  const where = 'sweepWorker';
  const reader = new OptionReader(where, options);
  const url = reader.required('queue', 'a URL such as redis://host:6379', isText);
  const width = reader.integer('workers', { min: 1, max: MOST_WORKERS }, availableParallelism());
  const signal = reader.optional('signal', 'an AbortSignal', isSignal);
  const onMessage = reader.callback<NonNullable<SweepWorkerOptions['onMessage']>>('onMessage');
  const onTrial = reader.callback<NonNullable<SweepWorkerOptions['onTrial']>>('onTrial');
  reader.end();
  if (signal?.aborted) return { trials: 0 };
  const connection = await QueueConnection.open(where, url, onMessage);
  let scratch: Scratch | undefined;
  let trials = 0;
  try {
    scratch = await Scratch.open();
    const identity = await identityHere();
    const here = { connection, scratch: scratch.path, width, identity, onMessage, onTrial };
    onMessage?.(`waiting for trials at ${connection.shown}`);
    while (!signal?.aborted) {
      const note = await readNote(connection, signal);
      if (!note) continue;
      trials += await serve(here, note, signal);
    }
    return { trials };
  } finally {
    await connection.close();
    await scratch?.close();
  }
}

interface Here {
  readonly connection: QueueConnection;
  readonly scratch: string;
  readonly width: number;
  readonly identity: Identity;
  readonly onMessage: ((text: string) => void) | undefined;
  readonly onTrial: SweepWorkerOptions['onTrial'] | undefined;
}

/** After a while undefined when there is no study, or the worker is stopped. */
async function readNote({ redis }: QueueConnection, signal?: AbortSignal): Promise<StudyNote | undefined> {
  const stopped = new Promise<undefined>((resolve) =>
    signal?.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  const text = await Promise.race([redis.get(NOTE_KEY), stopped]);
  if (text) return JSON.parse(text) as StudyNote;
  await sleep(WAITING_INTERVAL, undefined, { ...(signal && { signal }) }).catch(() => {});
  return undefined;
}

/** Works at one study until there is another one, or the worker is stopped. */
async function serve(here: Here, note: StudyNote, signal?: AbortSignal): Promise<number> {
  const { connection, identity, onMessage } = here;
  let setup: WorkerSetup;
  try {
    setup = await admit(note, identity, connection.shown);
  } catch (error) {
    const reason = `${hostname()}, process ${process.pid}: ${(error as Error).message}`;
    await connection.redis.rpush(refusalsKey(note.study), reason);
    await connection.redis.expire(refusalsKey(note.study), KEPT_SECONDS);
    throw error;
  }
  if (signal?.aborted) return 0;
  onMessage?.(`working at ${note.name} of ${note.host}`);
  const service = new Service(here, note, setup);
  try {
    await service.untilOver(signal);
    return service.trials;
  } finally {
    await service.close();
  }
}

/** A study's jobs in this worker. */
class Service {
  readonly #here: Here;
  readonly #note: StudyNote;
  readonly #pool: WorkerPool<TrialTask, WorkerSetup>;
  readonly #worker: ReturnType<QueueConnection['worker']>;
  readonly #active = new Map<string, AbortController>();
  readonly #over: Promise<void>;
  #end!: (error?: Error) => void;
  #stopped = false;
  trials = 0;

  constructor(here: Here, note: StudyNote, setup: WorkerSetup) {
    this.#here = here;
    this.#note = note;
    this.#over = new Promise((resolve, reject) => {
      this.#end = (error) => (error ? reject(error) : resolve());
    });
    this.#over.catch(() => {});
    const module = new URL('../worker.js', import.meta.url);
    this.#pool = new WorkerPool({ module, setup, width: here.width, retries: RETRIES });
    this.#worker = here.connection.worker(queueName(note.study), (job, token) => this.#work(job, token), {
      concurrency: here.width,
      lockDuration: LOCK_DURATION,
      stalledInterval: STALLED_INTERVAL,
      maxStalledCount: MOST_LOSSES,
    });
  }

  /** Rejects when this machine can do no more. */
  async untilOver(signal?: AbortSignal): Promise<void> {
    const stop = () => this.#end();
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    let looking = false;
    const timer = setInterval(() => {
      if (looking || !this.#here.connection.isReady) return;
      looking = true;
      this.#look()
        .catch(() => {})
        .finally(() => {
          looking = false;
        });
    }, INTERVAL);
    try {
      await this.#over;
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Hands back what is being done. */
  async close(): Promise<void> {
    this.#stopped = true;
    for (const controller of this.#active.values()) controller.abort(STOPPED);
    const closed = this.#worker.close();
    // Nothing can be handed back to a server that is lost, which finds that out itself when it is back.
    if (this.#here.connection.isReady) await within(FAREWELL, closed);
    await this.#pool.close();
  }

  get #redis(): Redis {
    return this.#here.connection.redis;
  }

  /** Whether there is another study now, and which jobs are not wanted any more. */
  async #look(): Promise<void> {
    const text = await this.#redis.get(NOTE_KEY);
    if (text !== null && (JSON.parse(text) as StudyNote).study !== this.#note.study) this.#end();
    const ids = [...this.#active.keys()];
    if (ids.length === 0) return;
    const cancelled = await this.#redis.mget(ids.map(cancelKey));
    for (const [i, found] of cancelled.entries()) {
      if (found !== null) this.#active.get(ids[i])?.abort(found === 'done' ? DONE : UNWANTED);
    }
  }

  async #work(job: Job, token: string): Promise<unknown> {
    const id = job.id!;
    // Another worker has done it, to whom it was given when this one was thought lost, or nobody wants it.
    if ((await this.#redis.exists(resultKey(id))) || (await this.#redis.exists(cancelKey(id)))) return null;
    if (this.#stopped) throw await this.#here.connection.giveBack(job, token);
    const { hasParent, number, population } = job.data as JobData;
    // The coordinator hands out again what comes to nothing, with the files that the server has lost.
    if (hasParent && !(await this.#redis.exists(parentKey(id)))) return null;
    const controller = new AbortController();
    this.#active.set(id, controller);
    const folder = join(this.#here.scratch, id);
    try {
      const outcome = await this.#do(job, folder, controller.signal);
      if ('result' in outcome && outcome.result.state === 'stopped') {
        const { reason = '' } = outcome.result;
        this.#end(new QueueError(this.#here.connection.shown, `this worker can do no more: ${reason}`));
        throw STOPPED;
      }
      // Members of a population go on from each other's checkpoints.
      if (!population) await removeCheckpoints(folder);
      await this.#deliver(id, folder, outcome);
      this.trials++;
      this.#here.onTrial?.({ number, state: 'result' in outcome ? outcome.result.state : 'failed' });
      return null;
    } catch (error) {
      // A disk that is full, say, is no fault of the trial's.
      if (error instanceof FileError) this.#end(error);
      else if (error !== STOPPED && error !== UNWANTED && error !== DONE) throw error;
      if (error === DONE) {
        await this.#redis.del(checkpointKey(id));
        return null;
      }
      await this.#keep(id, folder).catch(() => {});
      if (error === UNWANTED) return null;
      throw await this.#here.connection.giveBack(job, token);
    } finally {
      this.#active.delete(id);
      for (const own of [folder, parentFolder(folder)]) {
        await rm(own, { recursive: true, force: true }).catch(() => {});
      }
    }
  }

  async #do(job: Job, folder: string, signal: AbortSignal): Promise<JobOutcome> {
    const { hasFolder, hasParent, population, ...others } = job.data as JobData;
    const id = job.id!;
    const parent = population?.parent && { ...population.parent, folder: undefined as string | undefined };
    if (parent && hasParent) {
      parent.folder = parentFolder(folder);
      const files = await this.#redis.getBuffer(parentKey(id));
      if (files) await unpackFolder(files, parent.folder);
    }
    const task: TrialTask = {
      ...others,
      folder: hasFolder ? folder : undefined,
      ...(population && { population: { ...population, ...(parent && { parent }) } }),
    };
    await rm(folder, { recursive: true, force: true });
    const before = hasFolder ? await this.#redis.getBuffer(checkpointKey(id)) : null;
    // One that is damaged costs time and nothing else.
    if (before) await unpackFolder(before, folder).catch(() => rm(folder, { recursive: true, force: true }));
    const reporter = new Reporter(job);
    const keeping = hasFolder ? this.#keepFromTimeToTime(id, folder) : undefined;
    try {
      const result = await this.#pool.run(task, `trial ${task.number}`, {
        signal,
        onProgress: ({ detail }) => reporter.add(detail as TrialReport),
      });
      return { result: result as TrialResult };
    } catch (error) {
      if (error instanceof RunError && !signal.aborted) return { error: withoutLabel(error) };
      throw signal.aborted ? signal.reason : error;
    } finally {
      reporter.end();
      await keeping?.();
    }
  }

  /** Lays down what came of a job for the coordinator, unless that has it from another worker. */
  async #deliver(id: string, folder: string, outcome: JobOutcome): Promise<void> {
    if ((await this.#redis.get(cancelKey(id))) === 'done') return;
    let bytes = await packFolder(folder, outcome, MOST_RESULT);
    if (!bytes) {
      const most = `${MOST_RESULT / 2 ** 20} MB, which is what a queue carries`;
      bytes = await packFolder(undefined, { error: `its files have more than ${most}` }, MOST_RESULT);
    }
    await layDown(this.#redis, resultKey(id), bytes!);
  }

  /** Sends what a trial has in its folder, with which another worker goes on. */
  async #keep(id: string, folder: string): Promise<void> {
    if ((await this.#redis.get(cancelKey(id))) === 'done') return;
    const bytes = await packFolder(folder, {}, MOST_CHECKPOINT);
    if (bytes) await layDown(this.#redis, checkpointKey(id), bytes);
  }

  /** Returns what ends it. */
  #keepFromTimeToTime(id: string, folder: string): () => Promise<void> {
    const stop = new AbortController();
    const done = (async () => {
      let pause = CHECKPOINT_INTERVAL;
      for (;;) {
        await sleep(pause, undefined, { signal: stop.signal });
        if (!this.#here.connection.isReady) continue;
        const began = performance.now();
        await this.#keep(id, folder).catch(() => {});
        pause = Math.max(CHECKPOINT_INTERVAL, CHECKPOINT_SHARE * (performance.now() - began));
      }
    })().catch(() => {});
    return () => {
      stop.abort();
      return done;
    };
  }
}

/** Of what a trial goes on from. */
function parentFolder(folder: string): string {
  return `${folder}-parent`;
}

/** Tells how a trial goes, several reports at a time. What gets lost of it comes with the result. */
class Reporter {
  readonly #job: Job;
  #reports: TrialReport[] = [];
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(job: Job) {
    this.#job = job;
  }

  add(report: TrialReport): void {
    this.#reports.push(report);
    this.#timer ??= setTimeout(() => this.#send(), PROGRESS_INTERVAL);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #send(): void {
    const progress: JobProgress = { after: this.#sent, reports: this.#reports };
    this.#sent += this.#reports.length;
    this.#reports = [];
    this.#timer = undefined;
    this.#job.updateProgress({ ...progress }).catch(() => {});
  }
}

/** The coordinator says itself which trial it was. */
function withoutLabel({ message, where }: RunError): string {
  return message.startsWith(`${where}: `) ? message.slice(where.length + 2) : message;
}
