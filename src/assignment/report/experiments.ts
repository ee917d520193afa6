/** Question 7 in the report: training against validation, seeds, learning rates, batch sizes. */

import { type Chart, chartFigures, type Line } from '../../report/charts.js';
import { type Html, html } from '../../report/escape.js';
import { count, plural } from '../../report/format.js';
import { dataTable } from '../../report/table.js';
import { ranked, winner } from '../q7-experiments/statistics.js';
import type { Comparison, CurvePoint, ExperimentsResult, Spread } from '../q7-experiments/types.js';
import { plusMinus } from './words.js';

export function experimentCharts(
  result: ExperimentsResult,
): Record<'curve' | 'band' | 'rates' | 'batches', Chart[]> {
  const { curve, band, rates, batches } = result;
  const seeds = band.seeds.length;
  const byRate = {
    label: 'Learning rate',
    log: 10,
    values: rates.map(({ learningRate }) => learningRate),
  } as const;
  const bySize = { label: 'Batch size', log: 2, values: batches.map(({ batchSize }) => batchSize) } as const;
  const results = (all: readonly Comparison[]) => all.map(({ result }) => result);
  return {
    curve: lossAndAccuracy('curve', { label: 'Epoch', values: curve.map(({ epoch }) => epoch) }, curve),
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
    rates: lossAndAccuracy('rate', byRate, results(rates)),
    batches: lossAndAccuracy('batch', bySize, results(batches)),
  };
}

/** Of an epoch, or the end of a setting, which has none when it diverged with every seed. */
type Point = NonNullable<Comparison['result']> & Partial<Pick<CurvePoint, 'trainAccuracy'>>;

function lossAndAccuracy(id: string, x: Chart['x'], points: readonly (Point | undefined)[]): Chart[] {
  const line = (name: keyof Point, factor = 1): Line => {
    const spreads = points.map((point) => point?.[name]);
    return {
      ...(name.startsWith('train') ? TRAINING : VALIDATION),
      values: spreads.map((spread) => factor * (spread?.mean ?? Number.NaN)),
      band: spreads.map((spread) => factor * (spread?.deviation ?? 0)),
    };
  };
  const where = `by ${x.label.toLowerCase()}`;
  const both = points.some((point) => point?.trainAccuracy);
  return [
    {
      id: `${id}-loss`,
      title: `Loss ${where}`,
      x,
      y: { label: 'Loss (nats)', log: 10 },
      lines: [line('trainLoss'), line('validationLoss')],
      description: `Loss ${where}; the numbers are in the table below.`,
    },
    {
      id: `${id}-accuracy`,
      title: `Accuracy ${where}`,
      x,
      y: { label: both ? 'Accuracy (%)' : 'Validation accuracy (%)', percent: true },
      lines: [...(both ? [line('trainAccuracy', 100)] : []), line('validationAccuracy', 100)],
      description: `Accuracy ${where}; the numbers are in the table below.`,
    },
  ];
}

const TRAINING = { label: 'Training', colour: '--train' } as const;
const VALIDATION = { label: 'Validation', colour: '--validation' } as const;

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
${chartFigures(own.rates)}
${comparisonTable('Learning rate', rates, ({ learningRate }) => learningRate)}
<h3 id="q7-batches">Batch sizes</h3>
<p class="lead">The same at learning rate ${choice.learningRate}, with as many epochs, ${eachSeeds(plan)}: larger batches make fewer steps.</p>
${chartFigures(own.batches)}
${comparisonTable('Batch size', batches, ({ batchSize }) => batchSize)}
<p class="after">The best ${finalists.length === 1 ? 'one was' : `${finalists.length} were`} then trained for ${plural(plan.curveEpochs, 'epoch')} with ${plural(plan.compareSeeds.length, 'seed')}: ${finalists.map(
    ({ batchSize, epoch, validationAccuracy }, i) =>
      html`${i > 0 && '; '}batches of ${batchSize} reached a validation accuracy of ${plusMinus(validationAccuracy, 2, 100)} % after epoch ${epoch}`,
  )}. Batches of ${best.batchSize} go on.</p>
<h3 id="q7-curve">Training against validation</h3>
<p class="lead">Learning rate ${choice.learningRate}, batches of ${choice.batchSize}, ${plural(plan.curveSeeds.length, 'seed')}. Bands are one standard deviation wide on either side. Validation accuracy
is highest after epoch ${choice.epochs}.</p>
${chartFigures(own.curve)}
<details><summary>Table of epochs</summary>${dataTable(
    'Epochs',
    curve,
    [
      ['Epoch', ({ epoch }) => epoch],
      ['Training loss', ({ trainLoss }) => plusMinus(trainLoss, 4)],
      ['Validation loss', ({ validationLoss }) => plusMinus(validationLoss, 4)],
      ['Training accuracy, %', ({ trainAccuracy }) => plusMinus(trainAccuracy, 2, 100)],
      ['Validation accuracy, %', ({ validationAccuracy }) => plusMinus(validationAccuracy, 2, 100)],
    ],
    { mark: ({ epoch }) => epoch === choice.epochs && 'best' },
  )}</details>
<h3 id="q7-seeds">Seeds</h3>
<p class="lead">The loss by step of the same runs, in means of ${band.window} steps: ${band.seeds.length} seeds of initial weights and order of samples. The logarithmic
axis shows the late steps as well as the first.</p>
${chartFigures(own.band)}</section>`;
}

/** Of the runs that compare settings. */
function eachSeeds({ compareSeeds: { length } }: ExperimentsResult['plan']): string {
  return length === 1 ? 'one seed each, so that small differences may be chance' : `${length} seeds each`;
}

function comparisonTable(
  label: string,
  all: readonly Comparison[],
  value: (comparison: Comparison) => number,
): Html {
  const [best] = ranked(all);
  const lost = ({ diverged, seeds }: Comparison) =>
    diverged > 0 && html` <span class="wrong">(${diverged} of ${seeds.length} diverged)</span>`;
  const figure = (result: Spread | undefined, decimals: number, factor?: number) =>
    result ? plusMinus(result, decimals, factor) : '–';
  return dataTable(
    label,
    all,
    [
      [label, (comparison) => [value(comparison), lost(comparison)]],
      ['Training loss', ({ result }) => figure(result?.trainLoss, 4)],
      ['Validation loss', ({ result }) => figure(result?.validationLoss, 4)],
      ['Validation accuracy, %', ({ result }) => figure(result?.validationAccuracy, 2, 100)],
    ],
    { mark: (comparison) => comparison === best && 'best' },
  );
}
