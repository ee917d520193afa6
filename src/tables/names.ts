/**
 * The names that a model knows in a column used as text: its categories, its two truth values, or the classes
 * of the target; and which of them a cell is.
 */
import { CellReader, nameOfNumber } from './cells.js';
import type { ColumnCells } from './types.js';

/** Pairs that are taken for no and yes, whatever their case. */
const BOOLEANS: readonly (readonly [no: string, yes: string])[] = [
  ['false', 'true'],
  ['no', 'yes'],
  ['f', 't'],
  ['n', 'y'],
  ['off', 'on'],
];

/**
 * The two truth values, in the order no and yes, when the names are spellings of them in any case: as they
 * are written where there are two of them, else in lower case. Undefined for all other names.
 */
export function truthValues(names: Iterable<string>): [no: string, yes: string] | undefined {
  const given = [...names];
  // There are 2^5 + 2^4 spellings of the longest pair.
  if (given.length < 2 || given.length > 48) return undefined;
  const folded = given.map((name) => name.toLowerCase());
  const pair = BOOLEANS.find((values) => folded.every((name) => values.includes(name)));
  if (!pair) return undefined;
  const [no, yes] = pair;
  if (!folded.includes(no) || !folded.includes(yes)) return undefined;
  if (given.length > 2) return [no, yes];
  return folded[0] === no ? [given[0], given[1]] : [given[1], given[0]];
}

/** Two names that are one number, such as 7 and 007, if there are such. */
export function twoSpellings(names: readonly string[]): [string, string] | undefined {
  const reader = new CellReader();
  const seen = new Map<number, string>();
  for (const name of names) {
    const value = reader.numberOf(name);
    // Numbers that a double does not tell apart may be different ones.
    if (Number.isNaN(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) continue;
    const before = seen.get(value);
    if (before !== undefined) return [before, name];
    seen.set(value, name);
  }
  return undefined;
}

/**
 * The spellings that a model takes for one of two names: itself, and in any of the usual cases if the two are
 * truth values.
 */
export function spellings(names: readonly [string, string], place: 0 | 1): string[] {
  const name = names[place];
  if (!truthValues(names)) return [name];
  const [lower, upper] = [name.toLowerCase(), name.toUpperCase()];
  return [...new Set([name, lower, upper, upper.slice(0, 1) + lower.slice(1)])];
}

/** What a column used as text knows. */
export interface KnownNames {
  /** All different. */
  readonly names: readonly string[];
  /**
   * Whether those that are numbers are told apart by their text, so that 007 is not 7; else by their value,
   * as in formats that have numbers, and in models of earlier versions.
   */
  readonly asWritten?: boolean | undefined;
  /** Whether the case does not matter if the names are no and yes, or the like; not that of categories. */
  readonly truth?: boolean | undefined;
}

export class NameIndex {
  readonly #places: ReadonlyMap<string, number>;
  readonly #byValue: ReadonlyMap<number, number> | undefined;
  readonly #ignoresCase: boolean;

  constructor({ names, asWritten = false, truth = false }: KnownNames) {
    this.#ignoresCase = truth && names.length === 2 && truthValues(names) !== undefined;
    this.#places = new Map(names.map((name, i) => [this.#ignoresCase ? name.toLowerCase() : name, i]));
    if (!asWritten) return;
    const byValue = new Map<number, number>();
    const reader = new CellReader();
    for (const [place, name] of names.entries()) {
      const value = reader.numberOf(name);
      // Two spellings of one number: a number without a spelling is neither.
      byValue.set(value, byValue.has(value) ? -1 : place);
    }
    this.#byValue = byValue;
  }

  /** The place of a cell's name among those known; -1 for another name, undefined for a missing cell. */
  placeOf({ numbers, texts, written }: ColumnCells, index: number): number | undefined {
    const value = numbers[index];
    if (Number.isNaN(value)) {
      const text = texts?.[index];
      return text === undefined ? undefined : this.find(text);
    }
    const text = this.#byValue && written?.[index];
    if (text !== undefined) return this.#findNumber(text);
    const place = this.find(nameOfNumber(value));
    return place < 0 ? (this.#byValue?.get(value) ?? -1) : place;
  }

  /** The place of a name that is no number; -1 for another. */
  find(name: string): number {
    return this.#places.get(this.#ignoresCase ? name.toLowerCase() : name) ?? -1;
  }

  /**
   * A whole number with a fraction of zeros is the number: programs write 7 as 7.0 once a column has a
   * missing cell.
   */
  #findNumber(text: string): number {
    const place = this.find(text);
    if (place >= 0 || !/^-?\d+\.0+$/.test(text)) return place;
    return this.find(text.slice(0, text.indexOf('.')));
  }
}
