/** Axes and marks of a sweep's drawings, which need no script: SVG in the colours of the page. */
import { type Html, html, markup } from '../../report/escape.js';
import { number } from '../../report/format.js';
import { ticks } from '../../report/regression.js';

/** What a drawing maps to its height or width. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly log?: boolean;
}

/** What is larger than this is drawn as if it were this: differences must be numbers. */
const LARGEST = 1e150;

/** From 0 to 1, and within. */
function placeOf({ low, high, log }: Scale, value: number): number {
  const scale = (x: number) => (log ? Math.log(x) : x);
  const place = (scale(value) - scale(low)) / (scale(high) - scale(low));
  return Math.min(1, Math.max(0, place));
}

/** Round values along a scale. */
export function marksOf({ low, high, log }: Scale): number[] {
  if (!log) return ticks(low, high);
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const powers = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i));
  if (powers.length >= 2) return powers.map((power) => Number(power.toPrecision(1)));
  return [low, Math.sqrt(low * high), high].map((value) => Number(value.toPrecision(2)));
}

/**
 * A scale of what was measured. Some trials go far astray; where they do, the scale ends before them, on the side of
 * the worse, and they are drawn at its edge.
 */
export function scaleOfValues(values: readonly number[], sign: 1 | -1): Scale & { readonly cut: boolean } {
  const within = (value: number) => Math.min(LARGEST, Math.max(-LARGEST, value));
  const costs = values.map((value) => within(sign * value)).sort((a, b) => a - b);
  if (costs.length === 0) return { low: 0, high: 1, cut: false };
  const at = (share: number) => costs[Math.min(costs.length - 1, Math.floor(share * costs.length))]!;
  const limit = at(0.75) + 2 * (at(0.75) - costs[0]!);
  const last = costs.at(-1)!;
  const cut = last > limit && limit > costs[0]!;
  const most = cut ? Math.max(at(0.75), ...costs.filter((cost) => cost <= limit)) : last;
  const pad = (most - costs[0]!) * 0.06 || Math.abs(most) * 0.1 || 1;
  const ends = [sign * (costs[0]! - pad), sign * (most + pad)].sort((a, b) => a - b);
  return { low: ends[0]!, high: ends[1]!, cut };
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly bottom: number;
  readonly x: Scale;
  readonly y: Scale;
}

export const xOf = ({ left, width, x }: Frame, value: number) => left + width * placeOf(x, value);
export const yOf = ({ height, y }: Frame, value: number) => height * (1 - placeOf(y, value));

/** A drawing with both axes; `inside` is made by the caller from numbers alone. */
export function framed(
  frame: Frame,
  {
    label,
    xLabel,
    yLabel,
    inside,
    marks,
    isDense,
  }: {
    label: string;
    xLabel: string;
    yLabel?: string;
    inside: string;
    marks?: readonly (readonly [number, string])[];
    /** Many marks, which are drawn lightly. */
    isDense?: boolean;
  },
): Html {
  const { width, height, left, bottom } = frame;
  const along = marks ?? marksOf(frame.x).map((value) => [value, number(value)] as const);
  const rows = marksOf(frame.y).map(
    (value) => html`<path class="grid" d="M${left} ${yOf(frame, value).toFixed(1)}h${width}"/>
<text x="${left - 8}" y="${(yOf(frame, value) + 4).toFixed(1)}" text-anchor="end">${number(value)}</text>\n`,
  );
  const columns = along.map(
    ([value, text]) =>
      html`<text x="${xOf(frame, value).toFixed(1)}" y="${height + 18}" text-anchor="middle">${text}</text>\n`,
  );
  return html`<svg class="scatter drawn${isDense && ' dense'}" viewBox="0 0 ${left + width + 12} ${height + bottom}" role="img" aria-label="${label}">
${rows}${columns}
${markup(inside)}
<text x="${left + width / 2}" y="${height + 38}" text-anchor="middle">${xLabel}</text>
${yLabel && html`<text x="12" y="${height / 2}" text-anchor="middle" transform="rotate(-90 12 ${height / 2})">${yLabel}</text>`}
</svg>`;
}

/** One decimal is a tenth of what can be seen. */
export const coordinate = (value: number) => value.toFixed(1);
