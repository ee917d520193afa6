/** Questions 1 and 2 in the report: the derivations as mathematics, each with an anchor of its name. */
import { type Html, html } from '../../report/escape.js';
import type { Derivation } from '../types.js';
import { formula, prose } from './mathml.js';

export function derivationSection(id: string, title: string, lead: string, all: readonly Derivation[]): Html {
  return html`<section id="${id}"><h2>${title}</h2>
<p class="lead">${lead}</p>
${all.map(derivation)}</section>`;
}

function derivation({ name, title, text, latex }: Derivation): Html {
  const last = latex.length - 1;
  return html`<article class="derivation" id="${name}"><h3><span class="number">${name}</span> ${title}</h3>
${text.map((paragraph) => html`<p>${prose(paragraph)}</p>\n`)}
<div class="formulas" role="group" aria-label="Formulas of ${name}" tabindex="0">${latex.map((source, i) =>
    i === last && last > 0 ? html`<div class="outcome">${formula(source)}</div>` : formula(source),
  )}</div></article>\n`;
}
