/** Operators that pick elements by whole numbers. */
import { elementsOf } from '../../../base/arrays.js';
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { isLeaf, literal } from '../../../graph/leaves.js';
import { checkMade, computed, hasBatch, known, named, pick, stridesOf } from './array.js';
import type { NodeReader, TracedOperator } from './context.js';
import { sliced } from './cut.js';
import { elementwise } from './elementwise.js';
import { last } from './layout.js';
import { reduced, without } from './reduce.js';
import { dimsOf, isKnown, lengthsOf, shapeOf, type Term, type Traced, withLength } from './traced.js';

/** Runs of places from which on a product with a matrix of ones and zeros is less work. */
const MAX_RUNS = 64;

/** Whole numbers from 0 on, of those that count from the end. */
function counted(node: NodeReader, indices: Term, length: number): Term {
  if (hasBatch(length)) return indices;
  return elementwise(
    node,
    [indices],
    'int',
    (own) => F.where(F.less(own, 0), F.add(own, length), own),
    (own) => (own < 0 ? own + length : own),
  );
}

function gather(node: NodeReader): Term {
  const dims = node.dims(0);
  const axis = node.axis(node.int('axis', 0), dims.length);
  const length = dims[axis];
  const given = node.given(0);
  const isTable = 'weight' in given || isKnown(given) || !given.value.shape.rows;
  const raw = node.term(1);
  // Numbers of rows of a table that come in are checked by what reads them, in the data.
  const isChecked = isTable && !isKnown(raw) && isLeaf(raw.value.node);
  const indices = isChecked ? raw : counted(node, raw, length);
  const shape = [...dims.slice(0, axis), ...dimsOf(indices), ...dims.slice(axis + 1)];
  if (isKnown(indices)) {
    const places = Array.from(indices.values);
    const wrong = places.find((place) => !(Number.isInteger(place) && place >= 0 && place < length));
    if (wrong !== undefined) node.fail(`there is no place ${wrong} of ${named([length])[0]}`);
    // Of a shape, which is known, or of a table.
    if (!('weight' in given) && isKnown(given)) return { ...pick(given, axis, places), dims: shape };
    const x = node.traced(0);
    const runs = places.filter((place, i) => place !== places[i - 1] + 1).length;
    if (runs <= MAX_RUNS || hasBatch(length)) return node.reshapedTerm(sliced(node, x, axis, places), shape);
    return node.reshaped(chosen(node, x, axis, places), shape);
  }
  if (!isTable) return gatherLive(node, axis, indices, shape);
  const rest = [...dims.keys()].filter((own) => own !== axis);
  const width = elementsOf(rest.map((own) => dims[own]));
  const table = node.weight(0, [axis, ...rest]);
  const matrix = table.shape.dims.length === 2 ? table : F.reshape(table, [length, width]);
  const value = F.take(matrix, indices.value);
  const at = lengthsOf(indices.value).length;
  // The axes of the indices stand where the axis was.
  const lengths = rest.map((one) => dims[one]);
  const wide = rest.length === 1 ? value : F.reshape(value, [...indices.value.shape.dims, ...lengths]);
  const behind = lengths.map((length, i) => ({ length, parts: [at + i] }));
  const axes = [...behind.slice(0, axis), ...indices.axes, ...behind.slice(axis)];
  return { value: wide, axes, kind: node.kind(0) };
}

/** Places of an axis, by a product. */
function chosen(node: NodeReader, x: Traced, axis: number, places: readonly number[]): Traced {
  const own = last(x, axis, node.fail);
  const from = x.axes[axis].length;
  checkMade([from, places.length], node.fail);
  const ones = new Float32Array(from * places.length);
  for (const [to, place] of places.entries()) ones[place * places.length + to] = 1;
  const value = F.matmul(own.value, literal(ones, [from, places.length]));
  return { ...own, value, axes: withLength(own.axes, axis, places.length) };
}

/** Both differ from row to row: what is at each place, where that is the index, else 0, added up. */
function gatherLive(node: NodeReader, axis: number, indices: Traced, shape: readonly number[]): Term {
  const x = node.traced(0);
  const dims = shapeOf(x);
  if (hasBatch(dims[axis])) node.fail('it would pick rows of a batch');
  if (indices.value.shape.rows && shape.filter(hasBatch).length > 1)
    node.fail('its result would have the batch twice');
  const own = shapeOf(indices);
  const wide = [...dims.slice(0, axis), ...own.map(() => 1), ...dims.slice(axis + 1), dims[axis]];
  const order = [...dims.keys()].filter((i) => i !== axis);
  const turned: Traced = { ...x, axes: [...order, axis].map((i) => x.axes[i]) };
  const data = node.reshaped(turned, wide);
  const index = node.reshaped(indices, [...own, ...dims.slice(axis + 1).map(() => 1), 1]);
  return picked(node, data, index, dims[axis]);
}

/** Σ over the last axis of what is at the place that an index names. */
function picked(node: NodeReader, data: Traced, index: Term, length: number): Term {
  const places = node.placesAlong([length], 0);
  const own = elementwise(node, [index, places, data], data.kind, (a, b, x) =>
    F.where(F.equal(a, b), x, 0),
  ) as Traced;
  const axis = own.axes.length - 1;
  return without(node, reduced(node, own, 'sum', [axis]), [axis]);
}

/** As many indices as the result has elements. */
function gatherElements(node: NodeReader): Term {
  const x = node.term(0);
  const dims = dimsOf(x);
  const axis = node.axis(node.int('axis', 0), dims.length);
  const length = dims[axis];
  if (hasBatch(length)) node.fail('it would pick rows of a batch');
  const indices = counted(node, node.term(1), length);
  const shape = dimsOf(indices);
  if (shape.length !== dims.length || shape.some((own, i) => i !== axis && own > dims[i]))
    node.fail(`expected indices within ${show(named(dims))}, given ${show(named(shape))}`);
  if (isKnown(x) && isKnown(indices)) {
    const [from, own] = [stridesOf(dims), stridesOf(shape)];
    const values = Array.from(indices.values, (place, i) => {
      if (!(place >= 0 && place < length)) node.fail(`there is no place ${place} of ${length}`);
      return x.values[
        dims.reduce((at, _, j) => at + from[j] * (j === axis ? place : Math.floor(i / own[j]) % shape[j]), 0)
      ];
    });
    return known(x.kind, shape, values);
  }
  // Only as much of the other axes as the indices have.
  const cut = shape.reduce<Term>((term, count, i) => {
    if (i === axis || count === dims[i]) return term;
    return sliced(node, term, i, node.places(count));
  }, x);
  const data = isKnown(cut) ? node.literal(cut) : cut;
  const one = dimsOf(cut).map((own, i) => (i === axis ? 1 : own));
  const order = [...dims.keys()].filter((i) => i !== axis);
  const turned: Traced = { ...data, axes: [...order, axis].map((i) => data.axes[i]) };
  const wide = node.reshaped(turned, [...one, length]);
  return picked(node, wide, node.reshapedTerm(indices, [...shape, 1]), length);
}

/** 1, or another number, where the index is, along a new axis. */
function oneHot(node: NodeReader): Term {
  const depth = node.number(1) ?? node.fail('its depth is missing');
  const [off, on] = node.numbers(2) ?? node.fail('its values are missing');
  const given = node.term(0);
  const dims = dimsOf(given);
  const axis = node.axis(node.int('axis', -1), dims.length + 1);
  const around = (length: number) => [...dims.slice(0, axis), length, ...dims.slice(axis)];
  const places = node.placesAlong(around(depth), axis);
  const wide = node.reshapedTerm(counted(node, given, depth), around(1));
  if (isKnown(wide)) return computed(node.kind(2), [wide, places], (a, b) => (a === b ? on : off), node.fail);
  return elementwise(node, [wide, places], node.kind(2), (a, b) => F.where(F.equal(a, b), on, off));
}

/** By name. */
export const gatherOperators: Readonly<Record<string, TracedOperator>> = {
  Gather: { inputs: 2, attributes: ['axis'], read: gather },
  GatherElements: { inputs: 2, attributes: ['axis'], read: gatherElements },
  OneHot: { inputs: 3, attributes: ['axis'], read: oneHot },
};
