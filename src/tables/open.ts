/** Opens a table by what its first bytes say it is, not by its name. Each format has a module of its own. */
import { FormatError, LanegradError, OptionError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { type CellOptions, readCellOptions } from './cells.js';
import { openCsv } from './csv.js';
import type { CsvOptions } from './csv-reading.js';
import { openJsonLines, openRows } from './json-lines.js';
import type { TablePreparation } from './preparation.js';
import { type ByteInput, fromUtf16, gunzipped, head, isGzip, resolveSource, utf16Of } from './source.js';
import type { ByteSource, Table } from './types.js';

/** What a table is opened from: bytes, wherever they come from, or objects in memory, a row each. */
export type TableInput = ByteInput | readonly object[];

/**
 * `name` is for messages, where the source has none of its own. `like` is the preparation of a model:
 * delimited text is read as the file that the model was trained on, or as it looks, where only that gives the
 * model's columns; the decimal mark and the marks of missing values are those of the model in all formats.
 * The other options have precedence; `delimiter`, `header` and `comment` are for delimited text.
 */
export interface OpenTableOptions extends CsvOptions {
  name?: string;
  like?: Pick<TablePreparation, 'reading' | 'cells'> & {
    readonly columns: readonly { readonly name: string }[];
  };
}

const PARQUET = [0x50, 0x41, 0x52, 0x31];
const NPY = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const ZIP = [0x50, 0x4b, 0x03, 0x04];
/** Files that people take for tables. */
const OTHERS: readonly (readonly [magic: readonly number[], what: string])[] = [
  [[0xd0, 0xcf, 0x11, 0xe0], 'an old Excel file; save it as CSV'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF file'],
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG image'],
  [[0x89, 0x48, 0x44, 0x46], 'an HDF5 file; save it as Parquet or CSV'],
  [[0x41, 0x52, 0x52, 0x4f, 0x57, 0x31], 'an Arrow file; save it as Parquet or CSV'],
  [[0x53, 0x51, 0x4c, 0x69, 0x74, 0x65], 'an SQLite database; save the table as CSV'],
];

/**
 * Opens a table: CSV and its kin, JSON lines, Parquet, NPY or NPZ, the first two also behind gzip, or objects
 * in memory. Its rows are read later, in chunks, as often as wanted. A stream is read to its end and kept.
 *
 * @param given Bytes, a Blob such as a File, a stream of bytes, a source of bytes, or rows; for paths see
 * `openTableFile` in
 *   lanegrad/node.
 * @throws FormatError for a file that is empty, damaged, or no table; DataError for one without rows.
 * @throws OptionError for something else than a source, and for options that are unknown or out of range.
 */
export async function openTable(given: TableInput, settings: OpenTableOptions = {}): Promise<Table> {
  const reader = new OptionReader('openTable', settings);
  const name = reader.optional('name', 'a string', (value): value is string => typeof value === 'string');
  const { name: _, ...options } = settings;
  const cells = cellOptionsOf(options);
  if (Array.isArray(given)) return openRows(given, name, cells);
  const source = await resolveSource('openTable', given, name);
  const start = await head(source, 4096);
  if (start.length === 0) throw new FormatError(source.name, 'the file is empty');
  if (isGzip(start)) return openText(gunzipped(source), options, cells);
  if (begins(start, PARQUET)) return (await import('./parquet.js')).openParquet(source, cells);
  if (begins(start, NPY)) return (await import('./numpy.js')).openNpy(source, cells);
  if (begins(start, ZIP)) {
    if (await isSpreadsheet(start)) {
      throw new FormatError(source.name, 'expected a table, given a spreadsheet or document; save it as CSV');
    }
    return (await import('./numpy.js')).openNpz(source, cells);
  }
  const other = OTHERS.find(([magic]) => begins(start, magic));
  if (other) throw new FormatError(source.name, `expected a table, given ${other[1]}`);
  return openText(source, options, cells);
}

async function openText(
  given: ByteSource,
  { like, ...options }: Omit<OpenTableOptions, 'name'>,
  cells: CellOptions,
): Promise<Table> {
  const encoding = utf16Of(await head(given, 2));
  const source = encoding ? fromUtf16(given, encoding) : given;
  const start = await head(source, 4096);
  if (start.length === 0) throw new FormatError(source.name, 'the file is empty');
  const text = new TextDecoder().decode(start).trimStart();
  if (text.startsWith('{')) return openJsonLines(source, false, cells);
  if (/^\[\s*(\{|\]|$)/.test(text)) return openJsonLines(source, true, cells);
  const all = { ...options, ...cells };
  return like === undefined ? openCsv(source, all) : openLike(source, all, like);
}

/** What is said of cells: by the options, or by the model. */
function cellOptionsOf({ like, decimal, missing }: OpenTableOptions): CellOptions {
  if (like !== undefined && (typeof like !== 'object' || like === null || !Array.isArray(like.columns))) {
    throw new OptionError('openTable', `option like: expected a model's preparation, given ${show(like)}`);
  }
  const given = { ...(decimal !== undefined && { decimal }), ...(missing !== undefined && { missing }) };
  return readCellOptions('openTable', new OptionReader('openTable', { ...like?.cells, ...given }));
}

/**
 * The remembered delimiter and header are tried first; what they do not fit may have been written by another
 * program.
 */
async function openLike(
  source: ByteSource,
  options: CsvOptions,
  like: NonNullable<OpenTableOptions['like']>,
): Promise<Table> {
  // The decimal mark is among the options already, where it was said: only then may the other one group
  // thousands.
  const { delimiter, header, decimal: _, ...others } = like.reading ?? {};
  const remembered = { ...(delimiter && { delimiter }), ...(header !== undefined && { header }) };
  const tables: Table[] = [];
  let failure: unknown;
  for (const reading of [remembered, {}]) {
    try {
      const table = await openCsv(source, { ...others, ...reading, ...options });
      const columns = new Set(table.columns);
      if (like.columns.every(({ name }) => columns.has(name))) return table;
      tables.push(table);
    } catch (error) {
      if (!(error instanceof LanegradError)) throw error;
      failure ??= error;
    }
  }
  // Which column is missing is said by who needs it.
  if (tables.length === 0) throw failure;
  return tables[0];
}

/** Office files are ZIPs too; they begin with these entries. */
async function isSpreadsheet(start: Uint8Array): Promise<boolean> {
  const text = new TextDecoder('latin1').decode(start);
  return /\[Content_Types\]\.xml|mimetypeapplication\/vnd|xl\/|_rels\//.test(text);
}

function begins(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}
