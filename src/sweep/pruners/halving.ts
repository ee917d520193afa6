/**
 * Successive halving without waiting: L. Li et al., "A system for massively parallel hyperparameter tuning" (ASHA),
 * 2020. A trial that comes to a rung goes on when it is among the best 1/factor of those that came there, itself
 * included. Here these are the trials that had ended before it began, so that who is faster decides nothing.
 *
 * Hyperband (L. Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", 2018) deals
 * the trials out to brackets, whose first rungs are later and later, as halving early may be wrong.
 */
import type { Direction, Trial } from '../trial.js';
import { type Rule, reportAt } from './rule.js';

/** first, first·factor, first·factor² …, up to the last step that any trial has reported. */
export function rungsFrom(first: number, factor: number, trials: readonly Trial[]): number[] {
  const last = trials.reduce((most, { reports }) => Math.max(most, reports.at(-1)?.step ?? 0), 0);
  const rungs: number[] = [];
  for (let rung = first; rung <= last; rung *= factor) rungs.push(rung);
  return rungs;
}

export function halvingLimits(
  rivals: readonly Trial[],
  direction: Direction,
  rungs: readonly number[],
  factor: number,
): Rule['limits'] {
  const sign = direction === 'maximize' ? -1 : 1;
  return rungs.flatMap((rung) => {
    const costs = rivals
      .map(({ reports }) => reportAt(reports, rung))
      .filter((value) => value !== undefined)
      .map((value) => sign * value)
      .sort((a, b) => a - b);
    const kept = Math.max(1, Math.floor((costs.length + 1) / factor));
    return costs.length < kept ? [] : [[rung, sign * costs[kept - 1]] as const];
  });
}

/**
 * The bracket of each trial, by its number: bracket s begins at first·factorˢ. Of n brackets, the one that begins at
 * step first·factorˢ gets trials in proportion to ⌈n / (n - s) · factor^(n - 1 - s)⌉, as published.
 */
export function hyperbandBrackets(first: number, factor: number, most: number): (number: number) => number {
  let count = 1;
  for (let rung = first * factor; rung <= most; rung *= factor) count++;
  const shares = Array.from({ length: count }, (_, s) =>
    Math.ceil((count / (count - s)) * factor ** (count - 1 - s)),
  );
  const total = shares.reduce((sum, share) => sum + share, 0);
  // Dealt out evenly: each time to the bracket that is furthest behind its share.
  const dealt = shares.map(() => 0);
  const cycle = Array.from({ length: total }, (_, i) => {
    const behind = shares.map((share, s) => (share * (i + 1)) / total - dealt[s]);
    const next = behind.indexOf(Math.max(...behind));
    dealt[next]++;
    return next;
  });
  return (number) => cycle[number % total];
}
