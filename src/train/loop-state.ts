/** What changes while a model is in training: what a checkpoint holds beside the values in the engine. */
import type { StepRecord } from './callbacks.js';
import type { EpochRecord } from './history.js';
import type { OutputScores } from './outputs.js';
import type { Snapshot } from './snapshot.js';

export interface LoopState {
  /** Of the last step, and the samples of the epoch that have been visited. */
  readonly record: StepRecord;
  /** Of the epochs that are done. */
  readonly records: EpochRecord[];
  epoch: number;
  /**
   * Of the epoch under way: the sum of losses, what to divide it by for the mean, and how many were right.
   */
  lossSum: number;
  weight: number;
  correct: number;
  /** The same of each output, where losses are given by output. */
  outputs?: OutputScores | undefined;
  /** Spent in training steps: of this epoch, and of all. */
  epochSeconds: number;
  seconds: number;
  /** Of the best epoch, when early stopping is to restore it. */
  best?: Snapshot | undefined;
  /** The step of the newest checkpoint, and the epochs that were done by then. */
  saved: { readonly step: number; readonly epochs: number };
}
