/** Opens a table by what its first bytes say it is, not by its name. Each format has a module of its own. */
import { FormatError } from '../errors.js';
import { type CsvOptions, openCsv } from './csv.js';
import { openJsonLines } from './json-lines.js';
import { gunzipped, head, isGzip, resolveSource } from './source.js';
import type { ByteSource, Table } from './types.js';

/** `name` is for messages, where the source is bytes or a Blob without one. The others are for delimited text. */
export interface OpenTableOptions extends CsvOptions {
  name?: string;
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
 * Opens a table: CSV and its kin, JSON lines, Parquet, NPY or NPZ, the first two also behind gzip. Its rows are read later, in
 * chunks, as often as wanted.
 *
 * @param given Bytes, a Blob such as a File, or a source of bytes; for paths see `openTableFile` in lanegrad/node.
 * @throws FormatError for a file that is empty, damaged, or no table; DataError for one without rows.
 * @throws OptionError for something else than a source, and for options that are unknown or out of range.
 */
export async function openTable(
  given: Uint8Array | Blob | ByteSource,
  { name, ...options }: OpenTableOptions = {},
): Promise<Table> {
  const source = resolveSource('openTable', given, name);
  const start = await head(source, 4096);
  if (start.length === 0) throw new FormatError(source.name, 'the file is empty');
  if (isGzip(start)) return openText(gunzipped(source), options);
  if (begins(start, PARQUET)) return (await import('./parquet.js')).openParquet(source);
  if (begins(start, NPY)) return (await import('./numpy.js')).openNpy(source);
  if (begins(start, ZIP)) {
    if (await isSpreadsheet(start)) {
      throw new FormatError(source.name, 'expected a table, given a spreadsheet or document; save it as CSV');
    }
    return (await import('./numpy.js')).openNpz(source);
  }
  const other = OTHERS.find(([magic]) => begins(start, magic));
  if (other) throw new FormatError(source.name, `expected a table, given ${other[1]}`);
  return openText(source, options);
}

async function openText(source: ByteSource, options: CsvOptions): Promise<Table> {
  const start = await head(source, 4096);
  if (start.length === 0) throw new FormatError(source.name, 'the file is empty');
  const text = new TextDecoder().decode(start).trimStart();
  if (text.startsWith('{')) return openJsonLines(source);
  if (/^\[\s*(\{|\]|$)/.test(text)) return openJsonLines(source, true);
  return openCsv(source, options);
}

/** Office files are ZIPs too; they begin with these entries. */
async function isSpreadsheet(start: Uint8Array): Promise<boolean> {
  const text = new TextDecoder('latin1').decode(start);
  return /\[Content_Types\]\.xml|mimetypeapplication\/vnd|xl\/|_rels\//.test(text);
}

function begins(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}
