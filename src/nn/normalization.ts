/** Batch normalisation (Ioffe and Szegedy 2015) and layer normalisation (Ba, Kiros and Hinton 2016) of rows of features. */

import { OptionReader } from '../base/options.js';
import {
  batchNormBackward,
  batchNorm as batchNormOp,
  layerNormBackward,
  layerNorm as layerNormOp,
} from '../ops/norm.js';
import { constant, zeros } from './initializers.js';
import type { Layer, ParameterSpec } from './layer.js';

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
 * y = (x - mean) / √(variance + eps) · weight + bias for each feature. While training, mean and variance are the batch's, and
 * the running ones move towards them: running = (1 - momentum) · running + momentum · batch, the variance unbiased; when
 * predicting they take their place. As PyTorch's BatchNorm1d, except that a batch of one row is no error: its variance is 0,
 * and the running values stay. Parameters: `weight` [features] from 1, `bias` [features] from 0; buffers: `runningMean` from 0
 * and `runningVar` from 1.
 */
export function batchNorm(options?: BatchNormOptions): Layer {
  const reader = new OptionReader('batchNorm', options);
  const eps = reader.number('eps', { above: 0 }, 1e-5);
  const momentum = reader.number('momentum', { min: 0, max: 1 }, 0.1);
  const affine = reader.boolean('affine', true);
  reader.end();
  return {
    kind: 'batchNorm',
    config: { eps, momentum, affine },
    outputSize: (inputSize) => inputSize,
    parameters: (inputSize) => (affine ? scaleAndShift(inputSize) : []),
    buffers: (inputSize) => [
      { name: 'runningMean', shape: [inputSize], initializer: zeros() },
      { name: 'runningVar', shape: [inputSize], initializer: constant(1) },
    ],
    saved: (inputSize) => [
      { name: 'mean', perRow: false, width: inputSize },
      { name: 'rstd', perRow: false, width: inputSize },
    ],
    compile({ x, y, dx, dy, parameters, gradients, buffers, saved, state }) {
      const { weight, bias } = parameters;
      const { mean, rstd } = saved;
      const { runningMean, runningVar } = buffers;
      const run = batchNormOp({ y, x, mean, rstd, weight, bias, runningMean, runningVar, momentum, eps });
      const forward = [() => run(state.training)];
      if (!gradients || !dy) return { forward, backward: [] };
      const back = batchNormBackward({
        dx,
        dweight: gradients.weight,
        dbias: gradients.bias,
        mean,
        rstd,
        x,
        dy,
        weight,
      });
      return { forward, backward: [() => back(state.training)] };
    },
  };
}

/** How a layer norm layer is made. */
export interface LayerNormOptions {
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Whether `weight` and `bias` exist; true by default. */
  affine?: boolean;
}

/**
 * y = (x - mean) / √(variance + eps) · weight + bias, mean and biased variance those of each row. As PyTorch's LayerNorm over
 * the last axis. Parameters: `weight` [features] from 1, `bias` [features] from 0.
 */
export function layerNorm(options?: LayerNormOptions): Layer {
  const reader = new OptionReader('layerNorm', options);
  const eps = reader.number('eps', { above: 0 }, 1e-5);
  const affine = reader.boolean('affine', true);
  reader.end();
  return {
    kind: 'layerNorm',
    config: { eps, affine },
    outputSize: (inputSize) => inputSize,
    parameters: (inputSize) => (affine ? scaleAndShift(inputSize) : []),
    saved: () => [
      { name: 'mean', perRow: true },
      { name: 'rstd', perRow: true },
    ],
    compile({ x, y, dx, dy, parameters, gradients, saved }) {
      const { weight, bias } = parameters;
      const { mean, rstd } = saved;
      const forward = [layerNormOp({ y, x, mean, rstd, weight, bias, eps })];
      if (!gradients || !dy) return { forward, backward: [] };
      const back = layerNormBackward({
        dx,
        dweight: gradients.weight,
        dbias: gradients.bias,
        mean,
        rstd,
        x,
        dy,
        weight,
      });
      return { forward, backward: [back] };
    },
  };
}

function scaleAndShift(features: number): ParameterSpec[] {
  return [
    { name: 'weight', shape: [features], initializer: constant(1) },
    { name: 'bias', shape: [features], initializer: zeros() },
  ];
}
