/** Question 3 in the report: every number of one pass, beside what the original table says. */
import { type Html, html } from '../../report/escape.js';
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
<div class="scroll" role="region" aria-label="Gradient table" tabindex="0"><table class="data gradients"><thead>
<tr><th scope="col">Name</th><th scope="col" class="text">Formula</th><th scope="col" class="text">From</th>
<th scope="col" class="text">Value</th><th scope="col" class="text">Original table</th><th scope="col" class="text">Verdict</th></tr></thead>
<tbody>${entries.map(row)}</tbody></table></div>
${
  originalErrors.length > 0 &&
  html`<div class="notice"><p><strong>The original table is wrong in ${originalErrors.join(', ')}.</strong></p>
${remarks.map(({ name, remark }) => html`<p>${name}: ${remark}</p>`)}
<p><a href="#original">What else the original got wrong</a></p></div>`
}</section>`;
}

function row({ name, formula: text, derivation, values, original, agrees }: GradientEntry): Html {
  const verdict = agrees === undefined ? '' : agrees ? 'agrees' : html`<strong class="wrong">wrong</strong>`;
  return html`<tr${agrees === false && html` class="differs"`}><th scope="row">${name}</th><td class="text formula-text">${text}</td>
<td class="text"><a href="#${derivation}">${derivation}</a></td><td class="text">${inlineValue(values)}</td>
<td class="text">${original ? inlineValue(original) : '–'}</td><td class="text">${verdict}</td></tr>\n`;
}
