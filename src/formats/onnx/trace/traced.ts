/**
 * Values of an ONNX graph that are computed for each row. An axis of the file's value is one axis of ours, a
 * product of several, or none where its length is 1 or where it repeats: so images may lie with their channels
 * last, and a batch may be one axis with others, without anything being moved.
 */
import { literal } from '../../../graph/leaves.js';
import type { Value } from '../../../graph/value.js';
import type { Fail } from '../../protobuf.js';
import { BATCH, hasBatch, type Kind, type Known } from './array.js';

export interface Axis {
  /** In the file; a multiple of `BATCH` where the rows of a batch are in it. */
  readonly length: number;
  /** Axes of our value, outermost first, whose lengths make the product; none where it repeats. */
  readonly parts: readonly number[];
}

/**
 * Each axis of ours is part of one axis of the file's, but for the rows where these are all of the file's
 * arrays.
 */
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

/** What a node reads: a value, or an array that is known. */
export type Term = Traced | Known;

export function isKnown(term: Term): term is Known {
  return 'values' in term;
}

export function dimsOf(term: Term): readonly number[] {
  return isKnown(term) ? term.dims : shapeOf(term);
}

/** Lengths of all axes of a value, its rows included. */
export function lengthsOf({ shape: { rows, dims } }: Value): readonly number[] {
  return rows ? [BATCH, ...dims] : dims;
}

/** Lengths of the file's axes. */
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

/** With another length of an axis, which an operation has given it. */
export function withLength(axes: readonly Axis[], axis: number, length: number): Axis[] {
  return axes.map((own, i) => (i === axis ? { ...own, length } : own));
}

/** The axes of ours that the file's have, in its order. */
export function partsOf(axes: readonly Axis[]): number[] {
  return axes.flatMap(({ parts }) => parts);
}

/** Which axis of the file's has the rows; -1 where none has. */
export function rowsAxis(x: Traced): number {
  return x.value.shape.rows ? x.axes.findIndex(({ parts }) => parts.includes(0)) : -1;
}

/** The largest float32, which stands for what is infinite: graphs hold finite numbers. */
export const MAX_FLOAT = (2 - 2 ** -23) * 2 ** 127;

/** One number of an array that is known, as graphs hold it: in float32. */
export function finite(value: number, kind: Kind, fail: Fail): number {
  if (Number.isNaN(value)) fail('a number is not known: it is NaN, or depends on the size of the batch');
  const near = Math.fround(value);
  if (kind !== 'float') {
    if (hasBatch(value)) fail('it computes with the size of the batch');
    // Beyond 2^53 there are only stand-ins for what is infinite.
    if (near !== value && Math.abs(value) < 2 ** 53) fail(`a whole number is too large: ${value}`);
  }
  return Math.min(Math.max(near, -MAX_FLOAT), MAX_FLOAT);
}

/** Numbers that stand in the graph. */
export function literalOf({ values, dims, kind }: Known, fail: Fail): Value {
  if (values.length === 0) fail('an array without numbers cannot be computed with');
  return literal(
    Float32Array.from(values, (value) => finite(value, kind, fail)),
    dims,
  );
}

/** A term as a value. */
export function tracedTerm(term: Term, fail: Fail): Traced {
  return isKnown(term) ? tracedOf(literalOf(term, fail), term.kind) : term;
}
