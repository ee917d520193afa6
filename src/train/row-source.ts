/** Where a loop over batches gets its rows from: a set in the engine's memory, or one that streams. */
import type { Dataset, InputRows } from '../data/set.js';
import type { Engine } from '../engine/engine.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import type { Compiled } from '../nn/compiled.js';
import type { Optimizer } from '../nn/optimizers.js';
import type { Plan } from '../nn/plan.js';
import type { Augmenter } from './augment/augmenter.js';
import type { SoftLabels } from './augment/prepare.js';

/** What an AbortSignal is, or something with no more than its `aborted`. */
type Signal = { readonly aborted: boolean } | undefined;

export interface RowSource {
  /** Infinity while only the end of a stream will tell. */
  readonly size: number;
  /** Rows come in an order that depends on the seed and the epoch (from 0) alone. */
  shuffle(seed: number, epoch: number): void;
  /**
   * Of what streams: undefined when so many rows from place `start` are there, or the end is known; otherwise
   * what to wait for, which is over too when the signal is aborted.
   */
  ready?(start: number, rows: number, signal?: Signal): Promise<void> | undefined;
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
  /** How the set is trained on. */
  readonly settings?: { readonly optimizer: Optimizer };
}

/** A set that lies in the engine's memory whole, as one that streams makes it of its windows. */
export interface WholeSource extends RowSource {
  readonly answers: readonly { readonly labels: Tensor | undefined; readonly targets: Tensor | undefined }[];
  readonly weights: Tensor | undefined;
  readonly order: Tensor;
}

/** What makes such a source of inputs that are there already. */
export type MakeWhole = new (
  engine: Engine,
  set: Dataset,
  where: string,
  uploaded: {
    arena: Arena;
    inputs: readonly { name: string | undefined; rows: InputRows; values: Tensor }[];
    images: Augmenter | undefined;
    soft: SoftLabels | undefined;
  },
) => WholeSource;
