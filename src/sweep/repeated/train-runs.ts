/**
 * The same settings trained several times, for folds or with seeds, in a pool of processes of one thread
 * each; and what they come to: the mean and deviation of what was measured, and one model that predicts the
 * mean. Each run is a trial of a study within the run's folder, so that what was stopped goes on. Node only.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../../base/errors.js';
import { readFileBytes, writeFileAtomic } from '../../base/files/atomic.js';
import type { Global } from '../../base/globals.js';
import type { Engine } from '../../engine/engine.js';
import type { Network } from '../../nn/model.js';
import { layerWidths } from '../../nn/summary.js';
import { loadUplot } from '../../report/node.js';
import type { RunReport } from '../../report/types.js';
import { openBase } from '../../run/base.js';
import { buildModel } from '../../run/build.js';
import { describeInput, describeRun } from '../../run/describe.js';
import { MODEL_FILE, RunFolder } from '../../run/folder.js';
import { readMetrics } from '../../run/metrics.js';
import { describeReport, testModel } from '../../run/run.js';
import { type RunSplits, runMetrics } from '../../run/splits.js';
import { weightsSha256 } from '../../run/weights.js';
import { readModel } from '../../tables/model-file.js';
import { RunError } from '../../tasks/executor.js';
import { ensemble } from '../../train/ensemble.js';
import type { EpochRecord, Score } from '../../train/history.js';
import { coordinate } from '../coordinate.js';
import { listDefinition } from '../list.js';
import { digestOf } from '../objective/digest.js';
import { deviation, mean } from '../objective/parts.js';
import { Study, trialFolder } from '../study.js';
import { pool } from '../sweep.js';
import { hasEnded, type Trial } from '../trial.js';
import { monitorOf, type RunsObjective, settingOf, valuesOf } from './objective.js';
import { renderRuns } from './page.js';
import type { OneRun, RunsResult, Spread } from './types.js';

/** How far the runs have come. */
export interface RunsProgress {
  readonly ended: number;
  readonly total: number;
  /** Of all epochs of all runs, between 0 and 1. */
  readonly share: number;
  /** Absent until there is something to judge by. */
  readonly secondsLeft?: number;
  /** Names of runs, and the last epoch that each has finished. */
  readonly running: readonly { readonly name: string; readonly epoch: number }[];
}

export interface RunsHooks {
  /** The run folder: see `RunFolder.create`. */
  readonly out?: string | undefined;
  /** That of runs with the same objective, to go on with in its place. */
  readonly resume?: RunFolder | undefined;
  /** Processes; by default one for each core. */
  readonly workers?: number | undefined;
  /** Stops the runs: `trainRuns` rejects with its reason, and they go on from there. */
  readonly signal?: Global<'AbortSignal'> | undefined;
  /** Once the folder is there. */
  readonly onBegin?: (folder: RunFolder) => void;
  readonly onProgress?: (progress: RunsProgress) => void;
  /** After each run that has ended, and for each that was there. */
  readonly onRun?: (run: OneRun) => void;
}

/**
 * Trains all runs, or goes on with those that did not end; saves their ensemble as the run's model, tests it,
 * and writes the report. The rows of `splits.full` are those that folds are cut from.
 *
 * @throws RunError when runs fail, with the reasons of all; the signal's reason when it is aborted; FileError when
 * the folder cannot be written or another process is at work in it; OptionError for a folder with other runs;
 * DataError for a run's model that is not the one that it came to.
 */
export async function trainRuns(
  engine: Engine,
  splits: RunSplits,
  objective: RunsObjective,
  hooks: RunsHooks,
): Promise<RunsResult> {
  const { settings, over, count } = objective;
  const monitor = monitorOf(splits, objective);
  const { source: _, ...decisive } = settings;
  const definition = listDefinition('train', settingOf(over), valuesOf(objective), {
    objective: { over, count, settings: decisive, math: engine.info.math, metric: monitor.name },
    // The test is the ensemble's.
    data: await digestOf(splits, ['full', 'validation', 'test']),
    direction: monitor.mode === 'max' ? 'maximize' : 'minimize',
    most: settings.epochs,
  });
  const base = await openBase(settings, undefined);
  const built = buildModel(splits, settings, base);
  const name = `${splits.full.name}-${layerWidths(built.model).join('-')}-${count}-${over}`;
  const folder =
    hooks.resume ?? (await RunFolder.create({ name, ...(hooks.out !== undefined && { out: hooks.out }) }));
  const lock = await folder.lock();
  try {
    const config = describeRuns(engine, splits, objective, built);
    if (hooks.resume) config.createdAt = (await hooks.resume.readConfig()).createdAt ?? config.createdAt;
    else await folder.writeConfig(config);
    hooks.onBegin?.(folder);
    const study = await Study.open(definition, { folder: join(folder.path, over), name: over, size: count });
    try {
      await runAll(study, objective, hooks);
    } finally {
      await study.close();
    }
    return await finish(engine, splits, { objective, config, folder, study, loss: built.loss });
  } finally {
    await lock.release();
  }
}

function describeRuns(
  engine: Engine,
  splits: RunSplits,
  { settings, over, count }: RunsObjective,
  built: ReturnType<typeof buildModel>,
): Record<string, unknown> {
  const config = describeRun(engine, splits, settings, built);
  const { full } = splits;
  // A row of the folds trains in all of them but one, in which it validates.
  const rows = over === 'folds' && {
    train: full.size - Math.ceil(full.size / count),
    validation: Math.ceil(full.size / count),
  };
  return { ...config, dataset: { ...(config.dataset as object), ...rows }, runs: { over, count } };
}

async function runAll(
  study: Study,
  objective: RunsObjective,
  { workers, signal, onProgress, onRun }: RunsHooks,
): Promise<void> {
  const { count, settings } = objective;
  const executor = pool({ runs: objective }, Math.min(workers ?? availableParallelism(), count));
  const began = performance.now();
  const shareNow = () => shareOf(study.trials, count, settings.epochs);
  const before = shareNow();
  const tell = () => {
    const share = shareNow();
    const seconds = (performance.now() - began) / 1000;
    onProgress?.({
      ended: study.trials.filter(hasEnded).length,
      ...{ total: count, share },
      ...(share > before && { secondsLeft: (seconds * (1 - share)) / (share - before) }),
      running: study.open.map((trial) => ({ name: nameOf(trial), epoch: trial.reports.at(-1)?.step ?? 0 })),
    });
  };
  try {
    for (const trial of study.trials) if (trial.state === 'complete') onRun?.(runOf(study, trial));
    await coordinate(study, executor, {
      trials: count,
      signal,
      onBegin: tell,
      onReport: tell,
      onEnd: (trial) => {
        if (trial.state === 'complete') onRun?.(runOf(study, trial));
        tell();
      },
    });
  } finally {
    await executor.close();
  }
  const failed = study.trials.filter(({ state }) => state !== 'complete');
  if (failed.length === 0) return;
  throw new RunError('train', failed.map((trial) => `${nameOf(trial)}: ${trial.reason}`).join('; '));
}

/** Of all epochs, as far as they were reported; of a run that has ended, all. */
function shareOf(trials: readonly Trial[], count: number, epochs: number): number {
  const done = trials.reduce(
    (sum, trial) => sum + (hasEnded(trial) ? 1 : Math.min(1, (trial.reports.at(-1)?.step ?? 0) / epochs)),
    0,
  );
  return done / count;
}

function nameOf({ settings }: Trial): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** The attributes that `RunsTrainer` gives a trial. */
type Said = Pick<OneRun, 'epochs' | 'epoch' | 'weightsSha256'> & Record<'train' | 'validation', Score>;

function runOf(study: Study, trial: Trial): OneRun {
  const { train, validation, epochs, epoch, weightsSha256: weights } = trial.attributes as unknown as Said;
  return {
    name: nameOf(trial),
    folder: trialFolder(study.folder!, trial.number),
    ...{ epochs, epoch, weightsSha256: weights },
    measured: { ...numbersOf('', train), ...numbersOf('validation.', validation) },
  };
}

/** The numbers of a score by their names. */
function numbersOf(prefix: string, { loss, accuracy, metrics }: Score): Record<string, number> {
  const all = Object.entries({ loss, accuracy, ...metrics });
  return Object.fromEntries(
    all.flatMap(([name, value]) => (Number.isFinite(value) ? [[prefix + name, value]] : [])),
  );
}

/** The model of all runs, its test, and the report. */
async function finish(
  engine: Engine,
  splits: RunSplits,
  {
    objective,
    config,
    folder,
    study,
    loss,
  }: {
    objective: RunsObjective;
    config: Record<string, unknown>;
    folder: RunFolder;
    study: Study;
    loss: ReturnType<typeof buildModel>['loss'];
  },
): Promise<RunsResult> {
  const metrics = runMetrics(splits, objective.settings);
  const models: Network[] = [];
  const runs: OneRun[] = [];
  for (const trial of study.trials) {
    const run = runOf(study, trial);
    const path = join(run.folder, MODEL_FILE);
    const { model } = readModel(await readFileBytes(path), path);
    const found = await weightsSha256(model);
    if (found !== run.weightsSha256) {
      throw new DataError(
        path,
        `expected the weights that ${run.name} came to, SHA-256 ${run.weightsSha256}, given others: ${found}`,
      );
    }
    const { test } = await testModel(engine, model, splits, { loss, metrics });
    models.push(model);
    runs.push({ ...run, measured: { ...run.measured, ...(test && numbersOf('test.', test)) } });
  }
  const model = ensemble(models, { loss });
  await folder.saveModel(model, describeInput(splits));
  const tested = await testModel(engine, model, splits, { loss, metrics });
  const result: RunsResult = {
    runs,
    spreads: spreadsOf(runs),
    model,
    ...(tested.test && { test: tested.test }),
    weightsSha256: await weightsSha256(model),
    folder,
  };
  const histories = await Promise.all(
    runs.map(async ({ folder: path }) => (await readMetrics(path)).records as readonly EpochRecord[]),
  );
  const all = histories.flat();
  const report: RunReport = describeReport(engine, splits, config, {
    dataset: splits.full.name,
    ...{ model, ...tested, weightsSha256: result.weightsSha256, interrupted: false },
    history: {
      epochs: [],
      steps: histories.reduce((sum, own) => sum + (own.at(-1)?.step ?? 0), 0),
      seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
      outcome: 'completed',
    },
  });
  const title = `${splits.full.name} · ${layerWidths(models[0]).join('-')}`;
  const page = renderRuns(
    { ...report, title },
    { ...result, over: objective.over, histories },
    await loadUplot(),
  );
  await writeFileAtomic(folder.reportPath, page);
  return result;
}

/** Of what was measured of all of them. */
function spreadsOf(runs: readonly OneRun[]): Record<string, Spread> {
  const names = Object.keys(runs[0].measured).filter((name) =>
    runs.every(({ measured }) => name in measured),
  );
  return Object.fromEntries(
    names.map((name) => {
      const values = runs.map(({ measured }) => measured[name]);
      return [name, { mean: mean(values), deviation: deviation(values) }];
    }),
  );
}
