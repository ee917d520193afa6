/** What a training run is told, and the complete record of it that config.json and the report hold. */

import { OptionError } from '../base/errors.js';
import type { Engine } from '../engine/engine.js';
import type { Activation } from '../engine/kernels.js';
import { activation as activate } from '../nn/activations.js';
import { dense } from '../nn/dense.js';
import { dropout } from '../nn/dropout.js';
import type { InitializerName } from '../nn/initializers.js';
import type { Layer } from '../nn/layer.js';
import { type Loss, meanSquaredError, softmaxCrossEntropy } from '../nn/losses.js';
import { batchNorm } from '../nn/normalization.js';
import { adagrad, adam, adamW, type Optimizer, rmsprop, sgd } from '../nn/optimizers.js';
import { cosineDecay, oneCycle, reduceOnPlateau, type Schedule, stepDecay, warmUp } from '../nn/schedules.js';
import { type Sequential, sequential } from '../nn/sequential.js';
import { tableInputLayers } from '../tables/model.js';
import type { ModelMetadata } from '../tables/model-file.js';
import { outputSizeOf } from '../tables/preparation.js';
import type { TableSettings } from '../tables/training.js';
import type { EarlyStoppingOptions } from '../train/early-stopping.js';
import type { MetricName } from '../train/metrics/resolve.js';
import type { CheckpointFolderOptions } from './checkpoints.js';
import type { RunSplits } from './splits.js';
import { packageVersion } from './version.js';

export type OptimizerName = 'sgd' | 'adam' | 'adamW' | 'rmsprop' | 'adagrad';
export const optimizerNames: readonly OptimizerName[] = ['sgd', 'adam', 'adamW', 'rmsprop', 'adagrad'];

export type ScheduleName = 'constant' | 'step' | 'cosine' | 'oneCycle' | 'plateau';
export const scheduleNames: readonly ScheduleName[] = ['constant', 'step', 'cosine', 'oneCycle', 'plateau'];

export const initializerNames: readonly InitializerName[] = [
  'glorotUniform',
  'glorotNormal',
  'heUniform',
  'heNormal',
  'zeros',
];

/** JSON values: config.json has them, and a run that goes on reads them again. */
export interface RunSettings {
  /** A name or folder, as it was given. */
  source: string;
  /** Widths of the hidden layers; none is a linear classifier. */
  hidden: readonly number[];
  activation: Activation;
  /** Of the weights of all layers; by default each activation's own. */
  initializer?: InitializerName;
  /** Share of each hidden layer's outputs that are dropped in training; none by default. */
  dropout?: number;
  /** Share of the inputs that are dropped in training; none by default. */
  inputDropout?: number;
  /** Normalise each hidden layer's outputs over the batch. */
  batchNorm?: boolean;
  /** `sgd` by default. */
  optimizer?: OptimizerName;
  /** The largest rate, where it follows a schedule. */
  learningRate: number;
  /** Of sgd and rmsprop. */
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
  /** `constant` by default. */
  schedule?: ScheduleName;
  /** Epochs in which the rate rises to its first value. */
  warmUp?: number;
  labelSmoothing?: number;
  classWeights?: 'balanced';
  clipNorm?: number;
  clipValue?: number;
  l1?: number;
  l2?: number;
  /** Of a moving average of the weights. */
  averageDecay?: number;
  /** Batches a step. */
  accumulateBatches?: number;
  batchSize: number;
  epochs: number;
  seed: number;
  shuffle: boolean;
  /** Train on the validation samples too, and validate nothing. */
  full: boolean;
  /** Measured on the validation samples, and on the test's. */
  metrics?: readonly MetricName[];
  earlyStopping?: EarlyStoppingOptions;
  /** Absent for a run that keeps none. */
  checkpoint?: Omit<CheckpointFolderOptions, 'folder'>;
  /** For a source that is a table. */
  table?: TableSettings;
}

/** Values that a model may have: parameters and gradients must fit in an engine's 4 GiB. */
const MAX_PARAMETERS = 2 ** 28;

/** The untrained model, its loss and its optimizer. Throws OptionError for what does not go together, or a model too large. */
export function buildModel(
  splits: RunSplits,
  settings: RunSettings,
): { model: Sequential; optimizer: Optimizer; loss: Loss } {
  const { width } = splits.full;
  const target = splits.table?.preparation.target;
  const outputs = splits.table ? outputSizeOf(splits.table.preparation) : splits.full.classes;
  const { hidden, activation, initializer, dropout: share = 0, inputDropout = 0, seed } = settings;
  const sizes = [width, ...hidden, outputs];
  const parameters = sizes.slice(1).reduce((total, size, i) => total + (sizes[i] + 1) * size, 0);
  if (parameters > MAX_PARAMETERS) {
    const given = `given ${parameters} (${sizes.join('-')})`;
    throw new OptionError('model', `expected at most ${MAX_PARAMETERS} parameters, ${given}`);
  }
  const weights = initializer ? { weightInitializer: initializer } : {};
  const block = (units: number): Layer[] => [
    // A bias before batch norm would be subtracted again.
    ...(settings.batchNorm
      ? [dense(units, { ...weights, bias: false }), batchNorm(), activate(activation)]
      : [dense(units, { activation, ...weights })]),
    ...(share > 0 ? [dropout(share)] : []),
  ];
  const layers = [
    ...(splits.table ? tableInputLayers(splits.table.preparation) : []),
    ...(inputDropout > 0 ? [dropout(inputDropout)] : []),
    ...hidden.flatMap(block),
    dense(outputs, weights),
  ];
  const { labelSmoothing = 0 } = settings;
  if (target?.kind === 'regression' && labelSmoothing > 0) {
    throw new OptionError('labelSmoothing', 'it is for classes, but the target is a number');
  }
  return {
    model: sequential(width, layers, { seed }),
    optimizer: buildOptimizer(splits, settings),
    loss:
      target?.kind === 'regression'
        ? meanSquaredError()
        : softmaxCrossEntropy(labelSmoothing > 0 ? { labelSmoothing } : {}),
  };
}

function buildOptimizer({ train, full }: RunSplits, settings: RunSettings): Optimizer {
  const { optimizer = 'sgd', momentum, nesterov, weightDecay, batchSize, accumulateBatches = 1 } = settings;
  const { size } = settings.full ? full : train;
  const learningRate = buildSchedule(
    settings,
    Math.ceil(size / (Math.min(batchSize, size) * accumulateBatches)),
  );
  const decay = weightDecay !== undefined && { weightDecay };
  const inertia = momentum !== undefined && { momentum };
  if (nesterov && optimizer !== 'sgd')
    throw new OptionError('optimizer', `${optimizer} has no option nesterov`);
  if (inertia && optimizer !== 'sgd' && optimizer !== 'rmsprop') {
    throw new OptionError('optimizer', `${optimizer} has no option momentum`);
  }
  switch (optimizer) {
    case 'sgd':
      return sgd({ learningRate, ...inertia, ...decay, ...(nesterov && { nesterov }) });
    case 'adam':
      return adam({ learningRate, ...decay });
    case 'adamW':
      return adamW({ learningRate, ...decay });
    case 'rmsprop':
      return rmsprop({ learningRate, ...inertia, ...decay });
    case 'adagrad':
      return adagrad({ learningRate, ...decay });
  }
}

function buildSchedule(settings: RunSettings, stepsPerEpoch: number): number | Schedule {
  const { schedule = 'constant', warmUp: epochs = 0, learningRate } = settings;
  const own = {
    constant: () => learningRate,
    // A tenth after each third of training.
    step: () => stepDecay({ learningRate, stepSize: stepsPerEpoch * Math.ceil(settings.epochs / 3) }),
    cosine: () => cosineDecay({ learningRate }),
    oneCycle: () => oneCycle({ maxLearningRate: learningRate }),
    plateau: () => reduceOnPlateau({ learningRate, patience: 2 }),
  }[schedule]();
  if (epochs >= settings.epochs) {
    throw new OptionError('warm-up', `expected fewer epochs than ${settings.epochs}, given ${epochs}`);
  }
  return epochs > 0 ? warmUp({ steps: Math.ceil(epochs * stepsPerEpoch), schedule: own }) : own;
}

/** What the model's file says about its inputs. */
export function describeInput({ full, table }: RunSplits): ModelMetadata {
  const { scale, offset, imageShape, classNames } = full;
  if (table) return { table: table.preparation, ...(classNames && { classNames }) };
  return { input: { scale, offset, ...(imageShape && { imageShape }) }, ...(classNames && { classNames }) };
}

/** Everything that it takes to run this again. */
export function describeRun(
  engine: Engine,
  splits: RunSplits,
  settings: RunSettings,
  { model, optimizer, loss }: { model: Sequential; optimizer: Optimizer; loss: Loss },
): Record<string, unknown> {
  const { full, train, validation, test } = splits;
  return {
    lanegrad: packageVersion(),
    createdAt: new Date().toISOString(),
    dataset: {
      name: full.name,
      source: settings.source,
      train: settings.full ? full.size : train.size,
      validation: settings.full ? 0 : (validation?.size ?? 0),
      test: test?.size ?? 0,
      width: full.width,
      classes: full.classes,
      scale: full.scale,
      offset: full.offset,
    },
    layers: model.layers.map((layer, index) => {
      const [weight] = layer.parameters(model.sizes[index]);
      return {
        kind: layer.kind,
        ...layer.config,
        ...(layer.kind === 'dense' && { initializer: weight.initializer.name }),
      };
    }),
    parameters: model.parameterCount,
    loss: describeLoss(loss),
    optimizer: optimizer.config,
    batchSize: settings.batchSize,
    epochs: settings.epochs,
    shuffle: settings.shuffle,
    seed: settings.seed,
    engine: engine.info,
    // What `readSettings` reads again when the run goes on.
    settings,
  };
}

/** A loss with its defaults has no more to say than its name. */
function describeLoss({ kind, config }: Loss): string | Loss['config'] {
  return Object.keys(config).length > 1 ? config : kind;
}
