/** What dense layers and convolutions have in common: options of weights and biases, and f at the end. */
import type { OptionReader } from '../base/options.js';
import type { Activation } from '../engine/kernels.js';
import { applyOne, type Value } from '../graph/value.js';
import { activation as applyActivation, isFused } from '../ops/activations.js';
import { activations, SOFTMAX } from './activations.js';
import { type Initializer, type InitializerName, resolveInitializer } from './initializers.js';

/** How a layer of weights is made. */
export interface AffineOptions {
  /**
   * f; `identity` by default. leakyRelu and elu have PyTorch's defaults; the layer `activation` takes others.
   */
  activation?: Activation;
  /** Whether there is a bias; true by default. */
  bias?: boolean;
  /**
   * Of the weights. By default He's normal for relu and its relatives, and Glorot's uniform for sigmoid, tanh
   * and identity.
   */
  weightInitializer?: InitializerName | Initializer;
  /** Of the bias; zeros by default. */
  biasInitializer?: InitializerName | Initializer;
}

/** The same as they were read. */
export interface Affine extends Required<AffineOptions> {
  readonly weightInitializer: Initializer;
  readonly biasInitializer: Initializer;
}

/** Reads these options for the layer `where`. Throws OptionError. */
export function readAffine(where: string, reader: OptionReader): Affine {
  const activation = reader.oneOf('activation', activations, 'identity', SOFTMAX);
  const bias = reader.boolean('bias', true);
  const rectifies = activation === 'relu' || !isFused(activation);
  const defaultWeights = rectifies ? 'heNormal' : 'glorotUniform';
  const initializer = (option: string, fallback: InitializerName) => {
    const given = reader.any(option);
    // The default for what is absent, and only for that: null is a mistake.
    return resolveInitializer(`${where}, option ${option}`, given === undefined ? fallback : given);
  };
  const weightInitializer = initializer('weightInitializer', defaultWeights);
  const biasInitializer = initializer('biasInitializer', 'zeros');
  return { activation, bias, weightInitializer, biasInitializer };
}

/** f(z). */
export function activated(z: Value, activation: Activation): Value {
  return activation === 'identity' ? z : applyOne(applyActivation, [z], { name: activation });
}
