/**
 * Optimizer steps on flat tensors. Scalars are given at every call, as they may change by step.
 *
 * Kernels with state: g has weightDecay · w added first. Moments below 2⁻¹⁰⁰ become 0; where g is squared, it
 * counts as 0 below 2⁻⁵⁶.
 */
import { ShapeError } from '../base/errors.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { checkAlike, checkSameEngine } from './check.js';

export const signatures = {
  /** w = w - learningRate · g. */
  sgd_step: 'w: inout each, g: in each, n: cut, learningRate: f32; 0.2 ns',
  /**
   * b = momentum · b + share · g; w = w - learningRate · (nesterov ? g + momentum · b : b). An absent buffer:
   * b = g.
   */
  sgd_momentum_step: `w: inout each, buffer: inout each, g: in each, n: cut, learningRate: f32, momentum: f32,
    share: f32, nesterov, weightDecay: f32; 0.3 ns`,
  /**
   * m = beta1 · m + share1 · g; v = beta2 · v + share2 · g²; w = keep · w - stepSize · m / (√v · correction +
   * eps) (Kingma and Ba 2015; with keep, Loshchilov and Hutter 2019).
   */
  adam_step: `w: inout each, m: inout each, v: inout each, g: in each, n: cut, stepSize: f32, beta1: f32,
    share1: f32, beta2: f32, share2: f32, correction: f32, eps: f32, weightDecay: f32, keep: f32; 0.8 ns`,
  /**
   * v = alpha · v + share · g²; a = alpha · a + share · g; d = g / (√(v - a²) + eps); b = momentum · b + d; w
   * = w - learningRate · b. An absent average: a = 0. An absent buffer: b = d. (Tieleman and Hinton 2012;
   * Graves 2013.)
   */
  rmsprop_step: `w: inout each, v: inout each, average: inout each, buffer: inout each, g: in each, n: cut,
    learningRate: f32, alpha: f32, share: f32, eps: f32, weightDecay: f32, momentum: f32; 0.7 ns`,
  /** v = v + g²; w = w - learningRate · g / (√v + eps) (Duchi, Hazan and Singer 2011). */
  adagrad_step: `w: inout each, v: inout each, g: in each, n: cut, learningRate: f32, eps: f32,
    weightDecay: f32; 0.6 ns`,
} satisfies Signatures;

/** w = w - learningRate · g; the rate is given at every call. */
export function sgdStep({ w, g }: { w: Tensor; g: Tensor }): (learningRate: number) => void {
  checkSameEngine('sgdStep', w, g);
  if (w.dtype !== 'float' || g.dtype !== 'float' || w.size !== g.size || w.ld !== g.ld) {
    throw new ShapeError('sgdStep', `expected as many float gradients as parameters, given ${g} for ${w}`);
  }
  const { kernels } = w.engine;
  return (learningRate) => kernels.sgd_step(w.pointer, g.pointer, w.span, learningRate);
}

/** w = w - learningRate · (momentum's direction); without a buffer, weight decay alone. */
export function sgdMomentumStep(args: {
  w: Tensor;
  g: Tensor;
  buffer?: Tensor | undefined;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
}): (learningRate: number, share: number) => void {
  const { w, g, buffer, momentum, nesterov, weightDecay } = args;
  checkAlike('sgdMomentumStep', w, g, buffer);
  const { kernels } = w.engine;
  const b = buffer ? buffer.pointer : 0;
  return (learningRate, share) =>
    kernels.sgd_momentum_step(
      w.pointer,
      b,
      g.pointer,
      w.span,
      learningRate,
      momentum,
      share,
      Number(nesterov),
      weightDecay,
    );
}

/** See `adam_step` above. */
export function adamStep(args: {
  w: Tensor;
  m: Tensor;
  v: Tensor;
  g: Tensor;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
}): (stepSize: number, correction: number, keep: number) => void {
  const { w, m, v, g, beta1, beta2, eps, weightDecay } = args;
  checkAlike('adamStep', w, m, v, g);
  const { kernels } = w.engine;
  return (stepSize, correction, keep) =>
    kernels.adam_step(
      w.pointer,
      m.pointer,
      v.pointer,
      g.pointer,
      w.span,
      stepSize,
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      correction,
      eps,
      weightDecay,
      keep,
    );
}

/** See `rmsprop_step` above. */
export function rmspropStep(args: {
  w: Tensor;
  v: Tensor;
  average?: Tensor | undefined;
  buffer?: Tensor | undefined;
  g: Tensor;
  alpha: number;
  eps: number;
  weightDecay: number;
  momentum: number;
}): (learningRate: number) => void {
  const { w, v, average, buffer, g, alpha, eps, weightDecay, momentum } = args;
  checkAlike('rmspropStep', w, v, average, buffer, g);
  const { kernels } = w.engine;
  const [a, b] = [average, buffer].map((tensor) => (tensor ? tensor.pointer : 0));
  return (learningRate) =>
    kernels.rmsprop_step(
      w.pointer,
      v.pointer,
      a,
      b,
      g.pointer,
      w.span,
      learningRate,
      alpha,
      1 - alpha,
      eps,
      weightDecay,
      momentum,
    );
}

/** v = v + g²; w = w - learningRate · g / (√v + eps). */
export function adagradStep(args: {
  w: Tensor;
  v: Tensor;
  g: Tensor;
  eps: number;
  weightDecay: number;
}): (learningRate: number) => void {
  const { w, v, g, eps, weightDecay } = args;
  checkAlike('adagradStep', w, v, g);
  const { kernels } = w.engine;
  return (learningRate) =>
    kernels.adagrad_step(w.pointer, v.pointer, g.pointer, w.span, learningRate, eps, weightDecay);
}
