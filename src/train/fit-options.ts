/** The options of `fit`: what they mean, and the one place where they are checked. */
import { OptionError } from '../base/errors.js';
import type { Global } from '../base/globals.js';
import { OptionReader } from '../base/options.js';
import { type Dataset, formOf } from '../data/set.js';
import type { StreamedDataset, StreamForm } from '../data/stream.js';
import type { Engine } from '../engine/engine.js';
import type { Compiled } from '../nn/compiled.js';
import { type LossOption, lossWords, resolveLoss } from '../nn/losses.js';
import type { Memory, Network } from '../nn/model.js';
import { isOptimizer, OPTIMIZER, type Optimizer } from '../nn/optimizers.js';
import { isPlateau } from '../nn/schedules.js';
import { type UpdateOptions, updateRanges } from '../nn/update.js';
import type { AugmentOptions } from './augment/options.js';
import { type Callbacks, readHooks } from './callbacks.js';
import { checkDataset, checkEngine, checkFits, checkModel, checkScale, lossOn, scalesOf } from './check.js';
import type { Checkpoint } from './checkpoint.js';
import type { CheckpointOptions, Due } from './checkpointing.js';
import type { ClassWeights } from './class-weights.js';
import type { EarlyStoppingOptions } from './early-stopping.js';
import { listedMetrics } from './listed-metrics.js';
import type { LoopState } from './loop-state.js';
import type { MetricsOption } from './metrics/resolve.js';

/** How `fit` trains. */
export interface FitOptions extends Callbacks, Omit<UpdateOptions, 'accumulate'> {
  /**
   * For a model with several outputs by their names, each alone or with its weight in the total: `{ loss:
   * 'meanSquaredError', weight: 0.5 }`.
   */
  loss: LossOption;
  /** With a learning rate, or a schedule of them, of its own. */
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
  validation?: Dataset | StreamedDataset | undefined;
  /**
   * Measured on the validation set after each epoch, beside loss and accuracy; lists by output where losses
   * are given by output.
   */
  metrics?: MetricsOption | undefined;
  /**
   * Of `softmaxCrossEntropy` and `binaryCrossEntropy`: one a class, or `balanced`, which makes up for classes
   * of unequal size. They count in the validation loss too. By output where losses are given by output.
   */
  classWeights?: ClassWeights | Readonly<Record<string, ClassWeights>> | undefined;
  /**
   * Changes images at random each time that they are trained on: `{ shift: 2, flip: 'horizontal', rotate: 10 }`.
   * Of a training set with one input, which are images.
   */
  augment?: AugmentOptions | undefined;
  /**
   * Gradients of so many batches make one step; 1 by default. The last step of an epoch takes what remains.
   */
  accumulateBatches?: number;
  /**
   * Ends training when the validation loss, or what else is monitored, has not improved for a while; true for
   * the defaults. Without `validation` the training loss is monitored.
   */
  earlyStopping?: boolean | EarlyStoppingOptions | undefined;
  /** Keeps checkpoints; `checkpointFolder` of `lanegrad/node` makes one that writes files. */
  checkpoint?: CheckpointOptions | undefined;
  /**
   * Goes on from a checkpoint, or its file's bytes, bit for bit as if training had never stopped. Model, data
   * and options must be those that the checkpoint was made with; only `epochs` may be another.
   */
  resume?: Checkpoint | Uint8Array | undefined;
  /** Stops training after the step at hand. */
  signal?: Global<'AbortSignal'> | undefined;
  /**
   * Now and then, between two steps, when timers and pages have had their turn: about every 25 ms, every 4 in
   * a page. Waited for when it returns a promise, so it may pause training; `download` brings the model's
   * values up to date with the last step.
   */
  onTurn?: (now: { download(): void }) => void | Promise<void>;
  /**
   * Shows on a terminal how far training is, with the last epoch's loss and accuracy: one line on standard
   * error, from half a second on. True by default, and nothing in pages, workers and pipes, or where hooks of
   * your own follow each step.
   */
  progress?: boolean;
  /** Several objects with the same hooks, called after those given as options. */
  callbacks?: readonly Callbacks[];
}

/** What checkpoints need. All but `from` is filled in by `fit`, where there are any. */
export interface Continuation {
  readonly from: object | undefined;
  /** The checkpoint to go on from. */
  resume?: Checkpoint;
  restore?: (compiled: Compiled, state: LoopState) => void;
  keep?: (compiled: Compiled, state: LoopState, due: Due, check: () => void) => Promise<void>;
}

/** Rejects with OptionError, ShapeError or DataError for what does not fit together. */
export async function readFitOptions(engine: Engine, model: Network, train: Dataset, options: FitOptions) {
  const where = 'fit';
  checkEngine(where, engine);
  checkModel(where, model);
  if (!Object.isExtensible(model)) {
    throw new OptionError(where, 'model: expected one that can be written to, given a frozen one');
  }
  checkDataset(where, 'train', train);
  const reader = new OptionReader(where, options);
  let loss = lossOn(train, resolveLoss(where, reader.required('loss', lossWords())));
  const settings = {
    optimizer: reader.required('optimizer', OPTIMIZER, isOptimizer),
    batchSize: Math.min(
      reader.integer('batchSize', { min: 1 }, 64),
      ((train as Partial<StreamForm>).stream ?? train).size ?? Infinity,
    ),
    epochs: reader.integer('epochs', { min: 0 }, 5),
    shuffle: reader.boolean('shuffle', true),
    seed: reader.integer('seed', { min: 0 }, model.seed),
    accumulateBatches: reader.integer('accumulateBatches', { min: 1 }, 1),
    validation: formOf(reader.optional('validation', 'a data set', isObject) as Dataset | undefined),
    signal: reader.optional(
      'signal',
      'an AbortSignal',
      (value): value is { readonly aborted: boolean } => isObject(value) && 'aborted' in value,
    ),
    onTurn: reader.callback<NonNullable<FitOptions['onTurn']>>('onTurn'),
    hooks: readHooks(where, reader),
  };
  const update = readUpdate(reader);
  const weights = reader.any('classWeights');
  const metricList = reader.any('metrics');
  const augment = reader.any('augment');
  const stopping = reader.optional('earlyStopping', 'true, or an object with patience', isSwitch);
  const checkpoint = reader.optional('checkpoint', 'an object such as checkpointFolder makes', isObject);
  const resume = reader.optional('resume', 'a checkpoint, or the bytes of one', isObject);
  reader.end();
  const checkSet = async (name: string, set: Dataset) => {
    checkFits(where, name, model, set, loss);
    if (set.targets || set.answersByName)
      (await import('./check-targets.js')).checkTargets(where, name, model, set, loss);
  };
  await checkSet('train', train);
  const scales = scalesOf(train);
  if (settings.validation) {
    await checkSet('validation', settings.validation);
    checkScale(where, 'validation', scales, settings.validation);
    (await import('./same-classes.js')).checkSameClasses(where, train, settings.validation);
  }
  // Loaded only for losses of one's own and where there are several outputs: most models have one.
  const own = (loss.compute || loss.parts) && (await import('../nn/own-loss.js'));
  if (own) loss = own.traceable(loss);
  const several = loss.parts && (await import('./outputs.js'));
  const outputs = await several?.readOutputs(where, model, train, loss, metricList);
  const { classifies, metrics } = outputs
    ? outputs.total
    : await listedMetrics(where, metricList, { loss, size: model.outputSize }, train);
  const wanted = outputs ? outputs.all.some((one) => one.metrics.length > 0) : metrics.length > 0;
  if (wanted && !settings.validation) {
    throw new OptionError(where, 'option metrics: they are measured on a validation set, and none was given');
  }
  const measured = {
    ...{ validated: settings.validation !== undefined, classifies, metrics },
    ...(outputs && { outputs: outputs.all }),
  };
  let weighted = loss;
  if (several && weights) weighted = several.withClassWeightsByOutput(where, model, train, loss, weights);
  else if (weights) {
    const { withClassWeights } = await import('./class-weights.js');
    weighted = withClassWeights(where, loss, weights, train, model.outputSize);
  }
  const augmentation =
    augment === undefined
      ? undefined
      : (await import('./augment/prepare.js')).readAugmentation(where, augment, {
          ...{ train, loss: weighted, seed: settings.seed },
        });
  const surrounds = settings.accumulateBatches > 1 || Object.keys(update).length > 0;
  return {
    ...settings,
    /**
     * What the model is to remember. Class weights make up for the classes of this set, and say nothing of
     * what outputs are.
     */
    memory: { loss, ...scales } satisfies Memory,
    loss: augmentation?.loss ?? weighted,
    augmentation,
    outputs,
    update: { ...update, ...(settings.accumulateBatches > 1 && { accumulate: true }) },
    averages: update.averageDecay !== undefined,
    metrics,
    // What most trainings go without is loaded with the first that wants it.
    extras: {
      ...(own && { totalOf: own.totalOf }),
      ...(surrounds && (await import('../nn/full-update.js'))),
    },
    measure: settings.validation && (await import('./measure.js')).measure,
    earlyStopping: stopping
      ? new (await import('./early-stopping.js')).EarlyStopping(
          where,
          stopping === true ? {} : stopping,
          measured,
        )
      : undefined,
    plateauMonitor: isPlateau(settings.optimizer.schedule)
      ? (await import('./monitor.js')).plateauMonitor(where, settings.optimizer.schedule, measured)
      : undefined,
    checkpointing:
      checkpoint && new (await import('./checkpointing.js')).Checkpointing(where, checkpoint, measured),
    continuation: { from: resume } as Continuation,
  };
}

/** Ranges are checked where it is put to use. */
function readUpdate(reader: OptionReader): UpdateOptions {
  const keys = Object.keys(updateRanges) as (keyof typeof updateRanges)[];
  const isNumber = (value: unknown): value is number => typeof value === 'number';
  const given = keys.map((key) => [key, reader.optional(key, 'a number', isNumber)] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

export type FitSettings = Awaited<ReturnType<typeof readFitOptions>>;

function isSwitch(value: unknown): value is boolean | object {
  return typeof value === 'boolean' || isObject(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
