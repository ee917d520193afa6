/** Spaces: what contradicts itself is refused, and places between 0 and 1 stand for the values that they came from. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { cellOf, countOf, fromUnit, indexOf, Space, toUnit, valueAt } from '../../src/sweep/space.js';
import { spaces } from './helpers.js';

const read = (given: unknown) => Space.read('test', given);

describe('a space is refused that', () => {
  const number = { kind: 'number', low: 0, high: 1 };
  const choice = { kind: 'choice', values: ['a', 'b'] };
  const cases: Record<string, [unknown, RegExp]> = {
    'is no object': [[], /expected an object with settings by name, given \[\]/],
    'is empty': [{}, /expected at least one setting/],
    'has an unknown kind': [
      { x: { kind: 'float', low: 0, high: 1 } },
      /space\.x: option kind: expected one of/,
    ],
    'has an unknown key': [{ x: { ...number, hihg: 1 } }, /unknown option "hihg"/],
    'has no room': [{ x: { ...number, low: 1 } }, /low to be less than high, given 1 and 1/],
    'has its ends the wrong way': [{ x: { ...number, low: 2 } }, /low to be less than high/],
    'has a logarithm of 0': [{ x: { ...number, log: true } }, /greater than 0 for a logarithm, given 0/],
    'has steps in a logarithm': [
      { x: { kind: 'number', low: 1, high: 9, log: true, step: 1 } },
      /log or step/,
    ],
    'has steps that do not end': [{ x: { ...number, step: 0.3 } }, /whole steps of 0.3 .* ends at 0.9$/],
    'has a step of 0': [{ x: { ...number, step: 0 } }, /step: expected a number greater than 0/],
    'has a half whole number': [
      { x: { kind: 'integer', low: 0.5, high: 2 } },
      /low: expected a whole number/,
    ],
    'has an infinite end': [
      { x: { ...number, high: Number.POSITIVE_INFINITY } },
      /high: expected a finite number/,
    ],
    'has nothing to choose': [{ x: { kind: 'choice', values: [] } }, /values: expected at least one/],
    'has a choice twice': [{ x: { kind: 'choice', values: [[1], 2, [1]] } }, /each one once/],
    'has a choice that is no JSON': [
      { x: { kind: 'choice', values: [() => 1] } },
      /values of JSON, given a function/,
    ],
    'has a choice that is NaN': [
      { x: { kind: 'choice', values: [Number.NaN] } },
      /values of JSON, given NaN/,
    ],
    'depends on nothing': [
      { x: { ...number, when: { y: 1 } } },
      /when\.y: expected the name of another setting/,
    ],
    'depends on a number': [
      { x: number, y: { ...number, when: { x: 1 } } },
      /a choice or a whole number to depend on/,
    ],
    'depends on what never is': [{ c: choice, x: { ...number, when: { c: 'd' } } }, /c is never "d"/],
    'depends on no value': [{ c: choice, x: { ...number, when: { c: [] } } }, /at least one value, given 0/],
    'depends on itself': [
      { a: { ...choice, when: { b: 'a' } }, b: { ...choice, when: { a: 'a' } } },
      /a, b depend on each other in a circle/,
    ],
  };
  it.each(Object.entries(cases))('%s', (_, [given, message]) => {
    expect(() => read(given)).toThrow(OptionError);
    expect(() => read(given)).toThrow(message);
  });
});

describe('places between 0 and 1', () => {
  it('lead to values of the dimension, and back', () => {
    fc.assert(
      fc.property(spaces, fc.double({ min: 0, max: 1, noNaN: true }), (given, unit) => {
        for (const dimension of read(given).dimensions) {
          if (dimension.kind === 'choice') continue;
          const value = fromUnit(dimension, unit);
          expect(value).toBeGreaterThanOrEqual(dimension.low);
          expect(value).toBeLessThanOrEqual(dimension.high);
          const again = fromUnit(dimension, toUnit(dimension, value));
          if (dimension.step === undefined) {
            expect(Math.abs(again - value)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(value)));
            continue;
          }
          expect(again).toBe(value);
          const [from, to] = cellOf(dimension, value)!;
          expect(unit).toBeGreaterThanOrEqual(from - 1e-9);
          expect(unit).toBeLessThanOrEqual(to + 1e-9);
        }
      }),
    );
  });

  it('belong to all values of a dimension that has finitely many, whose parts make the whole', () => {
    fc.assert(
      fc.property(spaces, (given) => {
        for (const dimension of read(given).dimensions) {
          const count = countOf(dimension);
          if (count === undefined) continue;
          const values = Array.from({ length: count }, (_, i) => valueAt(dimension, i));
          expect(values.map((value) => indexOf(dimension, value))).toEqual(values.map((_, i) => i));
          if (dimension.kind === 'choice') continue;
          const cells = values.map((value) => cellOf(dimension, value as number)!);
          expect(cells[0]![0]).toBe(0);
          expect(cells.at(-1)![1]).toBeGreaterThan(1 - 1e-12);
          for (let i = 1; i < cells.length; i++)
            expect(Math.abs(cells[i]![0] - cells[i - 1]![1])).toBeLessThan(1e-9);
        }
      }),
    );
  });
});

it('settles what is active, in the order of conditions, whatever the order in the file', () => {
  const space = read({
    momentum: { kind: 'number', low: 0, high: 1, when: { optimizer: ['sgd', 'rmsprop'] } },
    nesterov: { kind: 'choice', values: [true, false], when: { optimizer: 'sgd' } },
    optimizer: { kind: 'choice', values: ['sgd', 'rmsprop', 'adam'] },
  });
  const settle = (optimizer: string) =>
    space.settle((dimension) =>
      dimension.name === 'optimizer' ? optimizer : dimension.kind === 'choice' ? dimension.values[0]! : 0.5,
    );
  expect(settle('sgd')).toEqual({ optimizer: 'sgd', momentum: 0.5, nesterov: true });
  expect(settle('rmsprop')).toEqual({ optimizer: 'rmsprop', momentum: 0.5 });
  expect(settle('adam')).toEqual({ optimizer: 'adam' });
});
