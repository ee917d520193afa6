/**
 * JSON lines, Parquet, NPY and NPZ. The fixtures were written by pyarrow 25.0.1 (the same table three times,
 * two row groups, by `pq.write_table(table, file, compression=…, row_group_size=3)`) and by numpy 2.4's
 * `savez_compressed`.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { type WritableNpy, writeNpy } from '../../src/formats/npy.js';
import { writeNpz } from '../../src/formats/npz.js';
import { openTable } from '../../src/tables/open.js';
import { bytesSource } from '../../src/tables/source.js';
import { type Cell, inPieces, readText, rowsOf } from './read.js';

const fixture = async (name: string) =>
  new Uint8Array(await readFile(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))));

const lines = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n');

describe('JSON lines', () => {
  it('are the objects that were written, wherever the pieces end', async () => {
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => /^[^\d\s+\-.?<#iIn]\S*$/.test(text)),
      fc.constant(null),
    );
    const input = fc.record({
      rows: fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 8 }),
      sizes: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ rows, sizes }) => {
        const missing = ['NA', 'N/A', 'NaN', 'NAN', 'NULL', 'None'];
        fc.pre(!rows.flat().some((cell) => missing.includes(cell as string)));
        const bytes = new TextEncoder().encode(lines(...rows.map(([a, b]) => ({ a, b }))));
        const table = await openTable(inPieces(bytes, sizes));
        expect(table.columns).toEqual(['a', 'b']);
        expect(await rowsOf(table)).toEqual(rows.map((row) => row.map((cell) => cell ?? undefined)));
      }),
    );
  });

  it('may lack keys, and mean by a text what a CSV file means by it', async () => {
    const rows = await readText(lines({ a: '3', b: true }, { a: 'NA' }, {}, { b: 'x', a: null }));
    expect(rows).toEqual([
      [3, 'true'],
      [undefined, undefined],
      [undefined, undefined],
      [undefined, 'x'],
    ]);
  });

  it('may be one array', async () => {
    expect(await readText(' [\n {"a": 1}, {"b": "x"}]')).toEqual([
      [1, undefined],
      [undefined, 'x'],
    ]);
  });

  it('may have a key that comes late', async () => {
    const early = Array.from({ length: 1500 }, (_, a) => ({ a }));
    const rows = await readText(lines(...early, { a: 1, b: 'x' }));
    expect(rows[0]).toEqual([0, undefined]);
    expect(rows[1500]).toEqual([1, 'x']);
  });

  it.each<[string, string, RegExp]>([
    ['broken JSON', '{"a":1}\n{"a":\n', /^data\.csv: line 2: not JSON/],
    ['a list as a row', '{"a":1}\n[1]\n', /^data\.csv: line 2: expected an object/],
    [
      'a nested object',
      '{"a":1}\n{"a":{"b":2}}\n',
      /row 2 \(line 2\), column "a": expected a number, a text/,
    ],
    ['an empty array', '[]', /expected rows, given none/],
    ['numbers in an array', '[{"a":1}, 5]', /row 2: expected an object/],
    ['a broken array', '[{"a":1},', /not JSON/],
    ['objects without keys', '{}\n{}', /expected columns, given objects without keys/],
  ])('refuses %s', async (_name, text, message) => {
    await expect(readText(text)).rejects.toThrow(message);
  });
});

describe('Parquet', () => {
  it.each(['zstd', 'gzip', 'snappy'])('of pyarrow, %s', async (codec) => {
    const table = await openTable(await fixture(`pyarrow-${codec}.parquet`), { name: 'a.parquet' });
    expect(table).toMatchObject({ format: 'parquet', columns: ['n', 'i', 's', 'b', 'd', 't'] });
    const expected: Cell[][] = [
      [1.5, 1, 'a', 'true', '2024-01-31', '2024-01-31T12:30:00.000Z'],
      [undefined, 2, 'b', 'false', undefined, undefined],
      [-3.25, 3, undefined, undefined, '2023-02-28', undefined],
      [4, 4, 'é', 'true', '1969-12-31', '2020-02-29'],
    ];
    expect(await rowsOf(table)).toEqual(expected);
  });

  it('of more rows than a chunk, in row groups', async () => {
    const x = Array.from({ length: 100_000 }, (_, i) => i / 4);
    const s = x.map((value) => `t${value % 5}`);
    const file = parquetWriteBuffer({
      columnData: [
        { name: 'x', data: x, type: 'DOUBLE' },
        { name: 's', data: s, type: 'STRING' },
      ],
      rowGroupSize: 30_000,
    });
    const rows = await rowsOf(await openTable(new Uint8Array(file)));
    expect(rows).toEqual(x.map((value, i) => [value, s[i]]));
  });

  it('that is damaged is refused', async () => {
    const bytes = await fixture('pyarrow-zstd.parquet');
    await expect(openTable(bytes.subarray(0, 500), { name: 'a.parquet' })).rejects.toThrow(
      /^a\.parquet: not a Parquet file that can be read/,
    );
    const spoilt = bytes.slice();
    spoilt.fill(0xff, 4, 200);
    const read = openTable(spoilt, { name: 'a.parquet' }).then(rowsOf);
    await expect(read).rejects.toThrow(/^a\.parquet: not a Parquet file that can be read/);
  });

  it('with lists in a column is refused where they are', async () => {
    const file = parquetWriteBuffer({
      columnData: [{ name: 'j', data: [{ a: 1 }, { a: 2 }], type: 'JSON' }],
    });
    const read = openTable(new Uint8Array(file), { name: 'a.parquet' }).then(rowsOf);
    await expect(read).rejects.toThrow(/row 1, column "j": expected a number, a text, a date or nothing/);
  });
});

describe('NPY in parts', () => {
  it('is never read at once, and gives what it holds', async () => {
    const data = Float64Array.from({ length: 3 * 100_000 }, (_, i) => (i % 1009) / 8);
    const bytes = writeNpy({ dtype: 'float64', shape: [100_000, 3], data });
    let most = 0;
    const source = bytesSource(bytes, 'a.npy');
    const table = await openTable({
      ...source,
      slice: (begin: number, end: number) => {
        most = Math.max(most, end - begin);
        return source.slice(begin, end);
      },
    });
    expect((await rowsOf(table)).flat()).toEqual([...data]);
    expect(most).toBeLessThan(bytes.length / 2);
  });

  it('and whole where it is column-major', async () => {
    const bytes = writeNpy({ dtype: 'float64', shape: [3, 2], data: Float64Array.of(1, 3, 5, 2, 4, 6) });
    const text = Buffer.from(bytes)
      .toString('latin1')
      .replace("'fortran_order': False", "'fortran_order': True ");
    const rows = await readText(Buffer.from(text, 'latin1'));
    expect(rows).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  it('too short or too long is refused before a row is read', async () => {
    const bytes = writeNpy({ dtype: 'int32', shape: [4, 2], data: new Int32Array(8) });
    for (const damaged of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.alloc(1)])]) {
      await expect(openTable(damaged, { name: 'a.npy' })).rejects.toThrow(
        /a\.npy: the file (is too short|has trailing bytes): int32 \[4, 2\] needs 32 bytes of data, given 3[13]/,
      );
    }
  });
});

describe('NPY and NPZ', () => {
  it('of numpy', async () => {
    const table = await openTable(await fixture('numpy.npz'));
    expect(table).toMatchObject({ format: 'npz', columns: ['X.1', 'X.2', 'y', 'ok'] });
    expect(await rowsOf(table)).toEqual([
      [1, 2, 'a', 'true'],
      [3, 4, 'b', 'false'],
      [5.5, undefined, 'a', 'true'],
    ]);
  });

  it('a matrix has numbered columns, a vector one', async () => {
    const matrix = writeNpy({ dtype: 'int64', shape: [2, 2], data: BigInt64Array.of(1n, 2n, 3n, 4n) });
    const table = await openTable(matrix);
    expect(table.columns).toEqual(['column1', 'column2']);
    expect(await rowsOf(table)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    const vector = writeNpy({ dtype: 'float32', shape: [2], data: Float32Array.of(0.5, 1) });
    expect(await rowsOf(await openTable(vector))).toEqual([[0.5], [1]]);
  });

  it('refuses shapes that are no table', async () => {
    const one = { dtype: 'float32', shape: [1], data: Float32Array.of(1) } as const;
    const two = { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } as const;
    const cube = { dtype: 'float32', shape: [1, 1, 1], data: Float32Array.of(1) } as const;
    const none = { dtype: 'float32', shape: [0, 3], data: new Float32Array(0) } as const;
    await expect(openTable(writeNpy(cube), { name: 'a.npy' })).rejects.toThrow(/a\.npy: expected a matrix/);
    await expect(openTable(writeNpy(none))).rejects.toThrow(/expected rows, given none/);
    const arrays = writeNpz(
      new Map<string, WritableNpy>([
        ['X', two],
        ['y', one],
      ]),
    );
    await expect(openTable(arrays)).rejects.toThrow(/equally many rows, given X \[2\], y \[1\]/);
    await expect(openTable(writeNpz(new Map()))).rejects.toThrow();
  });
});
