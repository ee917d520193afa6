/** Views: what they name, and what is refused. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/base/errors.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { binary, unary } from '../../src/ops/strided.js';
import { reduce } from '../../src/ops/strided-reduce.js';
import { gather } from '../../src/ops/take.js';
import { broadcast, permute, reshapeView, slice, tryReshape, viewOf } from '../../src/ops/view.js';
import { layouts, place, shapes, valuesOf } from './strided-cases.js';

const engine = createReferenceEngine();
const arena = engine.arena();
afterAll(() => engine.dispose());

const counted = (shape: number[], kind: 'tensor' | 'padded' = 'tensor') => {
  const tensor = arena[kind]('float', shape);
  return tensor.write(Float32Array.from({ length: tensor.size }, (_, i) => i));
};

describe('views', () => {
  test('of tensors, padded or not, in their own shape or another', () => {
    expect(viewOf(counted([2, 3, 4], 'padded')).strides).toEqual([48, 16, 1]);
    expect(valuesOf(viewOf(counted([2, 3], 'padded')))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(viewOf(counted([6]), [2, 3])).toMatchObject({ shape: [2, 3], strides: [3, 1] });
    expect(viewOf(counted([1]), [])).toMatchObject({ shape: [], strides: [] });
    expect(() => viewOf(counted([2, 3], 'padded'), [6])).toThrow(ShapeError);
    expect(() => viewOf(counted([6]), [5])).toThrow(ShapeError);
  });

  test('broadcast aligns at the last axis', () => {
    const v = viewOf(counted([3, 1]));
    expect(valuesOf(broadcast(v, [2, 3, 2]))).toEqual([0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2]);
    expect(valuesOf(broadcast(v, [3, 0]))).toEqual([]);
    expect(() => broadcast(v, [2, 2])).toThrow(ShapeError);
    expect(() => broadcast(v, [3])).toThrow(ShapeError);
    expect(() => broadcast(viewOf(counted([2])), [3])).toThrow(ShapeError);
  });

  test('permute and slice', () => {
    const v = viewOf(counted([2, 3]));
    expect(valuesOf(permute(v, [1, 0]))).toEqual([0, 3, 1, 4, 2, 5]);
    for (const axes of [[0], [0, 0], [0, 2], [-1, 0]]) expect(() => permute(v, axes)).toThrow(OptionError);
    expect(valuesOf(slice(v, 1, 0, 2, 2))).toEqual([0, 2, 3, 5]);
    expect(valuesOf(slice(v, 0, 1, 1))).toEqual([3, 4, 5]);
    expect(valuesOf(slice(v, 0, 2, 0))).toEqual([]);
    expect(() => slice(v, 1, 2, 2)).toThrow(ShapeError);
    expect(() => slice(v, 1, 0, 2, 3)).toThrow(ShapeError);
    expect(() => slice(v, 2, 0, 1)).toThrow(OptionError);
    expect(() => slice(v, 1, 0, 2, 0)).toThrow(OptionError);
  });

  test('a view in another shape has the same elements in the same order, or is refused', () => {
    const v = viewOf(counted([4, 6]));
    expect(reshapeView(v, [2, 2, 1, 3, 2]).strides).toEqual([12, 6, 6, 2, 1]);
    expect(reshapeView(slice(v, 1, 0, 4), [2, 2, 2, 2]).strides).toEqual([12, 6, 2, 1]);
    expect(() => reshapeView(slice(v, 1, 0, 4), [16])).toThrow(ShapeError);
    expect(() => reshapeView(permute(v, [1, 0]), [24])).toThrow(ShapeError);
    const cases = shapes
      .filter((shape) => shape.every((length) => length > 0))
      .chain((shape) =>
        fc.tuple(
          fc.constant(shape),
          layouts(shape.length),
          fc.shuffledSubarray(shape, { minLength: shape.length }),
        ),
      );
    let possible = 0;
    fc.assert(
      fc.property(cases, ([shape, layout, other]) => {
        const view = place(arena, shape, layout, (i) => i);
        const reshaped = tryReshape(view, other);
        if (!reshaped) return;
        possible++;
        expect(valuesOf(reshaped)).toEqual(valuesOf(view));
      }),
      { numRuns: 300, seed: 4 },
    );
    expect(possible).toBeGreaterThan(50);
  });
});

describe('what is refused', () => {
  const x = viewOf(counted([2, 3]));
  const y = viewOf(counted([2, 3]));

  test('shapes that differ, other types, other engines, views beyond their tensor', () => {
    const operation = 'neg';
    expect(() => unary({ y, x: permute(x, [1, 0]), operation })).toThrow(
      /x: expected float \[2, 3\], given float \[3, 2\]/,
    );
    expect(() => unary({ y, x: viewOf(counted([3])), operation })).toThrow(ShapeError);
    expect(() => unary({ y, x: viewOf(arena.tensor('i32', [2, 3])), operation })).toThrow(ShapeError);
    expect(() => unary({ y, x: { ...x, offset: 1 }, operation })).toThrow(/does not lie within/);
    expect(() => unary({ y, x: { ...x, strides: [-3, 1] }, operation })).toThrow(OptionError);
    expect(() => unary({ y, x: { ...x, strides: [3] }, operation })).toThrow(ShapeError);
    const other = createReferenceEngine();
    expect(() => unary({ y, x: viewOf(other.arena().tensor('float', [2, 3])), operation })).toThrow(
      /two engines/,
    );
    other.dispose();
    expect(() => unary({ y, x, operation: 'nag' as never })).toThrow(/operation: expected one of copy, neg/);
    expect(() => binary({ y, a: x, b: x, operation: 'neg' as never })).toThrow(OptionError);
  });

  test('outputs that repeat, and outputs that overlap inputs otherwise than in place', () => {
    const wide = viewOf(counted([4, 8]));
    expect(() => unary({ y: { ...y, strides: [0, 1] }, x, operation: 'copy' })).toThrow(/distinct/);
    expect(() => unary({ y: { ...y, strides: [2, 1] }, x, operation: 'copy' })).toThrow(/distinct/);
    const square = viewOf(counted([3, 3]));
    expect(() => unary({ y: square, x: permute(square, [1, 0]), operation: 'copy' })).toThrow(/overlaps/);
    expect(() => unary({ y: slice(wide, 1, 0, 3), x: slice(wide, 1, 2, 3), operation: 'copy' })).toThrow(
      /overlaps/,
    );
    // Other columns of the same rows, and the very same elements, are fine.
    unary({ y: slice(wide, 1, 4, 3), x: slice(wide, 1, 0, 3), operation: 'copy' })();
    expect(valuesOf(slice(wide, 1, 4, 3)).slice(0, 6)).toEqual([0, 1, 2, 8, 9, 10]);
    unary({ y: square, x: { ...square }, operation: 'neg' })();
    expect(valuesOf(square)[8]).toBe(-8);
  });

  test('reductions to another shape, of nothing, scaled and accumulated; tables that are none', () => {
    const one = viewOf(counted([2, 1]));
    expect(() => reduce({ y: viewOf(counted([1, 2])), x, operation: 'sum' })).toThrow(ShapeError);
    expect(() => reduce({ y: viewOf(counted([2])), x, operation: 'sum' })).toThrow(ShapeError);
    expect(() => reduce({ y: one, x: slice(x, 1, 0, 0), operation: 'max' })).toThrow(/expected elements/);
    expect(() => reduce({ y: one, x, operation: 'sum', accumulate: true, scale: 2 })).toThrow(OptionError);
    reduce({ y: one, x: slice(x, 1, 0, 0), operation: 'sum' })();
    expect(valuesOf(one)).toEqual([0, 0]);
    reduce({ y: one, x, operation: 'sum', scale: 1 / 3 })();
    expect(valuesOf(one)[1]).toBeCloseTo(4, 6);
    const indices = viewOf(counted([2]));
    expect(() => gather({ y, table: viewOf(counted([3])), indices })).toThrow(/expected a matrix/);
    expect(() => gather({ y, table: viewOf(counted([4, 2])), indices })).toThrow(ShapeError);
    expect(() => gather({ y, table: permute(viewOf(counted([3, 4])), [1, 0]), indices })).toThrow(
      /in one piece/,
    );
    expect(() => gather({ y, table: y, indices })).toThrow(/overlaps/);
  });
});
