/** How the axes of a value lie: they are turned, cut and put together, and nothing is computed. */
import { elementsOf } from '../../../base/arrays.js';
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { literal } from '../../../graph/leaves.js';
import { MAX_RANK, type Value } from '../../../graph/value.js';
import type { Fail } from '../../protobuf.js';
import { BATCH, checkMade, hasBatch, isSameSize, named, piecesOf, sizeOf } from './array.js';
import { type Axis, lengthsOf, partsOf, rowsAxis, shapeOf, type Traced } from './traced.js';

/** A value with the lengths of all its axes changed, the rows included. */
export function shaped(value: Value, lengths: readonly number[]): Value {
  const dims = value.shape.rows ? lengths.slice(1) : lengths;
  return dims.join() === value.shape.dims.join() ? value : F.reshape(value, dims);
}

/** With our axes in this order. The rows have to stay in front. */
export function turned(x: Traced, order: readonly number[], fail: Fail): Traced {
  if (order.every((part, i) => part === i)) return x;
  if (x.value.shape.rows && order[0] !== 0) {
    fail(`the batch would no longer be the first axis of ${show(named(shapeOf(x)))}`);
  }
  const places = new Map(order.map((part, i) => [part, i]));
  const axes = x.axes.map((own) => ({ ...own, parts: own.parts.map((part) => places.get(part)!) }));
  return { ...x, value: F.transpose(x.value, order), axes };
}

/** With our axes in the order in which `order` has the file's. */
function ordered(x: Traced, order: readonly number[], fail: Fail): Traced {
  const parts = order.flatMap((axis) => x.axes[axis].parts);
  return turned(x, x.value.shape.rows && !parts.includes(0) ? [0, ...parts] : parts, fail);
}

/** With each of our axes cut into these lengths, side by side; into none where it is of length 1 and goes. */
export function cutInto(x: Traced, sizes: readonly (readonly number[])[]): Traced {
  const begins: number[] = [];
  let count = 0;
  for (const own of sizes) {
    begins.push(count);
    count += own.length;
  }
  const axes = x.axes.map((own) => ({
    ...own,
    parts: own.parts.flatMap((part) => sizes[part].map((_, i) => begins[part] + i)),
  }));
  return { ...x, value: shaped(x.value, sizes.flat()), axes };
}

/** Without axes of ours of length 1. */
function squeezed(x: Traced): Traced {
  const sizes = lengthsOf(x.value).map((length) => (length === 1 ? [] : [length]));
  return cutInto(x, sizes);
}

/** With an axis of length 1 of ours for an axis of the file that has none, behind those of the axes before it. */
function withAxis(given: Traced, axis: number, fail: Fail): Traced {
  const x = lengthsOf(given.value).length < MAX_RANK ? given : compact(given, fail);
  const before = partsOf(x.axes.slice(0, axis));
  const at = before.length === 0 ? Number(x.value.shape.rows) : Math.max(...before) + 1;
  const axes = x.axes.map((own, i) =>
    i === axis
      ? { ...own, parts: [at] }
      : { ...own, parts: own.parts.map((part) => (part >= at ? part + 1 : part)) },
  );
  const lengths = [...lengthsOf(x.value)];
  lengths.splice(at, 0, 1);
  return { ...x, value: shaped(x.value, lengths), axes };
}

/** Repeated along axes of length 1, aligned at the last. */
export function stretched(x: Traced, dims: readonly number[]): Traced {
  const own = squeezed(x);
  const shift = dims.length - own.axes.length;
  const axes = dims.map((length, i): Axis => {
    const before = own.axes[i - shift];
    return before && before.length === length ? before : { length, parts: [] };
  });
  return { ...own, axes };
}

/** The same for each row, of which `like` has a value. */
export function perRow(x: Traced, like: Value): Traced {
  const { dims } = x.value.shape;
  // A choice between a value and itself, by a number of each row.
  const one = like.shape.dims.reduce((own, _, i) => F.slice(own, i + 1, 0, 1), like);
  const value = F.where(
    F.reshape(
      one,
      dims.map(() => 1),
    ),
    x.value,
    x.value,
  );
  const axes = x.axes.map(
    ({ length, parts }): Axis => ({
      length,
      // The axis that repeats it for each row is written out by that.
      parts: length === BATCH && parts.length === 0 ? [0] : parts.map((part) => part + 1),
    }),
  );
  return { ...x, value, axes };
}

/** With axes that repeat written out; by default all of them. */
export function full(x: Traced, fail: Fail, only: readonly number[] = [...x.axes.keys()]): Traced {
  const missing = only.filter((axis) => x.axes[axis].length > 1 && x.axes[axis].parts.length === 0);
  if (missing.length === 0) return x;
  if (missing.some((axis) => hasBatch(x.axes[axis].length)))
    fail('it repeats a constant for each row of a batch, which is not known here');
  const own = missing.reduce((one, axis) => withAxis(one, axis, fail), x);
  const ones = lengthsOf(own.value).map(() => 1);
  for (const axis of missing) ones[own.axes[axis].parts[0]] = own.axes[axis].length;
  const dims = own.value.shape.rows ? ones.slice(1) : ones;
  checkMade(dims, fail);
  return { ...own, value: F.mul(own.value, literal(new Float32Array(elementsOf(dims)).fill(1), dims)) };
}

/** With a single axis of ours for this axis of the file. */
export function single(x: Traced, axis: number, fail: Fail): Traced {
  const { parts, length } = x.axes[axis];
  if (parts.length === 1) return x;
  if (parts.length === 0) return length === 1 ? withAxis(x, axis, fail) : full(x, fail, [axis]);
  if (x.value.shape.rows && parts.includes(0)) fail('it would work across the rows of a batch');
  // Side by side, in this order, where the first of them is.
  const rest = [...lengthsOf(x.value).keys()].filter((part) => !parts.includes(part));
  const at = rest.filter((part) => part < parts[0]).length;
  const own = turned(x, [...rest.slice(0, at), ...parts, ...rest.slice(at)], fail);
  const shift = parts.length - 1;
  const axes = own.axes.map((one, i) => {
    if (i === axis) return { length, parts: [at] };
    return { ...one, parts: one.parts.map((part) => (part > at ? part - shift : part)) };
  });
  const lengths = [...lengthsOf(own.value)];
  lengths.splice(at, parts.length, length);
  return { ...own, value: shaped(own.value, lengths), axes };
}

/** With this axis of the file as one of ours that is not the rows. */
export function inside(x: Traced, axis: number, fail: Fail): Traced {
  const own = single(x, axis, fail);
  if (own.value.shape.rows && own.axes[axis].parts[0] === 0) fail('it would work across the rows of a batch');
  return own;
}

/** With this axis of the file as the last of ours, which no other has a part in. */
export function last(x: Traced, axis: number, fail: Fail): Traced {
  const own = inside(x, axis, fail);
  const [at] = own.axes[axis].parts;
  const rest = [...lengthsOf(own.value).keys()].filter((part) => part !== at);
  return turned(own, [...rest, at], fail);
}

/** With one axis of ours for each axis of the file, in its order: those of length 1 are written out. */
export function plain(x: Traced, fail: Fail): Traced {
  const own = ordered(full(x, fail), [...x.axes.keys()], fail);
  const at = rowsAxis(own);
  if (at > 0 || (at === 0 && own.axes[0].parts.length > 1))
    fail(`the batch is not an axis of its own in ${show(named(shapeOf(x)))}`);
  if (own.axes.every(({ parts }) => parts.length === 1)) return own;
  const first = Number(own.value.shape.rows && at < 0);
  const lengths = [...(first ? [BATCH] : []), ...shapeOf(own)];
  const axes = own.axes.map(({ length }, i) => ({ length, parts: [i + first] }));
  return { ...own, value: shaped(own.value, lengths), axes };
}

/** With as few axes of ours as can be: those of one axis of the file are put together, but for the rows. */
export function compact(x: Traced, fail: Fail): Traced {
  const rows = x.value.shape.rows;
  const isRow = (part: number) => rows && part === 0;
  const own = turned(x, [...(rows ? [0] : []), ...partsOf(x.axes).filter((part) => !isRow(part))], fail);
  const lengths = lengthsOf(own.value);
  const made: number[] = rows ? [BATCH] : [];
  const axes = own.axes.map(({ length, parts }): Axis => {
    const list: number[] = [];
    let open = false;
    for (const part of parts) {
      if (isRow(part)) list.push(0);
      else if (open) made[made.length - 1] *= lengths[part];
      else list.push(made.push(lengths[part]) - 1);
      open = !isRow(part);
    }
    return { length, parts: list };
  });
  return { ...own, value: shaped(own.value, made), axes };
}

/**
 * The same elements, row-major, under other axes. Nothing is moved where axes are only cut, or put together;
 * `batch`: the size of a batch where the file has a number for it, in the shape that is asked for.
 */
export function reshaped(x: Traced, dims: readonly number[], batch: number | undefined, fail: Fail): Traced {
  const wanted = isSameSize(shapeOf(x), dims) ? dims : withBatch(x, dims, batch);
  if (!wanted) {
    const [own, given] = [shapeOf(x), dims].map((lengths) => show(named(lengths)));
    return fail(`expected a shape of as many elements as ${own} has, given ${given}`);
  }
  const lengths = lengthsOf(x.value);
  // An axis that repeats is a piece that no axis of ours has.
  const units = x.axes.flatMap(({ length, parts }): { length: number; part?: number }[] =>
    parts.length === 0 ? [{ length }] : parts.map((part) => ({ length: lengths[part], part })),
  );
  const pieces = piecesOf(
    units.map(({ length }) => length),
    wanted,
  );
  if (!pieces) return recut(x, wanted, fail);
  const parts = wanted.map((_, i) => pieces.filter(({ to }) => to === i).map(({ from }) => units[from].part));
  // Part of an axis cannot repeat.
  if (parts.some((own) => own.includes(undefined) && own.some((part) => part !== undefined)))
    return reshaped(full(x, fail), wanted, batch, fail);
  const sizes = lengths.map((length, part): number[] => {
    const own = pieces.filter(({ from }) => units[from].part === part).map(({ size }) => size);
    // Rows that no axis of the file has stay where they are.
    return own.length === 0 && length === BATCH ? [BATCH] : own;
  });
  if (sizes.flat().length > MAX_RANK) {
    const less = compact(x, fail);
    if (lengthsOf(less.value).length < lengths.length) return reshaped(less, wanted, batch, fail);
    fail(`expected at most ${MAX_RANK} axes`);
  }
  const begins = sizes.map((_, part) => sizes.slice(0, part).flat().length);
  const taken = lengths.map(() => 0);
  const axes = wanted.map((length) => ({ length, parts: [] as number[] }));
  for (const { from, to } of pieces) {
    const { part } = units[from];
    if (part !== undefined) axes[to].parts.push(begins[part] + taken[part]++);
  }
  return { value: shaped(x.value, sizes.flat()), axes, kind: x.kind };
}

/** Under axes that cut across those that are there: all is laid out first, on both sides of the batch. */
function recut(x: Traced, dims: readonly number[], fail: Fail): Traced {
  const own = full(x, fail);
  const at = rowsAxis(own);
  const to = at < 0 ? -1 : dims.indexOf(BATCH);
  const before = elementsOf(dims.slice(0, Math.max(to, 0)));
  if (
    at >= 0 &&
    (to < 0 || before !== elementsOf(shapeOf(own).slice(0, at)) || own.axes[at].length !== BATCH)
  )
    fail(`the rows of a batch would be cut: ${show(named(dims))}`);
  const parts = partsOf(own.axes).filter((part) => !own.value.shape.rows || part !== 0);
  const rows = own.value.shape.rows ? [0] : [];
  const { value } = turned(own, [...rows, ...parts], fail);
  const inside = dims.filter((_, i) => i !== to);
  const axes = dims.map((length, i): Axis => {
    if (i === to) return { length, parts: [0] };
    return { length, parts: [i + rows.length - Number(to >= 0 && i > to)] };
  });
  return { value: shaped(value, [...rows.map(() => BATCH), ...inside]), axes, kind: x.kind };
}

/** A shape that has a number for the size of a batch, with `BATCH` in its place; undefined where it has none. */
function withBatch(x: Traced, dims: readonly number[], batch: number | undefined): number[] | undefined {
  const at = x.axes.findIndex(({ length }) => hasBatch(length));
  if (batch === undefined || at < 0) return undefined;
  const { parts } = x.axes[at];
  const lengths = lengthsOf(x.value);
  const outer = parts.slice(0, Math.max(parts.indexOf(0), 0)).map((part) => lengths[part]);
  const before = elementsOf(shapeOf(x).slice(0, at)) * elementsOf(outer);
  if (elementsOf(dims) !== sizeOf(shapeOf(x)).elements * batch) return undefined;
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
