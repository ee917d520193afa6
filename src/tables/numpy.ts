/**
 * NPY and NPZ as tables. A matrix [rows, n] of an NPY file has columns column1 to column<n>. Of an NPZ file
 * each array that has the rows on its first axis gives columns: [rows] one of its own name, [rows, n] those
 * called X.1 to X.<n>. An NPY file is read in parts, unless it is column-major; an NPZ file is read whole.
 */
import { elementsOf } from '../base/arrays.js';
import { DataError, FormatError, ShapeError, show } from '../base/errors.js';
import {
  checkNpySize,
  decodeElements,
  NPY_HEADER_BYTES,
  type NpyArray,
  readNpy,
  readNpyHeader,
} from '../formats/npy.js';
import { readNpz } from '../formats/npz.js';
import { type CellOptions, CellReader, saidOfCells } from './cells.js';
import { ColumnBuilder } from './column-builder.js';
import { type ByteSource, chunkRows, MAX_COLUMNS, type Table } from './types.js';

/** An array whose rows are had in parts. */
interface Rows extends Pick<NpyArray, 'dtype' | 'shape'> {
  /** Elements of rows next to each other. */
  read(start: number, count: number): Promise<ArrayLike<number | bigint | string>>;
}

/** One column within an array. */
interface Column {
  readonly name: string;
  readonly array: Rows;
  readonly offset: number;
  readonly stride: number;
}

/**
 * Opens an NPY file. Throws FormatError when it is damaged, ShapeError when it is neither a matrix nor a
 * vector.
 */
export async function openNpy(source: ByteSource, cells: CellOptions = {}): Promise<Table> {
  const { name } = source;
  const array = await openRows(source);
  return asTable(
    name,
    'npy',
    columnsOf(array, name, (n) => `column${n}`, 'column1'),
    array,
    cells,
  );
}

async function openRows(source: ByteSource): Promise<Rows> {
  const { name, size } = source;
  const header = readNpyHeader(await source.slice(0, Math.min(size, NPY_HEADER_BYTES)), name);
  checkNpySize(header, size, name);
  const { dtype, shape, fortran, dataStart } = header;
  // One row of such a file lies all over it.
  if (fortran && shape.length > 1) return rowsOf(readNpy(await source.slice(0, size), name));
  const width = elementsOf(shape.slice(1));
  const rowBytes = header.bytes * width;
  return {
    ...{ dtype, shape },
    read: async (start, count) => {
      const begin = dataStart + start * rowBytes;
      return decodeElements(await source.slice(begin, begin + count * rowBytes), header, count * width);
    },
  };
}

function rowsOf({ dtype, shape, data }: NpyArray): Rows {
  const width = elementsOf(shape.slice(1));
  return {
    ...{ dtype, shape },
    // No copy, but of texts.
    read: async (start, count) =>
      Array.isArray(data)
        ? data.slice(start * width, (start + count) * width)
        : data.subarray(start * width, (start + count) * width),
  };
}

/** Opens an NPZ file. Throws as `openNpy`, and ShapeError when its arrays have different numbers of rows. */
export async function openNpz(source: ByteSource, cells: CellOptions = {}): Promise<Table> {
  const arrays = readNpz(await source.slice(0, source.size), source.name);
  const [first] = arrays.values();
  if (!first) throw new DataError(source.name, 'expected arrays, given none');
  const columns: Column[] = [];
  for (const [name, whole] of arrays) {
    const array = rowsOf(whole);
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

function columnsOf(array: Rows, where: string, nameOf: (n: number) => string, single: string): Column[] {
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
  first: Pick<NpyArray, 'shape'>,
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
        const parts = new Map<Rows, ArrayLike<number | bigint | string>>();
        for (const { array } of columns) {
          if (!parts.has(array)) parts.set(array, await array.read(start, count));
        }
        yield {
          rows: count,
          firstRow: start + 1,
          columns: columns.map(({ name: column, array, offset, stride }) => {
            const data = parts.get(array)!;
            const builder = new ColumnBuilder(count, reader, kept.has(column));
            for (let row = 0; row < count; row++) {
              const value = data[row * stride + offset];
              builder.set(row, array.dtype === 'bool' ? value === 1 : value);
            }
            return builder.take(count);
          }),
        };
      }
    },
  };
}
