/**
 * What the first pass learns of a column: how many cells are numbers, texts or missing, which values, and
 * where the odd ones stand.
 */
import { nameOfNumber } from './cells.js';
import { DateProfile } from './date-profile.js';
import { Moments } from './moments.js';
import { placeIn } from './place.js';
import type { ColumnCells, TableChunk } from './types.js';

/** Different values of a column that are told apart; with more it is a text, or a number. */
export const MAX_CATEGORIES = 10_000;
/** The same for numbers, which are categories only where texts stand among them or someone says so. */
const MAX_NUMBER_CATEGORIES = 256;

export interface Counts {
  all: number;
  train: number;
}

export interface OddCell {
  readonly place: string;
  readonly value: string;
}

export class ColumnProfile {
  readonly name: string;
  numbers = 0;
  texts = 0;
  missing = 0;
  /** Of the rows that train. */
  missingInTraining = 0;
  firstNumber: OddCell | undefined;
  firstText: OddCell | undefined;
  firstMissing: OddCell | undefined;
  firstInfinite: OddCell | undefined;
  firstFraction: OddCell | undefined;
  /** A list or an object. */
  firstNested: OddCell | undefined;
  /** Whether all cells are lists and objects, as far as there are any. */
  onlyNested = true;
  /** Of the numbers that train. */
  readonly moments = new Moments();
  readonly dates = new DateProfile<OddCell>();
  /** Each number is the one before plus 1. */
  consecutive = true;
  /** By name: texts, and numbers that are known as they are written. Undefined when there are too many. */
  values: Map<string, Counts> | undefined = new Map();
  /** Whether there are such numbers. */
  asWritten = false;
  readonly #numberValues = new Map<number, Counts>();
  readonly #maxNumbers: number;
  #countsNumbers = true;
  #last = Number.NaN;

  constructor(name: string, maxNumbers = MAX_NUMBER_CATEGORIES) {
    this.name = name;
    this.#maxNumbers = maxNumbers;
  }

  /** Whether the cells are whole numbers, each the one before plus 1. */
  get numbersRows(): boolean {
    const isWhole = !this.firstFraction && !this.firstInfinite && !this.firstNested;
    return this.consecutive && isWhole && this.numbers > 2 && this.numbers === this.rows;
  }

  get rows(): number {
    return this.numbers + this.texts + this.missing;
  }

  /** Names of numbers and texts with their counts; undefined when there are too many. */
  get categories(): Map<string, Counts> | undefined {
    if (!this.values || !this.#countsNumbers) return undefined;
    const all = new Map(this.values);
    for (const [value, { all: rows, train }] of this.#numberValues) {
      const name = nameOfNumber(value);
      // A format may have the number and the text.
      const text = all.get(name) ?? { all: 0, train: 0 };
      all.set(name, { all: rows + text.all, train: train + text.train });
    }
    return all.size <= MAX_CATEGORIES ? all : undefined;
  }

  /** Whether more than one number or text is in the column. */
  get varies(): boolean {
    const categories = this.categories;
    return categories === undefined || categories.size > 1;
  }

  add(chunk: TableChunk, cells: ColumnCells, parts: Uint8Array): void {
    const { nested } = cells;
    if (nested) {
      this.firstNested ??= this.#odd(chunk, nested.index, nested.given);
      this.onlyNested &&= nested.only;
      return;
    }
    const { numbers, texts } = cells;
    this.moments.add(numbers, parts);
    let found = 0;
    for (let i = 0; i < numbers.length; i++) {
      const value = numbers[i];
      if (Number.isNaN(value)) continue;
      found++;
      // Not finite, and not NaN.
      if (value - value !== 0) this.firstInfinite ??= this.#odd(chunk, i, value);
      if (this.consecutive && value !== this.#last + 1 && !Number.isNaN(this.#last)) this.consecutive = false;
      this.#last = value;
    }
    if (found > 0 && (!this.firstNumber || !this.firstFraction)) this.#look(chunk, numbers);
    if (found > 0) this.#countNumbers(cells, parts);
    this.numbers += found;
    if (found === chunk.rows) return;
    this.#addOthers(chunk, cells, parts, texts);
  }

  #addOthers(
    chunk: TableChunk,
    { numbers, written }: ColumnCells,
    parts: Uint8Array,
    texts: ColumnCells['texts'],
  ): void {
    for (let i = 0; i < numbers.length; i++) {
      const value = numbers[i];
      if (!Number.isNaN(value)) continue;
      const text = texts?.[i];
      if (text === undefined) {
        this.missing++;
        if (parts[i] === 0) this.missingInTraining++;
        this.firstMissing ??= this.#odd(chunk, i, written?.[i] ?? '');
        continue;
      }
      this.texts++;
      this.firstText ??= this.#odd(chunk, i, text);
      this.dates.add(text, chunk.rows, i, () => this.#odd(chunk, i, text));
      this.#countName(text, parts[i]);
    }
    this.dates.endChunk(parts);
  }

  #countName(name: string, part: number): void {
    if (!this.values) return;
    const counts = this.values.get(name);
    if (counts) {
      counts.all++;
      if (part === 0) counts.train++;
    } else {
      this.values.set(name, { all: 1, train: part === 0 ? 1 : 0 });
      if (this.values.size > MAX_CATEGORIES) this.values = undefined;
    }
  }

  #countNumbers({ numbers, written }: ColumnCells, parts: Uint8Array): void {
    if (!this.#countsNumbers) return;
    const seen = this.#numberValues;
    let last: Counts | undefined;
    let lastValue = Number.NaN;
    for (let i = 0; i < numbers.length; i++) {
      const value = numbers[i];
      if (Number.isNaN(value)) continue;
      const name = written?.[i];
      if (name !== undefined) {
        this.asWritten = true;
        this.#countName(name, parts[i]);
        continue;
      }
      // Sorted columns, and those of zeros, repeat themselves.
      let counts = value === lastValue ? last : seen.get(value);
      if (!counts) {
        if (seen.size === this.#maxNumbers) {
          this.#countsNumbers = false;
          seen.clear();
          return;
        }
        counts = { all: 0, train: 0 };
        seen.set(value, counts);
      }
      counts.all++;
      if (parts[i] === 0) counts.train++;
      last = counts;
      lastValue = value;
    }
  }

  /** Finds the first number, and the first that is not whole. */
  #look(chunk: TableChunk, numbers: Float64Array): void {
    for (let i = 0; i < numbers.length; i++) {
      const value = numbers[i];
      if (Number.isNaN(value)) continue;
      this.firstNumber ??= this.#odd(chunk, i, value);
      if (Number.isInteger(value)) continue;
      this.firstFraction ??= this.#odd(chunk, i, value);
      return;
    }
  }

  #odd(chunk: TableChunk, index: number, value: string | number): OddCell {
    return { place: placeIn(chunk, index, this.name), value: String(value) };
  }
}
