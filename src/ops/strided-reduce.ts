/** Sums, maxima and minima over axes of views. */

import { elementsOf } from '../base/arrays.js';
import { OptionError, ShapeError } from '../base/errors.js';
import { REDUCTION } from '../engine/codes.js';
import { LONGEST_CHAIN } from '../engine/constants.js';
import type { Signatures } from '../engine/signatures.js';
import { formatShape } from '../engine/tensor.js';
import { type Call, checkSameEngine } from './check.js';
import { byStride, type Loop, merged, parts, starts } from './loops.js';
import { all, codeOf, fill, unary } from './strided.js';
import { broadcast, checkDistinct, checkInPlace, checkView, pointerOf, type View, viewOf } from './view.js';

export const signatures = {
  /**
   * y [D0, D1] = start and the sum, maximum or minimum over the axes R0 and R1 of x [D0, D1, R0, R1], in this
   * order; start is y when `accumulate`, else 0 or the infinity that any number replaces. Sums have the bits
   * of `column_sums`, whatever the strides.
   */
  strided_reduce: `y: inout rows, sy0, sy1, x: in rows, sx0, sx1, sr0, sr1, D0: cut, D1: across, R0: across, R1: across, op,
    accumulate; 0.3 ns`,
} satisfies Signatures;

export type Reduction = (typeof REDUCTION)[number];

interface Reduce {
  /** Of x's shape, with length 1 where an axis is reduced. */
  y: View;
  x: View;
  operation: Reduction;
  /** y begins as it is: y + the sum, or the larger or smaller of both. */
  accumulate?: boolean;
  /** What the result is multiplied by: 1 / n makes a mean of a sum. Not with `accumulate`. */
  scale?: number;
}

/**
 * y = the sum, maximum or minimum of x over the axes where y has length 1. The terms are taken in row-major
 * order of these axes, as a chain, or as blocks where there are more than LONGEST_CHAIN: bits depend on
 * nothing else. NaN makes NaN.
 */
export function reduce({ y, x, operation, accumulate = false, scale = 1 }: Reduce): Call {
  const where = 'reduce';
  const code = codeOf(where, operation, REDUCTION);
  checkSameEngine(where, y.tensor, x.tensor);
  checkView(where, 'x', x);
  checkView(where, 'y', y);
  const fits = y.shape.length === x.shape.length && y.shape.every((n, i) => n === 1 || n === x.shape[i]);
  if (!fits) {
    const expected = `expected ${formatShape(x.shape)} with some lengths 1`;
    throw new ShapeError(where, `y: ${expected}, given ${formatShape(y.shape)}`);
  }
  if (accumulate && scale !== 1) {
    throw new OptionError(where, 'scale: expected none with accumulate: what is there would be scaled too');
  }
  checkDistinct(where, 'y', y);
  if (elementsOf(y.shape) === 0) return () => {};
  if (elementsOf(x.shape) === 0 && operation !== 'sum') {
    throw new ShapeError(
      where,
      `x: expected elements to find the ${operation} of, given ${formatShape(x.shape)}`,
    );
  }
  // Nothing is reduced where y has x's shape, and the one may be the other.
  if (elementsOf(y.shape) === elementsOf(x.shape)) checkInPlace(where, y, x);
  else checkInPlace(where, broadcast(y, x.shape), x);
  if (elementsOf(x.shape) === 0) return accumulate ? () => {} : fill({ y, value: 0 });
  const calls = reduceCalls(y, x, code, accumulate);
  if (scale !== 1) calls.push(unary({ y, x: y, operation: 'scale', parameter: scale }));
  return all(calls);
}

function reduceCalls(y: View, x: View, code: number, accumulate: boolean): Call[] {
  const isReduced = (axis: number) => y.shape[axis] === 1 && x.shape[axis] !== 1;
  const reducedAxes = [...x.shape.keys()].filter(isReduced);
  const keptAxes = byStride(x).filter((axis) => !isReduced(axis));
  const reduced = merged([x], reducedAxes);
  const terms = reducedAxes.reduce((product, axis) => product * x.shape[axis], 1);
  if (reduced.length > 2 && REDUCTION[code] === 'sum' && terms > LONGEST_CHAIN) {
    return throughCopy(y, x, [...keptAxes, ...reducedAxes], code, accumulate);
  }
  // Along the kept axes y goes with x; along the others it stands still.
  const kept = merged([x, y], keptAxes).map(({ length, strides: [sx, sy] }) => ({
    length,
    strides: [sy, sx],
  }));
  const along = kept.findIndex(({ strides }) => strides[1] === 1);
  const lane = kept.splice(along < 0 ? kept.length - 1 : along, 1)[0] ?? { length: 1, strides: [1, 1] };
  kept.sort((a, b) => b.length - a.length);
  const one: Loop = { length: 1, strides: [0] };
  const [R0, R1] = reduced.length > 1 ? reduced.slice(-2) : [one, reduced[0] ?? one];
  const before = reduced.slice(0, -2).map(({ length, strides: [sx] }) => ({ length, strides: [0, sx] }));
  const none: Loop = { length: 1, strides: [0, 0] };
  const [outer = none, ...rest] = kept;
  return bind(y, x, { outer, lane, R0, R1, rest, before, code, accumulate });
}

interface Axes {
  /** Axes that are kept, of the kernel, and beyond. Strides: of y, of x. */
  outer: Loop;
  lane: Loop;
  rest: readonly Loop[];
  /** Axes that are reduced, of the kernel, and before them. Strides: of x; of y and x. */
  R0: Loop;
  R1: Loop;
  before: readonly Loop[];
  code: number;
  accumulate: boolean;
}

function bind(y: View, x: View, axes: Axes): Call[] {
  const { outer, lane, R0, R1, rest, before, code, accumulate } = axes;
  const { kernels } = y.tensor.engine;
  const bytes = y.tensor.elementBytes;
  const pointers = [pointerOf(y), pointerOf(x)];
  const plain = outer.length === 1 && rest.length === 0 && before.length === 0 && R0.length === 1;
  // It can be cut along its columns.
  if (plain && REDUCTION[code] === 'sum' && lane.strides[0] === 1 && lane.strides[1] === 1) {
    const [py, px] = pointers;
    const [ldx, M, N] = [R1.strides[0], R1.length, lane.length];
    return [() => kernels.column_sums(py, px, ldx, M, N, Number(accumulate))];
  }
  const single: Loop = { length: 1, strides: [0, 0] };
  return parts([outer, lane, single]).map(({ axes: [D0, D1], offsets }) => {
    const from = pointers.map((pointer, i) => pointer + offsets[i] * bytes);
    const list = starts(from, [...rest, ...before], bytes);
    // The calls that take up a result which another has begun.
    const turns = before.reduce((product, { length }) => product * length, 1);
    const [y0, x0] = D0.strides;
    const [y1, x1] = D1.strides;
    const [r0, r1] = [R0.strides[0], R1.strides[0]];
    const [d0, d1, n0, n1] = [D0.length, D1.length, R0.length, R1.length];
    return () => {
      for (let i = 0; i < list.length; i += 2) {
        const goesOn = Number(accumulate || (i / 2) % turns !== 0);
        kernels.strided_reduce(list[i], y0, y1, list[i + 1], x0, x1, r0, r1, d0, d1, n0, n1, code, goesOn);
      }
    };
  });
}

/** Long sums over axes that lie too far apart for the kernel: of a copy, whose reduced axes are one. */
function throughCopy(y: View, x: View, order: number[], code: number, accumulate: boolean): Call[] {
  const shape = order.map((axis) => x.shape[axis]);
  const copied = viewOf(y.tensor.scratch(elementsOf(shape)), shape);
  // The copy's axes in x's order.
  const places = x.shape.map((_, axis) => order.indexOf(axis));
  const copy: View = { ...copied, shape: x.shape, strides: places.map((place) => copied.strides[place]) };
  return [unary({ y: copy, x, operation: 'copy' }), ...reduceCalls(y, copy, code, accumulate)];
}
