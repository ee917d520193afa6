/**
 * What takes the confusion matrix's place where a number was predicted: predicted against actual values as a
 * drawing that needs no script, how large the errors are, and the rows that the model was most wrong about.
 * It only shows; the run measured.
 */
import { type Html, html, markup } from './escape.js';
import { count, number, plural } from './format.js';
import { dataTable, settingsTable } from './table.js';
import type { RegressionTest } from './types.js';

/** Points that are drawn: more would only be ink. */
const MAX_POINTS = 2000;
const WORST_SHOWN = 12;

/** The drawing's inside, in its own units. */
const SIZE = 400;
const LEFT = 64;
const BOTTOM = 44;

/** Whether what was measured is a regression: there are no classes, and so no accuracy. */
export function isRegression({ accuracy }: { readonly accuracy: number }): boolean {
  return Number.isNaN(accuracy);
}

/** The section with the drawing, the sizes of the errors, and the worst rows. */
export function regressionSection(test: RegressionTest): Html {
  const { target, actual, predicted, rows = actual.length } = test;
  const errors = Array.from(actual, (value, i) => predicted[i]! - value);
  const sizes = errors.map(Math.abs).sort((a, b) => a - b);
  const first = rows > actual.length ? `, the first of ${count(rows)}` : '';
  const drawn = Math.min(MAX_POINTS, actual.length);
  const subset = drawn < actual.length ? `, of which ${count(drawn)} are drawn` : '';
  return html`<section id="regression"><h2>Predicted and actual</h2>
<p class="lead">Each point is one of ${plural(actual.length, 'test sample')}${first}${subset}. On the line the prediction is right; above it
<b>${target}</b> is predicted too large, below it too small.</p>
<div class="pair"><div>${scatter(test)}</div>
<div><h3>Size of the errors</h3>
${settingsTable([
  ['Half are below', quantile(sizes, 0.5)],
  ['Nine of ten are below', quantile(sizes, 0.9)],
  ['The largest', quantile(sizes, 1)],
  ['Mean error, with its sign', number(errors.reduce((sum, error) => sum + error, 0) / errors.length)],
])}
<h3>Most wrong</h3>
${worst(actual, predicted, errors)}</div></div></section>`;
}

function quantile(sorted: readonly number[], share: number): string {
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return number(sorted[index]!);
}

function worst(actual: ArrayLike<number>, predicted: ArrayLike<number>, errors: readonly number[]): Html {
  const order = errors
    .map((_, index) => index)
    .sort((a, b) => Math.abs(errors[b]!) - Math.abs(errors[a]!) || a - b)
    .slice(0, WORST_SHOWN);
  return dataTable('Most wrong predictions', order, [
    ['Test sample', (i) => i],
    ['Actual', (i) => number(actual[i]!)],
    ['Predicted', (i) => number(predicted[i]!)],
    ['Error', (i) => number(errors[i]!)],
  ]);
}

function scatter({ target, actual, predicted }: RegressionTest): Html {
  const all = [...Array.from(actual), ...Array.from(predicted)].filter(Number.isFinite);
  let [low, high] = all.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const pad = (high - low) * 0.04 || Math.abs(high) * 0.1 || 1;
  low -= pad;
  high += pad;
  const x = (value: number) => LEFT + ((value - low) / (high - low)) * SIZE;
  const y = (value: number) => SIZE - ((value - low) / (high - low)) * SIZE;
  const step = Math.max(1, actual.length / MAX_POINTS);
  const points: string[] = [];
  for (let at = 0; at < actual.length; at += step) {
    const i = Math.floor(at);
    if (!Number.isFinite(predicted[i]!)) continue;
    points.push(`<circle cx="${x(actual[i]!).toFixed(1)}" cy="${y(predicted[i]!).toFixed(1)}" r="2.5"/>`);
  }
  const marks = ticks(low, high).map(
    (
      value,
    ) => html`<g><path class="grid" d="M${LEFT} ${y(value).toFixed(1)}h${SIZE}M${x(value).toFixed(1)} 0v${SIZE}"/>
<text x="${LEFT - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${number(value)}</text>
<text x="${x(value).toFixed(1)}" y="${SIZE + 18}" text-anchor="middle">${number(value)}</text></g>\n`,
  );
  const label = `Predicted against actual ${target}, ${plural(actual.length, 'test sample')}, from ${number(low)} to ${number(high)}`;
  return html`<svg class="scatter" viewBox="0 0 ${LEFT + SIZE + 8} ${SIZE + BOTTOM}" role="img" aria-label="${label}">
${marks}
<path class="right" d="M${LEFT} ${SIZE}L${LEFT + SIZE} 0"/>
<g class="points">${markup(points.join(''))}</g>
<text x="${LEFT + SIZE / 2}" y="${SIZE + 38}" text-anchor="middle">actual ${target}</text>
<text x="14" y="${SIZE / 2}" text-anchor="middle" transform="rotate(-90 14 ${SIZE / 2})">predicted</text>
</svg>`;
}

/** Four to seven round numbers between `low` and `high`. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}
