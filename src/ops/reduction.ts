/** Sums, means, maxima and minima over axes, and softmax over the last, as operations of the graph. */
import { ShapeError } from '../base/errors.js';
import type { Tensor } from '../engine/tensor.js';
import { div, equal, mul } from './arithmetic.js';
import { spread } from './broadcast.js';
import { type Operation, one, showShape } from './operation.js';
import { unary } from './strided.js';
import { reduce } from './strided-reduce.js';
import { type View, viewOf } from './view.js';

export interface ReductionAttributes {
  readonly operation: 'sum' | 'mean' | 'max' | 'min';
  /** Ascending, from 0; with rows, axis 0 is the rows. */
  readonly axes: readonly number[];
}

/** Axes that are reduced have length 1 afterwards; rows that are reduced are gone. */
export const reduction: Operation<ReductionAttributes> = {
  name: 'reduce',
  infer(where, [x], { axes }) {
    const rank = x.dims.length + Number(x.rows);
    const bad = axes.find((axis) => !(axis >= 0 && axis < rank));
    if (bad !== undefined) throw new ShapeError(where, `axis ${bad}: expected an axis of ${showShape(x)}`);
    const shift = Number(x.rows);
    const dims = x.dims.map((length, i) => (axes.includes(i + shift) ? 1 : length));
    return [{ rows: x.rows && !axes.includes(0), dims }];
  },
  read: (reader) => ({
    operation: reader.oneOf('operation', ['sum', 'mean', 'max', 'min']),
    axes: reader.required('axes', 'axes, ascending', isAscending),
  }),
  derivative(rule) {
    const { attributes, inputs, outputs, gradients } = rule;
    const [x] = inputs;
    const { shape } = x;
    const dy = gradients[0]!;
    if (attributes.operation === 'sum') return [one(rule, spread, [dy], { shape })];
    if (attributes.operation === 'mean') {
      return [one(rule, spread, [one(rule, meanGradient, [dy, x], attributes)], { shape })];
    }
    // Where several are the largest, they share the gradient, as in PyTorch's amax.
    const are = one(rule, equal, [x, one(rule, spread, [outputs[0]], { shape })], {});
    const count = one(rule, reduction, [are], { ...attributes, operation: 'sum' });
    const each = one(rule, spread, [one(rule, div, [dy, count], {})], { shape });
    return [one(rule, mul, [each, are], {})];
  },
  bind({ attributes: { operation, axes }, inputs: [x], outputs }) {
    const y = reducedView(outputs[0]!, x, axes);
    if (operation !== 'mean') return reduce({ y, x: viewOf(x), operation });
    return reduce({ y, x: viewOf(x), operation: 'sum', scale: 1 / countOf(x, axes) });
  },
};

function isAscending(value: unknown): value is readonly number[] {
  const is = (axis: unknown, i: number, all: unknown[]) =>
    Number.isSafeInteger(axis) && (i === 0 || (axis as number) > (all[i - 1] as number));
  return Array.isArray(value) && value.length > 0 && value.every(is);
}

/** dy over the number of values of x that a mean is made of. */
const meanGradient: Operation<ReductionAttributes> = {
  name: 'meanGradient',
  infer: (_, [dy]) => [dy],
  bind({ attributes: { axes }, inputs: [dy, x], outputs }) {
    const y = outputs[0]!;
    return unary({ y: viewOf(y), x: viewOf(dy), operation: 'scale', parameter: 1 / countOf(x, axes) });
  },
};

function countOf(x: Tensor, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * x.shape[axis], 1);
}

/** y as x with the axes reduced to length 1. */
function reducedView(y: Tensor, x: Tensor, axes: readonly number[]): View {
  const view = viewOf(y);
  const rowsAreGone = axes.includes(0) && y.shape.length === x.shape.length - 1;
  if (rowsAreGone) return { ...view, shape: [1, ...view.shape], strides: [0, ...view.strides] };
  // Everything was reduced: a number, which is a vector of one.
  return view.shape.length === x.shape.length
    ? view
    : { ...view, shape: x.shape.map(() => 1), strides: x.shape.map(() => 0) };
}
