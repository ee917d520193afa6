/**
 * The samples that the model was most wrong about: those with the highest loss among wrong predictions. As
 * images when the test set has any, else as a table. Not a full list of errors; the confusion matrix counts
 * those.
 */
import type { Evaluation } from '../train/history.js';
import { className } from './confusion.js';
import { type Html, html } from './escape.js';
import { confidence, count, loss, percent, plural } from './format.js';
import { dataTable } from './table.js';
import { tile } from './tiles.js';
import type { TestSet } from './types.js';

/** Enough to see a pattern, few enough to look at each. */
const MISTAKES_SHOWN = 24;

/** Pixels of an image's longer side at most: photographs are made smaller, or the page would grow with them. */
const SIDE = 112;

/** One wrong prediction. */
export interface Mistake {
  /** The sample's place in the test set, from 0. */
  readonly index: number;
  readonly actual: number;
  readonly predicted: number;
  readonly confidence: number;
  readonly loss: number;
}

/** Wrong predictions by falling loss; NaN counts as infinite, and equal losses keep the test set's order. */
export function worstMistakes(test: Evaluation, labels: Int32Array, limit = MISTAKES_SHOWN): Mistake[] {
  const wrong: Mistake[] = [];
  test.predictions.forEach((predicted, index) => {
    const actual = labels[index]!;
    if (predicted === actual) return;
    wrong.push({ index, actual, predicted, confidence: test.confidences[index]!, loss: test.losses[index]! });
  });
  return wrong.sort((a, b) => rank(b.loss) - rank(a.loss) || a.index - b.index).slice(0, limit);
}

/** The section on mistakes. */
export function mistakesSection(test: Evaluation, testSet: TestSet): Html {
  const wrong = test.predictions.reduce((sum, p, i) => sum + (p === testSet.labels[i] ? 0 : 1), 0);
  const worst = worstMistakes(test, testSet.labels);
  if (worst.length === 0) {
    return html`<section id="mistakes"><h2>Most wrong</h2>
<p class="lead">The model was right about all ${count(test.size)} test samples.</p></section>`;
  }
  const subset =
    worst.length < wrong ? `Shown are the ${worst.length} with the highest loss` : 'By falling loss';
  return html`<section id="mistakes"><h2>Most wrong</h2>
<p class="lead">The model was wrong about ${plural(wrong, 'sample')} of ${count(test.size)}
(${percent(wrong / test.size)}). ${subset}: those where it gave the true class the least
probability. The percentage is how sure it was of its own answer. Some of these labels are hard for people too,
and a few may be wrong.</p>
${testSet.images ? gallery(worst, testSet, testSet.images) : table(worst, testSet)}</section>`;
}

function gallery(worst: readonly Mistake[], testSet: TestSet, images: NonNullable<TestSet['images']>): Html {
  const { pixels, height, width, channels = 1 } = images;
  const size = height * width * channels;
  const figures = worst.map((mistake) => {
    const values = pixels.subarray(mistake.index * size, (mistake.index + 1) * size);
    const words = `Test image ${mistake.index}`;
    return html`<li><figure>${tile({ height, width, channels, values }, words, 'bytes', SIDE)}
<figcaption>true <b>${className(testSet, mistake.actual)}</b>, taken for <b>${className(testSet, mistake.predicted)}</b>, <span class="sure">${confidence(mistake.confidence)}</span></figcaption></figure></li>\n`;
  });
  return html`<ol class="gallery">${figures}</ol>`;
}

function table(worst: readonly Mistake[], testSet: TestSet): Html {
  return dataTable('Most wrong predictions', worst, [
    ['Test sample', ({ index }) => index],
    ['True', ({ actual }) => className(testSet, actual), 'text'],
    ['Predicted', ({ predicted }) => className(testSet, predicted), 'text'],
    ['Confidence', (mistake) => confidence(mistake.confidence)],
    ['Loss', (mistake) => loss(mistake.loss)],
  ]);
}

/** NaN has no order of its own. Two infinities differ by NaN, which is falsy: then the index decides. */
function rank(value: number): number {
  return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
}
