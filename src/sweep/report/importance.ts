/**
 * How much each setting has to do with being good: S. Watanabe, A. Bansal, F. Hutter, "PED-ANOVA: efficiently
 * quantifying hyperparameter importance in arbitrary subspaces", 2023. Along each setting alone, the density of the
 * best quarter of trials is compared with that of all, by Pearson's divergence; the shares add up to 1.
 */
import { exp } from '../math.js';
import { Parzen } from '../samplers/parzen.js';
import { countOf, type Dimension, fromUnit, type SettingValue, type Space, valueAt } from '../space.js';
import { type Direction, ranked, type Trial } from '../trial.js';

const GOOD_SHARE = 0.25;
/** Fewer trials than this tell nothing. */
export const LEAST_TRIALS = 8;
/** Places at which densities are compared, of a setting with more values. */
const PLACES = 64;

export interface Importance {
  readonly name: string;
  /** Between 0 and 1. */
  readonly share: number;
}

/** The most important first; none where there are too few trials, or none that differ. */
export function importances(
  space: Space,
  trials: readonly Trial[],
  directions: readonly Direction[],
): Importance[] {
  const all = ranked(trials, directions);
  if (all.length < LEAST_TRIALS) return [];
  const good = new Set(all.slice(0, Math.max(2, Math.round(GOOD_SHARE * all.length))));
  const found = space.dimensions.map((dimension) => {
    const own = all.filter(({ settings }) => Object.hasOwn(settings, dimension.name));
    const best = own.filter((trial) => good.has(trial));
    return { name: dimension.name, divergence: best.length < 2 ? 0 : divergence(dimension, best, own) };
  });
  const total = found.reduce((sum, own) => sum + own.divergence, 0);
  if (!(total > 0)) return [];
  return found
    .map(({ name, divergence }) => ({ name, share: divergence / total }))
    .sort((a, b) => b.share - a.share);
}

function divergence(dimension: Dimension, best: readonly Trial[], all: readonly Trial[]): number {
  const places = placesOf(dimension);
  const [good, every] = [best, all].map((trials) => {
    const density = new Parzen(
      [dimension],
      trials.map(({ settings }) => settings),
      trials.map(() => 1),
    );
    const raw = places.map((value) => exp(density.lnDensity({ [dimension.name]: value })));
    const total = raw.reduce((sum, value) => sum + value, 0);
    return raw.map((value) => value / total);
  });
  return good.reduce((sum, p, i) => sum + (every[i] > 0 ? every[i] * (p / every[i] - 1) ** 2 : 0), 0);
}

function placesOf(dimension: Dimension): SettingValue[] {
  const count = countOf(dimension);
  if (count !== undefined && (count <= PLACES || dimension.kind === 'choice')) {
    return Array.from({ length: count }, (_, i) => valueAt(dimension, i));
  }
  const numeric = dimension as Exclude<Dimension, { kind: 'choice' }>;
  return Array.from({ length: PLACES }, (_, i) => fromUnit(numeric, (i + 0.5) / PLACES));
}
