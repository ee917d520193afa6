/** The operation of the graph that makes a line of a column: what a loss of one's own gives may be either. */
import { ShapeError } from '../base/errors.js';
import { copyColumns } from './embedding.js';
import { type Operation, one, type Shape, showShape } from './operation.js';

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
