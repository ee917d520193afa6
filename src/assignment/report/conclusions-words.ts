/** Numbers and lists as sentences have them. */
import { apart } from '../q7-experiments/statistics.js';
import type { Spread } from '../q7-experiments/types.js';

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly (string | number)[]): string {
  if (items.length < 2) return String(items[0] ?? 'none');
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

/** 98.12 % */
export function percentText(share: number, decimals = 1): string {
  return `${(100 * share).toFixed(decimals)}\u00a0%`;
}

export function places(value: number, decimals: number): string {
  return value.toFixed(decimals);
}

/** 1.8 times, 12 times, 182 times. */
export function times(ratio: number): string {
  return `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString('en-US')} times`;
}

/** `one seed`, `3 seeds` */
export function seedsText(count: number): string {
  return count === 1 ? 'one seed' : `${count} seeds`;
}

/** 0.0721 ± 0.0012; the deviation only where several seeds give one. */
export function spreadText({ mean, deviation, count }: Spread, decimals: number): string {
  const middle = mean.toFixed(decimals);
  return count > 1 ? `${middle} ± ${deviation.toFixed(decimals)}` : middle;
}

/** 98.12 ± 0.05 % */
export function spreadPercent({ mean, deviation, count }: Spread): string {
  return `${spreadText({ mean: 100 * mean, deviation: 100 * deviation, count }, 2)}\u00a0%`;
}

/** What the difference of two means is worth, as the end of a sentence. */
export function differenceText(a: Spread, b: Spread): string {
  switch (apart(a, b)) {
    case 'yes':
      return 'more than two standard errors of the difference away';
    case 'no':
      return 'within two standard errors of the difference: which of the two is better stays open';
    case 'unknown':
      return 'each with one seed, so that the order may be chance';
  }
}

/** Some sentences on one question. */
export interface Conclusion {
  /** As a reader finds it in the contents. */
  readonly subject: string;
  readonly sentences: readonly string[];
}
