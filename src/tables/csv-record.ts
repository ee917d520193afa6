/**
 * One record of delimited text as strings: for the header, and for guessing the delimiter. Rows of data go
 * through the tokenizer.
 */
import { FormatError } from '../base/errors.js';
import { withoutDoubled } from './csv-texts.js';

const LF = 10;
const CR = 13;
const QUOTE = 34;

export interface CsvRecord {
  /** Trimmed outside quotes. No more of them than were asked for. */
  readonly cells: readonly string[];
  /** All of them. */
  readonly count: number;
  /** Place of the first byte after the record and its line end. */
  readonly next: number;
  /** Lines before it that are blank or comments. */
  readonly before: number;
  /** Line ends up to its own, this one too. */
  readonly lines: number;
}

export interface RecordOptions {
  /** Bytes; a comment of -1 is none. */
  readonly delimiter: number;
  readonly comment: number;
  /** Whether the end of the bytes is the end of the file, and of its last record. */
  readonly isLast: boolean;
  /** The file's, for messages. */
  readonly name: string;
  /** Cells that are wanted. */
  readonly most: number;
}

/** Delimiters that are looked for, the likeliest first. */
const DELIMITERS = [',', '\t', ';', '|'] as const;

/** Records that are compared. */
const SAMPLE = 50;

/**
 * The record that begins at `from`, blank lines and comments before it skipped; undefined when the bytes end
 * before it does.
 *
 * @throws FormatError for bytes that are not UTF-8, a NUL byte, and a quote that is not closed.
 */
export function readRecord(
  bytes: Uint8Array,
  from: number,
  { delimiter, comment, isLast, name, most }: RecordOptions,
): CsvRecord | undefined {
  const cells: string[] = [];
  let count = 0;
  let p = from;
  let lines = 0;
  for (; p < bytes.length; p++) {
    if (bytes[p] === comment) while (p < bytes.length && bytes[p] !== LF && bytes[p] !== CR) p++;
    if (bytes[p] !== LF && bytes[p] !== CR) break;
    if (bytes[p] === CR && bytes[p + 1] === LF) p++;
    lines++;
  }
  if (p >= bytes.length) return undefined;
  const before = lines;
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
        const place = `column ${count + 1} of the header`;
        throw new FormatError(name, `${place}: the quote that opens here is never closed`);
      }
      to = p++;
    } else {
      to = -1;
    }
    while (p < bytes.length && bytes[p] !== delimiter && bytes[p] !== LF && bytes[p] !== CR) p++;
    if (p >= bytes.length && !isLast) return undefined;
    if (count < most) {
      const cell = bytes.subarray(begin, to < 0 ? p : to);
      cells.push(decode(doubled > 0 ? withoutDoubled(cell, doubled) : cell, count, name).trim());
    }
    count++;
    if (p < bytes.length && bytes[p] === delimiter) {
      p++;
      continue;
    }
    if (bytes[p] === CR) {
      if (p + 1 >= bytes.length && !isLast) return undefined;
      if (bytes[p + 1] === LF) p++;
    }
    return { cells, count, next: Math.min(p + 1, bytes.length), before, lines: lines + 1 };
  }
}

/**
 * The records that follow each other from `from` on, as many as there are and no more than `most`. Stops
 * where one cannot be read.
 */
export function sampleRecords(
  bytes: Uint8Array,
  from: number,
  most: number,
  options: RecordOptions,
): CsvRecord[] {
  const records: CsvRecord[] = [];
  try {
    for (let at = from; records.length < most; ) {
      const record = readRecord(bytes, at, options);
      if (!record) break;
      records.push(record);
      at = record.next;
    }
  } catch {
    // Not UTF-8, or a quote left open: reading the rows will say where.
  }
  return records;
}

/**
 * The delimiter by which the first records have equally many cells, and as many as possible; undefined when
 * there is none.
 *
 * @param except What it is not.
 */
export function guessDelimiter(
  bytes: Uint8Array,
  options: Omit<RecordOptions, 'delimiter'>,
  except?: string,
): string | undefined {
  let best: string | undefined;
  let bestScore = 0;
  for (const delimiter of DELIMITERS) {
    if (delimiter === except) continue;
    const records = sampleRecords(bytes, 0, SAMPLE, { ...options, delimiter: delimiter.charCodeAt(0) });
    const first = records[0]?.count ?? 1;
    if (first < 2) continue;
    // A delimiter after each row is none between cells.
    const same = records.filter(({ count, cells }) => count === first || endsEmpty(cells, first + 1));
    const equal = same.length / records.length;
    // Ragged rows must not hide the delimiter, nor a comma in one text make one.
    const score = equal >= 0.5 ? first + 1e6 * Math.floor(equal) : equal;
    if (score > bestScore) [best, bestScore] = [delimiter, score];
  }
  return best;
}

/** Whether there are so many cells, the last of them empty. */
export function endsEmpty(cells: readonly string[], count: number): boolean {
  return cells.length === count && cells[count - 1] === '';
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array, column: number, name: string): string {
  const where = `column ${column + 1} of the header`;
  if (bytes.includes(0)) throw new FormatError(name, `${where}: expected text, given a NUL byte`);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new FormatError(name, `${where}: expected UTF-8; save the file as UTF-8`, { cause });
  }
}
