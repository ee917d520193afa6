/**
 * The learning curves: their data as JSON, and the elements that the client script draws into. The same numbers
 * stand in the epoch table, so the page loses nothing where scripts do not run. Drawing is in client.ts.
 */
import type { EpochRecord, History } from '../train/history.js';
import { type Html, html, markup, scriptJson } from './escape.js';
import { loss, percent, plural } from './format.js';

/** One chart. null is 'not measured'; a number that is not finite arrives in the page as a string. */
export interface ChartData {
  readonly name: 'loss' | 'accuracy';
  /** The y axis, with its unit. */
  readonly label: string;
  readonly train: readonly (number | null)[];
  /** Absent when no epoch was validated. */
  readonly validation?: readonly (number | null)[];
}

/** What the page's script reads. */
export interface ChartPayload {
  readonly epochs: readonly number[];
  readonly charts: readonly ChartData[];
}

/** The numbers behind both charts; accuracy in percent. */
function chartPayload(history: History, lossUnit = ''): ChartPayload {
  const { epochs } = history;
  const validated = epochs.some((record) => record.validation !== undefined);
  const validation = (pick: (score: EpochRecord | NonNullable<EpochRecord['validation']>) => number) =>
    validated && {
      validation: epochs.map((record) => (record.validation ? pick(record.validation) : null)),
    };
  const toPercent = (share: number) => Number((share * 100).toPrecision(10));
  return {
    epochs: epochs.map((record) => record.epoch),
    charts: [
      {
        name: 'loss',
        label: lossUnit ? `Loss (${lossUnit} per sample)` : 'Loss per sample',
        train: epochs.map((record) => record.loss),
        ...validation((score) => score.loss),
      },
      {
        name: 'accuracy',
        label: 'Accuracy (%)',
        train: epochs.map((record) => toPercent(record.accuracy)),
        ...validation((score) => toPercent(score.accuracy)),
      },
    ],
  };
}

/** The section with both charts and their data; a sentence when no epoch was finished. */
export function curvesSection(history: History, lossUnit: string): Html {
  const { epochs } = history;
  if (epochs.length === 0) {
    return html`<section id="curves"><h2>Learning curves</h2>
<p class="lead">No epoch was finished, so there is nothing to draw.</p></section>`;
  }
  const note =
    epochs.length > 2 &&
    html`<span class="on-screen">Point at a chart to read both; drag across to zoom in, double-click to zoom out.</span>`;
  return html`<section id="curves"><h2>Learning curves</h2>
<p class="lead">By epoch. Training values are means over the epoch, while the model was still changing; validation
values were measured at its end. ${note}</p>
<noscript><p class="notice">The curves need JavaScript. Their numbers are in the table of epochs.</p></noscript>
<div class="charts">
${chart('loss', 'Loss', describe(epochs, 'loss'), html`<button type="button" id="log" aria-pressed="false" hidden>Log scale</button>`)}
${chart('accuracy', 'Accuracy', describe(epochs, 'accuracy'))}
</div>
<script type="application/json" id="run">${markup(scriptJson(chartPayload(history, lossUnit)))}</script>
</section>`;
}

function chart(name: ChartData['name'], title: string, description: string, control?: Html): Html {
  return html`<figure class="chart"><figcaption><h3>${title}</h3>${control}</figcaption>
<div class="plot" id="plot-${name}" role="img" aria-label="${description}"></div></figure>`;
}

/** The curve in a sentence, for those who hear the page. */
function describe(epochs: readonly EpochRecord[], name: ChartData['name']): string {
  const write = name === 'loss' ? loss : percent;
  const path = (values: readonly number[]) =>
    values.length === 1
      ? write(values[0]!)
      : `from ${write(values[0]!)} to ${write(values[values.length - 1]!)}`;
  const validation = epochs.flatMap((record) => (record.validation ? [record.validation[name]] : []));
  const train = `Training ${name} over ${plural(epochs.length, 'epoch')}: ${path(epochs.map((record) => record[name]))}`;
  return validation.length === 0 ? `${train}.` : `${train}. Validation ${name}: ${path(validation)}.`;
}
