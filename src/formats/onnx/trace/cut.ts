/** Operators that put arrays together, and that take places of them. */
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { pad } from '../../../graph/image-functions.js';
import { alike } from './align.js';
import { BATCH, checkMade, filled, hasBatch, joined, named, pick } from './array.js';
import type { NodeReader, TracedOperator } from './context.js';
import { full, inside, perRow } from './layout.js';
import { dimsOf, isKnown, MAX_FLOAT, type Term, withLength } from './traced.js';

/** Values that are put together, or of which one picks, at most. */
export const MAX_PIECES = 4096;

/** One behind the other along an axis. */
export function concatenated(node: NodeReader, given: readonly Term[], axis: number): Term {
  const { fail } = node;
  const terms = withBatches(node, given, axis);
  const shapes = terms.map(dimsOf);
  const others = (dims: readonly number[]) => dims.map((length, i) => (i === axis ? 0 : length)).join();
  if (shapes.some((dims) => others(dims) !== others(shapes[0])))
    fail(
      `expected shapes that agree but for axis ${axis}: ${shapes.map((own) => show(named(own))).join(' and ')}`,
    );
  // What is empty adds nothing.
  const some = terms.filter((_, i) => shapes[i][axis] !== 0);
  if (some.length === 0) return terms[0];
  if (some.every(isKnown)) return joined(some, axis);
  if (some.length === 1) return some[0];
  if (shapes.some((dims) => hasBatch(dims[axis]))) fail('it would add rows to a batch');
  const traced = some.map((term) => (isKnown(term) ? node.literal(term) : term));
  const withRows = traced.find(({ value }) => value.shape.rows);
  const rows = traced.map((x) => full(withRows && !x.value.shape.rows ? perRow(x, withRows.value) : x, fail));
  const { values, axes, at } = alike(rows, axis, fail);
  const length = shapes.reduce((sum, dims) => sum + dims[axis], 0);
  return {
    value: F.concat(values, at),
    kind: some[0].kind,
    axes: withLength(axes, axis, length),
  };
}

/** A number for the batch in one shape is the batch of the others, for which an array of one row repeats. */
function withBatches(node: NodeReader, terms: readonly Term[], axis: number): readonly Term[] {
  const shapes = terms.map(dimsOf);
  if (node.graph.batch !== 1) return terms;
  return terms.map((term) => {
    const is = dimsOf(term).map(
      (length, i) => i !== axis && length === 1 && shapes.some((dims) => dims[i] === BATCH),
    );
    if (!is.includes(true)) return term;
    const x = isKnown(term) ? node.literal(term) : term;
    return node.stretched(
      x,
      dimsOf(x).map((length, i) => (is[i] ? BATCH : length)),
    );
  });
}

function concat(node: NodeReader): Term {
  const rank = node.dims(0).length;
  const terms = node.terms();
  const axis = node.axis(node.int('axis', 1), rank);
  if (terms.some((own) => dimsOf(own).length !== rank)) node.fail('expected as many axes of each');
  return concatenated(node, terms, axis);
}

/** These places of an axis, in this order. */
export function sliced(node: NodeReader, x: Term, axis: number, places: readonly number[]): Term {
  const length = dimsOf(x)[axis];
  const isAll = places.length === length && places.every((place, i) => place === i);
  if (isAll) return x;
  if (isKnown(x)) return pick(x, axis, places);
  if (places.length === 0)
    return node.fail('it takes no place of an axis; arrays without numbers are not supported');
  const { length: count } = places;
  if (hasBatch(length)) return node.fail('it would take some of the rows of a batch');
  // Of what repeats, any place will do.
  if (length > 1 && x.axes[axis].parts.length === 0) return { ...x, axes: withLength(x.axes, axis, count) };
  const own = inside(x, axis, node.fail);
  const [at] = own.axes[axis].parts;
  const runs: [begin: number, end: number][] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last?.[1] === place) last[1]++;
    else runs.push([place, place + 1]);
  }
  if (runs.length > MAX_PIECES) node.fail(`expected at most ${MAX_PIECES} pieces of an axis`);
  const parts = runs.map(([begin, end]) => F.slice(own.value, at, begin, end));
  const value = parts.length === 1 ? parts[0] : F.concat(parts, at);
  return { ...own, value, axes: withLength(own.axes, axis, count) };
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
    if (hasBatch(length)) {
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
  if (hasBatch(length)) {
    return sizes.length === 1 ? [x] : node.fail('it would take some of the rows of a batch');
  }
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
    if (hasBatch(length)) return node.fail('it would change the rows of a batch');
    if (length + before + after < 1) node.fail(`it would leave nothing of axis ${axis}`);
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

/** A constant before and behind the places of an axis. */
function around(
  node: NodeReader,
  x: Term,
  axis: number,
  amounts: readonly [number, number],
  value: number,
): Term {
  const more = amounts[0] + amounts[1];
  if (isKnown(x)) {
    const withCount = (count: number) => x.dims.map((length, i) => (i === axis ? count : length));
    checkMade(withCount(x.dims[axis] + more), node.fail);
    const [before, after] = amounts.map((count) => filled(x.kind, withCount(count), value));
    return joined([before, x, after], axis);
  }
  const own = inside(full(x, node.fail), axis, node.fail);
  const [at] = own.axes[axis].parts;
  const { rows, dims } = own.value.shape;
  const list = dims.map((_, i) => (i === at - Number(rows) ? amounts : ([0, 0] as const)));
  const bound = Math.min(Math.max(value, -MAX_FLOAT), MAX_FLOAT);
  const axes = withLength(own.axes, axis, own.axes[axis].length + more);
  return { ...own, value: pad(own.value, list, { value: bound }), axes };
}

/** By name. */
export const cutOperators: Readonly<Record<string, TracedOperator>> = {
  Concat: { inputs: Number.MAX_SAFE_INTEGER, attributes: ['axis'], read: concat },
  Pad: { inputs: 4, attributes: ['mode', 'pads', 'value'], read: padded },
  Slice: { inputs: 5, attributes: ['starts', 'ends', 'axes'], read: slice },
  Split: { inputs: 2, attributes: ['axis', 'split', 'num_outputs'], outputs: 1024, read: split },
};
