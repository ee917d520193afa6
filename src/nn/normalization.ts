/**
 * Batch normalisation (Ioffe and Szegedy 2015) and layer normalisation (Ba, Kiros and Hinton 2016) of rows of
 * features.
 */

import { OptionReader } from '../base/options.js';
import { applyOne, type Value } from '../graph/value.js';
import { batchNormOperation as applyBatchNorm, layerNormOperation as applyLayerNorm } from '../ops/norm.js';
import { constant, zeros } from './initializers.js';
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

function scaleAndShift(features: readonly number[]): Value[] {
  return [parameter('weight', features, constant(1)), parameter('bias', features, zeros())];
}

/** The length of the last axis. */
function featuresOf({ shape: { dims } }: Value): readonly number[] {
  return dims.length === 0 ? [1] : dims.slice(-1);
}
