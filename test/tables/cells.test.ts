/**
 * What the text of a cell means: numbers in both notations, marks of missing values, and cells kept as they
 * are written.
 */
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/formats/npy.js';
import { CellReader, cellText } from '../../src/tables/cells.js';
import { exactIntegers } from '../../src/tables/json-integers.js';
import { numberHint } from '../../src/tables/notation.js';
import { openTable } from '../../src/tables/open.js';
import type { Table } from '../../src/tables/types.js';
import { inPieces, readText } from './read.js';

/** The cells of the first column, as they are written. */
async function writtenCells(table: Table): Promise<(string | undefined)[]> {
  const cells: (string | undefined)[] = [];
  for await (const chunk of table.chunks({ written: [table.columns[0]] })) {
    for (let i = 0; i < chunk.rows; i++) cells.push(cellText(chunk.columns[0], i));
  }
  return cells;
}

describe('the decimal mark', () => {
  it.each([
    ['950', 950, 950, 950],
    ['1.234', 1.234, 1.234, 1234],
    ['12.000', 12, 12, 12_000],
    ['1.234.567', Number.NaN, Number.NaN, 1_234_567],
    ['1.234.567,5', Number.NaN, Number.NaN, 1_234_567.5],
    ['-1.234,25', Number.NaN, Number.NaN, -1234.25],
    ['1,5', Number.NaN, Number.NaN, 1.5],
    ['1,5e3', Number.NaN, Number.NaN, 1500],
    [',5', Number.NaN, Number.NaN, 0.5],
    ['1,234', Number.NaN, 1234, 1.234],
    ['133,593.18', Number.NaN, 133_593.18, Number.NaN],
    ['1,234,567', Number.NaN, 1_234_567, Number.NaN],
    ['+12,000', Number.NaN, 12_000, 12],
    // Groups that are none.
    ['1.5', 1.5, 1.5, Number.NaN],
    ['12.34.567', Number.NaN, Number.NaN, Number.NaN],
    ['1234.567', 1234.567, 1234.567, Number.NaN],
    ['0.123', 0.123, 0.123, Number.NaN],
    ['1.2345', 1.2345, 1.2345, Number.NaN],
    ['1,23,456', Number.NaN, Number.NaN, Number.NaN],
    ['1234,567', Number.NaN, Number.NaN, 1234.567],
    ['133.593,18.0', Number.NaN, Number.NaN, Number.NaN],
    [',123', Number.NaN, Number.NaN, 0.123],
    ['inf', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['1x', Number.NaN, Number.NaN, Number.NaN],
  ])('%s is %d by default, %d with a point, %d with a comma', async (text, unsaid, point, comma) => {
    expect(new CellReader().numberOf(text)).toBe(unsaid);
    expect(new CellReader({ decimal: '.' }).numberOf(text)).toBe(point);
    expect(new CellReader({ decimal: ',' }).numberOf(text)).toBe(comma);
    // The same from a file, where the tokenizer's own reading of numbers comes first.
    for (const [decimal, value] of [['.', point] as const, [',', comma] as const]) {
      const cell = Number.isNaN(value) ? text : value;
      expect(await readText(`a;b\n${text};1\n`, { decimal, delimiter: ';' })).toEqual([[cell, 1]]);
      const json = JSON.stringify({ a: text, b: 1 });
      expect(await readText(json, { decimal })).toEqual([[cell, 1]]);
    }
  });

  it('groups thousands as every locale with it writes them', () => {
    const number = fc.integer({ min: -1e15, max: 1e15 });
    fc.assert(
      fc.property(number, (value) => {
        const grouped = value.toLocaleString('en-US');
        expect(new CellReader({ decimal: '.' }).numberOf(grouped)).toBe(value);
        expect(new CellReader({ decimal: ',' }).numberOf(grouped.replaceAll(',', '.'))).toBe(value);
      }),
    );
  });

  it.each([
    ['133,593', /--decimal \. or --decimal ,$/],
    ['133.593,18', /"," as decimal mark it is a number: --decimal ,$/],
    ['133,593.18', /"\." as decimal mark it is a number: --decimal \.$/],
    ['$133593.18', /^; remove the currency sign "\$"$/],
    ['1.234,50 €', /^; remove the currency sign "€", and with "," as decimal mark/],
    ['12.5 %', /^; remove the percent sign "%"$/],
    ['US$ 5', /^; remove the currency sign "US\$"$/],
    ['EUR 1.234,50', /^; remove the currency sign "EUR", and with "," as decimal mark/],
    ['1 234 567', /^; remove the " " between its digits$/],
    ["1'234.5", /^; remove the "'" between its digits$/],
    ['1 234,5', /^; remove the " " between its digits, and with "," as decimal mark/],
    ['030 123 456', /^$/],
    ['abc', /^$/],
    ['12', /^$/],
    ['$', /^$/],
    ['1-2', /^$/],
  ])('is named where a text is a number in another notation: %s', (text, hint) => {
    expect(numberHint(text)).toMatch(hint);
  });

  it('costs no more than the length of a text', async () => {
    // Squares of these lengths would take hours.
    const long = '1'.repeat(3_000_000);
    for (const text of [
      `${long}x`,
      `${long}.${long}x`,
      `1${',111'.repeat(1_000_000)}x`,
      `-${long}e+${long}x`,
    ]) {
      for (const decimal of [undefined, '.', ','] as const) {
        expect(new CellReader({ ...(decimal && { decimal }) }).numberOf(text)).toBeNaN();
      }
    }
    expect(await readText(`a,b\n${long}x,1\n`)).toEqual([[`${long}x`, 1]]);
  });
});

describe('marks of missing values', () => {
  const text = 'a,b\nNA,1\n-999,2\n?,-999.0\nx,NA\n,4\n';

  it('are the usual ones by default', async () => {
    expect(await readText(text)).toEqual([
      [undefined, 1],
      [-999, 2],
      [undefined, -999],
      ['x', undefined],
      [undefined, 4],
    ]);
  });

  it('are those that are named, in place of the usual ones, and every spelling of a number', async () => {
    expect(await readText(text, { missing: ['-999', 'x'] })).toEqual([
      ['NA', 1],
      [undefined, 2],
      ['?', undefined],
      [undefined, 'NA'],
      [undefined, 4],
    ]);
    const json = '{"a":"NA","b":-999}\n{"a":"-999.0","b":null}';
    expect(await readText(json, { missing: ['-999'] })).toEqual([
      ['NA', undefined],
      [undefined, undefined],
    ]);
    const npy = writeNpy({ dtype: 'float64', shape: [2, 2], data: Float64Array.of(1, -999, 3, 4) });
    expect(await readText(npy, { missing: ['-999'] })).toEqual([
      [1, undefined],
      [3, 4],
    ]);
  });

  it('may be none', async () => {
    expect(await readText('a\nNA\nnull\n""\n', { missing: [] })).toEqual([['NA'], ['null'], [undefined]]);
  });

  it.each([['NA'], [[1]], [[null]], [new Array(1001).fill('x')]])('are refused: %j', async (missing) => {
    const options = { missing: missing as string[] };
    await expect(readText('a\n1\n', options)).rejects.toThrow(/option missing: expected/);
    await expect(readText('{"a":1}', options)).rejects.toThrow(/option missing: expected/);
  });
});

describe('a cell as it is written', () => {
  const cells = [
    '007',
    '7',
    '7.10',
    '1e5',
    '-0',
    '+49',
    '208310224003697457',
    'NA',
    'None',
    '0x1F',
    'A 7',
    ' ',
  ];
  const expected = cells;

  it('comes from CSV wherever the pieces end, quoted or not', async () => {
    const cell = fc.oneof(
      fc.constantFrom(...cells),
      fc.stringMatching(/^[-+]?0{0,3}\d{1,20}(\.\d{0,4})?(e-?\d{1,2})?$/),
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 30 }), sizes, async (given, pieces) => {
        const rows = given.map((text, i) => {
          const plain = /^[^",\s]([^",\n\r]*[^",\s])?$/.test(text) && i % 2 === 0;
          return `${plain ? `  ${text} ` : `"${text.replaceAll('"', '""')}"`},${i}`;
        });
        const bytes = new TextEncoder().encode(`a,b\n${rows.join('\n')}\n`);
        const table = await openTable(inPieces(bytes, pieces), { header: true, delimiter: ',' });
        expect(await writtenCells(table)).toEqual(given.map((text) => (text === '' ? undefined : text)));
      }),
    );
  });

  it('comes from texts of every format', async () => {
    const json = cells.map((a) => JSON.stringify({ a })).join('\n');
    expect(await writtenCells(await openTable(new TextEncoder().encode(json)))).toEqual(expected);
    expect(await writtenCells(await openTable(cells.map((a) => ({ a }))))).toEqual(expected);
    const parquet = parquetWriteBuffer({ columnData: [{ name: 'a', data: cells, type: 'STRING' }] });
    expect(await writtenCells(await openTable(new Uint8Array(parquet)))).toEqual(expected);
  });

  it('and whole numbers of every format keep all their digits', async () => {
    const ids = [208310224003697457n, 208310224003697458n, 9007199254740993n, 7n];
    const texts = ids.map(String);
    const json = ids.map((id) => `{"a":${id},"b":"\\"${id}: ${id},"}`).join('\n');
    expect(await writtenCells(await openTable(new TextEncoder().encode(json)))).toEqual(texts);
    const array = `[${ids.map((id) => `{"a": ${id}}`).join(' , ')}]`;
    expect(await writtenCells(await openTable(new TextEncoder().encode(array)))).toEqual(texts);
    const npy = writeNpy({ dtype: 'int64', shape: [4], data: BigInt64Array.from(ids) });
    expect(await writtenCells(await openTable(npy))).toEqual(texts);
    const parquet = parquetWriteBuffer({ columnData: [{ name: 'a', data: ids, type: 'INT64' }] });
    expect(await writtenCells(await openTable(new Uint8Array(parquet)))).toEqual(texts);
  });

  it('leaves all other JSON as it is', () => {
    const value = fc.jsonValue();
    fc.assert(
      fc.property(value, (given) => {
        const text = JSON.stringify(given);
        const numbers = (_: string, x: unknown) =>
          typeof x === 'string' && /^-?[1-9]\d{15,}$/.test(x) ? Number(x) : x;
        expect(JSON.parse(exactIntegers(text), numbers)).toEqual(JSON.parse(text, numbers));
      }),
    );
    const kept = '{"1234567890123456":0.1234567890123456789,"x\\"1234567890123456":1234567890123456e1}';
    expect(exactIntegers(kept)).toBe(kept);
    expect(exactIntegers('["\\\\",1234567890123456,"\\"1234567890123456"]')).toBe(
      '["\\\\","1234567890123456","\\"1234567890123456"]',
    );
    // What is no JSON does not become one, nor takes squares of time.
    const open = `{"a":1234567890123456,"b":"${'\\"'.repeat(2_000_000)}`;
    expect(exactIntegers(open)).toBe(open.replace(/\d+/, '"$&"'));
    const many = `[${'1234567890123456,'.repeat(200_000)}`;
    expect(exactIntegers(many)).toHaveLength(many.length + 400_000);
    expect(() => JSON.parse(exactIntegers('{12345678901234567:1}'))).toThrow(SyntaxError);
  });
});
