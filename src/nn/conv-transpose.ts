/** Transposed convolutions as layers: what makes images larger where a convolution makes them smaller. */
import { OptionError, ShapeError, show } from '../base/errors.js';
import { checkInteger, OptionReader } from '../base/options.js';
import { applyOne, isValue, placeOf, type Value } from '../graph/value.js';
import {
  type PairOption,
  readPair,
  readWindow,
  resolveWindow,
  type WindowOptions,
} from '../graph/windows.js';
import { convolutionTranspose } from '../ops/conv.js';
import { activated } from './affine.js';
import {
  type ConvFunctionOptions,
  type ConvOptions,
  checkGroups,
  imageOf,
  ownWeights,
  readFunction,
  readLayer,
} from './conv-parts.js';
import { defineLayer, type Layer } from './layer.js';
import { copyOf, readOption } from './window-options.js';

interface OutputPadding {
  /**
   * Rows and columns more at the end, as several sizes are made one by a stride; less than the stride, 0 by
   * default. With `same` there is no choice.
   */
  outputPadding?: PairOption;
}

/** How a transposed convolution is made. */
export interface ConvTransposeOptions extends ConvOptions, OutputPadding {}

/** How one is made whose weight is a value. */
export interface ConvTransposeFunctionOptions extends ConvFunctionOptions, OutputPadding {}

/**
 * A layer of a transposed convolution, which is the gradient of a convolution at its image: x [rows, height,
 * width, in] gives y [rows, height', width', channels], with height' = (height - 1) · stride + dilation ·
 * (size - 1) + 1 - padding + outputPadding, as in PyTorch; with padding `same` it is height · stride, as in
 * Keras. Parameters: `weight` [size, size, channels / groups, in], which is that of the convolution from y to
 * x, and `bias` [channels].
 *
 * Throws OptionError for sizes and options that are none. Calling it throws ShapeError for what is no image,
 * where the padding leaves nothing, and for channels that the groups do not divide.
 */
export function convTranspose2d(channels: number, size: PairOption, options?: ConvTransposeOptions): Layer;
/**
 * The transposed convolution of images x [rows, height, width, in] with a weight [size, size, out / groups,
 * in] that is any value without rows. Throws as the layer does.
 */
export function convTranspose2d(x: Value, weight: Value, options?: ConvTransposeFunctionOptions): Value;
export function convTranspose2d(
  first: number | Value,
  second: PairOption | Value,
  options?: ConvTransposeOptions | ConvTransposeFunctionOptions,
): Layer | Value {
  const name = 'convTranspose2d';
  if (isValue(first)) {
    const where = placeOf(name);
    const { reader, ...own } = readFunction(where, second, '[height, width, out / groups, in]', options);
    const [, outputPadding] = readOutputPadding(where, own.window, reader);
    reader.end();
    checkGroups(where, own.groups, imageOf(where, first)[2], own.weight.shape.dims[2] * own.groups);
    return transpose(where, first, { ...own, outputPadding });
  }
  checkInteger(name, 'channels', first, { min: 1 });
  const reader = new OptionReader(name, options);
  const { config, window, affine } = readLayer(name, second, reader);
  const groups = reader.integer('groups', { min: 1 }, 1);
  const [given, outputPadding] = readOutputPadding(name, window, reader);
  reader.end();
  return defineLayer(name, { channels: first, ...config, groups, outputPadding: given }, (x) => {
    const where = placeOf(name);
    const [, , inputs] = imageOf(where, x);
    checkGroups(where, groups, inputs, first);
    const { size, strides } = readWindow(name, window);
    const each = (places: number, count: number) => (places * count) / groups;
    // With a stride, as many places of the kernel fall between the pixels, and reach nothing.
    const reached = size.map((length, axis) => Math.max(1, length / strides[axis]));
    const weights = ownWeights(
      [...size, first / groups, inputs],
      [each(reached[0] * reached[1], inputs), each(size[0] * size[1], first)],
      affine,
      first,
    );
    return activated(transpose(where, x, { window, groups, weights, outputPadding }), affine.activation);
  });
}

/** As it is given, for a file, and as a pair. */
function readOutputPadding(
  where: string,
  window: WindowOptions,
  reader: OptionReader,
): [given: unknown, pair: readonly number[]] {
  const given = readOption(reader, 'outputPadding', 0);
  const pair = readPair(where, 'outputPadding', given, { min: 0 });
  const { strides } = readWindow(where, window);
  if (window.padding === 'same' && pair.some((count) => count !== 0)) {
    throw new OptionError(where, `outputPadding: with padding same there is none, given ${show(given)}`);
  }
  if (pair.every((count, axis) => count < strides[axis])) return [copyOf(given), pair];
  throw new OptionError(
    where,
    `outputPadding: expected less than the stride, ${strides.join(' and ')}, given ${show(given)}`,
  );
}

interface Transposed {
  readonly window: WindowOptions;
  readonly groups: number;
  readonly weights: readonly Value[];
  readonly outputPadding: readonly number[];
}

function transpose(where: string, x: Value, { window, groups, weights, outputPadding }: Transposed): Value {
  const image = imageOf(where, x);
  const { size, strides, dilations, padding } = readWindow(where, window);
  const lengths = [0, 1].map((axis) => {
    if (padding === 'same') return image[axis] * strides[axis];
    const reach = (image[axis] - 1) * strides[axis] + dilations[axis] * (size[axis] - 1) + 1;
    return reach - padding[axis] - padding[axis + 2] + outputPadding[axis];
  }) as [number, number];
  if (Math.min(...lengths) < 1) {
    throw new ShapeError(
      where,
      `padding: it leaves nothing of the output, which would be ${lengths.join(' x ')}, given ${show(window.padding)}`,
    );
  }
  const { output, size: _, ...geometry } = resolveWindow(where, window, lengths);
  return applyOne(convolutionTranspose, [x, ...weights], { ...geometry, groups, size: lengths });
}
