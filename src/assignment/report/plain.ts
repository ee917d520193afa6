/**
 * Formulas for a terminal: the LaTeX of the derivations, which keeps to few commands, as one line of text.
 * Not for LaTeX of other origin.
 */
import type { Derivation } from '../types.js';

const SYMBOLS: Readonly<Record<string, string>> = {
  sum: 'Σ',
  sigma: 'σ',
  delta: 'δ',
  top: 'ᵀ',
  odot: '⊙',
  cdot: '·',
  neq: '≠',
  in: '∈',
  times: '×',
  dots: '…',
  quad: '  ',
  ln: 'ln',
  max: 'max',
  le: '≤',
};

/** Exponents and indices that Unicode has. */
const RAISED: Readonly<Record<string, string>> = { T: 'ᵀ', ᵀ: 'ᵀ', 2: '²', '-1': '⁻¹' };

/** Ends a fraction until the whole line is there: a factor after it needs a dot. */
const END = '\u0001';

/** One formula as text. */
export function plainMath(latex: string): string {
  let text = latex
    .replace(/\\partial\s*/g, '∂')
    .replace(/\\begin\{cases\}(.*?)\\end\{cases\}/gs, (_, body: string) => {
      const cases = body.split('\\\\').map((line) => line.split('&').map((part) => part.trim()));
      return cases.map(([value, condition]) => `${value} where ${condition}`).join('; ');
    })
    .replace(/\\(?:text|mathrm|mathbf|mathbb)\{([^{}]*)\}/g, '$1');
  // From the inside out: an argument that holds no braces is done first.
  for (let before = ''; before !== text; ) {
    before = text;
    text = text
      .replace(/\\frac\{([^{}]*)\}\{([^{}]*)\}/g, (_, above: string, below: string) => {
        return `${grouped(above)}/${grouped(below)}${END}`;
      })
      .replace(/\\([a-zA-Z]+)/g, (command, name: string) => SYMBOLS[name] ?? command)
      .replace(/\^\{([^{}]*)\}/g, (_, inner: string) => raised(inner))
      .replace(/_\{([^{}]*)\}/g, (_, inner: string) => (inner.length > 2 ? `_(${inner})` : `_${inner}`));
  }
  return text
    .replaceAll(new RegExp(`${END}\\s*(?=[\\p{L}Σ∂(])`, 'gu'), ' · ')
    .replaceAll(END, '')
    .replace(/\^([ᵀ2])/g, (_, inner: string) => raised(inner))
    .replace(/\\[,;]/g, ' ')
    .replace(/[{}]/g, '')
    .replace(/(\S) {2,}/g, '$1  ')
    .trim();
}

/** A paragraph's text with its inline formulas. */
function plainProse(text: string): string {
  return text
    .split('$')
    .map((part, i) => (i % 2 === 1 ? plainMath(part) : part))
    .join('');
}

/** Derivations as lines no longer than `columns`, where words allow. */
export function plainDerivations(all: readonly Derivation[], columns: number): string[] {
  return all.flatMap(({ name, title, text, latex }) => [
    `${name}  ${title}`,
    ...text.flatMap((paragraph) => wrap(plainProse(paragraph), columns - 4).map((line) => `    ${line}`)),
    '',
    ...latex.map((formula) => `        ${plainMath(formula)}`),
    '',
  ]);
}

function grouped(text: string): string {
  const inner = text.replaceAll(END, '').trim();
  return /[ +/]/.test(inner) ? `(${inner})` : inner;
}

function raised(inner: string): string {
  return RAISED[inner.trim()] ?? (inner.length > 1 ? `^(${inner})` : `^${inner}`);
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  return line ? [...lines, line] : lines;
}
