/** Cells from values of JavaScript, for the formats that have typed values: JSON lines, NPY and Parquet. */
import { isDate } from '../arrays.js';
import { isMissing, numberOf } from './cells.js';
import type { ColumnCells } from './types.js';

export class ColumnBuilder {
  readonly #numbers: Float64Array;
  #texts: (string | undefined)[] | undefined;

  /** Holds at most `capacity` cells; those that are not set are missing. */
  constructor(capacity: number) {
    this.#numbers = new Float64Array(capacity).fill(Number.NaN);
  }

  /** Sets a cell; false when the value is none of a table: an object, an array. */
  set(row: number, value: unknown): boolean {
    switch (typeof value) {
      case 'number':
        this.#numbers[row] = value;
        return true;
      case 'bigint':
        this.#numbers[row] = Number(value);
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
    const cells = { numbers: this.#numbers.slice(0, rows), texts: this.#texts };
    this.#numbers.fill(Number.NaN);
    this.#texts = undefined;
    return cells;
  }

  /** As the same text in a CSV file is read: a model must not see a difference. */
  #setText(row: number, given: string): void {
    const text = given.trim();
    const number = numberOf(text);
    this.#numbers[row] = number;
    if (!Number.isNaN(number) || isMissing(text)) return;
    this.#texts ??= new Array<string | undefined>(this.#numbers.length).fill(undefined);
    this.#texts[row] = given;
  }
}
