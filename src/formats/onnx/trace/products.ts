/** Products of matrices. */
import { elementsOf } from '../../../base/arrays.js';
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { applyOne, type Value } from '../../../graph/value.js';
import { product } from '../../../ops/matmul.js';
import { attributeOf } from '../flow.js';
import { BATCH, meeting, named } from './array.js';
import type { NodeReader, TracedOperator } from './context.js';
import { elementwise } from './elementwise.js';
import { reduced, without } from './reduce.js';
import {
  type Axis,
  full,
  hasRows,
  isKnown,
  last,
  lengthsOf,
  ordered,
  plain,
  reshaped,
  shapeOf,
  single,
  type Term,
  type Traced,
  tracedOf,
} from './traced.js';

/** Whether an input is one matrix for all rows. */
function isMatrix(node: NodeReader, place: number): boolean {
  const given = node.given(place);
  if (node.dims(place).length !== 2) return false;
  return 'weight' in given || isKnown(given) || !given.value.shape.rows;
}

/** The product of a's last axis with a matrix [K, N]. */
function withMatrix(node: NodeReader, a: Traced, b: Value): Traced {
  const axis = a.axes.length - 1;
  const own = last(a, axis, node.fail);
  const value = applyOne(product, [own.value, b], { form: 'nn', flat: true });
  const axes = own.axes.map((one, i) => (i === axis ? { ...one, length: b.shape.dims[1] } : one));
  return { value, axes, kind: a.kind };
}

function checkInner(node: NodeReader, a: readonly number[], b: readonly number[], k: number): void {
  if (k !== a.at(-1)) node.fail(`expected as many columns as rows: ${show(named(a))} and ${show(named(b))}`);
}

function matMul(node: NodeReader): Term {
  const [a, b] = [node.dims(0), node.dims(1)];
  if (a.length === 0 || b.length === 0) node.fail('expected at least one axis of each');
  if (isMatrix(node, 1)) {
    checkInner(node, a, b, b[0]);
    return withMatrix(node, node.traced(0), node.weight(1));
  }
  // A row or a column is a matrix, of which that axis goes again.
  const left = a.length === 1 ? node.reshaped(node.traced(0), [1, ...a]) : node.traced(0);
  const right = b.length === 1 ? node.reshaped(node.traced(1), [...b, 1]) : node.traced(1);
  const made = batched(node, left, right);
  const dims = [...shapeOf(made)];
  if (b.length === 1) dims.pop();
  if (a.length === 1) dims.splice(b.length === 1 ? dims.length - 1 : dims.length - 2, 1);
  return dims.length === made.axes.length ? made : node.reshaped(made, dims);
}

/** Products of matrices, which the last two axes are, of as many as the axes before them say. */
function batched(node: NodeReader, a: Traced, b: Traced): Traced {
  const { fail } = node;
  const [left, right] = [shapeOf(a), shapeOf(b)];
  checkInner(node, left, right, right[right.length - 2]);
  const [M, N] = [left[left.length - 2], right[right.length - 1]];
  const leading = meeting([left.slice(0, -2), right.slice(0, -2)], fail);
  // One matrix for each row of a batch, where rows are within the last two axes, cannot be.
  const [x, y] = [a, b].map((own) => leadingAs(node, own, leading));
  if (!x.shape.rows && !y.shape.rows) return finish(F.matmul(x, y), false);
  if (!x.shape.rows || !y.shape.rows) return fail('expected both or none to depend on the input');
  return finish(F.matmul(x, y), true);

  function finish(value: Value, rows: boolean): Traced {
    const inRow = rows && !leading.some((length) => length % BATCH === 0);
    const own = tracedOf(value, a.kind, inRow);
    if (own.axes.length === leading.length + 2) return own;
    return reshaped(own, [...leading, M, N], node.graph.batch, fail);
  }
}

/** A value of matrices, one of ours for each of the leading axes of the file, or all in a row where they are merged. */
function leadingAs(node: NodeReader, x: Traced, leading: readonly number[]): Value {
  const { fail } = node;
  const dims = shapeOf(x);
  const [rows, columns] = dims.slice(-2);
  let own = full(x, fail);
  const missing = leading.length + 2 - own.axes.length;
  if (missing > 0) own = node.reshaped(own, [...new Array<number>(missing).fill(1), ...dims]);
  const rank = own.axes.length;
  for (const axis of [rank - 2, rank - 1]) own = single(own, axis, fail);
  const needsSpread = leading.some((length, i) => own.axes[i].length !== length);
  own = ordered(own, [...own.axes.keys()], fail);
  if (needsSpread) own = spreadLeading(node, own, leading);
  const lengths = lengthsOf(own.value);
  const hasBatch = own.value.shape.rows;
  const inside = lengths.slice(Number(hasBatch), -2);
  return F.reshape(own.value, [...inside, rows, columns]);
}

/** Repeats matrices along axes before the last two. */
function spreadLeading(node: NodeReader, x: Traced, leading: readonly number[]): Traced {
  const dims = shapeOf(x);
  if (leading.some((length, i) => dims[i] !== length && length % BATCH === 0)) {
    return node.fail('one matrix would serve all rows of a batch; expected a matrix without other axes');
  }
  const axes = x.axes.map((own, i): Axis => {
    const length = leading[i] ?? own.length;
    return length === own.length ? own : { length, parts: [] };
  });
  const squeezed = node.reshaped(
    x,
    dims.filter((length, i) => length === (leading[i] ?? length)),
  );
  let next = 0;
  return plain(
    full(
      {
        ...squeezed,
        axes: axes.map((own) => (own.parts.length === 0 && own.length > 1 ? own : squeezed.axes[next++])),
      },
      node.fail,
    ),
    node.fail,
  );
}

function gemm(node: NodeReader): Term {
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  const [transA, transB] = [node.flag('transA'), node.flag('transB')];
  if (node.dims(0).length !== 2 || node.dims(1).length !== 2) node.fail('expected two matrices');
  const turn = (x: Traced, is: boolean) => (is ? { ...x, axes: [...x.axes].reverse() } : x);
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
  const bias =
    beta === 1
      ? c
      : elementwise(
          node,
          [c],
          'float',
          (own) => F.mul(own, beta),
          (own) => own * beta,
        );
  return elementwise(node, [y, bias], 'float', F.add);
}

/**
 * Sums of products that are a product of matrices: of two inputs, letters that both have and the result has
 * too count the matrices, letters that only one has are rows or columns, others are summed.
 */
function einsum(node: NodeReader): Term {
  const { fail } = node;
  const equation = (attributeOf(node.node, 'equation')?.string ?? fail('its equation is missing')).replaceAll(
    ' ',
    '',
  );
  const [left, right] = equation.split('->');
  const given = left.split(',');
  if (given.length !== node.count || !given.every((own) => /^[A-Za-z]*$/.test(own)) || given.length > 2)
    fail(`expected an equation of one or two inputs in letters, given ${show(equation)}`);
  const letters = given.join('');
  const counted = [...new Set(letters)].sort();
  const result = right ?? counted.filter((own) => letters.split(own).length === 2).join('');
  if (given.some((own) => new Set(own).size !== own.length) || new Set(result).size !== result.length)
    fail(`expected each letter once an input, given ${show(equation)}`);
  for (const [i, own] of given.entries())
    if (own.length !== node.dims(i).length)
      fail(`expected ${own.length} axes of input ${i}, given ${show(named(node.dims(i)))}`);
  const sizes = new Map(
    given.flatMap((own, i) => [...own].map((letter, j) => [letter, node.dims(i)[j]] as const)),
  );
  for (const letter of result)
    if (!letters.includes(letter)) fail(`its result has ${show(letter)}, which no input has`);
  for (const [i, own] of given.entries())
    for (const [j, letter] of [...own].entries())
      if (node.dims(i)[j] !== sizes.get(letter)) fail(`two lengths of ${letter} differ`);
  // What only one input has, and the result has not, is summed first.
  const terms = given.map((own, i) => {
    const others = given.filter((_, j) => j !== i).join('') + result;
    const axes = [...own].flatMap((letter, j) => (others.includes(letter) ? [] : [j]));
    const x = node.traced(i);
    const summed = axes.length === 0 ? x : (without(node, reduced(node, x, 'sum', axes), axes) as Traced);
    return { x: summed, letters: [...own].filter((_, j) => !axes.includes(j)).join('') };
  });
  const turned = (x: Traced, from: string, to: string): Traced => ({
    ...x,
    axes: [...to].map((letter) => x.axes[from.indexOf(letter)]),
  });
  const [a, b] = terms;
  if (!b) return turned(a.x, a.letters, result);
  const both = [...a.letters].filter((letter) => b.letters.includes(letter));
  const batch = both.filter((letter) => result.includes(letter));
  const inner = both.filter((letter) => !result.includes(letter));
  const rows = [...a.letters].filter((letter) => !both.includes(letter));
  const columns = [...b.letters].filter((letter) => !both.includes(letter));
  const length = (own: readonly string[]) => elementsOf(own.map((letter) => sizes.get(letter)!));
  const lengths = (own: readonly string[]) => own.map((letter) => sizes.get(letter)!);
  const matrices = [
    node.reshaped(turned(a.x, a.letters, [...batch, ...rows, ...inner].join('')), [
      ...lengths(batch),
      length(rows),
      length(inner),
    ]),
    node.reshaped(turned(b.x, b.letters, [...batch, ...inner, ...columns].join('')), [
      ...lengths(batch),
      length(inner),
      length(columns),
    ]),
  ];
  const isFlat = batch.length === 0 && !hasRows(matrices[1]) && !matrices[1].value.shape.rows;
  const made = isFlat
    ? withMatrix(node, matrices[0], plain(matrices[1], fail).value)
    : batched(node, matrices[0], matrices[1]);
  const all = [...batch, ...rows, ...columns];
  return turned(node.reshaped(made, lengths(all)), all.join(''), result);
}

/** By name. */
export const productOperators: Readonly<Record<string, TracedOperator>> = {
  Einsum: { inputs: 2, attributes: ['equation'], read: einsum },
  Gemm: { inputs: 3, attributes: ['alpha', 'beta', 'transA', 'transB'], read: gemm },
  MatMul: { inputs: 2, read: matMul },
};
