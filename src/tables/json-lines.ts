/**
 * JSON lines as a table: an object a line, its keys the columns, streamed. A file that is one array of objects is read as well,
 * whole. A key that a row does not have is a missing value.
 */
import { DataError, FormatError, show } from '../errors.js';
import { ColumnBuilder } from './column-builder.js';
import { cellPlace } from './place.js';
import { type ByteSource, chunkRows, MAX_COLUMNS, type Table, type TableChunk } from './types.js';

/** Rows whose keys make the columns. */
const SCHEMA_ROWS = 1000;
/** Bytes of a line, and of an array, which has to fit in one string. */
const MAX_LINE = 2 ** 26;
const MAX_ARRAY = 2 ** 28;

type Row = Readonly<Record<string, unknown>>;

interface NumberedRow {
  readonly line: number | undefined;
  readonly row: Row;
}

/**
 * Opens JSON lines, or an array of objects when `isArray`. Reads the first rows only.
 *
 * @throws FormatError for text that is not JSON or rows that are not objects; DataError for a file without rows.
 */
export async function openJsonLines(source: ByteSource, isArray = false): Promise<Table> {
  const rows = isArray ? readArray : readLines;
  const columns = new Map<string, number>();
  let count = 0;
  for await (const { row } of rows(source)) {
    for (const key of Object.keys(row)) if (!columns.has(key)) columns.set(key, columns.size);
    if (columns.size > MAX_COLUMNS) {
      throw new FormatError(source.name, `row ${count + 1}: expected at most ${MAX_COLUMNS} columns`);
    }
    if (++count === SCHEMA_ROWS) break;
  }
  if (count === 0) throw new DataError(source.name, 'expected rows, given none');
  if (columns.size === 0) throw new DataError(source.name, 'expected columns, given objects without keys');
  const names = [...columns.keys()];
  return {
    name: source.name,
    format: 'jsonl',
    columns: names,
    notes: [],
    chunks: () => readChunks(source.name, columns, rows(source), !isArray),
  };
}

async function* readChunks(
  name: string,
  columns: ReadonlyMap<string, number>,
  rows: AsyncIterable<NumberedRow>,
  hasLines: boolean,
): AsyncGenerator<TableChunk> {
  const capacity = chunkRows(columns.size);
  const builders = Array.from(columns, () => new ColumnBuilder(capacity));
  const lines = new Float64Array(capacity);
  let before = 0;
  let count = 0;
  const take = (): TableChunk => {
    const chunk = {
      rows: count,
      firstRow: before + 1,
      ...(hasLines && { lines: lines.slice(0, count) }),
      columns: builders.map((builder) => builder.take(count)),
    };
    before += count;
    count = 0;
    return chunk;
  };
  for await (const { line, row } of rows) {
    lines[count] = line ?? 0;
    for (const key of Object.keys(row)) {
      const column = columns.get(key);
      if (column === undefined) {
        const problem = `key ${show(key)} is in none of the first ${SCHEMA_ROWS} rows, which make the columns`;
        throw new FormatError(name, `${cellPlace(before + count + 1, line)}: ${problem}`);
      }
      if (!builders[column].set(count, row[key])) {
        const expected = `expected a number, a text, true, false or null, given ${show(row[key])}`;
        throw new FormatError(name, `${cellPlace(before + count + 1, line, key)}: ${expected}`);
      }
    }
    if (++count === capacity) yield take();
  }
  if (count > 0) yield take();
}

async function* readLines(source: ByteSource): AsyncGenerator<NumberedRow> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 0;
  let rest: Uint8Array = new Uint8Array(0);
  const parse = (bytes: Uint8Array): NumberedRow | undefined => {
    line++;
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch (cause) {
      throw new FormatError(source.name, `line ${line}: expected UTF-8; save the file as UTF-8`, { cause });
    }
    if (text.trim() === '') return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new FormatError(source.name, `line ${line}: not JSON: ${(cause as Error).message}`, { cause });
    }
    return { line, row: checkedRow(value, `line ${line}`, source.name) };
  };
  for await (const piece of source.stream()) {
    let from = 0;
    for (;;) {
      const to = piece.indexOf(10, from);
      if (to < 0) break;
      const row = parse(joined(rest, piece.subarray(from, to)));
      rest = new Uint8Array(0);
      if (row) yield row;
      from = to + 1;
    }
    // A copy: the piece is used again.
    rest = joined(rest, piece.slice(from));
    if (rest.length > MAX_LINE) {
      throw new FormatError(source.name, `line ${line + 1}: expected at most ${MAX_LINE} bytes`);
    }
  }
  const row = parse(rest);
  if (row) yield row;
}

async function* readArray(source: ByteSource): AsyncGenerator<NumberedRow> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let bytes = 0;
  try {
    for await (const piece of source.stream()) {
      bytes += piece.length;
      if (bytes > MAX_ARRAY) {
        const advice = 'write an object a line (JSON lines), which is streamed';
        throw new FormatError(source.name, `expected an array of at most ${MAX_ARRAY} bytes; ${advice}`);
      }
      text += decoder.decode(piece, { stream: true });
    }
    text += decoder.decode();
  } catch (cause) {
    if (cause instanceof TypeError) throw new FormatError(source.name, 'expected UTF-8', { cause });
    throw cause;
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(source.name, `not JSON: ${(cause as Error).message}`, { cause });
  }
  if (!Array.isArray(values)) throw new FormatError(source.name, 'expected an array of objects');
  for (const [index, value] of values.entries()) {
    yield { line: undefined, row: checkedRow(value, `row ${index + 1}`, source.name) };
  }
}

function checkedRow(value: unknown, place: string, name: string): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError(name, `${place}: expected an object such as {"age": 31}, given ${show(value)}`);
  }
  return value as Row;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
