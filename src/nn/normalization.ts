/**
 * Batch normalisation (Ioffe and Szegedy 2015) and layer normalisation (Ba, Kiros and Hinton 2016) of rows of
 * features; and normalisation of inputs by statistics that are known before training.
 */

import { isNumericArray } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import { checkInteger, OptionReader } from '../base/options.js';
import { div, sub } from '../graph/functions.js';
import { applyOne, type Value } from '../graph/value.js';
import { batchNormOperation as applyBatchNorm, layerNormOperation as applyLayerNorm } from '../ops/norm.js';
import { constant, type Initializer, zeros } from './initializers.js';
import { buffer, defineLayer, type Layer, parameter } from './layer.js';

/** How a batch norm layer is made. */
export interface BatchNormOptions {
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Share of a batch in the running statistics; 0.1 by default. */
  momentum?: number;
  /** Whether `weight` and `bias` exist; true by default. */
  affine?: boolean;
}

/**
 * y = (x - mean) / √(variance + eps) · weight + bias for each feature. While training, mean and variance are
 * the batch's, and the running ones move towards them: running = (1 - momentum) · running + momentum · batch,
 * the variance unbiased; when predicting they take their place. As PyTorch's BatchNorm1d, except that a batch
 * of one row is no error: its variance is 0, and the running values stay. Parameters: `weight` [features]
 * from 1, `bias` [features] from 0; buffers: `runningMean` from 0 and `runningVar` from 1.
 */
export function batchNorm(options?: BatchNormOptions): Layer {
  const reader = new OptionReader('batchNorm', options);
  const eps = reader.number('eps', { above: 0 }, 1e-5);
  const momentum = reader.number('momentum', { min: 0, max: 1 }, 0.1);
  const affine = reader.boolean('affine', true);
  reader.end();
  return defineLayer('batchNorm', { eps, momentum, affine }, (x) => {
    const features = featuresOf(x);
    const learned = affine ? scaleAndShift(features) : [];
    const running = [buffer('runningMean', features, zeros()), buffer('runningVar', features, constant(1))];
    return applyOne(applyBatchNorm, [x, ...running, ...learned], { eps, momentum, affine });
  });
}

/** How a layer norm layer is made. */
export interface LayerNormOptions {
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Whether `weight` and `bias` exist; true by default. */
  affine?: boolean;
}

/**
 * y = (x - mean) / √(variance + eps) · weight + bias, mean and biased variance those of each row. As
 * PyTorch's LayerNorm over the last axis. Parameters: `weight` [features] from 1, `bias` [features] from 0.
 */
export function layerNorm(options?: LayerNormOptions): Layer {
  const reader = new OptionReader('layerNorm', options);
  const eps = reader.number('eps', { above: 0 }, 1e-5);
  const affine = reader.boolean('affine', true);
  reader.end();
  return defineLayer('layerNorm', { eps, affine }, (x) => {
    const learned = affine ? scaleAndShift(featuresOf(x)) : [];
    return applyOne(applyLayerNorm, [x, ...learned], { eps, affine });
  });
}

/** Mean and deviation of each channel, as `channelMoments` finds them in a data set. */
export interface ChannelMoments {
  /** [channels], finite. */
  readonly mean: ArrayLike<number>;
  /** [channels], finite and above 0. */
  readonly deviation: ArrayLike<number>;
}

/**
 * y = (x - mean) / deviation for each channel, which is the last axis: what brings inputs to mean 0 and deviation
 * 1 as the first layer of a model. The model's file keeps both, so whoever predicts gives inputs as they are. In
 * rows of numbers that are images laid flat, the channels of each pixel lie beside each other. Buffers: `mean` and
 * `deviation`, of one number a channel, or one an input of such a row.
 *
 * @throws OptionError for other than as many finite means and deviations above 0; and, when called, ShapeError
 *   for inputs whose last axis is no multiple of these.
 */
export function normalization(moments: ChannelMoments): Layer {
  const where = 'normalization';
  const reader = new OptionReader(where, moments);
  const mean = reader.any('mean');
  const deviation = reader.any('deviation');
  reader.end();
  const means = readMoments(where, 'mean', mean, Number.NEGATIVE_INFINITY);
  const deviations = readMoments(where, 'deviation', deviation, 0);
  if (means.length !== deviations.length) {
    const given = `given ${means.length} means and ${deviations.length} deviations`;
    throw new OptionError(where, `expected one of each a channel, ${given}`);
  }
  return normalizing(means.length, repeated('mean', means), repeated('deviation', deviations));
}

/** @internal The layer of so many channels, to be given its values. */
export function normalizationOf(where: string, channels: unknown): Layer {
  checkInteger(where, 'channels', channels as number, { min: 1 });
  return normalizing(channels as number, zeros(), constant(1));
}

function normalizing(channels: number, mean: Initializer, deviation: Initializer): Layer {
  return defineLayer('normalization', { channels }, (x) => {
    const [length] = featuresOf(x);
    if (length % channels !== 0) {
      const expected = `expected inputs of ${channels} channels, or a multiple of them`;
      throw new ShapeError('normalization', `${expected}, given ${length}`);
    }
    // One number for all inputs is spread by the operation itself.
    const shape = [channels === 1 ? 1 : length];
    return div(sub(x, buffer('mean', shape, mean)), buffer('deviation', shape, deviation));
  });
}

/** The same numbers over and over. */
function repeated(name: string, numbers: Float32Array): Initializer {
  const fill = (values: Float32Array) => {
    for (let i = 0; i < values.length; i++) values[i] = numbers[i % numbers.length];
  };
  return { name, fill };
}

function readMoments(where: string, name: string, given: unknown, above: number): Float32Array {
  const list: ArrayLike<unknown> = Array.isArray(given) || isNumericArray(given) ? given : [];
  const fits = (value: unknown) => {
    const float = typeof value === 'number' ? Math.fround(value) : Number.NaN;
    return Number.isFinite(float) && float > above;
  };
  // Nothing is allocated before all are known to be there.
  let count = 0;
  while (count < list.length && fits(list[count])) count++;
  if (count > 0 && count === list.length) return Float32Array.from(list as ArrayLike<number>);
  const expected = `a list of finite numbers${above === 0 ? ' above 0' : ''}, one a channel`;
  throw new OptionError(where, `option ${name}: expected ${expected}, given ${show(given)}`);
}

function scaleAndShift(features: readonly number[]): Value[] {
  return [parameter('weight', features, constant(1)), parameter('bias', features, zeros())];
}

/** The length of the last axis. */
function featuresOf({ shape: { dims } }: Value): readonly number[] {
  return dims.length === 0 ? [1] : dims.slice(-1);
}
