/**
 * The options of a training run, one entry each: from it come the settings' type, their reader, the flags of
 * `lanegrad train` with their help, config.json and the table in the docs. What the options of a network come
 * to stands below them.
 */
import { OptionError } from '../base/errors.js';
import { fits } from '../base/image-shape.js';
import {
  byteCount,
  choice,
  fallbacksOf,
  flag,
  flagOf,
  integer,
  listOf,
  number,
  oneOf,
  type Setting,
  type SettingValues,
  text,
  texts,
  widths,
} from '../base/settings.js';
import { MIN_MEMORY } from '../data/spill-plan.js';
import { activation as activate, activations } from '../nn/activations.js';
import { dense } from '../nn/dense.js';
import { dropout } from '../nn/dropout.js';
import { initializerNames } from '../nn/initializers.js';
import type { Layer } from '../nn/layer.js';
import { lossNames } from '../nn/losses.js';
import { batchNorm } from '../nn/normalization.js';
import { optimizerNames } from '../nn/optimizers.js';
import { aboutSchedule, scheduleNames } from '../nn/schedules.js';
import { updateRanges } from '../nn/update.js';
import { augmentKind } from '../train/augment/options.js';
import { metricNames, metricNamesOf } from '../train/metrics/resolve.js';
import { describeDecays, describeRates } from './defaults.js';
import { imageSize } from './image-options.js';
import { buildLayerText, describeKinds } from './layer-text.js';

/** Headings of help, in its order. */
export const groups = {
  network: 'Network:',
  training: 'Training:',
  regularisation: 'Against learning by heart:',
  images: 'Images:',
  tables: 'Tables:',
  measuring: 'Measuring, stopping and going on:',
  output: 'Output:',
} as const;

interface RunOption extends Setting {
  /** Whose option of the same name it is; absent for those that are seen to by hand. */
  readonly to?: 'fit' | 'optimizer' | 'loss';
  /** A run that goes on may be given another value. */
  readonly resumable?: true;
}

const { network, training, regularisation, images, measuring } = groups;
/** A share of something, but not all of it. */
const share = number({ min: 0, below: 1 }, '<share>');
const rate = number({ min: 0 }, '<rate>');
const count = integer({ min: 1 });

export const runOptions = {
  hidden: {
    kind: widths(),
    about: 'of the hidden layers, such as 300,100; or none',
    group: network,
    fallback: [300],
  },
  layers: {
    kind: text('<layers>'),
    about:
      'in place of hidden: layers such as "conv 32 3 same batchnorm, pool, dense 128", but for the last; ' +
      `of ${describeKinds()}, and activations`,
    group: network,
  },
  activation: {
    kind: oneOf(activations),
    about: 'of the hidden layers',
    group: network,
    fallback: 'sigmoid',
    otherwise: 'sigmoid; relu with layers',
  },
  batchNorm: {
    kind: flag(),
    about: 'normalise the outputs of each hidden layer over the batch',
    group: network,
  },
  initializer: {
    kind: oneOf(initializerNames),
    about: 'of the weights',
    group: network,
    otherwise: 'heNormal for relu, else glorotUniform',
  },
  from: {
    kind: text('<model>'),
    about:
      'in place of hidden and layers: the network of a model file, a run folder or an ONNX file, which is trained on',
    group: network,
  },
  head: {
    kind: text('<layers>'),
    about:
      'of the network in from: in place of its last layer with weights, classes: an output for each class of the data; or layers in front of these, such as "dropout 0.2, dense 64"',
    group: network,
  },
  weightsFrom: {
    kind: text('<model>'),
    about:
      'a model file or a run folder, whose weights the training begins with; its layers must be the same',
    group: network,
  },
  freeze: {
    kind: texts('<patterns>', '0.*,1.bias'),
    about:
      'parameters that stay as they are, such as 0.* for those of the first layer; layers as inspect draws them',
    group: network,
  },
  epochs: { kind: count, about: 'passes over the data', group: training, fallback: 10, resumable: true },
  batchSize: { kind: count, about: 'samples a step', group: training, fallback: 64 },
  loss: {
    kind: choice(lossNames, 'huber:delta=2'),
    about: 'what training makes small, with options such as huber:delta=2',
    group: training,
    otherwise: 'softmaxCrossEntropy for classes, meanSquaredError for numbers',
  },
  optimizer: {
    kind: choice(optimizerNames, 'rmsprop:alpha=0.9,centered=true'),
    about: 'how weights follow their gradients, with options such as adam:betas=0.9/0.98,eps=1e-6',
    group: training,
    otherwise: 'sgd',
  },
  learningRate: {
    kind: number({ above: 0 }, '<rate>'),
    about: 'size of a step, or find: where the loss falls most steeply',
    group: training,
    otherwise: describeRates(),
    words: ['find'],
  },
  momentum: {
    kind: share,
    about: 'of the gradients before, which sgd and rmsprop keep, such as 0.9',
    group: training,
    to: 'optimizer',
  },
  nesterov: { kind: flag(), about: "Nesterov's form of momentum", group: training, to: 'optimizer' },
  schedule: {
    kind: choice(scheduleNames, 'cosine:minimum=1e-5', { plateau: 'reduceOnPlateau' }),
    about:
      `how the rate changes: ${scheduleNames.map((name) => `${name} (${aboutSchedule(name)})`).join(', ')}; ` +
      'with options such as cosine:minimum=1e-5',
    group: training,
    otherwise: 'constant',
  },
  warmUp: {
    kind: number({ above: 0 }, '<epochs>'),
    about: 'in which the rate rises to its first value, such as 0.5',
    group: training,
  },
  accumulateBatches: {
    kind: count,
    about: 'batches whose gradients make one step',
    group: training,
    otherwise: '1',
    formerly: ['accumulate'],
    to: 'fit',
  },
  clipNorm: {
    kind: number(updateRanges.clipNorm, '<norm>'),
    about: 'largest norm of all gradients together',
    group: training,
    to: 'fit',
  },
  clipValue: {
    kind: number(updateRanges.clipValue, '<size>'),
    about: 'largest size of a gradient',
    group: training,
    to: 'fit',
  },
  classWeights: {
    kind: oneOf(['balanced'], '<how>'),
    about: 'make up for classes of unequal size',
    group: training,
    to: 'fit',
  },
  seed: {
    kind: integer({ min: 0 }),
    about: 'of initial weights, the order of samples, and dropout masks',
    group: training,
    fallback: 1,
  },
  shuffle: {
    kind: flag(),
    about: 'visit the samples in the order of the file',
    group: training,
    fallback: true,
  },
  memory: {
    kind: byteCount({ min: MIN_MEMORY }),
    about:
      'bytes such as 512M that training may take; data that need more stream from a temporary file. By it the order of samples is shuffled',
    group: training,
    otherwise: 'data that do not fit in half of what is free stream, with 512M',
  },
  spillFolder: {
    kind: text('<folder>'),
    about: 'where the temporary file of data larger than memory lies',
    group: training,
    otherwise: 'that of the run folder',
    resumable: true,
  },
  full: {
    kind: flag(),
    about: 'train on the validation samples too, and validate nothing',
    group: training,
    fallback: false,
  },
  dropout: {
    kind: share,
    about: 'of the outputs of hidden layers that are dropped in training, such as 0.3',
    group: regularisation,
  },
  inputDropout: {
    kind: share,
    about: 'of the inputs that are dropped in training, such as 0.1',
    group: regularisation,
  },
  weightDecay: {
    kind: rate,
    about: 'by which the optimizer makes weights smaller',
    group: regularisation,
    otherwise: describeDecays(),
    to: 'optimizer',
  },
  l1: {
    kind: number(updateRanges.l1, '<rate>'),
    about: 'penalty on the size of weights',
    group: regularisation,
    to: 'fit',
  },
  l2: {
    kind: number(updateRanges.l2, '<rate>'),
    about: 'penalty on their squares, halved',
    group: regularisation,
    to: 'fit',
  },
  labelSmoothing: {
    kind: share,
    about: 'of each label that is spread over all classes, such as 0.1',
    group: regularisation,
    to: 'loss',
  },
  averageDecay: {
    kind: number(updateRanges.averageDecay, '<share>'),
    about: 'keep a moving average of the weights, such as 0.999, and use that',
    group: regularisation,
    formerly: ['average'],
    to: 'fit',
  },
  imageSize: {
    kind: imageSize(),
    about: 'height and width that the pictures of a folder are brought to',
    group: images,
    otherwise: 'their own, which must be one',
  },
  imageFit: {
    kind: oneOf(fits, '<how>'),
    about:
      'how pictures of other proportions come to that size: what stands over is cut off, what is missing is black, or they are deformed',
    group: images,
    otherwise: 'cover',
  },
  skipBroken: {
    kind: flag(),
    about: 'leave out files of a folder that are no pictures, or broken ones, and say which',
    group: images,
  },
  normalize: {
    kind: oneOf(['channel'], '<how>'),
    about: 'bring each channel to mean 0 and deviation 1, by the training images; the model remembers',
    group: images,
  },
  augment: {
    kind: augmentKind(),
    about:
      'change images at random each time that they are trained on, such as "shift 2, flip, rotate 10, mixup 0.2"',
    group: images,
    to: 'fit',
  },
  metrics: {
    kind: listOf(metricNames, 'f1,rocAuc'),
    about: `of validation and test: some of ${metricNamesOf('classification').join(',')}`,
    group: measuring,
  },
} satisfies Readonly<Record<string, RunOption>>;

type RunOptions = typeof runOptions;

/**
 * The values of a run's options as they are written to config.json. Those that have a fallback are always
 * there.
 */
export type RunOptionValues = SettingValues<RunOptions>;

/** What the options are when nothing is said. */
export const runFallbacks = fallbacksOf(runOptions);

type KeysTo<Place> = {
  [Key in keyof RunOptions]: RunOptions[Key] extends { to: Place } ? Key : never;
}[keyof RunOptions];

/** Those of the values given that are options of the same names of `fit`, the optimizer or the loss. */
export function optionsTo<Place extends NonNullable<RunOption['to']>>(
  place: Place,
  values: Partial<RunOptionValues>,
): Pick<Partial<RunOptionValues>, KeysTo<Place>> {
  const isTo = ([key, { to }]: [string, RunOption]) =>
    to === place && values[key as keyof RunOptions] !== undefined;
  const entries = Object.entries<RunOption>(runOptions).filter(isTo);
  return Object.fromEntries(entries.map(([key]) => [key, values[key as keyof RunOptions]])) as Pick<
    Partial<RunOptionValues>,
    KeysTo<Place>
  >;
}

/**
 * The layers that the options describe, behind those that make inputs of a table's columns, or of images.
 * Throws OptionError for options that do not go together.
 */
export function buildLayers(
  values: RunOptionValues,
  outputs: number,
  image: readonly number[] | undefined,
): Layer[] {
  const { hidden, layers, activation, initializer, dropout: dropped = 0, inputDropout = 0 } = values;
  const weights = initializer ? { weightInitializer: initializer } : {};
  const block = (units: number): Layer[] => [
    // A bias before batch norm would be subtracted again.
    ...(values.batchNorm
      ? [dense(units, { ...weights, bias: false }), batchNorm(), activate(activation)]
      : [dense(units, { activation, ...weights })]),
    ...(dropped > 0 ? [dropout(dropped)] : []),
  ];
  if (layers !== undefined) {
    const twice =
      hidden.length > 0 ? 'hidden' : dropped > 0 ? 'dropout' : values.batchNorm ? 'batchNorm' : '';
    if (twice)
      throw new OptionError('layers', `expected no ${flagOf(twice)} besides: layers say it themselves`);
  }
  return [
    ...(inputDropout > 0 ? [dropout(inputDropout)] : []),
    ...(layers === undefined
      ? hidden.flatMap(block)
      : buildLayerText(layers, image, { activation, initializer })),
    dense(outputs, weights),
  ];
}
