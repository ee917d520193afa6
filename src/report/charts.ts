/**
 * The learning curves: their data as JSON, and the elements that the client script draws into. The same numbers
 * stand in the epoch table, so the page loses nothing where scripts do not run. Drawing is in client.ts.
 */
import type { EpochRecord, History, Score } from '../train/history.js';
import { type Html, html, markup, scriptJson } from './escape.js';
import { loss, percent, plural, rate } from './format.js';

/** One chart. null is 'not measured'; a number that is not finite arrives in the page as a string. */
export interface ChartData {
  /** `loss`, `accuracy`, `learningRate` or a metric's. */
  readonly name: string;
  /** The y axis, with its unit. */
  readonly label: string;
  /** Absent for what is measured in validation only. */
  readonly train?: readonly (number | null)[];
  /** Absent when no epoch was validated. */
  readonly validation?: readonly (number | null)[];
}

/** What the page's script reads. */
export interface ChartPayload {
  readonly epochs: readonly number[];
  readonly charts: readonly ChartData[];
}

/** The numbers behind the charts; accuracy in percent. */
function chartPayload(history: History, lossUnit = ''): ChartPayload {
  const { epochs } = history;
  const validated = epochs.some((record) => record.validation !== undefined);
  const validation = (pick: (score: Score) => number) =>
    validated && {
      validation: epochs.map((record) => (record.validation ? pick(record.validation) : null)),
    };
  const toPercent = (share: number) => Number((share * 100).toPrecision(10));
  const classifies = epochs.some((record) => !Number.isNaN(record.accuracy));
  return {
    epochs: epochs.map((record) => record.epoch),
    charts: [
      {
        name: 'loss',
        label: lossUnit ? `Loss (${lossUnit} per sample)` : 'Loss per sample',
        train: epochs.map((record) => record.loss),
        ...validation((score) => score.loss),
      },
      ...(classifies
        ? [
            {
              name: 'accuracy',
              label: 'Accuracy (%)',
              train: epochs.map((record) => toPercent(record.accuracy)),
              ...validation((score) => toPercent(score.accuracy)),
            },
          ]
        : []),
      ...metricNamesOf(history).map((name) => ({
        name,
        label: name,
        ...validation((score) => score.metrics?.[name] ?? Number.NaN),
      })),
      ...(ratesVary(history)
        ? [
            {
              name: 'learningRate',
              label: 'Learning rate',
              train: epochs.map((record) => record.learningRate),
            },
          ]
        : []),
    ],
  };
}

/** Metrics that were measured in validation, beside loss and accuracy. */
export function metricNamesOf({ epochs }: History): string[] {
  return [...new Set(epochs.flatMap(({ validation }) => Object.keys(validation?.metrics ?? {})))];
}

function ratesVary({ epochs }: History): boolean {
  return epochs.some(({ learningRate }) => learningRate !== epochs[0].learningRate);
}

/** The section with the charts and their data; a sentence when no epoch was finished. */
export function curvesSection(history: History, lossUnit: string): Html {
  const { epochs } = history;
  if (epochs.length === 0) {
    return html`<section id="curves"><h2>Learning curves</h2>
<p class="lead">No epoch was finished, so there is nothing to draw.</p></section>`;
  }
  const payload = chartPayload(history, lossUnit);
  const note =
    epochs.length > 2 &&
    html`<span class="on-screen">Point at a chart to read both; drag across to zoom in, double-click to zoom out.</span>`;
  return html`<section id="curves"><h2>Learning curves</h2>
<p class="lead">By epoch. Training values are means over the epoch, while the model was still changing; validation
values were measured at its end. ${note}</p>
<noscript><p class="notice">The curves need JavaScript. Their numbers are in the table of epochs.</p></noscript>
<div class="charts">
${payload.charts.map((data) => chart(data, epochs))}
</div>
<script type="application/json" id="run">${markup(scriptJson(payload))}</script>
</section>`;
}

function chart({ name }: ChartData, epochs: readonly EpochRecord[]): Html {
  const [title, description] = words(name, epochs);
  const log =
    name === 'loss' && html`<button type="button" id="log" aria-pressed="false" hidden>Log scale</button>`;
  return html`<figure class="chart"><figcaption><h3>${title}</h3>${log}</figcaption>
<div class="plot" id="plot-${name}" role="img" aria-label="${description}"></div></figure>`;
}

/** A chart's title, and its curves in a sentence for those who hear the page. */
function words(name: string, epochs: readonly EpochRecord[]): [title: string, description: string] {
  if (name === 'loss') return ['Loss', describe(epochs, 'loss')];
  if (name === 'accuracy') return ['Accuracy', describe(epochs, 'accuracy')];
  if (name === 'learningRate') {
    const rates = epochs.map((record) => record.learningRate);
    return ['Learning rate', `Learning rate at the end of each epoch: ${path(rates, rate)}.`];
  }
  const values = epochs.flatMap(({ validation }) => validation?.metrics?.[name] ?? []);
  return [name, `Validation ${name}: ${path(values, loss)}.`];
}

function path(values: readonly number[], write: (value: number) => string): string {
  return values.length === 1
    ? write(values[0]!)
    : `from ${write(values[0]!)} to ${write(values[values.length - 1]!)}`;
}

function describe(epochs: readonly EpochRecord[], name: 'loss' | 'accuracy'): string {
  const write = name === 'loss' ? loss : percent;
  const validation = epochs.flatMap((record) => (record.validation ? [record.validation[name]] : []));
  const own = path(
    epochs.map((record) => record[name]),
    write,
  );
  const train = `Training ${name} over ${plural(epochs.length, 'epoch')}: ${own}`;
  return validation.length === 0 ? `${train}.` : `${train}. Validation ${name}: ${path(validation, write)}.`;
}
