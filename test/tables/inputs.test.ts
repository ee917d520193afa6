/** What a table is opened from, what else delimited text may be like, and how a model remembers it. */
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/formats/npy.js';
import { openTableFile } from '../../src/tables/file.js';
import { openTable } from '../../src/tables/open.js';
import { type PreparedTable, prepareTable } from '../../src/tables/prepare.js';
import type { Table } from '../../src/tables/types.js';
import { inPieces, readText, rowsOf } from './read.js';

const encode = (text: string) => new TextEncoder().encode(text);
const CSV = 'a,b\n1,x\n2,y\n';
const ROWS = [
  [1, 'x'],
  [2, 'y'],
];

function utf16(text: string, order: 'le' | 'be'): Uint8Array {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
}

describe('a table is opened from', () => {
  it('an ArrayBuffer, and arrays of another realm', async () => {
    expect(await rowsOf(await openTable(encode(CSV).buffer))).toEqual(ROWS);
    const foreign = runInNewContext('Uint8Array.from(codes)', { codes: [...encode(CSV)] }) as Uint8Array;
    expect(foreign instanceof Uint8Array).toBe(false);
    expect(await rowsOf(await openTable(foreign))).toEqual(ROWS);
    expect(await rowsOf(await openTable(foreign.buffer as ArrayBuffer))).toEqual(ROWS);
  });

  it('a stream of the web, of Node, and anything that gives bytes in turn', async () => {
    const bytes = encode(CSV);
    expect(await rowsOf(await openTable(new Blob([bytes]).stream()))).toEqual(ROWS);
    expect(await rowsOf(await openTable(Readable.from([bytes.subarray(0, 5), bytes.subarray(5)])))).toEqual(
      ROWS,
    );
    async function* pieces() {
      // One buffer that is used again.
      const buffer = new Uint8Array(3);
      for (let at = 0; at < bytes.length; at += 3) {
        const piece = bytes.subarray(at, at + 3);
        buffer.set(piece);
        yield buffer.subarray(0, piece.length);
      }
    }
    const table = await openTable(pieces(), { name: 'streamed' });
    // As often as wanted, although the stream is at its end.
    expect(await rowsOf(table)).toEqual(ROWS);
    expect(await rowsOf(table)).toEqual(ROWS);
    expect(table.name).toBe('streamed');
    const packed = new Uint8Array(
      parquetWriteBuffer({ columnData: [{ name: 'x', data: [1.5, 2], type: 'DOUBLE' }] }),
    );
    expect(await rowsOf(await openTable(new Blob([packed]).stream()))).toEqual([[1.5], [2]]);
    await expect(openTable(Readable.from(['a,b\n']) as unknown as Blob)).rejects.toThrow(
      /openTable: expected a stream of bytes, given one of "a,b\\n"/,
    );
  });

  it('rows in memory', async () => {
    const rows = [
      { a: 1, b: 'x' },
      { a: 2n, c: true },
      { b: null, c: undefined, d: new Date('2024-02-29') },
    ];
    const table = await openTable(rows, { name: 'rows' });
    expect(table).toMatchObject({ name: 'rows', format: 'rows', columns: ['a', 'b', 'c', 'd'] });
    expect(await rowsOf(table)).toEqual([
      [1, 'x', undefined, undefined],
      [2, undefined, 'true', undefined],
      [undefined, undefined, undefined, '2024-02-29'],
    ]);
    await expect(openTable([])).rejects.toThrow(/expected rows, given none/);
    await expect(openTable([{ a: 1 }, 5 as unknown as object])).rejects.toThrow(
      /row 2: expected an object such as \{ age: 31 \}, given 5/,
    );
  });

  it.each(['le', 'be'] as const)('UTF-16, %s', async (order) => {
    const bytes = utf16('a,b\n1,é漢🌷\n', order);
    expect(await rowsOf(await openTable(inPieces(bytes, [3, 1])))).toEqual([[1, 'é漢🌷']]);
    expect(await rowsOf(await openTable(gzipSync(bytes)))).toEqual([[1, 'é漢🌷']]);
    expect(await readText(utf16('{"a":1}\n{"a":"é"}\n', order))).toEqual([[1], ['é']]);
  });

  it('gzip, and no file stays open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lanegrad-inputs-'));
    const path = join(folder, 'a.csv.gz');
    const text = `a,b\n${Array.from({ length: 50_000 }, (_, i) => `${Math.sin(i)},${(i * 7919) % 1000}`).join('\n')}`;
    await writeFile(path, gzipSync(text));
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 5; i++) {
      const table = await openTableFile(path);
      for await (const chunk of table.chunks()) {
        expect(chunk.rows).toBeGreaterThan(0);
        break;
      }
    }
    expect(readdirSync('/proc/self/fd').length).toBe(before);
    await rm(folder, { recursive: true });
  });
});

describe('delimited text', () => {
  it('may have comments, wherever the pieces of the file end', async () => {
    const text = '# made by hand\n#\na,b\n1,x\n# 3,4\n\n2,#y\n#end';
    for (const size of [1, 2, 5, 100]) {
      const table = await openTable(inPieces(encode(text.replaceAll('\n', '\r\n')), [size]), {
        comment: '#',
      });
      expect(table.columns).toEqual(['a', 'b']);
      expect(await rowsOf(table)).toEqual([
        [1, 'x'],
        [2, '#y'],
      ]);
    }
    const late = readText('a,b\n# note\n1\n', { comment: '#' });
    await expect(late).rejects.toThrow(/row 1 \(line 3\): expected 2 cells/);
    await expect(readText(CSV, { comment: 'a' })).rejects.toThrow(
      /comment: expected one character such as #/,
    );
    await expect(readText(CSV, { comment: ',' })).rejects.toThrow(/a delimiter other than the comment's ","/);
  });

  it('may say its delimiter first, as spreadsheets do', async () => {
    expect(await readText('sep=;\na;b\n1;x,y\n')).toEqual([[1, 'x,y']]);
    expect(await readText('\ufeffsep=|\r\na|b\r\n1|2\r\n')).toEqual([[1, 2]]);
    await expect(readText('sep=;\na;b\n1\n')).rejects.toThrow(/row 1 \(line 3\): expected 2 cells/);
    // A column of that name is one.
    expect(await readText('sep=x,b\n1,2\n')).toEqual([[1, 2]]);
  });

  it.each([
    ['in each row', 'a,b\n1,x,\n2,y,\n'],
    ['in the header too', 'a,b,\n1,x,\n2,y,\n'],
    ['in the header alone', 'a,b,\n1,x\n2,y\n'],
    ['in the header and some rows', 'a;b;\n1;x\n2;y;'],
  ])('may have a delimiter after the last cell %s', async (_where, text) => {
    const table = await openTable(inPieces(encode(text), [2]));
    expect(table.columns).toEqual(['a', 'b']);
    expect(await rowsOf(table)).toEqual(ROWS);
  });

  it('has no cell more than the header otherwise', async () => {
    await expect(readText('a,b\n1,x,\n2,y,z\n')).rejects.toThrow(
      /row 1 \(line 2\): expected 2 cells.*given 3/,
    );
    await expect(readText('a,b\n1,x\n2,y,\n')).rejects.toThrow(/row 2 \(line 3\): expected 2 cells.*given 3/);
    const many = `a,b\n${'1,x,\n'.repeat(2000)}`;
    await expect(readText(`${many}1,x,y\n`)).rejects.toThrow(/row 2001 \(line 2002\): expected 2 cells/);
  });

  it('with decimal commas is not cut at them', async () => {
    const table = await openTable(encode('a;b\n1,5;2,5\n'), { decimal: ',' });
    expect(table.reading).toEqual({ delimiter: ';', decimal: ',', header: true });
    expect(await rowsOf(table)).toEqual([[1.5, 2.5]]);
    expect(await readText('x\n1,5\n-2,25\n', { decimal: ',' })).toEqual([[1.5], [-2.25]]);
  });
});

describe('a column of lists or objects', () => {
  const rows = Array.from({ length: 60 }, (_, i) => ({ x: i % 7, tags: ['a', i], y: i % 2 }));

  it('is dropped, and the others are read', async () => {
    const { summary, preparation } = await prepareTable(await openTable(rows), { target: 'y' });
    expect(summary.columns).toMatchObject([
      { name: 'x', kind: 'number' },
      { name: 'tags', kind: 'dropped' },
    ]);
    expect(preparation.dropped).toEqual([{ name: 'tags', reason: 'it holds lists or objects' }]);
    const asked = await prepareTable(await openTable(rows), { target: 'y', types: { tags: 'drop' } });
    expect(asked.preparation.dropped).toEqual([{ name: 'tags', reason: 'as asked' }]);
  });

  it('cannot be used, nor read in silence', async () => {
    const table = await openTable(rows, { name: 'data' });
    const message =
      /data: row 1, column "tags": expected a number, a text, a date or nothing, given \["a", 0\]/;
    await expect(prepareTable(table, { target: 'y', types: { tags: 'category' } })).rejects.toThrow(message);
    await expect(prepareTable(table, { target: 'tags' })).rejects.toThrow(message);
    for await (const { columns } of table.chunks()) {
      expect(columns[1].nested).toEqual({ index: 0, given: '["a", 0]', only: true });
      expect(() => columns[1].numbers).toThrow(message);
      expect(() => columns[1].texts).toThrow(message);
      expect(columns[0].nested).toBeUndefined();
    }
  });

  it('that holds numbers as well is a mistake, unless it is dropped', async () => {
    const mixed = rows.map((row, i) => ({ ...row, tags: i === 40 ? [1] : i }));
    const table = await openTable(mixed);
    await expect(prepareTable(table, { target: 'y' })).rejects.toThrow(
      /row 41, column "tags": expected a number, .* given \[1\]/,
    );
    const { preparation } = await prepareTable(table, { target: 'y', types: { tags: 'drop' } });
    expect(preparation.columns.map(({ name }) => name)).toEqual(['x']);
  });
});

describe('a model remembers how its file was read', () => {
  const lines = Array.from({ length: 60 }, (_, i) => `${i % 7},5;${['oak', 'elm'][i % 2]}`);
  const prepared = async (table: Table, target: string): Promise<PreparedTable> =>
    prepareTable(table, { target });

  it('and reads the same file again, and others as they look', async () => {
    const bytes = encode(`size;kind\n${lines.join('\n')}\n`);
    const { preparation } = await prepared(await openTable(bytes, { decimal: ',' }), 'kind');
    expect(preparation.reading).toEqual({ delimiter: ';', decimal: ',', header: true });
    const like = JSON.parse(JSON.stringify(preparation)) as typeof preparation;
    expect((await rowsOf(await openTable(bytes, { like })))[1]).toEqual([1.5, 'elm']);
    const tabbed = encode('kind\tsize\noak\t3,5\n');
    expect(await rowsOf(await openTable(tabbed, { like }))).toEqual([['oak', 3.5]]);
    const points = encode('size,kind\n3.5,oak\n');
    expect(await rowsOf(await openTable(points, { like, decimal: '.' }))).toEqual([[3.5, 'oak']]);
    const other = await openTable([{ size: 1.5 }], { like });
    expect(await rowsOf(other)).toEqual([[1.5]]);
    await expect(openTable(bytes, { like: {} as typeof preparation })).rejects.toThrow(
      /option like: expected/,
    );
  });

  it('with a header that looks like data, or none that looks like one', async () => {
    const numbered = encode(
      `0,1\n${Array.from({ length: 40 }, (_, i) => `${(i * 7) % 10},${i % 2}`).join('\n')}\n`,
    );
    const { preparation } = await prepared(await openTable(numbered, { header: true }), '1');
    const table = await openTable(numbered, { like: preparation });
    expect(table.columns).toEqual(['0', '1']);
    expect(await rowsOf(table)).toHaveLength(40);

    const bare = encode(`${lines.map((line) => line.replace(',', '.')).join('\n')}\n`);
    const headless = await prepared(await openTable(bare, { header: false }), 'column2');
    expect(await rowsOf(await openTable(bare, { like: headless.preparation }))).toHaveLength(60);
    const inputs = encode('1.5;x\n2.5;y\n');
    expect(await rowsOf(await openTable(inputs, { like: headless.preparation }))).toHaveLength(2);
  });
});

describe('time and memory', () => {
  it('are given only to lines and rows that end', async () => {
    const behind = (start: string, mebibytes: number) =>
      gzipSync(Buffer.concat([Buffer.from(start), Buffer.alloc(mebibytes * 2 ** 20, 'x')]), { level: 1 });
    await expect(openTable(behind('', 6))).rejects.toThrow(/the header is longer than 4194304 bytes/);
    for (const [start, mebibytes, message] of [
      ['a,b\n1,', 24, /row 1 \(line 2\): a record has more than 16777216 bytes/],
      ['{"a":"', 80, /line 1: expected at most 67108864 bytes/],
      ['[{"a":"', 80, /expected rows of at most 67108864 bytes/],
    ] as const) {
      const read = openTable(behind(start, mebibytes)).then(rowsOf);
      await expect(read).rejects.toThrow(message);
    }
  });

  it('are not for brackets within brackets', async () => {
    const brackets = '['.repeat(5_000_000);
    const depth = /expected at most 500 brackets within each other/;
    await expect(readText(`{"a":${brackets}\n`)).rejects.toThrow(depth);
    await expect(readText(`[{"a":${brackets}\n`)).rejects.toThrow(depth);
    await expect(readText(brackets)).rejects.toThrow(/the header is longer/);
    const nested = `${'['.repeat(400)}${']'.repeat(400)}`;
    const table = await openTable(encode(`{"a":${nested},"b":1}`));
    for await (const { columns } of table.chunks()) expect(columns[1].numbers[0]).toBe(1);
  });

  it('grow with an array of JSON as with its lines', async () => {
    const text = `[${'{"a":1,"b":[2]},'.repeat(300_000)}{"a":2}]`;
    const table = await openTable(gzipSync(text));
    let rows = 0;
    for await (const chunk of table.chunks()) rows += chunk.rows;
    expect(rows).toBe(300_001);
    for (const [broken, message] of [
      ['[{"a":1},,{"a":2}]', /not JSON/],
      ['[{"a":1},]', /after row 1: not JSON|not JSON/],
      ['[{"a":1}} ', /not JSON: expected \] where the array ends/],
      ['[{"a":1}] x', /the file goes on behind its array/],
      ['[{"a":"]', /not JSON: the array is not closed/],
    ] as const) {
      await expect(readText(broken), broken).rejects.toThrow(message);
    }
  });

  it('are not for rows that all have keys of their own', async () => {
    const text = Array.from({ length: 6000 }, (_, i) => `{"k${i}":1}`).join('\n');
    await expect(readText(text)).rejects.toThrow(
      /given 6000 rows of 6000 keys, of which only 6000 cells are there/,
    );
  });

  it('grow with the columns of wide tables', async () => {
    const width = 65_536;
    const matrix = writeNpy({ dtype: 'int8', shape: [1, width], data: new Int8Array(width) });
    expect((await rowsOf(await openTable(matrix)))[0]).toHaveLength(width);
    const row = Object.fromEntries(Array.from({ length: width }, (_, i) => [`c${i}`, i]));
    expect((await rowsOf(await openTable([row])))[0]).toHaveLength(width);
  });
});
