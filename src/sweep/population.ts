/** Populations as their trials tell of them: who went on from whom, and the settings that led to a trial. */
import type { PopulationTrial } from './objective/trial.js';
import { LINEAGE, type Lineage } from './samplers/sampler.js';
import { type Study, trialFolder } from './study.js';
import { hasEnded, type Trial } from './trial.js';

/** Undefined of a trial that is no member of a population. */
export function lineageOf({ attributes }: Pick<Trial, 'attributes'>): Lineage | undefined {
  const found = attributes[LINEAGE] as Partial<Lineage> | undefined;
  const isLineage =
    Number.isSafeInteger(found?.generation) &&
    Number.isSafeInteger(found?.member) &&
    Number.isSafeInteger(found?.interval);
  return isLineage ? (found as Lineage) : undefined;
}

/** What a trial of the study is told of its population; nothing where there is none. */
export function populationOf(
  { trials, folder }: Pick<Study, 'trials' | 'folder'>,
  attributes: Trial['attributes'],
): { population?: PopulationTrial } {
  const lineage = lineageOf({ attributes });
  if (!lineage) return {};
  const { parent: number, ...own } = lineage;
  if (number === undefined) return { population: own };
  const { settings } = trials[number];
  return {
    population: { ...own, parent: { number, settings, folder: folder && trialFolder(folder, number) } },
  };
}

/**
 * The trials that led to this one, from the first generation on, itself included; one alone without a
 * population.
 */
export function descentOf(trials: readonly Trial[], trial: Trial): Trial[] {
  const line = [trial];
  for (;;) {
    const parent = lineageOf(line[0])?.parent;
    const found = parent === undefined ? undefined : trials[parent];
    // A journal may say what it likes.
    if (!found || found.number >= line[0].number) return line;
    line.unshift(found);
  }
}

/** The step from which a member of a population goes on, and its last one. */
export function stepsOf(trial: Trial): { readonly from: number; readonly to: number } {
  const { generation, interval, parent } = lineageOf(trial)!;
  return { from: parent === undefined ? 0 : generation * interval, to: (generation + 1) * interval };
}

/** Its steps: `1–4`. */
export function stepsText(trial: Trial): string {
  const { from, to } = stepsOf(trial);
  return to === from + 1 ? String(to) : `${from + 1}–${to}`;
}

/**
 * The trials whose state nobody will go on from any more, now that this one has ended: those of the
 * generation before, where all of its own have ended. Of a trial without a population itself.
 */
export function outlived(trials: readonly Trial[], trial: Trial): readonly Trial[] {
  const lineage = lineageOf(trial);
  if (!lineage) return [trial];
  const generationOf = (own: Trial) => lineageOf(own)?.generation;
  const next = trials.filter((own) => generationOf(own) === lineage.generation);
  const before = trials.filter((own) => generationOf(own) === lineage.generation - 1);
  return next.length >= before.length && next.every(hasEnded) ? before : [];
}
