/**
 * The points at which training calls its caller: train, epoch and batch, begin and end. A hook that returns a
 * promise is waited for, those of batches before the next step; what it throws or rejects with ends training
 * and is what `fit` throws.
 */
import { platform } from '#platform';
import { OptionError, show } from '../base/errors.js';
import type { OptionReader } from '../base/options.js';
import type { ProgressLine } from '../base/platform/types.js';
import type { EpochRecord, History } from './history.js';

/** What `onTrainBegin` is told: how much there is to do, and where a resumed run begins. */
export interface TrainingPlan {
  readonly epochs: number;
  /** This and `samples` are Infinity where only the end of a stream will tell. */
  readonly stepsPerEpoch: number;
  readonly samples: number;
  /** Steps and samples of the current epoch that a resumed run has behind it. */
  readonly resumed?: { readonly epoch: number; readonly step: number; readonly samples: number };
}

/** What is about to begin. */
export interface EpochStart {
  /** Counted from 1. */
  readonly epoch: number;
  /** Of its first step. */
  readonly learningRate: number;
}

/** What `onBatchBegin` is told. */
export interface BatchStart {
  /** The step that this batch is or belongs to, counted from 1 over all epochs. */
  step: number;
  epoch: number;
  /** Samples in the batch. */
  rows: number;
}

/** What is known after a step. */
export interface StepRecord {
  /** Counted from 1 over all epochs. */
  step: number;
  epoch: number;
  /** Samples seen in this epoch so far. */
  samples: number;
  learningRate: number;
  /** Mean over the batch, before its update. */
  loss: number;
  /** NaN where there are no classes. */
  accuracy: number;
}

type Wait = void | Promise<void>;

/** What is called at which point of training. */
export interface Callbacks {
  onTrainBegin?: (plan: TrainingPlan) => void;
  /** Not called for an epoch in whose middle a resumed run begins. */
  onEpochBegin?: (start: EpochStart) => Wait;
  /**
   * Within the loop: keep it short. The object is the same at every call. A promise is waited for after the
   * step.
   */
  onBatchBegin?: (batch: BatchStart) => void;
  /** After each step, within the loop: keep it short. The object is the same at every call. */
  onStep?: (step: StepRecord) => void;
  /** The same point as `onStep`, under the name that goes with `onBatchBegin`. */
  onBatchEnd?: (step: StepRecord) => void;
  /**
   * After each epoch, its validation done and the model's values up to date. Waited for when it returns a
   * promise.
   */
  onEpoch?: (epoch: EpochRecord) => Wait;
  /** The same point as `onEpoch`, under the name that goes with `onEpochBegin`. */
  onEpochEnd?: (epoch: EpochRecord) => Wait;
  onTrainEnd?: (history: History) => Wait;
}

const names = [
  'onTrainBegin',
  'onEpochBegin',
  'onBatchBegin',
  'onStep',
  'onBatchEnd',
  'onEpoch',
  'onEpochEnd',
  'onTrainEnd',
] as const satisfies readonly (keyof Callbacks)[];

/** All hooks of a run, by the point at which they are called. */
export class Hooks {
  readonly #hooks: readonly Callbacks[];
  readonly #batchBegin: readonly ((batch: BatchStart) => unknown)[];
  readonly #batchEnd: readonly ((step: StepRecord) => unknown)[];
  /** What hooks of batches have returned, while it is not settled. */
  readonly #promises: PromiseLike<unknown>[] = [];

  /** A terminal's, which whoever trains has to dispose of. */
  readonly line: ProgressLine | undefined;

  /** In the order in which they are called, after those of the terminal's line. */
  constructor(hooks: readonly Callbacks[], line: ProgressLine | undefined) {
    this.line = line;
    if (line) hooks = [line, ...hooks];
    this.#hooks = hooks;
    // Bound once: a step allocates nothing.
    const present = <T>(list: readonly (T | undefined)[]) =>
      list.filter((hook): hook is T => hook !== undefined);
    this.#batchBegin = present(hooks.map((own) => own.onBatchBegin?.bind(own)));
    this.#batchEnd = present(hooks.flatMap((own) => [own.onStep?.bind(own), own.onBatchEnd?.bind(own)]));
  }

  async trainBegin(plan: TrainingPlan): Promise<void> {
    for (const own of this.#hooks) await own.onTrainBegin?.(plan);
  }

  async epochBegin(start: EpochStart): Promise<void> {
    for (const own of this.#hooks) await own.onEpochBegin?.(start);
  }

  batchBegin(batch: BatchStart): void {
    for (let i = 0; i < this.#batchBegin.length; i++) this.#collect(this.#batchBegin[i](batch));
  }

  batchEnd(step: StepRecord): void {
    for (let i = 0; i < this.#batchEnd.length; i++) this.#collect(this.#batchEnd[i](step));
  }

  #collect(returned: unknown): void {
    if (!isPromise(returned)) return;
    this.#promises.push(returned);
    // Should the step fail before it is waited for, its own failure must not end the process.
    returned.then(undefined, () => {});
  }

  /** Whether there is something to wait for: hooks that return nothing cost no turn. */
  get waiting(): boolean {
    return this.#promises.length > 0;
  }

  /** Waits for what hooks of batches have returned. */
  async settle(): Promise<void> {
    await Promise.all(this.#promises.splice(0));
  }

  async epochEnd(record: EpochRecord): Promise<void> {
    for (const own of this.#hooks) {
      await own.onEpoch?.(record);
      await own.onEpochEnd?.(record);
    }
  }

  async trainEnd(history: History): Promise<void> {
    for (const own of this.#hooks) await own.onTrainEnd?.(history);
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}

/** Reads the hooks among a function's options, and its list `callbacks`, which come after them. */
export function readHooks(where: string, reader: OptionReader): Hooks {
  const own = Object.fromEntries(names.map((name) => [name, reader.callback(name)]));
  const listed: readonly unknown[] =
    reader.optional('callbacks', 'a list of objects with hooks such as onEpoch', Array.isArray) ?? [];
  for (const [index, entry] of listed.entries()) checkCallbacks(`${where}, callbacks[${index}]`, entry);
  const hooks = [own, ...listed] as Callbacks[];
  return new Hooks(hooks, reader.boolean('progress', true) ? platform.progressLine?.(hooks) : undefined);
}

/** Keys of its own are an object's business; what is called as a hook must be one. */
function checkCallbacks(where: string, entry: unknown): void {
  if (typeof entry !== 'object' || entry === null) {
    throw new OptionError(where, `expected an object with hooks such as onEpoch, given ${show(entry)}`);
  }
  for (const name of names) {
    const hook = (entry as Record<string, unknown>)[name];
    if (hook !== undefined && typeof hook !== 'function') {
      throw new OptionError(where, `${name}: expected a function, given ${show(hook)}`);
    }
  }
}
