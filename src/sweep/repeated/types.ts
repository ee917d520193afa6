/** What several runs of the same settings come to. */
import type { Network } from '../../nn/model.js';
import type { RunFolder } from '../../run/folder.js';
import type { Evaluation } from '../../train/history.js';

/** One of the runs. */
export interface OneRun {
  /** `fold 1`, `seed 4`. */
  readonly name: string;
  readonly folder: string;
  /** Epochs that were trained, and the one whose weights the model has. */
  readonly epochs: number;
  readonly epoch: number;
  readonly weightsSha256: string;
  /** By `loss`, `accuracy`, `validation.loss` and so on, and at last `test.loss`. */
  readonly measured: Readonly<Record<string, number>>;
}

/** Of what was measured of the runs. */
export interface Spread {
  readonly mean: number;
  /** That of a sample: over the number of runs less 1. */
  readonly deviation: number;
}

/** What several runs come to. */
export interface RunsResult {
  readonly runs: readonly OneRun[];
  readonly spreads: Readonly<Record<string, Spread>>;
  /** The mean of all runs' models as one. */
  readonly model: Network;
  /** Of that model. */
  readonly test?: Evaluation;
  readonly weightsSha256: string;
  readonly folder: RunFolder;
}
