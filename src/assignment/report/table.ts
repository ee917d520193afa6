/** Question 3 in the report: every number of one pass, beside what the original table says. */
import { type Html, html } from '../../report/escape.js';
import { type Column, dataTable } from '../../report/table.js';
import type { GradientEntry, GradientTable } from '../types.js';
import { equations, inlineValue } from './mathml.js';

export function tableSection({ example, entries, originalErrors }: GradientTable): Html {
  const { x, W, b, V, c, t, trueClass } = example;
  const remarks = entries.filter(({ remark }) => remark);
  return html`<section id="q3"><h2>Question 3: one pass by hand</h2>
<p class="lead">Two inputs, three hidden sigmoid units, two softmax outputs; the true class is ${trueClass}. One forward and one
backward pass of the scalar network, in float64, with every intermediate value.</p>
<div class="formulas" role="group" aria-label="The example" tabindex="0">${equations([
    ['x', [x]],
    ['W', W],
    ['b', [b]],
  ])}${equations([
    ['V', V],
    ['c', [c]],
    ['t', [t]],
  ])}</div>
${dataTable('Gradient table', entries, COLUMNS, {
  mark: ({ agrees }) => agrees === false && 'differs',
  className: 'gradients',
})}
${
  originalErrors.length > 0 &&
  html`<div class="notice"><p><strong>The original table is wrong in ${originalErrors.join(', ')}.</strong></p>
${remarks.map(({ name, remark }) => html`<p>${name}: ${remark}</p>`)}
<p><a href="#original">What else the original got wrong</a></p></div>`
}</section>`;
}

const COLUMNS: readonly Column<GradientEntry>[] = [
  ['Name', ({ name }) => name],
  ['Formula', ({ formula }) => html`<span class="formula-text">${formula}</span>`, 'text'],
  ['From', ({ derivation }) => html`<a href="#${derivation}">${derivation}</a>`, 'text'],
  ['Value', ({ values }) => inlineValue(values), 'text'],
  ['Original table', ({ original }) => (original ? inlineValue(original) : '–'), 'text'],
  ['Verdict', ({ agrees }) => agrees !== undefined && (agrees ? 'agrees' : WRONG), 'text'],
];

const WRONG = html`<strong class="wrong">wrong</strong>`;
