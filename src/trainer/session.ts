/** A trainer on the thread where it is made. The worker holds one of these too. */

import { isStrings } from '../base/arrays.js';
import { disposeSymbol } from '../base/dispose.js';
import { EngineError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine, EngineInfo } from '../engine/engine.js';
import { allValues, type Network } from '../nn/model.js';
import type { StepRecord } from '../train/callbacks.js';
import { type EvaluateOptions, evaluate } from '../train/evaluate.js';
import { features } from '../train/features.js';
import { fit } from '../train/fit.js';
import type { FitOptions } from '../train/fit-options.js';
import type { Evaluation, History } from '../train/history.js';
import { type ByOutput, type InputsByName, type PredictOptions, predict } from '../train/predict.js';
import type { Features, Progress, Trainer, TrainerFitOptions } from './types.js';

export class Session implements Trainer {
  readonly info: EngineInfo;
  readonly place = 'caller';
  readonly model: Network;
  readonly #engine: Engine;
  #training: Training | undefined;

  constructor(engine: Engine, model: Network) {
    this.#engine = engine;
    this.model = model;
    this.info = engine.info;
  }

  get state(): 'idle' | 'training' | 'paused' {
    if (!this.#training) return 'idle';
    return this.#training.paused ? 'paused' : 'training';
  }

  async fit(train: Dataset, options: TrainerFitOptions): Promise<History> {
    this.#check();
    if (this.#training) throw new EngineError('Trainer.fit', 'it is training already');
    const training = new Training(options);
    this.#training = training;
    try {
      return await fit(this.#engine, this.model, train, training.fitOptions);
    } finally {
      training.end();
      this.#training = undefined;
    }
  }

  async pause(): Promise<void> {
    this.#check();
    await this.#training?.pause();
  }

  async resume(): Promise<void> {
    this.#check();
    this.#training?.resume();
  }

  async stop(): Promise<void> {
    this.#check();
    this.#training?.stop();
  }

  async predict(
    inputs: ArrayLike<number> | InputsByName,
    options?: PredictOptions,
  ): Promise<ByOutput<Float32Array>> {
    this.#update();
    return predict(this.#engine, this.model, inputs as InputsByName, options);
  }

  async features(
    inputs: ArrayLike<number> | InputsByName,
    names: string | readonly string[],
  ): Promise<Float32Array & Features> {
    this.#update();
    return features(this.#engine, this.model, inputs, names as string[]) as Float32Array & Features;
  }

  async evaluate(set: Dataset, options?: EvaluateOptions): Promise<Evaluation> {
    this.#update();
    return evaluate(this.#engine, this.model, set, options);
  }

  async readWeights(names?: readonly string[]): Promise<Map<string, Float32Array>> {
    this.#update();
    const all = allValues(this.model);
    checkNames(names);
    const wanted = names ?? all.map(({ name }) => name);
    return new Map(
      wanted.map((name) => {
        const parameter = all.find((each) => each.name === name);
        if (!parameter)
          throw new OptionError('Trainer.readWeights', `the model has no parameter ${show(name)}`);
        return [name, parameter.values.slice()];
      }),
    );
  }

  async download(): Promise<void> {
    this.#update();
  }

  async upload(): Promise<void> {
    this.#check();
    if (this.#training) throw new EngineError('Trainer.upload', 'stop training first');
  }

  dispose(): void {
    this.#training?.stop();
    this.#engine.dispose();
  }

  [disposeSymbol](): void {
    this.dispose();
  }

  #check(): void {
    if (this.#engine.disposed) throw new EngineError('Trainer', 'this trainer has been disposed of');
  }

  /** Requests come between two steps, when the loop lets the event loop turn. */
  #update(): void {
    this.#check();
    this.#training?.download();
  }
}

/** One call of `fit`: what may be done to it while it runs. */
class Training {
  readonly fitOptions: FitOptions;
  readonly #progress: ProgressMeter | undefined;
  readonly #controller = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #download: (() => void) | undefined;
  #wake: (() => void) | undefined;
  paused = false;
  #ended = false;

  constructor(options: TrainerFitOptions) {
    const reader = new OptionReader('Trainer.fit', options);
    const onProgress = reader.callback<(progress: Progress) => void>('onProgress');
    const interval = reader.number('progressInterval', { min: 0 }, 100);
    const signal = reader.optional('signal', 'an AbortSignal', isSignal);
    // Without any, it is `fit` that says what it lacks.
    const { onProgress: _, progressInterval: __, signal: ___, ...rest } = options ?? {};
    refuseHooks(rest);
    if (signal?.aborted) this.#controller.abort();
    signal?.addEventListener('abort', () => this.stop());
    this.#progress = onProgress && new ProgressMeter(onProgress, interval);
    this.fitOptions = {
      ...rest,
      signal: this.#controller.signal,
      ...(this.#progress && { onStep: (step: StepRecord) => this.#progress?.step(step) }),
      onTurn: (now) => this.#turn(now.download),
    };
  }

  /** Resolves at the next turn, when training stands still, or when it ends before. */
  pause(): Promise<void> {
    this.paused = true;
    if (this.#wake || this.#ended) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  resume(): void {
    this.paused = false;
    this.#wake?.();
    this.#wake = undefined;
  }

  stop(): void {
    this.#controller.abort();
    this.resume();
  }

  download(): void {
    this.#download?.();
  }

  end(): void {
    this.#ended = true;
    this.#download = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #turn(download: () => void): Promise<void> {
    this.#download = download;
    if (!this.paused || this.#controller.signal.aborted) return;
    const began = performance.now();
    for (const resolve of this.#waiting.splice(0)) resolve();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#progress?.skip(performance.now() - began);
  }
}

/** Sums up steps and tells of them now and then. */
class ProgressMeter {
  readonly #tell: (progress: Progress) => unknown;
  readonly #interval: number;
  #last = performance.now();
  #loss = 0;
  #accuracy = 0;
  #steps = 0;
  #samples = 0;
  #before = 0;

  constructor(tell: (progress: Progress) => unknown, interval: number) {
    this.#tell = tell;
    this.#interval = interval;
  }

  /** Leaves out a pause. */
  skip(milliseconds: number): void {
    this.#last += milliseconds;
  }

  /** Returns what the callback does, for `fit` to wait for. */
  step({ step, epoch, samples, loss, accuracy }: StepRecord): unknown {
    this.#steps++;
    this.#loss += loss;
    this.#accuracy += accuracy;
    this.#samples += samples > this.#before ? samples - this.#before : samples;
    this.#before = samples;
    const now = performance.now();
    if (now - this.#last < this.#interval) return undefined;
    const told = this.#tell({
      step,
      epoch,
      samples,
      loss: this.#loss / this.#steps,
      accuracy: this.#accuracy / this.#steps,
      samplesPerSecond: (1000 * this.#samples) / (now - this.#last),
    });
    this.#last = now;
    this.#loss = 0;
    this.#accuracy = 0;
    this.#steps = 0;
    this.#samples = 0;
    return told;
  }
}

/** Throws OptionError for what `fit` takes and a trainer does not. */
export function refuseHooks(options: object): void {
  for (const key of ['onStep', 'onBatchBegin', 'onBatchEnd', 'onTurn', 'callbacks', 'checkpoint']) {
    if (!(key in options)) continue;
    throw new OptionError('Trainer.fit', `option ${key} is for fit; a trainer has onProgress and onEpoch`);
  }
}

/** Throws OptionError for anything but a list of names, or nothing. */
export function checkNames(names: unknown): void {
  if (names === undefined || isStrings(names)) return;
  throw new OptionError('Trainer.readWeights', `names: expected a list of strings, given ${show(names)}`);
}

function isSignal(value: unknown): value is AbortSignal {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
}
