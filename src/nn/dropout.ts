/** The dropout layer (Srivastava et al., JMLR 15, 2014). */
import { OptionReader } from '../base/options.js';
import { applyOne } from '../graph/value.js';
import { dropoutOperation as applyDropout } from '../ops/dropout.js';
import { defineLayer, type Layer } from './layer.js';

/**
 * Sets each element to 0 with probability `rate` while training, and multiplies the others by 1 / (1 - rate),
 * as PyTorch's Dropout; when predicting it does nothing. What is dropped depends on the seed, the layer's
 * place, the step and the element alone: the same on every machine and for every number of threads. Throws
 * OptionError unless 0 ≤ rate < 1.
 */
export function dropout(rate: number): Layer {
  new OptionReader('dropout', { rate }).number('rate', { min: 0, below: 1 });
  return defineLayer('dropout', { rate }, (x) => applyOne(applyDropout, [x], { rate }));
}
