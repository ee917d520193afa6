/** Activations by name, and the layer that applies one. */

import { OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import {
  type Activation,
  activationCodes,
  type FusedActivation,
  type SmoothActivation,
} from '../engine/kernels.js';
import { applyOne } from '../graph/value.js';
import { activation as applyActivation } from '../ops/activations.js';
import { defineLayer, type Layer } from './layer.js';

const smoothActivations: readonly SmoothActivation[] = [
  'leakyRelu',
  'gelu',
  'geluTanh',
  'silu',
  'softplus',
  'elu',
];

/** The name of every activation. */
export const activations: readonly Activation[] = [
  ...(Object.keys(activationCodes) as FusedActivation[]),
  ...smoothActivations,
];

/** What is said to those who look for it among activations. */
export const SOFTMAX = ' (the loss has softmax)';

/** The one number that some activations have. */
export interface ActivationOptions {
  /** leakyRelu's factor of negative inputs; 0.01 by default, as in PyTorch. */
  negativeSlope?: number;
  /** elu's limit for inputs towards -infinity, negated; 1 by default. */
  alpha?: number;
}

/**
 * A layer that applies an activation to each element: `relu`, `leakyRelu`, `gelu` (erf form), `geluTanh`,
 * `silu`, `tanh`, `sigmoid`, `softplus`, `elu` or `identity`; formulas as in PyTorch. Throws OptionError for
 * other names and unknown options.
 */
export function activation(name: Activation, options?: ActivationOptions): Layer {
  const where = 'activation';
  if (!activations.includes(name)) {
    const known = activations.map(show).join(', ');
    throw new OptionError(where, `name: expected one of ${known}${SOFTMAX}, given ${show(name)}`);
  }
  const reader = new OptionReader(where, options);
  const shape: ActivationOptions = {};
  if (name === 'leakyRelu') shape.negativeSlope = reader.number('negativeSlope', {}, 0.01);
  if (name === 'elu') shape.alpha = reader.number('alpha', {}, 1);
  reader.end();
  const parameter = shape.negativeSlope ?? shape.alpha;
  const attributes = { name, ...(parameter !== undefined && { parameter }) };
  return defineLayer('activation', { name, ...shape }, (x) => applyOne(applyActivation, [x], attributes));
}
