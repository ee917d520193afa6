/** One record of delimited text as strings: for the header, and for guessing the delimiter. Rows of data go through the tokenizer. */
import { FormatError } from '../errors.js';
import { withoutDoubled } from './csv-tokenizer.js';

const LF = 10;
const CR = 13;
const QUOTE = 34;

export interface CsvRecord {
  /** Trimmed outside quotes. */
  readonly cells: readonly string[];
  /** Place of the first byte after the record and its line end. */
  readonly next: number;
  /** Line ends in it, its own too. */
  readonly lines: number;
}

/** Delimiters that are looked for, the likeliest first. */
const DELIMITERS = [',', '\t', ';', '|'] as const;

/** Records that are compared. */
const SAMPLE = 50;

/**
 * The record that begins at `from`, blank lines before it skipped; undefined when the bytes end before it does.
 *
 * @param isLast Whether the end of the bytes is the end of the file, and of its last record.
 * @throws FormatError for bytes that are not UTF-8, a NUL byte, and a quote that is not closed.
 */
export function readRecord(
  bytes: Uint8Array,
  from: number,
  delimiter: number,
  isLast: boolean,
  name: string,
): CsvRecord | undefined {
  const cells: string[] = [];
  let p = from;
  let lines = 0;
  while (p < bytes.length && (bytes[p] === LF || bytes[p] === CR)) {
    if (bytes[p] === CR && bytes[p + 1] === LF) p++;
    p++;
    lines++;
  }
  if (p >= bytes.length) return undefined;
  for (;;) {
    while (bytes[p] === 32) p++;
    let to: number;
    let begin = p;
    let doubled = 0;
    if (bytes[p] === QUOTE) {
      begin = ++p;
      for (; p < bytes.length; p++) {
        if (bytes[p] === LF) lines++;
        if (bytes[p] !== QUOTE) continue;
        if (bytes[p + 1] !== QUOTE) break;
        doubled++;
        p++;
      }
      if (p >= bytes.length) {
        if (!isLast) return undefined;
        const place = `column ${cells.length + 1} of the header`;
        throw new FormatError(name, `${place}: the quote that opens here is never closed`);
      }
      to = p++;
    } else {
      to = -1;
    }
    while (p < bytes.length && bytes[p] !== delimiter && bytes[p] !== LF && bytes[p] !== CR) p++;
    if (p >= bytes.length && !isLast) return undefined;
    const cell = bytes.subarray(begin, to < 0 ? p : to);
    cells.push(decode(doubled > 0 ? withoutDoubled(cell, doubled) : cell, cells.length, name).trim());
    if (p < bytes.length && bytes[p] === delimiter) {
      p++;
      continue;
    }
    if (bytes[p] === CR) {
      if (p + 1 >= bytes.length && !isLast) return undefined;
      if (bytes[p + 1] === LF) p++;
    }
    return { cells, next: Math.min(p + 1, bytes.length), lines: lines + 1 };
  }
}

/** The delimiter by which the first records have equally many cells, and as many as possible. */
export function guessDelimiter(bytes: Uint8Array, isLast: boolean, name: string): string {
  let best = ',';
  let bestScore = 0;
  for (const delimiter of DELIMITERS) {
    const counts: number[] = [];
    try {
      for (let at = 0; counts.length < SAMPLE; ) {
        const record = readRecord(bytes, at, delimiter.charCodeAt(0), isLast, name);
        if (!record) break;
        counts.push(record.cells.length);
        at = record.next;
      }
    } catch {
      // Not UTF-8, or a quote left open: reading the rows will say where. The header has its say here.
    }
    const [first = 1] = counts;
    if (first < 2) continue;
    const equal = counts.filter((count) => count === first).length / counts.length;
    // Ragged rows must not hide the delimiter, nor a comma in one text make one.
    const score = equal >= 0.5 ? first + 1e6 * Math.floor(equal) : equal;
    if (score > bestScore) [best, bestScore] = [delimiter, score];
  }
  return best;
}

function decode(bytes: Uint8Array, column: number, name: string): string {
  const where = `column ${column + 1} of the header`;
  if (bytes.includes(0)) throw new FormatError(name, `${where}: expected text, given a NUL byte`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(name, `${where}: expected UTF-8; save the file as UTF-8`, { cause });
  }
}
