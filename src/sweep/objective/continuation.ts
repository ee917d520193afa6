/**
 * Trainings that go on from where another trial's has come to, with other settings: the trials of a
 * population. Weights, the optimizer's state and the place in the data are the other's; what is changed is
 * what may change within a training. Node only.
 */
import { join } from 'node:path';
import { FileError, OptionError, show } from '../../base/errors.js';
import { buildModel } from '../../run/build.js';
import { latestCheckpoint } from '../../run/checkpoints.js';
import type { RunSettings } from '../../run/settings.js';
import type { RunSplits } from '../../run/splits.js';
import type { Checkpoint } from '../../train/checkpoint.js';
import { countOf, type Dimension, type SettingValue, type Space, valueAt } from '../space.js';
import type { SweepTrial } from './trial.js';

/** Settings that a training may go on with that began with others. */
const CHANGEABLE: readonly string[] = [
  ...['learningRate', 'momentum', 'weightDecay', 'batchSize', 'clipNorm', 'clipValue', 'l1', 'l2'],
  ...['dropout', 'inputDropout', 'labelSmoothing', 'averageDecay', 'augment'],
];
/** What they are in a checkpoint's configuration. */
const CHANGES = ['model', 'loss', 'optimizer', 'update', 'batchSize', 'augment'] as const;
/** Values of a choice that are looked at before the first trial. */
const MOST_LOOKED_AT = 64;

/** Settings with those of a trial, as a training has them. */
type Prepare = (
  settings: Readonly<Record<string, SettingValue>>,
) => Promise<{ readonly settings: RunSettings; readonly splits: RunSplits }>;

/** Throws OptionError for what no training can go on with that began otherwise, before the first trial. */
export async function checkChangeable(
  where: string,
  space: Space,
  first: Readonly<Record<string, SettingValue>>,
  prepare: Prepare,
): Promise<void> {
  const fixed = space.dimensions.find(({ name }) => !CHANGEABLE.includes(name));
  if (fixed) {
    throw new OptionError(
      where,
      `space.${fixed.name}: a training cannot go on with another one; of pbt expected some of ${CHANGEABLE.join(', ')}`,
    );
  }
  const { settings, splits } = await prepare(first);
  checkSchedule(where, space, settings);
  if (settings.earlyStopping)
    throw new OptionError(where, 'earlyStopping: expected none with pbt, which stops trials itself');
  if (settings.from !== undefined) throw new OptionError(where, 'from: expected none with pbt');
  const expected = carriedBy(splits, settings);
  for (const dimension of space.dimensions) {
    for (const value of endsOf(dimension)) {
      const own = await prepare({ ...first, [dimension.name]: value });
      if (carriedBy(own.splits, own.settings) === expected) continue;
      throw new OptionError(
        where,
        `space.${dimension.name}: a training with ${show(value)} keeps other values than one with ${show(first[dimension.name])}, and cannot go on from it; of a rate that may be 0 expected a low above 0`,
      );
    }
  }
}

/** A rate that follows from the number of steps, or from what was measured. */
function checkSchedule(where: string, space: Space, { schedule, warmUp }: RunSettings): void {
  const kind = typeof schedule === 'object' ? schedule.kind : (schedule ?? 'constant');
  const has = (name: string) => space.dimensions.some((own) => own.name === name);
  if (has('batchSize') && (kind !== 'constant' || warmUp !== undefined)) {
    throw new OptionError(
      where,
      'space.batchSize: expected a constant rate with it: a schedule counts steps',
    );
  }
  if (has('learningRate') && kind === 'reduceOnPlateau') {
    throw new OptionError(
      where,
      'space.learningRate: expected another schedule: reduceOnPlateau sets the rate itself',
    );
  }
}

function endsOf(dimension: Dimension): readonly SettingValue[] {
  if (dimension.kind !== 'choice') return [dimension.low, dimension.high];
  const count = Math.min(MOST_LOOKED_AT, countOf(dimension)!);
  return Array.from({ length: count }, (_, i) => valueAt(dimension, i));
}

/** What is carried from step to step, by name and shape. */
function carriedBy(splits: RunSplits, settings: RunSettings): string {
  const { model, optimizer } = buildModel(splits, settings);
  const shapes = [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, [...shape]]);
  return JSON.stringify([shapes, optimizer.slots, (settings.averageDecay ?? 0) > 0]);
}

/**
 * The checkpoint that a trial goes on from, with other settings than it was made with; undefined where it
 * begins.
 *
 * @throws FileError when the other trial has left none, or one of another epoch.
 */
export async function parentCheckpoint({ population }: SweepTrial): Promise<Checkpoint | undefined> {
  if (!population?.parent) return undefined;
  const { generation, interval, parent } = population;
  const folder = parent.folder ?? '';
  const found = await latestCheckpoint(join(folder, 'checkpoints'));
  const epochs = generation * interval;
  if (found?.records.length !== epochs || found.position.samples !== 0) {
    throw new FileError(
      folder,
      `expected trial ${parent.number}'s checkpoint after epoch ${epochs}, to go on from`,
    );
  }
  return { ...found, changes: CHANGES };
}

/** The epochs of which a trial tells: those behind its parent's, up to the end of its generation. */
export function epochsOf({ population }: SweepTrial): { readonly after: number; readonly last: number } {
  if (!population) return { after: 0, last: Number.POSITIVE_INFINITY };
  const { generation, interval, parent } = population;
  return { after: parent ? generation * interval : 0, last: (generation + 1) * interval };
}
