/**
 * What surrounds a step, on flat tensors: products and sums element by element, clipping, penalties,
 * averages.
 */

import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkAlike, checkSameEngine, checkSameLayout, checkTensor } from './check.js';

export const signatures = {
  /** y = a ⊙ b; y may be either. */
  multiply: 'y: out each, a: in each, b: in each, n: cut; 0.2 ns',
  /** x = x · factor. */
  scale: 'x: inout each, n: cut, factor: f32; 0.15 ns',
  /** y = start + x · factor; start is y when `accumulate`, else 0. */
  add_scaled: 'y: inout each, x: in each, n: cut, factor: f32, accumulate; 0.2 ns',
  /** x = x, but at most limit and at least -limit; NaN stays. */
  clamp: 'x: inout each, n: cut, limit: f32; 0.15 ns',
  /** g = g + l2 · w + l1 · sign(w), with sign(0) = 0. */
  penalize: 'g: inout each, w: in each, n: cut, l1: f32, l2: f32; 0.25 ns',
  /** y = y + share · (x - y). */
  move_towards: 'y: inout each, x: in each, n: cut, share: f32; 0.2 ns',
  /** x and y change places. */
  swap: 'x: inout each, y: inout each, n: cut; 0.25 ns',
} satisfies Signatures;

/** y = a ⊙ b; y may be either. */
export function multiply({ y, a, b }: { y: Tensor; a: Tensor; b: Tensor }): Call {
  checkSameEngine('multiply', y, a, b);
  checkTensor('multiply', 'a', a, 'float', y.shape);
  checkTensor('multiply', 'b', b, 'float', y.shape);
  checkTensor('multiply', 'y', y, 'float', y.shape);
  checkSameLayout('multiply', y, a, b);
  const { kernels } = y.engine;
  return () => kernels.multiply(y.pointer, a.pointer, b.pointer, y.span);
}

/** y = start + x · factor; start is y with `accumulate`, else 0. */
export function addScaled(y: Tensor, x: Tensor): (factor: number, accumulate: boolean) => void {
  checkAlike('addScaled', y, x);
  const { kernels } = y.engine;
  return (factor, accumulate) => kernels.add_scaled(y.pointer, x.pointer, y.span, factor, Number(accumulate));
}
