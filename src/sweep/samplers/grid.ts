/** Every combination of values, the last setting changing fastest. */
import { OptionError } from '../../base/errors.js';
import {
  countOf,
  type Dimension,
  fromUnit,
  type SettingValue,
  type Space,
  type TrialSettings,
  valueAt,
} from '../space.js';
import type { Sampler, SamplerContext } from './sampler.js';

/** A grid is listed as a whole; one of more points than this would never be tried. */
const MOST_POINTS = 1_000_000;

/** @param points values of a number without steps, its ends included. */
export function gridSampler({ space }: SamplerContext, { points }: { readonly points: number }): Sampler {
  const all = pointsOf(space, points);
  return { size: all.length, needs: () => 0, sample: ({ number }) => all[number] };
}

function pointsOf(space: Space, points: number): TrialSettings[] {
  let all: TrialSettings[] = [{}];
  for (const dimension of space.dimensions) {
    const values = valuesOf(dimension, points);
    const isActive = (settings: TrialSettings) => space.isActive(dimension, settings);
    // Counted before they are made: two settings of a million values have more than any memory holds.
    const count = all.reduce((sum, settings) => sum + (isActive(settings) ? values.length : 1), 0);
    if (count > MOST_POINTS) {
      throw new OptionError(
        'sweep',
        `sampler: a grid of more than ${MOST_POINTS} points; expected fewer values`,
      );
    }
    all = all.flatMap((settings) =>
      isActive(settings) ? values.map((value) => ({ ...settings, [dimension.name]: value })) : [settings],
    );
  }
  return all;
}

function valuesOf(dimension: Dimension, points: number): SettingValue[] {
  const count = countOf(dimension);
  if (count === undefined) {
    const numeric = dimension as Exclude<Dimension, { kind: 'choice' }>;
    return Array.from({ length: points }, (_, i) => fromUnit(numeric, i / (points - 1)));
  }
  if (count > MOST_POINTS) {
    throw new OptionError('sweep', `sampler: ${dimension.name} has ${count} values, too many for a grid`);
  }
  return Array.from({ length: count }, (_, i) => valueAt(dimension, i));
}
