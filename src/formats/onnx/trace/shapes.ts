/** Operators that move elements and compute nothing. */
import { elementsOf } from '../../../base/arrays.js';
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { applyOne } from '../../../graph/value.js';
import { dropoutOperation } from '../../../ops/dropout.js';
import { BATCH, checkMade, filled, hasBatch, known, named, permute, pick, sizeOf } from './array.js';
import type { Given, NodeReader, TracedOperator } from './context.js';
import { concatenated, MAX_PIECES } from './cut.js';
import { elementwise } from './elementwise.js';
import { dimsOf, isKnown, type Term } from './traced.js';

function reshape(node: NodeReader): Term {
  const x = node.term(0);
  const given = node.list('shape', 1) ?? node.fail('its shape is missing');
  const own = dimsOf(x);
  const keepsZero = node.flag('allowzero');
  const dims = given.map((length, i) => (length === 0 && !keepsZero ? (own[i] ?? 0) : length));
  // Beside -1 a number for the batch stands for as many rows as there are.
  if (given.includes(-1) && given[0] === node.graph.batch && own[0] === BATCH) dims[0] = BATCH;
  const at = dims.indexOf(-1);
  if (at >= 0) {
    const [all, others] = [sizeOf(own), sizeOf(dims.filter((_, i) => i !== at))];
    dims[at] = (all.elements / others.elements) * BATCH ** (all.batches - others.batches);
  }
  if (!dims.every((length) => Number.isInteger(length) && length >= 0))
    node.fail(`expected a shape of ${show(named(own))}'s elements, given ${show(named(given))}`);
  return node.reshapedTerm(x, dims);
}

function flatten(node: NodeReader): Term {
  const x = node.term(0);
  const dims = dimsOf(x);
  const given = node.int('axis', 1);
  const axis = given === dims.length ? given : node.axis(given, dims.length);
  return node.reshapedTerm(x, [elementsOf(dims.slice(0, axis)), elementsOf(dims.slice(axis))]);
}

function squeeze(node: NodeReader): Term {
  const x = node.term(0);
  const dims = dimsOf(x);
  const given = node.list('axes', 1);
  const axes = given ? node.axes(given, dims.length) : dims.flatMap((length, i) => (length === 1 ? [i] : []));
  const wrong = axes.find((axis) => dims[axis] !== 1);
  if (wrong !== undefined) node.fail(`expected axis ${wrong} to have length 1, given ${show(named(dims))}`);
  return node.reshapedTerm(
    x,
    dims.filter((_, i) => !axes.includes(i)),
  );
}

function unsqueeze(node: NodeReader): Term {
  const x = node.term(0);
  const given = node.list('axes', 1) ?? node.fail('its axes are missing');
  const rank = dimsOf(x).length + given.length;
  const axes = node.axes(given, rank);
  const rest = [...dimsOf(x)];
  return node.reshapedTerm(
    x,
    Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!)),
  );
}

function transpose(node: NodeReader): Given {
  const given = node.given(0);
  const rank = node.dims(0).length;
  const perm = node.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const axes = node.axes(perm, rank);
  if (axes.length !== rank) node.fail(`expected an order of ${rank} axes, given ${show(perm)}`);
  if ('weight' in given) return { ...given, axes: axes.map((axis) => given.axes[axis]) };
  if (isKnown(given)) return permute(given, axes);
  return { ...given, axes: axes.map((axis) => given.axes[axis]) };
}

/** Repeats what has length 1, without writing it out. */
function expand(node: NodeReader): Term {
  const x = node.term(0);
  const given = node.numbers(1) ?? node.fail('its shape is missing');
  const own = dimsOf(x);
  const rank = Math.max(own.length, given.length);
  const at = (dims: readonly number[], i: number) => dims[i - rank + dims.length] ?? 1;
  const dims = Array.from({ length: rank }, (_, i) => {
    const [a, b] = [at(own, i), at(given, i)];
    // A number for the batch stands for as many as there are.
    if (a === b || b === 1 || (a === BATCH && b === node.graph.batch)) return a;
    if (a === 1 && Number.isInteger(b) && b > 0) return b;
    return node.fail(`expected a shape that ${show(named(own))} meets, given ${show(named(given))}`);
  });
  return node.stretched(x, dims);
}

function tile(node: NodeReader): Term {
  const x = node.term(0);
  const repeats = node.numbers(1) ?? node.fail('its repeats are missing');
  const dims = dimsOf(x);
  if (repeats.length !== dims.length || repeats.some((count) => !(count >= 1)))
    node.fail(`expected ${dims.length} repeats of at least 1, given ${show(repeats)}`);
  return repeats.reduce<Term>((own, count, axis) => {
    if (count === 1) return own;
    if (isKnown(own)) {
      const length = own.dims[axis];
      checkMade(
        own.dims.map((size, i) => (i === axis ? size * count : size)),
        node.fail,
      );
      return pick(
        own,
        axis,
        node.places(length * count).map((i) => i % length),
      );
    }
    if (dims[axis] === 1)
      return node.stretched(
        own,
        dimsOf(own).map((length, i) => (i === axis ? count : length)),
      );
    if (hasBatch(dims[axis])) node.fail('it would add rows to a batch');
    if (count > MAX_PIECES) node.fail(`expected at most ${MAX_PIECES} repeats`);
    return concatenated(node, new Array<Term>(count).fill(own), axis);
  }, x);
}

function shape(node: NodeReader): Term {
  const dims = node.dims(0);
  const clamp = (place: number) =>
    Math.min(Math.max(place < 0 ? place + dims.length : place, 0), dims.length);
  const own = dims.slice(clamp(node.int('start', 0)), clamp(node.int('end', dims.length)));
  return known('int', [own.length], own);
}

function constantOfShape(node: NodeReader): Term {
  const dims = node.numbers(0) ?? node.fail('its shape is missing');
  const value = node.tensor('value') ?? known('float', [1], [0]);
  if (value.values.length !== 1) node.fail('expected one number as attribute value');
  const { kind, values } = value;
  return node.stretched({ kind, values, dims: [] }, dims);
}

function range(node: NodeReader): Term {
  const [begin, end, step] = [0, 1, 2].map(
    (place) => node.number(place) ?? node.fail(`its input ${place} is missing`),
  );
  const count = Math.max(0, Math.ceil((end - begin) / step));
  if (!(count >= 0)) node.fail(`expected a step other than 0, given ${step}`);
  checkMade([count], node.fail);
  return known(node.kind(0), [count], node.places(count, begin, step));
}

/** One triangle of each matrix, 0 elsewhere. */
function trilu(node: NodeReader): Term {
  const x = node.term(0);
  const dims = dimsOf(x);
  if (dims.length < 2) node.fail('expected matrices');
  const [M, N] = dims.slice(-2);
  if (hasBatch(M) || hasBatch(N)) node.fail('it would work across the rows of a batch');
  const upper = node.flag('upper', true);
  const k = node.number(1) ?? 0;
  checkMade([M, N], node.fail);
  const mask = known(
    'bool',
    [M, N],
    node.places(M * N).map((i) => {
      const diagonal = (i % N) - Math.floor(i / N);
      return Number(upper ? diagonal >= k : diagonal <= k);
    }),
  );
  return elementwise(
    node,
    [mask, x],
    x.kind,
    (own, a) => F.where(own, a, 0),
    (own, a) => (own !== 0 ? a : 0),
  );
}

/** Drops at random while we train. What is dropped, its second output, is nothing when a network predicts. */
function dropout(node: NodeReader): readonly Given[] {
  const rate = node.opset < 12 ? node.float('ratio', 0.5) : (node.number(1) ?? 0.5);
  if (!(rate >= 0 && rate < 1)) node.fail(`expected a ratio of at least 0 and below 1, given ${rate}`);
  if (node.number(2) && rate > 0) node.fail('expected not to be in training mode');
  const given = node.given(0);
  const outputs: Given[] = [given];
  if (rate > 0 && !('weight' in given) && !isKnown(given) && given.value.shape.rows) {
    // Each row's numbers in a line, as dropout takes them.
    outputs[0] = { ...given, value: applyOne(dropoutOperation, [given.value], { rate }) };
  }
  if (node.node.outputs[1]) outputs.push(node.stretched(filled('bool', [], 1), node.dims(0)));
  return outputs;
}

/** By name. */
export const shapeOperators: Readonly<Record<string, TracedOperator>> = {
  ConstantOfShape: { inputs: 1, attributes: ['value'], read: constantOfShape },
  Dropout: { inputs: 3, attributes: ['ratio', 'seed', 'is_test'], outputs: 2, read: dropout },
  Expand: { inputs: 2, read: expand },
  Flatten: { inputs: 1, attributes: ['axis'], read: flatten },
  Identity: { inputs: 1, read: (node) => node.given(0) },
  Range: { inputs: 3, read: range },
  Reshape: { inputs: 2, attributes: ['allowzero', 'shape'], read: reshape },
  Shape: { inputs: 1, attributes: ['start', 'end'], read: shape },
  Size: { inputs: 1, read: (node) => known('int', [], [elementsOf(node.dims(0))]) },
  Squeeze: { inputs: 2, attributes: ['axes'], read: squeeze },
  Tile: { inputs: 2, read: tile },
  Transpose: { inputs: 1, attributes: ['perm'], read: transpose },
  Trilu: { inputs: 2, attributes: ['upper'], read: trilu },
  Unsqueeze: { inputs: 2, attributes: ['axes'], read: unsqueeze },
};
