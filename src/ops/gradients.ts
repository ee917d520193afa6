/** Operations of the graph that derivation itself needs: gradients that are added up, and kept apart. */
import { copy } from './activations.js';
import type { Operation } from './operation.js';
import { addScaled } from './update.js';

/** The sum of two gradients at one value. */
export const sumOfGradients: Operation<object> = {
  name: 'sumOfGradients',
  inPlace: [0],
  infer: (_, [a]) => [a],
  derivative: ({ gradients: [dy] }) => [dy, dy],
  bind({ inputs: [a, b], outputs }) {
    const y = outputs[0]!;
    const plus = addScaled(y, b);
    const first = y.pointer === a.pointer ? [] : [copy({ y, x: a })];
    return [...first, () => plus(1, true)];
  },
};

/** The same numbers in memory of their own: made as a step, never derived. */
export const copyOf: Operation<object> = {
  name: 'copyOf',
  infer: (_, [x]) => [x],
  bind: ({ inputs: [x], outputs }) => copy({ y: outputs[0]!, x }),
};
