/** The fully connected layer: y = f(x·W + b). */
import { checkInteger, OptionReader } from '../base/options.js';
import type { Activation } from '../engine/kernels.js';
import { applyOne } from '../graph/value.js';
import { activation as applyActivation, isFused } from '../ops/activations.js';
import { product } from '../ops/matmul.js';
import { activations } from './activations.js';
import { type Initializer, type InitializerName, resolveInitializer } from './initializers.js';
import { defineLayer, type Layer, parameter } from './layer.js';

/** How a dense layer is made. */
export interface DenseOptions {
  /**
   * f; `identity` by default. leakyRelu and elu have PyTorch's defaults; the layer `activation` takes others.
   */
  activation?: Activation;
  /** Whether b exists; true by default. */
  bias?: boolean;
  /**
   * Of W, [in, out]. By default He's normal for relu and its relatives, and Glorot's uniform for sigmoid,
   * tanh and identity.
   */
  weightInitializer?: InitializerName | Initializer;
  /** Of b, [out]; zeros by default. */
  biasInitializer?: InitializerName | Initializer;
}

/**
 * A layer with `units` outputs: x [rows, …, in] gives y [rows, …, units]. Its parameters are `weight` [in,
 * units] and `bias` [units]. Backward, with dz = dy ⊙ f'(y): dW = xᵀ·dz, db = Σ dz over rows, dx = dz·Wᵀ.
 *
 * Throws OptionError for sizes that are not positive whole numbers and for unknown options.
 */
export function dense(units: number, options?: DenseOptions): Layer {
  checkInteger('dense', 'units', units, { min: 1 });
  const reader = new OptionReader('dense', options);
  const activation = reader.oneOf('activation', activations, 'identity');
  const bias = reader.boolean('bias', true);
  const rectifies = activation === 'relu' || !isFused(activation);
  const defaultWeights = rectifies ? 'heNormal' : 'glorotUniform';
  const weightInitializer = resolveInitializer(
    'dense, option weightInitializer',
    orElse(reader.any('weightInitializer'), defaultWeights),
  );
  const biasInitializer = resolveInitializer(
    'dense, option biasInitializer',
    orElse(reader.any('biasInitializer'), 'zeros'),
  );
  reader.end();

  return defineLayer('dense', { units, activation, bias }, (x) => {
    const width = x.shape.dims[x.shape.dims.length - 1] ?? 1;
    const weight = parameter('weight', [width, units], weightInitializer, { penalised: true });
    const operands = bias ? [x, weight, parameter('bias', [units], biasInitializer)] : [x, weight];
    const z = applyOne(product, operands, { form: 'nn', flat: true });
    return activation === 'identity' ? z : applyOne(applyActivation, [z], { name: activation });
  });
}

/** The default for what is absent, and only for that: null is a mistake. */
function orElse(given: unknown, fallback: InitializerName): unknown {
  return given === undefined ? fallback : given;
}
