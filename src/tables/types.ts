/**
 * What a table is to the rest of the library: named columns, read in chunks of rows, as often as wanted. No
 * reader is here.
 */

/** How the cells of a table are read, in whatever format it comes. */
export interface CellOptions {
  /**
   * The mark before the fraction of a number. Where it is given, the other one may group thousands: with `,`
   * the cell 1.234 is 1234, and 1.5 is a text. By default it is the point, and nothing groups thousands.
   */
  decimal?: '.' | ',';
  /**
   * Texts that stand for a missing value, in place of `MISSING_MARKS`. A mark that is a number, such as -999,
   * stands for every spelling of that number. An empty cell is always missing; with [] nothing else is.
   */
  missing?: readonly string[];
}

/**
 * Bytes that can be read from the start again and again, and in parts: a file, a Blob, or an array in memory.
 */
export interface ByteSource {
  /** For messages: the file's name. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** All bytes in order. A piece is valid until the next one is asked for. */
  stream(): AsyncIterable<Uint8Array>;
  /** The bytes from `begin` up to but not including `end`. */
  slice(begin: number, end: number): Promise<Uint8Array>;
  /** @internal The same as `stream` of what is compressed by gzip, where there is a better way than everywhere. */
  gunzip?(): AsyncIterable<Uint8Array>;
}

/**
 * The cells of one column in a chunk. A cell is a number, a text, or missing. Where `nested` is there, the
 * two lists cannot be had: asking for one throws a FormatError with the cell's row and column.
 */
export interface ColumnCells {
  /** [rows]; NaN where the cell is a text or missing. Infinities are kept: who prepares refuses them. */
  readonly numbers: Float64Array;
  /**
   * [rows], undefined where the cell is a number or missing; absent when the chunk has no text in this
   * column.
   */
  readonly texts: readonly (string | undefined)[] | undefined;
  /**
   * [rows], what stands in the file, be it a text, a number or a mark of missing values; undefined for an
   * empty cell, and where a format has numbers that are no texts. Only of columns that `chunks` was asked
   * for.
   */
  readonly written?: readonly (string | undefined)[];
  /**
   * The first cell of the chunk that holds a list or an object, which no table can: its column can only be
   * dropped.
   */
  readonly nested?: NestedCell;
}

/** A cell that is none. */
export interface NestedCell {
  /** Of the chunk's rows, from 0. */
  readonly index: number;
  /** What it holds, in a few words. */
  readonly given: string;
  /** Whether all other cells of the column, in this chunk, are such or missing. */
  readonly only: boolean;
}

/** What more than numbers and texts is wanted of a table. */
export interface ChunkOptions {
  /** Names of the columns whose cells are wanted as they are written: a `007` that is no 7. */
  readonly written?: readonly string[];
}

/** Rows next to each other. Valid until the next chunk is asked for: its arrays are used again. */
export interface TableChunk {
  /** At least 1. */
  readonly rows: number;
  /** Of the table's rows, counted from 1. */
  readonly firstRow: number;
  /** [rows], the line on which each row begins, counted from 1; only where the format has lines. */
  readonly lines?: Float64Array;
  /** Of a table in several files: the one that the rows, and their lines, are of. */
  readonly file?: string;
  /** In the order of the table's columns. */
  readonly columns: readonly ColumnCells[];
}

/** The formats that tables are read from; `rows` are objects in memory. */
export type TableFormat = 'csv' | 'jsonl' | 'npy' | 'npz' | 'parquet' | 'rows';

/**
 * How delimited text is read: what was said of it, and what was found out. A model of tables remembers it.
 */
export interface CsvReading {
  /** One character. */
  readonly delimiter: string;
  readonly decimal: '.' | ',';
  /** Whether the first line holds the names. */
  readonly header: boolean;
  /** With which lines begin that are left out. */
  readonly comment?: string;
}

/** Named columns that are read in chunks of rows. */
export interface Table {
  /** Of the file. */
  readonly name: string;
  readonly format: TableFormat;
  /** Names, all different. */
  readonly columns: readonly string[];
  /** What the reader found out and decided, in short phrases: `delimiter ";"`, `no header`. */
  readonly notes: readonly string[];
  /** Of delimited text. */
  readonly reading?: CsvReading;
  /** What was said of its cells when it was opened; absent when nothing was. */
  readonly cells?: CellOptions;
  /** Reads the table from its first row. Throws FormatError or DataError where it cannot go on. */
  chunks(options?: ChunkOptions): AsyncIterable<TableChunk>;
}

/** Columns that a table may have. */
export const MAX_COLUMNS = 65_536;

/** Cells of a chunk, so that it stays in the processor's cache. */
const CHUNK_CELLS = 2 ** 17;

/** Rows of a chunk of a table with so many columns. */
export function chunkRows(columns: number): number {
  return Math.max(16, Math.floor(CHUNK_CELLS / columns));
}
