/** When a run is to be checkpointed, and who keeps the bytes. Where they go is the caller's business. */
import { OptionError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { EpochRecord } from './history.js';
import { bestEpochs, type Measured, type Monitor, resolveMonitor } from './monitor.js';

/** One checkpoint to be kept. */
export interface CheckpointFile {
  /** Of `writeCheckpoint`. */
  readonly bytes: Uint8Array;
  /** Steps made, which names it. */
  readonly step: number;
  /** Epochs that are done. */
  readonly epochs: number;
  /** It is due by the interval, or the last of a run; else it is only one of the best. */
  readonly latest: boolean;
  /** It ends one of the best epochs so far. */
  readonly best: boolean;
  /** Steps at which the best epochs so far end, best first. */
  readonly bestSteps: readonly number[];
}

/** What a checkpoint is made for. */
export type Due = Pick<CheckpointFile, 'latest'> & Partial<Pick<CheckpointFile, 'best' | 'bestSteps'>>;

/**
 * When checkpoints are made: at one of the three intervals, every epoch by default, and when training is
 * aborted.
 */
export interface CheckpointOptions {
  everySteps?: number;
  everyEpochs?: number;
  everySeconds?: number;
  /** How many of the best epochs are kept as well; 0 by default. */
  keepBest?: number;
  /** What the best is judged by, as early stopping's. */
  monitor?: string;
  /**
   * Before training: the place to find out that nothing can be kept. `step` is the one that training goes on
   * from, 0 for a new run; `bestSteps` are those at which the best epochs until then end, best first.
   */
  prepare?: (step: number, bestSteps?: readonly number[]) => void | Promise<void>;
  /** Keeps the bytes. Training waits for it, and ends with its error when it fails. */
  save: (file: CheckpointFile) => void | Promise<void>;
}

export class Checkpointing {
  readonly save: CheckpointOptions['save'];
  readonly prepare: NonNullable<CheckpointOptions['prepare']>;
  readonly #steps: number;
  readonly #epochs: number;
  readonly #milliseconds: number;
  readonly #keepBest: number;
  readonly #monitor: Monitor;
  #savedAt = performance.now();

  constructor(where: string, options: unknown, measured: Measured) {
    const reader = new OptionReader(`${where}, checkpoint`, options);
    const isNumber = (value: unknown): value is number => typeof value === 'number';
    const given = (['everySteps', 'everyEpochs', 'everySeconds'] as const).filter(
      (key) => reader.optional(key, 'a number', isNumber) !== undefined,
    );
    if (given.length > 1) {
      throw new OptionError(`${where}, checkpoint`, `expected one interval, given ${given.join(' and ')}`);
    }
    const [interval = 'everyEpochs'] = given;
    const never = Number.POSITIVE_INFINITY;
    this.#steps = interval === 'everySteps' ? reader.integer('everySteps', { min: 1 }) : never;
    this.#epochs = interval === 'everyEpochs' ? reader.integer('everyEpochs', { min: 1 }, 1) : never;
    this.#milliseconds =
      interval === 'everySeconds' ? 1000 * reader.number('everySeconds', { min: 0 }) : never;
    this.#keepBest = reader.integer('keepBest', { min: 0 }, 0);
    const isName = (value: unknown): value is string => typeof value === 'string';
    const monitor = reader.optional('monitor', 'the name of what is measured', isName);
    this.save = reader.required('save', 'a function', isFunction<CheckpointOptions['save']>);
    this.prepare = reader.callback<typeof this.prepare>('prepare') ?? (() => {});
    reader.end();
    this.#monitor = resolveMonitor(`${where}, checkpoint`, monitor, measured);
  }

  /** Whether one is due after this step. */
  dueAfterStep(step: number): boolean {
    if (step % this.#steps === 0) return true;
    return this.#milliseconds !== Number.POSITIVE_INFINITY && this.#dueByTime();
  }

  /** What is due after the last of these epochs. */
  dueAfterEpoch(records: readonly EpochRecord[]): Pick<CheckpointFile, 'latest' | 'best' | 'bestSteps'> {
    const bestSteps = this.bestSteps(records);
    return {
      latest: records.length % this.#epochs === 0 || this.#dueByTime(),
      best: bestSteps.includes(records[records.length - 1].step),
      bestSteps,
    };
  }

  /** Of a checkpoint within an epoch. */
  bestSteps(records: readonly EpochRecord[]): number[] {
    return bestEpochs(this.#monitor, records, this.#keepBest).map(({ step }) => step);
  }

  saved(): void {
    this.#savedAt = performance.now();
  }

  #dueByTime(): boolean {
    return performance.now() - this.#savedAt >= this.#milliseconds;
  }
}

function isFunction<F>(value: unknown): value is F {
  return typeof value === 'function';
}
