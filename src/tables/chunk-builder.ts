/** Fills chunks with values of JavaScript, for the formats that have typed values: JSON lines, Parquet. */
import { FormatError, show } from '../errors.js';
import { isMissing, numberOf } from './cells.js';
import { cellPlace } from './place.js';
import { chunkRows, type TableChunk } from './types.js';

export class ChunkBuilder {
  readonly #name: string;
  readonly #columns: readonly string[];
  readonly #capacity: number;
  readonly #numbers: Float64Array[];
  readonly #texts: ((string | undefined)[] | undefined)[];
  readonly #lines: Float64Array | undefined;
  #before = 0;
  #rows = 0;

  constructor(name: string, columns: readonly string[], hasLines: boolean) {
    this.#name = name;
    this.#columns = columns;
    this.#capacity = chunkRows(columns.length);
    this.#numbers = columns.map(() => new Float64Array(this.#capacity).fill(Number.NaN));
    this.#texts = columns.map(() => undefined);
    this.#lines = hasLines ? new Float64Array(this.#capacity) : undefined;
  }

  /** Places a value in the row at hand; what is not placed is missing. */
  set(column: number, value: unknown): void {
    const numbers = this.#numbers[column];
    const row = this.#rows;
    switch (typeof value) {
      case 'number':
        numbers[row] = value;
        return;
      case 'bigint':
        numbers[row] = Number(value);
        return;
      case 'boolean':
        this.#setText(column, value ? 'true' : 'false');
        return;
      case 'string':
        this.#setText(column, value);
        return;
      case 'undefined':
        return;
      default:
        if (value === null) return;
        if (value instanceof Date && !Number.isNaN(value.getTime())) {
          this.#setText(column, value.toISOString());
          return;
        }
        throw new FormatError(
          this.#name,
          `${this.place(column)}: expected a number, a text, true, false or null, given ${show(value)}`,
        );
    }
  }

  /** Of a cell in the row at hand, for messages. */
  place(column?: number): string {
    const row = this.#before + this.#rows + 1;
    const name = column === undefined ? undefined : this.#columns[column];
    return cellPlace(row, this.#lines?.[this.#rows], name);
  }

  /** The line of the row at hand. */
  set line(line: number) {
    if (this.#lines) this.#lines[this.#rows] = line;
  }

  /** Ends the row at hand; true when the chunk is full and has to be taken. */
  endRow(): boolean {
    this.#rows++;
    return this.#rows === this.#capacity;
  }

  /** The rows since the last call; undefined when there are none. The arrays are the caller's. */
  take(): TableChunk | undefined {
    const rows = this.#rows;
    if (rows === 0) return undefined;
    const columns = this.#numbers.map((numbers, column) => ({
      numbers: numbers.slice(0, rows),
      texts: this.#texts[column],
    }));
    const chunk = {
      rows,
      firstRow: this.#before + 1,
      ...(this.#lines && { lines: this.#lines.slice(0, rows) }),
      columns,
    };
    for (const numbers of this.#numbers) numbers.fill(Number.NaN);
    this.#texts.fill(undefined);
    this.#before += rows;
    this.#rows = 0;
    return chunk;
  }

  /** As the same text in a CSV file is read: a model must not see a difference. */
  #setText(column: number, given: string): void {
    const text = given.trim();
    const number = numberOf(text);
    if (!Number.isNaN(number)) {
      this.#numbers[column][this.#rows] = number;
      return;
    }
    if (isMissing(text)) return;
    let texts = this.#texts[column];
    if (!texts) {
      texts = new Array<string | undefined>(this.#capacity).fill(undefined);
      this.#texts[column] = texts;
    }
    texts[this.#rows] = given;
  }
}
