/** Where a loop over batches gets its rows from: a set in the engine's memory, or one that streams. */
import type { Compiled } from '../nn/compiled.js';
import type { Plan } from '../nn/plan.js';
import type { Augmenter } from './augment/augmenter.js';
import type { SoftLabels } from './augment/prepare.js';
import type { FitSettings } from './fit-options.js';

export interface RowSource {
  /** Infinity while only the end of a stream will tell. */
  readonly size: number;
  /** Rows come in an order that depends on the seed and the epoch (from 0) alone. */
  shuffle(seed: number, epoch: number): void;
  /** An epoch (from 0) begins, or is gone on with. */
  begin(epoch: number): void;
  /**
   * Of what streams: undefined when so many rows from place `start` are there, or the end is known; otherwise
   * what to wait for.
   */
  ready?(start: number, rows: number): Promise<void> | undefined;
  /** Copies the rows from place `start` of the order into the plan's inputs and labels. */
  load(plan: Plan, start: number): void;
  /** Frees the engine's memory. Twice is fine. */
  dispose(): void;
}

/** How a set is read otherwise than as it stands, and what for. */
export interface SourceOptions {
  /** What makes images of it. */
  readonly images?: Augmenter | undefined;
  /** Labels stand for probabilities of each class. */
  readonly soft?: SoftLabels | undefined;
  /** What reads it. */
  readonly compiled?: Compiled;
  /** Of the set that is trained on. */
  readonly settings?: FitSettings;
}
