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

/** Throws OptionError before too many are made: two settings of a million values have more than any memory holds. */
function pointsOf(space: Space, points: number): TrialSettings[] {
  const values = space.dimensions.map((dimension) => valuesOf(dimension, points));
  // Each combination of settings without conditions is part of a point, at least.
  checkCount(values.reduce((n, own, i) => (space.dimensions[i].when.length > 0 ? n : n * own.length), 1));
  let all: TrialSettings[] = [{}];
  for (const [i, dimension] of space.dimensions.entries()) {
    const next: TrialSettings[] = [];
    for (const settings of all) {
      const isActive = space.isActive(dimension, settings);
      checkCount(next.length + (isActive ? values[i].length : 1));
      if (isActive) {
        for (const value of values[i]) next.push({ ...settings, [dimension.name]: value });
      } else next.push(settings);
    }
    all = next;
  }
  return all;
}

function checkCount(points: number): void {
  if (points > MOST_POINTS)
    throw new OptionError(
      'sweep',
      `sampler: a grid of more than ${MOST_POINTS} points; expected fewer values`,
    );
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
