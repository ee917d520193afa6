/** Small pieces of text that several sections share. */
import { type Html, html } from '../../report/escape.js';
import type { Spread } from '../q7-experiments/types.js';

const MINUS = '\u2212';

/** A small number: 4.8 × 10⁻⁷, or 0. */
export function power(value: number): Html {
  if (value === 0) return html`0`;
  const [digits, exponent] = value.toExponential(1).split('e');
  return html`<span class="nowrap">${digits} × 10<sup>${exponent.replace('-', MINUS).replace('+', '')}</sup></span>`;
}

/** 0.0612 ± 0.0013, in the unit of `factor`; the deviation only of several values. */
export function plusMinus({ mean, deviation, count }: Spread, decimals: number, factor = 1): string {
  const middle = (factor * mean).toFixed(decimals);
  return count > 1 ? `${middle} ± ${(factor * deviation).toFixed(decimals)}` : middle;
}
