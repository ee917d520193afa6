/** What a training run is told, and the complete record of it that config.json and the report hold. */
import type { Engine } from '../engine/engine.js';
import type { Activation } from '../engine/kernels.js';
import { OptionError } from '../errors.js';
import type { ModelMetadata } from '../formats/model.js';
import { dense } from '../nn/dense.js';
import type { InitializerName } from '../nn/initializers.js';
import { type Optimizer, sgd } from '../nn/optimizers.js';
import { type Sequential, sequential } from '../nn/sequential.js';
import type { EarlyStoppingOptions } from '../train/early-stopping.js';
import type { MetricName } from '../train/metrics/resolve.js';
import type { CheckpointFolderOptions } from './checkpoints.js';
import type { RunSplits, TableSettings } from './table.js';
import { packageVersion } from './version.js';

export interface RunSettings {
  /** A name or folder, as it was given. */
  source: string;
  /** Widths of the hidden layers; none is a linear classifier. */
  hidden: readonly number[];
  activation: Activation;
  /** Of the weights of all layers; by default each activation's own. */
  initializer?: InitializerName;
  learningRate: number;
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

export const initializerNames: readonly InitializerName[] = [
  'glorotUniform',
  'glorotNormal',
  'heUniform',
  'heNormal',
  'zeros',
];

/** `train mnist` reaches 98 % with these, in about 8 seconds. */
export const runDefaults = {
  hidden: [300],
  activation: 'sigmoid',
  learningRate: 1,
  batchSize: 64,
  epochs: 10,
  seed: 1,
} as const satisfies Partial<RunSettings>;

/** Values that a model may have: parameters and gradients must fit in an engine's 4 GiB. */
const MAX_PARAMETERS = 2 ** 28;

/** The untrained model and the optimizer. Throws OptionError when the model would be too large. */
export function buildModel(
  splits: RunSplits,
  settings: RunSettings,
): { model: Sequential; optimizer: Optimizer } {
  const { width, classes } = splits.full;
  const { hidden, activation, initializer, seed } = settings;
  const sizes = [width, ...hidden, classes];
  const parameters = sizes.slice(1).reduce((total, size, i) => total + (sizes[i] + 1) * size, 0);
  if (parameters > MAX_PARAMETERS) {
    const given = `given ${parameters} (${sizes.join('-')})`;
    throw new OptionError('model', `expected at most ${MAX_PARAMETERS} parameters, ${given}`);
  }
  const weights = initializer ? { weightInitializer: initializer } : {};
  const layers = hidden.map((units) => dense(units, { activation, ...weights }));
  return {
    model: sequential(width, [...layers, dense(classes, weights)], { seed }),
    optimizer: sgd({ learningRate: settings.learningRate }),
  };
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
  { model, optimizer }: { model: Sequential; optimizer: Optimizer },
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
      return { kind: layer.kind, ...layer.config, initializer: weight.initializer.name };
    }),
    parameters: model.parameterCount,
    loss: LOSS,
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

export const LOSS = 'softmaxCrossEntropy';
