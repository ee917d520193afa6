/** Question 4 in the report: loss by epoch, and what the network has learnt of the plane. */

import { type Chart, type Colour, chartFigures, type Line } from '../../report/charts.js';
import { type Html, html } from '../../report/escape.js';
import { count, loss, percent } from '../../report/format.js';
import { dataTable } from '../../report/table.js';
import type { SyntheticEpoch, SyntheticResult, SyntheticRun } from '../types.js';
import { boundarySvg } from './boundary.js';
import { QUADRATIC_FORM } from './formulas.js';
import { equations, inline } from './mathml.js';

const COLOURS: readonly Colour[] = ['--validation', '--train', '--third'];

export function syntheticCharts({ runs }: SyntheticResult): Chart[] {
  const x = { label: 'Epoch', values: runs[0].epochs.map(({ epoch }) => epoch) };
  const lines = (pick: (epoch: SyntheticEpoch) => number): Line[] =>
    runs.map(({ learningRate, epochs }, i) => ({
      label: `Rate ${learningRate}`,
      colour: COLOURS[i % COLOURS.length],
      values: epochs.map(pick),
    }));
  const ends = runs.map((run) => `rate ${run.learningRate} ends at ${loss(lastOf(run).loss)}`);
  return [
    {
      id: 'synthetic-loss',
      title: 'Loss',
      x,
      y: { label: 'Training loss (nats)' },
      lines: lines((epoch) => epoch.loss),
      description: `Training loss by epoch: ${ends.join(', ')}.`,
    },
    {
      id: 'synthetic-accuracy',
      title: 'Accuracy',
      x,
      y: { label: 'Validation accuracy (%)', percent: true },
      lines: lines(({ validation }) => 100 * validation.accuracy),
      description: 'Validation accuracy by epoch; the numbers are in the table below.',
    },
  ];
}

function lastOf({ epochs }: SyntheticRun): SyntheticEpoch {
  return epochs[epochs.length - 1];
}

export function syntheticSection(result: SyntheticResult, own: readonly Chart[]): Html {
  const { runs, trainSize, validationSize, Q, threshold, classOneShare, layers, points } = result;
  return html`<section id="q4"><h2>Question 4: synthetic data</h2>
<p class="lead">${count(trainSize)} training points and ${count(validationSize)} validation points with two standard normal
features. The class is 1 where ${inline(QUADRATIC_FORM)} exceeds ${threshold}, outside an ellipse, where ${percent(classOneShare, 1)} of the training points lie. The scalar network
(${layers.join('-')}) is trained by gradient descent on one point at a time.</p>
<div class="formulas" role="group" aria-label="The matrix of the classes" tabindex="0">${equations([['Q', Q]])}</div>
${chartFigures(own)}
<h3>Decision boundaries</h3>
<p class="lead">Colour is the probability that the network gives class 1 (orange) or class 0 (blue). Dots are the first
${count(points.length)} validation points in their true class’s colour. The solid line is where the network changes its
mind, the dashed one where the classes truly part.</p>
<div class="boundaries">${runs.map(
    ({
      learningRate,
      boundary,
    }) => html`<figure><figcaption><h4>Learning rate ${learningRate}</h4></figcaption>
${boundarySvg(boundary, result, `Decision boundary with learning rate ${learningRate}`)}</figure>`,
  )}</div>
${dataTable('Synthetic data, final results', runs, [
  ['Learning rate', ({ learningRate }) => learningRate],
  ['Training loss before', ({ epochs }) => loss(epochs[0].loss)],
  ['after', (run) => loss(lastOf(run).loss)],
  ['Training accuracy', (run) => percent(lastOf(run).accuracy)],
  ['Validation loss', (run) => loss(lastOf(run).validation.loss)],
  ['Validation accuracy', (run) => percent(lastOf(run).validation.accuracy)],
  [
    'Epochs in which the loss fell',
    ({ epochs, rises }) => `${epochs.length - 1 - rises} of ${epochs.length - 1}`,
  ],
])}</section>`;
}
