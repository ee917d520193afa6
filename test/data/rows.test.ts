import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError, OptionError } from '../../src/base/errors.js';
import { type Dataset, dataset } from '../../src/data/dataset.js';
import { kFold, splitDataset, takeRows } from '../../src/data/rows.js';

/** A set whose rows say which they are: row i is [i, -i]. */
function numbered(size: number, labels: ArrayLike<number>): Dataset {
  const inputs = Float32Array.from({ length: 2 * size }, (_, i) => (i % 2 ? -1 : 1) * (i >> 1));
  const weights = Float32Array.from({ length: size }, (_, i) => i + 1);
  return dataset({ name: 'n', inputs, labels: Array.from(labels), classes: 3, weights });
}
const rowsOf = (set: Dataset) => Array.from({ length: set.size }, (_, i) => set.inputs[2 * i]);
const countsOf = ({ labels, classes }: Dataset) =>
  Array.from({ length: classes }, (_, c) => labels.reduce((n, label) => n + Number(label === c), 0));

/** Labels of 3 classes in any order. */
const labelled = fc
  .array(fc.nat(2), { minLength: 2, maxLength: 200 })
  .map((labels) => numbered(labels.length, labels));

describe('takeRows', () => {
  test('gives rows in the order asked for, with all that belongs to them', () => {
    const set = dataset({
      name: 'bytes',
      inputs: Uint8Array.of(1, 2, 3, 4, 5, 6),
      targets: [0.5, 1.5, 2.5],
      weights: [3, 0, 1],
    });
    expect(takeRows(set, [2, 0, 2], 'some')).toStrictEqual({
      ...set,
      name: 'some',
      size: 3,
      inputs: Uint8Array.of(5, 6, 1, 2, 5, 6),
      targets: Float32Array.of(2.5, 0.5, 2.5),
      weights: Float32Array.of(1, 3, 1),
    });
    expect(takeRows(numbered(3, [0, 2, 1]), Uint32Array.of(1)).labels).toEqual(Int32Array.of(2));
  });

  test.each([
    [[], DataError, /at least one row, given none/],
    [[0, 3], DataError, /index 1: expected a whole number from 0 to 2, given 3/],
    [[-1], DataError, /index 0: .*given -1/],
    [[0.5], DataError, /given 0\.5/],
    ['01', OptionError, /indices: expected an array/],
  ])('%j is refused', (indices, kind, message) => {
    const take = () => takeRows(numbered(3, [0, 1, 2]), indices as number[]);
    expect(take).toThrow(kind);
    expect(take).toThrow(message);
  });
});

describe('splitDataset', () => {
  test('every row is in one part, each class in its share', () => {
    const share = fc.integer({ min: 0, max: 9 }).map((tenths) => tenths / 20);
    fc.assert(
      fc.property(labelled, share, share, fc.nat(99), (set, validation, test, seed) => {
        let parts: Dataset[];
        try {
          parts = Object.values(splitDataset(set, { validation, test, seed }));
        } catch (error) {
          // Few rows may leave none for a part.
          expect(error).toBeInstanceOf(DataError);
          expect(Math.min(1 - validation - test, validation || 1, test || 1) * set.size).toBeLessThan(2);
          return;
        }
        const rows = parts.flatMap(rowsOf);
        expect(rows.toSorted((a, b) => a - b)).toEqual(rowsOf(set));
        const classes = countsOf(set);
        const { train, ...others } = splitDataset(set, { validation, test, seed });
        const shares = { validation, test };
        for (const [name, part] of Object.entries(others)) {
          const expected = shares[name as 'test'];
          countsOf(part).forEach((count, c) => {
            expect(Math.abs(count - expected * classes[c])).toBeLessThanOrEqual(2);
          });
        }
        expect(train.classes).toBe(3);
      }),
    );
  });

  test('depends on the seed alone', () => {
    const set = numbered(
      60,
      Uint8Array.from({ length: 60 }, (_, i) => i % 3),
    );
    expect(splitDataset(set, { seed: 7 })).toStrictEqual(splitDataset(set, { seed: 7 }));
    expect(rowsOf(splitDataset(set, { seed: 7 }).train)).not.toEqual(rowsOf(splitDataset(set).train));
    expect(Object.keys(splitDataset(set))).toEqual(['train', 'validation']);
    expect(splitDataset(set, { validation: 0.25, test: 0.5 }).test!.size).toBe(30);
  });

  test.each([
    [{ validation: 0.5, test: 0.5 }, OptionError, /below 1 together, given 0\.5 .* and 0\.5/],
    [{ validation: -0.1 }, OptionError, /validation/],
    [{ folds: 3 }, OptionError, /folds/],
    [{ validation: 0.1, test: 0 }, DataError, /no row is left for validation: given 3 rows/],
  ])('%j is refused', (options, kind, message) => {
    const split = () => splitDataset(numbered(3, [0, 1, 2]), options as object);
    expect(split).toThrow(kind);
    expect(split).toThrow(message);
  });
});

describe('kFold', () => {
  test('every row validates once and trains in all other folds, each class dealt out evenly', () => {
    fc.assert(
      fc.property(labelled, fc.integer({ min: 2, max: 7 }), fc.nat(99), (set, count, seed) => {
        fc.pre(set.size >= count);
        const folds = [...kFold(set, { folds: count, seed })];
        expect(folds).toHaveLength(count);
        const validated = folds.flatMap(({ validation }) => rowsOf(validation));
        expect(validated.toSorted((a, b) => a - b)).toEqual(rowsOf(set));
        for (const { train, validation } of folds) {
          const rows = [...rowsOf(train), ...rowsOf(validation)];
          expect(rows.toSorted((a, b) => a - b)).toEqual(rowsOf(set));
        }
        const sizes = folds.map(({ validation }) => validation.size);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        for (let c = 0; c < 3; c++) {
          const counts = folds.map(({ validation }) => countsOf(validation)[c]);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test('may be gone through twice, and checks before the first', () => {
    const set = dataset({ name: 'r', inputs: Float32Array.of(1, 2, 3, 4), targets: [1, 2, 3, 4] });
    const folds = kFold(set, { folds: 2, seed: 3 });
    expect([...folds]).toStrictEqual([...folds]);
    expect([...folds][1].train.name).toBe('r, fold 2 of 2, train');
    expect(() => kFold(set)).toThrow(/expected a row for each of 5 folds, given 4/);
    expect(() => kFold(set, { stratified: true })).toThrow(/expected false for "r", which has targets/);
    expect(() => kFold(set, { folds: 1 })).toThrow(OptionError);
  });
});
