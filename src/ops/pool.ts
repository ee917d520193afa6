/** Max and average pooling of images [rows, height, width, channels]. */
import { ShapeError } from '../base/errors.js';
import type { OptionReader } from '../base/options.js';
import { CONV_GATHERED } from '../engine/geometry.js';
import type { Signatures } from '../engine/signatures.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { type Call, checkDense, checkDisjoint, checkSameEngine, checkTensor } from './check.js';
import { geometryTensor } from './geometry.js';
import { type Operation, one, type Shape } from './operation.js';
import { readNumbers } from './read.js';
import { checkImages, imageSize, resampling, type Taps } from './resample.js';

export const signatures = {
  /**
   * Of each of M images and each channel: the largest pixel of each window, and its place in the window, row
   * by row. NaN is larger than any number; of equals the first is taken. Windows need at least one pixel
   * within the image: what lies around it is left out. `geometry` (i32): see engine/geometry.ts. Places are bytes, those of a
   * pixel of y beginning at a multiple of 4; or, where the window has more than 256 pixels, i32, at a multiple
   * of four. `ldargmax` counts four bytes. argmax may be absent. N = OH · OW · C. May be split by images.
   */
  max_pool_forward: `y: out rows, ldy, argmax: out rows u8, ldargmax, x: in rows, ldx, geometry: in i32,
    M: cut, N: across; 1 ns`,
  /**
   * dx = 0, and at the place that was kept for each window its dy; added up where windows overlap, in the order
   * of the windows. May be split by images.
   */
  max_pool_backward: `dx: out rows, lddx, argmax: saved rows u8, ldargmax, dy: in rows, lddy,
    geometry: in i32, M: cut, N: across; 1 ns`,
} satisfies Signatures;

/** Windows over images: numbers only, vertical ones first. */
export interface PoolAttributes {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Top, left, bottom, right. */
  readonly padding: readonly number[];
  /**
   * Whether a last window may reach beyond the padding, as long as it begins within the image or before it.
   */
  readonly ceilMode?: boolean;
}

export interface AvgPoolAttributes extends PoolAttributes {
  /** Whether pixels of the padding count, as zeros. */
  readonly countIncludePad?: boolean;
}

/** One axis of a window that moves. */
interface Axis {
  readonly length: number;
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  /** Places of the window. */
  readonly places: number;
}

/** Both axes. */
function axesOf(where: string, attributes: PoolAttributes, lengths: readonly number[]): readonly Axis[] {
  return lengths.map((length, axis) => axisOf(where, attributes, length, axis));
}

/** Throws ShapeError where no window fits, or one has no pixel of the image. */
function axisOf(where: string, attributes: PoolAttributes, length: number, i: number): Axis {
  const [size, stride, dilation] = [attributes.size[i], attributes.strides[i], attributes.dilations[i]];
  const [before, after] = [attributes.padding[i], attributes.padding[i + 2]];
  const extent = (size - 1) * dilation + 1;
  const padded = length + before + after;
  const name = ['height', 'width'][i];
  if (extent > padded) {
    throw new ShapeError(
      where,
      `${name}: a window of ${extent} is larger than ${length} pixels, padded ${padded}`,
    );
  }
  const steps = (padded - extent) / stride;
  let places = Math.floor(steps) + 1;
  // As in PyTorch, the last window must begin within the image, or before it.
  if (attributes.ceilMode && Math.floor(steps) < steps && places * stride < length + before) places++;
  const axis = { length, size, stride, dilation, before, after, places };
  for (let place = 0; place < places; place++) {
    const [from, first] = beginOf(axis, place);
    if (first < size && from + first * dilation < length) continue;
    const padding = `the padding of ${length} pixels, ${before} before and ${after} behind`;
    throw new ShapeError(where, `${name}: window ${place} lies within ${padding}`);
  }
  return axis;
}

/** Where a window begins along one axis, and which of its pixels is the first that is not before the image. */
function beginOf({ stride, dilation, before }: Axis, place: number): readonly [from: number, first: number] {
  const from = place * stride - before;
  return [from, Math.max(0, Math.ceil(-from / dilation))];
}

/** The pixels of the image that a window has along one axis. */
function* pixelsOf(axis: Axis, place: number): Generator<number> {
  const [from, first] = beginOf(axis, place);
  const { length, size, dilation } = axis;
  for (let i = first; i < size && from + i * dilation < length; i++) yield from + i * dilation;
}

/** Four-byte words of the places that are kept of a pixel. */
function wordsOf({ size: [height, width] }: PoolAttributes, channels: number): number {
  const vectors = Math.ceil(channels / 4);
  return height * width > 256 ? 4 * vectors : vectors;
}

function geometryOf(arena: Arena, attributes: PoolAttributes, x: Tensor, y: Tensor): Tensor {
  const [[, h, w, c], [, oh, ow]] = [x.shape, y.shape];
  const { size, strides, dilations, padding } = attributes;
  const [[kh, kw], [sh, sw], [dh, dw], [pt, pl]] = [size, strides, dilations, padding];
  const all = { h, w, c, oh, ow, o: c, kh, kw, sh, sw, dh, dw, pt, pl, groups: c, form: CONV_GATHERED };
  return geometryTensor(arena, all);
}

/** y = the largest of each window of x; argmax, where it is wanted, keeps which. */
function maxPool(args: {
  y: Tensor;
  argmax: Tensor | undefined;
  x: Tensor;
  attributes: PoolAttributes;
  arena: Arena;
}): Call {
  const { y, argmax, x, attributes, arena } = args;
  const where = 'maxPool';
  checkPooled(where, { x, y, argmax, attributes });
  const { kernels } = x.engine;
  const geometry = geometryOf(arena, attributes, x, y);
  const [M, ldy, ldx] = [x.shape[0], imageSize(y), imageSize(x)];
  const [kept, ldkept] = argmax ? [argmax.pointer, imageSize(argmax)] : [0, 0];
  return () =>
    kernels.max_pool_forward(y.pointer, ldy, kept, ldkept, x.pointer, ldx, geometry.pointer, M, ldy);
}

/** dx = dy at the places that `maxPool` kept, 0 elsewhere. */
function maxPoolBackward(args: {
  dx: Tensor;
  argmax: Tensor;
  dy: Tensor;
  attributes: PoolAttributes;
  arena: Arena;
}): Call {
  const { dx, argmax, dy, attributes, arena } = args;
  const where = 'maxPoolBackward';
  checkPooled(where, { x: dx, y: dy, argmax, attributes });
  const { kernels } = dx.engine;
  const geometry = geometryOf(arena, attributes, dx, dy);
  const [M, lddx, ldkept, lddy] = [dx.shape[0], imageSize(dx), imageSize(argmax), imageSize(dy)];
  const [px, kept, py, numbers] = [dx, argmax, dy, geometry].map(({ pointer }) => pointer);
  return () => kernels.max_pool_backward(px, lddx, kept, ldkept, py, lddy, numbers, M, lddy);
}

/** Images x, what they become, and which pixels these were. */
function checkPooled(
  where: string,
  {
    x,
    y,
    argmax,
    attributes,
  }: { x: Tensor; y: Tensor; argmax: Tensor | undefined; attributes: PoolAttributes },
): void {
  checkSameEngine(where, x, y, argmax);
  checkTensor(where, 'x', x, 'float', [undefined, undefined, undefined, undefined]);
  const [M, H, W, C] = x.shape;
  const [OH, OW] = axesOf(where, attributes, [H, W]).map(({ places }) => places);
  checkTensor(where, 'y', y, 'float', [M, OH, OW, C]);
  checkDisjoint(where, y, x, argmax);
  checkDense(where, x, y);
  if (!argmax) return;
  checkTensor(where, 'argmax', argmax, 'float', [M, OH, OW, wordsOf(attributes, C)]);
  checkDense(where, argmax);
}

function readPool(reader: OptionReader): PoolAttributes {
  return {
    size: readNumbers(reader, 'size', 2, 1),
    strides: readNumbers(reader, 'strides', 2, 1),
    dilations: readNumbers(reader, 'dilations', 2, 1),
    padding: readNumbers(reader, 'padding', 4, 0),
    ...(reader.boolean('ceilMode', false) && { ceilMode: true }),
  };
}

/** Outputs y, and where each of its numbers was in its window: not as floats, so only for the derivative. */
export const maxPool2d: Operation<PoolAttributes> = {
  name: 'maxPool2d',
  infer(where, [x], attributes) {
    const [OH, OW] = axesOf(where, attributes, checkImages(where, x)).map(({ places }) => places);
    const of = (last: number): Shape => ({ rows: true, dims: [OH, OW, last] });
    return [of(x.dims[2]), of(wordsOf(attributes, x.dims[2]))];
  },
  read: readPool,
  derivative(rule) {
    const { attributes, inputs, outputs, gradients } = rule;
    const { shape } = inputs[0];
    return [one(rule, maxPool2dGradient, [outputs[1], gradients[0]!], { ...attributes, shape })];
  },
  bind: ({ attributes, inputs: [x], outputs: [y, argmax], arena }) =>
    maxPool({ y: y!, argmax, x, attributes, arena }),
};

/** Inputs: what `maxPool2d` kept of each window, and the gradient at it. */
const maxPool2dGradient: Operation<PoolAttributes & { readonly shape: Shape }> = {
  name: 'maxPool2dGradient',
  infer: (_, __, { shape }) => [shape],
  spreads: ({ strides, size }) => (strides.every((stride, axis) => stride >= size[axis]) ? 'apart' : 'added'),
  bind: ({ attributes, inputs: [argmax, dy], outputs, arena }) =>
    maxPoolBackward({ dx: outputs[0]!, argmax, dy, attributes, arena }),
};

/** The mean of each window: of its pixels within the image, or of those in the padding too. */
export const avgPool2d: Operation<AvgPoolAttributes> = /* @__PURE__ */ resampling({
  name: 'avgPool2d',
  read: (reader) => ({
    ...readPool(reader),
    ...(reader.boolean('countIncludePad', false) && { countIncludePad: true }),
  }),
  output(where, attributes, size) {
    return axesOf(where, attributes, size).map(({ places, size }) => {
      if (places * size <= MOST) return places;
      throw new ShapeError(
        where,
        `${places} windows of ${size} pixels along one axis are more than ${MOST} pixels`,
      );
    });
  },
  /** How many pixels a window has is a product of how many rows and columns. */
  taps(attributes, length, axis) {
    const own = axisOf('avgPool2d', attributes, length, axis);
    return Array.from({ length: own.places }, (_, place): Taps => {
      const pixels = [...pixelsOf(own, place)];
      const weight = 1 / (attributes.countIncludePad ? paddedCount(own, place) : pixels.length);
      return pixels.map((pixel) => [pixel, weight]);
    });
  },
});

/** Pixels that windows of means may have along an axis, all of them together: their list has to be made. */
const MOST = 2 ** 22;

/** Of a window that reaches beyond the padding, what lies there does not count. */
function paddedCount({ length, size, stride, dilation, before, after }: Axis, place: number): number {
  return Math.min(size, Math.ceil((length + before + after - place * stride) / dilation));
}
