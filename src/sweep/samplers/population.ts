/**
 * Population based training: M. Jaderberg et al., "Population based training of neural networks", 2017.
 * Members train side by side for an interval of steps; then those among the worst go on from the state of one
 * of the best (truncation selection), with its settings changed a little. A trial is one member in one
 * generation. Who goes on from whom follows from the generation before, all of which has ended by then, and
 * from nothing else.
 */
import { Draws } from '../draws.js';
import {
  countOf,
  type Dimension,
  indexOf,
  type SettingValue,
  type TrialSettings,
  valueAt,
} from '../space.js';
import { costsOf, type Trial } from '../trial.js';
import { atUnit, drawSettings } from './random.js';
import type { Lineage, Sampler, SamplerContext, View } from './sampler.js';

export interface PopulationSettings {
  /** Members. */
  readonly population: number;
  /** Steps of a generation; of a training its epochs. */
  readonly interval: number;
  /** The part of the members that is the worst, and that is the best; at most 0.5. */
  readonly quantile: number;
  /** The chance that a setting is drawn anew in place of being changed. */
  readonly resample: number;
}

/** By what a number is multiplied, as published. */
const FACTORS = [0.8, 1.2] as const;
/**
 * Of the range, by which a number is moved that may be 0 or negative: a factor would leave it where it is.
 */
const SHIFT = 0.1;

export function populationSampler(context: SamplerContext, settings: PopulationSettings): Sampler {
  const { population, interval } = settings;
  const { most } = context;
  const choose = (view: View) => chooseFor(context, settings, view);
  return {
    ...(most !== undefined && { size: population * Math.ceil(most / interval) }),
    needs: (number) => Math.floor(number / population) * population,
    sample: (view) => choose(view).settings,
    lineage: (view) => choose(view).lineage,
  };
}

function chooseFor(
  { space, seed, directions }: SamplerContext,
  { population, interval, quantile, resample }: PopulationSettings,
  { number, ended }: View,
): { settings: TrialSettings; lineage: Lineage } {
  const generation = Math.floor(number / population);
  const member = number % population;
  const own = { generation, member, interval };
  const anew = () => ({
    settings: drawSettings(space, new Draws(seed, number, 'settings')),
    lineage: own,
  });
  if (generation === 0) return anew();
  const before = ended.slice(-population);
  const order = before
    .filter(({ state, values }) => state === 'complete' && values)
    .map((trial) => ({ trial, cost: costsOf(trial.values!, directions)[0] }))
    .sort((a, b) => a.cost - b.cost || a.trial.number - b.trial.number)
    .map(({ trial }) => trial);
  // All have failed: others may not.
  if (order.length === 0) return anew();
  const self = before[member];
  const count = Math.max(1, Math.floor(quantile * population));
  const best = order.slice(0, count);
  const kept = order.slice(0, Math.max(best.length, population - count));
  if (population === 1 || kept.includes(self)) {
    return { settings: self.settings, lineage: { ...own, parent: self.number } };
  }
  const draws = new Draws(seed, number, 'explore');
  const parent: Trial = best[draws.index(best.length)];
  const settings = space.settle((dimension) => {
    const value = parent.settings[dimension.name];
    const isNew = draws.uniform() < resample;
    if (isNew || value === undefined) return atUnit(dimension, draws.uniform());
    return moved(dimension, value, draws.uniform() < 0.5 ? 0 : 1);
  });
  return { settings, lineage: { ...own, parent: parent.number } };
}

/** A value that is somewhat smaller, or larger; of steps and choices another one than it was. */
function moved(dimension: Dimension, value: SettingValue, way: 0 | 1): SettingValue {
  const count = countOf(dimension);
  const index = count === undefined ? 0 : indexOf(dimension, value);
  let next = index;
  if (dimension.kind !== 'choice') {
    const number = scaled(dimension, value as number, way);
    if (count === undefined) return number;
    next = indexOf(dimension, number);
  }
  const step = way === 0 ? -1 : 1;
  if (next === index) next += step;
  // At an end it turns round.
  if (next < 0 || next >= count!) next = count === 1 ? index : index - step;
  return valueAt(dimension, next);
}

function scaled(
  { low, high, log }: Extract<Dimension, { kind: 'number' | 'integer' }>,
  value: number,
  way: 0 | 1,
): number {
  const next = log || low > 0 ? value * FACTORS[way] : value + (way === 0 ? -SHIFT : SHIFT) * (high - low);
  return Math.min(high, Math.max(low, Number(next.toPrecision(15))));
}
