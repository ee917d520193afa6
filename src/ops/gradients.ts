/** Operations of the graph that derivation itself needs: gradients that are added up, and kept apart. */

import { ShapeError } from '../base/errors.js';
import { copy } from './activations.js';
import { copyColumns } from './embedding.js';
import { type Operation, one, type Shape, showShape } from './operation.js';
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

/** The same numbers in memory of their own. */
export const copyOf: Operation<object> = {
  name: 'copyOf',
  infer: (_, [x]) => [x],
  derivative: ({ gradients: [dy] }) => [dy],
  bind: ({ inputs: [x], outputs }) => copy({ y: outputs[0]!, x }),
};

/** [rows, 1] as [rows], and back. */
export const lineOf: Operation<object> = {
  name: 'lineOf',
  infer: (where, [x]) => [{ ...x, dims: flip(where, x) }],
  derivative: (rule) => [one(rule, lineOf, [rule.gradients[0]!], {})],
  bind({ inputs: [x], outputs }) {
    const [from, to] = [x, outputs[0]!].map((tensor) =>
      tensor.shape.length === 1 ? tensor.view([tensor.size, 1]) : tensor,
    );
    return copyColumns({ y: to, x: from, from: 0, to: 0, count: 1 });
  },
};

function flip(where: string, shape: Shape): readonly number[] {
  if (shape.dims.length === 0) return [1];
  if (shape.dims.join() === '1') return [];
  throw new ShapeError(where, `expected one number a row, given ${showShape(shape)}`);
}
