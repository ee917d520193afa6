/**
 * Data sets with several inputs and answers by name: what they hold, their parts by rows, and what is
 * refused.
 */
import { describe, expect, test } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/base/errors.js';
import {
  checkDataset,
  type Dataset,
  type DatasetOptions,
  dataset,
  sliceDataset,
} from '../../src/data/dataset.js';
import { kFold, splitDataset, takeRows } from '../../src/data/rows.js';

const image = Uint8Array.from({ length: 24 }, (_, i) => i);
const numbers = Float32Array.from({ length: 8 }, (_, i) => i / 2);
const given = {
  name: 'two',
  inputs: { image: { values: image, scale: 0.5, offset: 1, shape: [2, 3] }, numbers },
  labels: { kind: ['b', 'a', 'b', 'b'] },
  targets: {
    price: [1, 2, 3, 4],
    place: { values: new Float32Array(8).fill(2), targetNames: ['x', 'y'] },
  },
  weights: [1, 2, 0, 1],
} satisfies DatasetOptions;

test('keeps each input and each answer under its name, and the first of them as its own', () => {
  const set = dataset(given);
  const first = { inputs: image, width: 6, scale: 0.5, offset: 1, imageShape: [2, 3] };
  const labels = { labels: Int32Array.of(1, 0, 1, 1), classes: 2, classNames: ['a', 'b'] };
  const none = { labels: new Int32Array(0), classes: 0 };
  expect(set).toEqual({
    ...{ name: 'two', size: 4, ...first, ...labels, weights: Float32Array.of(1, 2, 0, 1) },
    inputsByName: { image: first, numbers: { inputs: numbers, width: 2, scale: 1, offset: 0 } },
    answersByName: {
      kind: labels,
      price: { ...none, targets: Float32Array.of(1, 2, 3, 4), targetWidth: 1 },
      place: { ...none, targets: new Float32Array(8).fill(2), targetWidth: 2, targetNames: ['x', 'y'] },
    },
  });
  expect(set.inputsByName!.numbers.inputs).toBe(numbers);
  checkDataset('test', 'set', set);
  for (const part of [set, set.inputsByName, set.answersByName, set.inputsByName!.numbers]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

test('inputs by name go with labels that have none, and answers by name with one input', () => {
  const one = dataset({ inputs: { a: numbers, b: image }, labels: [0, 1, 1, 0] });
  expect([Object.keys(one.inputsByName!), one.answersByName]).toEqual([['a', 'b'], undefined]);
  expect(one.inputsByName!.b.width).toBe(6);
  const two = dataset({ inputs: [[1], [2]], labels: { a: { values: [0, 1], classes: 5 }, b: [1, 1] } });
  expect([two.inputsByName, two.answersByName!.a.classes, two.answersByName!.b.classes]).toEqual([
    undefined,
    5,
    2,
  ]);
});

describe('parts by rows', () => {
  const set = dataset(given);
  const rowsOf = ({ inputsByName, answersByName, weights }: Dataset) => ({
    image: inputsByName!.image.inputs,
    numbers: inputsByName!.numbers.inputs,
    kind: answersByName!.kind.labels,
    price: answersByName!.price.targets,
    place: answersByName!.place.targets!.length,
    weights,
  });
  const expected = {
    image: Uint8Array.from([6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
    numbers: Float32Array.of(1, 1.5, 2, 2.5),
    kind: Int32Array.of(0, 1),
    price: Float32Array.of(2, 3),
    place: 4,
    weights: Float32Array.of(2, 0),
  };

  test('takeRows and sliceDataset give those of each input and each answer', () => {
    for (const part of [takeRows(set, [1, 2]), sliceDataset(set, 1, 3)]) {
      expect(rowsOf(part)).toEqual(expected);
      expect(part.inputs).toBe(part.inputsByName!.image.inputs);
      expect(part.labels).toBe(part.answersByName!.kind.labels);
      expect([part.size, part.imageShape, part.classNames]).toEqual([2, [2, 3], ['a', 'b']]);
      checkDataset('test', 'part', part);
    }
    // A range is no copy.
    expect(sliceDataset(set, 1, 3).inputs.buffer).toBe(image.buffer);
  });

  test('splitDataset and kFold keep rows together', () => {
    const size = 40;
    const whole = dataset({
      inputs: { a: Float32Array.from({ length: size }, (_, i) => i), b: new Float32Array(2 * size) },
      targets: { y: Float32Array.from({ length: size }, (_, i) => -i) },
      labels: { c: Uint8Array.from({ length: size }, (_, i) => i % 2) },
    });
    const parts = splitDataset(whole, { validation: 0.25, seed: 3 });
    const folds = [...kFold(whole, { folds: 4 })].map(({ validation }) => validation);
    for (const all of [[parts.train, parts.validation!], folds]) {
      const seen = all.flatMap(({ inputsByName, answersByName, size: rows }) => {
        const a = [...inputsByName!.a.inputs];
        expect([...answersByName!.y.targets!]).toEqual(a.map((x) => -x));
        expect([...answersByName!.c.labels]).toEqual(a.map((x) => x % 2));
        // Stratified by the first labels.
        expect(answersByName!.c.labels.reduce((n, label) => n + label, 0)).toBe(rows / 2);
        expect(inputsByName!.b.inputs.length).toBe(2 * rows);
        return a;
      });
      expect(seen.sort((a, b) => a - b)).toEqual([...Array(size).keys()]);
    }
  });
});

describe('what is refused', () => {
  test.each<[string, object, new (...args: never[]) => Error, RegExp]>([
    ['no input', { inputs: {} }, OptionError, /option inputs: expected at least one by name/],
    [
      'no label',
      { labels: {}, targets: undefined },
      OptionError,
      /option labels: expected at least one by name/,
    ],
    [
      'an input of other rows',
      { inputs: { a: image, b: [1, 2, 3] } },
      ShapeError,
      /inputs: b: expected whole rows.*3 values for 4 labels/,
    ],
    [
      'an input of rows too many',
      { inputs: { a: [[1], [2]] } },
      DataError,
      /inputs: a: counts differ: 2 rows of inputs, 4 labels/,
    ],
    [
      'an answer of other rows',
      { targets: { price: [1, 2] } },
      DataError,
      /counts differ: 2 targets of price, 4 of kind/,
    ],
    [
      'a name twice',
      { targets: { kind: [1, 2, 3, 4] } },
      OptionError,
      /labels or targets for "kind", given both/,
    ],
    [
      'an input that is none',
      { inputs: { a: 'x' } },
      OptionError,
      /inputs: a: option values: expected an array/,
    ],
    [
      'an input without values',
      { inputs: { a: { scale: 2 } } },
      OptionError,
      /inputs: a: option values is required/,
    ],
    [
      'an unknown word of an input',
      { inputs: { a: { values: image, widht: 6 } } },
      OptionError,
      /inputs: a: unknown option "widht"/,
    ],
    [
      'another shape',
      { inputs: { a: { values: image, shape: [5] } } },
      ShapeError,
      /inputs: a: expected inputs in rows of 5, given 24/,
    ],
    ['a shape that is none', { inputs: { a: { values: image, shape: [0] } } }, OptionError, /option shape/],
    ['no number', { inputs: { a: [1, 2, Number.NaN, 4] } }, DataError, /inputs: a: input at row 2, column 0/],
    [
      'a scale for floats',
      { inputs: { a: { values: numbers, scale: 2 } } },
      OptionError,
      /inputs: a: scale and offset apply to byte/,
    ],
    [
      'labels that are none',
      { labels: { kind: 3 } },
      OptionError,
      /labels: kind: option values: expected an array/,
    ],
    [
      'a label beyond the classes',
      { labels: { kind: { values: [0, 1, 2, 1], classes: 2 } } },
      DataError,
      /labels: kind: label 2/,
    ],
    [
      'a target that is no number',
      { targets: { price: [1, 2, Infinity, 3] } },
      DataError,
      /targets: price: target at row 2/,
    ],
    ['a scale for all', { scale: 2 }, OptionError, /option scale does not go with inputs by name/],
    ['classes for all', { classes: 2 }, OptionError, /option classes does not go with answers by name/],
    ['labels without a name', { labels: [0, 1, 1, 0] }, OptionError, /labels by name, as the targets are/],
  ])('%s', (_, more, kind, message) => {
    const make = () => dataset({ ...given, ...more } as unknown as DatasetOptions);
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  });

  test.each<[string, object, RegExp]>([
    ['inputs that are no parts', { inputsByName: 3 }, /given 3 as inputsByName/],
    ['no inputs', { inputsByName: {} }, /given an object as inputsByName/],
    [
      'an input of fewer rows',
      { inputsByName: { a: { inputs: numbers, width: 3, scale: 1, offset: 0 } } },
      /inputsByName\.a: expected 12 inputs for 4 samples, given 8/,
    ],
    [
      'answers of fewer rows',
      { answersByName: { a: { labels: Int32Array.of(1), classes: 2 } } },
      /answersByName\.a: expected 4 labels/,
    ],
    ['an answer that is none', { answersByName: { a: null } }, /as answersByName/],
  ])('a set by hand with %s', (_, more, message) => {
    const set = { ...dataset(given), ...more };
    expect(() => checkDataset('test', 'set', set)).toThrow(message);
    expect(() => takeRows(set as Dataset, [0])).toThrow(message);
  });
});
