/** The top of a page: what it is of, its largest number, and the figures one asks for first. */
import { type Html, html, type Part } from './escape.js';
import { date } from './format.js';

export interface Figure {
  readonly name: string;
  /** Absent where there is nothing to tell but the name. */
  readonly value?: Part;
  readonly unit?: string | undefined;
  readonly note?: Part;
}

export interface HeaderParts {
  /** Such as 'training report'. */
  readonly kind: string;
  /** ISO date. */
  readonly createdAt: string;
  readonly title: string;
  /** What stands below the title. */
  readonly notices: Part;
  readonly main: Figure;
  readonly figures: readonly Figure[];
  /** What made it, after a word for that. */
  readonly engine: readonly [word: string, text: string | undefined];
}

export function pageHeader(parts: HeaderParts): Html {
  const { kind, createdAt, title, notices, main, figures, engine } = parts;
  const [word, text] = engine;
  return html`<header>
<p class="eyebrow"><span>lanegrad <span aria-hidden="true">/</span> ${kind}</span> <time datetime="${createdAt}">${date(createdAt)}</time></p>
<h1>${title}</h1>
${notices}
<div class="summary">
<div class="hero"><p class="name">${main.name}</p>
${main.value && html`<p class="value">${main.value}${main.unit && html`<span class="unit">\u00a0${main.unit}</span>`}</p>`}
${main.note && html`<p class="note">${main.note}</p>`}</div>
${keyFigures(figures)}
</div>
${text && html`<p class="engine"><span>${word}</span> ${text}</p>`}
</header>`;
}

/** Names over numbers, side by side. */
export function keyFigures(figures: readonly Figure[]): Html {
  return html`<dl class="figures">${figures.map(
    ({ name, value, unit, note }) =>
      html`<div><dt>${name}</dt><dd>${value}${unit && html` <span class="unit">${unit}</span>`}${note && html`<span class="note">${note}</span>`}</dd></div>\n`,
  )}</dl>`;
}
