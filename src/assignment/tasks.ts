/**
 * What there is to be done, and the bench it is done at: an engine and the data, each made when first needed.
 */
import { createEngine } from '../create/engine.js';
import { loadIdxFolder, type Splits } from '../data/folder.js';
import { loadMnist } from '../data/mnist.js';
import type { Engine } from '../engine/engine.js';
import type { LongOptions } from '../tasks/executor.js';
import { type SyntheticOptions, trainSynthetic } from './q4-synthetic/synthetic.js';
import { type TensorOptions, trainTensor } from './q5-tensor/train.js';
import { type BatchedOptions, trainBatched } from './q6-batched/train.js';
import { compareForms, type FormsOptions } from './q7-experiments/forms.js';
import { runExperiment } from './q7-experiments/run.js';
import { measureForms, type SpeedOptions } from './q7-experiments/speed.js';
import type { RunConfig, RunResult } from './q7-experiments/types.js';
import type { BatchedResult, FormsResult, SpeedResult, SyntheticResult, TensorResult } from './types.js';

/** Of a part: plain values. What is left out has the part's own default. */
type Settings<T> = Omit<T, keyof LongOptions | 'engines'>;

/** Each kind of task: its settings, which are plain values, and its result. */
export interface Tasks {
  fit: { settings: RunConfig; result: RunResult };
  synthetic: { settings: Settings<SyntheticOptions>; result: SyntheticResult };
  tensor: { settings: Settings<TensorOptions>; result: TensorResult };
  batched: { settings: Settings<BatchedOptions>; result: BatchedResult };
  forms: { settings: Settings<FormsOptions>; result: FormsResult };
  speed: { settings: Settings<SpeedOptions>; result: SpeedResult };
}

export type TaskKind = keyof Tasks;

export type Task = {
  [Kind in TaskKind]: { readonly kind: Kind; readonly settings: Tasks[Kind]['settings'] };
}[TaskKind];

/** The setting of a trial that says what to do, and the attribute that is its result. */
export const TASK = 'task';
export const RESULT = 'result';

/** What a trial is told to do, and with which data: MNIST when there is no folder. */
export type TrialSetting = Task & { readonly data?: string };

export class Workbench {
  readonly #data: string | undefined;
  #engine: Promise<Engine> | undefined;
  #splits: Promise<Splits> | undefined;

  /** @param data a folder with IDX files; MNIST when absent. */
  constructor(data?: string) {
    this.#data = data;
  }

  /** Strict arithmetic: the same bits on every machine, so that a result may be kept. */
  engine(): Promise<Engine> {
    this.#engine ??= createEngine({ math: 'strict', threads: 1 });
    return this.#engine;
  }

  splits(): Promise<Splits> {
    this.#splits ??= this.#data === undefined ? loadMnist() : loadIdxFolder(this.#data);
    return this.#splits;
  }

  async run(task: Task, options: LongOptions = {}): Promise<Tasks[TaskKind]['result']> {
    switch (task.kind) {
      case 'fit':
        return runExperiment(await this.engine(), await this.splits(), task.settings, options);
      case 'synthetic':
        return trainSynthetic({ ...task.settings, ...options });
      case 'tensor':
        return trainTensor(await this.engine(), await this.splits(), { ...task.settings, ...options });
      case 'batched':
        return trainBatched(await this.engine(), await this.splits(), { ...task.settings, ...options });
      case 'forms':
        return compareForms((await this.splits()).train, { ...task.settings, ...options });
      case 'speed':
        return measureForms((await this.splits()).train, { ...task.settings, ...options });
    }
  }
}
