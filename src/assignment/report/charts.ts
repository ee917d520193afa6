/**
 * Charts as data: what client.ts draws with uPlot, and the elements that it draws into. Bands are pairs of lines whose
 * space between is filled. The numbers behind each chart stand in a table or a sentence beside it.
 */
import { type Html, html, markup, scriptJson } from '../../report/escape.js';
import type { Spread } from '../q7-experiments/types.js';

/** The style sheet's variables. */
export type Colour = '--train' | '--validation' | '--third';

export interface Line {
  readonly label: string;
  readonly colour: Colour;
  /** null is a gap. */
  readonly values: readonly (number | null)[];
  /** Half the height of the band around the line. */
  readonly band?: readonly (number | null)[];
  readonly dashed?: boolean;
}

export interface Axis {
  readonly label: string;
  /** 2 or 10: the base of a logarithmic axis. */
  readonly log?: 2 | 10;
  /** What the axis cannot exceed, such as 100 %. */
  readonly most?: number;
}

export interface Chart {
  /** An element's id. */
  readonly id: string;
  readonly title: string;
  readonly x: Axis & { readonly values: readonly number[] };
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** What the chart shows, in a sentence, for those who hear the page. */
  readonly description: string;
  /** Points on the lines: for few and separate measurements. */
  readonly points?: boolean;
}

/** Charts side by side where there is room. */
export function charts(...all: readonly Chart[]): Html {
  return html`<div class="charts">${all.map(
    ({ id, title, description }) =>
      html`<figure class="chart"><figcaption><h4>${title}</h4></figcaption>
<div class="plot" id="plot-${id}" role="img" aria-label="${description}"></div></figure>\n`,
  )}</div>`;
}

/** The element that holds the numbers of all charts of a page. */
export function chartData(all: readonly Chart[]): Html {
  const data = all.map(({ id, x, y, lines, points = false }) => ({
    id,
    x,
    y,
    lines: lines.map(thin),
    points,
  }));
  return html`<script type="application/json" id="charts">${markup(scriptJson(data))}</script>`;
}

/** A line and its band from means and deviations, each times `factor`. */
export function spreadLine(
  label: string,
  colour: Colour,
  spreads: readonly (Spread | undefined)[],
  factor = 1,
): Line {
  return {
    label,
    colour,
    values: spreads.map((spread) => (spread ? factor * spread.mean : null)),
    band: spreads.map((spread) => (spread ? factor * spread.deviation : null)),
  };
}

/** Six digits are more than a screen shows. */
function thin(line: Line): Line {
  const short = (values: readonly (number | null)[]) =>
    values.map((value) => (value === null ? null : Number(value.toPrecision(6))));
  return { ...line, values: short(line.values), ...(line.band && { band: short(line.band) }) };
}
