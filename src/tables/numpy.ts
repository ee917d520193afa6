/**
 * NPY and NPZ as tables. A matrix [rows, n] of an NPY file has columns column1 to column<n>. Of an NPZ file
 * each array that has the rows on its first axis gives columns: [rows] one of its own name, [rows, n] those
 * called X.1 to X.<n>. Read whole.
 */
import { DataError, FormatError, ShapeError, show } from '../base/errors.js';
import { type NpyArray, readNpy } from '../formats/npy.js';
import { readNpz } from '../formats/npz.js';
import { type CellOptions, CellReader, saidOfCells } from './cells.js';
import { ColumnBuilder } from './column-builder.js';
import { type ByteSource, chunkRows, MAX_COLUMNS, type Table } from './types.js';

/** One column within an array. */
interface Column {
  readonly name: string;
  readonly array: NpyArray;
  readonly offset: number;
  readonly stride: number;
}

/**
 * Opens an NPY file. Throws FormatError when it is damaged, ShapeError when it is neither a matrix nor a
 * vector.
 */
export async function openNpy(source: ByteSource, cells: CellOptions = {}): Promise<Table> {
  const array = readNpy(await source.slice(0, source.size), source.name);
  return asTable(
    source.name,
    'npy',
    columnsOf(array, source.name, (n) => `column${n}`, 'column1'),
    array,
    cells,
  );
}

/** Opens an NPZ file. Throws as `openNpy`, and ShapeError when its arrays have different numbers of rows. */
export async function openNpz(source: ByteSource, cells: CellOptions = {}): Promise<Table> {
  const arrays = readNpz(await source.slice(0, source.size), source.name);
  const [first] = arrays.values();
  if (!first) throw new DataError(source.name, 'expected arrays, given none');
  const columns: Column[] = [];
  for (const [name, array] of arrays) {
    if (array.shape[0] !== first.shape[0]) {
      const shapes = Array.from(arrays, ([key, { shape }]) => `${key} [${shape.join(', ')}]`).join(', ');
      const hint = arrays.has('x_train') ? '; with x_train and x_test it is a data set, not a table' : '';
      throw new ShapeError(source.name, `expected arrays of equally many rows, given ${shapes}${hint}`);
    }
    const where = `${source.name}, array ${show(name)}`;
    for (const column of columnsOf(array, where, (n) => `${name}.${n}`, name)) columns.push(column);
    checkColumns(columns.length, source.name);
  }
  return asTable(source.name, 'npz', columns, first, cells);
}

function columnsOf(array: NpyArray, where: string, nameOf: (n: number) => string, single: string): Column[] {
  const { shape } = array;
  if (shape.length === 1) return [{ name: single, array, offset: 0, stride: 1 }];
  if (shape.length !== 2) {
    throw new ShapeError(where, `expected a matrix [rows, columns], given the shape [${shape.join(', ')}]`);
  }
  const [, width] = shape;
  checkColumns(width, where);
  return Array.from({ length: width }, (_, i) => ({ name: nameOf(i + 1), array, offset: i, stride: width }));
}

function checkColumns(count: number, where: string): void {
  if (count > MAX_COLUMNS) {
    throw new FormatError(where, `expected at most ${MAX_COLUMNS} columns, given ${count}`);
  }
}

function asTable(
  name: string,
  format: 'npy' | 'npz',
  columns: readonly Column[],
  first: NpyArray,
  cells: CellOptions,
): Table {
  const [rows] = first.shape;
  if (rows === 0) throw new DataError(name, 'expected rows, given none');
  if (columns.length === 0) throw new DataError(name, 'expected columns, given none');
  const names = columns.map((column) => column.name);
  const seen = new Set<string>();
  for (const column of names) {
    if (seen.has(column)) throw new FormatError(name, `two columns are called ${show(column)}`);
    seen.add(column);
  }
  return {
    name,
    format,
    columns: names,
    notes: [],
    ...saidOfCells(cells),
    async *chunks({ written = [] } = {}) {
      const reader = new CellReader(cells);
      const kept = new Set(written);
      const size = chunkRows(columns.length);
      for (let start = 0; start < rows; start += size) {
        const count = Math.min(size, rows - start);
        yield {
          rows: count,
          firstRow: start + 1,
          columns: columns.map(({ name: column, array: { data, dtype }, offset, stride }) => {
            const builder = new ColumnBuilder(count, reader, kept.has(column));
            for (let row = 0; row < count; row++) {
              const value = data[(start + row) * stride + offset];
              builder.set(row, dtype === 'bool' ? value === 1 : value);
            }
            return builder.take(count);
          }),
        };
      }
    },
  };
}
