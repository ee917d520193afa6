/**
 * Many trials of one objective, to find the settings that suit it best: in this process, or in a pool of processes of
 * one thread each. The same study has the same trials, bit for bit, for any number of workers, and when it was stopped,
 * killed and gone on with. Node only.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { OptionError, show } from '../base/errors.js';
import type { Global } from '../base/globals.js';
import { checkPath, isSignal, isText, OptionReader } from '../base/options.js';
import { type Executor, LocalExecutor } from '../tasks/executor.js';
import { WorkerPool } from '../tasks/pool.js';
import { coordinate, type Shard } from './coordinate.js';
import {
  type Definition,
  type DefinitionOptions,
  type ObjectiveFacts,
  readDefinition,
} from './definition.js';
import { MOST_TRIALS } from './journal/records.js';
import { loadObjective } from './objective/module.js';
import { readTrainingObjective, Trainer, type TrainingObjective } from './objective/train.js';
import { doTrial, type ObjectiveFunction, type TrialTask } from './objective/trial.js';
import { copyBest, ReportWriter } from './outcome.js';
import type { RemoteObjective, RemoteOptions } from './queue/open.js';
import { Study, shardFolder } from './study.js';
import { bestOf, hasEnded, paretoFront, type Trial } from './trial.js';
import type { WorkerSetup } from './worker.js';

/** How far a sweep has come. */
export interface SweepProgress {
  /** Trials that have ended, and all there are to be. */
  readonly ended: number;
  readonly total: number;
  /** All that were begun, in the order of their numbers. */
  readonly trials: readonly Trial[];
  readonly running: readonly Trial[];
  /** Of those that are complete. */
  readonly best: Trial | undefined;
  /** Absent until a trial has ended. */
  readonly secondsLeft?: number;
}

/** What `sweep` is told. */
export interface SweepOptions extends DefinitionOptions {
  /**
   * What is to be made small or large: a function, which runs in this process; `{ module }`, the path or URL of a
   * JavaScript module whose default export is such a function; or a training, as `lanegrad train` does it.
   */
  readonly objective: ObjectiveFunction | { readonly module: string | Global<'URL'> } | TrainingObjective;
  /** How many trials there are to be. A grid has no more than its points. */
  readonly trials: number;
  /**
   * Processes of one thread each, by default one for each core; of a function in this process, how many of its calls
   * run at a time, 1 by default. With a queue, how many trials are handed out at a time, 64 by default.
   */
  readonly workers?: number;
  /**
   * `redis://host:6379`, of Redis or Valkey: trials are handed out there to whatever runs `sweepWorker`, or `lanegrad
   * sweep worker`, on any machine. Needs the packages bullmq and ioredis.
   */
  readonly queue?: string;
  /**
   * Where the study is kept, and goes on from when it is there. A function needs none, and its study is then nowhere
   * but in the result.
   */
  readonly folder?: string;
  /**
   * One of several parts of a study, of which each is done by itself and in a folder of its own within `folder`. For
   * trials that do not follow from each other's results.
   */
  readonly shard?: { readonly index: number; readonly of: number };
  /** Stops the sweep; `sweep` rejects with its reason, and the study in the folder goes on from there. */
  readonly signal?: Global<'AbortSignal'>;
  readonly onProgress?: (progress: SweepProgress) => void;
  /** After each trial that has ended. */
  readonly onTrial?: (trial: Trial) => void;
  /** What there is to know of a queue: that it is lost or back, and which workers were refused. */
  readonly onMessage?: (text: string) => void;
}

/** What a sweep came to. */
export interface SweepResult {
  /** In the order of their numbers. */
  readonly trials: readonly Trial[];
  /** The best of those that are complete; undefined when none is. Of several objectives, one of the front. */
  readonly best: Trial | undefined;
  /** The complete trials than which no other is better in everything. */
  readonly front: readonly Trial[];
  readonly folder: string | undefined;
}

/** How often a trial is begun anew whose process was lost: each time it goes on from its checkpoint. */
const RETRIES = 20;
/** Memory is what limits this. */
const MOST_WORKERS = 64;

/**
 * Runs a study to its end, or goes on with the one in `folder`.
 *
 * @throws OptionError for options that contradict themselves, or are not those of the study in the folder; FileError
 * when another process is at work there or the journal cannot be written; the signal's reason when it is aborted.
 * QueueError when the queue cannot be reached or another coordinator is at work there. A trial that fails does not end
 * the sweep.
 */
export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const where = 'sweep';
  const reader = new OptionReader(where, options);
  const objective = readObjective(
    where,
    reader.required('objective', 'a function, { module }, or a training'),
  );
  const facts = await objective.describe();
  const definition = readDefinition(where, reader, facts);
  const trials = reader.integer('trials', { min: 1, max: MOST_TRIALS });
  const queue = reader.optional('queue', 'a URL such as redis://host:6379', isText);
  const fallback = queue === undefined ? objective.workers : MOST_WORKERS;
  const workers = reader.integer('workers', { min: 1, max: MOST_WORKERS }, fallback);
  const isPath = (value: unknown): value is string => typeof value === 'string' && value !== '';
  const given = reader.optional('folder', 'the path of a folder', isPath);
  const shard = readShard(where, reader.any('shard'));
  const signal = reader.optional('signal', 'an AbortSignal', isSignal);
  const onProgress = reader.callback<NonNullable<SweepOptions['onProgress']>>('onProgress');
  const onTrial = reader.callback<NonNullable<SweepOptions['onTrial']>>('onTrial');
  const onMessage = reader.callback<NonNullable<SweepOptions['onMessage']>>('onMessage');
  reader.end();
  if (given !== undefined) checkPath(where, given);
  const folder = given !== undefined && shard ? shardFolder(given, shard) : given;
  if (folder === undefined && objective.needsFolder) {
    throw new OptionError(where, 'option folder is required: each training has a folder in it');
  }
  signal?.throwIfAborted();
  await objective.check(definition);

  const total = Math.min(trials, definition.sampler.size ?? Number.POSITIVE_INFINITY);
  if (shard) checkIndependent(where, definition, total);
  if (shard && queue !== undefined) throw new OptionError(where, 'expected queue or shard, given both');
  const executor =
    queue === undefined
      ? objective.execute(workers)
      : await openQueue(where, objective, { queue, definition, folder, workers, signal, onMessage });
  const study = await Study.open(definition, { folder, size: total }).catch(async (error) => {
    await executor.close();
    throw error;
  });
  const report = folder === undefined ? undefined : new ReportWriter(study, folder, total);
  const clock = new Clock(study, total);
  try {
    const tell = () => onProgress?.(clock.progress());
    tell();
    if (objective.needsFolder) await report?.catchUp();
    await coordinate(study, executor, {
      trials: total,
      shard,
      signal,
      onBegin: tell,
      onReport: tell,
      onEnd: async (trial) => {
        clock.end();
        onTrial?.(trial);
        tell();
        await report?.trialEnded(trial);
      },
    });
    await report?.write();
    if (folder !== undefined)
      await copyBest(folder, { trials: study.trials, directions: definition.directions });
    return resultOf(study.trials, definition, folder);
  } catch (error) {
    // What matters is the first failure; that the page cannot be written either adds nothing to it.
    await report?.write().catch(() => {});
    throw error;
  } finally {
    await executor.close();
    await study.close();
  }
}

/** Trials are done by whoever comes to the queue. What that needs is loaded now. */
async function openQueue(
  where: string,
  objective: Objective,
  options: Omit<RemoteOptions, 'objective'>,
): Promise<Executor<TrialTask>> {
  const { remote } = objective;
  if (remote) return (await import('./queue/open.js')).openExecutor(where, { objective: remote, ...options });
  throw new OptionError(
    where,
    'queue: a function runs in this process alone; expected { module } or a training as the objective',
  );
}

function readShard(where: string, given: unknown): Shard | undefined {
  if (given === undefined) return undefined;
  const reader = new OptionReader(`${where}, shard`, given);
  const of = reader.integer('of', { min: 1, max: 100_000 });
  const index = reader.integer('index', { min: 0, below: of });
  reader.end();
  return { index, of };
}

/** Throws OptionError where a trial follows from the results of others, which another shard may have. */
function checkIndependent(where: string, { sampler, pruner, json }: Definition, trials: number): void {
  const last = trials - 1;
  const needy = sampler.needs(last) > 0 ? json.sampler : pruner.needs(last) > 0 ? json.pruner : undefined;
  if (needy === undefined) return;
  const expected = 'random, grid or sobol, and no pruner but patience alone';
  throw new OptionError(
    `${where}, shard`,
    `${String((needy as { kind?: string }).kind)} follows from results that another shard has; expected ${expected}`,
  );
}

/** What the trials of a study come to. */
export function resultOf(
  trials: readonly Trial[],
  { directions }: Pick<Definition, 'directions'>,
  folder?: string,
): SweepResult {
  return {
    trials: [...trials],
    best: bestOf(trials, directions),
    front: paretoFront(trials, directions),
    folder,
  };
}

/** Counts, and estimates the time left by that of the trials that have ended now. */
class Clock {
  readonly #study: Study;
  readonly #total: number;
  readonly #began = performance.now();
  #ended = 0;

  constructor(study: Study, total: number) {
    this.#study = study;
    this.#total = total;
  }

  end(): void {
    this.#ended++;
  }

  progress(): SweepProgress {
    const { trials, definition } = this.#study;
    const ended = trials.filter(hasEnded).length;
    const each = (performance.now() - this.#began) / 1000 / this.#ended;
    return {
      ...{ ended, total: Math.max(this.#total, trials.length), trials },
      running: this.#study.open,
      best: bestOf(trials, definition.directions),
      ...(this.#ended > 0 && { secondsLeft: Math.max(0, each * (this.#total - ended)) }),
    };
  }
}

interface Objective {
  /** By default. */
  readonly workers: number;
  readonly needsFolder: boolean;
  describe(): Promise<ObjectiveFacts>;
  /** Finds out what fails every trial, before the first. */
  check(definition: Definition): Promise<void>;
  execute(workers: number): Executor<TrialTask>;
  /** What workers elsewhere are told of it; absent where it can be done here only. */
  readonly remote?: RemoteObjective;
}

function readObjective(where: string, given: unknown): Objective {
  if (typeof given === 'function') return inProcess(given as ObjectiveFunction);
  if (typeof given !== 'object' || given === null) {
    throw new OptionError(
      where,
      `objective: expected a function, { module }, or a training, given ${show(given)}`,
    );
  }
  if ('module' in given) return inModule(where, given);
  const training = readTrainingObjective(where, given);
  const trainer = new Trainer(training);
  return {
    workers: availableParallelism(),
    needsFolder: true,
    async describe() {
      const { metric, higher, most, sha256 } = await trainer.describe();
      return {
        objective: { ...training, metric },
        data: sha256,
        direction: higher ? 'maximize' : 'minimize',
        most,
      };
    },
    async check({ space, sampler, json }) {
      for (const { name } of space.dimensions) {
        if (training.settings && Object.hasOwn(training.settings, name)) {
          throw new OptionError(where, `${name}: expected it in the space or in the settings, given both`);
        }
      }
      const first = sampler.sample({ number: 0, ended: [], pending: [] });
      await trainer.check(first);
      if ('kind' in json.sampler && json.sampler.kind === 'pbt')
        await trainer.checkPopulation(where, space, first);
    },
    execute: (width) => pool({ training }, width),
    remote: { training },
  };
}

/** A function that runs in this process. */
export function inProcess(objective: ObjectiveFunction): Objective {
  return {
    workers: 1,
    needsFolder: false,
    describe: async () => ({}),
    check: async () => {},
    execute: (width) =>
      new LocalExecutor<TrialTask>((task, { onProgress, signal }) => {
        let done = 0;
        return doTrial(objective, task, {
          signal,
          onReport: (detail) => onProgress?.({ what: 'reports', done: ++done, total: 0, detail }),
        });
      }, width),
  };
}

function inModule(where: string, given: object): Objective {
  const reader = new OptionReader(`${where}, objective`, given);
  const isModule = (value: unknown): value is string | URL =>
    typeof value === 'string' || value instanceof URL;
  const module = reader.required('module', 'the path or URL of a module', isModule);
  reader.end();
  const url =
    typeof module === 'string' && !module.startsWith('file:')
      ? pathToFileURL(resolve(module))
      : new URL(module);
  return {
    workers: availableParallelism(),
    needsFolder: false,
    describe: async () => ({ objective: { module: fileURLToPath(url) } }),
    check: async () => void (await loadObjective(url.href)),
    execute: (width) => pool({ module: url.href }, width),
    remote: { module: fileURLToPath(url) },
  };
}

/** Processes of one thread each. */
export function pool(setup: WorkerSetup, width: number): Executor<TrialTask> {
  return new WorkerPool<TrialTask, WorkerSetup>({
    module: new URL('./worker.js', import.meta.url),
    setup,
    width,
    retries: RETRIES,
  });
}
