/**
 * The objective that trains what `lanegrad train` trains: settings are its options, the value is what validation
 * measures. Each trial is a run in a folder of its own, with checkpoints; one that is begun anew goes on from the
 * last of them. The test set is not looked at. Node only.
 */
import { join } from 'node:path';
import { OptionError, show } from '../../base/errors.js';
import { canonicalJson } from '../../base/json.js';
import { isText, OptionReader } from '../../base/options.js';
import { readSettingValues } from '../../base/settings.js';
import { createEngine } from '../../create/engine.js';
import type { Engine } from '../../engine/engine.js';
import { openNetwork } from '../../run/open-network.js';
import { type RunOptionValues, runOptions } from '../../run/options.js';
import { presetNames, resolveSettings } from '../../run/presets.js';
import type { RunSettings } from '../../run/settings.js';
import { isNpzPath, loadSplits, picturesFor, refusePictureOptions } from '../../run/sources.js';
import { type RunSplits, runMetrics } from '../../run/splits.js';
import { tableDefaults } from '../../tables/defaults.js';
import { isTablePath } from '../../tables/file.js';
import { tableOptions } from '../../tables/options.js';
import { loadTable, readTableSettings } from '../../tables/training.js';
import type { EarlyStoppingOptions } from '../../train/early-stopping.js';
import { type Monitor, resolveMonitor } from '../../train/monitor.js';
import type { Space, TrialSettings } from '../space.js';
import { checkChangeable } from './continuation.js';
import { digestOf } from './digest.js';
import { deviation, foldParts, mean, seedParts } from './parts.js';
import { type Prepared, type TrainedRun, trainRun } from './training-run.js';
import type { SweepTrial } from './trial.js';

/** What is trained, and what of it counts. */
export interface TrainingObjective {
  /** A data set by name, a folder, or a file, as `lanegrad train` takes it. */
  readonly data: string;
  /**
   * Options of `lanegrad train` by their names in config.json: those that all trials share. Also `preset`,
   * `earlyStopping` (`{ patience, monitor }`), and of a table `target` and its other options.
   */
  readonly settings?: Readonly<Record<string, unknown>>;
  /**
   * `validation.accuracy`, `validation.loss` or `validation.` and a metric's name; by default accuracy where there are
   * classes, else the loss. Of the last epoch, or of that whose weights early stopping restored.
   */
  readonly metric?: string;
  /** The mean of so many folds of cross-validation, in place of the validation set; a step is a fold then. */
  readonly folds?: number;
  /** The mean of so many seeds, from the settings' own on; a step is a seed then. */
  readonly seeds?: number;
}

/** Seconds between two checkpoints of a trial. */
const CHECKPOINT_SECONDS = 5;

const OTHERS = ['preset', 'earlyStopping'] as const;

/** Throws OptionError for what is no such objective. */
export function readTrainingObjective(where: string, given: unknown): TrainingObjective {
  const reader = new OptionReader(`${where}, objective`, given);
  const data = reader.string('data');
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const settings = reader.optional('settings', 'an object', isObject);
  const metric = reader.optional('metric', 'the name of what is measured', isText);
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 2;
  const folds = reader.optional('folds', 'a whole number, at least 2', isCount);
  const seeds = reader.optional('seeds', 'a whole number, at least 2', isCount);
  reader.end();
  if (folds !== undefined && seeds !== undefined) {
    throw new OptionError(`${where}, objective`, 'expected folds or seeds, given both');
  }
  return {
    data,
    ...(settings && { settings }),
    ...(metric !== undefined && { metric }),
    ...(folds !== undefined && { folds }),
    ...(seeds !== undefined && { seeds }),
  };
}

/** Trains trials, one at a time: it keeps the data and the engine from one to the next. */
export class Trainer {
  readonly #objective: TrainingObjective;
  readonly #splits = new Map<string, Promise<RunSplits>>();
  #engine: Promise<Engine> | undefined;

  constructor(objective: TrainingObjective) {
    this.#objective = objective;
  }

  /** What validation measures, which way is better, the last step, and which data these are. */
  async describe(): Promise<{ metric: string; higher: boolean; most: number; sha256: string }> {
    const { settings, splits, monitor } = await this.#prepare({});
    const { folds, seeds } = this.#objective;
    return {
      metric: monitor.name,
      higher: monitor.mode === 'max',
      most: folds ?? seeds ?? settings.epochs,
      sha256: await digestOf(splits, ['full', 'validation']),
    };
  }

  /** Throws OptionError for settings that are not those of a training. */
  async check(settings: TrialSettings): Promise<void> {
    const { splits } = await this.#prepare(settings);
    const { folds = 0 } = this.#objective;
    const { size } = splits.full;
    if (folds <= size) return;
    throw new OptionError(
      'sweep, objective',
      `folds: expected at most one for each of ${size} rows, given ${folds}`,
    );
  }

  /** Throws OptionError for a space whose settings cannot change within a training. */
  async checkPopulation(where: string, space: Space, first: TrialSettings): Promise<void> {
    const several = (['folds', 'seeds'] as const).find((name) => this.#objective[name] !== undefined);
    if (several) throw new OptionError(where, `${several}: expected none with pbt`);
    await checkChangeable(where, space, first, (settings) => this.#prepare(settings, true));
  }

  async train(trial: SweepTrial): Promise<number> {
    const { settings, splits, monitor } = await this.#prepare(trial.settings, trial.population !== undefined);
    const { folds, seeds } = this.#objective;
    if (trial.folder === undefined) throw new OptionError('sweep', 'a training needs a folder');
    if (folds === undefined && seeds === undefined) {
      const { value, weightsSha256 } = await this.#run(
        trial,
        trial.folder,
        splits,
        settings,
        monitor,
        (step, own) => trial.report(step, own),
      );
      trial.set('weightsSha256', weightsSha256);
      return value;
    }
    const parts =
      folds === undefined ? seedParts(splits, settings, seeds!) : foldParts(splits, settings, folds);
    const values: number[] = [];
    const weights: string[] = [];
    for (const part of parts) {
      const folder = join(trial.folder, part.name);
      const own = await this.#run(trial, folder, part.splits, part.settings, monitor, () => false);
      values.push(own.value);
      weights.push(own.weightsSha256);
      if (trial.report(values.length, mean(values))) break;
    }
    trial.set('weightsSha256', weights);
    trial.set('values', values);
    if (values.length > 1) trial.set('deviation', deviation(values));
    return mean(values);
  }

  async #run(
    trial: SweepTrial,
    path: string,
    splits: RunSplits,
    settings: RunSettings,
    monitor: Monitor,
    report: (step: number, value: number) => boolean,
  ): Promise<TrainedRun> {
    this.#engine ??= createEngine({ math: 'strict', threads: 1 });
    return trainRun(await this.#engine, trial, path, { splits, settings, monitor }, { report });
  }

  /** @param isMember whether these are settings of a population, which stops trainings itself. */
  async #prepare(given: TrialSettings, isMember = false): Promise<Prepared> {
    const { data, metric, folds } = this.#objective;
    const where = 'settings';
    const all: Record<string, unknown> = { ...this.#objective.settings, ...given };
    const reader = new OptionReader(where, all);
    const presetName = reader.optional('preset', `one of ${presetNames.join(', ')}`, isPreset);
    const isObject = (value: unknown): value is EarlyStoppingOptions =>
      typeof value === 'object' && value !== null;
    const earlyStopping = reader.optional('earlyStopping', 'an object such as { patience: 5 }', isObject);
    const tableKeys = Object.keys(tableOptions);
    const values = readSettingValues(where, runOptions, all, [
      ...OTHERS,
      ...tableKeys,
    ]) as Partial<RunOptionValues>;
    if (values.full) throw new OptionError(where, 'full: it leaves nothing to validate by');
    if (values.memory) throw new OptionError(where, 'memory: a sweep holds its data in memory');
    const splits = await this.#load(data, all, values);
    const { earlyStopping: stopping, ...suited } = splits.table ? tableDefaults(splits) : {};
    const base = { ...suited, ...(stopping && !isMember && { earlyStopping: stopping }) };
    const settings = resolveSettings(
      {
        ...values,
        source: data,
        ...(earlyStopping && { earlyStopping }),
        ...(splits.table && { table: readTableSettings(pick(all, tableKeys)) }),
        checkpoint: { everySeconds: CHECKPOINT_SECONDS, keepLast: 1, keepBest: 0 },
      },
      presetName ?? (splits.table && base),
    );
    const classifies = splits.full.classes > 0;
    const measured = {
      validated: folds !== undefined || splits.validation !== undefined,
      classifies,
      metrics: runMetrics(splits, settings),
    };
    if (!measured.validated) {
      throw new OptionError('sweep', `${show(data)} has no validation set; expected one, or folds`);
    }
    const name = metric ?? (classifies ? 'validation.accuracy' : 'validation.loss');
    return { splits, settings, monitor: resolveMonitor('sweep, metric', name, measured) };
  }

  /** The same data are loaded once. */
  async #load(
    data: string,
    all: Record<string, unknown>,
    values: Partial<RunOptionValues>,
  ): Promise<RunSplits> {
    const tableKeys = Object.keys(tableOptions);
    const table = pick(all, tableKeys);
    const isTable = table.target !== undefined || (isTablePath(data) && !isNpzPath(data));
    const { seed = 1, from, imageSize, imageFit, skipBroken } = values;
    const given = {
      ...(imageSize && { imageSize }),
      ...(imageFit && { imageFit }),
      ...(skipBroken && { skipBroken }),
    };
    const suited = from === undefined || isTable ? {} : picturesFor((await openNetwork(from)).model);
    const pictures = { ...suited, ...given };
    const key = canonicalJson(isTable ? { table, seed } : { pictures, seed });
    let splits = this.#splits.get(key);
    if (!splits) {
      // One at a time in memory.
      this.#splits.clear();
      splits = isTable
        ? loadTable(data, readTableSettings(table), { seed, full: false })
        : loadSplits(data, { ...pictures, seed }).then((loaded) => {
            if (!loaded.pictures) refusePictureOptions(given, data);
            return loaded;
          });
      splits.catch(() => this.#splits.delete(key));
      this.#splits.set(key, splits);
    }
    return splits;
  }
}

function isPreset(value: unknown): value is (typeof presetNames)[number] {
  return presetNames.some((name) => name === value);
}

function pick(all: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter((key) => all[key] !== undefined).map((key) => [key, all[key]]));
}
