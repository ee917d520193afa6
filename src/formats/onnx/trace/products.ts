/** Products of matrices. */
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import type { Value } from '../../../graph/value.js';
import { cutAlike } from './align.js';
import { meeting, named } from './array.js';
import type { NodeReader, TracedOperator } from './context.js';
import { elementwise } from './elementwise.js';
import { full, inside, last, perRow, stretched, turned } from './layout.js';
import { isKnown, partsOf, shapeOf, type Term, type Traced, withLength } from './traced.js';

/** Whether an input is one matrix for all rows. */
function isMatrix(node: NodeReader, place: number): boolean {
  const given = node.given(place);
  if (node.dims(place).length !== 2) return false;
  return 'weight' in given || isKnown(given) || !given.value.shape.rows;
}

/** The product of a's last axis with a matrix [K, N]. */
export function withMatrix(node: NodeReader, a: Traced, b: Value): Traced {
  const axis = a.axes.length - 1;
  const own = last(a, axis, node.fail);
  return { value: F.matmul(own.value, b), axes: withLength(own.axes, axis, b.shape.dims[1]), kind: a.kind };
}

/** With the last two axes of the file's in each other's place. */
function transposed(x: Traced): Traced {
  return { ...x, axes: [...x.axes.slice(0, -2), x.axes[x.axes.length - 1], x.axes[x.axes.length - 2]] };
}

function checkInner(node: NodeReader, a: readonly number[], b: readonly number[], k: number): void {
  if (k !== a.at(-1)) node.fail(`expected as many columns as rows: ${show(named(a))} and ${show(named(b))}`);
}

function matMul(node: NodeReader): Term {
  const [a, b] = [node.dims(0), node.dims(1)];
  if (a.length === 0 || b.length === 0) node.fail('expected at least one axis of each');
  checkInner(node, a, b, b[Math.max(b.length - 2, 0)]);
  if (isMatrix(node, 1)) return withMatrix(node, node.traced(0), node.weight(1));
  if (isMatrix(node, 0) && b.length > 1)
    return transposed(withMatrix(node, transposed(node.traced(1)), node.weight(0, [1, 0])));
  // A row or a column is a matrix, of which that axis goes again.
  const left = a.length === 1 ? node.reshaped(node.traced(0), [1, ...a]) : node.traced(0);
  const right = b.length === 1 ? node.reshaped(node.traced(1), [...b, 1]) : node.traced(1);
  const made = batched(node, left, right);
  const [M, N] = shapeOf(made).slice(-2);
  const ends = [...(a.length === 1 ? [] : [M]), ...(b.length === 1 ? [] : [N])];
  return node.reshaped(made, [...shapeOf(made).slice(0, -2), ...ends]);
}

/** Products of matrices, which the last two axes are, of as many as the axes before them say. */
export function batched(node: NodeReader, a: Traced, b: Traced): Traced {
  const { fail } = node;
  const [left, right] = [shapeOf(a), shapeOf(b)];
  checkInner(node, left, right, right[right.length - 2]);
  const leading = meeting([left.slice(0, -2), right.slice(0, -2)], fail);
  const rows = [a, b].find(({ value }) => value.shape.rows);
  const both = [a, b].map((own) => {
    const x = stretched(own, [...leading, ...shapeOf(own).slice(-2)]);
    const repeated = full(rows && !x.value.shape.rows ? perRow(x, rows.value) : x, fail);
    return [0, 1].reduce((one, i) => inside(one, leading.length + i, fail), repeated);
  });
  const { terms } = cutAlike(both, [...leading, 0, 0], fail, leading.length);
  const [x, y] = terms.map((own) => matricesOf(own as Traced, leading.length, node));
  const axes = withLength(x.axes, x.axes.length - 1, right[right.length - 1]);
  return { value: F.matmul(x.value, y.value), axes, kind: a.kind };
}

/** With the pieces of the first axes in front, in the order of the file but for the rows, and matrices behind. */
function matricesOf(x: Traced, leading: number, { fail }: NodeReader): Traced {
  const front = x.value.shape.rows ? [0] : [];
  const parts = partsOf(x.axes.slice(0, leading)).filter((part) => !front.includes(part));
  return turned(x, [...front, ...parts, ...partsOf(x.axes.slice(leading))], fail);
}

function gemm(node: NodeReader): Term {
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  const [transA, transB] = [node.flag('transA'), node.flag('transB')];
  if (node.dims(0).length !== 2 || node.dims(1).length !== 2) node.fail('expected two matrices');
  const turn = (x: Traced, is: boolean) => (is ? transposed(x) : x);
  const a = turn(node.traced(0), transA);
  const scaled = (x: Traced, by: number): Traced => (by === 1 ? x : { ...x, value: F.mul(x.value, by) });
  let y: Traced;
  if (isMatrix(node, 1)) {
    const b = node.dims(1);
    checkInner(node, shapeOf(a), b, b[Number(transB)]);
    y = withMatrix(node, a, node.weight(1, transB ? [1, 0] : [0, 1]));
  } else y = batched(node, a, turn(node.traced(1), transB));
  y = scaled(y, alpha);
  if (!node.has(2) || beta === 0) return y;
  const c = node.term(2);
  const times = (own: Value | number) => F.mul(own, beta);
  const bias = beta === 1 ? c : elementwise(node, [c], 'float', times, (own) => own * beta);
  return elementwise(node, [y, bias], 'float', F.add);
}

/** By name. */
export const productOperators: Readonly<Record<string, TracedOperator>> = {
  Gemm: { inputs: 3, attributes: ['alpha', 'beta', 'transA', 'transB'], read: gemm },
  MatMul: { inputs: 2, read: matMul },
};
