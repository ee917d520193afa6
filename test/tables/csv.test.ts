import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openTable } from '../../src/tables/open.js';
import { type Cell, inPieces, readText, rowsOf } from './read.js';

const encode = (text: string) => new TextEncoder().encode(text);

async function open(text: string) {
  return openTable(encode(text), { name: 'data.csv' });
}

describe('numbers', () => {
  it('are those of Number(), as float32 for every text and as double up to 15 digits', async () => {
    const digits = (max: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: max });
    const number = fc
      .record({
        sign: fc.constantFrom('', '-', '+'),
        whole: digits(22),
        point: fc.boolean(),
        fraction: digits(22),
        exponent: fc.option(fc.integer({ min: -330, max: 330 }), { nil: undefined, freq: 2 }),
        e: fc.constantFrom('e', 'E', 'e+'),
      })
      .filter(({ whole, point, fraction }) => whole !== '' || (point && fraction !== ''))
      .map(({ sign, whole, point, fraction, exponent, e }) => {
        const power = exponent === undefined ? '' : `${exponent < 0 ? e[0] : e}${exponent}`;
        return `${sign}${whole}${point ? `.${fraction}` : ''}${power}`;
      });
    await fc.assert(
      fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 40 }), async (texts) => {
        const rows = await readText(`x\n${texts.join('\n')}\n`);
        expect(rows).toHaveLength(texts.length);
        for (const [i, text] of texts.entries()) {
          const value = rows[i][0] as number;
          expect(Math.fround(value), text).toBe(Math.fround(Number(text)));
          const significant = text
            .replace(/e.*/i, '')
            .replace(/[^0-9]/g, '')
            .replace(/^0+/, '');
          if (significant.length <= 15) expect(value, text).toBe(Number(text));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of doubles and float32 as JavaScript prints them come back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 }),
        async (values) => {
          const rows = await readText(`x\n${values.join('\n')}`);
          expect(rows.map(([value]) => Math.fround(value as number))).toEqual(
            values.map((value) => Math.fround(value + 0)),
          );
        },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer(), { minLength: 1, maxLength: 50 }), async (values) => {
        expect((await readText(`x\n${values.join('\n')}`)).flat()).toEqual(values);
      }),
    );
  });

  it.each([
    ['1e5', 100000],
    ['-.5', -0.5],
    ['5.', 5],
    ['0000123', 123],
    ['9007199254740993', 9007199254740992],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['1e400', Number.POSITIVE_INFINITY],
    ['1e', '1e'],
    ['1e+', '1e+'],
    ['-', '-'],
    ['.', '.'],
    ['0x10', '0x10'],
    ['1 2', '1 2'],
    ['1.2.3', '1.2.3'],
    ['12abc', '12abc'],
    ['2024-01-31', '2024-01-31'],
    ['index', 'index'],
  ])('%s is %s', async (text, value) => {
    expect(await readText(`x,y\n${text},1`)).toEqual([[value, 1]]);
  });

  it('may have a decimal comma', async () => {
    const rows = await readText('a;b\n1,5;2\n-0,25;x,y\n', { decimal: ',' });
    expect(rows).toEqual([
      [1.5, 2],
      [-0.25, 'x,y'],
    ]);
  });
});

describe('cells', () => {
  const cell = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'ab,;"\n\r\t é漢 '), maxLength: 8 }),
    fc.integer().map(String),
    fc.constant(''),
  );

  /** What a cell means once it stands in quotes. */
  const meaning = (text: string): Cell => {
    const trimmed = text.trim();
    if (trimmed === '') return undefined;
    return /^[+-]?\d+$/.test(trimmed) ? Number(trimmed) : text;
  };

  it('come back from quotes, wherever the pieces of the file end', async () => {
    const rowsAndPieces = fc.record({
      rows: fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 12 }),
      end: fc.constantFrom('\n', '\r\n', '\r'),
      last: fc.boolean(),
      sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      delimiter: fc.constantFrom(',', ';', '\t', '|'),
    });
    await fc.assert(
      fc.asyncProperty(rowsAndPieces, async ({ rows, end, last, sizes, delimiter }) => {
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const lines = [['a', 'b', 'c'], ...rows].map((row) => row.map(quote).join(delimiter));
        const bytes = encode(lines.join(end) + (last ? end : ''));
        const table = await openTable(inPieces(bytes, sizes), { delimiter, header: true });
        expect(table.columns).toEqual(['a', 'b', 'c']);
        expect(await rowsOf(table)).toEqual(rows.map((row) => row.map(meaning)));
      }),
      { numRuns: 300 },
    );
  });

  it('without quotes are trimmed, and blank lines are none', async () => {
    expect(await readText(' a , b\n\n  x y , 1 \r\n\r\n,2\n"q",  "r" \n')).toEqual([
      ['x y', 1],
      [undefined, 2],
      ['q', 'r'],
    ]);
  });

  it.each(['NA', 'N/A', 'nan', 'NaN', 'null', 'None', '?', '', '""', '<NA>'])(
    '%s is missing',
    async (text) => {
      expect(await readText(`a,b\n${text},1\n`)).toEqual([[undefined, 1]]);
    },
  );

  it('may hold a quote within', async () => {
    expect(await readText('a,b\n5" pipe,1\n')).toEqual([['5" pipe', 1]]);
  });

  it('are many more than a chunk holds', async () => {
    const rows = Array.from({ length: 70_000 }, (_, i) => [i, `t${i % 7}`, i / 8]);
    const text = `a,b,c\n${rows.map((row) => row.join(',')).join('\n')}\n`;
    const table = await open(text);
    let next = 1;
    for await (const chunk of table.chunks()) {
      expect(chunk.firstRow).toBe(next);
      expect(chunk.lines?.[0]).toBe(next + 1);
      next += chunk.rows;
    }
    expect(await rowsOf(table)).toEqual(rows);
    // A second reading, while the first is half way.
    const first = table.chunks()[Symbol.asyncIterator]();
    await first.next();
    expect(await rowsOf(table)).toHaveLength(70_000);
    await first.return?.();
  });

  it('may come from a Blob, or a File with its name', async () => {
    expect(await rowsOf(await openTable(new Blob(['a,b\n1,x\n'])))).toEqual([[1, 'x']]);
    const file = new File(['a,b\n1\n'], 'picked.csv');
    await expect(openTable(file).then(rowsOf)).rejects.toThrow(/^picked\.csv: row 1 \(line 2\): expected 2/);
  });

  it('may stand behind gzip', async () => {
    const table = await openTable(gzipSync('a,b\n1,x\n2,y\n'), { name: 'data.csv.gz' });
    expect(await rowsOf(table)).toEqual([
      [1, 'x'],
      [2, 'y'],
    ]);
    const cut = gzipSync(`a,b\n${'1,x\n'.repeat(10_000)}`).subarray(0, 60);
    await expect(openTable(cut, { name: 'cut.gz' })).rejects.toThrow(/cut\.gz: the gzip data are damaged/);
  });
});

describe('the header', () => {
  it('is missing where all cells are numbers', async () => {
    const table = await open('1,2.5\n3,4\n');
    expect(table.columns).toEqual(['column1', 'column2']);
    expect(table.notes).toEqual(['no header: columns are called column1 to column2']);
    expect(await rowsOf(table)).toHaveLength(2);
    expect((await openTable(encode('1,2\n3,4\n'), { header: true })).columns).toEqual(['1', '2']);
    expect((await openTable(encode('a,b\n3,4\n'), { header: false })).columns).toEqual([
      'column1',
      'column2',
    ]);
  });

  it('may begin with a byte order mark', async () => {
    const table = await openTable(encode('\ufeff"a",b\n1,2\n'));
    expect(table.columns).toEqual(['a', 'b']);
    expect(await rowsOf(table)).toEqual([[1, 2]]);
  });

  it('names a column without a name by its place', async () => {
    expect((await open(',a,\n0,1,2\n')).columns).toEqual(['column1', 'a', 'column3']);
  });

  it.each([
    ['a;b;c\n1;2;3\n', ';'],
    ['a\tb\n1\t2\n', '\t'],
    ['a|b\n1|2\n', '|'],
    ['"a;x",b\n1,2\n', ','],
    ['name;note\nx;1,5 and 2,5\ny;3,5\n', ';'],
  ])('shows the delimiter: %j', async (text, delimiter) => {
    const table = await open(text);
    expect(table.columns.length).toBe(text.startsWith('"') ? 2 : text.split('\n')[0].split(delimiter).length);
  });
});

describe('refuses, with row and column', () => {
  it.each<[name: string, content: string | Uint8Array, message: RegExp]>([
    ['an empty file', '', /^data\.csv: the file is empty$/],
    ['blank lines', '\n\n \n', /^data\.csv: the file is empty/],
    ['only a header', 'a,b\n', /^data\.csv: expected rows after the header, given none$/],
    [
      'a short row',
      'a,b\n1,2\n3\n',
      /^data\.csv: row 2 \(line 3\): expected 2 cells, as in the header, given 1; column "b" is missing$/,
    ],
    [
      'a long row',
      'a,b\n1,2,3\n',
      /^data\.csv: row 1 \(line 2\): expected 2 cells, as in the header, given 3$/,
    ],
    ['a short row after quoted lines', 'a,b\n"x\ny",2\n3\n', /row 2 \(line 4\): expected 2 cells/],
    ['names given twice', 'a,b,a\n1,2,3\n', /line 1: columns 1 and 3 are both called "a"/],
    [
      'an open quote',
      'a,b\n1,"x\n2,y\n',
      /row 1 \(line 2\), column "b": the quote that opens here is never closed/,
    ],
    ['an open quote in the header', 'a,"b\n1,2\n', /column 2 of the header: the quote/],
    [
      'text after a quote',
      'a,b\n1,"x"y\n',
      /row 1 \(line 2\), column "b": expected the delimiter after the closing quote, given "y"/,
    ],
    ['a NUL byte', 'a,b\n1,x\0y\n', /row 1 \(line 2\), column "b": expected text, given a NUL byte/],
    [
      'Latin-1',
      Buffer.from('a,b\n1,caf\xe9\n', 'latin1'),
      /row 1 \(line 2\), column "b": expected UTF-8, given the byte 0xe9/,
    ],
    [
      'Latin-1 in the header',
      Buffer.from('a,caf\xe9\n1,2\n', 'latin1'),
      /column 2 of the header: expected UTF-8/,
    ],
    [
      'UTF-16 that ends within a character',
      Buffer.from('\ufeffa,b\n1,2\n', 'utf16le').subarray(0, -1),
      /^data\.csv: expected UTF-16, as its byte order mark says/,
    ],
    [
      'a million columns',
      `${'x,'.repeat(999_999)}x\n`,
      /line 1: expected at most 65536 columns, given 1,000,000/,
    ],
    ['a spreadsheet', Buffer.from('PK\x03\x04\x14\0\x06\0[Content_Types].xml'), /given a spreadsheet/],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10]), /given a PNG image/],
  ])('%s', async (_name, content, message) => {
    await expect(readText(content, { name: 'data.csv' })).rejects.toThrow(message);
  });

  it('a quote left open through a very long file', async () => {
    const open = encode(`a,b\n1,"${'x'.repeat(70)}\n${'1,2\n'.repeat(5_000_000)}`);
    await expect(readText(open)).rejects.toThrow(/row 1 \(line 2\).*a quote may be left open/);
  });

  it('options that are none', async () => {
    await expect(readText('a\n1', { delimiter: 'ab' })).rejects.toThrow(/delimiter/);
    await expect(readText('a\n1', { decimal: ',', delimiter: ',' })).rejects.toThrow(
      /other than the decimal/,
    );
    await expect(readText('a\n1', { separator: ';' } as object)).rejects.toThrow(
      /unknown option "separator"/,
    );
    await expect(openTable('a,b' as unknown as Uint8Array)).rejects.toThrow(/expected a Uint8Array, a Blob/);
  });
});
