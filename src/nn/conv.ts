/**
 * Convolutions as layers, over images [height, width, channels] and series [length, channels]. As in the
 * field they are cross-correlations: y[i, j, o] = f(Σ x[i · stride + a · dilation, j · stride + b · dilation,
 * c] · W[a, b, c, o] + bias[o]), the sum over the places a, b of the kernel and the channels c of o's group.
 */
import { ShapeError } from '../base/errors.js';
import { checkInteger, OptionReader } from '../base/options.js';
import { reshape } from '../graph/functions.js';
import { applyOne, isValue, placeOf, type Value } from '../graph/value.js';
import { type PairOption, resolveWindow } from '../graph/windows.js';
import { convolution } from '../ops/conv.js';
import { showShape } from '../ops/operation.js';
import { type AffineOptions, activated, readAffine } from './affine.js';
import {
  type ConvFunctionOptions,
  type ConvOptions,
  type ConvParts,
  type ConvWindowOptions,
  checkGroups,
  imageOf,
  ownWeights,
  readFunction,
  readLayer,
} from './conv-parts.js';
import { defineLayer, type Layer } from './layer.js';

/**
 * A layer of a convolution: images x [rows, height, width, in] give y [rows, height', width', channels], with
 * height' = ⌊(height + padding - dilation · (size - 1) - 1) / stride⌋ + 1. Parameters: `weight` [size, size,
 * in / groups, channels] and `bias` [channels].
 *
 * Throws OptionError for sizes and options that are none. Calling it throws ShapeError for what is no image,
 * for a kernel that is larger than the image with its padding, and for channels that the groups do not
 * divide.
 */
export function conv2d(channels: number, size: PairOption, options?: ConvOptions): Layer;
/**
 * The convolution of images x [rows, height, width, in] with a weight [size, size, in / groups, out] that is
 * any value without rows. Throws as the layer does.
 */
export function conv2d(x: Value, weight: Value, options?: ConvFunctionOptions): Value;
export function conv2d(
  first: number | Value,
  second: PairOption | Value,
  options?: ConvOptions | ConvFunctionOptions,
): Layer | Value {
  const name = 'conv2d';
  if (isValue(first)) {
    const where = placeOf(name);
    const own = readFunction(where, second, '[height, width, in / groups, out]', options);
    own.reader.end();
    checkGroups(where, own.groups, imageOf(where, first)[2], own.weight.shape.dims[3]);
    return convolve(where, first, own);
  }
  checkInteger(name, 'channels', first, { min: 1 });
  const reader = new OptionReader(name, options);
  const { config, ...own } = readLayer(name, second, reader);
  const groups = reader.integer('groups', { min: 1 }, 1);
  reader.end();
  return defineLayer(name, { channels: first, ...config, groups }, (x) =>
    convolveOwn(name, x, { ...own, groups, channels: first }),
  );
}

/** How a depthwise convolution is made. */
export interface DepthwiseConvOptions extends ConvWindowOptions, AffineOptions {
  /** Outputs that each channel has; 1 by default. */
  multiplier?: number;
}

/**
 * A layer that convolves each channel with kernels of its own: x [rows, height, width, in] gives y [rows,
 * height', width', in · multiplier], the outputs of the first channel first. Parameters: `weight` [size,
 * size, 1, in · multiplier] and `bias` [in · multiplier]. Throws as `conv2d` does.
 */
export function depthwiseConv2d(size: PairOption, options?: DepthwiseConvOptions): Layer {
  const name = 'depthwiseConv2d';
  const reader = new OptionReader(name, options);
  const { config, ...own } = readLayer(name, size, reader);
  const multiplier = reader.integer('multiplier', { min: 1 }, 1);
  reader.end();
  return defineLayer(name, { ...config, multiplier }, (x) => {
    const [, , groups] = imageOf(placeOf(name), x);
    return convolveOwn(name, x, { ...own, groups, channels: groups * multiplier });
  });
}

/**
 * A layer of a depthwise convolution and, of what that gives, a convolution of size 1 into `channels`
 * channels (Chollet 2017): far fewer weights than one convolution has. Parameters: `depthwiseConv2d.weight`
 * [size, size, 1, in · multiplier], `conv2d.weight` [1, 1, in · multiplier, channels] and `conv2d.bias`
 * [channels]. There is no activation between the two. Throws as `conv2d` does.
 */
export function separableConv2d(channels: number, size: PairOption, options?: DepthwiseConvOptions): Layer {
  const name = 'separableConv2d';
  checkInteger(name, 'channels', channels, { min: 1 });
  const reader = new OptionReader(name, options);
  const { config, window, affine } = readLayer(name, size, reader);
  const multiplier = reader.integer('multiplier', { min: 1 }, 1);
  reader.end();
  const { size: own, ...moves } = window;
  const { weightInitializer } = affine;
  const apart = depthwiseConv2d(own, {
    ...(moves as Required<ConvWindowOptions>),
    ...{ multiplier, bias: false, weightInitializer },
  });
  const together = conv2d(channels, 1, affine);
  return defineLayer(name, { channels, ...config, multiplier }, (x) => together(apart(x)));
}

/** How a convolution over series is made. */
export interface Conv1dOptions extends AffineOptions {
  /** Places from one of the kernel to the next; 1 by default. */
  stride?: number;
  /** Zeros around the series: `valid` (the default), `same`, so many at each end, or [before, after]. */
  padding?: 'same' | 'valid' | number | readonly [before: number, after: number];
  /** Distance of the places that the kernel looks at; 1 by default. */
  dilation?: number;
  /** As for `conv2d`. */
  groups?: number;
}

/**
 * A layer of a convolution over series: x [rows, length, in] gives y [rows, length', channels]. It is
 * `conv2d` over images of height 1. Parameters: `weight` [1, size, in / groups, channels] and `bias`
 * [channels]. Throws as `conv2d` does.
 */
export function conv1d(channels: number, size: number, options?: Conv1dOptions): Layer {
  const name = 'conv1d';
  checkInteger(name, 'channels', channels, { min: 1 });
  checkInteger(name, 'size', size, { min: 1 });
  const reader = new OptionReader(name, options);
  const stride = reader.integer('stride', { min: 1 }, 1);
  const expected = "'same', 'valid', a whole number or [before, after]";
  const padding = reader.optional('padding', expected, isEnds) ?? 'valid';
  const dilation = reader.integer('dilation', { min: 1 }, 1);
  const groups = reader.integer('groups', { min: 1 }, 1);
  const affine = readAffine(name, reader);
  reader.end();
  const [before, after] = typeof padding === 'object' ? padding : [padding, padding];
  const window = {
    ...{ size: [1, size], stride: [1, stride], dilation: [1, dilation] },
    padding: typeof before === 'string' ? before : [0, before, 0, after],
  } as ConvParts['window'];
  const { activation, bias } = affine;
  const config = { channels, size, stride, padding, dilation, activation, bias, groups };
  return defineLayer(name, config, (x) => {
    const { dims, rows } = x.shape;
    if (!rows || dims.length !== 2) {
      throw new ShapeError(placeOf(name), `expected series [length, channels], given ${showShape(x.shape)}`);
    }
    const images = reshape(x, [1, ...dims]);
    return reshape(convolveOwn(name, images, { window, affine, groups, channels }), [-1, channels]);
  });
}

function isEnds(given: unknown): given is NonNullable<Conv1dOptions['padding']> {
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  if (Array.isArray(given)) return given.length === 2 && [...given].every(isCount);
  return given === 'same' || given === 'valid' || isCount(given);
}

/** The convolution of x with a weight of the layer whose function is running. */
function convolveOwn(
  name: string,
  x: Value,
  { window, affine, groups, channels }: ConvParts & { readonly groups: number; readonly channels: number },
): Value {
  const where = placeOf(name);
  const [height, width, inputs] = imageOf(where, x);
  checkGroups(where, groups, inputs, channels);
  const { size } = resolveWindow(where, window, [height, width]);
  const places = size[0] * size[1];
  const weights = ownWeights(
    [...size, inputs / groups, channels],
    [(places * inputs) / groups, (places * channels) / groups],
    affine,
    channels,
  );
  return activated(convolve(where, x, { window, groups, weights }), affine.activation);
}

function convolve(
  where: string,
  x: Value,
  { window, groups, weights }: Pick<ConvParts, 'window'> & Weights,
): Value {
  const [height, width] = imageOf(where, x);
  const { size, output, ...geometry } = resolveWindow(where, window, [height, width]);
  return applyOne(convolution, [x, ...weights], { ...geometry, groups });
}

interface Weights {
  readonly groups: number;
  readonly weights: readonly Value[];
}
