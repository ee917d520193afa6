/** Rows of a table that are picked by numbers, and what flows back to them. */

import { elementsOf } from '../base/arrays.js';
import { ShapeError } from '../base/errors.js';
import { LONGEST_CHAIN } from '../engine/constants.js';
import { formatShape } from '../engine/tensor.js';
import { type Call, checkSameEngine } from './check.js';
import { checkCategories } from './embedding.js';
import { type Loop, merged, starts } from './loops.js';
import { type Operation, one, type Shape, showShape } from './operation.js';
import { unary } from './strided.js';
import { checkApart, checkDistinct, checkView, pointerOf, type View, viewOf } from './view.js';

/**
 * y[i, :] = table[indices[i], :] for indices of any shape, y of this shape and the table's columns. Indices
 * are cut to whole numbers within the table; NaN is 0. Rows of y and of the table lie in one piece each.
 */
export function gather({ y, table, indices }: { y: View; table: View; indices: View }): Call {
  const where = 'gather';
  const loops = checkRows(where, { y, table, indices });
  checkDistinct(where, 'y', y);
  checkApart(where, y, table, indices);
  if (elementsOf(y.shape) === 0) return () => {};
  const { kernels } = y.tensor.engine;
  const { length: M, strides } = loops.pop() ?? { length: 1, strides: [0, 0] };
  const [ldy, ldx] = strides;
  const list = starts([pointerOf(y), pointerOf(indices)], loops, y.tensor.elementBytes);
  const source = pointerOf(table);
  const [K, N] = table.shape;
  const ldt = table.strides[0];
  return () => {
    for (let i = 0; i < list.length; i += 2) {
      kernels.embedding_forward(list[i], ldy, list[i + 1], ldx, source, ldt, M, N, K);
    }
  };
}

/**
 * dtable = 0, then dtable[indices[i], :] += dy[i, :] with i ascending, rounding made good where there are
 * many. The indices and the rows of dy must each lie equally far apart.
 */
export function scatterAdd({ dtable, indices, dy }: { dtable: View; indices: View; dy: View }): Call {
  const where = 'scatterAdd';
  const loops = checkRows(where, { dy, dtable, indices });
  checkDistinct(where, 'dtable', dtable);
  checkApart(where, dtable, dy, indices);
  const [K, N] = dtable.shape;
  const none = elementsOf(indices.shape) === 0;
  if (loops.length > 1 && !none) {
    const given = `strides ${formatShape(indices.strides)} and ${formatShape(dy.strides)}`;
    throw new ShapeError(where, `expected indices and rows of dy each equally far apart, given ${given}`);
  }
  const { kernels } = dtable.tensor.engine;
  const { length, strides } = loops[0] ?? { length: 1, strides: [0, 0] };
  const [lddy, ldx] = strides;
  const M = none ? 0 : length;
  const bytes = dtable.tensor.elementBytes;
  const lost = M > LONGEST_CHAIN ? dtable.tensor.scratch().pointer + dtable.offset * bytes : 0;
  const [target, x, gradient] = [dtable, indices, dy].map(pointerOf);
  const ld = dtable.strides[0];
  return () => kernels.embedding_backward(target, ld, lost, x, ldx, gradient, lddy, M, N, K);
}

/** The axes of the indices, with the strides of the rows and of the indices. */
function checkRows(where: string, views: Readonly<Record<string, View>>): Loop[] {
  const [[rowsName, rows], [tableName, table], [, indices]] = Object.entries(views);
  checkSameEngine(where, rows.tensor, table.tensor, indices.tensor);
  checkView(where, tableName, table);
  checkView(where, 'indices', indices);
  if (table.shape.length !== 2 || table.shape[0] === 0) {
    throw new ShapeError(where, `${tableName}: expected a matrix of rows, given ${formatShape(table.shape)}`);
  }
  checkView(where, rowsName, rows, [...indices.shape, table.shape[1]]);
  for (const [name, view] of [[rowsName, rows] as const, [tableName, table] as const]) {
    if (view.strides[view.strides.length - 1] === 1 || table.shape[1] <= 1) continue;
    throw new ShapeError(
      where,
      `${name}: expected rows in one piece, given strides ${formatShape(view.strides)}`,
    );
  }
  return merged(
    [rows, indices].map((view) => ({ ...view, shape: indices.shape })),
    [...indices.shape.keys()],
  );
}

/**
 * Inputs: indices of any shape, and a table [K, width]; each index becomes that row of the table. NaN is 0,
 * and what is beyond is cut.
 */
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
  bind({ inputs: [indices, table], outputs }) {
    const x = viewOf(indices);
    return gather({ y: rowsFor(x, viewOf(outputs[0]!)), table: viewOf(table), indices: x });
  },
  checkInputs({ shapes: [indices, table], ...check }) {
    for (let column = 0; column < elementsOf(indices.dims); column++) {
      checkCategories(check, column, table.dims[0], check.width);
    }
  },
};

/** Rows of a table, for as many indices: a single one lies in memory as a list of one. */
function rowsFor(indices: View, rows: View): View {
  if (rows.shape.length > indices.shape.length) return rows;
  return { ...rows, shape: [1, ...rows.shape], strides: [0, ...rows.strides] };
}

const takeTable: Operation<{ readonly shape: Shape }> = {
  name: 'takeTable',
  infer: (_, __, { shape }) => [shape],
  bind({ inputs: [indices, dy], outputs, arena }) {
    // Indices equally far apart, as the rows of dy are.
    const x = arena.tensor('float', indices.shape);
    const sums = scatterAdd({
      dtable: viewOf(outputs[0]!),
      indices: viewOf(x),
      dy: rowsFor(viewOf(x), viewOf(dy)),
    });
    return [unary({ y: viewOf(x), x: viewOf(indices), operation: 'copy' }), sums];
  },
};
