/**
 * Questions 5 and 6 in the report: the network on vectors and on batches, shown equal to each other and to
 * the scalar one.
 */

import { type Chart, type Colour, chartFigures } from '../../report/charts.js';
import { type Html, html } from '../../report/escape.js';
import { count, loss, percent } from '../../report/format.js';
import { keyFigures } from '../../report/header.js';
import { type Column, dataTable } from '../../report/table.js';
import type { BatchedResult, Deviation, FormsResult, LossPoint, TensorResult } from '../types.js';
import { LOGITS_GRADIENT, OUTPUT_MINUS_TARGET } from './formulas.js';
import { inline } from './mathml.js';
import { power } from './words.js';

export function tensorChart({ losses }: TensorResult): Chart {
  return lossChart('tensor-loss', 'One image at a time', '--train', losses);
}

export function batchedChart({ training }: BatchedResult): Chart {
  return lossChart('batched-loss', `Batches of ${training.batchSize}`, '--train', training.losses);
}

function lossChart(id: string, title: string, colour: Colour, losses: readonly LossPoint[]): Chart {
  const last = losses[losses.length - 1];
  return {
    id,
    title,
    x: { label: 'Images seen', values: losses.map(({ images }) => images) },
    y: { label: 'Training loss (nats)' },
    lines: [{ label: 'Mean since the point before', colour, values: losses.map((point) => point.loss) }],
    description: `Training loss by images seen, from ${loss(losses[0].loss)} to ${loss(last.loss)}.`,
  };
}

export function tensorSection(result: TensorResult, chart: Chart): Html {
  const { layers, images, learningRate, before, after, fused } = result;
  return html`<section id="q5"><h2>Question 5: the tensor network</h2>
<p class="lead">The network ${layers.join('-')} on MNIST, one image at a time, in operations on vectors. Its softmax goes
backward through the product of Jacobian and gradient, a kernel of its own, although with cross-entropy the
difference ${inline(OUTPUT_MINUS_TARGET)} would do.</p>
${keyFigures([
  { name: 'Images', value: count(images), note: `learning rate ${learningRate}` },
  { name: 'Validation loss', value: loss(after.loss), note: `${loss(before.loss)} before training` },
  { name: 'Validation accuracy', value: percent(after.accuracy), note: `${percent(before.accuracy)} before` },
  {
    name: 'Jacobian against y − t',
    value: power(fused.maxDeviation),
    note: `largest difference on ${count(fused.images)} images`,
  },
])}
${chartFigures([chart])}
<p>The two ways of computing ${inline(LOGITS_GRADIENT)} were compared element by element on ${count(fused.images)}
images spread over the training. They differ by at most ${power(fused.maxDeviation)}, while float32 rounds numbers just below 1
to ${power(2 ** -24)}.</p></section>`;
}

export function batchedSection(result: BatchedResult, chart: Chart, forms: FormsResult): Html {
  const { batchSize, shapes, perSample, asMatrix, example, tolerance, withinRounding, training } = result;
  return html`<section id="q6"><h2>Question 6: the batched network</h2>
<p class="lead">A batch of ${batchSize} images is one 3-tensor that passes through batched matrix products, forward and backward. Every
image keeps a weight gradient of its own until the end, where the average is taken.</p>
<div class="pair"><div><h3>Shapes of one pass</h3>${dataTable('Shapes of one pass', shapes, [TENSOR, SHAPE])}</div>
<div><h3>Training in batches</h3>${chartFigures([chart])}
<p>${count(training.images)} images in batches of ${training.batchSize} at learning rate ${training.learningRate}: validation accuracy
${percent(training.before.accuracy)} before, ${percent(training.after.accuracy)} after.</p></div></div>
<h3>The gradients are equal</h3>
<p class="lead">Largest differences, relative to the largest expected value. Rounding to float32 is allowed
${power(tolerance)}; ${withinRounding ? 'all stay below it.' : html`<strong class="wrong">not all stay below it.</strong>`}</p>
<div class="triple">${deviations('Average of single images', perSample)}${deviations('Batch as one matrix', asMatrix)}${deviations('Example of question 3', example)}</div>
<h3>All forms, step by step</h3>
<p class="lead">The scalar loops, the tensor network, the batched network and the compiled model of <code>fit</code> were trained from the same
weights on the same ${count(forms.steps)} batches of ${forms.batchSize}, each on every engine. At the worst step (${forms.worstStep}) their losses lie
${power(forms.maxRelativeDifference)} apart, relative; ${power(forms.tolerance)} is allowed${forms.agree ? '.' : html`: <strong class="wrong">they do not agree.</strong>`}</p>
${dataTable('All forms', forms.forms, [
  ['Form', ({ label }) => label],
  ['First loss', ({ losses }) => losses[0].toFixed(7)],
  ['Last loss', ({ losses }) => losses[losses.length - 1].toFixed(7)],
  ['Largest difference from the scalar form', ({ maxRelativeDifference }) => power(maxRelativeDifference)],
])}</section>`;
}

const TENSOR: Column<{ readonly name: string }> = ['Tensor', ({ name }) => name];
const SHAPE: Column<{ readonly shape: readonly number[] }> = ['Shape', ({ shape }) => shape.join(' × ')];
const DIFFERENCE: Column<Deviation> = ['Difference', ({ relative }) => power(relative)];

function deviations(title: string, all: readonly Deviation[]): Html {
  return html`<div><h4>${title}</h4>${dataTable(title, all, [TENSOR, SHAPE, DIFFERENCE])}</div>`;
}
