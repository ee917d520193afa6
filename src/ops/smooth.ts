/**
 * Activations whose backward reads the saved input x, element by element. Arrays may coincide: y may be x, dx
 * may be dy or x.
 */
import type { SmoothActivation } from '../engine/kernels.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkSameLayout, checkTensor } from './check.js';

export const signatures = {
  /** y = x where x ≥ 0, else slope · x. */
  leaky_relu_forward: 'y: out each, x: in each, n: cut, slope: f32; 0.2 ns',
  /** dx = dy where x > 0, else slope · dy. */
  leaky_relu_backward: 'dx: out each, x: saved each, dy: in each, n: cut, slope: f32; 0.2 ns',
  /**
   * y = x · Φ(x), Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel 2016); relative error 5 · 2⁻²³, and for x
   * < 0 (5 + x²/2) · 2⁻²³.
   */
  gelu_forward: 'y: out each, x: in each, n: cut; 2.5 ns',
  /** dx = dy · (Φ(x) + x · φ(x)), φ the normal density. */
  gelu_backward: 'dx: out each, x: saved each, dy: in each, n: cut; 3.5 ns',
  /** y = x · (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2. */
  gelu_tanh_forward: 'y: out each, x: in each, n: cut; 2 ns',
  gelu_tanh_backward: 'dx: out each, x: saved each, dy: in each, n: cut; 2.5 ns',
  /** y = x · σ(x). */
  silu_forward: 'y: out each, x: in each, n: cut; 1.3 ns',
  /** dx = dy · σ(x) · (1 + x · (1 - σ(x))). */
  silu_backward: 'dx: out each, x: saved each, dy: in each, n: cut; 1.6 ns',
  /** y = ln(1 + eˣ), in the form max(x, 0) + ln(1 + e^(-|x|)): no overflow; relative error 2⁻²¹. */
  softplus_forward: 'y: out each, x: in each, n: cut; 2 ns',
  /** dx = dy · σ(x). */
  softplus_backward: 'dx: out each, x: saved each, dy: in each, n: cut; 1.3 ns',
  /** y = x where x ≥ 0, else alpha · (eˣ - 1), without cancellation near 0. */
  elu_forward: 'y: out each, x: in each, n: cut, alpha: f32; 1.3 ns',
  /** dx = dy where x > 0, else dy · alpha · eˣ. */
  elu_backward: 'dx: out each, x: saved each, dy: in each, n: cut, alpha: f32; 1 ns',
} satisfies Signatures;

const smoothKernels = {
  leakyRelu: 'leaky_relu',
  gelu: 'gelu',
  geluTanh: 'gelu_tanh',
  silu: 'silu',
  softplus: 'softplus',
  elu: 'elu',
} as const satisfies Record<SmoothActivation, string>;

/** The slope of leakyRelu or the alpha of elu, where none is given: PyTorch's. */
const parameters: Partial<Record<SmoothActivation, number>> = { leakyRelu: 0.01, elu: 1 };

interface Smooth {
  activation: SmoothActivation;
  /** leakyRelu's slope (0.01), elu's alpha (1). */
  parameter?: number | undefined;
}

/** y = f(x), element by element; y may be x. */
export function smooth(args: Smooth & { y: Tensor; x: Tensor }): Call {
  const { y, x, activation, parameter = parameters[activation] ?? 0 } = args;
  checkSameEngine('smooth', y, x);
  checkTensor('smooth', 'x', x, 'float', x.shape);
  checkTensor('smooth', 'y', y, 'float', x.shape);
  checkSameLayout('smooth', y, x);
  const { kernels } = y.engine;
  const kernel = kernels[`${smoothKernels[activation]}_forward`];
  return () => kernel(y.pointer, x.pointer, x.span, parameter);
}

/** dx = dy ⊙ f'(x) from the saved input x; dx may be dy. */
export function smoothBackward(args: Smooth & { dx: Tensor; x: Tensor; dy: Tensor }): Call {
  const { dx, x, dy, activation, parameter = parameters[activation] ?? 0 } = args;
  checkSameEngine('smoothBackward', dx, x, dy);
  checkTensor('smoothBackward', 'x', x, 'float', dx.shape);
  checkTensor('smoothBackward', 'dy', dy, 'float', dx.shape);
  checkTensor('smoothBackward', 'dx', dx, 'float', dx.shape);
  checkSameLayout('smoothBackward', dx, x, dy);
  const { kernels } = dx.engine;
  const kernel = kernels[`${smoothKernels[activation]}_backward`];
  return () => kernel(dx.pointer, x.pointer, dy.pointer, dx.span, parameter);
}
