/**
 * Which shapes meet, and how. Axes are aligned at the last, and an axis of length 1, or none, serves all of
 * the other's. Rows never meet another axis: a value without rows has no more axes than one row of the other,
 * and two values with rows have equally many.
 */
import { ShapeError } from '../base/errors.js';
import type { Tensor } from '../engine/tensor.js';
import {
  type Operation,
  one,
  type Rule,
  type Shape,
  type Symbolic,
  sameShape,
  showShape,
} from './operation.js';
import { unary } from './strided.js';
import { reduce } from './strided-reduce.js';
import { broadcast, type View, viewOf } from './view.js';

/** The shape of what is made of these, element by element. Throws ShapeError. */
export function broadcastShapes(where: string, ...shapes: readonly Shape[]): Shape {
  return shapes.reduce((a, b) => meet(where, a, b));
}

function meet(where: string, a: Shape, b: Shape): Shape {
  const given = `given ${showShape(a)} and ${showShape(b)}`;
  const fail = (expected: string): never => {
    throw new ShapeError(where, `${expected}, ${given}`);
  };
  const [short, long] = a.dims.length < b.dims.length ? [a, b] : [b, a];
  if (short.dims.length < long.dims.length && short.rows) {
    fail('rows could meet another axis here; reshape to equally many axes');
  }
  const shift = long.dims.length - short.dims.length;
  const dims = long.dims.map((length, i) => {
    const other = short.dims[i - shift] ?? 1;
    if (length !== other && length !== 1 && other !== 1)
      fail('expected equal lengths, or 1, axis by axis from the last');
    return length === 1 ? other : length;
  });
  return { rows: a.rows || b.rows, dims };
}

/** A view of the tensor, stretched to the shape of another. */
export function stretched(tensor: Tensor, like: Tensor): View {
  return broadcast(viewOf(tensor), like.shape);
}

interface ShapeAttributes {
  readonly shape: Shape;
}

/** x, repeated along the axes that `shape` has more, or longer. */
export const spread: Operation<ShapeAttributes> = {
  name: 'spread',
  infer(where, [x], { shape }) {
    if (!sameShape(broadcastShapes(where, x, shape), shape)) {
      throw new ShapeError(
        where,
        `expected a shape that stretches to ${showShape(shape)}, given ${showShape(x)}`,
      );
    }
    return [shape];
  },
  derivative: (rule) => [one(rule, sumTo, [rule.gradients[0]!], { shape: rule.inputs[0].shape })],
  bind: ({ inputs: [x], outputs }) =>
    unary({ y: viewOf(outputs[0]!), x: stretched(x, outputs[0]!), operation: 'copy' }),
};

/** The sums over what `spread` repeats. */
const sumTo: Operation<ShapeAttributes> = {
  name: 'sumTo',
  infer: (_, __, { shape }) => [shape],
  derivative: (rule) => [one(rule, spread, [rule.gradients[0]!], { shape: rule.inputs[0].shape })],
  bind({ inputs: [x], outputs }) {
    const y = viewOf(outputs[0]!);
    // The axes that x has more, and those that are 1 here, are summed over. A number is a vector of one.
    const missing = x.shape.length - y.shape.length;
    const view = {
      ...y,
      shape: [...new Array<number>(missing).fill(1), ...y.shape],
      strides: [...new Array<number>(missing).fill(0), ...y.strides],
    };
    return reduce({ y: view, x: viewOf(x), operation: 'sum' });
  },
};

/** A gradient at a value that may have been stretched: summed over what it was stretched along. */
export function unspread<V extends Symbolic>(rule: Pick<Rule<V>, 'apply'>, gradient: V, shape: Shape): V {
  return sameShape(gradient.shape, shape) ? gradient : one(rule, sumTo, [gradient], { shape });
}
