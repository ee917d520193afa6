/** What is known of a trial, and which of several are better. */
import type { TrialSettings } from './space.js';

/** `waiting` is one that has its settings and was not begun. */
export type TrialState = 'running' | 'complete' | 'pruned' | 'failed' | 'waiting';

/** Which values are better. */
export type Direction = 'minimize' | 'maximize';

/** A value on the way, such as that of an epoch. */
export interface TrialReport {
  /** A whole number, at least 0; those of a trial ascend. */
  readonly step: number;
  readonly value: number;
}

/** One try: its settings, and what came of it. */
export interface Trial {
  /** From 0, in the order in which they were begun. */
  readonly number: number;
  readonly state: TrialState;
  readonly settings: TrialSettings;
  /** What the objective came to; one for each direction. Of a pruned trial, its last report. */
  readonly values?: readonly number[];
  readonly reports: readonly TrialReport[];
  /** Whatever the objective said besides. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Why it failed. */
  readonly reason?: string;
  /** ISO dates, of this machine's time. */
  readonly started?: string;
  readonly ended?: string;
}

export function hasEnded({ state }: Trial): boolean {
  return state === 'complete' || state === 'pruned' || state === 'failed';
}

/** The first trials that have all ended: as many as there are before the first that has not. */
export function endedPrefix(trials: readonly Trial[]): number {
  const open = trials.findIndex((trial) => !hasEnded(trial));
  return open < 0 ? trials.length : open;
}

/** The values with the sign that makes less better. */
export function costsOf(values: readonly number[], directions: readonly Direction[]): number[] {
  return values.map((value, index) => (directions[index] === 'maximize' ? -value : value));
}

/**
 * Best first: the complete ones, by their value or by the fronts that they lie on; then pruned ones, those that got
 * further first and those of one step by their last report. Failed ones are left out. Of equals the earlier is first.
 */
export function ranked(trials: readonly Trial[], directions: readonly Direction[]): Trial[] {
  const complete = trials.filter(({ state, values }) => state === 'complete' && values);
  const costs = complete.map(({ values }) => costsOf(values!, directions));
  const order =
    directions.length === 1
      ? complete.map((_, i) => i).sort((a, b) => costs[a][0] - costs[b][0] || a - b)
      : byFronts(costs);
  const sign = directions[0] === 'maximize' ? -1 : 1;
  const pruned = trials
    .filter(({ state, reports }) => state === 'pruned' && reports.length > 0)
    .map((trial) => ({ trial, last: trial.reports.at(-1)! }))
    .sort(
      (a, b) =>
        b.last.step - a.last.step || sign * (a.last.value - b.last.value) || a.trial.number - b.trial.number,
    );
  return [...order.map((i) => complete[i]), ...pruned.map(({ trial }) => trial)];
}

/** The best of those that are complete; undefined when none is. */
export function bestOf(trials: readonly Trial[], directions: readonly Direction[]): Trial | undefined {
  const complete = trials.filter(({ state }) => state === 'complete');
  return ranked(complete, directions)[0];
}

/** Whether a is as good as b in everything and better in something. */
function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => value <= b[i]) && a.some((value, i) => value < b[i]);
}

/** The complete trials than which none is better in everything, in their order. */
export function paretoFront(trials: readonly Trial[], directions: readonly Direction[]): Trial[] {
  const complete = trials.filter(({ state, values }) => state === 'complete' && values);
  const costs = complete.map(({ values }) => costsOf(values!, directions));
  return complete.filter((_, i) => !costs.some((other) => dominates(other, costs[i])));
}

/**
 * Front after front, and within one those first that have most room around them: Deb et al., "A fast and elitist
 * multiobjective genetic algorithm: NSGA-II", 2002.
 */
function byFronts(costs: readonly (readonly number[])[]): number[] {
  let open = costs.map((_, i) => i);
  const order: number[] = [];
  while (open.length > 0) {
    const front = open.filter((i) => !open.some((j) => dominates(costs[j], costs[i])));
    const room = crowding(front.map((i) => costs[i]));
    order.push(
      ...front
        .map((i, at) => ({ i, room: room[at] }))
        .sort((a, b) => (a.room === b.room ? a.i - b.i : b.room - a.room))
        .map(({ i }) => i),
    );
    open = open.filter((i) => !front.includes(i));
  }
  return order;
}

function crowding(front: readonly (readonly number[])[]): number[] {
  const room = front.map(() => 0);
  for (let axis = 0; axis < (front[0]?.length ?? 0); axis++) {
    const order = front.map((_, i) => i).sort((a, b) => front[a][axis] - front[b][axis] || a - b);
    const spread = front[order.at(-1)!][axis] - front[order[0]][axis];
    room[order[0]] = Number.POSITIVE_INFINITY;
    room[order.at(-1)!] = Number.POSITIVE_INFINITY;
    if (spread === 0) continue;
    for (let k = 1; k < order.length - 1; k++) {
      room[order[k]] += (front[order[k + 1]][axis] - front[order[k - 1]][axis]) / spread;
    }
  }
  return room;
}
