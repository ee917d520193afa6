/**
 * Parquet as a table, by the package hyparquet, which is loaded when a Parquet file is opened and not before.
 * One row group is in memory at a time. Columns of lists, maps and structs are not read: they can only be
 * dropped. What the file says of itself is compared with its bytes before the package is given them.
 */
import type { ColumnChunk, Compressors, FileMetaData, RowGroup, SchemaElement } from 'hyparquet';
import { DataError, FormatError, LanegradError, show } from '../base/errors.js';
import { type CellOptions, CellReader, saidOfCells } from './cells.js';
import { ColumnBuilder } from './column-builder.js';
import { nestedCells } from './nested.js';
import { checkPages } from './parquet-pages.js';
import { head } from './source.js';
import { ThriftReader } from './thrift.js';
import {
  type ByteSource,
  type ChunkOptions,
  type ColumnCells,
  chunkRows,
  MAX_COLUMNS,
  type NestedCell,
  type Table,
  type TableChunk,
} from './types.js';

/** Bytes that are read at once; a column chunk may have more. */
const WINDOW = 2 ** 23;
/**
 * How much more than its bytes a row group may become: cells, and bytes of pages. Deflate makes 1032 of one;
 * what runs of equal values make of one has no bound but this.
 */
const GROWTH = 1100;
const FREE_CELLS = 2 ** 23;
const FREE_BYTES = 2 ** 26;

type Parquet = typeof import('hyparquet') & typeof import('hyparquet-compressors');

/** A column of the table. */
interface Column {
  readonly name: string;
  readonly element: SchemaElement;
  /** What it holds in place of cells; undefined when it holds cells. */
  readonly nested: string | undefined;
}

interface Piece {
  /** The group's row of the first value, from 0. */
  readonly start: number;
  readonly data: ArrayLike<unknown>;
}

/** Opens a Parquet file. Throws FormatError when it is damaged, DataError when it has no rows. */
export async function openParquet(source: ByteSource, cells: CellOptions = {}): Promise<Table> {
  const { name, size } = source;
  const [reader, compressors] = await Promise.all([import('hyparquet'), import('hyparquet-compressors')]);
  const parquet = { ...reader, ...compressors };
  const metadata = await readFooter(source, parquet);
  const columns = await guard(name, () => columnsOf(parquet, metadata));
  const names = columns.map((column) => column.name);
  if (names.length === 0) throw new DataError(name, 'expected columns, given none');
  if (names.length > MAX_COLUMNS) {
    throw new FormatError(name, `expected at most ${MAX_COLUMNS} columns, given ${names.length}`);
  }
  const seen = new Set<string>();
  for (const column of names) {
    if (seen.has(column)) throw new FormatError(name, `two columns are called ${show(column)}`);
    seen.add(column);
  }
  if (Number(metadata.num_rows) === 0) throw new DataError(name, 'expected rows, given none');
  const groups = checkGroups(metadata, columns, size, name);

  async function* chunks({ written = [] }: ChunkOptions = {}): AsyncGenerator<TableChunk> {
    const cellReader = new CellReader(cells);
    const kept = new Set(written);
    let before = 0;
    for (const group of groups) {
      const values = await readGroup(source, parquet, group, columns);
      const capacity = chunkRows(columns.length);
      for (let start = 0; start < group.rows; start += capacity) {
        const rows = Math.min(capacity, group.rows - start);
        const firstRow = before + start + 1;
        yield {
          rows,
          firstRow,
          columns: columns.map((column, i) => {
            const builder = new ColumnBuilder(rows, cellReader, kept.has(column.name));
            return cellsOf(name, column, values[i], { start, rows, firstRow }, builder);
          }),
        };
      }
      before += group.rows;
    }
  }

  return { name, format: 'parquet', columns: names, notes: [], ...saidOfCells(cells), chunks };
}

/** The end of the file: the schema, and where the column chunks are. */
async function readFooter(source: ByteSource, { parquetMetadata }: Parquet): Promise<FileMetaData> {
  const { name, size } = source;
  const fail = (problem: string): never => {
    throw new FormatError(name, `not a Parquet file that can be read: ${problem}`);
  };
  const start = await head(source, 4);
  const last = size >= 12 ? await source.slice(size - 8, size) : new Uint8Array(8);
  if ([80, 65, 82, 49].some((byte, i) => start[i] !== byte || last[4 + i] !== byte)) {
    fail('it does not end as one; it may have been cut off');
  }
  const length = new DataView(last.buffer, last.byteOffset).getUint32(0, true);
  if (length > size - 12) fail(`its footer has ${length} bytes, more than the file`);
  const footer = new Uint8Array(await source.slice(size - 8 - length, size));
  new ThriftReader(footer.subarray(0, length), 0, (problem) => fail(`its footer: ${problem}`)).struct();
  return guard(name, () => {
    // To mark columns of geometries the package walks over the schema by its counts of children, for ever at
    // one below 0: so they are checked before, in a reading that marks none.
    const { schema } = parquetMetadata(footer, { geoparquet: false });
    const owned = schema.map(({ num_children: count = 0 }) => count);
    if (owned.some((count) => count < 0) || owned.reduce((sum, count) => sum + count, 1) !== schema.length)
      fail('its schema counts its columns wrongly');
    return parquetMetadata(footer);
  });
}

/**
 * What the package throws becomes a FormatError; what it stumbles over without having meant to is said in our
 * words.
 */
async function guard<T>(name: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof LanegradError) throw cause;
    const { message } = cause as Error;
    const isMeant =
      !(cause instanceof TypeError || cause instanceof RangeError) && !/undefined|NaN/.test(message);
    const problem = isMeant ? message : 'it is damaged, or of a kind that is not known here';
    throw new FormatError(name, `not a Parquet file that can be read: ${problem}`, { cause });
  }
}

function columnsOf({ parquetSchema }: Parquet, metadata: FileMetaData): Column[] {
  return parquetSchema(metadata).children.map(({ element, children }) => {
    if (typeof element.name !== 'string') throw new TypeError('a column has no name');
    const { converted_type: converted, logical_type: logical, repetition_type: repetition } = element;
    let nested: string | undefined;
    if (converted === 'LIST' || logical?.type === 'LIST' || repetition === 'REPEATED') nested = 'a list';
    else if (converted === 'MAP' || converted === 'MAP_KEY_VALUE' || logical?.type === 'MAP')
      nested = 'a map';
    else if (children.length > 0) nested = 'an object';
    else if (converted === 'INTERVAL' || logical?.type === 'INTERVAL') nested = 'an interval';
    else if (converted === 'BSON' || logical?.type === 'BSON') nested = 'a BSON document';
    else if (logical?.type === 'GEOMETRY' || logical?.type === 'GEOGRAPHY') nested = 'a geometry';
    return { name: element.name, element, nested };
  });
}

interface Group {
  readonly rows: number;
  /** By column; undefined for those that are not read. */
  readonly chunks: readonly (Chunk | undefined)[];
  readonly bytes: number;
}

interface Chunk {
  readonly column: number;
  readonly start: number;
  readonly end: number;
  readonly about: ColumnChunk;
}

/**
 * Throws FormatError unless each group has each column, and the groups the rows, that the footer promises.
 */
function checkGroups(
  metadata: FileMetaData,
  columns: readonly Column[],
  size: number,
  name: string,
): Group[] {
  let total = 0;
  let rows = 0;
  const groups = metadata.row_groups.map((group, index) => {
    const checked = checkGroup(group, columns, size, (problem) => {
      throw new FormatError(name, `row group ${index + 1} ${problem}`);
    });
    total += checked.bytes;
    rows += checked.rows;
    return checked;
  });
  if (rows !== Number(metadata.num_rows)) {
    const promised = `its footer promises ${metadata.num_rows} rows`;
    throw new FormatError(name, `${promised}, its row groups have ${rows}: the file is damaged`);
  }
  if (total > size) throw new FormatError(name, `its columns have ${total} bytes, more than the file`);
  return groups;
}

function checkGroup(
  group: RowGroup,
  columns: readonly Column[],
  size: number,
  fail: (problem: string) => never,
): Group {
  const rows = Number(group.num_rows);
  if (!(Number.isSafeInteger(rows) && rows >= 0)) fail('has no number of rows');
  const byName = new Map<string, ColumnChunk>();
  for (const chunk of group.columns) {
    const path = chunk.meta_data?.path_in_schema;
    if (chunk.file_path) fail('has its columns in another file');
    if (!path) fail('has columns that are encrypted');
    else if (path.length === 1) byName.set(path[0], chunk);
  }
  let bytes = 0;
  const chunks = columns.map(({ name, nested, element }, column): Chunk | undefined => {
    if (nested !== undefined) return undefined;
    const about = byName.get(name);
    const meta = about?.meta_data;
    if (!about || !meta) return fail(`lacks the column ${show(name)}`);
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const end = start + Number(meta.total_compressed_size);
    if (!(start >= 4 && end >= start && end <= size)) fail(`has the column ${show(name)} beyond the file`);
    if (meta.type !== element.type) fail(`has the column ${show(name)} in another type than the schema`);
    if (Number(meta.num_values) !== rows) {
      fail(`has ${meta.num_values} values in column ${show(name)}, but ${rows} rows`);
    }
    bytes += end - start;
    return { column, start, end, about };
  });
  const cells = rows * chunks.filter((chunk) => chunk).length;
  if (cells > FREE_CELLS + GROWTH * bytes) {
    fail(`promises ${cells} cells in ${bytes} bytes, more than can be believed`);
  }
  return { rows, chunks, bytes };
}

/** All values of a group, column by column, in the order in which they stand in the file. */
async function readGroup(
  source: ByteSource,
  { parquetRead, compressors }: Parquet,
  { rows, chunks, bytes }: Group,
  columns: readonly Column[],
): Promise<Piece[][]> {
  const values = columns.map((): Piece[] => []);
  const ordered = chunks.filter((chunk) => chunk !== undefined).sort((a, b) => a.start - b.start);
  const last = ordered.reduce((end, chunk) => Math.max(end, chunk.end), 0);
  let limit = FREE_BYTES + GROWTH * bytes;
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  for (const { column, start, end, about } of ordered) {
    if (start < windowStart || end > windowStart + window.length) {
      window = await source.slice(start, Math.max(end, Math.min(start + WINDOW, last)));
      windowStart = start;
    }
    const { name, element } = columns[column];
    // A copy of its own, which the package reads by its buffer.
    const own = new Uint8Array(window.subarray(start - windowStart, end - windowStart));
    const fail = (problem: string): never => {
      const known = 'not a Parquet file that can be read';
      throw new FormatError(source.name, `${known}: column ${show(name)} is damaged: ${problem}`);
    };
    const meta = about.meta_data!;
    const decompress = meta.codec === 'UNCOMPRESSED' ? undefined : compressors[meta.codec];
    if (meta.codec !== 'UNCOMPRESSED' && !decompress)
      fail(`compressed by ${meta.codec ?? 'a method'} not known here`);
    const { pages, grown } = await guard(source.name, () =>
      checkPages(own, {
        rows,
        type: meta.type,
        typeLength: element.type_length ?? 0,
        optional: element.repetition_type !== 'REQUIRED',
        decompress,
        limit,
        fail,
      }),
    );
    limit -= grown;
    let opened = 0;
    const unpacked: Compressors = { [meta.codec]: () => pages[opened++] };
    await guard(source.name, () =>
      parquetRead({
        file: { byteLength: own.length, slice: () => own.buffer },
        metadata: alone(element, meta, rows, own.length),
        compressors: unpacked,
        onChunk: ({ columnData, rowStart }) => values[column].push({ start: rowStart, data: columnData }),
      }),
    );
    const given = values[column].reduce((sum, { data }) => sum + data.length, 0);
    if (given !== rows) fail(`${given} values, where there are ${rows} rows`);
  }
  return values;
}

/** The footer of a file of this one column chunk: the package looks through all columns for each. */
function alone(
  element: SchemaElement,
  meta: NonNullable<ColumnChunk['meta_data']>,
  rows: number,
  bytes: number,
): FileMetaData {
  const { dictionary_page_offset: _, ...rest } = meta;
  const chunk = { ...rest, data_page_offset: 0n, total_compressed_size: BigInt(bytes) };
  return {
    version: 1,
    schema: [{ name: 'schema', num_children: 1 }, element],
    num_rows: BigInt(rows),
    row_groups: [
      {
        columns: [{ file_offset: 0n, meta_data: chunk }],
        total_byte_size: BigInt(bytes),
        num_rows: BigInt(rows),
      },
    ],
    metadata_length: 0,
  };
}

function cellsOf(
  where: string,
  { name, nested: always }: Column,
  pieces: readonly Piece[],
  { start, rows, firstRow }: { start: number; rows: number; firstRow: number },
  builder: ColumnBuilder,
): ColumnCells {
  if (always !== undefined) {
    return nestedCells(where, name, { firstRow }, { index: 0, given: always, only: true });
  }
  let first: Omit<NestedCell, 'only'> | undefined;
  let only = true;
  for (const { start: begin, data } of pieces) {
    const from = Math.max(start, begin);
    const to = Math.min(start + rows, begin + data.length);
    for (let row = from; row < to; row++) {
      const value: unknown = data[row - begin];
      // A missing value is null; this one's place is beyond the dictionary.
      if (value === undefined) {
        const place = `row ${firstRow + row - start}, column ${show(name)}`;
        throw new FormatError(where, `${place}: the value is not in the file: it is damaged`);
      }
      if (!builder.set(row - start, value)) first ??= { index: row - start, given: show(value) };
      else if (value !== null) only = false;
    }
  }
  const cells = builder.take(rows);
  return first ? nestedCells(where, name, { firstRow }, { ...first, only }) : cells;
}
