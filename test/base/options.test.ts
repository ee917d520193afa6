/** Options are read in one place: what passes, what is refused, and the words of each refusal. */
import { describe, expect, test } from 'vitest';
import { DataError, LanegradError, NonFiniteError, OptionError, show } from '../../src/base/errors.js';
import { checkInteger, didYouMean, OptionReader } from '../../src/base/options.js';

const reader = (given: unknown) => new OptionReader('place', given);

/** The error that `call` throws, which must be an OptionError of `place`. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).where).toBe('place');
    expect((error as OptionError).name).toBe('OptionError');
    return (error as OptionError).message;
  }
  throw new Error('nothing was thrown');
}

describe('what is given must be an object', () => {
  test.each([null, 3, 'x', true, [], [1], () => 1, 3n])('not %s', (given) => {
    expect(refusal(() => reader(given))).toBe(`place: expected an options object, given ${show(given)}`);
  });

  test('or nothing', () => {
    expect(reader(undefined).integer('a', {}, 4)).toBe(4);
    expect(() => reader(undefined).end()).not.toThrow();
  });
});

describe('numbers', () => {
  test.each([0, -0, 1.5, -3, 1e300, 5e-324])('%d passes', (value) => {
    expect(reader({ a: value }).number('a')).toBe(value);
  });

  test.each([Number.NaN, Infinity, -Infinity, '1', null, true, 1n, [1], {}, new Date(0)])(
    '%s does not',
    (value) => {
      expect(refusal(() => reader({ a: value }).number('a'))).toBe(
        `place: option a: expected a finite number, given ${show(value)}`,
      );
    },
  );

  test.each([
    [{ min: 1 }, [1, 2], [0, 0.999], ', at least 1'],
    [{ above: 0 }, [5e-324], [0, -0, -1], ', greater than 0'],
    [{ max: 2 }, [2, -5], [2.001], ', at most 2'],
    [{ below: 2 }, [1.999], [2], ', less than 2'],
    [{ min: 0, below: 1 }, [0, 0.5], [-0.1, 1], ', at least 0 and less than 1'],
  ])('within %j', (range, inside, outside, words) => {
    for (const value of inside) expect(reader({ a: value }).number('a', range)).toBe(value);
    for (const value of outside) {
      expect(refusal(() => reader({ a: value }).number('a', range))).toBe(
        `place: option a: expected a finite number${words}, given ${value}`,
      );
    }
  });

  test('fall back when absent, are required without a fallback', () => {
    expect(reader({}).number('a', { min: 1 }, 7)).toBe(7);
    expect(reader({ a: undefined }).number('a', {}, 7)).toBe(7);
    expect(reader({ a: 0 }).number('a', {}, 7)).toBe(0);
    expect(refusal(() => reader({}).number('a', { above: 0 }))).toBe(
      'place: option a is required: a number, greater than 0',
    );
  });
});

describe('whole numbers', () => {
  test.each([0, -4, 2 ** 53 - 1])('%d passes', (value) => {
    expect(reader({ a: value }).integer('a')).toBe(value);
    expect(checkInteger('place', 'a', value)).toBe(value);
  });

  test.each([1.5, Number.NaN, Infinity, 2 ** 53, '1', null, 1n, [1]])('%s does not', (value) => {
    expect(refusal(() => reader({ a: value }).integer('a', { min: 1 }))).toBe(
      `place: option a: expected a whole number, at least 1, given ${show(value)}`,
    );
    expect(refusal(() => checkInteger('place', 'a', value, { min: 1 }))).toBe(
      `place: a: expected a whole number, at least 1, given ${show(value)}`,
    );
  });

  test('within a range, both ends', () => {
    for (const value of [2, 3, 4]) expect(checkInteger('place', 'a', value, { min: 2, max: 4 })).toBe(value);
    for (const value of [1, 5]) {
      expect(refusal(() => checkInteger('place', 'a', value, { min: 2, max: 4 }))).toBe(
        `place: a: expected a whole number, at least 2 and at most 4, given ${value}`,
      );
    }
    expect(refusal(() => checkInteger('place', 'a', undefined))).toContain('given undefined');
    expect(refusal(() => reader({}).integer('a'))).toBe('place: option a is required: a whole number');
  });
});

describe('others', () => {
  test('true and false', () => {
    expect(reader({ a: false }).boolean('a', true)).toBe(false);
    expect(reader({}).boolean('a', true)).toBe(true);
    expect(refusal(() => reader({ a: 0 }).boolean('a'))).toBe(
      'place: option a: expected true or false, given 0',
    );
    expect(refusal(() => reader({}).boolean('a'))).toContain('is required');
  });

  test('strings', () => {
    expect(reader({ a: '' }).string('a', 'x')).toBe('');
    expect(reader({}).string('a', 'x')).toBe('x');
    expect(refusal(() => reader({ a: 5 }).string('a'))).toBe('place: option a: expected a string, given 5');
  });

  test('one of several', () => {
    expect(reader({ a: 'y' }).oneOf('a', ['x', 'y'])).toBe('y');
    expect(reader({}).oneOf('a', ['x', 'y'], 'x')).toBe('x');
    expect(refusal(() => reader({ a: 'z' }).oneOf('a', ['x', 'y'], 'x'))).toBe(
      'place: option a: expected one of "x", "y", given "z"',
    );
    expect(refusal(() => reader({ a: 'toString' }).oneOf('a', ['x']))).toContain('given "toString"');
    expect(refusal(() => reader({}).oneOf('a', ['x', 'y']))).toBe(
      'place: option a is required: one of "x", "y"',
    );
  });

  test('what a function recognises', () => {
    const isDate = (value: unknown): value is Date => value instanceof Date;
    const date = new Date(0);
    expect(reader({ a: date }).optional('a', 'a date', isDate)).toBe(date);
    expect(reader({}).optional('a', 'a date', isDate)).toBeUndefined();
    expect(refusal(() => reader({ a: 1 }).optional('a', 'a date', isDate))).toBe(
      'place: option a: expected a date, given 1',
    );
    expect(refusal(() => reader({ a: null }).optional('a', 'a date', isDate))).toContain('given null');
    expect(reader({ a: date }).required('a', 'a date', isDate)).toBe(date);
    expect(refusal(() => reader({}).required('a', 'a date', isDate))).toBe(
      'place: option a is required: a date',
    );
    expect(refusal(() => reader({ a: {} }).required('a', 'a date', isDate))).toContain('given an object');
  });

  test('functions', () => {
    const call = () => 1;
    expect(reader({ a: call }).callback('a')).toBe(call);
    expect(reader({}).callback('a')).toBeUndefined();
    expect(refusal(() => reader({ a: 'f' }).callback('a'))).toBe(
      'place: option a: expected a function, given "f"',
    );
  });
});

describe('unknown keys', () => {
  const read = (given: object) => {
    const it = reader(given);
    it.integer('epochs', {}, 1);
    it.boolean('shuffle', true);
    it.end();
  };

  test('are named, with the nearest known one', () => {
    expect(() => read({ epochs: 2, shuffle: false })).not.toThrow();
    expect(refusal(() => read({ epoch: 2 }))).toBe(
      'place: unknown option "epoch"; expected one of epochs, shuffle; did you mean "epochs"?',
    );
    expect(refusal(() => read({ epochs: 1, momentum: 1 }))).toBe(
      'place: unknown option "momentum"; expected one of epochs, shuffle',
    );
    // Present is present, whatever its value.
    expect(refusal(() => read({ momentum: undefined }))).toContain('"momentum"');
  });

  test('where there are no options at all', () => {
    expect(refusal(() => reader({ a: 1 }).end())).toBe('place: unknown option "a"; expected no options');
  });

  test('a key that everything inherits is no option', () => {
    const it = reader({});
    expect(() => it.end()).not.toThrow();
    expect(refusal(() => reader({ constructor: 1 }).end())).toContain('"constructor"');
  });
});

test.each([
  ['epoch', ['epochs', 'shuffle'], '; did you mean "epochs"?'],
  ['EPOCHS', ['epochs'], '; did you mean "epochs"?'],
  ['epcohs', ['epochs'], '; did you mean "epochs"?'],
  ['optimiser', ['optimizer', 'loss'], '; did you mean "optimizer"?'],
  ['eks', ['epochs'], ''],
  ['shuffel', ['scuffel2', 'shuffle', 'shuffelx'], '; did you mean "shuffelx"?'],
  ['momentum', ['epochs'], ''],
  ['', ['abc'], ''],
  ['epochs', [], ''],
])('didYouMean(%j, %j) is %j', (word, known, expected) => {
  expect(didYouMean(word, known)).toBe(expected);
});

test.each([
  [undefined, 'undefined'],
  [null, 'null'],
  [-1.5, '-1.5'],
  [Number.NaN, 'NaN'],
  [true, 'true'],
  [12n, '12n'],
  ['a "quoted"\nline', '"a \\"quoted\\"\\nline"'],
  ['x'.repeat(60), `"${'x'.repeat(60)}"`],
  ['x'.repeat(61), `"${'x'.repeat(57)}…"`],
  [[], '[]'],
  [[1, 'a', [null]], '[1, "a", [null]]'],
  [new Array(8).fill(0), '[0, 0, 0, 0, 0, 0, 0, 0]'],
  [new Array(9).fill(0), 'an array of 9'],
  [new Float32Array(3), 'Float32Array of 12 bytes'],
  [{}, 'an object'],
  [Object.create(null), 'an object'],
  [new Date(0), 'an object of class Date'],
  [() => 1, 'a function'],
  [Symbol('s'), 'Symbol(s)'],
])('show %#', (value, expected) => {
  expect(show(value)).toBe(expected);
});

test('errors carry their name, place and cause', () => {
  const cause = new Error('below');
  const error = new DataError('set.idx', 'is empty', { cause });
  expect(error).toBeInstanceOf(LanegradError);
  expect(error).toBeInstanceOf(Error);
  expect([error.name, error.where, error.message, error.cause]).toEqual([
    'DataError',
    'set.idx',
    'set.idx: is empty',
    cause,
  ]);
  expect(new NonFiniteError('fit', 'NaN', 3, 2)).toMatchObject({ name: 'NonFiniteError', step: 3, epoch: 2 });
});
