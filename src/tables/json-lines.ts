/**
 * Objects as a table, their keys the columns: JSON lines, a file that is one array of objects, and objects in
 * memory. A key that a row does not have is a missing value. All rows are looked at before the first is given
 * out: a key may come late.
 */
import { DataError, FormatError, show } from '../base/errors.js';
import { type CellOptions, CellReader, saidOfCells } from './cells.js';
import { ColumnBuilder } from './column-builder.js';
import { type Row, type RowBatch, readArray, readLines } from './json-rows.js';
import { nestedCells } from './nested.js';
import {
  type ByteSource,
  chunkRows,
  MAX_COLUMNS,
  type NestedCell,
  type Table,
  type TableChunk,
  type TableFormat,
} from './types.js';

/**
 * Cells that a table may have beside those that are there: each row has all columns, and rows of few keys,
 * different ones each, would take squares of time.
 */
const FREE_CELLS = 2 ** 23;
/** Cells of the table for each that is there. */
const SPARSE = 256;

type Batches = () => AsyncIterable<RowBatch> | Iterable<RowBatch>;

/**
 * Opens JSON lines, or an array of objects when `isArray`. Reads all rows once for their keys.
 *
 * @throws FormatError for text that is not JSON or rows that are not objects; DataError for a file without
 * rows.
 */
export async function openJsonLines(
  source: ByteSource,
  isArray = false,
  cells: CellOptions = {},
): Promise<Table> {
  const batches = () => (isArray ? readArray(source) : readLines(source));
  return openBatches(source.name, 'jsonl', batches, cells);
}

/**
 * Opens objects in memory, such as a JSON text was or a program made. They are kept, not copied.
 *
 * @throws DataError for no rows, and for one that is no object.
 */
export async function openRows(
  given: readonly unknown[],
  name = 'table',
  cells: CellOptions = {},
): Promise<Table> {
  const bad = given.findIndex((row) => typeof row !== 'object' || row === null || Array.isArray(row));
  if (bad >= 0) {
    const expected = 'expected an object such as { age: 31 }';
    throw new DataError(name, `row ${bad + 1}: ${expected}, given ${show(given[bad])}`);
  }
  const rows = given as readonly Row[];
  return openBatches(name, 'rows', () => [{ rows }], cells);
}

async function openBatches(
  name: string,
  format: TableFormat,
  batches: Batches,
  cells: CellOptions,
): Promise<Table> {
  const columns = new Map<string, number>();
  let count = 0;
  let present = 0;
  for await (const { rows } of batches()) {
    for (const row of rows) {
      count++;
      const keys = Object.keys(row);
      present += keys.length;
      for (const key of keys) {
        if (columns.has(key)) continue;
        if (columns.size === MAX_COLUMNS) {
          throw new FormatError(name, `row ${count}: expected at most ${MAX_COLUMNS} columns`);
        }
        columns.set(key, columns.size);
      }
    }
  }
  if (count === 0) throw new DataError(name, 'expected rows, given none');
  if (count * columns.size > FREE_CELLS + SPARSE * present) {
    const given = `${count} rows of ${columns.size} keys, of which only ${present} cells are there`;
    throw new FormatError(name, `expected rows of mostly the same keys, given ${given}`);
  }
  if (columns.size === 0) throw new DataError(name, 'expected columns, given objects without keys');
  return {
    name,
    format,
    columns: [...columns.keys()],
    notes: [],
    ...saidOfCells(cells),
    chunks: ({ written = [] } = {}) => {
      const reader = new CellReader(cells);
      const kept = new Set(written);
      const builderOf = (column: string, rows: number) => new ColumnBuilder(rows, reader, kept.has(column));
      // Of a few rows in memory, no more is laid out than they need.
      return readChunks(name, columns, batches(), builderOf, Math.min(count, chunkRows(columns.size)));
    },
  };
}

async function* readChunks(
  name: string,
  columns: ReadonlyMap<string, number>,
  batches: AsyncIterable<RowBatch> | Iterable<RowBatch>,
  builderOf: (column: string, rows: number) => ColumnBuilder,
  capacity: number,
): AsyncGenerator<TableChunk> {
  const names = [...columns.keys()];
  const builders = names.map((column) => builderOf(column, capacity));
  const nested = new Map<number, Omit<NestedCell, 'only'>>();
  /** Columns of the chunk that hold something else than lists and objects. */
  const plain = new Uint8Array(columns.size);
  let lines: Float64Array | undefined;
  let before = 0;
  let count = 0;
  const take = (): TableChunk => {
    const place = { firstRow: before + 1, lines: lines?.slice(0, count) };
    const chunk = {
      rows: count,
      firstRow: place.firstRow,
      ...(place.lines && { lines: place.lines }),
      columns: builders.map((builder, column) => {
        const cells = builder.take(count);
        const first = nested.get(column);
        if (!first) return cells;
        return nestedCells(name, names[column], place, { ...first, only: plain[column] === 0 });
      }),
    };
    nested.clear();
    plain.fill(0);
    before += count;
    count = 0;
    return chunk;
  };
  for await (const batch of batches) {
    for (const [index, row] of batch.rows.entries()) {
      if (batch.lines) {
        lines ??= new Float64Array(capacity);
        lines[count] = batch.lines[index];
      }
      for (const key of Object.keys(row)) {
        const column = columns.get(key);
        // Only rows that change between the two readings can have another one.
        if (column === undefined) throw new DataError(name, 'the table changed while it was read');
        const value = row[key];
        if (!builders[column].set(count, value)) {
          if (!nested.has(column)) nested.set(column, { index: count, given: show(value) });
        } else if (value !== null && value !== undefined) {
          plain[column] = 1;
        }
      }
      if (++count === capacity) yield take();
    }
  }
  if (count > 0) yield take();
}
