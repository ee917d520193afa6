/**
 * Clipping, penalties and averages, on flat tensors: what many trainings do without, apart from the calls of
 * the same kernels' files (update.ts, reduce.ts), so that it is loaded only where it is wanted.
 */
import type { Tensor } from '../engine/tensor.js';
import { checkAlike } from './check.js';

/** x = x · factor. */
export function scale(x: Tensor): (factor: number) => void {
  checkAlike('scale', x);
  const { kernels } = x.engine;
  return (factor) => kernels.scale(x.pointer, x.span, factor);
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
