/** Activations, row bias and parameter updates on whole tensors. */
import { ShapeError } from '../base/errors.js';
import type { FusedActivation } from '../engine/kernels.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkSameLayout, checkTensor } from './check.js';

/** y = f(x), element by element; y may be x. */
export function activate({ y, x, activation }: { y: Tensor; x: Tensor; activation: FusedActivation }): Call {
  checkSameEngine('activate', y, x);
  checkTensor('activate', 'x', x, 'float', x.shape);
  checkTensor('activate', 'y', y, 'float', x.shape);
  const { kernels } = y.engine;
  const kernel = kernels[`${activation}_forward`];
  checkSameLayout('activate', y, x);
  return () => kernel(y.pointer, x.pointer, x.span);
}

/** dx = dy ⊙ f'(x) from the saved output y; dx may be dy. */
export function activateBackward(args: {
  dx: Tensor;
  y: Tensor;
  dy: Tensor;
  activation: FusedActivation;
}): Call {
  const { dx, y, dy, activation } = args;
  checkSameEngine('activateBackward', dx, y, dy);
  checkTensor('activateBackward', 'y', y, 'float', dx.shape);
  checkTensor('activateBackward', 'dy', dy, 'float', dx.shape);
  checkTensor('activateBackward', 'dx', dx, 'float', dx.shape);
  const { kernels } = dx.engine;
  const kernel = kernels[`${activation}_backward`];
  checkSameLayout('activateBackward', dx, y, dy);
  return () => kernel(dx.pointer, y.pointer, dy.pointer, dx.span);
}

/** y = x + bias on every row; y may be x. */
export function addBias({ y, x, bias }: { y: Tensor; x: Tensor; bias: Tensor }): Call {
  checkSameEngine('addBias', y, x, bias);
  checkTensor('addBias', 'x', x, 'float', [undefined, undefined]);
  checkTensor('addBias', 'y', y, 'float', x.shape);
  checkTensor('addBias', 'bias', bias, 'float', [x.columns]);
  const { kernels } = y.engine;
  return () => kernels.add_bias(y.pointer, y.ld, x.pointer, x.ld, bias.pointer, x.rows, x.columns);
}

/** y = the sums of x's columns: the gradient of a row bias. */
export function columnSums({
  y,
  x,
  accumulate = false,
}: {
  y: Tensor;
  x: Tensor;
  accumulate?: boolean;
}): Call {
  checkSameEngine('columnSums', y, x);
  checkTensor('columnSums', 'x', x, 'float', [undefined, undefined]);
  checkTensor('columnSums', 'y', y, 'float', [x.columns]);
  const { kernels } = y.engine;
  return () => kernels.column_sums(y.pointer, x.pointer, x.ld, x.rows, x.columns, Number(accumulate));
}

/** w = w - learningRate · g; the rate is given at every call. */
export function sgdStep({ w, g }: { w: Tensor; g: Tensor }): (learningRate: number) => void {
  checkSameEngine('sgdStep', w, g);
  if (w.dtype !== 'float' || g.dtype !== 'float' || w.size !== g.size || w.ld !== g.ld) {
    throw new ShapeError('sgdStep', `expected as many float gradients as parameters, given ${g} for ${w}`);
  }
  const { kernels } = w.engine;
  return (learningRate) => kernels.sgd_step(w.pointer, g.pointer, w.span, learningRate);
}
