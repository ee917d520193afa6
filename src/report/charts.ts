/**
 * Charts as data, and the elements that they are drawn into; client/ draws them with uPlot. The numbers
 * behind each chart stand in a table or a sentence of the page as well, so it loses nothing where scripts do
 * not run.
 */
import { type Html, html, markup, scriptJson } from './escape.js';

/** The style sheet's variables. */
export type Colour = '--train' | '--validation' | '--third';

/** null is not measured, and the line passes over it; what is not finite breaks the line. */
export interface Line<Value = number | null> {
  readonly label: string;
  readonly colour: Colour;
  readonly values: readonly Value[];
  /** Half the height of the band around the line. */
  readonly band?: readonly Value[];
}

export interface Axis {
  readonly label: string;
  /** 2 or 10: the base of a logarithmic axis. */
  readonly log?: 2 | 10;
  /** Values are percentages, and none exceeds 100. */
  readonly percent?: boolean;
}

export interface Chart<Value = number | null> {
  /** The element's, without its prefix `plot-`. */
  readonly id: string;
  readonly title: string;
  readonly x: Axis & { readonly values: readonly number[] };
  readonly y: Axis & { readonly logButton?: boolean };
  readonly lines: readonly Line<Value>[];
  /** What the chart shows, in a sentence, for those who hear the page. */
  readonly description: string;
}

/** What the page's script reads: a number that is not finite arrives as a string. */
export type ChartData = Pick<Chart<number | string | null>, 'id' | 'x' | 'y' | 'lines'>;

/** Charts side by side where there is room. */
export function chartFigures(charts: readonly Chart[]): Html {
  return html`<div class="charts">${charts.map(
    ({ id, title, y, description }) =>
      html`<figure class="chart"><figcaption><strong>${title}</strong>${y.logButton && html`<button type="button" id="log-${id}" aria-pressed="false" hidden>Log scale</button>`}</figcaption>
<div class="plot" id="plot-${id}" role="img" aria-label="${description}"></div></figure>\n`,
  )}</div>`;
}

/** The element that holds the numbers of all charts of a page. */
export function chartData(charts: readonly Chart[]): Html {
  const data: ChartData[] = charts.map(({ id, x, y, lines }) => ({ id, x, y, lines }));
  return html`<script type="application/json" id="charts">${markup(scriptJson(data))}</script>`;
}
