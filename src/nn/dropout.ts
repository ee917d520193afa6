/** The dropout layer (Srivastava et al., JMLR 15, 2014). */

import { OptionReader } from '../base/options.js';
import { copy } from '../ops/activations.js';
import { dropout as dropoutOp } from '../ops/dropout.js';
import { multiply } from '../ops/update.js';
import type { Layer } from './layer.js';

/**
 * Sets each element to 0 with probability `rate` while training, and multiplies the others by 1 / (1 - rate), as PyTorch's
 * Dropout; when predicting it does nothing. What is dropped depends on the seed, the layer's place, the step and the
 * element alone: the same on every machine and for every number of threads. Throws OptionError unless 0 ≤ rate < 1.
 */
export function dropout(rate: number): Layer {
  new OptionReader('dropout', { rate }).number('rate', { min: 0, below: 1 });
  return {
    kind: 'dropout',
    config: { rate },
    outputSize: (inputSize) => inputSize,
    parameters: () => [],
    saved: (inputSize) => [{ name: 'mask', perRow: true, width: inputSize }],
    compile({ x, y, dx, dy, saved, state, seed, index }) {
      const drop = dropoutOp({ y, mask: saved.mask, x, rate, seed, stream: index });
      const pass = copy({ y, x });
      const forward = [() => (state.training ? drop(state.step, state.batch) : pass())];
      if (!dx || !dy) return { forward, backward: [] };
      const through = multiply({ y: dx, a: dy, b: saved.mask });
      const passBack = copy({ y: dx, x: dy });
      const backward = [() => (state.training ? through() : passBack())];
      return { forward, backward };
    },
  };
}
