/**
 * What the text of a cell means: a number, a text, or nothing. One reading for all formats, so that a model
 * trained on a CSV file can be asked about JSON lines. The fast path for numbers is the tokenizer's; here is
 * the careful one.
 */
import { OptionError, show } from '../base/errors.js';
import type { OptionReader } from '../base/options.js';
import type { CellOptions, ColumnCells } from './types.js';

export type { CellOptions } from './types.js';

/**
 * Texts that stand for a missing value unless others are named, whatever the column: those of R, pandas, SQL,
 * spreadsheets and the UCI repository.
 */
const MISSING_MARKS: readonly string[] = [
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
];
const MAX_MARKS = 1000;

// Each digit has one place in these expressions, so that a long text which is no number is refused in linear
// time.
export const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
/**
 * Numbers whose thousands are grouped by a comma, or by a point. The first group is that of the highest
 * digit.
 */
const GROUPED = {
  '.': /^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$/,
  ',': /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?$/,
};

/** Tells numbers, texts and missing values apart. */
export class CellReader {
  /** Numbers that stand for a missing value. */
  readonly missingNumbers: ReadonlySet<number>;
  readonly #decimal: '.' | ',' | undefined;
  readonly #marks: ReadonlySet<string>;
  readonly #longest: number;

  constructor({ decimal, missing = MISSING_MARKS }: CellOptions = {}) {
    this.#decimal = decimal;
    this.#marks = new Set(['', ...missing.map((mark) => mark.trim())]);
    this.#longest = Math.max(...Array.from(this.#marks, ({ length }) => length));
    const numbers = Array.from(this.#marks, (mark) => this.numberOf(mark));
    this.missingNumbers = new Set(numbers.filter((value) => !Number.isNaN(value)));
  }

  /** Number of a trimmed text that is one; NaN for every other text. `inf` and `Infinity` are numbers too. */
  numberOf(text: string): number {
    const first = text.charCodeAt(0);
    // Digits, signs and the marks are below the letters: most texts are out at once. The letter is that of
    // inf.
    if (first > 0x39 && first !== 0x69 && first !== 0x49) return Number.NaN;
    const decimal = this.#decimal;
    if (decimal !== ',') {
      if (NUMBER.test(text)) return Number(text);
      if (decimal && GROUPED[decimal].test(text)) return Number(text.replaceAll(',', ''));
    } else if (GROUPED[decimal].test(text)) {
      return Number(text.replaceAll('.', '').replace(',', '.'));
    } else if (!text.includes('.')) {
      const plain = text.replace(',', '.');
      if (NUMBER.test(plain)) return Number(plain);
    }
    const infinite = INFINITY.exec(text);
    if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return Number.NaN;
  }

  /** Whether a trimmed text stands for a missing value. */
  isMissing(text: string): boolean {
    if (text.length <= this.#longest && this.#marks.has(text)) return true;
    return this.missingNumbers.size > 0 && this.missingNumbers.has(this.numberOf(text));
  }

  /** Makes those of the numbers missing that stand for it. */
  clearMissing(numbers: Float64Array): void {
    if (this.missingNumbers.size === 0) return;
    for (let i = 0; i < numbers.length; i++) {
      if (this.missingNumbers.has(numbers[i])) numbers[i] = Number.NaN;
    }
  }
}

/** The options of cells, out of those of a table. Throws OptionError for what they cannot be. */
export function readCellOptions(where: string, reader: OptionReader): CellOptions {
  const isDecimal = (value: unknown): value is '.' | ',' => value === '.' || value === ',';
  const decimal = reader.optional('decimal', '"." or ","', isDecimal);
  const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
  const given = reader.optional('missing', 'texts such as ["NA", "-999"]', isList);
  if (!given) return { ...(decimal && { decimal }) };
  const bad = given.find((mark) => typeof mark !== 'string');
  if (bad !== undefined || given.length > MAX_MARKS) {
    const what = bad === undefined ? `at most ${MAX_MARKS} texts` : 'texts';
    throw new OptionError(where, `option missing: expected ${what}, given ${show(bad ?? given)}`);
  }
  return { ...(decimal && { decimal }), missing: given as readonly string[] };
}

/** What a table says of its cells, if anything was said. */
export function saidOfCells(cells: CellOptions): { cells?: CellOptions } {
  return cells.decimal || cells.missing ? { cells } : {};
}

/** The text by which a number is known as a category or class: 3 is `3`, as it stands in most files. */
export function nameOfNumber(value: number): string {
  return String(value);
}

/**
 * The text of a cell: as the file has it, if the chunk was asked for that. Missing cells have none, unless
 * they have a mark.
 */
export function cellText({ numbers, texts, written }: ColumnCells, index: number): string | undefined {
  const text = written?.[index] ?? texts?.[index];
  if (text !== undefined) return text;
  return Number.isNaN(numbers[index]) ? undefined : nameOfNumber(numbers[index]);
}

/** The name of a cell in a column of categories or classes; undefined where it is missing. */
export function cellName(cells: ColumnCells, index: number): string | undefined {
  return Number.isNaN(cells.numbers[index]) ? cells.texts?.[index] : cellText(cells, index);
}
