/**
 * Losses with targets or weights on outputs [rows, columns]. Plain cross-entropy is in softmax.ts.
 *
 * Kernels: losses[m] = weights[m] · (the mean over the row's N outputs); dx is the gradient of scale · Σ
 * losses and may be absent. Absent weights are 1. Targets t [M, N]. dx may be x.
 */

import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkPlaces, checkSameEngine, checkTensor } from './check.js';

export const signatures = {
  /** (x - t)². */
  squared_error: `losses: out each, dx: out rows, lddx, x: in rows, ldx, t: in rows, ldt, weights: in each,
    M: cut, N: across, scale: f32; 0.5 ns`,
  /** |x - t|; its derivative at 0 is 0. */
  absolute_error: `losses: out each, dx: out rows, lddx, x: in rows, ldx, t: in rows, ldt, weights: in each,
    M: cut, N: across, scale: f32; 0.5 ns`,
  /** ½ r² where |r| ≤ delta, else delta · (|r| - ½ delta), r = x - t (Huber 1964). */
  huber_error: `losses: out each, dx: out rows, lddx, x: in rows, ldx, t: in rows, ldt, weights: in each,
    M: cut, N: across, delta: f32, scale: f32; 0.6 ns`,
  /** (1 - t) · x + (1 + (positiveWeight - 1) · t) · ln(1 + e⁻ˣ): x are logits. */
  binary_cross_entropy: `losses: out each, dx: out rows, lddx, x: in rows, ldx, t: in rows, ldt,
    weights: in each, M: cut, N: across, positiveWeight: f32, scale: f32; 3 ns`,
  /**
   * With p = softmax(x[m]), y = labels[m] (i32), c the class weights [N] (absent: 1) and ε = smoothing:
   * losses[m] = weights[m] · ((1 - ε) · c[y] · -ln p[y] + ε/N · Σ_n c[n] · -ln p[n]). As in
   * `softmax_cross_entropy`, shares below 2⁻⁶⁴ count as 0 in dx. With ldc above 0, classWeights are
   * probabilities t [M, N], labels absent and ε 1: losses[m] = weights[m] · Σ_n t[m, n] · -ln p[n].
   */
  weighted_cross_entropy: `losses: out each, dx: out rows, lddx, x: in rows, ldx, labels: in each i32,
    weights: in each, classWeights: in rows, ldc, M: cut, N: across, smoothing: f32, scale: f32; 2 ns`,
  /**
   * y[m] = weights[m] · classWeights[labels[m]]; either may be absent, and labels with classWeights. May be
   * split by rows.
   */
  row_weights: 'y: out each, labels: in each i32, weights: in each, classWeights: in, M: cut; 0.5 ns',
  /** y[m] (i32) = x[m, 0] > 0 ? 1 : 0. May be split by rows. */
  positive: 'y: out each i32, x: in rows, ldx, M: cut; 0.5 ns',
} satisfies Signatures;

interface LossTensors {
  /** [rows]: each row's weight times its loss. */
  losses: Tensor;
  outputs: Tensor;
  /** Gradient of scale · Σ losses; left out when absent. */
  dOutputs?: Tensor | undefined;
  /** [rows] */
  weights: Tensor;
}

/** Runs a loss; `weighted` says whether the weights are to be looked at, otherwise they are 1. */
export type LossCall = (scale: number, weighted: boolean) => void;

/**
 * The mean over a row's columns of (x - t)², |x - t|, Huber's function of x - t, or binary cross-entropy with
 * logits x.
 */
export function targetLoss(
  args: LossTensors & { targets: Tensor } & (
      | { kind: 'squared' | 'absolute' }
      | { kind: 'huber'; delta: number }
      | { kind: 'binary'; positiveWeight: number }
    ),
): LossCall {
  const { losses, outputs, dOutputs, targets, weights } = args;
  checkLoss(args);
  checkTensor('targetLoss', 'targets', targets, 'float', outputs.shape);
  const { kernels } = outputs.engine;
  const [M, N] = [outputs.rows, outputs.columns];
  const [dx, lddx] = dOutputs ? [dOutputs.pointer, dOutputs.ld] : [0, 0];
  const [l, x, ldx, t, ldt] = [losses.pointer, outputs.pointer, outputs.ld, targets.pointer, targets.ld];
  const w = (weighted: boolean) => (weighted ? weights.pointer : 0);
  switch (args.kind) {
    case 'squared':
      return (scale, weighted) =>
        kernels.squared_error(l, dx, lddx, x, ldx, t, ldt, w(weighted), M, N, scale);
    case 'absolute':
      return (scale, weighted) =>
        kernels.absolute_error(l, dx, lddx, x, ldx, t, ldt, w(weighted), M, N, scale);
    case 'huber': {
      const { delta } = args;
      return (scale, weighted) =>
        kernels.huber_error(l, dx, lddx, x, ldx, t, ldt, w(weighted), M, N, delta, scale);
    }
    case 'binary': {
      const { positiveWeight } = args;
      return (scale, weighted) =>
        kernels.binary_cross_entropy(l, dx, lddx, x, ldx, t, ldt, w(weighted), M, N, positiveWeight, scale);
    }
  }
}

/**
 * Cross-entropy with class weights [classes], label smoothing and weights of rows; or with probabilities
 * [rows, classes] in place of labels.
 */
export function weightedCrossEntropy(
  args: LossTensors & {
    labels: Tensor;
    classWeights?: Tensor | undefined;
    targets?: Tensor | undefined;
    smoothing: number;
  },
): LossCall {
  const { losses, outputs, dOutputs, labels, weights, classWeights, targets, smoothing } = args;
  const where = 'weightedCrossEntropy';
  checkLoss(args);
  checkTensor(where, 'labels', labels, 'i32', [outputs.rows]);
  if (classWeights) checkTensor(where, 'classWeights', classWeights, 'float', [outputs.columns]);
  if (targets) checkTensor(where, 'targets', targets, 'float', outputs.shape);
  const { kernels } = outputs.engine;
  const [M, N] = [outputs.rows, outputs.columns];
  const [dx, lddx] = dOutputs ? [dOutputs.pointer, dOutputs.ld] : [0, 0];
  const classes = (targets ?? classWeights)?.pointer ?? 0;
  const ldc = targets ? targets.ld : 0;
  const checkLabels = targets ? () => {} : checkPlaces(where, 'label', labels, N);
  return (scale, weighted) => {
    checkLabels();
    kernels.weighted_cross_entropy(
      losses.pointer,
      dx,
      lddx,
      outputs.pointer,
      outputs.ld,
      labels.pointer,
      weighted ? weights.pointer : 0,
      classes,
      ldc,
      M,
      N,
      targets ? 1 : smoothing,
      scale,
    );
  };
}

/**
 * y[m] = weights[m] · classWeights[labels[m]], of what is present: what a weighted mean is divided by the sum
 * of.
 */
export function rowWeights(args: {
  y: Tensor;
  labels: Tensor;
  weights: Tensor;
  classWeights?: Tensor | undefined;
}): (weighted: boolean) => void {
  const { y, labels, weights, classWeights } = args;
  const where = 'rowWeights';
  checkSameEngine(where, y, labels, weights, classWeights);
  checkTensor(where, 'y', y, 'float', [undefined]);
  checkTensor(where, 'labels', labels, 'i32', y.shape);
  checkTensor(where, 'weights', weights, 'float', y.shape);
  if (classWeights) checkTensor(where, 'classWeights', classWeights, 'float', [undefined]);
  const { kernels } = y.engine;
  const classes = classWeights ? classWeights.pointer : 0;
  const checkLabels = classWeights ? checkPlaces(where, 'label', labels, classWeights.size) : () => {};
  return (weighted) => {
    checkLabels();
    kernels.row_weights(y.pointer, labels.pointer, weighted ? weights.pointer : 0, classes, y.size);
  };
}

/** predictions (i32) = 1 where the row's first output is above 0. */
export function positive({ predictions, x }: { predictions: Tensor; x: Tensor }): Call {
  checkSameEngine('positive', predictions, x);
  checkTensor('positive', 'x', x, 'float', [undefined, undefined]);
  checkTensor('positive', 'predictions', predictions, 'i32', [x.rows]);
  const { kernels } = x.engine;
  return () => kernels.positive(predictions.pointer, x.pointer, x.ld, x.rows);
}

function checkLoss({ losses, outputs, dOutputs, weights }: LossTensors): void {
  checkSameEngine('loss', outputs, losses, dOutputs, weights);
  checkTensor('loss', 'outputs', outputs, 'float', [undefined, undefined]);
  checkTensor('loss', 'losses', losses, 'float', [outputs.rows]);
  checkTensor('loss', 'weights', weights, 'float', [outputs.rows]);
  if (dOutputs) checkTensor('loss', 'dOutputs', dOutputs, 'float', outputs.shape);
}
