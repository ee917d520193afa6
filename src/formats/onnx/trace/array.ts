/**
 * Arrays that are known while a graph is read: constants, and the shapes that it computes with. Reshaping,
 * cutting and arithmetic on them are done at once.
 */
import { elementsOf } from '../../../base/arrays.js';
import { show } from '../../../base/errors.js';
import { eachPlace } from '../../axes.js';
import type { Fail } from '../../protobuf.js';
import { MAX_RANK } from '../values.js';

/** What elements stand for. Whole numbers and truth values are computed with as floats. */
export type Kind = 'float' | 'int' | 'bool';

/**
 * Numbers in an order, row-major. Floats are float32; whole numbers float64, which has all that shapes need.
 */
export interface Known {
  readonly kind: Kind;
  readonly dims: readonly number[];
  readonly values: Float32Array | Float64Array;
  /** The type that it has in the file, while nothing has been computed of it. */
  readonly dataType?: number;
}

/**
 * The size of a batch, in shapes: a prime that no array is long, so that products of it and quotients can be
 * told from other numbers. Whatever a graph computes of shapes is computed of it as of any length.
 */
export const BATCH = 1_000_000_007;

/** Whether a length, or a number of a shape, is one of the batch, or several times that. */
export function hasBatch(length: number): boolean {
  return length !== 0 && length % BATCH === 0;
}

/**
 * Elements of an array, or of one row of it, and how often the batch is a factor: their product would be too
 * large for a number.
 */
export function sizeOf(dims: readonly number[]): { readonly elements: number; readonly batches: number } {
  return {
    elements: elementsOf(dims.map((length) => (hasBatch(length) ? length / BATCH : length))),
    batches: dims.filter(hasBatch).length,
  };
}

/** Whether there are as many elements under these axes as under those. */
export function isSameSize(a: readonly number[], b: readonly number[]): boolean {
  const [left, right] = [sizeOf(a), sizeOf(b)];
  return left.elements === right.elements && left.batches === right.batches;
}

/** Elements of arrays that are made while a graph is read: no small file may ask for many. */
const MAX_MADE = 2 ** 22;

/** Throws for an array of more axes than any has: what is done for each axis would take long. */
export function checkRank(rank: number, fail: Fail): void {
  if (rank > MAX_RANK) fail(`expected at most ${MAX_RANK} axes, given ${rank}`);
}

/** Throws for an array that is larger than any that is computed at once. */
export function checkMade(dims: readonly number[], fail: Fail): number {
  checkRank(dims.length, fail);
  const count = elementsOf(dims);
  if (dims.every((length) => Number.isSafeInteger(length) && length >= 0) && count <= MAX_MADE) return count;
  return fail(`expected constants of at most ${MAX_MADE} numbers, given shape ${show(named(dims))}`);
}

/** A shape with its batch by name, for messages. */
export function named(dims: readonly number[]): (number | string)[] {
  return dims.map((length) => {
    if (!hasBatch(length)) return length;
    return length === BATCH ? 'batch' : `${length / BATCH} batch`;
  });
}

export function known(kind: Kind, dims: readonly number[], values: ArrayLike<number>): Known {
  return { kind, dims, values: kind === 'float' ? Float32Array.from(values) : Float64Array.from(values) };
}

/** The same number everywhere. */
export function filled(kind: Kind, dims: readonly number[], value: number): Known {
  return spread({ kind, dims: [], values: Float64Array.of(value) }, dims);
}

/** Numbers to the next place of each axis. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * dims[i + 1];
  return strides;
}

/** An array of which each element is one of x's: `strides` places further along each axis of `dims`. */
function strided({ kind, values }: Known, dims: readonly number[], strides: readonly number[]): Known {
  const made = new (kind === 'float' ? Float32Array : Float64Array)(elementsOf(dims));
  eachPlace(dims, strides, (place, i) => {
    made[i] = values[place];
  });
  return { kind, dims, values: made };
}

export function permute(x: Known, axes: readonly number[]): Known {
  if (axes.every((axis, i) => axis === i)) return x;
  const strides = stridesOf(x.dims);
  return strided(
    x,
    axes.map((axis) => x.dims[axis]),
    axes.map((axis) => strides[axis]),
  );
}

/** Stretched to a shape that it meets. */
export function spread(x: Known, dims: readonly number[]): Known {
  if (x.dims.join() === dims.join()) return x;
  const strides = stridesOf(x.dims);
  const shift = dims.length - x.dims.length;
  const own = dims.map((_, i) => (i < shift || x.dims[i - shift] === 1 ? 0 : strides[i - shift]));
  return strided(x, dims, own);
}

/** The places of one axis, in this order. */
export function pick(x: Known, axis: number, places: readonly number[]): Known {
  const inner = elementsOf(x.dims.slice(axis + 1));
  const outer = elementsOf(x.dims.slice(0, axis));
  const length = x.dims[axis];
  const made = new (x.kind === 'float' ? Float32Array : Float64Array)(outer * places.length * inner);
  let to = 0;
  for (let i = 0; i < outer; i++) {
    for (const place of places) {
      const from = (i * length + place) * inner;
      made.set(x.values.subarray(from, from + inner), to);
      to += inner;
    }
  }
  return { ...x, dims: x.dims.map((own, i) => (i === axis ? places.length : own)), values: made };
}

export function joined(arrays: readonly Known[], axis: number): Known {
  const [first] = arrays;
  const outer = elementsOf(first.dims.slice(0, axis));
  const lengths = arrays.map(({ dims }) => elementsOf(dims.slice(axis)));
  const total = arrays.reduce((sum, { dims }) => sum + dims[axis], 0);
  const made = new (first.kind === 'float' ? Float32Array : Float64Array)(
    outer * lengths.reduce((sum, own) => sum + own, 0),
  );
  let to = 0;
  for (let i = 0; i < outer; i++) {
    for (const [j, { values }] of arrays.entries()) {
      made.set(values.subarray(i * lengths[j], (i + 1) * lengths[j]), to);
      to += lengths[j];
    }
  }
  return { ...first, dims: first.dims.map((own, i) => (i === axis ? total : own)), values: made };
}

/** The shape of what is made of these, element by element, aligned at the last axis. */
export function meeting(shapes: readonly (readonly number[])[], fail: Fail): number[] {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, i) => {
    const lengths = shapes.map((dims) => dims[i - rank + dims.length] ?? 1);
    const length = lengths.find((own) => own !== 1) ?? 1;
    if (lengths.every((own) => own === 1 || own === length)) return length;
    return fail(`its inputs do not fit together: ${shapes.map((dims) => show(named(dims))).join(' and ')}`);
  });
}

/** Computed element by element, as `kind`. */
export function computed(
  kind: Kind,
  arrays: readonly Known[],
  compute: (...values: number[]) => number,
  fail: Fail,
): Known {
  const dims = meeting(
    arrays.map((own) => own.dims),
    fail,
  );
  const count = checkMade(dims, fail);
  const all = arrays.map((own) => spread(own, dims).values);
  const values = new (kind === 'float' ? Float32Array : Float64Array)(count);
  for (let i = 0; i < count; i++) values[i] = compute(...all.map((own) => own[i]));
  return { kind, dims, values };
}

/**
 * How the lengths of one row of axes become those of another with as many elements: pieces in order, each part
 * of one axis of both. Undefined where an axis would be cut within a piece of another. Axes of length 1 have
 * no piece.
 */
export function piecesOf(
  from: readonly number[],
  to: readonly number[],
): { readonly size: number; readonly from: number; readonly to: number }[] | undefined {
  const pieces: { size: number; from: number; to: number }[] = [];
  let [i, j] = [0, 0];
  let [a, b] = [from[0] ?? 1, to[0] ?? 1];
  while (i < from.length || j < to.length) {
    if (i < from.length && a === 1) {
      a = from[++i] ?? 1;
      continue;
    }
    if (j < to.length && b === 1) {
      b = to[++j] ?? 1;
      continue;
    }
    const size = Math.min(a, b);
    if (size < 2 || a % size !== 0 || b % size !== 0) return undefined;
    pieces.push({ size, from: i, to: j });
    a /= size;
    b /= size;
  }
  return pieces;
}
