/** Tables of vectors as operations of the graph: numbers of rows go in, the rows come out. */
import { DataError, OptionError, ShapeError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Call } from './check.js';
import { copyColumns, embed, embedBackward } from './embedding.js';
import {
  type InputCheck,
  type Operation,
  one,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
} from './operation.js';
import { fill, unary } from './strided.js';
import { gather, scatterAdd } from './take.js';
import { viewOf } from './view.js';

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

/** Inputs: indices of any shape, and a table [K, width]; each index becomes that row of the table. NaN is 0, and what is beyond is cut. */
export const take: Operation<object> = {
  name: 'take',
  infer(where, [indices, table]) {
    if (table.rows || table.dims.length !== 2) {
      throw new ShapeError(where, `table: expected a matrix without rows, given ${showShape(table)}`);
    }
    return [{ rows: indices.rows, dims: [...indices.dims, table.dims[1]] }];
  },
  derivative(rule) {
    const [indices, table] = rule.inputs;
    const shape = table.shape;
    return [
      undefined,
      rule.needs[1] ? one(rule, takeTable, [indices, rule.gradients[0]!], { shape }) : undefined,
    ];
  },
  bind: ({ inputs: [indices, table], outputs }) =>
    gather({ y: viewOf(outputs[0]!), table: viewOf(table), indices: viewOf(indices) }),
  checkInputs({ shapes: [indices, table], ...check }) {
    for (let column = 0; column < sizeOf(indices); column++) {
      checkCategories(check, column, table.dims[0], check.width);
    }
  },
};

const takeTable: Operation<{ readonly shape: Shape }> = {
  name: 'takeTable',
  infer: (_, __, { shape }) => [shape],
  bind({ inputs: [indices, dy], outputs, arena }) {
    // Indices equally far apart, as the rows of dy are.
    const x = arena.tensor('float', indices.shape);
    const sums = scatterAdd({ dtable: viewOf(outputs[0]!), indices: viewOf(x), dy: viewOf(dy) });
    return [unary({ y: viewOf(x), x: viewOf(indices), operation: 'copy' }), sums];
  },
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

function checkCategories(
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
