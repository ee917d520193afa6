/** From a table to data sets: types, encodings, splits, refusals. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tableDataset } from '../../src/tables/dataset.js';
import { openTable } from '../../src/tables/open.js';
import { ALL, prepare, prepared } from './prepared.js';

describe('numbers', () => {
  it('are standardised by mean and deviation', async () => {
    const { rows, column } = await prepared([1, 2, 4, 9]);
    // Mean 4, squares 9 + 4 + 0 + 25.
    const deviation = Math.sqrt(38 / 4);
    expect(column).toEqual({ kind: 'number', name: 'x', mean: 4, deviation, indicator: false });
    expect(rows).toEqual([-3, -2, 0, 5].map((value) => [Math.fround(value / deviation)]));
  });

  it('that are missing become the mean, and say so in an input of their own', async () => {
    const { rows, summary } = await prepared([1, null, 3, 5.5]);
    expect(rows[1]).toEqual([0, 1]);
    expect(rows.map(([, indicator]) => indicator)).toEqual([0, 1, 0, 0]);
    expect(summary).toMatchObject({ kind: 'number', inputs: 2, missing: 1 });
  });

  it('far from zero keep their precision', async () => {
    const values = Array.from({ length: 1000 }, (_, i) => 1.7e12 + ((i * 7919) % 1000) / 8);
    const { rows } = await prepared(values);
    const mean = values.reduce((sum, value) => sum + (value - 1.7e12), 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - 1.7e12 - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / values.length);
    for (const [i, [value]] of rows.entries()) {
      expect(value).toBeCloseTo((values[i] - 1.7e12 - mean) / deviation, 5);
    }
  });

  it('have mean 0 and deviation 1 afterwards, over many chunks', async () => {
    const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(null));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 3, maxLength: 40 }), async (given) => {
        const present = given.filter((x) => x !== null);
        fc.pre(new Set(present).size > 2 && Math.max(...present) - Math.min(...present) > 1e-3);
        // Longer than a chunk of two columns.
        const values = Array.from({ length: 3 }, () => given).flat();
        const { rows } = await prepared(values, { types: { x: 'number' } });
        const known = rows.map(([x]) => x).filter((_, i) => values[i] !== null);
        const mean = known.reduce((sum, x) => sum + x, 0) / known.length;
        const variance = known.reduce((sum, x) => sum + (x - mean) ** 2, 0) / known.length;
        expect(mean).toBeCloseTo(0, 4);
        expect(variance).toBeCloseTo(1, 4);
      }),
      { numRuns: 50 },
    );
  });
});

describe('other types', () => {
  it('few categories are one-hot, in order, the missing apart', async () => {
    const { rows, column, summary } = await prepared(['b', 'a', 'c', 'a', null, 'b', 'c', null]);
    expect(column).toEqual({
      kind: 'category',
      name: 'x',
      categories: ['a', 'b', 'c'],
      encoding: 'oneHot',
      others: false,
      missing: true,
    });
    expect(rows.slice(0, 5)).toEqual([
      [0, 1, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 1, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ]);
    expect(summary.about).toBe('3 categories: a, b, c');
  });

  it('rare categories share the place of the unknown', async () => {
    const { rows, column } = await prepared(['a', 'b', 'a', 'b', 'z']);
    expect(column).toMatchObject({ categories: ['a', 'b'], others: true });
    expect(rows.at(-1)).toEqual([1, 0, 0]);
    expect(rows[0]).toEqual([0, 1, 0]);
  });

  it('many categories are numbers for an embedding', async () => {
    const values = Array.from({ length: 200 }, (_, i) => `c${String(i % 40).padStart(2, '0')}`);
    const { rows, column } = await prepared([...values, null, null]);
    expect(column).toMatchObject({ encoding: 'embedding', width: 13, missing: true });
    expect(rows.slice(0, 40).flat()).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(rows.at(-1)).toEqual([41]);
  });

  it('numbers are categories where someone says so', async () => {
    const { column } = await prepared([10, 2, 10, 2], { types: { x: 'category' } });
    expect(column).toMatchObject({ kind: 'category', categories: ['2', '10'] });
  });

  it.each([
    [
      ['yes', 'no', 'no', 'no'],
      ['no', 'yes'],
    ],
    [
      [true, false, true, true],
      ['false', 'true'],
    ],
    [
      ['T', 'F', 'F', 'T'],
      ['F', 'T'],
    ],
  ])('booleans are 0 and 1, standardised: %j', async (values, names) => {
    const { rows, column } = await prepared(values);
    expect(column).toMatchObject({ kind: 'boolean', values: names });
    const share = values.filter((value) => String(value) === names[1]).length / 4;
    const deviation = Math.sqrt(share * (1 - share));
    expect(rows[0][0]).toBeCloseTo((1 - share) / deviation, 6);
    expect(rows[1][0]).toBeCloseTo(-share / deviation, 6);
  });

  it('dates are days, and places in the year and the week', async () => {
    const { rows, column } = await prepared(['2024-01-01', '2024-01-08', '2024-07-01', '2024/01/22']);
    expect(column).toMatchObject({ kind: 'date', time: false, indicator: false });
    expect(rows[0]).toHaveLength(5);
    // A week apart: the same weekday, nearly the same season.
    expect(rows[0].slice(3)).toEqual(rows[1].slice(3));
    const [sine, cosine] = rows[2].slice(1);
    const [sine0, cosine0] = rows[0].slice(1);
    expect(sine * sine0 + cosine * cosine0).toBeLessThan(-0.99);
    const timed = await prepared(['2024-01-01T06:00', '2024-01-01T18:00:30Z', '2024-01-02 06:00+01:00']);
    expect(timed.rows[0]).toHaveLength(7);
    expect(timed.rows[0].slice(5).map((x) => Math.round(x * 1000) + 0)).toEqual([1000, 0]);
  });
});

describe('columns that tell nothing are dropped, and why is said', () => {
  const many = Array.from({ length: 60 }, (_, i) => i);
  it.each<[string, readonly unknown[], RegExp]>([
    ['constant numbers', many.map(() => 5), /it is always 5/],
    ['constant texts', many.map(() => 'x'), /it is always "x"/],
    ['nothing', many.map(() => null), /it is empty/],
    ['row numbers', many.map((i) => i + 7), /it numbers the rows/],
    ['names', many.map((i) => `name ${i}`), /no value occurs twice/],
    ['free text', many.map((i) => `name ${i % 40}`), /40 different values in 60/],
  ])('%s', async (_name, values, reason) => {
    const rows = values.map((x, i) => ({ x, z: (i * i) % 7, y: i % 3 === 0 ? 'a' : 'b' }));
    const { preparation, summary } = await prepare(rows, { target: 'y' });
    expect(preparation.dropped).toEqual([{ name: 'x', reason: expect.stringMatching(reason) }]);
    expect(summary.columns[0]).toMatchObject({ name: 'x', kind: 'dropped', inputs: 0 });
  });

  it('unless someone says what they are', async () => {
    const rows = many.map((i) => ({ x: i, z: i % 7, y: i % 2 === 0 ? 'a' : 'b' }));
    const kept = await prepare(rows, { target: 'y', types: { x: 'number', z: 'drop' } });
    expect(kept.preparation.columns).toMatchObject([{ name: 'x', kind: 'number' }]);
    expect(kept.preparation.dropped).toEqual([{ name: 'z', reason: 'as asked' }]);
  });

  it('identifiers by their name', async () => {
    const rows = Array.from({ length: 600 }, (_, i) => ({ user_id: (i * 7919) % 1009, z: i % 5, y: i % 2 }));
    const { preparation } = await prepare(rows, { target: 'y' });
    expect(preparation.dropped).toEqual([{ name: 'user_id', reason: 'it identifies rows' }]);
  });
});

describe('the target', () => {
  const rows = (targets: readonly unknown[]) => targets.map((y, i) => ({ x: (i * i) % 11, y }));

  it.each<[string, readonly unknown[], 'classification' | 'regression']>([
    ['texts', Array.from({ length: 30 }, (_, i) => ['b', 'a', 'c'][i % 3]), 'classification'],
    ['few whole numbers', Array.from({ length: 60 }, (_, i) => i % 10), 'classification'],
    ['zeros and ones', [0, 1, 1, 0, 1], 'classification'],
    ['many whole numbers', Array.from({ length: 60 }, (_, i) => i % 30), 'regression'],
    ['few rows of whole numbers', [10, 20, 30, 40, 50, 60], 'regression'],
    ['fractions', [0.5, 1, 0.5, 1, 0.5, 1], 'regression'],
  ])('%s', async (_name, targets, kind) => {
    expect((await prepare(rows(targets), { target: 'y', ...ALL })).preparation.target.kind).toBe(kind);
  });

  it('of classes has names in order, and labels', async () => {
    const { train, preparation } = await prepare(rows([10, 9, 10, 9, 10, 9]), { target: 'y', ...ALL });
    expect(preparation.target).toEqual({ kind: 'classification', name: 'y', classes: ['9', '10'] });
    expect(train.classNames).toEqual(['9', '10']);
    expect(Array.from(train.labels)).toEqual([1, 0, 1, 0, 1, 0]);
  });

  it('of a regression is standardised', async () => {
    const { train, preparation } = await prepare(rows([1.5, 2.5, 4.5, 7.5]), { target: 'y', ...ALL });
    const deviation = Math.sqrt((2.5 ** 2 + 1.5 ** 2 + 0.5 ** 2 + 3.5 ** 2) / 4);
    expect(preparation.target).toEqual({ kind: 'regression', name: 'y', mean: 4, deviation });
    expect(Array.from(train.targets ?? [])).toEqual(
      [-2.5, -1.5, 0.5, 3.5].map((value) => Math.fround(value / deviation)),
    );
  });

  it('may be said to be what it does not look like', async () => {
    const few = rows(Array.from({ length: 60 }, (_, i) => i % 5));
    const regression = await prepare(few, { target: 'y', task: 'regression' });
    expect(regression.preparation.target.kind).toBe('regression');
    const fractions = rows([0.5, 1, 0.5, 1, 1, 0.5]);
    const classes = await prepare(fractions, { target: 'y', task: 'classification', ...ALL });
    expect(classes.preparation.target).toMatchObject({ classes: ['0.5', '1'] });
  });

  it('may be missing in rows that are then left out', async () => {
    const { train, summary } = await prepare(rows(['a', null, 'b', 'a', '', 'b']), {
      target: 'y',
      ...ALL,
      dropMissingTarget: true,
    });
    expect(train.size).toBe(4);
    expect(summary).toMatchObject({ rows: 6, leftOut: 2 });
  });
});

describe('the split', () => {
  const table = Array.from({ length: 2000 }, (_, i) => ({ i: i / 3, y: i % 10 === 0 ? 'rare' : 'common' }));

  it('gives each class its share, each row one place, and depends on the seed alone', async () => {
    const one = await prepare(table, { target: 'y', validation: 0.2, test: 0.1 });
    expect(one.summary.target).toMatchObject({
      classes: [
        { name: 'common', train: 1260, validation: 360, test: 180 },
        { name: 'rare', train: 140, validation: 40, test: 20 },
      ],
    });
    const { mean, deviation } = one.preparation.columns[0] as { mean: number; deviation: number };
    const seen = [one.train, one.validation, one.test]
      .flatMap((set) => Array.from(set?.inputs ?? []))
      .map((x) => Math.round((x * deviation + mean) * 3) + 0);
    expect(seen.sort((a, b) => a - b)).toEqual(table.map((_, i) => i));
    const again = await prepare(table, { target: 'y', validation: 0.2, test: 0.1 });
    expect(again.train.inputs).toEqual(one.train.inputs);
    const other = await prepare(table, { target: 'y', validation: 0.2, test: 0.1, seed: 2 });
    expect(other.train.inputs).not.toEqual(one.train.inputs);
  });

  it('may take a sample of the rows, and finds it again', async () => {
    const one = await prepare(table, { target: 'y', sample: 0.25 });
    const taken = one.train.size + (one.validation?.size ?? 0) + (one.test?.size ?? 0);
    // 500 of 2,000, give or take four deviations.
    expect(taken).toBeGreaterThan(420);
    expect(taken).toBeLessThan(580);
    expect(one.summary.rows).toBe(2000);
    expect(one.preparation.split).toMatchObject({ sample: 0.25 });
    const text = table.map((row) => JSON.stringify(row)).join('\n');
    const again = await tableDataset(
      await openTable(new TextEncoder().encode(text)),
      one.preparation,
      'test',
    );
    expect(again.inputs).toEqual(one.test?.inputs);
  });

  it('never keeps a whole class from training', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({ x: (i * 7) % 13, y: `class ${i % 20}` }));
    for (let seed = 0; seed < 20; seed++) {
      const { summary } = await prepare(rows, { target: 'y', seed, validation: 0.3, test: 0.3 });
      if (summary.target.kind !== 'classification') throw new Error('expected classes');
      for (const { train } of summary.target.classes) expect(train).toBeGreaterThan(0);
    }
  });

  it('keeps statistics and categories to the rows that train', async () => {
    const rows = Array.from({ length: 400 }, (_, i) => ({ x: (i * 37) % 101, y: i % 2 }));
    const { train, preparation } = await prepare(rows, { target: 'y' });
    expect(train.size).toBe(280);
    const mean = Array.from(train.inputs).reduce((sum, x) => sum + x, 0) / train.size;
    expect(mean).toBeCloseTo(0, 5);
    const all = rows.reduce((sum, { x }) => sum + x, 0) / rows.length;
    expect((preparation.columns[0] as { mean: number }).mean).not.toBeCloseTo(all, 5);
  });
});
