/**
 * CSV, TSV and their kin (RFC 4180) as a table: finds the delimiter and the header, then streams rows in chunks. Quotes, line
 * feeds within quotes, CRLF, CR and a byte order mark are understood; cells outside quotes are trimmed; blank lines are skipped.
 */
import { DataError, FormatError, OptionError, show } from '../errors.js';
import { OptionReader } from '../options.js';
import { isMissing, numberOf } from './cells.js';
import { guessDelimiter, readRecord } from './csv-record.js';
import { CsvTokenizer } from './csv-tokenizer.js';
import { head } from './source.js';
import { type ByteSource, chunkRows, MAX_COLUMNS, type Table, type TableChunk } from './types.js';

/** What is known of a delimited text beforehand; all of it is found out by default. */
export interface CsvOptions {
  /** One character; found out by default. */
  delimiter?: string;
  /** Whether the first line holds the names; by default it does unless all its cells are numbers. */
  header?: boolean;
  /** `.` by default. */
  decimal?: '.' | ',';
}

/** Bytes in which the delimiter is looked for, and the header has to end. */
const HEAD = 2 ** 22;
/** A record of more bytes than this is taken for a quote left open. */
const MAX_RECORD = 2 ** 24;

/**
 * Opens delimited text. Reads its beginning only.
 *
 * @throws FormatError for a file that is empty, not UTF-8, or has no usable header: names given twice, too many columns.
 */
export async function openCsv(source: ByteSource, options?: CsvOptions): Promise<Table> {
  const { name } = source;
  const { delimiter: given, header, decimal } = readOptions(options);
  const start = await head(source, HEAD);
  const bom = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? 3 : 0;
  checkEncoding(start, name);
  const isWhole = start.length < HEAD;
  const text = start.subarray(bom);
  if (text.every((byte) => byte === 10 || byte === 13 || byte === 32)) {
    throw new FormatError(name, 'the file is empty: expected a header and rows');
  }
  const delimiter =
    given ?? guessDelimiter(text.subarray(0, 2 ** 18), isWhole && text.length <= 2 ** 18, name);
  if (delimiter === decimal) {
    throw new OptionError('openCsv', `expected a delimiter other than the decimal ${show(decimal)}`);
  }
  const code = delimiter.charCodeAt(0);
  const first = readRecord(text, 0, code, isWhole, name);
  if (!first) {
    throw new FormatError(name, `the header is longer than ${HEAD} bytes: is this a table, with line ends?`);
  }
  const { cells } = first;
  if (cells.length > MAX_COLUMNS) {
    const given = cells.length.toLocaleString('en-US');
    throw new FormatError(name, `line 1: expected at most ${MAX_COLUMNS} columns, given ${given}`);
  }
  const hasHeader = header ?? !cells.every((cell) => isMissing(cell) || !Number.isNaN(numberOf(cell)));
  const columns = hasHeader ? headerNames(cells, name) : cells.map((_, index) => `column${index + 1}`);
  const notes = [
    ...(delimiter === ',' ? [] : [`delimiter ${show(delimiter)}`]),
    ...(hasHeader ? [] : [`no header: columns are called column1 to column${cells.length}`]),
  ];
  const dataStart = bom + (hasHeader ? first.next : 0);
  const firstLine = hasHeader ? first.lines + 1 : 1;
  return {
    name,
    format: 'csv',
    columns,
    notes,
    async *chunks() {
      const tokenizer = new CsvTokenizer({
        name,
        columns,
        delimiter: code,
        decimalPoint: decimal.charCodeAt(0),
        capacity: chunkRows(columns.length),
        firstLine,
      });
      yield* readChunks(source, dataStart, tokenizer);
    },
  };
}

function readOptions(options: CsvOptions | undefined) {
  const reader = new OptionReader('openCsv', options);
  const isDelimiter = (value: unknown): value is string =>
    typeof value === 'string' && /^[\t -~]$/.test(value) && !/["\w.+-]/.test(value);
  const read = {
    delimiter: reader.optional('delimiter', 'one character such as ; or a tab', isDelimiter),
    header: reader.optional('header', 'true or false', (value) => typeof value === 'boolean'),
    decimal: reader.oneOf('decimal', ['.', ','], '.'),
  };
  reader.end();
  return read;
}

/** Names that are there, trimmed; a column without one is called after its place. */
function headerNames(cells: readonly string[], where: string): string[] {
  const seen = new Map<string, number>();
  return cells.map((cell, index) => {
    const name = cell === '' ? `column${index + 1}` : cell;
    const before = seen.get(name);
    if (before !== undefined) {
      const columns = `columns ${before + 1} and ${index + 1}`;
      throw new FormatError(where, `line 1: ${columns} are both called ${show(name)}; names must differ`);
    }
    seen.set(name, index);
    return name;
  });
}

function checkEncoding(start: Uint8Array, name: string): void {
  const [a, b] = start;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new FormatError(name, 'expected UTF-8, given UTF-16; save the file as UTF-8');
  }
}

async function* readChunks(
  source: ByteSource,
  dataStart: number,
  tokenizer: CsvTokenizer,
): AsyncGenerator<TableChunk> {
  let buffer = new Uint8Array(2 ** 21);
  let begin = 0;
  let end = 0;
  let skip = dataStart;
  let any = false;
  const tokenize = function* (isLast: boolean): Generator<TableChunk> {
    do {
      begin = tokenizer.read(buffer, begin, end, isLast);
      if (!tokenizer.isFull && !isLast) return;
      const chunk = tokenizer.take();
      if (!chunk) return;
      any = true;
      yield chunk;
    } while (begin < end);
  };
  for await (const whole of source.stream()) {
    const piece = whole.subarray(Math.min(skip, whole.length));
    skip -= whole.length - piece.length;
    if (end - begin > MAX_RECORD) {
      const problem = `a record has more than ${MAX_RECORD} bytes; a quote may be left open`;
      throw new FormatError(source.name, `${tokenizer.place}: ${problem}`);
    }
    // One byte more, for the tokenizer's mark at the end.
    if (end + piece.length + 1 > buffer.length) {
      const left = end - begin;
      const target =
        left + piece.length + 1 > buffer.length ? new Uint8Array(2 * (left + piece.length)) : buffer;
      target.set(buffer.subarray(begin, end));
      buffer = target;
      begin = 0;
      end = left;
    }
    buffer.set(piece, end);
    end += piece.length;
    yield* tokenize(false);
  }
  yield* tokenize(true);
  if (!any) throw new DataError(source.name, 'expected rows after the header, given none');
}
