/**
 * Records of delimited text into columns of numbers and texts: the loop in which a large table spends its
 * time. It works on bytes, makes no string for a number, and decodes a text only when it was not among the
 * last ones seen. It opens no file, guesses nothing and knows no types.
 *
 * A number of up to 15 digits is correctly rounded as a double (W. Clinger, 1990: a product or quotient of
 * two exact doubles). One of 16 to 18 digits is within 2^-51 of it and correctly rounded as a float32, which
 * is checked; all others go to Number().
 */
import { FormatError, show } from '../base/errors.js';
import type { CellReader } from './cells.js';
import { type CellText, TextCache, withoutDoubled } from './csv-texts.js';
import { cellPlace } from './place.js';
import type { TableChunk } from './types.js';

const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const PLUS = 43;
const MINUS = 45;
const ZERO = 48;
const UPPER_E = 69;
const LOWER_E = 101;

/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

export interface TokenizerOptions {
  /** The file's, for messages. */
  name: string;
  columns: readonly string[];
  /** Bytes. */
  delimiter: number;
  decimalPoint: number;
  /** With which lines begin that are left out; -1 when none does. */
  comment: number;
  /** Whether a delimiter may stand behind the last cell of a row. */
  trailing: boolean;
  /** Rows of a chunk. */
  capacity: number;
  /** Of the first record that will be read, from 1. */
  firstLine: number;
  cells: CellReader;
  /** Columns whose cells are kept as they are written, too: see ColumnCells. */
  written?: readonly string[] | undefined;
}

export class CsvTokenizer {
  readonly #name: string;
  readonly #columns: readonly string[];
  readonly #delimiter: number;
  readonly #point: number;
  readonly #comment: number;
  readonly #trailing: boolean;
  readonly #capacity: number;
  /** Column after column, `capacity` numbers each. */
  readonly #numbers: Float64Array;
  readonly #lines: Float64Array;
  readonly #texts: ((string | undefined)[] | undefined)[];
  /** Of the columns whose cells are kept as they are written. */
  readonly #written: ((string | undefined)[] | undefined)[];
  readonly #cells: CellReader;
  readonly #textCache: TextCache;
  #line: number;
  /** Rows given out in earlier chunks. */
  #before = 0;
  #rows = 0;

  constructor(options: TokenizerOptions) {
    const { name, columns, delimiter, decimalPoint, comment, trailing, capacity, firstLine, cells } = options;
    this.#name = name;
    this.#columns = columns;
    this.#delimiter = delimiter;
    this.#point = decimalPoint;
    this.#comment = comment;
    this.#trailing = trailing;
    this.#capacity = capacity;
    this.#line = firstLine;
    this.#numbers = new Float64Array(columns.length * capacity);
    this.#lines = new Float64Array(capacity);
    this.#texts = new Array(columns.length).fill(undefined);
    this.#cells = cells;
    this.#textCache = new TextCache(cells);
    const kept = new Set(options.written);
    this.#written = columns.map((column) =>
      kept.has(column) ? new Array(capacity).fill(undefined) : undefined,
    );
  }

  get isFull(): boolean {
    return this.#rows === this.#capacity;
  }

  /** Of the record that comes next, for messages. */
  get place(): string {
    return cellPlace(this.#before + this.#rows + 1, this.#line);
  }

  /** The rows read since the last call; undefined when there are none. */
  take(): TableChunk | undefined {
    const rows = this.#rows;
    if (rows === 0) return undefined;
    const columns = this.#columns.map((_, column) => {
      const start = column * this.#capacity;
      const numbers = this.#numbers.subarray(start, start + rows);
      this.#cells.clearMissing(numbers);
      const written = this.#written[column];
      return { numbers, texts: this.#texts[column], ...(written && { written }) };
    });
    const chunk = { rows, firstRow: this.#before + 1, lines: this.#lines.subarray(0, rows), columns };
    this.#texts.fill(undefined);
    this.#before += rows;
    this.#rows = 0;
    return chunk;
  }

  /**
   * Reads whole records of bytes[from, end) until the chunk is full; returns the place of the first byte that
   * was not used. Unless `isLast`, a record that touches the end is left for later. bytes[end] must exist: it
   * is set to a line feed.
   *
   * @throws FormatError for a record of another number of cells, a quote that is misplaced or never closed, a
   * NUL byte, and bytes that are not UTF-8.
   */
  read(bytes: Uint8Array, from: number, end: number, isLast: boolean): number {
    const delimiter = this.#delimiter;
    const point = this.#point;
    const capacity = this.#capacity;
    const numbers = this.#numbers;
    const written = this.#written;
    const columns = this.#columns.length;
    bytes[end] = LF;
    let p = from;
    while (this.#rows < capacity && p < end) {
      const first = bytes[p];
      if (first === LF || first === CR) {
        if (first === CR && bytes[p + 1] === LF) {
          if (p + 1 >= end && !isLast) return p;
          p++;
        }
        p++;
        this.#line++;
        continue;
      }
      if (first === this.#comment) {
        let q = p;
        while (bytes[q] !== LF && bytes[q] !== CR) q++;
        if (q >= end && !isLast) return p;
        // What is left of it is a blank line.
        p = q;
        continue;
      }
      const record = p;
      const recordLine = this.#line;
      const row = this.#rows;
      let column = 0;
      for (;;) {
        let c = bytes[p];
        while (c === SPACE) c = bytes[++p];
        let q = p;
        const negative = c === MINUS;
        if (negative || c === PLUS) c = bytes[++q];
        // Up to nine significant digits in `high`, nine more in `low`; `count` is their number, from the
        // first that is not 0.
        let high = 0;
        let low = 0;
        let count = 0;
        let begin = q;
        let digit = c - ZERO;
        while (digit >= 0 && digit <= 9) {
          if (count < 9) {
            high = (high * 10 + digit) | 0;
            if (high !== 0) count++;
          } else {
            low = (low * 10 + digit) | 0;
            count++;
          }
          c = bytes[++q];
          digit = c - ZERO;
        }
        let digits = q - begin;
        let exponent = 0;
        if (c === point) {
          c = bytes[++q];
          begin = q;
          digit = c - ZERO;
          while (digit >= 0 && digit <= 9) {
            if (count < 9) {
              high = (high * 10 + digit) | 0;
              if (high !== 0) count++;
            } else {
              low = (low * 10 + digit) | 0;
              count++;
            }
            c = bytes[++q];
            digit = c - ZERO;
          }
          digits += q - begin;
          exponent = begin - q;
        }
        if (digits > 0 && (c === LOWER_E || c === UPPER_E)) {
          c = bytes[++q];
          const down = c === MINUS;
          if (down || c === PLUS) c = bytes[++q];
          begin = q;
          let value = 0;
          digit = c - ZERO;
          while (digit >= 0 && digit <= 9) {
            // Far out of the fast path's range, and no overflow.
            if (value < 10_000) value = value * 10 + digit;
            c = bytes[++q];
            digit = c - ZERO;
          }
          if (q === begin) digits = 0;
          exponent += down ? -value : value;
        }
        while (c === SPACE) c = bytes[++q];

        let value = Number.NaN;
        let isFast =
          digits > 0 &&
          (c === delimiter || c === LF || c === CR) &&
          count <= 18 &&
          exponent >= -22 &&
          exponent <= 22;
        if (isFast) {
          const mantissa = count <= 9 ? high : high * POWERS[count - 9] + low;
          value = exponent < 0 ? mantissa / POWERS[-exponent] : mantissa * POWERS[exponent];
          if (count > 15) {
            const error = value * 2 ** -50;
            isFast = Math.fround(value - error) === Math.fround(value + error);
          }
          if (negative) value = -value;
        }
        if (
          column === columns &&
          (q < end || isLast) &&
          !(this.#trailing && (c === LF || c === CR) && q === p)
        ) {
          this.#failRagged(bytes, record, end, isLast);
        }
        if (isFast) {
          if (q >= end && !isLast) break;
          if (column < columns) {
            numbers[column * capacity + row] = value;
            if (written[column]) this.#keepWritten(bytes, p, q, row, column);
          }
        } else {
          q = this.#readOther(bytes, p, end, isLast, row, column);
          if (q < 0) break;
          c = bytes[q];
        }
        column++;
        p = q + 1;
        if (c === delimiter) continue;
        if (c === CR) {
          if (p >= end && !isLast) break;
          if (bytes[p] === LF) p++;
        }
        if (column < columns) this.#failRagged(bytes, record, end, isLast);
        // The record is whole.
        this.#lines[row] = recordLine;
        this.#line++;
        this.#rows = row + 1;
        column = -1;
        break;
      }
      if (column >= 0) {
        // It goes on in bytes that are not here yet.
        this.#line = recordLine;
        return record;
      }
    }
    return Math.min(p, end);
  }

  /**
   * A cell that is no plain number: from its first byte that is no space. Returns the place of what ends it,
   * or -1.
   */
  #readOther(
    bytes: Uint8Array,
    from: number,
    end: number,
    isLast: boolean,
    row: number,
    column: number,
  ): number {
    if (bytes[from] === QUOTE) return this.#readQuoted(bytes, from, end, isLast, row, column);
    const delimiter = this.#delimiter;
    let q = from;
    let c = bytes[q];
    while (c !== delimiter && c !== LF && c !== CR) c = bytes[++q];
    if (q >= end && !isLast) return -1;
    let to = q;
    while (to > from && bytes[to - 1] === SPACE) to--;
    this.#store(bytes.subarray(from, to), row, column);
    return q;
  }

  #readQuoted(
    bytes: Uint8Array,
    from: number,
    end: number,
    isLast: boolean,
    row: number,
    column: number,
  ): number {
    const openLine = this.#line;
    let lines = 0;
    let doubled = 0;
    let q = from + 1;
    for (; q < end; q++) {
      const c = bytes[q];
      if (c === LF) lines++;
      if (c !== QUOTE) continue;
      if (bytes[q + 1] !== QUOTE || q + 1 >= end) break;
      doubled++;
      q++;
    }
    if (q >= end) {
      if (isLast) this.#fail(row, openLine, column, 'the quote that opens here is never closed');
      return -1;
    }
    const close = q++;
    while (bytes[q] === SPACE) q++;
    if (q >= end && !isLast) return -1;
    const after = bytes[q];
    if (after !== this.#delimiter && after !== LF && after !== CR) {
      const problem = `expected the delimiter after the closing quote, given ${show(String.fromCharCode(after))}`;
      this.#fail(row, openLine, column, `${problem}; a quote within quotes is written twice`);
    }
    const content = bytes.subarray(from + 1, close);
    this.#store(doubled > 0 ? withoutDoubled(content, doubled) : content, row, column);
    this.#line += lines;
    return q;
  }

  /** Puts a cell's text where it belongs: among the numbers, the texts, or the missing. */
  #store(bytes: Uint8Array, row: number, column: number): void {
    if (column >= this.#columns.length) return;
    const at = column * this.#capacity + row;
    const written = this.#written[column];
    if (bytes.length === 0) {
      this.#numbers[at] = Number.NaN;
      if (written) written[row] = undefined;
      return;
    }
    const cached = this.#lookUp(bytes, row, column);
    this.#numbers[at] = cached.number;
    if (written) written[row] = cached.text;
    if (!cached.isText) return;
    const texts = this.#texts[column] ?? new Array<string | undefined>(this.#capacity).fill(undefined);
    this.#texts[column] = texts;
    texts[row] = cached.text;
  }

  /** Of a number that ends at `to`, or with blanks before it. */
  #keepWritten(bytes: Uint8Array, from: number, to: number, row: number, column: number): void {
    let end = to;
    while (bytes[end - 1] === SPACE) end--;
    const written = this.#written[column];
    if (written) written[row] = this.#lookUp(bytes.subarray(from, end), row, column).text;
  }

  #lookUp(bytes: Uint8Array, row: number, column: number): CellText {
    const found = this.#textCache.get(bytes);
    return typeof found === 'string' ? this.#fail(row, this.#line, column, found) : found;
  }

  #fail(row: number, line: number, column: number, problem: string): never {
    const name = this.#columns[column] ?? String(column + 1);
    throw new FormatError(this.#name, `${cellPlace(this.#before + row + 1, line, name)}: ${problem}`);
  }

  #failRagged(bytes: Uint8Array, from: number, end: number, isLast: boolean): never {
    // Counted as plain text: where quotes are at fault the number is a hint.
    let cells = 1;
    let quoted = false;
    let q = from;
    for (; q < end; q++) {
      const c = bytes[q];
      if (c === QUOTE) quoted = !quoted;
      else if (!quoted && (c === LF || c === CR)) break;
      else if (!quoted && c === this.#delimiter) cells++;
    }
    const atLeast = q >= end && !isLast ? 'at least ' : '';
    const expected = `expected ${this.#columns.length} cells, as in the header`;
    const isShort = atLeast === '' && cells < this.#columns.length;
    const missing = isShort ? `; column ${show(this.#columns[cells])} is missing` : '';
    throw new FormatError(this.#name, `${this.place}: ${expected}, given ${atLeast}${cells}${missing}`);
  }
}
