import { describe, expect, it } from 'vitest';
import { type PrepareOptions, prepareTable } from '../../src/tables/prepare.js';
import { prepare, type Row } from './prepared.js';

describe('refuses, with row and column', () => {
  const bad = (values: readonly unknown[], y: (i: number) => unknown = (i) => i % 2) =>
    values.map((x, i) => ({ x, z: (i * i) % 5, y: y(i) }));
  const numbers = Array.from({ length: 20 }, (_, i) => i * 1.5);
  const withOne = (value: unknown) => [...numbers.slice(0, 7), value, ...numbers.slice(7)];

  it.each<[string, readonly Row[], Partial<PrepareOptions>, RegExp]>([
    [
      'no such target',
      bad(numbers),
      { target: 'Y' },
      /^data: has no column "Y" for the target; did you mean "y"\? it has "x", "z", "y"$/,
    ],
    [
      'a text among numbers',
      bad(withOne('abc')),
      {},
      /^data: row 8 \(line 8\), column "x": expected a number, as 20 of 21 values are, given "abc"/,
    ],
    [
      'a text in a number',
      bad(withOne('abc')),
      { types: { x: 'number' } },
      /row 8 \(line 8\), column "x": expected a number, given "abc"/,
    ],
    [
      'an infinity',
      bad(withOne('-inf')),
      {},
      /row 8 \(line 8\), column "x": expected a finite number, given -Infinity/,
    ],
    ['numbers too large', bad([1e308, -1e308, 1e308, -1e308]), {}, /column "x": its numbers are too large/],
    [
      'no date',
      bad(['2024-01-31', '2024-02-30']),
      { types: { x: 'date' } },
      /row 2 \(line 2\), column "x": expected a date such as 2024-01-31, given "2024-02-30"/,
    ],
    [
      'three booleans',
      bad(['a', 'b', 'c']),
      { types: { x: 'boolean' } },
      /column "x": expected two values, given 3/,
    ],
    [
      'a missing target',
      bad(numbers, (i) => (i === 4 ? null : i % 2)),
      {},
      /^data: row 5 \(line 5\), column "y": the target is missing; dropMissingTarget, --drop-missing-target, leaves such rows out$/,
    ],
    [
      'dates as a target',
      bad(numbers, (i) => `2024-0${1 + (i % 9)}-${10 + i}`),
      {},
      /column "y": expected classes that repeat.*; dates cannot be predicted: put a number in their place, such as days/,
    ],
    [
      'dates as a quantity',
      bad(numbers, (i) => `2024-0${1 + (i % 9)}-${10 + i}`),
      { task: 'regression' },
      /row 1 .*column "y": expected a number as the target.*given "2024-01-10"; dates cannot be predicted/,
    ],
    [
      'a constant target',
      bad(numbers, () => 'a'),
      {},
      /column "y": the target is always "a": there is nothing to learn/,
    ],
    ['a constant number', bad(numbers, () => 1.5), {}, /column "y": the target is always "1.5"/],
    [
      'an infinite target',
      bad(numbers, (i) => (i === 3 ? 'inf' : i + 0.5)),
      {},
      /row 4 \(line 4\), column "y": expected a finite number, given Infinity/,
    ],
    [
      'a text in a regression',
      bad(numbers, (i) => (i === 3 ? 'x' : i + 0.5)),
      { task: 'regression' },
      /row 4 \(line 4\), column "y": expected a number as the target of a regression, given "x"/,
    ],
    [
      'a text among numbers of the target',
      bad(numbers, (i) => (i === 3 ? 'x' : i + 0.5)),
      {},
      /row 4 \(line 4\), column "y": expected a number, as 19 of 20/,
    ],
    [
      'too many classes',
      Array.from({ length: 1500 }, (_, i) => ({ x: i % 7, y: `c${i}` })),
      {},
      /column "y": expected at most 1000 classes, given 1500/,
    ],
    [
      'no column to learn from',
      numbers.map((_, i) => ({ x: 1, y: i % 2 })),
      {},
      /no column is left to learn from \("x": it is always 1\)/,
    ],
    [
      'a type for no column',
      bad(numbers),
      { types: { w: 'drop' } },
      /option types: the table has no column "w"/,
    ],
    ['a type for the target', bad(numbers), { types: { y: 'drop' } }, /"y" is the target/],
    [
      'an unknown type',
      bad(numbers),
      { types: { x: 'float' as 'number' } },
      /x: expected one of number, category/,
    ],
    ['shares that leave nothing', bad(numbers), { validation: 0.5, test: 0.5 }, /at most 0\.95 together/],
    [
      'a share between the steps',
      bad(numbers),
      { test: 0.33 },
      /option test: expected a multiple of 0\.05, given 0\.33/,
    ],
    ['an unknown option', bad(numbers), { label: 'y' } as object, /unknown option "label"/],
  ])('%s', async (_name, rows, options, message) => {
    await expect(prepare(rows, { target: 'y', ...options })).rejects.toThrow(message);
  });

  it('more than 2 GiB of inputs', async () => {
    // Ten columns that take 32 inputs each.
    const names = Array.from({ length: 10 }, (_, i) => `c${i}`);
    const rows = 2 ** 14;
    const texts = Array.from({ length: rows }, (_, i) => `v${i % 32}`);
    const none = new Float64Array(rows).fill(Number.NaN);
    const target = { numbers: none.map((_, i) => i % 2), texts: undefined };
    const table = {
      name: 'large',
      format: 'npy' as const,
      columns: [...names, 'y'],
      notes: [],
      async *chunks() {
        for (let chunk = 0; chunk < 103; chunk++) {
          const columns = [...names.map(() => ({ numbers: none, texts })), target];
          yield { rows, firstRow: chunk * rows + 1, columns };
        }
      },
    };
    await expect(prepareTable(table, { target: 'y' })).rejects.toThrow(
      /large: 1687552 rows of 320 inputs need 2\.01 GiB of memory; the most is 2\.00 GiB; drop columns, or take a sample/,
    );
  });
});

it('what a table rejects with is what is thrown, and no rejection is left behind', async () => {
  const own = new Error('of the table');
  const table = { name: 't', columns: ['x', 'y'], chunks: () => Promise.reject(own) };
  await expect(prepareTable(table as never, { target: 'y' })).rejects.toBe(own);
});
