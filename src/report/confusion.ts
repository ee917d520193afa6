/**
 * The confusion matrix as a table that can be read, heard, copied and printed, with recall and precision in
 * its margins, and the most frequent confusions in words. It only shows counts; `evaluate` made them.
 */
import type { Evaluation } from '../train/history.js';
import { type Html, html } from './escape.js';
import { count, percent, plural } from './format.js';
import type { TestSet } from './types.js';

/** From here on the matrix gets a box of its own that scrolls both ways. */
const LARGE = 30;
const PAIRS_SHOWN = 8;

/** What one class's row and column say. A share is NaN where there is nothing to divide by. */
export interface ClassScore {
  readonly actual: number;
  readonly predicted: number;
  readonly recall: number;
  readonly precision: number;
}

/** A class's name, or its number where it has none. */
export function className(testSet: Pick<TestSet, 'classNames'> | undefined, index: number): string {
  return testSet?.classNames[index] ?? String(index);
}

/** Recall and precision of every class. */
export function classScores(confusion: Evaluation['confusion']): ClassScore[] {
  return confusion.map((row, index) => {
    const actual = row.reduce((sum, value) => sum + value, 0);
    const predicted = confusion.reduce((sum, other) => sum + other[index]!, 0);
    const right = row[index]!;
    return { actual, predicted, recall: right / actual, precision: right / predicted };
  });
}

/** The section with the matrix. */
export function confusionSection({ confusion }: Evaluation, testSet: TestSet | undefined): Html {
  return html`<section id="confusion"><h2>Confusion matrix</h2>
${confusionMatrix(confusion, testSet)}</section>`;
}

/** How to read the matrix, the matrix, and its most frequent confusions. */
export function confusionMatrix(
  confusion: Evaluation['confusion'],
  testSet?: Pick<TestSet, 'classNames'>,
): Html {
  const names = confusion.map((_row, index) => className(testSet, index));
  const scores = classScores(confusion);
  const large = confusion.length > LARGE;
  // Numbers stand upright over their columns; words would stretch them, so they are turned.
  const turned = names.some((name) => name.length > 3) ? ' turned' : '';
  const heads = names.map((name) => html`<th scope="col" title="${name}"><span>${name}</span></th>`);
  const foot = scores.map((score) => html`<td>${share(score.precision)}</td>`);
  return html`<p class="lead">A row holds the samples of one true class, a column those that were predicted as one class. Right answers
are on the diagonal. Shading is the share of the row, on a square-root scale so that rare confusions show; a dot
stands for none.</p>
<div class="scroll${large && ' tall'}" role="region" aria-label="Confusion matrix" tabindex="0">
<table class="confusion${turned}${large ? ' large' : ' whole'}" style="--classes:${names.length}">
<caption class="hidden">Counts by true class (rows) and predicted class (columns)</caption>
<thead><tr class="axis"><th></th><th scope="colgroup" colspan="${names.length}"><span>Predicted</span></th><th></th><th></th></tr>
<tr><th scope="col" class="corner">True</th>${heads}<th scope="col" class="edge">Samples</th><th scope="col" class="edge pin">Recall, %</th></tr></thead>
<tbody>${confusion.map((row, index) => matrixRow(row, index, names[index]!, scores[index]!))}</tbody>
<tfoot><tr><th scope="row">Precision, %</th>${foot}<td></td><td class="pin"></td></tr></tfoot>
</table></div>
${pairs(confusion, names, scores)}`;
}

function matrixRow(row: readonly number[], index: number, name: string, score: ClassScore): Html {
  const cells = row.map((value, column) => {
    const strength = Math.sqrt(value / score.actual);
    const heat = value > 0 && html` style="--s:${strength.toFixed(3)}"`;
    const kind = column === index ? html` class="hit"` : value > 0 && html` class="miss"`;
    return html`<td${kind}${heat}>${value === 0 ? '·' : count(value)}</td>`;
  });
  return html`<tr><th scope="row" title="${name}"><span>${name}</span></th>${cells}<td class="edge">${count(score.actual)}</td><td class="edge pin">${share(score.recall)}</td></tr>\n`;
}

function pairs(
  confusion: Evaluation['confusion'],
  names: readonly string[],
  scores: readonly ClassScore[],
): Html | undefined {
  const found = confusion
    .flatMap((row, actual) => row.map((value, predicted) => ({ actual, predicted, value })))
    .filter(({ actual, predicted, value }) => actual !== predicted && value > 0)
    .sort((a, b) => b.value - a.value)
    .slice(0, PAIRS_SHOWN);
  if (found.length === 0) return undefined;
  const items = found.map(
    ({ actual, predicted, value }) => html`<li><b>${names[actual]!}</b> taken for <b>${names[predicted]!}</b>
<span>${plural(value, 'time')}, ${percent(value / scores[actual]!.actual, 1)}</span></li>\n`,
  );
  return html`<h3>Most frequent confusions</h3>
<ol class="pairs">${items}</ol>`;
}

/** Without the sign, to keep columns narrow: the heading has it. */
function share(value: number): string {
  return Number.isNaN(value) ? '–' : (value * 100).toFixed(1);
}
