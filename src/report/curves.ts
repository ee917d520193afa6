/** The learning curves of a run, as charts. The same numbers stand in the table of epochs. */
import type { EpochRecord, History, Score } from '../train/history.js';
import { type Chart, chartFigures, type Line } from './charts.js';
import { type Html, html } from './escape.js';
import { loss, percent, plural, rate } from './format.js';

/** Loss, accuracy, metrics, and the learning rate where it varies; none when no epoch was finished. */
export function curves(history: History, lossUnit: string): Chart[] {
  const { epochs } = history;
  if (epochs.length === 0) return [];
  const x = { label: 'Epoch', values: epochs.map(({ epoch }) => epoch) };
  const validated = epochs.some(({ validation }) => validation !== undefined);
  const training = (values: number[], label = 'Training'): Line => ({ label, colour: '--train', values });
  const validation = (pick: (score: Score) => number): Line[] => {
    const values = epochs.map(({ validation }) => (validation ? pick(validation) : null));
    return validated ? [{ label: 'Validation', colour: '--validation', values }] : [];
  };
  const toPercent = ({ accuracy }: Score) => Number((accuracy * 100).toPrecision(10));
  const charts: Chart[] = [
    {
      id: 'loss',
      title: 'Loss',
      x,
      y: { label: lossUnit ? `Loss (${lossUnit} per sample)` : 'Loss per sample', logButton: true },
      lines: [training(epochs.map((record) => record.loss)), ...validation((score) => score.loss)],
      description: describe(epochs, 'loss'),
    },
  ];
  if (epochs.some(({ accuracy }) => !Number.isNaN(accuracy))) {
    charts.push({
      id: 'accuracy',
      title: 'Accuracy',
      x,
      y: { label: 'Accuracy (%)', percent: true },
      lines: [training(epochs.map(toPercent)), ...validation(toPercent)],
      description: describe(epochs, 'accuracy'),
    });
  }
  for (const name of metricNamesOf(history)) {
    const title = titleOf(name);
    const values = epochs.flatMap(({ validation }) => validation?.metrics?.[name] ?? []);
    charts.push({
      id: name,
      title,
      x,
      y: { label: title },
      lines: validation(({ metrics }) => metrics?.[name] ?? Number.NaN),
      description: `Validation ${title}: ${path(values, loss)}.`,
    });
  }
  const rates = epochs.map(({ learningRate }) => learningRate);
  if (rates.some((value) => value !== rates[0])) {
    charts.push({
      id: 'learningRate',
      title: 'Learning rate',
      x,
      y: { label: 'Learning rate' },
      lines: [training(rates, 'Rate')],
      description: `Learning rate at the end of each epoch: ${path(rates, rate)}.`,
    });
  }
  return charts;
}

/** Metrics that were measured in validation, beside loss and accuracy. */
export function metricNamesOf({ epochs }: History): string[] {
  return [...new Set(epochs.flatMap(({ validation }) => Object.keys(validation?.metrics ?? {})))];
}

const TITLES: Readonly<Record<string, string>> = {
  r2: 'R²',
  rmse: 'RMSE',
  mse: 'MSE',
  mae: 'MAE',
  f1: 'F1',
  rocAuc: 'ROC AUC',
  precision: 'Precision',
  recall: 'Recall',
  top5: 'Top 5',
  multilabelF1Macro: 'F1, mean of labels',
  multilabelF1Micro: 'F1 of all labels',
  subsetAccuracy: 'Whole rows right',
  hammingLoss: 'Hamming loss',
};

/** A metric's name as people write it. */
export function titleOf(name: string): string {
  return TITLES[name] ?? name;
}

/** The section with the charts; a sentence when no epoch was finished. */
export function curvesSection({ epochs }: History, charts: readonly Chart[]): Html {
  if (epochs.length === 0) {
    return html`<section id="curves"><h2>Learning curves</h2>
<p class="lead">No epoch was finished, so there is nothing to draw.</p></section>`;
  }
  const note =
    epochs.length > 2 &&
    html`<span class="on-screen">Point at a chart to read all of them; drag across to zoom in, double-click to zoom out.</span>`;
  return html`<section id="curves"><h2>Learning curves</h2>
<p class="lead">By epoch. Training values are means over the epoch, while the model was still changing; validation
values were measured at its end. ${note}</p>
<noscript><p class="notice">The curves need JavaScript. Their numbers are in the table of epochs.</p></noscript>
${chartFigures(charts)}</section>`;
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
