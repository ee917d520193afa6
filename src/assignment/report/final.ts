/**
 * The end of question 7 in the report: the chosen network on the test set, its hidden units and its mistakes.
 */
import { confusionMatrix } from '../../report/confusion.js';
import { type Html, html, type Part } from '../../report/escape.js';
import { count, percent, plural } from '../../report/format.js';
import { type Column, dataTable } from '../../report/table.js';
import type { ExperimentsResult, HiddenUnits } from '../q7-experiments/types.js';
import { divergingPng } from './images.js';
import { plusMinus } from './words.js';

export function finalSection(
  { choice, final, plan }: ExperimentsResult,
  classNames: readonly string[],
): Html {
  const { accuracy, loss, accuracies, seeds, trainSize, tests, units } = final;
  const [first] = tests;
  // Counts over all seeds: a single one's mistakes are chance as well.
  const confusion = first.confusion.map((row, actual) =>
    row.map((_, predicted) => tests.reduce((sum, test) => sum + test.confusion[actual][predicted], 0)),
  );
  const scores: Part[][] = [
    [
      'Test accuracy, %',
      ...accuracies.map((value) => (100 * value).toFixed(2)),
      html`<strong>${plusMinus(accuracy, 2, 100)}</strong>`,
    ],
    ['Test loss, mean', ...seeds.map(() => ''), plusMinus(loss, 4)],
  ];
  const headings = ['Seed', ...seeds.map(String), 'Mean'];
  const columns = headings.map((heading, i): Column<Part[]> => [heading, (row) => row[i]]);
  return html`<section id="final"><h2>The final network</h2>
<p class="lead">Learning rate ${choice.learningRate}, batches of ${choice.batchSize}, ${plural(choice.epochs, 'epoch')}, as validation chose them; trained on
${count(trainSize)} images. The canonical test set of ${count(first.size)} images was measured once for each of ${plural(seeds.length, 'seed')}.</p>
${dataTable('Test accuracy', scores, columns)}
<h3>What the hidden units look at</h3>
${unitGallery(units, plan.hidden)}
<h3>Confusion matrix</h3>
<p>Counts of ${seeds.length === 1 ? 'the one seed' : `${seeds.length} seeds together`}: ${percent(accuracy.mean)} right.</p>
${confusionMatrix(confusion, { classNames })}</section>`;
}

function unitGallery({ units, height, width }: HiddenUnits, hidden: number): Html {
  return html`<p class="lead">Weights from the pixels to ${units.length} of the ${hidden} hidden units, those with the largest weights to the outputs. <span class="orange">Orange</span>
raises the unit, <span class="blue">blue</span> lowers it; each picture has its own scale, up to the largest weight below it.</p>
<ol class="units">${units.map(
    ({ index, weights, largest }) =>
      html`<li><figure><img src="${divergingPng(weights, height, width, { gamma: 0.75 })}" width="${width}" height="${height}" alt="Weights of hidden unit ${index}">
<figcaption>${index}<span>±${largest.toFixed(2)}</span></figcaption></figure></li>\n`,
  )}</ol>`;
}
