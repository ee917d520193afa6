/** What a trainer is, wherever it runs: an engine and one model, behind an interface that never blocks. */

import type { Global } from '../base/globals.js';
import type { WorkerHandle } from '../base/platform/types.js';
import type { EngineOptions } from '../create/engine.js';
import type { Dataset } from '../data/dataset.js';
import type { EngineInfo } from '../engine/engine.js';
import type { Network } from '../nn/model.js';
import type { Callbacks, TrainingPlan } from '../train/callbacks.js';
import type { EvaluateOptions } from '../train/evaluate.js';
import type { FitOptions } from '../train/fit-options.js';
import type { EpochRecord, Evaluation, History } from '../train/history.js';
import type { ByOutput, InputsByName, PredictOptions } from '../train/predict.js';

/** Which model is trained, and where that is computed. */
export interface TrainerOptions {
  /** The model to train. */
  model: Network;
  /**
   * `true` (the default in browsers) starts a dedicated worker, in Node one of `worker_threads`; `false`
   * stays on the calling thread. With a bundler that does not follow `new Worker(new URL(…))`, the address of
   * your own copy of `lanegrad/worker`, or a worker that runs it.
   */
  worker?: boolean | Global<'URL'> | string | WorkerHandle;
  /** As for `createEngine`. */
  engine?: EngineOptions;
}

/** What `fit` takes, but other hooks: a call at every step, across threads, would cost more than the step. */
export interface TrainerFitOptions
  extends Omit<FitOptions, keyof Callbacks | 'callbacks' | 'onTurn' | 'checkpoint' | 'validation'> {
  /** Measured after each epoch. Sets are in memory: what streams stays with the thread that reads it. */
  validation?: Dataset;
  onTrainBegin?: (plan: TrainingPlan) => void;
  /** Every `progressInterval` milliseconds, about. */
  onProgress?: (progress: Progress) => void;
  /** 100 by default. */
  progressInterval?: number;
  onEpoch?: (epoch: EpochRecord) => void;
}

/** How far training has come. */
export interface Progress {
  /** Counted from 1 over all epochs. */
  readonly step: number;
  readonly epoch: number;
  /** Samples seen in this epoch so far. */
  readonly samples: number;
  /** Means over the steps since the last progress. */
  readonly loss: number;
  readonly accuracy: number;
  /** Since the last progress; pauses do not count. */
  readonly samplesPerSecond: number;
}

/** What layers give, by their names. */
export type Features = Record<string, Float32Array>;

/**
 * All its methods throw EngineError once it has been disposed of, and may be called while it trains unless
 * they say otherwise. Errors of the worker come out as what they are: OptionError, NonFiniteError and so on.
 */
export interface Trainer {
  readonly info: EngineInfo;
  /** Where it computes. */
  readonly place: 'worker' | 'caller';
  /**
   * The model that it was made with. Its values are those of the last `download`, or of the end of the last
   * `fit`.
   */
  readonly model: Network;
  readonly state: 'idle' | 'training' | 'paused';
  /** As the function of that name, on the trainer's model. Throws EngineError while it trains already. */
  fit(train: Dataset, options: TrainerFitOptions): Promise<History>;
  /** Resolves when training stands still, after a step. It does nothing when nothing is trained. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends training after the step at hand: `fit` resolves, its outcome `aborted`. */
  stop(): Promise<void>;
  /** As the function of that name, by the weights of the last step. */
  predict(inputs: ArrayLike<number>, options?: PredictOptions): Promise<Float32Array>;
  predict(inputs: InputsByName, options?: PredictOptions): Promise<ByOutput<Float32Array>>;
  /** As the function of that name, by the weights of the last step. */
  features(inputs: ArrayLike<number> | InputsByName, name: string): Promise<Float32Array>;
  features(inputs: ArrayLike<number> | InputsByName, names: readonly string[]): Promise<Features>;
  /** A set measured by the weights of the last step. */
  evaluate(set: Dataset, options?: EvaluateOptions): Promise<Evaluation>;
  /** Copies of parameters as of the last step, by name: those asked for, or all. */
  readWeights(names?: readonly string[]): Promise<Map<string, Float32Array>>;
  /** Brings `model` up to date with the last step. */
  download(): Promise<void>;
  /** Takes the values of `model` as they are now, after you changed them. Not while it trains. */
  upload(): Promise<void>;
  /** Ends training, engine and worker. Twice is fine. */
  dispose(): void;
  [Symbol.dispose](): void;
}
