/** TrialSettings by chance, each evenly over its range: Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012. */
import { Draws } from '../draws.js';
import {
  type Dimension,
  fromUnit,
  type SettingValue,
  type Space,
  type TrialSettings,
  valueAt,
} from '../space.js';
import type { Sampler, SamplerContext } from './sampler.js';

export function randomSampler({ space, seed }: SamplerContext): Sampler {
  return {
    needs: () => 0,
    sample: ({ number }) => drawSettings(space, new Draws(seed, number, 'settings')),
  };
}

/** TrialSettings by chance. */
export function drawSettings(space: Space, draws: Draws): TrialSettings {
  return space.settle((dimension) => atUnit(dimension, draws.uniform()));
}

/** The value of a dimension that lies at a place between 0 and 1; of a choice each has an equal part. */
export function atUnit(dimension: Dimension, unit: number): SettingValue {
  if (dimension.kind !== 'choice') return fromUnit(dimension, unit);
  const count = dimension.values.length;
  return valueAt(dimension, Math.min(count - 1, Math.floor(unit * count)));
}
