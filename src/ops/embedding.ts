/** Rows of a table, picked by a column of whole numbers, and columns copied beside them. */
import { DataError, OptionError, ShapeError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { LONGEST_CHAIN } from '../engine/kernels.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkTensor } from './check.js';
import { type InputCheck, type Operation, one, type Shape, sameShape, showShape } from './operation.js';
import { fill } from './strided.js';
import { viewOf } from './view.js';

export const signatures = {
  /**
   * y[m, 0 … N - 1] = the row of the table [K, N] that x[m] (one column of a matrix) names. x is cut to a
   * whole number within 0 … K - 1; NaN is 0. May be split by rows, or by columns of the table.
   */
  embedding_forward: 'y: out rows, ldy, x: in rows, ldx, table: in, ldt, M: cut, N: across, K; 0.3 ns',
  /**
   * dtable = 0, then dtable[x[m]] += dy[m] with m ascending. May be split by columns of the table. `lost`,
   * laid out as dtable, is scratch for what rounding takes from each sum (Kahan's summation); absent, the
   * sums are plain chains.
   */
  embedding_backward: `dtable: out each, lddt, lost: scratch each, x: in, ldx, dy: in each, lddy, M: across,
    N: cut, K; 0.4 ns`,
  /** y = x. May be split by rows or columns. */
  copy_columns: 'y: out rows, ldy, x: in rows, ldx, M: cut, N: across; 0.2 ns',
} satisfies Signatures;

/** The columns of y from `to` on = rows of the table [categories, width] that column `from` of x names. */
function embed(args: { y: Tensor; x: Tensor; table: Tensor; from: number; to: number }): Call {
  const { y, x, table, from, to } = args;
  const where = 'embed';
  checkSameEngine(where, y, x, table);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'y', y, 'float', [x.rows, undefined]);
  checkTensor(where, 'table', table, 'float', [undefined, undefined]);
  checkColumns(where, x, from, 1);
  checkColumns(where, y, to, table.columns);
  const { kernels } = y.engine;
  const [source, target] = [offset(x, from), offset(y, to)];
  const [M, N, K] = [x.rows, table.columns, table.rows];
  return () => kernels.embedding_forward(target, y.ld, source, x.ld, table.pointer, table.ld, M, N, K);
}

/** dtable = the sums of dy's rows, from column `to` on, by what column `from` of x names. */
function embedBackward(args: { dtable: Tensor; x: Tensor; dy: Tensor; from: number; to: number }): Call {
  const { dtable, x, dy, from, to } = args;
  const where = 'embedBackward';
  checkSameEngine(where, dtable, x, dy);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'dy', dy, 'float', [x.rows, undefined]);
  checkTensor(where, 'dtable', dtable, 'float', [undefined, undefined]);
  checkColumns(where, x, from, 1);
  checkColumns(where, dy, to, dtable.columns);
  const { kernels } = x.engine;
  const [source, gradient] = [offset(x, from), offset(dy, to)];
  const [M, N, K] = [x.rows, dtable.columns, dtable.rows];
  const lost = M > LONGEST_CHAIN ? dtable.scratch().pointer : 0;
  return () =>
    kernels.embedding_backward(dtable.pointer, dtable.ld, lost, source, x.ld, gradient, dy.ld, M, N, K);
}

/** Columns to … of y = columns from … of x, `count` of them. */
export function copyColumns(args: { y: Tensor; x: Tensor; from: number; to: number; count: number }): Call {
  const { y, x, from, to, count } = args;
  const where = 'copyColumns';
  checkSameEngine(where, y, x);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'y', y, 'float', [x.rows, undefined]);
  checkColumns(where, x, from, count);
  checkColumns(where, y, to, count);
  const { kernels } = y.engine;
  const [source, target] = [offset(x, from), offset(y, to)];
  return () => kernels.copy_columns(target, y.ld, source, x.ld, x.rows, count);
}

/** The pointer to a column's first element. */
function offset(tensor: Tensor, column: number): number {
  return tensor.pointer + column * tensor.elementBytes;
}

function checkColumns(where: string, tensor: Tensor, first: number, count: number): void {
  if (!(first >= 0 && first + count <= tensor.columns)) {
    throw new OptionError(where, `${tensor} has no columns ${first} to ${first + count - 1}`);
  }
}

/** One column of category numbers. */
export interface EmbeddedColumn {
  /** The column's place among the inputs, from 0. */
  readonly column: number;
  /** Number of categories: inputs are whole numbers from 0 to cardinality - 1. */
  readonly cardinality: number;
  /** Length of the vector that takes the number's place. */
  readonly width: number;
}

export interface EmbeddingAttributes {
  /** Ascending. */
  readonly columns: readonly EmbeddedColumn[];
}

/** Inputs x [rows, in] and for each column a table [cardinality, width], which takes the column's place. */
export const embedding: Operation<EmbeddingAttributes> = {
  name: 'embedding',
  infer(where, [x, ...tables], { columns }) {
    const [width] = vectorOf(where, x);
    for (const [i, table] of tables.entries()) {
      const expected = { rows: false, dims: [columns[i].cardinality, columns[i].width] };
      if (sameShape(table, expected)) continue;
      throw new ShapeError(where, `table ${i}: expected ${showShape(expected)}, given ${showShape(table)}`);
    }
    const { column } = columns[columns.length - 1];
    if (column >= width) throw new ShapeError(where, `column ${column} of ${width} inputs, counted from 0`);
    return [{ rows: true, dims: [columns.reduce((total, own) => total + own.width - 1, width)] }];
  },
  read(reader) {
    const isList = (value: unknown): value is unknown[] => Array.isArray(value) && value.length > 0;
    const given = reader.required('columns', 'a list of columns, at least one', isList);
    const columns: EmbeddedColumn[] = [];
    for (const [i, own] of given.entries()) {
      columns.push(readColumn(`columns[${i}]`, own, columns[i - 1]?.column ?? -1));
    }
    return { columns };
  },
  derivative(rule) {
    const { inputs, gradients, needs, attributes } = rule;
    const [x, ...tables] = inputs;
    const dy = gradients[0]!;
    const places = placesOf(attributes);
    const dx = needs[0]
      ? one(rule, embeddingInput, [dy], { ...attributes, width: x.shape.dims[0] })
      : undefined;
    const dtables = tables.map((table, i) => {
      const [cardinality, width] = table.shape.dims;
      const { from, to } = places[i];
      return needs[i + 1] ? one(rule, embeddingTable, [x, dy], { cardinality, width, from, to }) : undefined;
    });
    return [dx, ...dtables];
  },
  bind({ attributes, inputs: [x, ...tables], outputs }) {
    const y = outputs[0]!;
    const calls: Call[] = tables.map((table, i) => embed({ y, x, table, ...placesOf(attributes)[i] }));
    for (const { from, to, count } of othersOf(attributes, x.columns)) {
      calls.push(copyColumns({ y, x, from, to, count }));
    }
    return calls;
  },
  checkInputs: ({ attributes: { columns }, ...check }) => {
    for (const { column, cardinality } of columns) checkCategories(check, column, cardinality, check.width);
  },
};

function readColumn(where: string, given: unknown, before: number): EmbeddedColumn {
  const reader = new OptionReader(where, given);
  const column = reader.integer('column', { min: before + 1 });
  const cardinality = reader.integer('cardinality', { min: 1, max: 2 ** 24 });
  const width = reader.integer('width', { min: 1 });
  reader.end();
  return { column, cardinality, width };
}

/** What passes through: dx of the other columns; category numbers have no gradient. */
const embeddingInput: Operation<EmbeddingAttributes & { readonly width: number }> = {
  name: 'embeddingInput',
  infer: (_, __, { width }) => [{ rows: true, dims: [width] }],
  bind({ attributes, inputs: [dy], outputs }) {
    const dx = outputs[0]!;
    const others = othersOf(attributes, attributes.width).map(({ from, to, count }) =>
      copyColumns({ y: dx, x: dy, from: to, to: from, count }),
    );
    return [fill({ y: viewOf(dx), value: 0 }), ...others];
  },
};

interface TableAttributes {
  readonly cardinality: number;
  readonly width: number;
  readonly from: number;
  readonly to: number;
}

/** The gradient of one table: sums of the rows of dy, by what x names. */
const embeddingTable: Operation<TableAttributes> = {
  name: 'embeddingTable',
  infer: (_, __, { cardinality, width }) => [{ rows: false, dims: [cardinality, width] }],
  bind: ({ attributes: { from, to }, inputs: [x, dy], outputs }) =>
    embedBackward({ dtable: outputs[0]!, x, dy, from, to }),
};

/** Where each table's column stands in x and in y. */
function placesOf({ columns }: EmbeddingAttributes): { from: number; to: number }[] {
  let shift = 0;
  return columns.map(({ column, width }) => {
    const place = { from: column, to: column + shift };
    shift += width - 1;
    return place;
  });
}

/** The columns of x that pass through, in runs. */
function othersOf(
  attributes: EmbeddingAttributes,
  width: number,
): { from: number; to: number; count: number }[] {
  const places = placesOf(attributes);
  const begins = [{ from: 0, to: 0 }];
  for (const [i, { from, to }] of places.entries()) {
    begins.push({ from: from + 1, to: to + attributes.columns[i].width });
  }
  const ends = [...places.map(({ from }) => from), width];
  return begins
    .map(({ from, to }, i) => ({ from, to, count: ends[i] - from }))
    .filter(({ count }) => count > 0);
}

export function checkCategories(
  { where, numbers, scale, offset }: Omit<InputCheck, 'attributes' | 'shapes'>,
  column: number,
  cardinality: number,
  width: number,
): void {
  for (let i = column; i < numbers.length; i += width) {
    const category = numbers[i] * scale + offset;
    if (Number.isInteger(category) && category >= 0 && category < cardinality) continue;
    const expected = `a category, a whole number from 0 to ${cardinality - 1}`;
    const place = `row ${Math.floor(i / width)}, column ${column}`;
    throw new DataError(where, `input at ${place}: expected ${expected}, given ${show(category)}`);
  }
}

function vectorOf(where: string, x: Shape): readonly number[] {
  if (x.rows && x.dims.length === 1) return x.dims;
  throw new OptionError(where, `expected rows of numbers, given ${showShape(x)}`);
}
