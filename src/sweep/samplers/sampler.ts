/** What a sampler is: it chooses the settings of a trial from what it may know of those before. */
import type { Space, TrialSettings } from '../space.js';
import type { Direction, Trial } from '../trial.js';

/**
 * What trial `number` may know. It is the same however many trials run at a time and whichever ends first: the
 * results of the first `needs(number)` trials, which have all ended, and of those between them and this one the
 * settings alone.
 */
export interface View {
  readonly number: number;
  readonly ended: readonly Trial[];
  readonly pending: readonly TrialSettings[];
}

/** What the samplers of one study share. */
export interface SamplerContext {
  readonly space: Space;
  readonly seed: number;
  readonly directions: readonly Direction[];
  /** Trials that may be under way at a time; see `View`. */
  readonly lag: number;
  /** The last step of every trial, where it is known. */
  readonly most?: number | undefined;
}

/** Where a trial stands in a population that is trained: it is one member in one generation. */
export interface Lineage {
  /** From 0. */
  readonly generation: number;
  readonly member: number;
  /** Steps of a generation. */
  readonly interval: number;
  /** The number of the trial from whose state this one goes on; absent of one that begins. */
  readonly parent?: number;
}

/** The attribute of a trial that holds its lineage. */
export const LINEAGE = 'population';

export interface Sampler {
  /** Trials that there are, where they are finitely many. */
  readonly size?: number;
  /** How many trials, from the first on, must have ended before this one can be chosen. */
  needs(number: number): number;
  /** Depends on the study, the view and nothing else. */
  sample(view: View): TrialSettings;
  /** Of a sampler whose trials go on from others. */
  lineage?(view: View): Lineage;
}

/** The results that are known when no more than `lag` trials are under way. */
export function knownWithin(lag: number, number: number): number {
  return Math.max(0, number - lag + 1);
}
