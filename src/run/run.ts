/**
 * One training run from a data set to a run folder: builds the model, trains, saves after every epoch, tests,
 * and writes the report. It prints nothing and parses nothing; the command line does.
 */
import { isUint8Array } from '../base/arrays.js';
import { NonFiniteError, show } from '../base/errors.js';
import { firstRows, sizeOf } from '../data/any-set.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import type { Loss } from '../nn/losses.js';
import { allValues, type Network } from '../nn/model.js';
import { layerWidths } from '../nn/summary.js';
import type { RegressionTest, RunReport, TestSet } from '../report/report.js';
import { inUnits } from '../tables/target.js';
import type { Checkpoint } from '../train/checkpoint.js';
import { evaluate, predict } from '../train/evaluate.js';
import { type FitOptions, fit } from '../train/fit.js';
import type { EpochRecord, Evaluation, History } from '../train/history.js';
import type { Metric } from '../train/metrics/metric.js';
import type { Base } from './base.js';
import { takeWeights } from './begin.js';
import { buildModel } from './build.js';
import { checkpointFolder, latestCheckpoint } from './checkpoints.js';
import { describeInput, describeRun } from './describe.js';
import { RunFolder, type RunFolderOptions } from './folder.js';
import { describeNetwork } from './network-report.js';
import { optionsTo } from './options.js';
import type { RunSettings } from './settings.js';
import { type LargeSplits, type RunSplits, runMetrics } from './splits.js';
import { EventFile } from './tensorboard.js';
import { weightsSha256 } from './weights.js';

/** Rows, and numbers in them, that a report shows of a set that streams. */
const MAX_SHOWN = 10_000;
const MAX_SHOWN_VALUES = 2 ** 24;

export interface RunHooks {
  /** The run folder: see `RunFolder.create`. */
  out?: string;
  /** The folder of an earlier run with these settings, to go on with in its place. */
  resume?: RunFolder;
  /** Another run's checkpoint to go on from with these settings, where this run has none of its own. */
  goesOnFrom?: Checkpoint | undefined;
  /** Write the page `report.html` at the end; true by default. */
  report?: boolean;
  /** What `settings.from` names; of a run that goes on, the model in its folder. */
  base?: Base;
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
  readonly model: Network;
  readonly batchSize: number;
  readonly history: History;
  /** Absent when interrupted. */
  readonly test?: Evaluation;
  /** Of a regression on a table: the test rows. */
  readonly regression?: RegressionTest;
  readonly weightsSha256: string;
  readonly folder: RunFolder;
  readonly interrupted: boolean;
}

/**
 * Trains as `settings` say, or goes on with a run that was stopped. When it fails, the folder keeps the last
 * epoch that was completed; with none, no folder is left.
 *
 * Throws what `fit` throws; NonFiniteError also when an epoch ends with weights or a validation loss that are
 * not finite; FileError when the folder cannot be written or another process is at work in it, before
 * training where that can be known.
 */
export async function run(
  engine: Engine,
  splits: LargeSplits,
  settings: RunSettings,
  hooks: RunHooks,
): Promise<Run> {
  const { model, optimizer, loss } = buildModel(splits, settings, hooks.base);
  const metadata = describeInput(splits);
  const metrics = runMetrics(splits, settings);
  const train = settings.full ? splits.full : splits.train;
  const batchSize = Math.min(settings.batchSize, sizeOf(train));
  const config = describeRun(engine, splits, { ...settings, batchSize }, { model, optimizer, loss });
  if (hooks.resume) config.createdAt = (await hooks.resume.readConfig()).createdAt ?? config.createdAt;
  const folder = hooks.resume ?? (await RunFolder.create(folderOptions(splits, model, hooks)));
  const lock = await folder.lock();
  let completed = 0;
  try {
    const own = hooks.resume && (await latestCheckpoint(folder.checkpointPath));
    const checkpoint = own ?? hooks.goesOnFrom;
    // A checkpoint has weights of its own, and those that the run began with may be gone by then.
    if (!checkpoint && settings.weightsFrom !== undefined) await takeWeights(model, settings.weightsFrom);
    const events = hooks.tensorboard ? new EventFile(folder.path) : undefined;
    const checkpointing =
      settings.checkpoint && checkpointFolder({ folder: folder.checkpointPath, ...settings.checkpoint });
    const begin = async () => {
      // Its graph stands in no setting: the run goes on with what is here, whatever becomes of the other file.
      if (hooks.base && !hooks.resume) await folder.saveModel(model, metadata);
      await folder.writeConfig(config);
      if (hooks.resume || checkpoint) await folder.replaceMetrics(checkpoint?.records ?? []);
    };
    if (!checkpointing) await begin();
    const history = await fit(engine, model, train, {
      loss,
      optimizer,
      batchSize,
      epochs: settings.epochs,
      shuffle: settings.shuffle,
      // Without a validation set the metrics are those of the test.
      ...(!settings.full && splits.validation && { validation: splits.validation, metrics }),
      ...(settings.earlyStopping && { earlyStopping: settings.earlyStopping }),
      ...optionsTo('fit', settings),
      ...classWeightsOf(splits, settings),
      ...(checkpointing && {
        checkpoint: {
          ...checkpointing,
          // Once the checkpoint has been found to fit, so that nothing is overwritten by a run that cannot go
          // on.
          prepare: async (step, bestSteps) => {
            await checkpointing.prepare?.(step, bestSteps);
            await begin();
          },
        },
      }),
      resume: checkpoint,
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
    const shown = await inMemory(splits);
    const result: Run = {
      dataset: splits.full.name,
      model,
      batchSize,
      history,
      ...(!interrupted && (await testModel(engine, model, splits, { loss, metrics }, shown))),
      weightsSha256: await weightsSha256(model),
      folder,
      interrupted,
    };
    await folder.removeEmptyCheckpoints();
    if (hooks.report !== false) await folder.writeReport(describeReport(engine, shown, config, result));
    return result;
  } catch (error) {
    await folder.removeEmptyCheckpoints();
    if (completed === 0 && !hooks.resume && !(await folder.hasCheckpoints())) {
      await lock.release();
      // What matters is the first failure.
      await folder.discard().catch(() => {});
    }
    throw error;
  } finally {
    await lock.release();
  }
}

function folderOptions({ full }: LargeSplits, model: Network, { out }: RunHooks): RunFolderOptions {
  return { name: `${full.name}-${layerWidths(model).join('-')}`, ...(out !== undefined && { out }) };
}

/** What is balanced is so by the counts that were taken while rows were written, where they stream. */
function classWeightsOf({ streaming }: LargeSplits, { classWeights }: RunSettings) {
  if (!streaming?.classCounts || classWeights !== 'balanced') return {};
  const counts = streaming.classCounts;
  const present = counts.filter((count) => count > 0).length;
  const size = counts.reduce((total, count) => total + count, 0);
  return { classWeights: counts.map((count) => (count > 0 ? size / (present * count) : 1)) };
}

/** The same sets; of those that stream the first rows, which a report shows. */
async function inMemory(splits: LargeSplits): Promise<RunSplits> {
  const { full, test, validation } = splits;
  const most = Math.min(MAX_SHOWN, Math.ceil(MAX_SHOWN_VALUES / full.width));
  // One of them is looked at.
  const train = await firstRows(splits.train, most);
  return {
    ...splits,
    train,
    full: 'source' in full ? train : full,
    ...(validation && { validation: await firstRows(validation, most) }),
    ...(test && { test: await firstRows(test, most) }),
  } as RunSplits;
}

/** What no single step's loss shows: the last update, or a validation sample, may have been one too far. */
function checkEpoch(model: Network, { epoch, step, learningRate, validation }: EpochRecord): void {
  const problem = !hasFiniteWeights(model)
    ? 'the weights are not finite'
    : validation && !Number.isFinite(validation.loss)
      ? `the validation loss is ${show(validation.loss)}`
      : undefined;
  if (problem === undefined) return;
  const where = `after step ${step} (epoch ${epoch}) ${problem}`;
  throw new NonFiniteError('train', `${where}; learning rate ${learningRate} may be too high`, step, epoch);
}

function hasFiniteWeights(model: Network): boolean {
  return allValues(model).every(({ values }) => values.every(Number.isFinite));
}

/** What a model comes to on the test rows, where there are any. */
export async function testModel(
  engine: Engine,
  model: Network,
  splits: LargeSplits,
  { loss, metrics }: { readonly loss: Loss; readonly metrics: readonly Metric[] },
  shown = splits as RunSplits,
): Promise<Pick<Run, 'test' | 'regression'>> {
  if (!splits.test) return {};
  const test = await evaluate(engine, model, splits.test, { loss, metrics });
  return { test, ...(splits.table && compareTest(engine, model, loss, shown, test.size)) };
}

/** What the report of a run is made from. */
export function describeReport(
  engine: Engine,
  splits: RunSplits,
  config: Record<string, unknown>,
  result: Omit<Run, 'batchSize' | 'folder'>,
): RunReport {
  const { model, history, test, regression, interrupted } = result;
  const { test: set, table } = splits;
  return {
    title: `${result.dataset} · ${layerWidths(model).join('-')}`,
    createdAt: new Date().toISOString(),
    history,
    ...(test && { test }),
    ...(test && set && !set.targets && { testSet: describeTestSet(set, test) }),
    ...(regression && { regression }),
    network: describeNetwork(engine, model, splits),
    ...(table && { table: table.summary }),
    config,
    engine: { ...engine.info },
    facts: {
      parameters: model.parameterCount,
      weightsSha256: result.weightsSha256,
      layers: layerWidths(model),
      interrupted,
    },
  };
}

/** Actual and predicted values of the test rows, where the target is a number. */
function compareTest(
  engine: Engine,
  model: Network,
  loss: Loss,
  { test, table }: RunSplits,
  rows: number,
): { regression: RegressionTest } | undefined {
  const target = table?.preparation.target;
  if (target?.kind !== 'regression' || !test?.targets) return undefined;
  const predicted = inUnits(target, predict(engine, model, test.inputs, { loss }));
  const actual = inUnits(target, test.targets);
  return { regression: { target: target.name, actual, predicted, ...(rows > actual.length && { rows }) } };
}

function describeTestSet(
  { inputs, labels: known, classes, classNames, imageShape }: Dataset,
  { predictions }: Evaluation,
): TestSet {
  // Of a set that streams no row's prediction is kept.
  const labels = predictions.length > 0 ? known : new Int32Array(0);
  const names = classNames ?? Array.from({ length: classes }, (_, i) => String(i));
  if (!imageShape || !isUint8Array(inputs) || labels.length === 0) return { labels, classNames: names };
  const [height, width, channels = 1] = imageShape;
  if (channels !== 1 && channels !== 3) return { labels, classNames: names };
  return { labels, classNames: names, images: { pixels: inputs, height, width, channels } };
}
