/**
 * exp, log and the activations whose backward reads the saved output, element by element. Arrays may
 * coincide: y may be x, dx may be dy.
 */
import {
  type Activation,
  activationCodes,
  type FusedActivation,
  type SmoothActivation,
} from '../engine/kernels.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkSameLayout, checkTensor } from './check.js';
import { type Operation, one } from './operation.js';
import { smooth, smoothBackward } from './smooth.js';

export const signatures = {
  /**
   * y = eˣ; 2 ulp; overflow gives infinity, underflow goes through denormals to 0. May be in place, like all
   * up to `relu_backward`.
   */
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

export interface ActivationAttributes {
  readonly name: Activation;
  /** leakyRelu's slope of negative inputs, elu's alpha; absent for the others, and for PyTorch's default. */
  readonly parameter?: number;
}

/** Whether products apply it at their end, and its derivative is a function of the output. */
export function isFused(name: Activation): name is FusedActivation {
  return Object.hasOwn(activationCodes, name);
}

const smoothNames: Readonly<Record<SmoothActivation, true>> = {
  ...{ leakyRelu: true, gelu: true, geluTanh: true, silu: true, softplus: true, elu: true },
};

function isActivation(value: unknown): value is Activation {
  return typeof value === 'string' && (isFused(value as Activation) || Object.hasOwn(smoothNames, value));
}

function isFinite32(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(Math.fround(value));
}

/** f(x), element by element. */
export const activation: Operation<ActivationAttributes> = {
  name: 'activation',
  inPlace: [0],
  infer: (_, [x]) => [x],
  read(reader) {
    const name = reader.required('name', 'an activation', isActivation);
    const isGiven = name === 'leakyRelu' || name === 'elu';
    const parameter = isGiven ? reader.optional('parameter', 'a finite number', isFinite32) : undefined;
    return { name, ...(parameter !== undefined && { parameter }) };
  },
  derivative: (rule) => {
    const { attributes, inputs, outputs, gradients } = rule;
    // The derivative is a function of the output, or else of the input.
    const at = isFused(attributes.name) ? outputs[0] : inputs[0];
    return [one(rule, activationGradient, [at, gradients[0]!], attributes)];
  },
  bind({ attributes: { name, parameter }, inputs: [x], outputs }) {
    const y = outputs[0]!;
    return isFused(name)
      ? activate({ y, x, activation: name })
      : smooth({ y, x, activation: name, parameter });
  },
};

/** dy ⊙ f', from the activation's output where it is fused, else from its input. */
export const activationGradient: Operation<ActivationAttributes> = {
  name: 'activationGradient',
  inPlace: [1],
  infer: (_, [x]) => [x],
  bind({ attributes: { name, parameter }, inputs: [at, dy], outputs }) {
    const dx = outputs[0]!;
    return isFused(name)
      ? activateBackward({ dx, y: at, dy, activation: name })
      : smoothBackward({ dx, x: at, dy, activation: name as SmoothActivation, parameter });
  },
};
