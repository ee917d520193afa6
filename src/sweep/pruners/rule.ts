/**
 * By what a trial is stopped before its end. A trial is told at its beginning, once and for all: what it is measured
 * against are results of trials that had ended by then, the same ones however many run at a time. So a rule is plain
 * data, and who runs the trial asks nobody.
 */
import type { Direction, TrialReport } from '../trial.js';

export interface Rule {
  /** What a report must not be worse than, at the first report at or past the step. Steps ascend. */
  readonly limits: readonly (readonly [step: number, limit: number])[];
  /** What is compared with a limit: the report, or the best of the trial so far. */
  readonly of: 'report' | 'best';
  /** Stop only where the best of so many reports is not better than what was before them. */
  readonly patience?: { readonly reports: number; readonly least: number };
}

/** Whether the trial ends with the last of these reports. */
export function isPruned(rule: Rule, direction: Direction, reports: readonly TrialReport[]): boolean {
  const sign = direction === 'maximize' ? -1 : 1;
  const costs = reports.map(({ value }) => sign * value);
  if (rule.patience && !hasStalled(costs, rule.patience)) return false;
  if (rule.limits.length === 0) return rule.patience !== undefined;
  const step = reports.at(-1)!.step;
  const before = reports.at(-2)?.step ?? Number.NEGATIVE_INFINITY;
  const cost = rule.of === 'best' ? Math.min(...costs) : costs.at(-1)!;
  return rule.limits.some(([at, limit]) => at > before && at <= step && cost > sign * limit);
}

function hasStalled(costs: readonly number[], { reports, least }: NonNullable<Rule['patience']>): boolean {
  if (costs.length <= reports) return false;
  const before = Math.min(...costs.slice(0, -reports));
  const since = Math.min(...costs.slice(-reports));
  return !(since < before - least);
}

/** What a trial said at the first report at or past a step; undefined when it did not get there. */
export function reportAt(reports: readonly TrialReport[], step: number): number | undefined {
  return reports.find((report) => report.step >= step)?.value;
}
