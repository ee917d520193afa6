/** Activations as operations of the graph, by name; formulas as in PyTorch. */
import {
  type Activation,
  activationCodes,
  type FusedActivation,
  type SmoothActivation,
} from '../engine/kernels.js';
import { activate, activateBackward } from './activations.js';
import { type Operation, one } from './operation.js';
import { smooth, smoothBackward } from './smooth.js';

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
