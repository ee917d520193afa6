/** The fully connected layer: y = f(x·W + b). */
import { checkInteger, OptionReader } from '../base/options.js';
import { applyOne } from '../graph/value.js';
import { product } from '../ops/matmul.js';
import { type AffineOptions, activated, readAffine } from './affine.js';
import { defineLayer, type Layer, parameter } from './layer.js';

/** How a dense layer is made. */
export interface DenseOptions extends AffineOptions {}

/**
 * A layer with `units` outputs: x [rows, …, in] gives y [rows, …, units]. Its parameters are `weight` [in,
 * units] and `bias` [units]. Backward, with dz = dy ⊙ f'(y): dW = xᵀ·dz, db = Σ dz over rows, dx = dz·Wᵀ.
 *
 * Throws OptionError for sizes that are not positive whole numbers and for unknown options.
 */
export function dense(units: number, options?: DenseOptions): Layer {
  checkInteger('dense', 'units', units, { min: 1 });
  const reader = new OptionReader('dense', options);
  const { activation, bias, weightInitializer, biasInitializer } = readAffine('dense', reader);
  reader.end();

  return defineLayer('dense', { units, activation, bias }, (x) => {
    const width = x.shape.dims[x.shape.dims.length - 1] ?? 1;
    const weight = parameter('weight', [width, units], weightInitializer, { penalised: true });
    const operands = bias ? [x, weight, parameter('bias', [units], biasInitializer)] : [x, weight];
    return activated(applyOne(product, operands, { form: 'nn', flat: true }), activation);
  });
}
