/** What all convolutions have in common: their options, what they take for images, and their weights. */
import { ShapeError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { checkValue, type Value } from '../graph/value.js';
import type { PaddingOption, PairOption, WindowOptions } from '../graph/windows.js';
import { showShape } from '../ops/operation.js';
import { checkImages } from '../ops/resample.js';
import { type Affine, type AffineOptions, readAffine } from './affine.js';
import { type Fans, withFans } from './initializers.js';
import { type Layer, parameter } from './layer.js';
import { readWindowOptions } from './window-options.js';

/** How the kernel of a convolution moves over an image. */
export interface ConvWindowOptions {
  /** Pixels from one place of the kernel to the next, or [vertical, horizontal]; 1 by default. */
  stride?: PairOption;
  /**
   * Zeros around the image. `valid`, the default as in Keras, means none; `same` so many that the output has
   * the size of the image, divided by the stride and rounded up, the odd row and column at the end as in
   * Keras; or so many on every side, [vertical, horizontal], or [top, left, bottom, right].
   */
  padding?: PaddingOption;
  /** Distance of the pixels that the kernel looks at; 1 by default. */
  dilation?: PairOption;
}

/** How a convolution is made. */
export interface ConvOptions extends ConvWindowOptions, AffineOptions {
  /**
   * The channels are cut into so many groups, each of which makes its share of the outputs of its own
   * channels alone; 1 by default.
   */
  groups?: number;
}

/** How a convolution is made whose weight is a value. */
export interface ConvFunctionOptions extends ConvWindowOptions {
  /** As for the layer. */
  groups?: number;
  /** A value [out]; none by default. */
  bias?: Value;
}

/** What a layer has read of its options. */
export interface ConvParts {
  readonly window: Required<WindowOptions>;
  readonly affine: Affine;
}

/** Those of all layers; and `config`, what a file holds of them. */
export function readLayer(
  name: string,
  size: unknown,
  reader: OptionReader,
): ConvParts & { readonly config: Layer['config'] } {
  const window = readWindowOptions(name, size, reader);
  const affine = readAffine(name, reader);
  const { activation, bias } = affine;
  return { window, affine, config: { ...window, activation, bias } };
}

/** The same for weights that are a value; it says what their shape is. */
export function readFunction(where: string, weight: unknown, shape: string, options: unknown) {
  checkValue(where, 'weight', weight);
  const { rows, dims } = weight.shape;
  if (rows || dims.length !== 4) {
    throw new ShapeError(where, `weight: expected ${shape}, given ${showShape(weight.shape)}`);
  }
  const reader = new OptionReader(where, options);
  const window = readWindowOptions(where, dims.slice(0, 2), reader);
  const groups = reader.integer('groups', { min: 1 }, 1);
  const bias = reader.any('bias');
  if (bias !== undefined) checkValue(where, 'bias', bias);
  return { weight, window, groups, weights: bias === undefined ? [weight] : [weight, bias], reader };
}

/** Height, width and channels of images. */
export function imageOf(where: string, { shape }: Value): readonly [number, number, number] {
  return [...checkImages(where, shape), shape.dims[2]];
}

/** Throws ShapeError for channels that the groups do not divide. */
export function checkGroups(where: string, groups: number, inputs: number, outputs: number): void {
  if (inputs % groups === 0 && outputs % groups === 0) return;
  throw new ShapeError(
    where,
    `groups: expected a number that divides ${inputs} channels of the image and ${outputs} of the output, given ${groups}`,
  );
}

/** The weight and the bias, if there is to be one, of the layer whose function is running. */
export function ownWeights(shape: readonly number[], fans: Fans, affine: Affine, channels: number): Value[] {
  const { bias, weightInitializer, biasInitializer } = affine;
  const weight = parameter('weight', shape, withFans(weightInitializer, fans), { penalised: true });
  return bias ? [weight, parameter('bias', [channels], biasInitializer)] : [weight];
}
