/** LaTeX into MathML, which browsers draw by themselves: the page needs neither a script nor a font for it. */
import temml from 'temml';
import { type Html, html, markup } from '../../report/escape.js';

const OPTIONS = { throwOnError: true, strict: true, trust: false } as const;

/** A formula on a line of its own. Throws Temml's ParseError for what is not LaTeX. */
export function formula(latex: string): Html {
  return html`<div class="formula">${markup(temml.renderToString(latex, { ...OPTIONS, displayMode: true }))}</div>\n`;
}

/** A paragraph's text, in which `$…$` is mathematics. */
export function prose(text: string): Html {
  return html`${text.split('$').map((part, i) => (i % 2 === 1 ? inline(part) : part))}`;
}

/** A formula within a line. */
export function inline(latex: string): Html {
  return markup(temml.renderToString(latex, OPTIONS));
}
