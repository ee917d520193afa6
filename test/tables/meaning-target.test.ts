import { describe, expect, it } from 'vitest';
import { tableDataset } from '../../src/tables/dataset.js';
import { openTable } from '../../src/tables/open.js';
import { prepareTable } from '../../src/tables/prepare.js';
import { csv, encoded, halves, times } from './columns.js';
import { ALL, prepare } from './prepared.js';

describe('a target that is not what it looks like', () => {
  const price = (text: (value: number) => string) =>
    times(200, (i) => text(100_000 + ((i * 7919) % 100_003)));
  const x = times(200, (i) => (i * 37) % 101);

  it.each<[string, (value: number) => string, RegExp]>([
    [
      'grouped',
      (value) => value.toLocaleString('en-US'),
      /row 1 \(line 2\), column "y": expected a number, given "100,000"; say what the comma is, .*--decimal \. or --decimal ,; if they are classes, ask for classification/,
    ],
    [
      'with a currency sign',
      (value) => `$${value}.18`,
      /given "\$100000\.18"; remove the currency sign "\$"; if/,
    ],
    [
      'with a decimal comma',
      (value) => `${value.toLocaleString('de-DE')},18`,
      /given "100\.000,18"; with "," as decimal mark it is a number: --decimal ,/,
    ],
    ['with percent', (value) => `${value / 1000} %`, /given "100 %"; remove the percent sign/],
    [
      'names',
      (value) => `house ${value}`,
      /column "y": expected classes that repeat, given 200 different values in 200 rows; if they are classes all the same, ask for classification/,
    ],
  ])('%s is refused', async (_name, text, message) => {
    await expect(prepareTable(await csv({ x, y: price(text) }), { target: 'y' })).rejects.toThrow(message);
  });

  it('is a number once the decimal mark is said, and the model remembers it', async () => {
    const plain = await prepareTable(await csv({ x, y: price(String) }), { target: 'y' });
    for (const [decimal, locale] of [['.', 'en-US'] as const, [',', 'de-DE'] as const]) {
      const y = price((value) => value.toLocaleString(locale));
      const options = { decimal, ...(decimal === ',' && { delimiter: ';' }) };
      const rows = x.map((value, i) => (decimal === '.' ? `${value},"${y[i]}"` : `${value};${y[i]}`));
      const text = new TextEncoder().encode(`x${decimal === '.' ? ',' : ';'}y\n${rows.join('\n')}\n`);
      const table = await openTable(text, options);
      const { preparation, train } = await prepareTable(table, { target: 'y' });
      expect(preparation.target).toEqual(plain.preparation.target);
      expect(preparation.cells).toEqual({ decimal });
      expect(train.targets).toEqual(plain.train.targets);
      const again = await tableDataset(await openTable(text, { like: preparation }), preparation, 'train');
      expect(again.targets).toEqual(train.targets);
    }
  });

  it('is named in a column of inputs, too, and in messages on single cells', async () => {
    const area = price((value) => value.toLocaleString('en-US'));
    const table = await csv({ area, y: halves(200) });
    await expect(prepareTable(table, { target: 'y' })).rejects.toThrow(
      /column "area": expected a number, given "100,000"; say what the comma is.*type "area" as category/,
    );
    const fees = await csv({ fee: price((value) => `€${value}`), x, y: halves(200) });
    expect((await prepareTable(fees, { target: 'y' })).preparation.dropped).toEqual([
      { name: 'fee', reason: 'it is text: no value occurs twice; remove the currency sign "€"' },
    ]);
    const one = await csv({ x: times(200, (i) => (i === 7 ? '1,250' : i)), y: halves(200) });
    await expect(prepareTable(one, { target: 'y' })).rejects.toThrow(
      /row 8 \(line 9\), column "x": expected a number, given "1,250"; say what the comma/,
    );
    const { preparation } = await prepareTable(await csv({ x, y: halves(200) }), { target: 'y' });
    await expect(encoded(preparation.columns[0], await csv({ x: ['1,250'] }))).rejects.toThrow(
      /row 1 \(line 2\), column "x": expected a number, given "1,250"; say what the comma/,
    );
  });

  it('of classes that hardly repeat is begun with a note only, where it is asked for', async () => {
    const table = await csv({ x, y: price((value) => `house ${value % 150}`) });
    const { summary } = await prepareTable(table, { target: 'y', task: 'classification' });
    expect(summary.warnings[0]).toMatch(
      /^1\d\d classes in 200 rows: there are hardly two rows to learn a class from$/,
    );
  });

  it('with two texts of one number keeps both, and says so', async () => {
    const table = await csv({
      x: times(60, (i) => (i * 7) % 11),
      y: times(60, (i) => ['1', '2', '1.0'][i % 3]),
    });
    const { preparation, summary } = await prepareTable(table, { target: 'y' });
    expect(preparation.target).toMatchObject({ classes: ['1', '1.0', '2'] });
    expect(summary.warnings).toEqual([
      'classes "1" and "1.0" are two texts of one number, and stay two classes',
    ]);
  });

  it('that leaves parts without rows is noted', async () => {
    const rows = times(8, (i) => ({ x: i % 5, y: 'abcd'[i % 4] }));
    const { summary, validation, test } = await prepare(rows, { target: 'y', validation: 0.05, test: 0.05 });
    expect([validation, test]).toEqual([undefined, undefined]);
    expect(summary.warnings).toEqual([
      expect.stringMatching(/^no row is left for validation: /),
      expect.stringMatching(/^no row is left for test: /),
    ]);
    expect((await prepare(rows, { target: 'y', ...ALL })).summary.warnings).toEqual([]);
  });

  it('may have a class that is called NA, once other marks of missing values are named', async () => {
    const y = times(40, (i) => ['NA', 'EU', 'None'][i % 3]);
    const columns = { x: times(40, (i) => (i % 9 === 0 ? '-' : (i * 7) % 11)), y };
    await expect(prepareTable(await csv(columns), { target: 'y' })).rejects.toThrow(
      /row 1 \(line 2\), column "y": the target is missing: "NA" is a mark of that, unless others are named by --missing/,
    );
    const table = await csv(columns, { missing: ['-'] });
    const { preparation, train } = await prepareTable(table, { target: 'y', ...ALL });
    expect(preparation.target).toMatchObject({ classes: ['EU', 'NA', 'None'] });
    expect(preparation.columns[0]).toMatchObject({ kind: 'number', indicator: true });
    expect(preparation.cells).toEqual({ missing: ['-'] });
    // The model remembers the marks; what is said has precedence.
    const again = await tableDataset(await csv(columns, { like: preparation }), preparation);
    expect(again.inputs).toEqual(train.inputs);
    expect(again.labels).toEqual(train.labels);
    const other = await csv({ x: ['+', 3], y: ['NA', 'EU'] }, { like: preparation, missing: ['+'] });
    expect(Array.from((await tableDataset(other, preparation)).inputs.subarray(0, 2))).toEqual([0, 1]);
  });
});
