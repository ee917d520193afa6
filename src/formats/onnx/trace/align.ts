/** Values and arrays that meet element by element: their axes are laid alike. */
import * as F from '../../../graph/functions.js';
import { MAX_RANK, type Value } from '../../../graph/value.js';
import type { Fail } from '../../protobuf.js';
import { type Known, permute, piecesOf } from './array.js';
import { compact, cutInto, inside, shaped, single } from './layout.js';
import {
  type Axis,
  dimsOf,
  finite,
  isKnown,
  lengthsOf,
  literalOf,
  rowsAxis,
  type Term,
  type Traced,
} from './traced.js';

/** A piece of an axis of the result, which one axis of ours is; of size 0 where the length differs. */
interface Piece {
  readonly axis: number;
  readonly index: number;
  readonly size: number;
}

/** The terms, cut so that an axis of the result is the same pieces in each; and the lengths of these. */
interface Cut {
  readonly terms: readonly Term[];
  /** Of each axis of the result; none where nothing is longer than 1, or where all repeat. */
  readonly pieces: readonly (readonly number[])[];
}

/** An axis of the result in a term that is aligned at the last. */
function axisIn(x: Traced, i: number, rank: number): number {
  return i - rank + x.axes.length;
}

/** Lengths of our axes that make an axis; undefined where it is another length, or repeats. */
function lengthsIn(x: Traced, axis: number, length: number): number[] | undefined {
  const own = x.axes[axis];
  if (own?.length !== length || length === 1 || own.parts.length === 0) return undefined;
  const lengths = lengthsOf(x.value);
  return own.parts.map((part) => lengths[part]);
}

/** `count`: of how many of the first axes, by default of all. */
export function cutAlike(
  given: readonly Term[],
  dims: readonly number[],
  fail: Fail,
  count = dims.length,
): Cut {
  let terms = [...given];
  const pieces = dims.slice(0, count).map((length, i): readonly number[] => {
    const all = terms.flatMap((term) => {
      const own = isKnown(term) ? undefined : lengthsIn(term, axisIn(term, i, dims.length), length);
      return own ? [own] : [];
    });
    const known = terms.some((term) => isKnown(term) && term.dims[i - dims.length + term.dims.length] > 1);
    if (all.length === 0) return known ? [length] : [];
    const [first, ...others] = all;
    const fine = others.reduce<readonly number[] | undefined>(
      (a, b) => a && piecesOf(a, b)?.map(({ size }) => size),
      first.filter((size) => size > 1),
    );
    terms = terms.map((term) => {
      if (isKnown(term)) return term;
      const axis = axisIn(term, i, dims.length);
      const own = lengthsIn(term, axis, length);
      if (!own) return term;
      return fine ? cut(term, axis, own, fine) : single(term, axis, fail);
    });
    return fine ?? [length];
  });
  return { terms, pieces };
}

/** With our axes of an axis of the file cut into these lengths. */
function cut(x: Traced, axis: number, own: readonly number[], fine: readonly number[]): Traced {
  if (own.join() === fine.join()) return x;
  const sizes = lengthsOf(x.value).map((length) => [length]);
  const { parts } = x.axes[axis];
  for (const part of parts) sizes[part] = [];
  for (const { size, from } of piecesOf(own, fine)!) sizes[parts[from]].push(size);
  return cutInto(x, sizes);
}

/**
 * Terms as values whose axes meet, aligned at the last axis of the file's; and which axes the result has. The
 * axes lie as in the value with the most of them, which is not moved.
 */
export function aligned(
  given: readonly Term[],
  dims: readonly number[],
  fail: Fail,
): { readonly values: readonly (Value | number)[]; readonly axes: readonly Axis[] } {
  const { terms, pieces } = cutAlike(given, dims, fail);
  const live = terms.filter((term): term is Traced => !isKnown(term));
  const order = orderOf(live, dims, pieces);
  const hasRow = live.some(({ value }) => value.shape.rows);
  const isInside = hasRow && live.every((x) => rowsAxis(x) < 0);
  if (order.length + Number(isInside) > MAX_RANK) {
    const less = given.map((term) => (isKnown(term) ? term : compact(term, fail)));
    if (less.some((term, i) => rankOf(term) < rankOf(given[i]))) return aligned(less, dims, fail);
    fail(`expected at most ${MAX_RANK} axes`);
  }
  // The rows are the first axis of those that have any.
  const inRow = hasRow && !isInside ? order.slice(1) : order;
  const values = terms.map((term) =>
    isKnown(term) ? knownAt(term, dims, pieces, inRow, fail) : valueAt(term, dims, inRow, fail),
  );
  return { values, axes: axesOf(dims, pieces, order, isInside) };
}

/** The axes of the result. `isInside`: all is within the rows, which come first. */
function axesOf(
  dims: readonly number[],
  pieces: readonly (readonly number[])[],
  order: readonly Piece[],
  isInside: boolean,
): Axis[] {
  return dims.map((length, axis) => {
    const parts = pieces[axis].map((_, index) =>
      order.findIndex((own) => own.axis === axis && own.index === index),
    );
    const one = order.findIndex((own) => own.axis === axis && own.size === 1);
    return { length, parts: (one < 0 ? parts : [one]).map((place) => place + Number(isInside)) };
  });
}

/**
 * Values whose axes lie alike but for the length of one, which is one of ours in each; and where that lies. The
 * axes are those of the first value. All of them have rows, or none.
 */
export function alike(
  given: readonly Traced[],
  axis: number,
  fail: Fail,
): { readonly values: readonly Value[]; readonly axes: readonly Axis[]; readonly at: number } {
  // As if that axis had no length at all.
  const dims = given[0].axes.map(({ length }, i) => (i === axis ? 0 : length));
  const { terms, pieces } = cutAlike(
    given.map((x) => inside(x, axis, fail)),
    dims,
    fail,
  );
  const live = terms as readonly Traced[];
  const all = pieces.map((own, i) => (i === axis ? [0] : own));
  const order = orderOf(live, dims, all);
  const first = Number(live[0].value.shape.rows);
  const isInside = first > 0 && live.every((x) => rowsAxis(x) < 0);
  if (order.length + Number(isInside) > MAX_RANK) {
    const less = given.map((x) => compact(x, fail));
    if (less.some((x, i) => rankOf(x) < rankOf(given[i]))) return alike(less, axis, fail);
    fail(`expected at most ${MAX_RANK} axes`);
  }
  const inRow = first > 0 && !isInside ? order.slice(1) : order;
  const values = live.map((x) => valueAt(x, dims, inRow, fail, false));
  const at = inRow.findIndex((own) => own.axis === axis) + first;
  const axes = axesOf(dims, all, order, isInside);
  return { values, axes, at };
}

function rankOf(term: Term): number {
  return isKnown(term) ? 0 : lengthsOf(term.value).length;
}

/** All pieces, in the order in which they lie. */
function orderOf(
  live: readonly Traced[],
  dims: readonly number[],
  pieces: readonly (readonly number[])[],
): readonly Piece[] {
  const weight = (x: Traced) => lengthsOf(x.value).length + (rowsAxis(x) < 0 ? 0 : MAX_RANK);
  const first = live.reduce((a, b) => (weight(b) > weight(a) ? b : a));
  const axisOf = (part: number) => first.axes.findIndex(({ parts }) => parts.includes(part));
  const all = (axis: number) => pieces[axis].map((size, index) => ({ axis, index, size }));
  const order = [...lengthsOf(first.value).keys()].flatMap((part): Piece[] => {
    const own = axisOf(part);
    if (own < 0) return [];
    const axis = own + dims.length - first.axes.length;
    const { parts, length } = first.axes[own];
    if (length > 1 || pieces[axis][0] === 0) return [all(axis)[parts.indexOf(part)]];
    // Where it has length 1, once is enough, and others may have more.
    if (parts[0] !== part) return [];
    if (pieces[axis].length > 0) return all(axis);
    // Of what only repeats there is none.
    return dims[axis] === 1 ? [{ axis, index: 0, size: 1 }] : [];
  });
  const hasRows = rowsAxis(first) >= 0;
  for (const axis of pieces.keys()) {
    if (order.some((own) => own.axis === axis)) continue;
    const next = order.findIndex((own, i) => own.axis > axis && !(hasRows && i === 0));
    order.splice(next < 0 ? order.length : next, 0, ...all(axis));
  }
  return order;
}

/** A value with an axis for each piece; those of its end will do where it has no rows, unless all are wanted. */
function valueAt(
  x: Traced,
  dims: readonly number[],
  inRow: readonly Piece[],
  fail: Fail,
  mayTrim = true,
): Value {
  const lengths = lengthsOf(x.value);
  const has = inRow.map(({ axis, index, size }) => {
    const own = x.axes[axisIn(x, axis, dims.length)];
    if (size === 0) return own.parts[0];
    return own && own.length === dims[axis] && size > 1 ? own.parts[index] : undefined;
  });
  const parts = has.filter((part) => part !== undefined);
  const front = x.value.shape.rows ? [0] : [];
  const rest = [...lengths.keys()].filter((part) => ![...front, ...parts].includes(part));
  if (rest.some((part) => lengths[part] !== 1) || (front.length > 0 && parts.includes(0)))
    fail('its inputs do not fit together');
  const isInOrder = parts.every((part, i) => i === 0 || part > parts[i - 1]);
  const value = isInOrder ? x.value : F.transpose(x.value, [...front, ...parts, ...rest]);
  const own = has.map((part) => (part === undefined ? 1 : lengths[part]));
  if (x.value.shape.rows) return shaped(value, [lengths[0], ...own]);
  return shaped(value, mayTrim ? trimmed(own, lengths.length) : own);
}

/** Without lengths of 1 at the front, but not shorter than `rank`. */
function trimmed(lengths: readonly number[], rank: number): readonly number[] {
  const first = lengths.findIndex((length) => length !== 1);
  const least = Math.max(lengths.length - rank, 0);
  return lengths.slice(first < 0 ? least : Math.min(first, least));
}

/** An array that is known, with an axis for each piece; one number where it has no more. */
function knownAt(
  term: Known,
  dims: readonly number[],
  pieces: readonly (readonly number[])[],
  inRow: readonly Piece[],
  fail: Fail,
): Value | number {
  if (term.values.length === 1) return finite(term.values[0], term.kind, fail);
  const shift = dims.length - term.dims.length;
  const begins: number[] = [];
  const lengths: number[] = [];
  for (const [i, length] of dimsOf(term).entries()) {
    begins.push(lengths.length);
    if (length > 1) lengths.push(...pieces[i + shift]);
  }
  const has = inRow.map(({ axis, index }) => {
    const i = axis - shift;
    return i >= 0 && term.dims[i] > 1 ? begins[i] + index : undefined;
  });
  const turned = permute(
    { ...term, dims: lengths },
    has.filter((place) => place !== undefined),
  );
  const shape = has.map((place) => (place === undefined ? 1 : lengths[place]));
  return literalOf({ ...turned, dims: trimmed(shape, 1) }, fail);
}
