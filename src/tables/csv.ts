/**
 * CSV, TSV and their kin (RFC 4180) as a table: finds the delimiter and the header, then streams rows in
 * chunks. Quotes, line feeds within quotes, CRLF, CR and a byte order mark are understood; cells outside
 * quotes are trimmed; blank lines are skipped.
 */
import { DataError, FormatError } from '../base/errors.js';
import { CellReader, saidOfCells } from './cells.js';
import { readHead } from './csv-head.js';
import { type CsvOptions, readCsvOptions } from './csv-reading.js';
import { CsvTokenizer } from './csv-tokenizer.js';
import { head } from './source.js';
import { type ByteSource, chunkRows, type Table, type TableChunk } from './types.js';

/** Bytes in which the header has to end. */
const HEAD = 2 ** 22;
/** A record of more bytes than this is taken for a quote left open. */
const MAX_RECORD = 2 ** 24;

/**
 * Opens delimited text. Reads its beginning only.
 *
 * @throws FormatError for a file that is empty, not UTF-8, or has no usable header: names given twice, too
 * many columns.
 */
export async function openCsv(source: ByteSource, options?: CsvOptions): Promise<Table> {
  const { name } = source;
  const given = readCsvOptions('openCsv', options);
  const start = await head(source, HEAD);
  const { decimal, missing } = given;
  const said = { ...(decimal && { decimal }), ...(missing && { missing }) };
  const cells = new CellReader(said);
  const isWhole = start.length < HEAD;
  const { reading, columns, notes, trailing, ...rows } = readHead(start, isWhole, name, given, cells);
  return {
    name,
    format: 'csv',
    columns,
    notes,
    reading,
    ...saidOfCells(said),
    async *chunks({ written } = {}) {
      const tokenizer = new CsvTokenizer({
        name,
        columns,
        delimiter: reading.delimiter.charCodeAt(0),
        decimalPoint: reading.decimal.charCodeAt(0),
        comment: reading.comment?.charCodeAt(0) ?? -1,
        trailing,
        capacity: chunkRows(columns.length),
        firstLine: rows.line,
        cells,
        written,
      });
      yield* readChunks(source, rows.start, tokenizer);
    },
  };
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
  /**
   * Bytes at which a record that was not whole is read again from its start: twice as many, or it would take
   * squares of time.
   */
  let enough = 0;
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
    if (end - begin < Math.min(enough, MAX_RECORD)) continue;
    yield* tokenize(false);
    enough = 2 * (end - begin);
    if (end - begin > MAX_RECORD) {
      const problem = `a record has more than ${MAX_RECORD} bytes; a quote may be left open`;
      throw new FormatError(source.name, `${tokenizer.place}: ${problem}`);
    }
  }
  yield* tokenize(true);
  if (!any) throw new DataError(source.name, 'expected rows after the header, given none');
}
