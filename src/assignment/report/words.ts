/** Numbers and lists as sections and sentences have them. */
import { type Html, html } from '../../report/escape.js';
import { count } from '../../report/format.js';
import { apart } from '../q7-experiments/statistics.js';
import type { Spread } from '../q7-experiments/types.js';

const MINUS = '\u2212';

/** A small number: 4.8 × 10⁻⁷, or 0. */
export function power(value: number): Html {
  if (value === 0) return html`0`;
  const [digits, exponent] = value.toExponential(1).split('e');
  return html`<span class="nowrap">${digits} × 10<sup>${exponent.replace('-', MINUS).replace('+', '')}</sup></span>`;
}

/** 0.0612 ± 0.0013, in the unit of `factor`; the deviation only of several values. */
export function plusMinus({ mean, deviation, count: values }: Spread, decimals: number, factor = 1): string {
  const middle = (factor * mean).toFixed(decimals);
  return values > 1 ? `${middle} ± ${(factor * deviation).toFixed(decimals)}` : middle;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly (string | number)[]): string {
  if (items.length < 2) return String(items[0] ?? 'none');
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

/** 1.8 times, 12 times, 182 times. */
export function times(ratio: number): string {
  return `${ratio < 10 ? ratio.toFixed(1) : count(ratio)} times`;
}

/** `one seed`, `3 seeds` */
export function seedsText(amount: number): string {
  return amount === 1 ? 'one seed' : `${amount} seeds`;
}

/** 98.12 ± 0.05 % */
export function spreadPercent(spread: Spread): string {
  return `${plusMinus(spread, 2, 100)}\u00a0%`;
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
