/**
 * The tree-structured Parzen estimator: J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, "Algorithms for
 * hyper-parameter optimization", 2011; S. Watanabe, "Tree-structured Parzen estimator: understanding its algorithm
 * components and their roles for better empirical performance", 2023. Of the settings tried, the best tenth makes
 * one density and the others another; of some candidates drawn from the first, that one is tried next which is
 * likeliest under the first as against the second.
 *
 * TrialSettings on which nothing depends are taken together (`multivariate`) or one by one; those that are there under a
 * condition likewise, among the trials that had them. Trials under way count as not good, so that two at a time do
 * not try the same.
 */
import { Draws } from '../draws.js';
import type { Dimension, SettingValue, TrialSettings } from '../space.js';
import { ranked } from '../trial.js';
import { Parzen } from './parzen.js';
import { drawSettings } from './random.js';
import { knownWithin, type Sampler, type SamplerContext, type View } from './sampler.js';

export interface TpeOptions {
  readonly multivariate: boolean;
  /** Trials by chance, at first. */
  readonly startup: number;
  /** TrialSettings that are drawn, of which one is tried. */
  readonly candidates: number;
}

/** The share of trials that are good, and their largest number. */
const GOOD_SHARE = 0.1;
const MOST_GOOD = 25;
/** The newest trials that weigh alike; the weights of earlier ones fall in a line. */
const FULL_WEIGHTS = 25;

export function tpeSampler(context: SamplerContext, options: TpeOptions): Sampler {
  const { space, seed, lag } = context;
  const groups = groupsOf(space.dimensions, options.multivariate);
  return {
    needs: (number) => (number < options.startup ? 0 : knownWithin(lag, number)),
    sample(view) {
      const draws = new Draws(seed, view.number, 'settings');
      if (view.number < options.startup) return drawSettings(space, draws);
      const { good, others } = split(context, view);
      const chosen: Record<string, SettingValue> = {};
      for (const group of groups) {
        // All of a group are there under one condition.
        if (!space.isActive(group[0], chosen)) continue;
        Object.assign(chosen, suggest(group, good, others, options.candidates, draws));
      }
      return chosen;
    },
  };
}

/** Dimensions that are chosen together: those of the same condition, or each alone. */
function groupsOf(dimensions: readonly Dimension[], together: boolean): Dimension[][] {
  if (!together) return dimensions.map((dimension) => [dimension]);
  const groups = new Map<string, Dimension[]>();
  for (const dimension of dimensions) {
    const key = JSON.stringify(dimension.when);
    groups.set(key, [...(groups.get(key) ?? []), dimension]);
  }
  return [...groups.values()];
}

interface Observation {
  readonly number: number;
  readonly settings: TrialSettings;
}

function split(
  { directions }: SamplerContext,
  { ended, pending }: View,
): { good: Observation[]; others: Observation[] } {
  const best = ranked(ended, directions);
  const count = Math.min(MOST_GOOD, Math.ceil(GOOD_SHARE * best.length));
  const byAge = (a: Observation, b: Observation) => a.number - b.number;
  const open = pending.map((settings, i) => ({ number: ended.length + i, settings }));
  return {
    good: best.slice(0, count).sort(byAge),
    others: [...best.slice(count), ...open].sort(byAge),
  };
}

function suggest(
  group: readonly Dimension[],
  good: readonly Observation[],
  others: readonly Observation[],
  candidates: number,
  draws: Draws,
): TrialSettings {
  const has = ({ settings }: Observation) => Object.hasOwn(settings, group[0].name);
  const [better, worse] = [good, others].map((all) => {
    const observed = all.filter(has).map(({ settings }) => settings);
    return new Parzen(group, observed, weightsOf(observed.length));
  });
  let best: TrialSettings = {};
  let bestGain = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < candidates; i++) {
    const settings = better.draw(draws);
    const gain = better.lnDensity(settings) - worse.lnDensity(settings);
    if (gain > bestGain) [best, bestGain] = [settings, gain];
  }
  return best;
}

/** The earliest first. */
function weightsOf(count: number): number[] {
  const falling = Math.max(0, count - FULL_WEIGHTS);
  return Array.from({ length: count }, (_, i) =>
    i >= falling || falling < 2 ? 1 : 1 / count + ((1 - 1 / count) * i) / (falling - 1),
  );
}
