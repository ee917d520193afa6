/**
 * One training run from a data set to a run folder: builds the model, trains, saves after every epoch, tests, and writes
 * the report. It prints nothing and parses nothing; the command line does.
 */
import type { Dataset } from '../data/dataset.js';
import type { Splits } from '../data/folder.js';
import type { Engine } from '../engine/engine.js';
import { NonFiniteError, show } from '../errors.js';
import type { Sequential } from '../nn/sequential.js';
import type { RunReport, TestSet } from '../report/report.js';
import { evaluate } from '../train/evaluate.js';
import { type FitOptions, fit } from '../train/fit.js';
import type { EpochRecord, Evaluation, History } from '../train/history.js';
import { RunFolder } from './folder.js';
import { buildModel, describeInput, describeRun, LOSS, type RunSettings } from './settings.js';
import { EventFile } from './tensorboard.js';
import { weightsSha256 } from './weights.js';

export interface RunHooks {
  /** The run folder: see `RunFolder.create`. */
  out?: string;
  /** Write TensorBoard's event file into the folder as well. */
  tensorboard?: boolean;
  /** Stops training after the step at hand; model and report are still written, the test is left out. */
  signal: AbortSignal;
  onTrainBegin: NonNullable<FitOptions['onTrainBegin']>;
  onStep: NonNullable<FitOptions['onStep']>;
  /** Once the epoch's model and metrics are in the folder. */
  onEpoch: (record: EpochRecord, folder: RunFolder) => void;
}

export interface Run {
  readonly dataset: string;
  readonly model: Sequential;
  readonly batchSize: number;
  readonly history: History;
  /** Absent when interrupted. */
  readonly test?: Evaluation;
  readonly weightsSha256: string;
  readonly folder: RunFolder;
  readonly interrupted: boolean;
}

/**
 * Trains as `settings` say. When it fails, the folder keeps the last epoch that was completed; with none, no folder is
 * left.
 *
 * Throws what `fit` throws; NonFiniteError also when an epoch ends with weights or a validation loss that are not
 * finite; FileError when the folder cannot be written, before training where that can be known.
 */
export async function run(
  engine: Engine,
  splits: Splits,
  settings: RunSettings,
  hooks: RunHooks,
): Promise<Run> {
  const { model, optimizer } = buildModel(splits, settings);
  const metadata = describeInput(splits);
  const train = settings.full ? splits.full : splits.train;
  const batchSize = Math.min(settings.batchSize, train.size);
  const config = describeRun(engine, splits, { ...settings, batchSize }, { model, optimizer });
  const name = `${splits.full.name}-${model.sizes.join('-')}`;
  const folder = await RunFolder.create({ name, ...(hooks.out !== undefined && { out: hooks.out }) });
  const events = hooks.tensorboard ? new EventFile(folder.path) : undefined;
  let completed = 0;
  try {
    await folder.writeConfig(config);
    const history = await fit(engine, model, train, {
      loss: LOSS,
      optimizer,
      batchSize,
      epochs: settings.epochs,
      shuffle: settings.shuffle,
      ...(!settings.full && { validation: splits.validation }),
      signal: hooks.signal,
      onTrainBegin: hooks.onTrainBegin,
      onStep: hooks.onStep,
      onEpoch: async (record) => {
        checkEpoch(model, record);
        // The model first: a line in the metrics then means that its model was saved.
        await folder.saveModel(model, metadata);
        await folder.appendMetrics(record);
        await events?.append(record);
        completed = record.epoch;
        hooks.onEpoch(record, folder);
      },
    });
    const interrupted = hooks.signal.aborted;
    if (hasFiniteWeights(model)) await folder.saveModel(model, metadata);
    const test = interrupted ? undefined : await evaluate(engine, model, splits.test, { loss: LOSS });
    const result: Run = {
      dataset: splits.full.name,
      model,
      batchSize,
      history,
      ...(test && { test }),
      weightsSha256: await weightsSha256(model),
      folder,
      interrupted,
    };
    await folder.writeReport(describeReport(engine, splits.test, config, result));
    return result;
  } catch (error) {
    if (completed === 0) await folder.discard();
    throw error;
  }
}

/** What no single step's loss shows: the last update, or a validation sample, may have been one too far. */
function checkEpoch(model: Sequential, { epoch, step, learningRate, validation }: EpochRecord): void {
  const problem = !hasFiniteWeights(model)
    ? 'the weights are not finite'
    : validation && !Number.isFinite(validation.loss)
      ? `the validation loss is ${show(validation.loss)}`
      : undefined;
  if (problem === undefined) return;
  const where = `after step ${step} (epoch ${epoch}) ${problem}`;
  throw new NonFiniteError('train', `${where}; learning rate ${learningRate} may be too high`, step, epoch);
}

function hasFiniteWeights(model: Sequential): boolean {
  return model.parameters.every(({ values }) => values.every(Number.isFinite));
}

function describeReport(
  engine: Engine,
  set: Dataset,
  config: Record<string, unknown>,
  result: Run,
): RunReport {
  const { model, history, test, interrupted } = result;
  return {
    title: `${result.dataset} · ${model.sizes.join('-')}`,
    createdAt: new Date().toISOString(),
    history,
    ...(test && { test, testSet: describeTestSet(set) }),
    config,
    engine: { ...engine.info },
    facts: {
      parameters: model.parameterCount,
      weightsSha256: result.weightsSha256,
      layers: model.sizes,
      interrupted,
    },
  };
}

function describeTestSet({ inputs, labels, classes, classNames, imageShape }: Dataset): TestSet {
  const names = classNames ?? Array.from({ length: classes }, (_, i) => String(i));
  if (!imageShape || !(inputs instanceof Uint8Array)) return { labels, classNames: names };
  const [height, width] = imageShape;
  return { labels, classNames: names, images: { pixels: inputs, height, width } };
}
