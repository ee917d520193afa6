/** The table of epochs: every number of the history, for reading, copying and for pages without scripts. */
import type { EpochRecord, History } from '../train/history.js';
import { metricNamesOf } from './charts.js';
import { type Html, html } from './escape.js';
import { count, duration, loss, percent, rate } from './format.js';

/** Longer tables scroll in their own box, and may break across printed pages. */
const LONG = 24;

/** The section with one row an epoch; nothing when no epoch was finished. */
export function epochsSection(history: History): Html | undefined {
  const { epochs } = history;
  if (epochs.length === 0) return undefined;
  const validated = epochs.some((record) => record.validation !== undefined);
  const metrics = metricNamesOf(history);
  const best = validated && epochs.length > 1 ? bestEpoch(epochs) : undefined;
  const long = epochs.length > LONG;
  const lead =
    best &&
    html`<p class="lead">Validation accuracy was highest in epoch ${best.epoch}:
${percent(best.validation!.accuracy)}. That row is marked.</p>`;
  return html`<section id="epochs"><h2>Epochs</h2>
${lead}
<div class="scroll${long && ' tall'}" role="region" aria-label="Epochs" tabindex="0">
<table class="data${long ? '' : ' whole'}"><thead>
<tr><th scope="col">Epoch</th><th scope="col">Steps</th><th scope="col">Learning rate</th>
<th scope="col">Training loss</th><th scope="col">Training accuracy</th>
${validated && html`<th scope="col">Validation loss</th><th scope="col">Validation accuracy</th>`}
${metrics.map((name) => html`<th scope="col">Validation ${name}</th>`)}
<th scope="col">Samples/s</th><th scope="col">Time</th></tr></thead>
<tbody>${epochs.map((record) => row(record, validated, metrics, record === best))}</tbody></table></div></section>`;
}

/** The first epoch of the highest finite validation accuracy. */
function bestEpoch(epochs: readonly EpochRecord[]): EpochRecord | undefined {
  let best: EpochRecord | undefined;
  for (const record of epochs) {
    const accuracy = record.validation?.accuracy ?? Number.NaN;
    if (accuracy > (best?.validation?.accuracy ?? Number.NEGATIVE_INFINITY)) best = record;
  }
  return best;
}

function row(record: EpochRecord, validated: boolean, metrics: readonly string[], best: boolean): Html {
  const { validation } = record;
  return html`<tr${best && html` class="best"`}><th scope="row">${record.epoch}${best && html` <span class="hidden">(best validation accuracy)</span>`}</th><td>${count(record.step)}</td><td>${rate(record.learningRate)}</td>
<td>${loss(record.loss)}</td><td>${percent(record.accuracy)}</td>
${validated && html`<td>${validation ? loss(validation.loss) : '–'}</td><td>${validation ? percent(validation.accuracy) : '–'}</td>`}
${metrics.map((name) => html`<td>${loss(validation?.metrics?.[name] ?? Number.NaN)}</td>`)}
<td>${count(record.samplesPerSecond)}</td><td>${duration(record.seconds)}</td></tr>\n`;
}
