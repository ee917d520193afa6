/**
 * What the beginning of a delimited text tells of the whole: the delimiter, the names of the columns, where
 * the rows begin.
 */
import { FormatError, OptionError, show } from '../base/errors.js';
import type { CellReader } from './cells.js';
import { type CsvOptions, isDelimiter } from './csv-reading.js';
import { endsEmpty, guessDelimiter, readRecord, sampleRecords } from './csv-record.js';
import { type CsvReading, MAX_COLUMNS } from './types.js';

/** Bytes in which the delimiter is looked for. */
const SAMPLE_BYTES = 2 ** 18;
/** Rows by which it is decided whether a delimiter stands behind each. */
const SAMPLE_ROWS = 1000;

export interface CsvHead {
  readonly reading: CsvReading;
  readonly columns: readonly string[];
  readonly notes: readonly string[];
  /** Whether a delimiter stands behind the last cell of rows. */
  readonly trailing: boolean;
  /** Place of the first byte that is of the rows, and its line, from 1. */
  readonly start: number;
  readonly line: number;
}

/**
 * Reads the beginning of a text.
 *
 * @param isWhole Whether these bytes are all there are.
 * @throws FormatError for a text that is empty, not UTF-8, or has no usable header: names given twice, too
 * many columns.
 * @throws OptionError for a delimiter that is the decimal mark, or begins comments.
 */
export function readHead(
  start: Uint8Array,
  isWhole: boolean,
  name: string,
  given: CsvOptions,
  cellReader: CellReader,
): CsvHead {
  const { decimal = '.', comment } = given;
  const bom = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? 3 : 0;
  if (start.subarray(bom).every((byte) => byte === 10 || byte === 13 || byte === 32)) {
    throw new FormatError(name, 'the file is empty: expected a header and rows');
  }
  const said = spreadsheetDelimiter(start.subarray(bom, bom + 16));
  const skipped = bom + (said?.bytes ?? 0);
  const text = start.subarray(skipped);
  const firstLine = said ? 2 : 1;
  const common = { comment: comment?.charCodeAt(0) ?? -1, name, most: MAX_COLUMNS };
  const sample = text.subarray(0, SAMPLE_BYTES);
  const sampling = { ...common, isLast: isWhole && text.length <= SAMPLE_BYTES };
  const delimiter =
    given.delimiter ??
    said?.delimiter ??
    // A comma in every number is not between cells.
    guessDelimiter(sample, sampling, decimal) ??
    guessDelimiter(sample, sampling) ??
    (decimal === ',' ? ';' : ',');
  if (delimiter === decimal) {
    throw new OptionError('openCsv', `expected a delimiter other than the decimal ${show(decimal)}`);
  }
  if (delimiter === comment) {
    throw new OptionError('openCsv', `expected a delimiter other than the comment's ${show(comment)}`);
  }
  const code = delimiter.charCodeAt(0);
  const first = readRecord(text, 0, { ...common, delimiter: code, isLast: isWhole });
  if (!first) {
    const problem = isWhole
      ? 'the file is empty: expected a header and rows'
      : `the header is longer than ${start.length} bytes: is this a table, with line ends?`;
    throw new FormatError(name, problem);
  }
  const { cells, count } = first;
  const place = `line ${firstLine + first.before}`;
  if (count > MAX_COLUMNS) {
    const columns = count.toLocaleString('en-US');
    throw new FormatError(name, `${place}: expected at most ${MAX_COLUMNS} columns, given ${columns}`);
  }
  const header =
    given.header ??
    !cells.every((cell) => cellReader.isMissing(cell) || !Number.isNaN(cellReader.numberOf(cell)));
  const rows = header ? sampleRecords(sample, first.next, SAMPLE_ROWS, { ...sampling, delimiter: code }) : [];
  const isAll = (test: (record: (typeof rows)[number]) => boolean) => rows.length > 0 && rows.every(test);
  // The header may have a delimiter at its end as well, and so a name that is none.
  const nameless =
    endsEmpty(cells, count) &&
    count > 1 &&
    isAll((row) => row.count === count - 1 || endsEmpty(row.cells, count));
  const trailing = nameless || isAll((row) => endsEmpty(row.cells, count + 1));
  const columns = header
    ? headerNames(nameless ? cells.slice(0, -1) : cells, `${place}: `, name)
    : cells.map((_, index) => `column${index + 1}`);
  return {
    reading: { delimiter, decimal, header, ...(comment !== undefined && { comment }) },
    columns,
    notes: [
      ...(delimiter === ',' ? [] : [`delimiter ${show(delimiter)}`]),
      ...(header ? [] : [`no header: columns are called column1 to column${cells.length}`]),
    ],
    trailing,
    start: skipped + (header ? first.next : 0),
    line: firstLine + (header ? first.lines : 0),
  };
}

/** Spreadsheets write `sep=;` as a line of its own before the header. */
function spreadsheetDelimiter(start: Uint8Array): { delimiter: string; bytes: number } | undefined {
  const text = String.fromCharCode(...start);
  const [line, delimiter] = /^"?sep=(.)"?(?:\r\n|\r|\n)/i.exec(text) ?? [];
  return line !== undefined && isDelimiter(delimiter) ? { delimiter, bytes: line.length } : undefined;
}

/** Names that are there, trimmed; a column without one is called after its place. */
function headerNames(cells: readonly string[], place: string, where: string): string[] {
  const seen = new Map<string, number>();
  return cells.map((cell, index) => {
    const name = cell === '' ? `column${index + 1}` : cell;
    const before = seen.get(name);
    if (before !== undefined) {
      const columns = `columns ${before + 1} and ${index + 1}`;
      throw new FormatError(where, `${place}${columns} are both called ${show(name)}; names must differ`);
    }
    seen.set(name, index);
    return name;
  });
}
