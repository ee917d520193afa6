/** Several trainings of the same settings: one for each fold or seed, and what they come to together. */
import { kFold } from '../../data/rows.js';
import type { RunSettings } from '../../run/settings.js';
import type { RunSplits } from '../../run/splits.js';

/** Names of the folders of folds and seeds, within a trial's. */
export const PART = /^(fold|seed)-\d+$/;

/** One of several trainings of the same settings. */
export interface Part {
  readonly name: string;
  readonly splits: RunSplits;
  readonly settings: RunSettings;
}

export function* foldParts(splits: RunSplits, settings: RunSettings, folds: number): Iterable<Part> {
  let fold = 0;
  for (const { train, validation } of kFold(splits.full, { folds, seed: settings.seed })) {
    fold++;
    yield { name: `fold-${fold}`, splits: { ...splits, train, validation }, settings };
  }
}

export function* seedParts(splits: RunSplits, settings: RunSettings, seeds: number): Iterable<Part> {
  for (let seed = settings.seed; seed < settings.seed + seeds; seed++) {
    yield { name: `seed-${seed}`, splits, settings: { ...settings, seed } };
  }
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample. */
export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
