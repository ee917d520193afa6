/**
 * What the text of a cell means: a number, a text, or nothing. One reading for all formats, so that a model trained on a CSV
 * file can be asked about JSON lines. The fast path for numbers is the tokenizer's; here is the careful one.
 */

/**
 * Texts that stand for a missing value, whatever the column: those of R, pandas, SQL, spreadsheets and the UCI repository.
 */
const MISSING: ReadonlySet<string> = new Set([
  '',
  'NA',
  'N/A',
  'n/a',
  '#N/A',
  '<NA>',
  'NaN',
  'nan',
  'NAN',
  'null',
  'NULL',
  'None',
  '?',
]);

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITY = /^([+-]?)inf(inity)?$/i;

/** Number of a text that is one; NaN for every other text. `inf` and `Infinity` are numbers too. */
export function numberOf(text: string): number {
  const first = text.charCodeAt(0);
  // Digits, signs and the point are below the letters: most texts are out at once. The letter is that of inf.
  if (first > 0x39 && first !== 0x69 && first !== 0x49) return Number.NaN;
  if (NUMBER.test(text)) return Number(text);
  const infinite = INFINITY.exec(text);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number.NaN;
}

export function isMissing(text: string): boolean {
  return text.length <= 4 && MISSING.has(text);
}

/** The text by which a number is known as a category or class: 3 is `3`, as it stands in most files. */
export function nameOfNumber(value: number): string {
  return String(value);
}
