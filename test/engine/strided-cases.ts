/** Random views for the tests of strided operations, and plain loops over their elements. */
import fc from 'fast-check';
import type { Engine } from '../../src/engine/engine.js';
import type { Arena } from '../../src/engine/tensor.js';
import type { View } from '../../src/ops/view.js';

/** How a view lies: axes in an order, each with a gap, some of them repeated. */
export interface Layout {
  readonly order: readonly number[];
  readonly gaps: readonly number[];
  readonly repeated: readonly boolean[];
  readonly offset: number;
}

const MAX_RANK = 6;

/**
 * Lengths, most of them short, and a long one now and then: beyond a stage, and where threads have something
 * to share.
 */
export const shapes = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 6 }) },
      { weight: 2, arbitrary: fc.integer({ min: 7, max: 70 }) },
    ),
    {
      maxLength: MAX_RANK,
    },
  )
  .chain((shape) => fc.tuple(fc.constant(shape), fc.integer({ min: 0, max: 9 })))
  .map(([shape, pick]) => (pick === 0 && shape.length < 3 ? [...shape, 1100] : shape))
  .filter((shape) => shape.reduce((a, b) => a * b, 1) <= 20_000);

export function layouts(rank: number): fc.Arbitrary<Layout> {
  const axes = [...Array(rank).keys()];
  // Mostly as dense tensors lie.
  const order = fc.oneof(fc.constant(axes), fc.shuffledSubarray(axes, { minLength: rank, maxLength: rank }));
  const gap = fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  );
  const repeat = fc.oneof(
    { weight: 4, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  );
  return fc.record({
    order,
    gaps: fc.array(gap, { minLength: rank, maxLength: rank }),
    repeated: fc.array(repeat, { minLength: rank, maxLength: rank }),
    offset: fc.integer({ min: 0, max: 5 }),
  });
}

/**
 * A view of this shape that lies so, in a tensor of its own whose other elements are NaN. `values` in
 * row-major order.
 */
export function place(
  arena: Arena,
  shape: readonly number[],
  layout: Layout,
  values?: (i: number) => number,
): View {
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (const axis of [...layout.order].reverse()) {
    stride *= 1 + layout.gaps[axis];
    // Only inputs are repeated.
    if (values && layout.repeated[axis]) continue;
    strides[axis] = stride;
    stride *= Math.max(1, shape[axis]);
  }
  const tensor = arena.tensor('float', [layout.offset + stride + 3]).fill(Number.NaN);
  const view = { tensor, offset: layout.offset, shape, strides };
  if (values) {
    const raw = Float64Array.from(tensor.read());
    for (const [i, at] of positions(view).entries()) raw[at] = values(i);
    tensor.write(raw);
  }
  return view;
}

/** The places of a view's elements in its tensor, in row-major order. */
export function positions({ offset, shape, strides }: View): number[] {
  let places = [offset];
  for (const [axis, length] of shape.entries()) {
    const next: number[] = [];
    for (const place of places) for (let i = 0; i < length; i++) next.push(place + i * strides[axis]);
    places = next;
  }
  return places;
}

export function valuesOf(view: View): number[] {
  // As one row, padding and all, as the view counts.
  const raw = view.tensor.flat().read();
  return positions(view).map((at) => raw[at]);
}

/** Throws when an element of the tensor that is not the view's has changed from `before`. */
export function checkOutside(view: View, before: ArrayLike<number>): void {
  const inside = new Set(positions(view));
  const now = view.tensor.read();
  for (let i = 0; i < now.length; i++) {
    if (!inside.has(i) && !Object.is(now[i], before[i]))
      throw new Error(`element ${i}, outside the view, was written`);
  }
}

/** What the engine makes of a number: float32, or float64. */
export function rounding(engine: Engine): (x: number) => number {
  return engine.backend.elementBytes === 8 ? (x) => x : Math.fround;
}
