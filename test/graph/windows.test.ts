/** Windows over images: options that are numbers, pairs or names, against places counted one by one. */
import { assert, constantFrom, integer, property, record, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/base/errors.js';
import { readWindow, resolveWindow } from '../../src/graph/windows.js';

const where = 'test';

/** Where windows begin that lie within the padded axis, found by trying. */
function places(
  length: number,
  size: number,
  stride: number,
  dilation: number,
  before: number,
  after: number,
) {
  let count = 0;
  for (let from = -before; from + (size - 1) * dilation < length + after; from += stride) count++;
  return count;
}

describe('windows over images', () => {
  test('a number is a pair of the same; the defaults are stride 1, dilation 1 and no padding', () => {
    expect(resolveWindow(where, { size: 3 }, [5, 7])).toEqual({
      ...{ size: [3, 3], strides: [1, 1], dilations: [1, 1] },
      ...{ padding: [0, 0, 0, 0], output: [3, 5] },
    });
    const options = { size: [3, 2], stride: [2, 1], dilation: [1, 2], padding: [1, 0, 2, 3] } as const;
    expect(resolveWindow(where, options, [6, 4])).toEqual({
      ...{ size: [3, 2], strides: [2, 1], dilations: [1, 2] },
      ...{ padding: [1, 0, 2, 3], output: [4, 5] },
    });
    expect(resolveWindow(where, { size: 3, padding: 1 }, [4, 4]).padding).toEqual([1, 1, 1, 1]);
    expect(resolveWindow(where, { size: 3, padding: [1, 2] }, [4, 4]).padding).toEqual([1, 2, 1, 2]);
    expect(resolveWindow(where, { size: 3, padding: 'valid' }, [4, 4]).padding).toEqual([0, 0, 0, 0]);
  });

  test('same, as TensorFlow documents it: the odd pixel at the end', () => {
    const same = (size: number, stride: number, length: number) =>
      resolveWindow(where, { size, stride, padding: 'same' }, [length, length]);
    expect(same(5, 1, 28)).toMatchObject({ padding: [2, 2, 2, 2], output: [28, 28] });
    expect(same(2, 1, 5)).toMatchObject({ padding: [0, 0, 1, 1], output: [5, 5] });
    expect(same(3, 2, 32)).toMatchObject({ padding: [0, 0, 1, 1], output: [16, 16] });
    // TensorFlow's own example: 13 wide, 6 wide filter, stride 5.
    expect(same(6, 5, 13)).toMatchObject({ padding: [1, 1, 2, 2], output: [3, 3] });
    // A stride above the size leaves pixels out, and pads nothing.
    expect(same(1, 3, 7)).toMatchObject({ padding: [0, 0, 0, 0], output: [3, 3] });
    expect(same(2, 2, 7)).toMatchObject({ padding: [0, 0, 1, 1], output: [4, 4] });
  });

  test('the places are those that trying one after the other finds', () => {
    const small = integer({ min: 1, max: 5 });
    const axis = record({ size: small, stride: small, dilation: small, before: integer({ min: 0, max: 6 }) });
    assert(
      property(
        tuple(
          axis,
          axis,
          integer({ min: 1, max: 12 }),
          integer({ min: 1, max: 12 }),
          integer({ min: 0, max: 6 }),
        ),
        ([v, h, height, width, after]) => {
          const options = {
            ...{ size: [v.size, h.size], stride: [v.stride, h.stride], dilation: [v.dilation, h.dilation] },
            ...{ padding: [v.before, h.before, after, after] },
          } as never;
          const expected = [
            places(height, v.size, v.stride, v.dilation, v.before, after),
            places(width, h.size, h.stride, h.dilation, h.before, after),
          ];
          if (Math.min(...expected) < 1) {
            expect(() => resolveWindow(where, options, [height, width])).toThrow(ShapeError);
          } else {
            expect(resolveWindow(where, options, [height, width]).output).toEqual(expected);
          }
        },
      ),
    );
  });

  test('same gives every stride its ⌈input / stride⌉ places with as few pixels as do', () => {
    const small = integer({ min: 1, max: 6 });
    assert(
      property(
        small,
        small,
        constantFrom(1, 2),
        integer({ min: 1, max: 20 }),
        (size, stride, dilation, n) => {
          const options = { size, stride, dilation, padding: 'same' } as const;
          const { padding, output } = resolveWindow(where, options, [n, n]);
          const [top, , bottom] = padding;
          expect(output[0]).toBe(Math.ceil(n / stride));
          expect([0, 1]).toContain(bottom - top);
          const fewer = places(n, size, stride, dilation, 0, top + bottom - 1);
          if (top + bottom > 0) expect(fewer).toBeLessThan(output[0]);
        },
      ),
    );
  });

  test.each<[string, object, RegExp]>([
    ['no size', {}, /^test: size: .*given undefined$/],
    ['a size of 0', { size: 0 }, /size: .*at least 1.*given 0/],
    ['a size that is no whole number', { size: 1.5 }, /size: .*given 1.5/],
    ['a size of three', { size: [1, 2, 3] }, /size: .*given \[1, 2, 3\]/],
    ['a size beyond all images', { size: 2 ** 21 }, /size: .*at most 1048576/],
    ['a size with a hole', { size: new Array(2) }, /size: /],
    ['strides of 0', { size: 2, stride: [1, 0] }, /stride: .*given \[1, 0\]/],
    ['dilations of 0', { size: 2, dilation: 0 }, /dilation: /],
    ['padding below 0', { size: 2, padding: -1 }, /padding: .*at least 0.*given -1/],
    ['padding of an unknown name', { size: 2, padding: 'full' }, /padding: expected 'same', 'valid'.*"full"/],
    ['padding of three', { size: 2, padding: [1, 2, 3] }, /padding: .*given \[1, 2, 3\]/],
  ])('%s is refused', (_, options, message) => {
    expect(() => readWindow(where, options as never)).toThrow(OptionError);
    expect(() => resolveWindow(where, options as never, [9, 9])).toThrow(message);
  });

  test('a window that is larger than its padded image is refused, with both sizes', () => {
    const large = { size: 3, dilation: 3, padding: [1, 0, 1, 0] } as const;
    expect(() => resolveWindow(where, large, [4, 9])).toThrow(ShapeError);
    expect(() => resolveWindow(where, large, [4, 9])).toThrow(
      'test: size: a window of 7 x 7 is larger than an image of 4 x 9, with its padding 6 x 9',
    );
  });
});
