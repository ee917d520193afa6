/** Optimizer steps and what surrounds them, on flat tensors. Scalars are given at every call, as they may change by step. */
import { ShapeError } from '../base/errors.js';
import type { Tensor } from '../engine/tensor.js';
import { checkSameEngine } from './check.js';

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

/** See `adam_step` in the kernels' contract. */
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

/** See `rmsprop_step` in the kernels' contract. */
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

/** x = x · factor. */
export function scale(x: Tensor): (factor: number) => void {
  checkAlike('scale', x);
  const { kernels } = x.engine;
  return (factor) => kernels.scale(x.pointer, x.span, factor);
}

/** y = start + x · factor; start is y with `accumulate`, else 0. */
export function addScaled(y: Tensor, x: Tensor): (factor: number, accumulate: boolean) => void {
  checkAlike('addScaled', y, x);
  const { kernels } = y.engine;
  return (factor, accumulate) => kernels.add_scaled(y.pointer, x.pointer, y.span, factor, Number(accumulate));
}

/** x = x within ±limit. */
export function clamp(x: Tensor, limit: number): () => void {
  checkAlike('clamp', x);
  const { kernels } = x.engine;
  return () => kernels.clamp(x.pointer, x.span, limit);
}

/** g = g + l2 · w + l1 · sign(w). */
export function penalize(args: { g: Tensor; w: Tensor; l1: number; l2: number }): () => void {
  const { g, w, l1, l2 } = args;
  checkAlike('penalize', g, w);
  const { kernels } = g.engine;
  return () => kernels.penalize(g.pointer, w.pointer, g.span, l1, l2);
}

/** y = y + share · (x - y). */
export function moveTowards(y: Tensor, x: Tensor, share: number): () => void {
  checkAlike('moveTowards', y, x);
  const { kernels } = y.engine;
  return () => kernels.move_towards(y.pointer, x.pointer, y.span, share);
}

/** x and y change places. */
export function swap(x: Tensor, y: Tensor): () => void {
  checkAlike('swap', x, y);
  const { kernels } = x.engine;
  return () => kernels.swap(x.pointer, y.pointer, x.span);
}

/** Σ x², padding counted, in float64. */
export function sumSquares(x: Tensor): () => number {
  checkAlike('sumSquares', x);
  const { kernels } = x.engine;
  return () => kernels.sum_squares(x.pointer, x.span);
}

/** Σ |x|, padding counted, in float64. */
export function sumAbsolutes(x: Tensor): () => number {
  checkAlike('sumAbsolutes', x);
  const { kernels } = x.engine;
  return () => kernels.sum_absolutes(x.pointer, x.span);
}

/** Throws unless all are floats, as many, and padded alike. */
function checkAlike(where: string, first: Tensor, ...others: (Tensor | undefined)[]): void {
  checkSameEngine(where, first, ...others);
  for (const tensor of [first, ...others]) {
    if (!tensor) continue;
    if (tensor.dtype !== 'float' || tensor.size !== first.size || tensor.ld !== first.ld) {
      throw new ShapeError(where, `expected as many floats as in ${first}, given ${tensor}`);
    }
  }
}
