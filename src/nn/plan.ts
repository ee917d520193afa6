/** What a compiled model is made from, and what it gives for one batch size: the interface between nn and those who train. */

import type { Tensor } from '../engine/tensor.js';
import type { CompressedSet } from '../ops/compressed.js';
import type { Loss, LossName } from './losses.js';
import type { Optimizer } from './optimizers.js';
import type { UpdateOptions } from './update.js';

/** Bound calls for one batch size, on the first `rows` rows of the model's tensors. */
export interface Plan {
  readonly rows: number;
  readonly inputs: Tensor;
  readonly outputs: Tensor;
  readonly labels: Tensor;
  /** [rows, outputs]; present when the loss compares with targets. */
  readonly targets: Tensor | undefined;
  /** [rows] weights of samples; looked at when `batch.weighted`. */
  readonly weights: Tensor;
  /** What whoever loads a batch says of it. */
  readonly batch: {
    /** `weights` count; false at first. */
    weighted: boolean;
    /** `labels` are there to be counted; true at first. */
    labelled: boolean;
  };
  /** Takes inputs from rows order[start …] of a compressed set, in place of writing them. */
  loadCompressed(set: CompressedSet, order: Tensor, start: number): void;
  /** After the inputs were written: compresses them for the first layer if they are sparse enough. */
  loaded(): void;
  /**
   * Inputs to outputs. When `training`, dropout drops, and batch norm looks at the batch and moves its running statistics;
   * `backward` goes by the last forward. false by default.
   */
  forward(training?: boolean): void;
  /** After `forward`: the sum of the rows' losses, times their weights, and, when compiled for training, the gradient at the outputs. */
  loss(): number;
  /** After `loss`: what its sum is to be divided by for the mean; the number of rows where nothing is weighted. */
  weight(): number;
  /** After `loss`: gradients of all parameters, for the mean loss. */
  backward(): void;
  /** After `loss`: backward and the optimizer's update, which some layers do in one. Gradients may then be left out. */
  step(learningRate: number): void;
  /**
   * After `loss`: backward, and the gradients are accumulated for `CompiledModel.stepAccumulated`. Needs
   * `update: { accumulate: true }`.
   */
  accumulate(): void;
  /**
   * After `forward`: the number of rows whose prediction is the label's: the largest output, or with a loss on logits of one
   * output whether it is positive. NaN where there is nothing to count: no labels, or a loss of numbers.
   */
  countCorrect(): number;
  /** After `forward`: fills `probabilities`, by the loss's link, and `predictions`, which with a loss of numbers stay 0. */
  classify(): void;
  /** After `forward`: whether no output is NaN or infinite. */
  outputsAreFinite(): boolean;
  readonly losses: Tensor;
  readonly probabilities: Tensor;
  readonly predictions: Tensor;
}

/** What a model is compiled for. */
export interface CompileOptions {
  /** The largest batch that will be run. */
  maxRows: number;
  /** Leave out for a model that only predicts. */
  optimizer?: Optimizer;
  /** By default the model's own; `softmaxCrossEntropy` for one that has not been trained. */
  loss?: LossName | Loss;
  /** Clipping, penalties, the moving average, and accumulation of gradients; nothing of it by default. */
  update?: UpdateOptions;
  /** Of dropout's random numbers; the model's own by default. */
  seed?: number;
}
