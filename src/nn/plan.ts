/**
 * What a compiled model is made from, and what it gives for one batch size: the interface between nn and
 * those who train.
 */

import type { Tensor } from '../engine/tensor.js';
import type { PassName } from '../graph/passes/index.js';
import type { CompressedSet } from '../ops/compressed.js';
import type { LossOption } from './losses.js';
import type { Optimizer } from './optimizers.js';
import type { UpdateOptions } from './update.js';

/** What a batch has at one output of the model. */
export interface HeadPlan {
  /** The output's name. */
  readonly name: string;
  /** [rows, numbers of the output] */
  readonly outputs: Tensor;
  readonly labels: Tensor;
  /** [rows, numbers of a target]; present when the loss compares with targets. */
  readonly targets: Tensor | undefined;
  readonly losses: Tensor;
  readonly probabilities: Tensor;
  readonly predictions: Tensor;
  /** What whoever loads a batch says of it. */
  readonly batch: {
    /** `weights` count; false at first. */
    weighted: boolean;
    /** `labels` are there to be counted; true at first. */
    labelled: boolean;
  };
  /**
   * After `forward`: the sum of the rows' losses, times their weights, and, when compiled for training, the
   * gradient at the outputs.
   */
  loss(): number;
  /**
   * After `loss`: what its sum is to be divided by for the mean; the number of rows where nothing is
   * weighted.
   */
  weight(): number;
  /** What `loss` gave last: of one among several outputs, which `Plan.loss` asks each for. */
  readonly last: { loss: number };
  /**
   * After `forward`: the number of rows whose prediction is the label's: the largest output, or with a loss
   * on logits of one output whether it is positive. NaN where there is nothing to count: no labels, or a loss
   * of numbers.
   */
  countCorrect(): number;
  /**
   * After `forward`: fills `probabilities`, by the loss's link, and `predictions`, which with a loss of
   * numbers stay 0.
   */
  classify(): void;
  /** After `forward`: whether no output is NaN or infinite. */
  outputsAreFinite(): boolean;
}

/** What a batch has at one input of the model. */
export interface InputPlan {
  readonly name: string;
  /** [rows, numbers of the input] */
  readonly values: Tensor;
  /** Takes inputs from rows order[start …] of a compressed set, in place of writing them. */
  loadCompressed(set: CompressedSet, order: Tensor, start: number): void;
  /** After `values` were written: compresses them for the first layer if they are sparse enough. */
  loaded(): void;
}

/**
 * Bound calls for one batch size, on the first `rows` rows of the model's tensors. What stands here of an
 * input or an output is that of the first. Of a loss by output, `loss` is that of all outputs together, and
 * with several outputs `countCorrect` is NaN.
 */
export interface Plan extends HeadPlan, Omit<InputPlan, 'name' | 'values'> {
  readonly rows: number;
  readonly inputs: Tensor;
  /** [rows] weights of samples; looked at when `batch.weighted`. */
  readonly weights: Tensor;
  /** Of each input and each output, in the order of the model's. */
  readonly ports: { readonly inputs: readonly InputPlan[]; readonly outputs: readonly HeadPlan[] };
  /**
   * Inputs to outputs. When `training`, dropout drops, and batch norm looks at the batch and moves its
   * running statistics; `backward` goes by the last forward. false by default.
   */
  forward(training?: boolean): void;
  /** After `loss`: gradients of all parameters, for the mean loss. */
  backward(): void;
  /**
   * After `loss`: backward and the optimizer's update, which may be done in one where nothing else needs the
   * gradient.
   */
  step(learningRate: number): void;
  /**
   * After `loss`: backward, and the gradients are accumulated for `CompiledModel.stepAccumulated`. Needs
   * `update: { accumulate: true }`.
   */
  accumulate(): void;
}

/** What a model is compiled for. */
export interface CompileOptions {
  /** The largest batch that will be run. */
  maxRows: number;
  /** Leave out for a model that only predicts. */
  optimizer?: Optimizer;
  /** By default the model's own; `softmaxCrossEntropy` for one that has not been trained. */
  loss?: LossOption;
  /** Clipping, penalties, the moving average, and accumulation of gradients; nothing of it by default. */
  update?: UpdateOptions;
  /** Of dropout's random numbers; the model's own by default. */
  seed?: number;
  /** Passes that are left out: the bits stay the same, and it takes longer. */
  without?: readonly PassName[];
}
