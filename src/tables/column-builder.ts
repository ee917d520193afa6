/** Cells from values of JavaScript, for the formats that have typed values: JSON lines, NPY and Parquet. */
import { isDate } from '../base/arrays.js';
import type { CellReader } from './cells.js';
import type { ColumnCells } from './types.js';

export class ColumnBuilder {
  readonly #numbers: Float64Array;
  readonly #cells: CellReader;
  readonly #keepsWritten: boolean;
  #texts: (string | undefined)[] | undefined;
  #written: (string | undefined)[] | undefined;

  /** Holds at most `capacity` cells; those that are not set are missing. `written`: see ColumnCells. */
  constructor(capacity: number, cells: CellReader, written = false) {
    this.#numbers = new Float64Array(capacity).fill(Number.NaN);
    this.#cells = cells;
    this.#keepsWritten = written;
  }

  /** Sets a cell; false when the value is none of a table: an object, an array. */
  set(row: number, value: unknown): boolean {
    switch (typeof value) {
      case 'number':
        this.#setNumber(row, value);
        return true;
      case 'bigint':
        // A double would round it.
        if (!Number.isSafeInteger(Number(value))) this.#setText(row, String(value));
        else this.#setNumber(row, Number(value));
        return true;
      case 'boolean':
        this.#setText(row, value ? 'true' : 'false');
        return true;
      case 'string':
        this.#setText(row, value);
        return true;
      case 'undefined':
        return true;
      default:
        if (value === null) return true;
        if (!isDate(value) || Number.isNaN(value.getTime())) return false;
        // A date without a time of day is written as one.
        this.#setText(row, value.toISOString().replace('T00:00:00.000Z', ''));
        return true;
    }
  }

  /** The first `rows` cells. The arrays are the caller's: the builder has new ones. */
  take(rows: number): ColumnCells {
    const written = this.#written && { written: this.#written };
    const cells = { numbers: this.#numbers.slice(0, rows), texts: this.#texts, ...written };
    this.#numbers.fill(Number.NaN);
    this.#texts = undefined;
    this.#written = undefined;
    return cells;
  }

  #setNumber(row: number, value: number): void {
    if (this.#cells.missingNumbers.has(value)) this.#keepWritten(row, String(value));
    else this.#numbers[row] = value;
  }

  /** As the same text in a CSV file is read: a model must not see a difference. */
  #setText(row: number, given: string): void {
    const text = given.trim();
    this.#keepWritten(row, given);
    if (this.#cells.isMissing(text)) return;
    const number = this.#cells.numberOf(text);
    this.#numbers[row] = number;
    if (!Number.isNaN(number)) return;
    this.#texts ??= new Array<string | undefined>(this.#numbers.length).fill(undefined);
    this.#texts[row] = given;
  }

  #keepWritten(row: number, given: string): void {
    if (!this.#keepsWritten) return;
    this.#written ??= new Array<string | undefined>(this.#numbers.length).fill(undefined);
    this.#written[row] = given;
  }
}
