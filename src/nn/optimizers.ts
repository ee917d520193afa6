/** Optimizers: how parameters follow their gradients. */
import { sgdStep } from '../engine/ops/elementwise.js';
import type { Tensor } from '../engine/tensor.js';
import { OptionError, show } from '../errors.js';
import { OptionReader } from '../options.js';

/** The smallest rate that float32 does not round to zero, and the largest that it can hold. */
const RATES = { min: 2 ** -149, max: 3.4028234663852886e38 };

export interface Optimizer {
  readonly kind: string;
  readonly learningRate: number;
  /** JSON values that make an equal optimizer. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The update is w - learningRate · g and nothing else: a layer may do it along with the gradient. */
  readonly plainSgd: boolean;
  /** Binds the update to flat tensors of parameters and gradients. */
  compile(tensors: { parameters: Tensor; gradients: Tensor }): (learningRate: number) => void;
}

/** Stochastic gradient descent: w = w - learningRate · g. */
export function sgd(options: { learningRate: number }): Optimizer {
  const reader = new OptionReader('sgd', options);
  const learningRate = reader.number('learningRate', RATES);
  reader.end();
  return {
    kind: 'sgd',
    learningRate,
    plainSgd: true,
    config: { kind: 'sgd', learningRate },
    compile: ({ parameters, gradients }) => sgdStep({ w: parameters, g: gradients }),
  };
}

/** The optimizer that a `config` describes. Throws OptionError for one that is not known. */
export function optimizerOf(config: Readonly<Record<string, unknown>>): Optimizer {
  const { kind, ...options } = config;
  if (kind === 'sgd') return sgd(options as { learningRate: number });
  throw new OptionError('optimizerOf', `unknown optimizer ${show(kind)}`);
}
