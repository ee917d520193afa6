/** Question 4 in the report: loss by epoch, and what the network has learnt of the plane. */
import { type Html, html } from '../../report/escape.js';
import { count, loss, percent } from '../../report/format.js';
import type { SyntheticResult } from '../types.js';
import { boundarySvg } from './boundary.js';
import { type Chart, type Colour, charts } from './charts.js';
import { QUADRATIC_FORM } from './formulas.js';
import { equations, inline } from './mathml.js';

const COLOURS: readonly Colour[] = ['--validation', '--train', '--third'];

export function syntheticCharts({ runs }: SyntheticResult): Chart[] {
  const x = { label: 'Epoch', values: runs[0].epochs.map(({ epoch }) => epoch) };
  const colour = (i: number) => COLOURS[i % COLOURS.length];
  const ends = runs.map(
    ({ learningRate, epochs }) => `rate ${learningRate} ends at ${loss(epochs[epochs.length - 1].loss)}`,
  );
  return [
    {
      id: 'synthetic-loss',
      title: 'Loss',
      x,
      y: { label: 'Training loss (nats)' },
      lines: runs.map(({ learningRate, epochs }, i) => ({
        label: `Rate ${learningRate}`,
        colour: colour(i),
        values: epochs.map((epoch) => epoch.loss),
      })),
      description: `Training loss by epoch: ${ends.join(', ')}.`,
      points: true,
    },
    {
      id: 'synthetic-accuracy',
      title: 'Accuracy',
      x,
      y: { label: 'Validation accuracy (%)', most: 100 },
      lines: runs.map(({ learningRate, epochs }, i) => ({
        label: `Rate ${learningRate}`,
        colour: colour(i),
        values: epochs.map(({ validation }) => 100 * validation.accuracy),
      })),
      description: 'Validation accuracy by epoch; the numbers are in the table below.',
      points: true,
    },
  ];
}

export function syntheticSection(result: SyntheticResult, own: readonly Chart[]): Html {
  const { runs, trainSize, validationSize, Q, threshold, classOneShare, layers, points } = result;
  return html`<section id="q4"><h2>Question 4: synthetic data</h2>
<p class="lead">${count(trainSize)} training points and ${count(validationSize)} validation points with two standard normal
features. The class is 1 where ${inline(QUADRATIC_FORM)} exceeds ${threshold}, outside an ellipse, where ${percent(classOneShare, 1)} of the training points lie. The scalar network
(${layers.join('-')}) is trained by gradient descent on one point at a time.</p>
<div class="formulas" role="group" aria-label="The matrix of the classes" tabindex="0">${equations([['Q', Q]])}</div>
${charts(...own)}
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
<div class="scroll" role="region" aria-label="Synthetic data, final results" tabindex="0"><table class="data whole"><thead>
<tr><th scope="col">Learning rate</th><th scope="col">Training loss before</th><th scope="col">after</th><th scope="col">Training accuracy</th><th scope="col">Validation loss</th><th scope="col">Validation accuracy</th><th scope="col">Epochs in which the loss fell</th></tr></thead>
<tbody>${runs.map(({ learningRate, epochs, rises }) => {
    const last = epochs[epochs.length - 1];
    return html`<tr><th scope="row">${learningRate}</th><td>${loss(epochs[0].loss)}</td><td>${loss(last.loss)}</td><td>${percent(last.accuracy)}</td><td>${loss(last.validation.loss)}</td><td>${percent(last.validation.accuracy)}</td><td>${epochs.length - 1 - rises} of ${epochs.length - 1}</td></tr>\n`;
  })}</tbody></table></div></section>`;
}
