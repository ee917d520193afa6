/** Every layer by its kind: files and configurations know of those that stand here. */
import { OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Activation } from '../engine/kernels.js';
import type { PairOption } from '../graph/windows.js';
import { type ActivationOptions, activation } from './activations.js';
import { conv1d, conv2d, depthwiseConv2d, separableConv2d } from './conv.js';
import { convTranspose2d } from './conv-transpose.js';
import { dense } from './dense.js';
import { type DropoutOptions, dropout } from './dropout.js';
import { type EmbeddingOptions, embedding } from './embedding.js';
import type { Layer } from './layer.js';
import { batchNorm, layerNorm, normalizationOf } from './normalization.js';
import { avgPool2d, globalAvgPool, globalMaxPool, maxPool2d, upsample } from './pool.js';
import { flatten, reshape } from './reshape.js';

/**
 * How each kind of layer is made again. The values come from the file, so drawing initial ones would be
 * wasted.
 */
type Maker = (where: string, config: Record<string, unknown>) => Layer;

const layers: Readonly<Record<string, Maker>> = {
  dense(where, { units, ...options }) {
    if (typeof units !== 'number') {
      throw new OptionError(where, `units: expected a number, given ${show(units)}`);
    }
    return dense(units, { ...options, ...unfilled });
  },
  activation: (_, { name, ...options }) => activation(name as Activation, options as ActivationOptions),
  dropout: (_, { rate, ...options }) => dropout(rate as number, options as DropoutOptions),
  batchNorm: (_, config) => batchNorm(config),
  layerNorm: (_, config) => layerNorm(config),
  maxPool2d: (_, { size, ...options }) => maxPool2d(size as PairOption, options),
  avgPool2d: (_, { size, ...options }) => avgPool2d(size as PairOption, options),
  globalAvgPool: (where, config) => withoutOptions(globalAvgPool, where, config),
  globalMaxPool: (where, config) => withoutOptions(globalMaxPool, where, config),
  upsample: (_, config) => upsample(config),
  embedding: (_, config) => embedding({ ...(config as unknown as EmbeddingOptions), initializer: 'zeros' }),
  conv2d: (_, { channels, size, ...options }) =>
    conv2d(...sized(channels, size), { ...options, ...unfilled }),
  depthwiseConv2d: (_, { size, ...options }) => depthwiseConv2d(size as number, { ...options, ...unfilled }),
  separableConv2d: (_, { channels, size, ...options }) =>
    separableConv2d(...sized(channels, size), { ...options, ...unfilled }),
  conv1d: (_, { channels, size, ...options }) =>
    conv1d(...sized(channels, size), { ...options, ...unfilled }),
  convTranspose2d: (_, { channels, size, ...options }) =>
    convTranspose2d(...sized(channels, size), { ...options, ...unfilled }),
  flatten: (where, config) => withoutOptions(flatten, where, config),
  reshape: (where, { shape, ...rest }) =>
    withoutOptions(() => reshape(shape as readonly number[]), where, rest),
  normalization: (where, { channels, ...rest }) =>
    withoutOptions(() => normalizationOf(where, channels), where, rest),
};

function withoutOptions(make: () => Layer, where: string, config: object): Layer {
  new OptionReader(where, config).end();
  return make();
}

const unfilled = { weightInitializer: 'zeros', biasInitializer: 'zeros' } as const;

/** As the file has them: the layers check what they are. */
function sized(channels: unknown, size: unknown): [number, number] {
  return [channels as number, size as number];
}

/** Whether a layer of this kind can be made again from its options. */
export function isLayerKind(kind: string): boolean {
  return Object.hasOwn(layers, kind);
}

/** A layer from what a file says of it. Throws OptionError. */
export function makeLayer(given: unknown, index: number): Layer {
  const where = `layers[${index}]`;
  if (typeof given !== 'object' || given === null) {
    throw new OptionError(where, `expected a layer, given ${show(given)}`);
  }
  const { kind, ...config } = given as Record<string, unknown>;
  if (typeof kind !== 'string' || !isLayerKind(kind)) {
    const known = Object.keys(layers)
      .map((name) => show(name))
      .join(', ');
    throw new OptionError(where, `unknown kind ${show(kind)}; expected one of ${known}`);
  }
  return layers[kind](where, config);
}
