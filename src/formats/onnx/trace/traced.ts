/**
 * Values of an ONNX graph that are computed for each row. An axis of the file's value is one axis of ours, a
 * product of several side by side, or none where its length is 1 or where it repeats: so images may lie with
 * their channels last, and a batch may be one axis with others, without anything being moved.
 */
import { elementsOf } from '../../../base/arrays.js';
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { literal } from '../../../graph/leaves.js';
import { MAX_RANK, type Value } from '../../../graph/value.js';
import type { Fail } from '../../protobuf.js';
import { BATCH, checkMade, type Kind, type Known, named, permute, piecesOf } from './array.js';

export interface Axis {
  /** In the file; a multiple of `BATCH` where the rows of a batch are in it. */
  readonly length: number;
  /** Axes of our value, outermost first, whose lengths make the product; none where it repeats. */
  readonly parts: readonly number[];
}

export interface Traced {
  readonly value: Value;
  readonly axes: readonly Axis[];
  readonly kind: Kind;
  /** What it was before a function that says what outputs are, if that made `of`. */
  readonly link?: Link;
}

export interface Link {
  readonly kind: 'softmax' | 'sigmoid';
  readonly before: Traced;
  readonly of: Value;
}

/** Lengths of all axes of a value, its rows included. */
export function lengthsOf({ shape: { rows, dims } }: Value): readonly number[] {
  return rows ? [BATCH, ...dims] : dims;
}

export function shapeOf({ axes }: Traced): number[] {
  return axes.map(({ length }) => length);
}

/** A value whose axes are those of the file; `inRow`: the first axis of the file is within each row. */
export function tracedOf(value: Value, kind: Kind, inRow = false): Traced {
  const first = Number(inRow && value.shape.rows);
  const axes = lengthsOf(value)
    .slice(first)
    .map((length, i) => ({ length, parts: [i + first] }));
  return { value, axes, kind };
}

/** The axes of ours that the file's have, in its order. */
function partsOf(axes: readonly Axis[]): number[] {
  return axes.flatMap(({ parts }) => parts);
}

/** Whether rows are an axis of the file's value, or part of one. */
export function hasRows({ value, axes }: Traced): boolean {
  return value.shape.rows && partsOf(axes).includes(0);
}

/** Which axis of the file's has the rows; -1 where none has. */
export function rowsAxis(x: Traced): number {
  return x.value.shape.rows ? x.axes.findIndex(({ parts }) => parts.includes(0)) : -1;
}

/** With our axes in the order in which `order` has the file's. The rows stay in front. */
export function ordered(x: Traced, order: readonly number[], fail: Fail): Traced {
  const parts = order.flatMap((axis) => x.axes[axis].parts);
  const rows = x.value.shape.rows;
  const place = rows ? parts.indexOf(0) : -1;
  if (place > 0) fail(`the batch would no longer be the first axis of ${show(named(shapeOf(x)))}`);
  const all = rows && place < 0 ? [0, ...parts] : parts;
  if (all.every((part, i) => part === i)) return x;
  const places = new Map(all.map((part, i) => [part, i]));
  const axes = x.axes.map((own) => ({ ...own, parts: own.parts.map((part) => places.get(part)!) }));
  return { ...x, value: F.transpose(x.value, all), axes };
}

/** With the lengths of our axes changed, in place: `sizes` for each, empty for one of length 1 that goes. */
function resized(x: Traced, sizes: readonly (readonly number[])[]): Traced {
  if (sizes.every((own) => own.length === 1)) return x;
  const begins: number[] = [];
  let count = 0;
  for (const own of sizes) {
    begins.push(count);
    count += own.length;
  }
  if (count > MAX_RANK) throw new RangeError('more axes than a value has');
  const parts = (part: number) => Array.from({ length: sizes[part].length }, (_, i) => begins[part] + i);
  const axes = x.axes.map((own) => ({ ...own, parts: own.parts.flatMap(parts) }));
  const dims = sizes.flat();
  return { ...x, value: F.reshape(x.value, x.value.shape.rows ? dims.slice(1) : dims), axes };
}

/** With one axis of ours for each axis of the file, in its order: those of length 1 are written out. */
export function plain(x: Traced, fail: Fail): Traced {
  const own = ordered(full(x, fail), [...x.axes.keys()], fail);
  const at = rowsAxis(own);
  if (at > 0 || (at === 0 && own.axes[0].parts.length > 1))
    fail(`the batch is not an axis of its own in ${show(named(shapeOf(x)))}`);
  if (own.axes.every(({ parts }) => parts.length === 1)) return own;
  const dims = shapeOf(own);
  const value = F.reshape(own.value, at === 0 ? dims.slice(1) : dims);
  const first = Number(value.shape.rows && at < 0);
  return { ...own, value, axes: own.axes.map(({ length }, i) => ({ length, parts: [i + first] })) };
}

/** With axes that repeat written out. Rows are there only where they are part of something. */
export function full(x: Traced, fail: Fail): Traced {
  const missing = x.axes.flatMap(({ length, parts }, i) => (length > 1 && parts.length === 0 ? [i] : []));
  if (missing.length === 0) return x;
  if (missing.some((axis) => x.axes[axis].length % BATCH === 0))
    fail('it repeats a constant for each row of a batch, which is not known here');
  let own = x;
  for (const axis of missing) own = withAxis(own, axis);
  const lengths = lengthsOf(own.value).map(() => 1);
  for (const axis of missing) lengths[own.axes[axis].parts[0]] = own.axes[axis].length;
  const dims = own.value.shape.rows ? lengths.slice(1) : lengths;
  return { ...own, value: F.mul(own.value, literal(new Float32Array(checkMade(dims, fail)).fill(1), dims)) };
}

/** With an axis of length 1 of ours for an axis of the file that has none, behind those of the axes before it. */
function withAxis(x: Traced, axis: number): Traced {
  const before = partsOf(x.axes.slice(0, axis));
  const at = before.length === 0 ? Number(x.value.shape.rows) : Math.max(...before) + 1;
  const lengths = [...lengthsOf(x.value)];
  lengths.splice(at, 0, 1);
  const axes = x.axes.map((own, i) =>
    i === axis
      ? { ...own, parts: [at] }
      : { ...own, parts: own.parts.map((part) => (part >= at ? part + 1 : part)) },
  );
  return { ...x, value: F.reshape(x.value, x.value.shape.rows ? lengths.slice(1) : lengths), axes };
}

/** With a single axis of ours for this axis of the file. */
export function single(x: Traced, axis: number, fail: Fail): Traced {
  const { parts, length } = x.axes[axis];
  if (parts.length === 1) return x;
  if (parts.length === 0) return length === 1 ? withAxis(x, axis) : single(full(x, fail), axis, fail);
  if (x.value.shape.rows && parts.includes(0)) fail('it would work across the rows of a batch');
  // Side by side, in this order, where the first of them is.
  const rest = [...lengthsOf(x.value).keys()].filter((part) => !parts.includes(part));
  const at = rest.filter((part) => part < parts[0]).length;
  const order = [...rest.slice(0, at), ...parts, ...rest.slice(at)];
  const places = new Map(order.map((part, i) => [part, i]));
  const turned = order.every((part, i) => part === i) ? x.value : F.transpose(x.value, order);
  const lengths = lengthsOf(turned);
  const dims = [...lengths.slice(0, at), length, ...lengths.slice(at + parts.length)];
  const shift = parts.length - 1;
  const axes = x.axes.map((own, i) => {
    if (i === axis) return { length, parts: [at] };
    const moved = own.parts.map((part) => places.get(part)!);
    return { ...own, parts: moved.map((part) => (part > at ? part - shift : part)) };
  });
  return { ...x, value: F.reshape(turned, turned.shape.rows ? dims.slice(1) : dims), axes };
}

/** With this axis of the file as the last of ours, which no other has a part in. */
export function last(x: Traced, axis: number, fail: Fail): Traced {
  const own = single(full(x, fail), axis, fail);
  const [at] = own.axes[axis].parts;
  const all = [...lengthsOf(own.value).keys()];
  if (at === all.length - 1) return own;
  if (own.value.shape.rows && at === 0) fail('it would work across the rows of a batch');
  const order = [...all.filter((part) => part !== at), at];
  const places = new Map(order.map((part, i) => [part, i]));
  const axes = own.axes.map((one) => ({ ...one, parts: one.parts.map((part) => places.get(part)!) }));
  return { ...own, value: F.transpose(own.value, order), axes };
}

/**
 * The same elements, row-major, under other axes. Nothing is moved where axes are only cut, or put together;
 * `batch`: the size of a batch where the file has a number for it, in the shape that is asked for.
 */
export function reshaped(x: Traced, dims: readonly number[], batch: number | undefined, fail: Fail): Traced {
  const total = elementsOf(shapeOf(x));
  const wanted = total === elementsOf(dims) ? dims : withBatch(x, dims, batch);
  if (!wanted) {
    return fail(
      `expected a shape of as many elements as ${show(named(shapeOf(x)))} has, given ${show(named(dims))}`,
    );
  }
  const lengths = lengthsOf(x.value);
  // What repeats is an axis that none of ours is part of.
  const atoms = x.axes.flatMap(({ length, parts }): readonly (number | undefined)[] =>
    parts.length === 0 && length > 1 ? [undefined] : parts,
  );
  const repeated = x.axes.filter(({ length, parts }) => parts.length === 0 && length > 1);
  let next = 0;
  const pieces = piecesOf(
    atoms.map((part) => (part === undefined ? repeated[next++].length : lengths[part])),
    wanted,
  );
  const stays = (at: number) =>
    pieces?.filter(({ from, to }) => from === at || to === pieceOf(at)?.to).length === 1;
  const pieceOf = (at: number) => pieces?.find(({ from }) => from === at);
  if (repeated.length > 0 && !atoms.every((part, at) => part !== undefined || stays(at)))
    return reshaped(full(x, fail), dims, batch, fail);
  if (!pieces) {
    const flat = plain(x, fail);
    const inRow = rowsAxis(flat) !== 0;
    if (!inRow && wanted[0] !== BATCH) fail(`the rows of a batch would be cut: ${show(named(wanted))}`);
    return {
      ...tracedOf(F.reshape(flat.value, inRow ? wanted : wanted.slice(1)), x.kind, inRow),
      kind: x.kind,
    };
  }
  const sizes: number[][] = lengths.map(() => []);
  // Rows that no axis of the file has stay where they are.
  if (x.value.shape.rows && !atoms.includes(0)) sizes[0].push(BATCH);
  const moved = pieces.flatMap(({ size, from, to }) => {
    const part = atoms[from];
    return part === undefined ? [] : [{ size, part, to }];
  });
  for (const { size, part } of moved) sizes[part].push(size);
  const begins: number[] = [];
  let count = 0;
  for (const list of sizes) {
    begins.push(count);
    count += list.length;
  }
  if (count > MAX_RANK) {
    return fail(`expected at most ${MAX_RANK} axes`);
  }
  const taken = lengths.map(() => 0);
  const axes = wanted.map((length) => ({ length, parts: [] as number[] }));
  for (const { part, to } of moved) axes[to].parts.push(begins[part] + taken[part]++);
  const { value } = resized({ ...x, axes: [] }, sizes);
  return { value, axes, kind: x.kind };
}

/** A shape that has a number for the size of a batch, with `BATCH` in its place; undefined where it has none. */
function withBatch(x: Traced, dims: readonly number[], batch: number | undefined): number[] | undefined {
  const at = rowsAxis(x);
  if (batch === undefined || at < 0) return undefined;
  const { parts } = x.axes[at];
  const lengths = lengthsOf(x.value);
  const inside = parts.slice(0, parts.indexOf(0)).map((part) => lengths[part]);
  const before = elementsOf(shapeOf(x).slice(0, at)) * elementsOf(inside);
  if (elementsOf(dims) !== (elementsOf(shapeOf(x)) / BATCH) * batch) return undefined;
  let product = 1;
  for (const [i, length] of dims.entries()) {
    const isLast = i === dims.length - 1;
    const isHere = product * length > before || isLast || (product === before && length === batch);
    if (isHere) {
      if (length % batch !== 0) return undefined;
      return dims.map((own, j) => (j === i ? (own / batch) * BATCH : own));
    }
    product *= length;
  }
  return undefined;
}

/** What is to meet element by element: values by their axes, and arrays that are known. */
export type Term = Traced | Known;

export function isKnown(term: Term): term is Known {
  return 'values' in term;
}

export function dimsOf(term: Term): readonly number[] {
  return isKnown(term) ? term.dims : shapeOf(term);
}

/** The key of a piece of an axis of the result. */
interface Key {
  readonly axis: number;
  readonly piece: number;
  readonly size: number;
}

/**
 * Terms as values whose axes meet, aligned at the last axis of the file's; and which axes the result has. The
 * axes lie as in that with the most of them, which is not moved.
 */
export function aligned(
  terms: readonly Term[],
  dims: readonly number[],
  fail: Fail,
): { readonly values: readonly (Value | number)[]; readonly axes: readonly Axis[] } {
  const rank = dims.length;
  const axisOf = (x: Traced, i: number): Axis | undefined => x.axes[i - rank + x.axes.length];
  let traced = terms.map((term) => (isKnown(term) ? undefined : term));
  // Axes that meet are cut alike.
  for (let i = 0; i < rank; i++) {
    const cuts = traced.map((x) => cutOf(x && axisOf(x, i), x, dims[i]));
    const fine = cuts.reduce((a, b) => (a && b ? finer(a, b) : (a ?? b)), undefined);
    if (!fine) continue;
    if (fine.length === 0 && dims[i] > 1) fail('its inputs do not fit together');
    traced = traced.map((x, j) => (x && cuts[j] ? cut(x, i - rank + x.axes.length, fine) : x));
  }
  const live = traced.filter((x) => x !== undefined);
  const count = (x: Traced) => lengthsOf(x.value).length + (hasRows(x) ? 100 : 0);
  const first = live.reduce((a, b) => (count(b) > count(a) ? b : a));
  const keysOf = (x: Traced): (Key | undefined)[] => {
    const lengths = lengthsOf(x.value);
    const keys = new Array<Key | undefined>(lengths.length).fill(undefined);
    for (let i = 0; i < rank; i++)
      for (const [piece, part] of (axisOf(x, i)?.parts ?? []).entries())
        keys[part] = { axis: i, piece, size: lengths[part] };
    return keys;
  };
  const same = (a: Key, b: Key) => a.axis === b.axis && a.piece === b.piece;
  const isOne = ({ size }: Key) => size === 1;
  const order: Key[] = keysOf(first).filter((key) => key !== undefined);
  for (const x of live) {
    for (const key of keysOf(x)) {
      if (!key) continue;
      const at = order.findIndex((own) => same(own, key));
      if (at >= 0) {
        if (isOne(order[at])) order[at] = key;
        continue;
      }
      const next = order.findIndex((own) => own.axis > key.axis);
      order.splice(next < 0 ? order.length : next, 0, key);
    }
  }
  const rows = order.findIndex(({ size }) => size === BATCH);
  if (rows > 0) fail('the batch would no longer be the first axis');
  if (order.length + Number(rows < 0 && live.some(({ value }) => value.shape.rows)) > MAX_RANK)
    fail(`expected at most ${MAX_RANK} axes`);
  const inRow = order.slice(rows + 1);
  const hasRow = live.some(({ value }) => value.shape.rows);
  const values = terms.map((term, j) => {
    const x = traced[j];
    if (!x) return spreadKnown(term as Known, rank, inRow, order);
    const keys = keysOf(x);
    const has = inRow.map((key) => keys.findIndex((own) => own && same(own, key)));
    const parts = has.filter((part) => part >= 0);
    // What has one row for all has no axis for them.
    const alone = keys.findIndex((own) => own && rows === 0 && same(own, order[0]));
    const all = alone >= 0 ? [alone, ...parts] : x.value.shape.rows ? [0, ...parts] : parts;
    if (all.length !== keys.length) fail('its inputs do not fit together');
    const turned = all.every((part, i) => part === i) ? x.value : F.transpose(x.value, all);
    const lengths = has.map((part) => (part < 0 ? 1 : lengthsOf(x.value)[part]));
    // Beside what has rows, axes of length 1 in front are left out: a bias stays a vector.
    const first = x.value.shape.rows || !hasRow ? 0 : lengths.findIndex((length) => length !== 1);
    const own = first < 0 ? [] : lengths.slice(first);
    return own.length === turned.shape.dims.length ? turned : F.reshape(turned, own);
  });
  const at = Number(hasRow && rows < 0);
  const axes = dims.map((length, i) => ({
    length,
    parts: order
      .map((key, place) => ({ key, place: place + at }))
      .filter(({ key }) => key.axis === i)
      .sort((a, b) => a.key.piece - b.key.piece)
      .map(({ place }) => place),
  }));
  return { values, axes };
}

/** The lengths of our axes that an axis has; undefined where it has none to cut. */
function cutOf(axis: Axis | undefined, x: Traced | undefined, length: number): number[] | undefined {
  if (!axis || !x || axis.length !== length || axis.parts.length === 0) return undefined;
  const lengths = lengthsOf(x.value);
  return axis.parts.map((part) => lengths[part]);
}

function finer(a: readonly number[], b: readonly number[]): number[] {
  const pieces = piecesOf(a, b);
  if (pieces && pieces.length === 0) return [1];
  return pieces?.map(({ size }) => size) ?? [];
}

/** With our axes of an axis of the file cut into these lengths. */
function cut(x: Traced, axis: number, fine: readonly number[]): Traced {
  const lengths = lengthsOf(x.value);
  const { parts } = x.axes[axis];
  const own = parts.map((part) => lengths[part]);
  if (own.join() === fine.join()) return x;
  const sizes: number[][] = lengths.map((length) => [length]);
  for (const part of parts) sizes[part] = [];
  for (const { size, from } of piecesOf(own, fine)!) sizes[parts[from]].push(size);
  // One axis of length 1 stays, if that is all there is.
  if (fine.length === 1 && fine[0] === 1) sizes[parts[0]].push(1);
  return resized(x, sizes);
}

/** An array that is known, where the keys are. */
function spreadKnown(
  term: Known,
  rank: number,
  inRow: readonly Key[],
  order: readonly Key[],
): Value | number {
  if (term.values.length === 1) return finite(term.values[0]);
  const shift = rank - term.dims.length;
  const dims: number[] = [];
  const begins: number[] = [];
  for (const [i, length] of term.dims.entries()) {
    begins.push(dims.length);
    const pieces = order.filter(({ axis }) => axis === i + shift).sort((a, b) => a.piece - b.piece);
    if (length === 1 || pieces.length === 0) dims.push(length);
    else dims.push(...pieces.map(({ size }) => size));
  }
  const places = inRow.map(({ axis, piece }) => {
    const i = axis - shift;
    return i < 0 || term.dims[i] === 1 ? -1 : begins[i] + piece;
  });
  const used = places.filter((place) => place >= 0);
  // Axes of length 1 may be anywhere.
  const rest = [...dims.keys()].filter((place) => !used.includes(place));
  const turned = permute({ ...term, dims }, [...rest, ...used]);
  const shape = places.map((place) => (place < 0 ? 1 : dims[place]));
  const first = shape.findIndex((length) => length !== 1);
  return literalOf({ ...turned, dims: shape.slice(Math.max(first, 0)) });
}

/** The largest float32, which stands for what is infinite: graphs hold finite numbers. */
const MAX_FLOAT = (2 - 2 ** -23) * 2 ** 127;

function finite(value: number): number {
  return Math.min(Math.max(Math.fround(value), -MAX_FLOAT), MAX_FLOAT);
}

/** Numbers that stand in the graph. */
export function literalOf({ values, dims }: Known): Value {
  return literal(Float32Array.from(values, finite), dims);
}

/** A term as a value. */
export function tracedTerm(term: Term, fail: Fail): Traced {
  if (!isKnown(term)) return term;
  if (term.values.length === 0) fail('an array without numbers cannot be computed with');
  return tracedOf(literalOf(term), term.kind);
}
