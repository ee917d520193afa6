/**
 * The median rule of D. Golovin et al., "Google Vizier: a service for black-box optimization", 2017: a trial stops
 * whose best so far is worse than the median of what complete trials said at the same step.
 */
import type { Trial } from '../trial.js';
import { type Rule, reportAt } from './rule.js';

export function medianLimits(trials: readonly Trial[], startup: number, warmUp: number): Rule['limits'] {
  const complete = trials.filter(({ state }) => state === 'complete');
  if (complete.length < startup) return [];
  const steps = new Set(complete.flatMap(({ reports }) => reports.map(({ step }) => step)));
  return [...steps]
    .filter((step) => step > warmUp)
    .sort((a, b) => a - b)
    .map((step) => {
      const values = complete
        .map(({ reports }) => reportAt(reports, step))
        .filter((value) => value !== undefined)
        .sort((a, b) => a - b);
      const middle = values.length >> 1;
      const median = values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
      return [step, median] as const;
    });
}
