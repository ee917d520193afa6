/**
 * What a trial is where the same settings are trained several times: the training of one fold, or with one
 * seed. It validates on what it has not trained on, and does not look at the test set. Node only.
 */
import { OptionError } from '../../base/errors.js';
import { createEngine, type EngineOptions } from '../../create/engine.js';
import type { Engine } from '../../engine/engine.js';
import { openNetwork } from '../../run/open-network.js';
import type { RunSettings } from '../../run/settings.js';
import { loadSplits, picturesFor } from '../../run/sources.js';
import { type RunSplits, runMetrics } from '../../run/splits.js';
import { loadTable } from '../../tables/training.js';
import type { Score } from '../../train/history.js';
import { type Monitor, resolveMonitor } from '../../train/monitor.js';
import { foldParts, type Part, seedParts } from '../objective/parts.js';
import { finalRecord, removeCheckpoints, trainRun } from '../objective/training-run.js';
import type { SweepTrial } from '../objective/trial.js';

/** What the runs differ in. */
export type RunsOver = 'folds' | 'seeds';

/** Several runs of the same settings. JSON values. */
export interface RunsObjective {
  readonly settings: RunSettings;
  readonly over: RunsOver;
  readonly count: number;
  readonly engine: Pick<EngineOptions, 'backend' | 'math' | 'turbo'>;
  /** Write TensorBoard's event file into each run's folder. */
  readonly tensorboard?: boolean;
}

/** The setting that tells the runs apart. */
export const settingOf = (over: RunsOver): 'fold' | 'seed' => (over === 'folds' ? 'fold' : 'seed');

/** Its values. */
export function valuesOf({
  over,
  count,
  settings: { seed },
}: Pick<RunsObjective, 'over' | 'count' | 'settings'>): number[] {
  return Array.from({ length: count }, (_, i) => i + (over === 'folds' ? 1 : seed));
}

/**
 * The data of all runs. Those of a table that is cut into folds are all rows but the test's, prepared once;
 * for seeds the parts are the same ones each time.
 */
async function loadRunsData({
  settings,
  over,
}: Pick<RunsObjective, 'settings' | 'over'>): Promise<RunSplits> {
  const { source, table, seed, from } = settings;
  if (table) return loadTable(source, table, { seed, full: over === 'folds' });
  const suited = from === undefined ? {} : picturesFor((await openNetwork(from)).model);
  return loadSplits(source, { ...suited, ...settings });
}

/**
 * What a run is judged by. Throws OptionError where there is nothing to validate on, or less than a row a
 * fold.
 */
export function monitorOf(splits: RunSplits, { settings, over, count }: RunsObjective): Monitor {
  const classifies = splits.full.classes > 0;
  if (over === 'seeds' && !splits.validation) {
    throw new OptionError(
      '--seeds',
      'expected data with a validation set, by which the runs are compared, or --folds',
    );
  }
  if (over === 'folds' && splits.full.size < count) {
    throw new OptionError(
      '--folds',
      `expected at most one for each of ${splits.full.size} rows, given ${count}`,
    );
  }
  const measured = { validated: true, classifies, metrics: runMetrics(splits, settings) };
  return resolveMonitor('train', classifies ? 'validation.accuracy' : 'validation.loss', measured);
}

/** Trains runs, one at a time: it keeps the data and the engine from one to the next. */
export class RunsTrainer {
  readonly #objective: RunsObjective;
  #splits: Promise<RunSplits> | undefined;
  #engine: Promise<Engine> | undefined;

  constructor(objective: RunsObjective) {
    this.#objective = objective;
  }

  async train(trial: SweepTrial): Promise<number> {
    const { folder } = trial;
    const { fold, seed } = trial.settings;
    const { engine, tensorboard = false, settings } = this.#objective;
    if (folder === undefined) throw new OptionError('train', 'a run needs a folder');
    this.#splits ??= loadRunsData(this.#objective);
    this.#engine ??= createEngine({ ...engine, threads: 1 });
    const splits = await this.#splits;
    const part = this.#partOf(splits, fold === undefined ? `seed-${seed}` : `fold-${fold}`);
    const monitor = monitorOf(splits, this.#objective);
    const { value, weightsSha256, history } = await trainRun(
      await this.#engine,
      trial,
      folder,
      { ...part, monitor },
      { report: (step, own) => trial.report(step, own), tensorboard },
    );
    const final = finalRecord(history);
    trial.set('weightsSha256', weightsSha256);
    trial.set('epochs', history.epochs.length);
    if (final) {
      trial.set('epoch', final.epoch);
      trial.set('train', plainScore(final));
      if (final.validation) trial.set('validation', plainScore(final.validation));
    }
    // What has ended needs none to go on from; those of the best epochs were asked for.
    if (!settings.checkpoint?.keepBest) await removeCheckpoints(folder);
    return value;
  }

  #partOf(splits: RunSplits, name: string): Part {
    const { settings, over, count } = this.#objective;
    const parts = over === 'folds' ? foldParts(splits, settings, count) : seedParts(splits, settings, count);
    for (const part of parts) if (part.name === name) return part;
    throw new OptionError('train', `${name} is none of ${count} ${over}`);
  }
}

/** What is a number of a score. */
function plainScore({
  loss,
  accuracy,
  metrics = {},
}: Score): Pick<Score, 'loss' | 'metrics'> & { accuracy?: number } {
  const measured = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  return {
    loss,
    ...(!Number.isNaN(accuracy) && { accuracy }),
    ...(measured.length > 0 && { metrics: Object.fromEntries(measured) }),
  };
}
