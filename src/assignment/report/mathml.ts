/**
 * Mathematics as MathML, which browsers set themselves: the page needs neither a script nor a font for it.
 * Formulas were typeset when the package was built (formulas.ts); matrices of computed numbers are made here.
 */
import { mathml } from '../../../build/assignment.js';
import { DataError, show } from '../../base/errors.js';
import { type Html, html, markup } from '../../report/escape.js';

/** A formula on a line of its own. Throws DataError for one that is not in formulas.ts. */
export function formula(latex: string): Html {
  return html`<div class="formula">${typeset('display', latex)}</div>\n`;
}

/** A paragraph's text, in which `$…$` is mathematics. */
export function prose(text: string): Html {
  return html`${text.split('$').map((part, i) => (i % 2 === 1 ? inline(part) : part))}`;
}

/** A formula within a line. Throws DataError for one that is not in formulas.ts. */
export function inline(latex: string): Html {
  return typeset('inline', latex);
}

function typeset(kind: keyof typeof mathml, latex: string): Html {
  if (Object.hasOwn(mathml[kind], latex)) return markup(mathml[kind][latex]);
  throw new DataError('formula', `expected one that the package was built with, given ${show(latex)}`);
}

type Rows = readonly (readonly number[])[];

/** A number, or the rows of a matrix, within a line. */
export function inlineValue(rows: Rows): Html {
  return html`<math>${rows.length === 1 && rows[0].length === 1 ? number(rows[0][0]) : matrix(rows)}</math>`;
}

/** `x = […], W = […]` on a line of its own. */
export function equations(all: readonly (readonly [name: string, rows: Rows])[]): Html {
  const gap = html`<mo separator="true">,</mo><mspace width="1em"></mspace>`;
  return html`<div class="formula"><math display="block" class="tml-display"><mrow>${all.map(
    ([name, rows], i) => html`${i > 0 && gap}<mi>${name}</mi><mo>=</mo>${matrix(rows)}`,
  )}</mrow></math></div>\n`;
}

function matrix(rows: Rows): Html {
  return html`<mrow><mo fence="true" form="prefix" stretchy="true">[</mo><mtable>${rows.map(
    (row) => html`<mtr>${row.map((value) => html`<mtd>${number(value)}</mtd>`)}</mtr>`,
  )}</mtable><mo fence="true" form="postfix" stretchy="true">]</mo></mrow>`;
}

/** Up to six decimals; never -0. */
function number(value: number): Html {
  const text = String(Number(Math.abs(value).toFixed(6)));
  const sign = value < 0 && text !== '0' && html`<mo form="prefix" stretchy="false">−</mo>`;
  return html`<mrow>${sign}<mn>${text}</mn></mrow>`;
}
