/** Operators that move elements and compute nothing. */
import { elementsOf } from '../../../base/arrays.js';
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { pad } from '../../../graph/image-functions.js';
import type { Value } from '../../../graph/value.js';
import { BATCH, checkMade, joined, known, named, permute, pick, spread } from './array.js';
import type { Given, NodeReader, TracedOperator } from './context.js';
import { elementwise } from './elementwise.js';
import {
  type Axis,
  dimsOf,
  full,
  isKnown,
  lengthsOf,
  shapeOf,
  single,
  type Term,
  type Traced,
} from './traced.js';

/** Values that are put together, or arrays of which one picks, at most. */
const MAX_PIECES = 4096;

/** A term under other axes, of as many elements. */
export function reshapedTerm(node: NodeReader, x: Term, dims: readonly number[]): Term {
  if (!isKnown(x)) return node.reshaped(x, dims);
  if (elementsOf(dims) === x.values.length) return { ...x, dims };
  return node.fail(`expected a shape of ${x.values.length} elements, given ${show(named(dims))}`);
}

function reshape(node: NodeReader): Term {
  const x = node.term(0);
  const given = node.list('shape', 1) ?? node.fail('its shape is missing');
  const own = dimsOf(x);
  const keepsZero = node.flag('allowzero');
  const dims = given.map((length, i) => (length === 0 && !keepsZero ? (own[i] ?? 0) : length));
  const at = dims.indexOf(-1);
  if (at >= 0) dims[at] = elementsOf(own) / elementsOf(dims.filter((length) => length !== -1));
  if (!dims.every((length) => Number.isInteger(length) && length >= 0))
    node.fail(`expected a shape of ${show(named(own))}'s elements, given ${show(named(given))}`);
  return reshapedTerm(node, x, dims);
}

function flatten(node: NodeReader): Term {
  const x = node.term(0);
  const dims = dimsOf(x);
  const given = node.int('axis', 1);
  const axis = given === dims.length ? given : node.axis(given, dims.length);
  return reshapedTerm(node, x, [elementsOf(dims.slice(0, axis)), elementsOf(dims.slice(axis))]);
}

function squeeze(node: NodeReader): Term {
  const x = node.term(0);
  const dims = dimsOf(x);
  const given = node.list('axes', 1);
  const axes = given ? node.axes(given, dims.length) : dims.flatMap((length, i) => (length === 1 ? [i] : []));
  const wrong = axes.find((axis) => dims[axis] !== 1);
  if (wrong !== undefined) node.fail(`expected axis ${wrong} to have length 1, given ${show(named(dims))}`);
  return reshapedTerm(
    node,
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
  return reshapedTerm(
    node,
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
    return a === 1
      ? b
      : node.fail(`expected a shape that ${show(named(own))} meets, given ${show(named(given))}`);
  });
  return stretched(node, x, dims);
}

function stretched(node: NodeReader, x: Term, dims: readonly number[]): Term {
  const isLarge = dims.some((length) => length % BATCH === 0 && length > 0);
  if (isKnown(x) && !isLarge) {
    checkMade(dims, node.fail);
    return spread(x, dims);
  }
  const own = isKnown(x) ? node.literal(x) : x;
  const shift = dims.length - own.axes.length;
  const squeezed = node.reshaped(
    own,
    shapeOf(own).filter((length) => length !== 1),
  );
  let next = 0;
  const axes = dims.map((length, i): Axis => {
    const before = own.axes[i - shift];
    if (!before || before.length === 1) return { length, parts: [] };
    return squeezed.axes[next++];
  });
  return { ...squeezed, axes };
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
      return stretched(
        node,
        own,
        shapeOf(own).map((length, i) => (i === axis ? count : length)),
      );
    if (count > MAX_PIECES) node.fail(`expected at most ${MAX_PIECES} repeats`);
    return concatenated(node, new Array<Term>(count).fill(own), axis);
  }, x);
}

/** A constant for a batch of 1, where others are of any batch, is repeated for each row. */
function forBatch(node: NodeReader, x: Term, shapes: readonly (readonly number[])[], axis: number): Term {
  const dims = dimsOf(x);
  const isBatch = (i: number) => i !== axis && dims[i] === 1 && shapes.some((own) => own[i] === BATCH);
  if (node.graph.batch !== 1 || !dims.some((_, i) => isBatch(i))) return x;
  return stretched(
    node,
    x,
    dims.map((length, i) => (isBatch(i) ? BATCH : length)),
  );
}

/** One behind the other along an axis. */
function concatenated(node: NodeReader, given: readonly Term[], axis: number): Term {
  const { fail } = node;
  const terms = given.map((own) => forBatch(node, own, given.map(dimsOf), axis));
  const shapes = terms.map(dimsOf);
  const others = (dims: readonly number[]) => dims.map((length, i) => (i === axis ? 0 : length)).join();
  if (shapes.some((dims) => others(dims) !== others(shapes[0])))
    fail(
      `expected shapes that agree but for axis ${axis}: ${shapes.map((own) => show(named(own))).join(' and ')}`,
    );
  // What is empty adds nothing.
  const own = terms.filter((_, i) => shapes[i][axis] !== 0);
  if (own.length === 0) return terms[0];
  if (own.every(isKnown)) return joined(own, axis);
  if (own.length === 1) return own[0];
  // Lengths of the axis differ: as if each were 1, so that all else is laid alike.
  const live = own.map((term) => {
    const x = withRows(node, isKnown(term) ? node.literal(term) : term, own);
    return single(full(x, fail), axis, fail);
  });
  const first = live.find(({ value }) => value.shape.rows) ?? live[0];
  const at = first.axes[axis].parts[0];
  const values = live.map((x) => laidAs(node, x, first, axis));
  const value = F.concat(values, at);
  const total = shapes.reduce((sum, dims) => sum + dims[axis], 0);
  return {
    ...{ value, kind: own[0].kind },
    axes: first.axes.map((one, i) => (i === axis ? { ...one, length: total } : one)),
  };
}

/** Axes of x as those of another, but for one whose length may differ. */
function laidAs(node: NodeReader, x: Traced, like: Traced, axis: number): Value {
  if (x === like) return x.value;
  const lengths = lengthsOf(like.value);
  const at = like.axes[axis].parts[0];
  const length = lengthsOf(x.value)[x.axes[axis].parts[0]];
  // Cut as the other's axes are, then turned.
  const cut = node.reshaped(
    x,
    like.axes.flatMap((own, i) => (i === axis ? [length] : own.parts.map((part) => lengths[part]))),
  );
  const order = like.axes.flatMap((own, i) => (i === axis ? [at] : own.parts));
  const parts = cut.axes.map(({ parts: [part] }, i) => ({ part, to: order[i] }));
  const rows = x.value.shape.rows;
  const sorted = [...parts].sort((a, b) => a.to - b.to).map(({ part }) => part);
  const known = sorted.filter((part) => part !== undefined);
  const all = rows && !known.includes(0) ? [0, ...known] : known;
  const turned = all.every((part, i) => part === i) ? cut.value : F.transpose(cut.value, all);
  const dims = lengths.map((own, i) => (i === at ? length : own));
  const wanted = like.value.shape.rows ? dims.slice(1) : dims;
  return wanted.join() === turned.shape.dims.join() ? turned : F.reshape(turned, wanted);
}

/** Repeated for each row, where others are values of rows. */
function withRows(_node: NodeReader, x: Traced, others: readonly Term[]): Traced {
  const some = others.find((own) => !isKnown(own) && own.value.shape.rows) as Traced | undefined;
  if (x.value.shape.rows || !some) return x;
  // A choice between a value and itself, by a number of each row.
  const dims = x.value.shape.dims;
  const { value } = some;
  const one = value.shape.dims.reduce((own, _, i) => F.slice(own, i + 1, 0, 1), value);
  const chooser = F.reshape(
    one,
    dims.map(() => 1),
  );
  const repeated = F.where(chooser, x.value, x.value);
  const axes = x.axes.map(({ length, parts }) => ({
    length,
    // The axis that repeats it for each row is written out by that.
    parts: length === BATCH && parts.length === 0 ? [0] : parts.map((part) => part + 1),
  }));
  return { ...x, value: repeated, axes };
}

function concat(node: NodeReader): Term {
  const rank = node.dims(0).length;
  const terms = node.terms();
  const axis = node.axis(node.int('axis', 1), rank);
  if (terms.some((own) => dimsOf(own).length !== rank)) node.fail('expected as many axes of each');
  return concatenated(node, terms, axis);
}

/** The places from `begin` to `end` of an axis, of which each `step`th. */
export function sliced(node: NodeReader, x: Term, axis: number, places: readonly number[]): Term {
  const length = dimsOf(x)[axis];
  const isAll = places.length === length && places.every((place, i) => place === i);
  if (isAll) return x;
  if (isKnown(x)) return pick(x, axis, places);
  if (places.length === 0)
    return node.fail('it takes no place of an axis; arrays without numbers are not supported');
  const own = single(full(x, node.fail), axis, node.fail);
  const [at] = own.axes[axis].parts;
  if (own.value.shape.rows && at === 0) return node.fail('it would take some of the rows of a batch');
  const runs: [begin: number, end: number][] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last?.[1] === place) last[1]++;
    else runs.push([place, place + 1]);
  }
  if (runs.length > MAX_PIECES) node.fail(`expected at most ${MAX_PIECES} pieces of an axis`);
  const parts = runs.map(([begin, end]) => F.slice(own.value, at, begin, end));
  const value = parts.length === 1 ? parts[0] : F.concat(parts, at);
  const axes = own.axes.map((one, i) => (i === axis ? { ...one, length: places.length } : one));
  return { ...own, value, axes };
}

function slice(node: NodeReader): Term {
  let x = node.term(0);
  const dims = dimsOf(x);
  const starts = node.list('starts', 1) ?? node.fail('its starts are missing');
  const ends = node.list('ends', 2) ?? node.fail('its ends are missing');
  const axes = node.axes(node.list('axes', 3) ?? [...starts.keys()], dims.length);
  const steps = node.numbers(4) ?? starts.map(() => 1);
  if ([ends, axes, steps].some(({ length }) => length !== starts.length))
    node.fail('expected lists of one length');
  for (const [i, axis] of axes.entries()) {
    const length = dims[axis];
    const step = steps[i];
    if (!(Number.isInteger(step) && step !== 0)) node.fail(`expected steps other than 0, given ${step}`);
    const clamp = (place: number, least: number, most: number) =>
      Math.min(Math.max(place < 0 ? place + length : place, least), most);
    const begin = clamp(starts[i], 0, step > 0 ? length : length - 1);
    const end = step > 0 ? clamp(ends[i], 0, length) : clamp(ends[i], -1, length - 1);
    if (length % BATCH === 0 && length > 0) {
      if (step !== 1 || begin !== 0 || end !== length) node.fail('it would take some of the rows of a batch');
      continue;
    }
    const count = Math.max(0, Math.ceil((end - begin) / step));
    x = sliced(node, x, axis, node.places(count, begin, step));
  }
  return x;
}

function split(node: NodeReader): readonly Term[] {
  const x = node.term(0);
  const dims = dimsOf(x);
  const axis = node.axis(node.int('axis', 0), dims.length);
  const length = dims[axis];
  const count = node.node.outputs.length;
  const each = Math.ceil(length / node.int('num_outputs', count));
  const sizes =
    node.list('split', 1) ??
    Array.from({ length: count }, (_, i) => Math.max(0, Math.min(each, length - i * each)));
  if (sizes.length !== count || sizes.reduce((sum, size) => sum + size, 0) !== length)
    node.fail(`expected ${count} parts of ${named([length])[0]}, given ${show(sizes)}`);
  let begin = 0;
  return sizes.map((size) => {
    const places = node.places(size, begin);
    begin += size;
    return sliced(node, x, axis, places);
  });
}

/** A constant around, or what is near the edge once more. */
function padded(node: NodeReader): Term {
  const x = node.term(0);
  const dims = dimsOf(x);
  const given = node.list('pads', 1) ?? node.fail('its pads are missing');
  const axes = node.axes(node.numbers(3) ?? [...dims.keys()], dims.length);
  const mode = node.word('mode', ['constant', 'reflect', 'edge', 'wrap']);
  if (given.length !== 2 * axes.length) node.fail(`expected ${2 * axes.length} pads, given ${given.length}`);
  const value = node.opset < 11 ? node.float('value', 0) : (node.number(2) ?? 0);
  return axes.reduce<Term>((own, axis, i) => {
    const [before, after] = [given[i], given[i + axes.length]];
    const length = dims[axis];
    if (before === 0 && after === 0) return own;
    // Less than nothing is cut off.
    const kept = node.places(length + before + after, -before);
    if (mode === 'constant') {
      const inside = sliced(
        node,
        own,
        axis,
        kept.filter((place) => place >= 0 && place < length),
      );
      return around(node, inside, axis, [Math.max(before, 0), Math.max(after, 0)], value);
    }
    const places = kept.map((place) => mirrored(place, length, mode));
    return sliced(node, own, axis, places);
  }, x);
}

function mirrored(place: number, length: number, mode: 'reflect' | 'edge' | 'wrap'): number {
  if (mode === 'edge' || length === 1) return Math.min(Math.max(place, 0), length - 1);
  if (mode === 'wrap') return ((place % length) + length) % length;
  const period = 2 * (length - 1);
  const inside = ((place % period) + period) % period;
  return inside < length ? inside : period - inside;
}

function around(
  node: NodeReader,
  x: Term,
  axis: number,
  amounts: readonly [number, number],
  value: number,
): Term {
  if (isKnown(x)) {
    const block = (count: number) =>
      known(
        x.kind,
        x.dims.map((length, i) => (i === axis ? count : length)),
        new Array(elementsOf(x.dims.map((length, i) => (i === axis ? count : length)))).fill(value),
      );
    return joined([block(amounts[0]), x, block(amounts[1])], axis);
  }
  const own = single(full(x, node.fail), axis, node.fail);
  const [at] = own.axes[axis].parts;
  const { rows, dims } = own.value.shape;
  if (rows && at === 0) return node.fail('it would add rows to a batch');
  const list = dims.map((_, i) => (i === at - Number(rows) ? amounts : ([0, 0] as const)));
  const bound = Math.min(Math.max(value, -3.4028234663852886e38), 3.4028234663852886e38);
  const axes = own.axes.map((one, i) =>
    i === axis ? { ...one, length: one.length + amounts[0] + amounts[1] } : one,
  );
  return { ...own, value: pad(own.value, list, { value: bound }), axes };
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
  const one = { ...value, dims: [] };
  if (dims.some((length) => length > 0 && length % BATCH === 0)) return stretched(node, one, dims);
  checkMade(dims, node.fail);
  return spread(one, dims);
}

function range(node: NodeReader): Term {
  const [begin, end, step] = [0, 1, 2].map(
    (place) => node.number(place) ?? node.fail(`its input ${place} is missing`),
  );
  const count = Math.max(0, Math.ceil((end - begin) / step));
  checkMade([count], node.fail);
  return known(node.kind(0), [count], node.places(count, begin, step));
}

/** One triangle of each matrix, 0 elsewhere. */
function trilu(node: NodeReader): Term {
  const x = node.term(0);
  const dims = dimsOf(x);
  const [M, N] = dims.slice(-2);
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

/** Nothing is dropped when a network predicts; layers of ours drop while it is trained. */
function dropout(node: NodeReader): Given {
  if (node.number(2)) node.fail('expected not to be in training mode');
  return node.given(0);
}

/** By name. */
export const shapeOperators: Readonly<Record<string, TracedOperator>> = {
  Concat: { inputs: Number.MAX_SAFE_INTEGER, attributes: ['axis'], read: concat },
  ConstantOfShape: { inputs: 1, attributes: ['value'], read: constantOfShape },
  Dropout: { inputs: 3, attributes: ['ratio', 'seed', 'is_test'], read: dropout },
  Expand: { inputs: 2, read: expand },
  Flatten: { inputs: 1, attributes: ['axis'], read: flatten },
  Identity: { inputs: 1, read: (node) => node.given(0) },
  Pad: { inputs: 4, attributes: ['mode', 'pads', 'value'], read: padded },
  Range: { inputs: 3, read: range },
  Reshape: { inputs: 2, attributes: ['allowzero', 'shape'], read: reshape },
  Shape: { inputs: 1, attributes: ['start', 'end'], read: shape },
  Size: { inputs: 1, read: (node) => known('int', [], [elementsOf(node.dims(0))]) },
  Slice: { inputs: 5, attributes: ['starts', 'ends', 'axes'], read: slice },
  Split: { inputs: 2, attributes: ['axis', 'split', 'num_outputs'], outputs: 1024, read: split },
  Squeeze: { inputs: 2, attributes: ['axes'], read: squeeze },
  Tile: { inputs: 2, read: tile },
  Transpose: { inputs: 1, attributes: ['perm'], read: transpose },
  Trilu: { inputs: 2, attributes: ['upper'], read: trilu },
  Unsqueeze: { inputs: 2, attributes: ['axes'], read: unsqueeze },
};
