/** The options of `fit`: what they mean, and the one place where they are checked. */
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { OptionError, show } from '../errors.js';
import { type LossName, lossNames } from '../nn/losses.js';
import type { Optimizer } from '../nn/optimizers.js';
import type { Sequential } from '../nn/sequential.js';
import { OptionReader } from '../options.js';
import { type Callbacks, readHooks } from './callbacks.js';
import { checkEngine, checkFits } from './check.js';
import { type Checkpoint, readCheckpoint } from './checkpoint.js';
import { Checkpointing, type CheckpointOptions } from './checkpointing.js';
import { EarlyStopping, type EarlyStoppingOptions } from './early-stopping.js';
import type { Metric } from './metrics/metric.js';
import { type MetricName, resolveMetrics } from './metrics/resolve.js';

export interface FitOptions extends Callbacks {
  loss: LossName;
  optimizer: Optimizer;
  /** Rows of a step; the last step of an epoch takes what remains. 64 by default. */
  batchSize?: number;
  /** 5 by default. 0 trains nothing. */
  epochs?: number;
  /** Visit the samples in a new order each epoch; true by default. */
  shuffle?: boolean;
  /** Of the order; the model's own by default. */
  seed?: number;
  /** Measured after each epoch. */
  validation?: Dataset;
  /** Measured on the validation set after each epoch, beside loss and accuracy. */
  metrics?: readonly (MetricName | Metric)[];
  /** Ends training when the validation loss, or what else is monitored, has not improved for a while; true for the defaults. */
  earlyStopping?: boolean | EarlyStoppingOptions;
  /** Keeps checkpoints; `checkpointFolder` of `lanegrad/node` makes one that writes files. */
  checkpoint?: CheckpointOptions;
  /**
   * Goes on from a checkpoint, or its file's bytes, bit for bit as if training had never stopped. Model, data and options must be
   * those that the checkpoint was made with; only `epochs` may be another.
   */
  resume?: Checkpoint | Uint8Array | undefined;
  /** Stops training after the step at hand. */
  signal?: AbortSignal;
  /** Several objects with the same hooks, called after those given as options. */
  callbacks?: readonly Callbacks[];
}

/** Throws OptionError, ShapeError or DataError for what does not fit together. */
export function readFitOptions(engine: Engine, model: Sequential, train: Dataset, options: FitOptions) {
  const where = 'fit';
  checkEngine(where, engine);
  checkFits(where, 'train', model, train);
  const reader = new OptionReader(where, options);
  const settings = {
    loss: reader.oneOf('loss', lossNames),
    optimizer: reader.required(
      'optimizer',
      'an optimizer such as sgd({ learningRate: 0.1 })',
      (value): value is Optimizer => isObject(value) && 'compile' in value && 'plainSgd' in value,
    ),
    batchSize: Math.min(reader.integer('batchSize', { min: 1 }, 64), train.size),
    epochs: reader.integer('epochs', { min: 0 }, 5),
    shuffle: reader.boolean('shuffle', true),
    seed: reader.integer('seed', { min: 0 }, model.seed),
    validation: reader.optional('validation', 'a data set', (value): value is Dataset => isObject(value)),
    signal: reader.optional(
      'signal',
      'an AbortSignal',
      (value): value is AbortSignal => isObject(value) && 'aborted' in value,
    ),
    hooks: readHooks(where, reader),
  };
  const metricList = reader.optional('metrics', 'a list of metrics', (value): value is unknown => true);
  const stopping = reader.optional('earlyStopping', 'true, or an object with patience', isSwitch);
  const checkpoint = reader.optional('checkpoint', 'an object such as checkpointFolder makes', isObject);
  const resume = reader.optional('resume', 'a checkpoint, or the bytes of one', isObject);
  reader.end();
  if (settings.validation) checkFits(where, 'validation', model, settings.validation);
  const metrics = resolveMetrics(where, metricList, 'classification');
  if (metrics.length > 0 && !settings.validation) {
    throw new OptionError(where, 'option metrics: they are measured on a validation set, and none was given');
  }
  const measured = { validated: settings.validation !== undefined, classifies: true, metrics };
  return {
    ...settings,
    metrics,
    earlyStopping: stopping
      ? new EarlyStopping(where, stopping === true ? {} : stopping, measured)
      : undefined,
    checkpointing: checkpoint && new Checkpointing(where, checkpoint, measured),
    resume: resume && readResume(resume),
    /** Filled in by `fit` when there are checkpoints to be written or read. */
    configuration: {} as Readonly<Record<string, unknown>>,
  };
}

export type FitSettings = ReturnType<typeof readFitOptions>;

function readResume(given: object): Checkpoint {
  if (given instanceof Uint8Array) return readCheckpoint(given, 'fit, resume');
  const isCheckpoint = 'position' in given && 'configuration' in given && 'parameters' in given;
  if (!isCheckpoint)
    throw new OptionError('fit', `option resume: expected a checkpoint, given ${show(given)}`);
  return given as Checkpoint;
}

function isSwitch(value: unknown): value is boolean | object {
  return typeof value === 'boolean' || isObject(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
