/**
 * How strided operands of one shape become calls of kernels that know three axes: axes that lie one within
 * the other are merged, the three that are best are the kernel's, and what remains is a list of calls, made
 * once.
 */
import { elementsOf } from '../base/arrays.js';
import { pointerOf, type View } from './view.js';

/** An axis, with each operand's stride along it. */
export interface Loop {
  readonly length: number;
  readonly strides: readonly number[];
}

/** Calls that differ only in where their operands begin. */
export interface Calls {
  readonly lengths: readonly [D0: number, D1: number, D2: number];
  /** Of each operand, along these axes. */
  readonly strides: readonly (readonly [s0: number, s1: number, s2: number])[];
  /** Pointers: of all operands of the first call, then of the next. */
  readonly starts: readonly number[];
}

/** Rows of a part that threads can be given, and floats of one where there are no rows. */
const ROWS = 16;
const FLOATS = 1024;

/**
 * Nanoseconds, roughly: of a row, of an element that is read from or written to a place apart, of one that is
 * repeated.
 */
const COST = { row: 12, gathered: 0.8, scattered: 1.2, repeated: 0.15 } as const;

/**
 * The axes of operands of one shape, merged where that is the same for all. Axes of length 1 are left out.
 */
export function merged(views: readonly View[], axes: readonly number[]): Loop[] {
  const loops: Loop[] = [];
  for (const axis of axes) {
    const length = views[0].shape[axis];
    if (length === 1) continue;
    const strides = views.map((view) => view.strides[axis]);
    const outer = loops[loops.length - 1];
    if (outer?.strides.every((stride, i) => stride === strides[i] * length)) {
      loops[loops.length - 1] = { length: outer.length * length, strides };
    } else {
      loops.push({ length, strides });
    }
  }
  return loops;
}

/** The axes of a view in the order in which they lie in memory, the last one closest. */
export function byStride({ shape, strides }: View): number[] {
  return [...shape.keys()].sort((a, b) => strides[b] - strides[a] || a - b);
}

/** The calls that go over all elements of the views, the output first. None where there are no elements. */
export function elementwise(views: readonly View[]): Calls[] {
  if (elementsOf(views[0].shape) === 0) return [];
  const pointers = views.map(pointerOf);
  const bytes = views[0].tensor.elementBytes;
  const loops = merged(views, byStride(views[0]));
  const inner = take(loops, (loop) => -cost(loop)) ?? { length: 1, strides: views.map(() => 1) };
  // Where an operand is read across, the axis along which it lies comes next: a copy is then transposed in
  // blocks, and other functions find the lines of the row before still in the cache.
  const crossed = (loop: Loop) =>
    loop.strides.some((stride, i) => i > 0 && stride === 1 && inner.strides[i] > 1);
  const across = loops.some(crossed) ? take(loops, (loop) => Number(crossed(loop))) : undefined;
  const one = { length: 1, strides: views.map(() => 0) };
  const outer = take(loops, ({ length }) => length) ?? one;
  const middle = across ?? take(loops, ({ length }) => length) ?? one;
  return parts([outer, middle, inner]).map(({ axes, offsets }) => ({
    lengths: [axes[0].length, axes[1].length, axes[2].length],
    strides: views.map((_, i) => [axes[0].strides[i], axes[1].strides[i], axes[2].strides[i]]),
    starts: starts(
      pointers.map((pointer, i) => pointer + offsets[i] * bytes),
      loops,
      bytes,
    ),
  }));
}

/** What the elements cost with this axis innermost: rows, and operands that do not lie along it. */
function cost({ length, strides }: Loop): number {
  return strides.reduce((total, stride, i) => {
    if (stride === 1) return total;
    if (i === 0) return total + COST.scattered;
    return total + (stride === 0 ? COST.repeated : COST.gathered);
  }, COST.row / length);
}

/** Removes the loop that is rated highest; the first of equals. */
function take(loops: Loop[], rate: (loop: Loop) => number): Loop | undefined {
  const rates = loops.map(rate);
  return loops.splice(rates.indexOf(Math.max(...rates)), 1)[0];
}

interface Part {
  readonly axes: readonly [Loop, Loop, Loop];
  /** Elements to each operand's first. */
  readonly offsets: readonly number[];
}

/**
 * Threads share the first axis: where it has length 1 it is cut off another, and what is left over is a call
 * of its own.
 */
export function parts(axes: readonly [Loop, Loop, Loop]): Part[] {
  const [outer, middle, inner] = axes;
  const none = inner.strides.map(() => 0);
  const from = middle.length > 1 ? middle : inner;
  const size = middle.length > 1 ? ROWS : FLOATS;
  if (outer.length > 1 || from.length < 2 * size) return [{ axes, offsets: none }];
  const count = Math.floor(from.length / size);
  const rest = from.length - count * size;
  const blocks = { length: count, strides: from.strides.map((stride) => stride * size) };
  const whole = { length: size, strides: from.strides };
  const left = { length: rest, strides: from.strides };
  const of = (first: Loop, cut: Loop): Part['axes'] =>
    from === middle ? [first, cut, inner] : [first, middle, cut];
  const made: Part[] = [{ axes: of(blocks, whole), offsets: none }];
  if (rest > 0)
    made.push({ axes: of(outer, left), offsets: from.strides.map((stride) => stride * count * size) });
  return made;
}

/**
 * Every combination of places along the loops, in row-major order, for operands that begin at these pointers.
 */
export function starts(
  pointers: readonly number[],
  loops: readonly Loop[],
  bytes: number,
): readonly number[] {
  let places = [pointers];
  for (const { length, strides } of loops) {
    places = places.flatMap((place) =>
      Array.from({ length }, (_, at) => place.map((pointer, i) => pointer + at * strides[i] * bytes)),
    );
  }
  return places.flat();
}
