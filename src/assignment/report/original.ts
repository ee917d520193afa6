/**
 * What the original assignment got wrong: each point with the right formula, and the code of the forms beside
 * it.
 */
import { code } from '../../../build/assignment.js';
import { type Html, html } from '../../report/escape.js';
import { count, percent, plural } from '../../report/format.js';
import { type ExcerptName, excerpts } from './excerpts.js';
import { formula, prose } from './mathml.js';
import { type Topic, topics } from './original-topics.js';
import type { AssignmentReport } from './types.js';
import { plusMinus, power } from './words.js';

export function originalSection(report: AssignmentReport): Html {
  return html`<section id="original"><h2>What the original got wrong</h2>
<p class="lead">The errors of the original assignment that are known, and how each is right here. The code is this package’s own, cut
out of its source when it was built.</p>
${topics.map((topic) => article(topic, report))}</section>`;
}

function article(topic: Topic, report: AssignmentReport): Html {
  const { id, title, original, right, latex, derivations, code: names } = topic;
  const links = derivations.map((name, i) => html`${i > 0 && ', '}<a href="#${name}">${name}</a>`);
  const source = links.length > 0 && html` From ${links}.`;
  return html`<article class="topic" id="original-${id}"><h3>${title}</h3>
<p><strong class="wrong">Original.</strong> ${prose(original)}</p>
${right.map((text) => html`<p><strong>Here.</strong> ${prose(text)}${source}</p>\n`)}
<p>${measured(id, report)}</p>
<div class="beside"><div class="formulas" role="group" aria-label="Formulas: ${title}" tabindex="0">${latex.map(formula)}</div>
<div class="codes">${names.map(excerpt)}</div></div></article>\n`;
}

/** Code as it stands in the source. */
function excerpt(name: ExcerptName): Html {
  const { title, file } = excerpts[name];
  return html`<figure class="code"><figcaption>${title} <span>${file}</span></figcaption>
<pre tabindex="0" role="region" aria-label="${title}, ${file}"><code>${code[name]}</code></pre></figure>\n`;
}

/** What this report has measured of a point. */
function measured(id: Topic['id'], { table, tensor, batched, forms, experiments }: AssignmentReport): Html {
  switch (id) {
    case 'dy': {
      const compared = table.entries.filter(({ original }) => original);
      const agreeing = compared.filter(({ agrees }) => agrees).length;
      return html`${agreeing} of the ${compared.length} rows of the table agree with the <a href="#q3">computed values</a>.`;
    }
    case 'descent': {
      const last = forms.steps;
      return html`Updated so, all ${forms.forms.length} implementations have the same losses over ${plural(last, 'step')}, within ${power(forms.maxRelativeDifference)} relative (<a href="#q6">question 6</a>).`;
    }
    case 'jacobian':
      return html`On ${count(tensor.fused.images)} images the product with the Jacobian and ${prose('$y - t$')} differ by at most ${power(tensor.fused.maxDeviation)} (<a href="#q5">question 5</a>).`;
    case 'batches': {
      const { perSample, asMatrix } = batched.maxRelative;
      return html`The batch’s gradients differ from the average of single images’ by at most ${power(Math.max(perSample, asMatrix))} relative; rounding is allowed ${power(batched.tolerance)} (<a href="#q6">question 6</a>).`;
    }
    case 'experiments': {
      const { final, plan, runs } = experiments;
      return html`Here: ${plural(runs, 'run')}, ${plural(plan.compareSeeds.length, 'seed')} for each rate and batch size, ${plural(final.seeds.length, 'seed')} of the final network, which reads ${plusMinus(final.accuracy, 2, 100)} % of the test images correctly (<a href="#final">the final network</a>); each seed’s own: ${final.accuracies.map((value, i) => html`${i > 0 && ', '}${percent(value)}`)}.`;
    }
  }
}
