/** Question 7 in the report: training against validation, seeds, learning rates, batch sizes. */
import { type Html, html } from '../../report/escape.js';
import { count, plural } from '../../report/format.js';
import { ranked, winner } from '../q7-experiments/statistics.js';
import type { Comparison, ExperimentsResult } from '../q7-experiments/types.js';
import { type Chart, charts, spreadLine } from './charts.js';
import { plusMinus } from './words.js';

export function experimentCharts({
  curve,
  band,
  rates,
  batches,
}: ExperimentsResult): Record<'curve' | 'band' | 'rates' | 'batches', Chart[]> {
  const epochs = { label: 'Epoch', values: curve.map(({ epoch }) => epoch) };
  const seeds = band.seeds.length;
  return {
    curve: [
      {
        id: 'curve-loss',
        title: 'Loss',
        x: epochs,
        y: { label: 'Loss (nats)', log: 10 },
        lines: [
          spreadLine(
            'Training',
            '--train',
            curve.map(({ trainLoss }) => trainLoss),
          ),
          spreadLine(
            'Validation',
            '--validation',
            curve.map(({ validationLoss }) => validationLoss),
          ),
        ],
        description: 'Training and validation loss by epoch; the numbers are in the table of epochs.',
      },
      {
        id: 'curve-accuracy',
        title: 'Accuracy',
        x: epochs,
        y: { label: 'Accuracy (%)', most: 100 },
        lines: [
          spreadLine(
            'Training',
            '--train',
            curve.map(({ trainAccuracy }) => trainAccuracy),
            100,
          ),
          spreadLine(
            'Validation',
            '--validation',
            curve.map((point) => point.validationAccuracy),
            100,
          ),
        ],
        description: 'Training and validation accuracy by epoch; the numbers are in the table of epochs.',
      },
    ],
    band: [
      {
        id: 'seed-band',
        title: `Mean and standard deviation of ${seeds} seeds`,
        x: { label: 'Step', values: band.steps },
        y: { label: 'Training loss (nats)', log: 10 },
        lines: [{ label: 'Loss', colour: '--train', values: band.mean, band: band.deviation }],
        description: `Training loss by step, mean of ${seeds} seeds with one standard deviation on either side.`,
      },
    ],
    rates: comparisonCharts('rate', 'Learning rate', 10, rates, ({ learningRate }) => learningRate),
    batches: comparisonCharts('batch', 'Batch size', 2, batches, ({ batchSize }) => batchSize),
  };
}

function comparisonCharts(
  id: string,
  label: string,
  log: 2 | 10,
  all: readonly Comparison[],
  value: (comparison: Comparison) => number,
): Chart[] {
  const x = { label, log, values: all.map(value) };
  const results = all.map(({ result }) => result);
  return [
    {
      id: `${id}-loss`,
      title: `Loss by ${label.toLowerCase()}`,
      x,
      y: { label: 'Loss (nats)', log: 10 },
      lines: [
        spreadLine(
          'Training',
          '--train',
          results.map((result) => result?.trainLoss),
        ),
        spreadLine(
          'Validation',
          '--validation',
          results.map((result) => result?.validationLoss),
        ),
      ],
      description: `Final loss by ${label.toLowerCase()}; the numbers are in the table below.`,
      points: true,
    },
    {
      id: `${id}-accuracy`,
      title: `Accuracy by ${label.toLowerCase()}`,
      x,
      y: { label: 'Validation accuracy (%)', most: 100 },
      lines: [
        spreadLine(
          'Validation',
          '--validation',
          results.map((result) => result?.validationAccuracy),
          100,
        ),
      ],
      description: `Final validation accuracy by ${label.toLowerCase()}; the numbers are in the table below.`,
      points: true,
    },
  ];
}

export function experimentsSection(
  result: ExperimentsResult,
  own: ReturnType<typeof experimentCharts>,
): Html {
  const { plan, choice, rates, batches, finalists, curve, band, runs } = result;
  const best = winner(finalists);
  return html`<section id="q7"><h2>Question 7: experiments</h2>
<p class="lead">The network 784-${plan.hidden}-10 with sigmoid, softmax cross-entropy and plain stochastic gradient descent, trained on
${count(plan.trainSize)} images and validated on ${count(plan.validationSize)} others; ${plural(runs, 'run')} in all. A value ± another is the mean and the standard
deviation over seeds. Each experiment decides a setting of the next, by validation alone.</p>
<h3 id="q7-rates">Learning rates</h3>
<p class="lead">${plural(plan.compareEpochs, 'epoch')} with batches of ${plan.batchSize}, ${eachSeeds(plan)}. The rate with the lowest mean validation loss goes on.</p>
${charts(...own.rates)}
${comparisonTable('Learning rate', rates, ({ learningRate }) => String(learningRate))}
<h3 id="q7-batches">Batch sizes</h3>
<p class="lead">The same at learning rate ${choice.learningRate}, with as many epochs, ${eachSeeds(plan)}: larger batches make fewer steps.</p>
${charts(...own.batches)}
${comparisonTable('Batch size', batches, ({ batchSize }) => String(batchSize))}
<p class="after">The best ${finalists.length === 1 ? 'one was' : `${finalists.length} were`} then trained for ${plural(plan.curveEpochs, 'epoch')} with ${plural(plan.compareSeeds.length, 'seed')}: ${finalists.map(
    ({ batchSize, epoch, validationAccuracy }, i) =>
      html`${i > 0 && '; '}batches of ${batchSize} reached a validation accuracy of ${plusMinus(validationAccuracy, 2, 100)} % after epoch ${epoch}`,
  )}. Batches of ${best.batchSize} go on.</p>
<h3 id="q7-curve">Training against validation</h3>
<p class="lead">Learning rate ${choice.learningRate}, batches of ${choice.batchSize}, ${plural(plan.curveSeeds.length, 'seed')}. Bands are one standard deviation wide on either side. Validation accuracy
is highest after epoch ${choice.epochs}.</p>
${charts(...own.curve)}
<details><summary>Table of epochs</summary><div class="scroll" role="region" aria-label="Epochs" tabindex="0"><table class="data"><thead><tr><th scope="col">Epoch</th><th scope="col">Training loss</th><th scope="col">Validation loss</th><th scope="col">Training accuracy, %</th><th scope="col">Validation accuracy, %</th></tr></thead>
<tbody>${curve.map(
    (point) =>
      html`<tr${point.epoch === choice.epochs && html` class="best"`}><th scope="row">${point.epoch}</th><td>${plusMinus(point.trainLoss, 4)}</td><td>${plusMinus(point.validationLoss, 4)}</td><td>${plusMinus(point.trainAccuracy, 2, 100)}</td><td>${plusMinus(point.validationAccuracy, 2, 100)}</td></tr>\n`,
  )}</tbody></table></div></details>
<h3 id="q7-seeds">Seeds</h3>
<p class="lead">The loss by step of the same runs, in means of ${band.window} steps: ${band.seeds.length} seeds of initial weights and order of samples. The logarithmic
axis shows the late steps as well as the first.</p>
${charts(...own.band)}</section>`;
}

/** Of the runs that compare settings. */
function eachSeeds({ compareSeeds: { length } }: ExperimentsResult['plan']): string {
  return length === 1 ? 'one seed each, so that small differences may be chance' : `${length} seeds each`;
}

function comparisonTable(
  label: string,
  all: readonly Comparison[],
  value: (comparison: Comparison) => string,
): Html {
  const [best] = ranked(all);
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table class="data whole"><thead><tr><th scope="col">${label}</th><th scope="col">Training loss</th><th scope="col">Validation loss</th><th scope="col">Validation accuracy, %</th></tr></thead>
<tbody>${all.map((comparison) => row(comparison, value(comparison), comparison === best))}</tbody></table></div>`;
}

function row({ result, diverged, seeds }: Comparison, name: string, best: boolean): Html {
  const note = diverged > 0 && html` <span class="wrong">(${diverged} of ${seeds.length} diverged)</span>`;
  const cells = result
    ? [
        plusMinus(result.trainLoss, 4),
        plusMinus(result.validationLoss, 4),
        plusMinus(result.validationAccuracy, 2, 100),
      ]
    : ['–', '–', '–'];
  return html`<tr${best && html` class="best"`}><th scope="row">${name}${note}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`;
}
