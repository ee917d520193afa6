/** Dropout as an operation of the graph (Srivastava et al., JMLR 15, 2014). */

import { copy } from './activations.js';
import { dropout as bindDropout } from './dropout.js';
import { asMatrix, type Operation, one } from './operation.js';
import { multiply } from './update.js';

export interface DropoutAttributes {
  readonly rate: number;
}

/**
 * y = x ⊙ mask while training, else x. Outputs y and the mask: 0 with probability `rate`, else 1 / (1 - rate). What is dropped depends on the
 * seed, the operation's stream, the step and batch, and the element's place alone.
 */
export const dropout: Operation<DropoutAttributes> = {
  name: 'dropout',
  random: true,
  infer: (_, [x]) => [x, x],
  read: (reader) => ({ rate: reader.number('rate', { min: 0, below: 1 }) }),
  derivative: (rule) => [one(rule, dropoutGradient, [rule.gradients[0]!, rule.outputs[1]], {})],
  bind({ attributes: { rate }, inputs: [x], outputs: [y, mask], state, seed, stream, arena }) {
    const place = mask ?? arena.like(y!);
    const [flatY, flatMask, flatX] = [y!, place, x].map(asMatrix);
    const drop = bindDropout({ y: flatY, mask: flatMask, x: flatX, rate, seed, stream });
    const pass = copy({ y: y!, x });
    return () => (state.training ? drop(state.step, state.batch) : pass());
  },
};

/** dy ⊙ mask after a forward that trained, else dy. */
const dropoutGradient: Operation<object> = {
  name: 'dropoutGradient',
  inPlace: [0],
  infer: (_, [dy]) => [dy],
  bind({ inputs: [dy, mask], outputs, state }) {
    const dx = outputs[0]!;
    const through = multiply({ y: dx, a: dy, b: mask });
    const pass = copy({ y: dx, x: dy });
    return () => (state.training ? through() : pass());
  },
};
