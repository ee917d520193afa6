/**
 * exp, log and the activations whose backward reads the saved output, element by element. Arrays may coincide:
 * y may be x, dx may be dy.
 */
import type { FusedActivation } from '../engine/kernels.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkSameLayout, checkTensor } from './check.js';

export const signatures = {
  /** y = eˣ; 2 ulp; overflow gives infinity, underflow goes through denormals to 0. May be in place, like all up to `relu_backward`. */
  exp: 'y: out each, x: in each, n: cut; 0.8 ns',
  /** y = ln x; 2 ulp; ln 0 = -infinity, of a negative NaN. */
  log: 'y: out each, x: in each, n: cut; 0.9 ns',
  identity_forward: 'y: out, x: in, n',
  /** dx = dy. */
  identity_backward: 'dx: out, y: saved, dy: in, n',
  /** y = 1 / (1 + e⁻ˣ); 3 ulp. */
  sigmoid_forward: 'y: out each, x: in each, n: cut; 1.2 ns',
  /** dx = dy · y (1 - y). */
  sigmoid_backward: 'dx: out each, y: saved each, dy: in each, n: cut; 0.2 ns',
  /** y = tanh x; 3 ulp. */
  tanh_forward: 'y: out each, x: in each, n: cut; 1.2 ns',
  /** dx = dy · (1 - y²). */
  tanh_backward: 'dx: out each, y: saved each, dy: in each, n: cut; 0.2 ns',
  /** y = max(x, 0); NaN stays NaN. */
  relu_forward: 'y: out each, x: in each, n: cut; 0.15 ns',
  /** dx = dy where y > 0, else 0. */
  relu_backward: 'dx: out each, y: saved each, dy: in each, n: cut; 0.2 ns',
} satisfies Signatures;

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

/** y = x, the whole tensor, padding too. */
export function copy({ y, x }: { y: Tensor; x: Tensor }): Call {
  checkSameEngine('copy', y, x);
  checkTensor('copy', 'y', y, 'float', x.shape);
  checkSameLayout('copy', y, x);
  const { kernels } = y.engine;
  return () => kernels.identity_forward(y.pointer, x.pointer, x.span);
}
