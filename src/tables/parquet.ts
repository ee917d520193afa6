/**
 * Parquet as a table, by the package hyparquet, which is loaded when a Parquet file is opened and not before. One row group is
 * in memory at a time. Columns of lists, maps and structs are refused where they are met.
 */
import { DataError, FormatError, LanegradError, show } from '../errors.js';
import { type CellOptions, CellReader, saidOfCells } from './cells.js';
import { ColumnBuilder } from './column-builder.js';
import { cellPlace } from './place.js';
import {
  type ByteSource,
  type ChunkOptions,
  chunkRows,
  MAX_COLUMNS,
  type Table,
  type TableChunk,
} from './types.js';

/** Opens a Parquet file. Throws FormatError when it is damaged, DataError when it has no rows. */
export async function openParquet(source: ByteSource, cellOptions: CellOptions = {}): Promise<Table> {
  const { name } = source;
  const [{ parquetMetadataAsync, parquetRead, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const file = {
    byteLength: source.size,
    slice: async (begin: number, end: number = source.size) => {
      const bytes = await source.slice(begin, Math.min(end, source.size));
      return bytes.slice().buffer as ArrayBuffer;
    },
  };
  const guard = async <T>(reading: Promise<T>): Promise<T> => {
    try {
      return await reading;
    } catch (cause) {
      if (cause instanceof LanegradError) throw cause;
      throw new FormatError(name, `not a Parquet file that can be read: ${(cause as Error).message}`, {
        cause,
      });
    }
  };
  const metadata = await guard(parquetMetadataAsync(file));
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  if (columns.length === 0) throw new DataError(name, 'expected columns, given none');
  if (columns.length > MAX_COLUMNS) {
    throw new FormatError(name, `expected at most ${MAX_COLUMNS} columns, given ${columns.length}`);
  }
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined) throw new FormatError(name, `two columns are called ${show(twice)}`);
  if (Number(metadata.num_rows) === 0) throw new DataError(name, 'expected rows, given none');

  const reader = new CellReader(cellOptions);

  async function* chunks({ written = [] }: ChunkOptions = {}): AsyncGenerator<TableChunk> {
    const kept = new Set(written);
    let groupStart = 0;
    for (const group of metadata.row_groups) {
      const groupEnd = groupStart + Number(group.num_rows);
      const values = new Map<string, Piece[]>(columns.map((column) => [column, []]));
      await guard(
        parquetRead({
          file,
          metadata,
          compressors,
          rowStart: groupStart,
          rowEnd: groupEnd,
          onChunk: ({ columnName, columnData, rowStart }) => {
            values.get(columnName)?.push({ start: rowStart, data: columnData });
          },
        }),
      );
      const size = chunkRows(columns.length);
      for (let start = groupStart; start < groupEnd; start += size) {
        const rows = Math.min(size, groupEnd - start);
        yield {
          rows,
          firstRow: start + 1,
          columns: columns.map((column) =>
            cells(values.get(column) ?? [], start, rows, column, kept.has(column)),
          ),
        };
      }
      groupStart = groupEnd;
    }
  }

  function cells(pieces: readonly Piece[], start: number, rows: number, column: string, written: boolean) {
    const builder = new ColumnBuilder(rows, reader, written);
    for (const { start: first, data } of pieces) {
      const from = Math.max(start, first);
      const to = Math.min(start + rows, first + data.length);
      for (let row = from; row < to; row++) {
        const value: unknown = data[row - first];
        if (builder.set(row - start, value)) continue;
        const expected = `expected a number, a text, a date or nothing, given ${show(value)}`;
        throw new FormatError(name, `${cellPlace(row + 1, undefined, column)}: ${expected}`);
      }
    }
    return builder.take(rows);
  }

  return { name, format: 'parquet', columns, notes: [], ...saidOfCells(cellOptions), chunks };
}

interface Piece {
  /** The table's row of the first value, from 0. */
  readonly start: number;
  readonly data: ArrayLike<unknown>;
}
