/** Data sets: what is derived, what is shared, and that each mistake is told apart with what was given. */
import { describe, expect, test } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/base/errors.js';
import { type Dataset, type DatasetOptions, dataset, sliceDataset } from '../../src/data/dataset.js';

const good: DatasetOptions = {
  name: 'six',
  inputs: new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255]),
  labels: [0, 1, 2],
};

describe('dataset', () => {
  test('derives width, classes and the scale of pixels', () => {
    expect(dataset(good)).toStrictEqual({
      name: 'six',
      size: 3,
      inputs: good.inputs,
      width: 4,
      scale: 1 / 255,
      offset: 0,
      labels: new Int32Array([0, 1, 2]),
      classes: 3,
    });
  });

  test('keeps bytes as bytes and floats unscaled', () => {
    expect(dataset(good).inputs).toBe(good.inputs);
    const floats = dataset({ ...good, inputs: new Float32Array(6) });
    expect([floats.width, floats.scale, floats.offset]).toEqual([2, 1, 0]);
  });

  test('has two classes at least, and as many as there are names', () => {
    expect(dataset({ ...good, labels: [0] }).classes).toBe(2);
    expect(dataset({ ...good, classNames: ['a', 'b', 'c', 'd'] }).classes).toBe(4);
    expect(dataset({ ...good, classes: 7 }).classes).toBe(7);
  });

  test('takes its width from the image, and copies what is small', () => {
    const imageShape: [number, number] = [2, 2];
    const set = dataset({ ...good, imageShape, scale: -1, offset: 1 });
    imageShape[0] = 9;
    expect([set.width, set.imageShape, set.scale, set.offset]).toEqual([4, [2, 2], -1, 1]);
    expect(Object.isFrozen(set)).toBe(true);
  });

  test.each([[[2, 0, 1]], [new Uint8Array([2, 0, 1])], [new Int32Array([2, 0, 1])]])(
    'labels %o become an Int32Array',
    (labels) => {
      expect(dataset({ ...good, labels }).labels).toStrictEqual(new Int32Array([2, 0, 1]));
    },
  );

  test.each<[what: string, inputs: DatasetOptions['inputs'], shape: [number, number[]?]]>([
    ['floats of 64 bits', Float64Array.of(1, 2, 3, 4, 5, 6), [2]],
    ['integers', Int16Array.of(1, 2, 3, 4, 5, 6), [2]],
    ['a plain array', [1, 2, 3, 4, 5, 6], [2]],
    [
      'arrays of numbers',
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [2],
    ],
    [
      'arrays of arrays of numbers',
      [
        [[1], [2]],
        [[3], [4]],
        [[5], [6]],
      ],
      [2, [2, 1]],
    ],
    ['rows of images with channels', [[[[1, 2]]], [[[3, 4]]], [[[5, 6]]]], [2, [1, 1, 2]]],
    ['typed arrays in an array', [Float64Array.of(1, 2), Float32Array.of(3, 4), [5, 6]], [2]],
  ])('takes %s as floats', (_, inputs, [width, imageShape]) => {
    const set = dataset({ inputs, labels: [0, 1, 2] });
    expect(set.inputs).toStrictEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect([set.size, set.width, set.imageShape, set.scale]).toEqual([3, width, imageShape, 1]);
  });

  test.each<[what: string, inputs: DatasetOptions['inputs']]>([
    ['clamped bytes, as a canvas has them', Uint8ClampedArray.of(1, 2, 3, 4, 5, 255)],
    ['rows of bytes', [Uint8Array.of(1, 2), Uint8ClampedArray.of(3, 4), Uint8Array.of(5, 255)]],
    ['a Buffer', Buffer.from([1, 2, 3, 4, 5, 255])],
  ])('takes %s as bytes', (_, inputs) => {
    const set = dataset({ inputs, labels: [0, 1, 2] });
    expect([...set.inputs]).toEqual([1, 2, 3, 4, 5, 255]);
    expect([set.inputs instanceof Uint8Array, set.width, set.scale]).toEqual([true, 2, 1 / 255]);
  });

  test('needs no name', () => {
    expect(dataset({ inputs: [1, 2], labels: [0, 1] }).name).toBe('data');
  });

  test('numbers the names of classes as their characters are ordered, and remembers them', () => {
    const set = dataset({ inputs: [1, 2, 3, 4], labels: ['dog', 'cat', 'Dog', 'dog'] });
    expect([...set.labels]).toEqual([2, 1, 0, 2]);
    expect([set.classes, set.classNames]).toEqual([3, ['Dog', 'cat', 'dog']]);
    expect(Object.isFrozen(set.classNames)).toBe(true);
    // A set that lacks a class is given the names of the other.
    const { labels } = dataset({ inputs: [1], labels: ['dog'], classNames: set.classNames });
    expect([...labels]).toEqual([2]);
  });

  test('takes 64-bit labels, as numpy writes them', () => {
    expect(dataset({ ...good, labels: BigInt64Array.of(2n, 0n, 1n) }).labels).toEqual(Int32Array.of(2, 0, 1));
  });

  test('time and memory are those of the numbers, whatever an array promises', () => {
    const sparse = (length: number, ...first: unknown[]) => Object.assign(new Array(length), first);
    for (const inputs of [sparse(2 ** 32 - 1, 1), sparse(2 ** 32 - 1, [1, 2]), [sparse(2 ** 31, 1)]]) {
      expect(() => dataset({ inputs: inputs as number[], labels: [0, 1] })).toThrow(
        /numbers|given undefined/,
      );
    }
    // Four arrays that stand for 10^12 numbers.
    let rows: unknown[] = new Array(1000).fill(1);
    for (let i = 0; i < 3; i++) rows = new Array(1000).fill(rows);
    expect(() => dataset({ inputs: rows as number[], labels: [0, 1] })).toThrow(/at most 2\^30 numbers/);
    expect(() => dataset({ inputs: [1, 2], labels: sparse(2 ** 32 - 1, 0, 1) as number[] })).toThrow(
      /given 2 values for 4294967295 labels/,
    );
    expect(() =>
      dataset({ inputs: [1, 2], targets: [1, 2], weights: sparse(2 ** 32 - 1, 1) as number[] }),
    ).toThrow(DataError);
    const itself: unknown[] = [];
    itself.push(itself);
    expect(() => dataset({ inputs: itself as number[], labels: [0, 1] })).toThrow(/at most 8 arrays/);
  });

  const float = new Float32Array(6);
  const holed = (at: number, value: number) => float.map((_, i) => (i === at ? value : 0));
  test.each<[what: string, change: object, type: new (...args: never[]) => Error, message: RegExp]>([
    [
      'unknown key',
      { label: [0] },
      OptionError,
      /unknown option "label"; expected .*; did you mean "labels"/,
    ],
    ['a name that is none', { name: 7 }, OptionError, /option name: expected a string, given 7/],
    ['inputs of text', { inputs: '1 2 3' }, OptionError, /option inputs: expected an array of numbers/],
    ['64-bit integers', { inputs: new BigInt64Array(3) }, OptionError, /option inputs.*BigInt64Array of 24/],
    ['labels of text', { labels: '0 1 2' }, OptionError, /option labels/],
    ['labels that are no whole floats', { labels: Float32Array.of(0, 0.5, 1) }, DataError, /label 1.*0\.5/],
    ['no labels', { labels: undefined }, OptionError, /option labels is required/],
    ['one class', { classes: 1 }, OptionError, /option classes: .*at least 2, given 1/],
    ['width 0', { width: 0 }, OptionError, /option width: .*given 0/],
    ['width of text', { width: '4' }, OptionError, /option width: .*given "4"/],
    ['scale 0', { scale: 0 }, OptionError, /option scale: .*other than 0/],
    ['scale NaN', { scale: Number.NaN }, OptionError, /option scale: .*given NaN/],
    ['scaled floats', { inputs: float, scale: 2 }, OptionError, /floats expected 1 and 0, given 2 and 0/],
    ['shifted floats', { inputs: float, offset: 1 }, OptionError, /floats expected 1 and 0, given 1 and 1/],
    ['names no array', { classNames: 'abc' }, OptionError, /option classNames/],
    ['image of four', { imageShape: [2, 2, 1, 1] }, OptionError, /option imageShape.*given \[2, 2, 1, 1\]/],
    ['image of no height', { imageShape: [0, 4] }, OptionError, /option imageShape.*given \[0, 4\]/],
    ['empty', { labels: [], inputs: new Uint8Array(0) }, DataError, /"six" is empty/],
    ['no inputs', { inputs: new Uint8Array(0) }, ShapeError, /inputs for 3 labels, given 0 values/],
    ['half a row', { inputs: new Uint8Array(11) }, ShapeError, /whole rows.*given 11 values for 3 labels/],
    ['half a row of width', { width: 5 }, ShapeError, /rows of 5, given 12 values/],
    ['a row too many', { width: 3 }, DataError, /counts differ: 4 rows of inputs, 3 labels/],
    [
      'a label too many',
      { width: 4, labels: [0, 1, 2, 0] },
      DataError,
      /counts differ: 3 rows of inputs, 4 labels/,
    ],
    [
      'image of another width',
      { imageShape: [2, 3], width: 4 },
      ShapeError,
      /imageShape 2x3 has 6 pixels, width is 4/,
    ],
    ['image in rows of another', { imageShape: [1, 3] }, DataError, /counts differ: 4 rows/],
    ['a name too few', { classes: 3, classNames: ['a', 'b'] }, DataError, /expected 3 class names.*given 2/],
    ['label beyond', { classes: 2 }, DataError, /label 2: .*less than 2, given 2/],
    ['label beyond the names', { classNames: ['a', 'b'] }, DataError, /label 2: .*given 2/],
    ['label negative', { labels: new Int32Array([0, -1, 2]) }, DataError, /label 1: .*given -1/],
    ['label fractional', { labels: [0, 0.5, 2] }, DataError, /label 1: .*given 0.5/],
    ['label of text', { labels: [0, '1', 2] }, DataError, /label 1: .*given "1"/],
    ['label of 2^32', { labels: [0, 2 ** 32, 2] }, DataError, /label 1: .*given 4294967296/],
    ['label missing', { labels: [0, undefined, 2] }, DataError, /label 1: .*given undefined/],
    ['NaN', { inputs: holed(3, Number.NaN) }, DataError, /row 1, column 1: .*given NaN/],
    ['rows that differ', { inputs: [[1, 2], [3], [4, 5]] }, ShapeError, /row 1: expected 2 entries.*given 1/],
    ['a number for a row', { inputs: [[1, 2], 3, [4, 5]] }, ShapeError, /row 1, column 0.*array.*given 3/],
    ['a row for a number', { inputs: [1, [2], 3] }, OptionError, /row 1.*a number, given \[2\]/],
    [
      'floats among bytes',
      { inputs: [Uint8Array.of(1), [2], [3]] },
      OptionError,
      /row 1: expected bytes.*\[2\]/,
    ],
    ['bigints', { inputs: [1, 2n, 3] }, OptionError, /row 1, column 0: expected a number, given 2n/],
    [
      'width of other rows',
      {
        inputs: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        width: 3,
      },
      ShapeError,
      /rows of 3, given rows of 2/,
    ],
    [
      'an image of other rows',
      {
        inputs: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        imageShape: [1, 3],
      },
      ShapeError,
      /1x3/,
    ],
    ['rows too many', { inputs: [[1], [2], [3], [4]] }, DataError, /4 rows of inputs, 3 labels/],
    ['beyond float32', { inputs: [1, 1e300, 3] }, DataError, /row 1.*1e\+300, which is Infinity as float32/],
    ['doubles beyond', { inputs: Float64Array.of(1, 2, -1e39) }, DataError, /row 2.*-Infinity as float32/],
    [
      'names of one class',
      { labels: ['a', 'a', 'a'] },
      DataError,
      /names of at least 2 classes, given only "a"/,
    ],
    ['names and numbers', { labels: ['a', 1, 'b'] }, DataError, /label 1: expected a string.*given 1/],
    [
      'an unknown name',
      { labels: ['cat', 'dog', 'dig'], classNames: ['cat', 'dog'] },
      DataError,
      /label 2: .*given "dig"; did you mean "dog"/,
    ],
    ['a name twice', { labels: ['a', 'b', 'a'], classNames: ['a', 'b', 'a'] }, DataError, /same name twice/],
    ['infinity', { inputs: holed(4, -1 / 0) }, DataError, /row 2, column 0: .*given -Infinity/],
  ])('%s is refused', (_, change, type, message) => {
    const make = () => dataset({ ...good, ...change });
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});

describe('sliceDataset', () => {
  const set = dataset({ ...good, classNames: ['a', 'b', 'c'] });

  test('is a view with its own size and name', () => {
    const slice = sliceDataset(set, 1, 3, 'end');
    expect(slice).toStrictEqual({
      ...set,
      name: 'end',
      size: 2,
      inputs: new Uint8Array([4, 5, 6, 7, 8, 9, 10, 255]),
      labels: new Int32Array([1, 2]),
    });
    expect(slice.inputs.buffer).toBe(set.inputs.buffer);
    expect(slice.labels.buffer).toBe(set.labels.buffer);
    expect(sliceDataset(set, 0, 3)).toStrictEqual(set);
  });

  test('of a slice counts from the slice', () => {
    const slice = sliceDataset(sliceDataset(set, 1, 3), 1, 2);
    expect([[...slice.inputs], [...slice.labels]]).toEqual([[8, 9, 10, 255], [2]]);
  });

  test.each([
    [-1, 2, /from: .*given -1/],
    [3, 3, /from: .*less than 3, given 3/],
    [0.5, 2, /from: .*given 0.5/],
    [1, 1, /to: .*greater than 1.*given 1/],
    [2, 1, /to: .*greater than 2.*given 1/],
    [0, 4, /to: .*at most 3.*given 4/],
    [0, Number.NaN, /to: .*given NaN/],
  ])('%d to %d is refused', (from, to, message) => {
    const slice = (): Dataset => sliceDataset(set, from, to);
    expect(slice).toThrow(OptionError);
    expect(slice).toThrow(message);
  });
});
