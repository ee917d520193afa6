/**
 * Tensors seen with other strides: permuted, sliced, repeated. A view is a name for memory; nothing is
 * copied.
 */
import { elementsOf } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import { checkInteger } from '../base/options.js';
import { formatShape, type Tensor } from '../engine/tensor.js';

/**
 * Element (i, j, …) is number offset + i · strides[0] + j · strides[1] + … of the tensor, padding counted.
 * Stride 0 repeats.
 */
export interface View {
  readonly tensor: Tensor;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Axes that a view may have. */
const MAX_AXES = 8;

/**
 * All of a tensor, or, where its rows are not padded, the same elements in another shape; [] is one number.
 */
export function viewOf(tensor: Tensor, shape: readonly number[] = tensor.shape): View {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = tensor.shape.length - 1; axis >= 0; axis--) {
    strides.unshift(stride);
    stride *= axis === tensor.shape.length - 1 ? tensor.ld : tensor.shape[axis];
  }
  const view = { tensor, offset: 0, shape: tensor.shape, strides };
  return shape === tensor.shape ? view : reshapeView(view, shape);
}

/**
 * The view repeated to `shape` by numpy's rule: axes are matched from the last, and those that are missing or
 * of length 1 repeat.
 */
export function broadcast(view: View, shape: readonly number[]): View {
  const ahead = shape.length - view.shape.length;
  const fits =
    ahead >= 0 && view.shape.every((length, axis) => length === 1 || length === shape[ahead + axis]);
  checkLengths('broadcast', shape);
  if (!fits) {
    throw new ShapeError(
      'broadcast',
      `${formatShape(view.shape)} cannot be repeated to ${formatShape(shape)}`,
    );
  }
  const strides = shape.map((length, axis) => {
    const own = axis - ahead;
    return own < 0 || (view.shape[own] === 1 && length !== 1) ? 0 : view.strides[own];
  });
  return { ...view, shape, strides };
}

/** Axis i of the result is axis axes[i] of the view. */
export function permute(view: View, axes: readonly number[]): View {
  const rank = view.shape.length;
  const isPermutation =
    axes.length === rank && [...axes].sort((a, b) => a - b).every((axis, i) => axis === i);
  if (!isPermutation) {
    throw new OptionError('permute', `axes: expected each of the ${rank} axes once, given ${show(axes)}`);
  }
  return {
    ...view,
    shape: axes.map((axis) => view.shape[axis]),
    strides: axes.map((axis) => view.strides[axis]),
  };
}

/** Of one axis, `length` places from `begin` on, every `step`-th: 1 unless given. */
export function slice(view: View, axis: number, begin: number, length: number, step = 1): View {
  checkInteger('slice', 'axis', axis, { min: 0, below: view.shape.length });
  checkInteger('slice', 'step', step, { min: 1 });
  checkInteger('slice', 'begin', begin, { min: 0 });
  checkInteger('slice', 'length', length, { min: 0 });
  if (length > 0 && begin + (length - 1) * step >= view.shape[axis]) {
    const wanted = `${length} places from ${begin} on, ${step} apart`;
    throw new ShapeError('slice', `axis ${axis} of ${formatShape(view.shape)} has no ${wanted}`);
  }
  return {
    ...view,
    offset: view.offset + (length > 0 ? begin * view.strides[axis] : 0),
    shape: view.shape.map((own, i) => (i === axis ? length : own)),
    strides: view.strides.map((stride, i) => (i === axis ? stride * step : stride)),
  };
}

/** The same elements in row-major order in another shape. Throws ShapeError where that takes a copy. */
export function reshapeView(view: View, shape: readonly number[]): View {
  const found = tryReshape(view, shape);
  if (found) return found;
  const given = `${formatShape(view.shape)} with strides ${formatShape(view.strides)}`;
  throw new ShapeError('reshapeView', `${given} is no ${formatShape(shape)} without a copy`);
}

/**
 * `reshapeView`, or undefined where that takes a copy. Throws ShapeError where the numbers of elements
 * differ.
 */
export function tryReshape(view: View, shape: readonly number[]): View | undefined {
  checkLengths('reshapeView', shape);
  const size = elementsOf(shape);
  if (size !== elementsOf(view.shape)) {
    throw new ShapeError(
      'reshapeView',
      `${formatShape(view.shape)} has not the elements of ${formatShape(shape)}`,
    );
  }
  const strides = new Array<number>(shape.length).fill(1);
  if (size === 0) return { ...view, shape, strides };
  // From the last axis: a run of axes that lie one within the other, and as many new axes as have
  // its elements.
  const axes = view.shape.map((length, axis) => ({ length, stride: view.strides[axis] }));
  const rest = axes.filter(({ length }) => length !== 1);
  let to = shape.length - 1;
  while (rest.length > 0) {
    let { length, stride } = rest.pop()!;
    let outer = stride * length;
    while (rest.length > 0 && rest[rest.length - 1].stride === outer) {
      const next = rest.pop()!;
      length *= next.length;
      outer *= next.length;
    }
    for (; length > 1; to--) {
      // Axes of length 1 on the way take any stride.
      if (length % shape[to] !== 0) return undefined;
      strides[to] = stride;
      stride *= shape[to];
      length /= shape[to];
    }
  }
  return { ...view, shape, strides };
}

function checkLengths(where: string, shape: readonly number[]): void {
  if (!Array.isArray(shape) || shape.length > MAX_AXES) {
    throw new OptionError(where, `shape: expected at most ${MAX_AXES} lengths, given ${show(shape)}`);
  }
  for (const length of shape) checkInteger(where, `shape ${show(shape)}`, length, { min: 0 });
}

/**
 * @internal What the faces of strided kernels check of a view: that it is floats, and lies within its tensor.
 */
export function checkView(where: string, name: string, view: View, shape?: readonly number[]): void {
  const { tensor, offset, strides } = view;
  const given = `${tensor.dtype} ${formatShape(view.shape)}`;
  if (tensor.dtype !== 'float' || (shape && formatShape(shape) !== formatShape(view.shape))) {
    throw new ShapeError(
      where,
      `${name}: expected float ${shape ? formatShape(shape) : 'of any shape'}, given ${given}`,
    );
  }
  checkLengths(where, view.shape);
  for (const stride of strides) checkInteger(where, `${name}: strides ${show(strides)}`, stride, { min: 0 });
  checkInteger(where, `${name}: offset`, offset, { min: 0 });
  if (strides.length === view.shape.length && reach(view) <= tensor.span) return;
  const place = `${formatShape(view.shape)} with strides ${formatShape(strides)} from ${offset}`;
  throw new ShapeError(where, `${name}: ${place} does not lie within ${tensor}`);
}

/** Elements of the tensor up to behind the view's last. */
function reach({ offset, shape, strides }: View): number {
  if (elementsOf(shape) === 0) return 0;
  return shape.reduce((last, length, axis) => last + (length - 1) * strides[axis], offset) + 1;
}

/** @internal Throws ShapeError when two places of an output are one element. */
export function checkDistinct(where: string, name: string, { shape, strides }: View): void {
  const axes = shape
    .map((length, axis) => ({ length, stride: strides[axis] }))
    .filter(({ length }) => length > 1);
  axes.sort((a, b) => a.stride - b.stride);
  let within = 0;
  for (const { length, stride } of axes) {
    if (stride <= within) {
      const given = `${formatShape(shape)} with strides ${formatShape(strides)}`;
      throw new ShapeError(where, `${name}: expected distinct elements, given ${given}`);
    }
    within += (length - 1) * stride;
  }
}

/** @internal Throws ShapeError when an output overlaps an input other than in the very same place. */
export function checkInPlace(where: string, y: View, ...inputs: View[]): void {
  checkApart(where, y, ...inputs.filter((x) => !isSame(x, y)));
}

/** @internal Throws ShapeError when an output overlaps an input. */
export function checkApart(where: string, y: View, ...inputs: View[]): void {
  for (const x of inputs) {
    if (elementsOf(x.shape) === 0 || elementsOf(y.shape) === 0) continue;
    const bytes = y.tensor.elementBytes;
    const [a, b] = [x, y].map((view) => [pointerOf(view), view.tensor.pointer + reach(view) * bytes]);
    if (a[0] >= b[1] || b[0] >= a[1] || apartInRows(x, y)) continue;
    throw new ShapeError(
      where,
      `the output, a view of ${y.tensor}, overlaps an input, a view of ${x.tensor}`,
    );
  }
}

/** Whether both are columns of the same rows, and none of the same. */
function apartInRows(x: View, y: View): boolean {
  if (x.tensor.pointer !== y.tensor.pointer) return false;
  const pitch = y.tensor.ld;
  const [a, b] = [x, y].map((view) => {
    const first = view.offset % pitch;
    let last = first;
    for (const [axis, length] of view.shape.entries()) {
      const stride = view.strides[axis];
      if (stride % pitch !== 0) last += (length - 1) * stride;
    }
    return [first, last];
  });
  return a[1] < pitch && b[1] < pitch && (a[1] < b[0] || b[1] < a[0]);
}

function isSame(x: View, y: View): boolean {
  const strides = (view: View) => view.strides.filter((_, axis) => view.shape[axis] !== 1);
  return (
    pointerOf(x) === pointerOf(y) &&
    formatShape(x.shape) === formatShape(y.shape) &&
    formatShape(strides(x)) === formatShape(strides(y))
  );
}

/** @internal The byte offset of the first element. */
export function pointerOf({ tensor, offset }: View): number {
  return tensor.pointer + offset * tensor.elementBytes;
}
