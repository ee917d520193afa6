/**
 * The objects in JSON lines, and in one array, in order: streamed, checked, and numbered. It knows no
 * columns.
 */
import { joined } from '../base/arrays.js';
import { FormatError, show } from '../base/errors.js';
import { exactIntegers } from './json-integers.js';
import { isTooDeep, JsonScanner, MAX_DEPTH } from './json-scan.js';
import type { ByteSource } from './types.js';

/** Bytes of a line, and of an element of an array. */
const MAX_ROW = 2 ** 26;
/** Bytes of an array's elements that are parsed at once. */
const BATCH = 2 ** 16;

export type Row = Readonly<Record<string, unknown>>;

/** Rows next to each other. */
export interface RowBatch {
  readonly rows: readonly Row[];
  /** The line of each, from 1; absent where there are no lines. */
  readonly lines?: readonly number[];
}

/** An object a line. Throws FormatError for text that is not JSON, and for rows that are not objects. */
export async function* readLines(source: ByteSource): AsyncGenerator<RowBatch> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 0;
  // Of the line at hand, what has come so far. Joined once, when its end is there.
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  const fail = (problem: string, cause?: unknown): never => {
    throw new FormatError(source.name, `line ${line}: ${problem}`, { cause });
  };
  let rows: Row[] = [];
  let lines: number[] = [];
  const parse = (bytes: Uint8Array): void => {
    line++;
    if (isTooDeep(bytes)) fail(`expected at most ${MAX_DEPTH} brackets within each other`);
    let text = '';
    try {
      text = decoder.decode(bytes);
    } catch (cause) {
      fail('expected UTF-8; save the file as UTF-8', cause);
    }
    if (text.trim() === '') return;
    let value: unknown;
    try {
      value = JSON.parse(exactIntegers(text));
    } catch (cause) {
      fail(`not JSON: ${(cause as Error).message}`, cause);
    }
    rows.push(checkedRow(value, 'line', line, source.name));
    lines.push(line);
  };
  for await (const piece of source.stream()) {
    let from = 0;
    for (;;) {
      const to = piece.indexOf(10, from);
      if (to < 0) break;
      const own = piece.subarray(from, to);
      parse(restBytes > 0 ? joined(Uint8Array, [...rest, own]) : own);
      [rest, restBytes] = [[], 0];
      from = to + 1;
    }
    if (rows.length > 0) yield { rows, lines };
    [rows, lines] = [[], []];
    if (from < piece.length) {
      // A copy: the piece is used again.
      rest.push(new Uint8Array(piece.subarray(from)));
      restBytes += piece.length - from;
    }
    if (restBytes > MAX_ROW) {
      line++;
      fail(`expected at most ${MAX_ROW} bytes`);
    }
  }
  parse(joined(Uint8Array, rest));
  if (rows.length > 0) yield { rows, lines };
}

/** The elements of one array. Throws as `readLines`. */
export async function* readArray(source: ByteSource): AsyncGenerator<RowBatch> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const scanner = new JsonScanner();
  let count = 0;
  let buffer = new Uint8Array(4 * BATCH);
  let filled = 0;
  let scanned = 0;
  /** Of the last element that is whole. */
  let cut = 0;
  let begun = false;
  const fail = (problem: string, cause?: unknown): never => {
    const place = count > 0 ? `after row ${count}: ` : '';
    throw new FormatError(source.name, `${place}${problem}`, { cause });
  };
  const parse = (bytes: Uint8Array, isWhole: boolean): Row[] => {
    let text = '';
    try {
      text = decoder.decode(bytes);
    } catch (cause) {
      fail('expected UTF-8; save the file as UTF-8', cause);
    }
    // `[]` is an array; a comma has an element on either side.
    if (text.trim() === '' && !(isWhole && count === 0)) fail('not JSON: expected an object');
    let values: unknown[] = [];
    try {
      values = JSON.parse(`[${exactIntegers(text)}]`) as unknown[];
    } catch (cause) {
      fail(`not JSON: ${(cause as Error).message}`, cause);
    }
    return values.map((value) => checkedRow(value, 'row', ++count, source.name));
  };
  for await (const piece of source.stream()) {
    if (scanner.end >= 0) {
      if (piece.some((byte) => !isBlank(byte))) fail('not JSON: the file goes on behind its array');
      continue;
    }
    if (filled + piece.length > buffer.length) {
      const larger = new Uint8Array(2 * (filled + piece.length));
      larger.set(buffer.subarray(0, filled));
      buffer = larger;
    }
    buffer.set(piece, filled);
    filled += piece.length;
    if (!begun) {
      const open = buffer.subarray(0, filled).indexOf(0x5b);
      if (open < 0) continue;
      begun = true;
      scanned = open + 1;
      scanner.depth = 1;
      buffer.copyWithin(0, scanned, filled);
      filled -= scanned;
      scanned = 0;
    }
    scanner.scan(buffer, scanned, filled);
    scanned = filled;
    if (scanner.deepest > MAX_DEPTH) fail(`expected at most ${MAX_DEPTH} brackets within each other`);
    if (scanner.lastCut >= 0) cut = scanner.lastCut;
    const { end } = scanner;
    if (end >= 0) {
      if (buffer[end - 1] !== 0x5d) fail('not JSON: expected ] where the array ends');
      const rows = parse(buffer.subarray(0, end - 1), true);
      if (rows.length > 0) yield { rows };
      if (buffer.subarray(end, filled).some((byte) => !isBlank(byte))) {
        fail('not JSON: the file goes on behind its array');
      }
    } else if (cut >= BATCH) {
      yield { rows: parse(buffer.subarray(0, cut - 1), false) };
      buffer.copyWithin(0, cut, filled);
      filled -= cut;
      scanned = filled;
      cut = 0;
    } else if (filled - cut > MAX_ROW) {
      fail(`expected rows of at most ${MAX_ROW} bytes`);
    }
  }
  if (scanner.end < 0) fail('not JSON: the array is not closed');
}

function checkedRow(value: unknown, unit: 'line' | 'row', place: number, name: string): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError(
      name,
      `${unit} ${place}: expected an object such as {"age": 31}, given ${show(value)}`,
    );
  }
  return value as Row;
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}
