/** The dropout layer (Srivastava et al., JMLR 15, 2014). */
import { OptionReader } from '../base/options.js';
import { applyOne } from '../graph/value.js';
import { dropoutOperation as applyDropout } from '../ops/dropout.js';
import { defineLayer, type Layer } from './layer.js';

/** What is dropped. */
export interface DropoutOptions {
  /** Whether whole channels of a row, which the last axis counts, are dropped; false by default. */
  channels?: boolean;
}

/**
 * Sets each element to 0 with probability `rate` while training, and multiplies the others by 1 / (1 - rate),
 * as PyTorch's Dropout; when predicting it does nothing. With `channels` whole channels of an image go at
 * once, as by PyTorch's Dropout2d (Tompson et al. 2015). What is dropped depends on the seed, the layer's
 * place, the step and the element alone: the same on every machine and for every number of threads. Throws
 * OptionError unless 0 ≤ rate < 1.
 */
export function dropout(rate: number, options?: DropoutOptions): Layer {
  new OptionReader('dropout', { rate }).number('rate', { min: 0, below: 1 });
  const reader = new OptionReader('dropout', options);
  const channels = reader.boolean('channels', false);
  reader.end();
  const config = { rate, ...(channels && { channels }) };
  return defineLayer('dropout', config, (x) => applyOne(applyDropout, [x], config));
}
