/**
 * What columns mean: codes that read as numbers, truth values and dates.
 */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/formats/npy.js';
import { tableDataset } from '../../src/tables/dataset.js';
import { openTable } from '../../src/tables/open.js';
import { type PrepareOptions, prepareTable } from '../../src/tables/prepare.js';
import { csv, encoded, halves, times } from './columns.js';
import { ALL, prepare, prepared } from './prepared.js';

describe('codes that read as numbers', () => {
  const plants = times(40, (i) => ['007', '7', '0070', '70'][i % 4]);
  const y = halves(40);
  const types = { plant: 'category' } as const;

  it('are categories of their own, from every format', async () => {
    const json = plants.map((plant, i) => JSON.stringify({ plant, y: y[i] })).join('\n');
    const parquet = parquetWriteBuffer({
      columnData: [
        { name: 'plant', data: plants, type: 'STRING' },
        { name: 'y', data: y, type: 'STRING' },
      ],
    });
    const tables = [
      await csv({ plant: plants, y }),
      await openTable(new TextEncoder().encode(json)),
      await openTable(new Uint8Array(parquet)),
      await openTable(plants.map((plant, i) => ({ plant, y: y[i] }))),
    ];
    for (const table of tables) {
      const { preparation, train } = await prepareTable(table, { target: 'y', types, ...ALL });
      expect(preparation.columns).toMatchObject([
        { categories: ['007', '7', '0070', '70'], asWritten: true },
      ]);
      expect(Array.from(train.inputs.subarray(0, 8))).toEqual([1, 0, 0, 0, 0, 1, 0, 0]);
    }
  });

  it('keep their text beside texts, where only the whole column tells what they are', async () => {
    const rooms = times(60, (i) => ['012', '12', 'B1', 'C2'][i % 4]);
    const { preparation, train, summary } = await prepareTable(await csv({ rooms, y: halves(60) }), {
      target: 'y',
      ...ALL,
    });
    expect(preparation.columns).toMatchObject([{ categories: ['012', '12', 'B1', 'C2'], asWritten: true }]);
    expect(Array.from(train.inputs.subarray(0, 8))).toEqual([1, 0, 0, 0, 0, 1, 0, 0]);
    expect(summary.columns[0].about).toBe('4 categories: 012, 12, B1, C2');
  });

  it('are classes by their text, of any length', async () => {
    for (const classes of [
      ['0010', '0200'],
      ['10', '010'],
      ['1e3', '1000'],
      ['208310224003697457', '208310224003697458'],
      ['-0', '0'],
      ['inf', 'Infinity'],
    ]) {
      const given = times(40, (i) => classes[i % 2]);
      const table = await csv({ x: times(40, (i) => (i * 7) % 11), y: given });
      const { preparation, train } = await prepareTable(table, {
        target: 'y',
        task: 'classification',
        ...ALL,
      });
      const { target } = preparation;
      if (target.kind !== 'classification') throw new Error('expected classes');
      expect([...target.classes].sort()).toEqual([...classes].sort());
      expect(Array.from(train.labels, (label) => target.classes[label])).toEqual(given);
      // The same rows once more, by the preparation alone.
      expect((await tableDataset(table, preparation)).labels).toEqual(train.labels);
    }
  });

  it('are known again by their text, and numbers of other formats by their value', async () => {
    const table = await csv({ plant: times(30, (i) => ['007', '12', '3.50'][i % 3]), y: halves(30) });
    const { preparation } = await prepareTable(table, { target: 'y', types, ...ALL });
    const [column] = preparation.columns;
    expect(column).toMatchObject({ categories: ['3.50', '007', '12'] });
    const known = await encoded(
      column,
      await csv({ plant: ['007', '7', '12', '12.0', '012', '3.5', '3.50', '1.2e1'] }),
    );
    const [none, fraction, seven, twelve] = [
      [0, 0, 0],
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    // 12.0 is what a program makes of 12 once the column has a missing cell; 012 and 1.2e1 are other codes.
    expect(known.rows).toEqual([seven, none, twelve, twelve, none, none, fraction, none]);
    expect(known.unknown).toBe(4);
    const numbers = await encoded(column, await openTable([7, 12, 3.5, 4].map((plant) => ({ plant }))));
    expect(numbers.rows).toEqual([seven, twelve, fraction, none]);
  });

  it('that are two texts of one number do not know the number itself', async () => {
    const table = await csv({ plant: times(40, (i) => ['007', '07'][i % 2]), y: halves(40) });
    const { preparation } = await prepareTable(table, { target: 'y', types, ...ALL });
    const { rows, unknown } = await encoded(preparation.columns[0], await openTable([{ plant: 7 }]));
    expect({ rows, unknown }).toEqual({ rows: [[0, 0]], unknown: 1 });
  });

  it('are read by their value in models of earlier versions, which know no other', async () => {
    const column = {
      kind: 'category',
      name: 'plant',
      categories: ['7', '70'],
      encoding: 'oneHot',
      others: false,
      missing: false,
    } as const;
    const { rows } = await encoded(column, await csv({ plant: ['007', '7', '70.0', '7e1', 'x'] }));
    expect(rows).toEqual([
      [1, 0],
      [1, 0],
      [0, 1],
      [0, 1],
      [0, 0],
    ]);
  });

  it('and numbers of formats that have numbers need no text', async () => {
    const data = Float64Array.from({ length: 40 }, (_, i) =>
      i % 2 === 0 ? (i % 3) + 1 : i % 4 === 1 ? 0 : 1,
    );
    const table = await openTable(writeNpy({ dtype: 'float64', shape: [20, 2], data }));
    const options = { target: 'column2', types: { column1: 'category' }, ...ALL } as const;
    const { preparation } = await prepareTable(table, options);
    expect(preparation.target).toEqual({ kind: 'classification', name: 'column2', classes: ['0', '1'] });
    expect(preparation.columns[0]).not.toHaveProperty('asWritten');
    expect(preparation.columns[0]).toMatchObject({ categories: ['1', '2', '3'] });
  });
});

describe('truth values', () => {
  const words = times(40, (i) => ['TRUE', 'false', 'True', 'False', 'true'][i % 5]);

  it('mean the same in any case', async () => {
    const { rows, column, summary } = await prepared(words);
    expect(column).toMatchObject({ kind: 'boolean', values: ['false', 'true'] });
    expect(summary).toMatchObject({ kind: 'boolean', inputs: 1, about: 'false, true' });
    // Three of five are true.
    const [no, yes] = [-0.6, 0.4].map((difference) => Math.fround(difference / Math.sqrt(0.24)));
    const expected = [yes, no, yes, no, yes];
    for (const [i, [value]] of rows.entries()) expect(value).toBeCloseTo(expected[i % 5], 6);
    const other = await encoded(column, await csv({ x: ['tRUE', 'FALSE', 'true'] }));
    for (const [i, value] of [yes, no, yes].entries()) expect(other.rows[i][0]).toBeCloseTo(value, 6);
  });

  it('are two classes of a target, not five', async () => {
    const rows = words.map((y, i) => ({ x: (i * 7) % 11, y }));
    const { preparation, train } = await prepare(rows, { target: 'y', ...ALL });
    expect(preparation.target).toEqual({ kind: 'classification', name: 'y', classes: ['false', 'true'] });
    expect(Array.from(train.labels)).toEqual(words.map((word) => Number(word.toLowerCase() === 'true')));
  });

  it('of which there are two spellings keep them', async () => {
    const rows = times(40, (i) => ({ x: (i * 7) % 11, y: ['No', 'Yes'][i % 2] }));
    const { preparation } = await prepare(rows, { target: 'y', ...ALL });
    expect(preparation.target).toMatchObject({ classes: ['No', 'Yes'] });
    const others = await openTable([
      { x: 1, y: 'no' },
      { x: 2, y: 'YES' },
    ]);
    expect(Array.from((await tableDataset(others, preparation)).labels)).toEqual([0, 1]);
  });

  it('are as many classes as they were in a model of earlier versions', async () => {
    const rows = times(60, (i) => ({ x: (i * 7) % 11, y: ['False', 'TRUE', 'True'][i % 3] }));
    const { preparation } = await prepare(rows, { target: 'y', ...ALL });
    const earlier = {
      ...preparation,
      target: { kind: 'classification', name: 'y', classes: ['False', 'TRUE', 'True'] },
    } as const;
    const { labels } = await tableDataset(await openTable(rows), earlier);
    expect(Array.from(labels)).toEqual(times(60, (i) => i % 3));
  });
});

describe('dates whose year comes last', () => {
  const days = (first: readonly string[]) => prepared([...first, ...first]);

  it.each([
    [
      'the day first',
      ['02/02/2015', '28/02/2015', '01/03/2015'],
      'dmy',
      '2015-02-02 to 2015-03-01, day first',
    ],
    [
      'the month first',
      ['02/02/2015', '02/28/2015', '03/01/2015'],
      'mdy',
      '2015-02-02 to 2015-03-01, month first',
    ],
    ['points', ['02.02.2015', '03.02.2015', '04.02.2015'], 'dmy', '2015-02-02 to 2015-02-04, day first'],
    [
      'dashes and times',
      ['02-02-2015 06:00', '28-02-2015 18:30:15'],
      'dmy',
      '2015-02-02 to 2015-02-28, day first, with times',
    ],
    [
      'half a day',
      ['2/28/2015 12:30 AM', '2/28/2015 1:00 pm'],
      'mdy',
      '2015-02-28 to 2015-02-28, month first, with times',
    ],
    ['the year first among them', ['28/02/2015', '2015-03-01'], 'dmy', '2015-02-28 to 2015-03-01, day first'],
  ])('are understood by what the column tells: %s', async (_name, texts, order, about) => {
    const { column, summary } = await days(texts);
    expect(column).toMatchObject({ kind: 'date', order });
    expect(summary).toMatchObject({ kind: 'date', about });
  });

  it('are the same days as in the other notation', async () => {
    const own = await days(['02/03/2015 06:00', '28/02/2015 12:00', '25/12/2015 01:00']);
    const iso = await days(['2015-03-02T06:00', '2015-02-28T12:00', '2015-12-25T01:00']);
    expect(own.rows).toEqual(iso.rows);
    const noon = await days(['2/28/2015 12:15 PM', '2/28/2015 12:15 AM', '3/1/2015 11:00 pm']);
    expect(noon.rows).toEqual(
      (await days(['2015-02-28 12:15', '2015-02-28 00:15', '2015-03-01 23:00'])).rows,
    );
    // Asked again, where the one date alone would tell nothing; and in ISO's notation.
    const again = await encoded(own.column, await csv({ x: ['02/03/2015 06:00', '2015-03-02T06:00'] }));
    expect(again.rows).toEqual([own.rows[0], own.rows[0]]);
    await expect(encoded(own.column, await csv({ x: ['02/28/2015'] }))).rejects.toThrow(
      /row 1 \(line 2\), column "x": expected a date such as 31\/01\/2024, given "02\/28\/2015"/,
    );
  });

  it('that leave the order open are left out, and why is said', async () => {
    const x = times(30, (i) => `0${1 + (i % 9)}/0${1 + ((i * 5) % 9)}/2015`);
    const rows = x.map((text, i) => ({ x: text, z: (i * i) % 7, y: 'ab'[i % 2] }));
    const options: PrepareOptions = { target: 'y', ...ALL };
    const { preparation } = await prepare(rows, options);
    const reason =
      'its dates are ambiguous: day and month cannot be told apart: say --date-order dmy or --date-order mdy';
    expect(preparation.dropped).toEqual([{ name: 'x', reason }]);
    await expect(prepare(rows, { ...options, types: { x: 'date' } })).rejects.toThrow(
      /column "x": day and month cannot be told apart: say --date-order dmy/,
    );
    for (const dateOrder of ['dmy', 'mdy'] as const) {
      const said = await prepare(rows, { ...options, dateOrder });
      expect(said.preparation.columns[0]).toMatchObject({ kind: 'date', order: dateOrder });
    }
    await expect(prepare(rows, { ...options, dateOrder: 'ymd' as 'dmy' })).rejects.toThrow(
      /option dateOrder/,
    );
  });

  it('in both orders are no dates', async () => {
    const rows = times(20, (i) => ({
      x: ['13/02/2015', '02/13/2015'][i % 2],
      z: (i * i) % 7,
      y: 'ab'[i % 2],
    }));
    const { preparation } = await prepare(rows, { target: 'y', ...ALL });
    expect(preparation.columns[0]).toMatchObject({
      kind: 'category',
      categories: ['02/13/2015', '13/02/2015'],
    });
    await expect(prepare(rows, { target: 'y', ...ALL, types: { x: 'date' } })).rejects.toThrow(
      /row 2 \(line 2\), column "x": expected a date such as 31\/01\/2024, given "02\/13\/2015"/,
    );
  });
});
