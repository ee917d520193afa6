/** Data sets with targets and weights: what is derived and shared, and what is refused. */
import { describe, expect, test } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/base/errors.js';
import { type DatasetOptions, dataset, sliceDataset } from '../../src/data/dataset.js';

const good: DatasetOptions = {
  name: 'three',
  inputs: Float32Array.from([0, 1, 2, 3, 4, 5]),
  targets: [0.5, -1, 7],
};

describe('targets', () => {
  test('stand in place of labels', () => {
    expect(dataset(good)).toStrictEqual({
      name: 'three',
      size: 3,
      inputs: good.inputs,
      width: 2,
      scale: 1,
      offset: 0,
      labels: new Int32Array(0),
      classes: 0,
      targets: Float32Array.from([0.5, -1, 7]),
      targetWidth: 1,
    });
  });

  test('a Float32Array is kept; names say how many there are', () => {
    const targets = new Float32Array(6);
    const set = dataset({ ...good, targets, targetNames: ['a', 'b'] });
    expect(set.targets).toBe(targets);
    expect([set.size, set.targetWidth, set.targetNames]).toEqual([3, 2, ['a', 'b']]);
    expect(dataset({ ...good, targets, targetWidth: 2 }).targetNames).toBeUndefined();
  });

  test('rows of them give their width, and other numbers become float32', () => {
    const rows = dataset({ ...good, targets: [[1, 2], Float64Array.of(3, 4), [5, 6]] });
    expect([rows.targets, rows.targetWidth]).toEqual([Float32Array.of(1, 2, 3, 4, 5, 6), 2]);
    // Bytes are numbers here: only inputs are scaled.
    expect(dataset({ ...good, targets: Uint8Array.of(1, 2, 255) }).targets).toEqual(
      Float32Array.of(1, 2, 255),
    );
    expect(() =>
      dataset({
        ...good,
        targets: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        targetWidth: 3,
      }),
    ).toThrow(ShapeError);
    expect(() =>
      dataset({
        ...good,
        targets: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        targetNames: ['a'],
      }),
    ).toThrow(ShapeError);
  });

  test('slices are views of targets and weights', () => {
    const set = dataset({ ...good, targets: new Float32Array(6), targetWidth: 2, weights: [1, 2, 3] });
    const slice = sliceDataset(set, 1, 3);
    expect([slice.size, slice.targets?.length, slice.targetWidth]).toEqual([2, 4, 2]);
    expect(slice.targets?.buffer).toBe(set.targets?.buffer);
    expect([...slice.weights!]).toEqual([2, 3]);
  });

  test.each<[what: string, change: object, type: new (...args: never[]) => Error, message: RegExp]>([
    ['neither', { targets: undefined }, OptionError, /option labels is required/],
    ['both', { labels: [0, 1, 0] }, OptionError, /option labels: expected no labels beside targets/],
    ['no array', { targets: '1 2 3' }, OptionError, /option targets: expected an array of numbers/],
    ['not numbers', { targets: [1, '2', 3] }, OptionError, /option targets/],
    ['none', { targets: [] }, DataError, /"three" is empty: expected at least 1 target/],
    [
      'NaN',
      { targets: [1, Number.NaN, 3] },
      DataError,
      /target at row 1, column 0: expected a finite number, given NaN/,
    ],
    ['infinity', { targets: [1, 2, 1e39] }, DataError, /target at row 2, column 0.*Infinity/],
    [
      'part of a row',
      { targets: [1, 2, 3], targetWidth: 2 },
      ShapeError,
      /targets in rows of 2, given 3 values/,
    ],
    ['names that are too few', { targetWidth: 3, targetNames: ['a'] }, DataError, /expected 3 target names/],
    ['no names', { targetNames: [] }, DataError, /target names/],
    ['other rows', { targets: [1, 2, 3, 4], width: 2 }, DataError, /3 rows of inputs, 4 targets/],
    ['classes', { classes: 2 }, OptionError, /option classes does not go with targets/],
    ['class names', { classNames: ['a', 'b'] }, OptionError, /option classNames does not go with targets/],
    [
      'a target width beside labels',
      { targets: undefined, labels: [0, 1, 0], targetWidth: 1 },
      OptionError,
      /option targetWidth does not go with labels/,
    ],
  ])('refuses %s', (_, change, type, message) => {
    const make = () => dataset({ ...good, ...change } as DatasetOptions);
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});

describe('weights', () => {
  test('go with labels and with targets', () => {
    expect([...dataset({ ...good, weights: Float64Array.of(1, 0, 2.5) }).weights!]).toEqual([1, 0, 2.5]);
    expect([...dataset({ ...good, weights: [1, 0, 2.5] }).weights!]).toEqual([1, 0, 2.5]);
    const weights = Float32Array.from([1, 1, 1]);
    const labelled = dataset({ name: 'l', inputs: new Uint8Array(3), labels: [0, 1, 0], weights });
    expect(labelled.weights).toBe(weights);
    expect(dataset(good).weights).toBeUndefined();
  });

  test.each<[what: string, weights: unknown, type: new (...args: never[]) => Error, message: RegExp]>([
    ['too few', [1, 2], DataError, /counts differ: 2 weights for 3 samples/],
    ['a negative one', [1, -1, 1], DataError, /weight 1: expected a finite number, at least 0, given -1/],
    ['NaN', [1, 1, Number.NaN], DataError, /weight 2: .* given NaN/],
    ['infinity', [Infinity, 1, 1], DataError, /weight 0/],
    ['nothing but zeros', [0, 0, 0], DataError, /weights: expected at least one above 0/],
    ['no array', 1, OptionError, /option weights: expected an array of numbers/],
  ])('refuses %s', (_, weights, type, message) => {
    const make = () => dataset({ ...good, weights: weights as number[] });
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});
