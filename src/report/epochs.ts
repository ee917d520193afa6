/** The table of epochs: every number of the history, for reading, copying and for pages without scripts. */
import type { EpochRecord, History, Score } from '../train/history.js';
import { metricNamesOf, titleOf } from './curves.js';
import { type Html, html } from './escape.js';
import { count, duration, loss, percent, rate } from './format.js';
import { type Column, dataTable } from './table.js';

/** The section with one row an epoch; nothing when no epoch was finished. */
export function epochsSection(history: History): Html | undefined {
  const { epochs } = history;
  if (epochs.length === 0) return undefined;
  const validated = epochs.some((record) => record.validation !== undefined);
  const metrics = metricNamesOf(history);
  const classifies = epochs.some((record) => !Number.isNaN(record.accuracy));
  const best = validated && epochs.length > 1 ? bestEpoch(epochs) : undefined;
  const lead =
    best &&
    html`<p class="lead">Validation accuracy was highest in epoch ${best.epoch}:
${percent(best.validation!.accuracy)}. That row is marked.</p>`;
  const marked = html` <span class="hidden">(best validation accuracy)</span>`;
  const measured = ({ validation }: EpochRecord, write: (score: Score) => string) =>
    validation ? write(validation) : '–';
  const table = dataTable<EpochRecord>(
    'Epochs',
    epochs,
    [
      ['Epoch', (record) => [record.epoch, record === best && marked]],
      ['Steps', ({ step }) => count(step)],
      ['Learning rate', ({ learningRate }) => rate(learningRate)],
      ['Training loss', (record) => loss(record.loss)],
      classifies && ['Training accuracy', ({ accuracy }) => percent(accuracy)],
      validated && ['Validation loss', (record) => measured(record, (score) => loss(score.loss))],
      validated &&
        classifies && [
          'Validation accuracy',
          (record) => measured(record, ({ accuracy }) => percent(accuracy)),
        ],
      ...metrics.map(
        (name): Column<EpochRecord> => [
          `Validation ${titleOf(name)}`,
          ({ validation }) => loss(validation?.metrics?.[name] ?? Number.NaN),
        ],
      ),
      ['Samples/s', ({ samplesPerSecond }) => count(samplesPerSecond)],
      ['Time', ({ seconds }) => duration(seconds)],
    ],
    { mark: (record) => record === best && 'best' },
  );
  return html`<section id="epochs"><h2>Epochs</h2>
${lead}
${table}</section>`;
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
