/**
 * Parquet files that say of themselves what is not so: each is refused at once, by an error that says what.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { FileMetaData } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { LanegradError } from '../../src/base/errors.js';
import { openTable } from '../../src/tables/open.js';
import { levelsOf, onePage, type Page, varint, withFooter } from './parquet-parts.js';
import { rowsOf } from './read.js';

const read = async (bytes: Uint8Array) => rowsOf(await openTable(bytes, { name: 'a.parquet' }));

/** 50 rows in groups of 10, columns x and s. */
const plain = () =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'x', data: Array.from({ length: 50 }, (_, i) => i / 4), type: 'DOUBLE' },
        { name: 's', data: Array.from({ length: 50 }, (_, i) => `t${i % 3}`), type: 'STRING' },
      ],
      rowGroupSize: 10,
    }),
  );

describe('the footer', () => {
  it('is believed when it is true', async () => {
    expect(await read(withFooter(plain(), () => {}))).toHaveLength(50);
  });

  it.each<[string, (metadata: FileMetaData) => void, RegExp]>([
    [
      'rows that are not there',
      ({ row_groups: groups }) => groups.pop(),
      /^a\.parquet: its footer promises 50 rows, its row groups have 40: the file is damaged$/,
    ],
    [
      'a group without a column',
      ({ row_groups: groups }) => groups[2].columns.pop(),
      /^a\.parquet: row group 3 lacks the column "s"$/,
    ],
    [
      'a group of more rows than its columns have values',
      (metadata) => {
        metadata.row_groups[1].num_rows = 11n;
        metadata.num_rows = 51n;
      },
      /row group 2 has 10 values in column "x", but 11 rows/,
    ],
    [
      'columns of more values than there are',
      (metadata) => {
        metadata.row_groups[1].num_rows = 11n;
        metadata.num_rows = 51n;
        for (const { meta_data: meta } of metadata.row_groups[1].columns) if (meta) meta.num_values = 11n;
      },
      /column "x" is damaged: 10 values, where there are 11 rows/,
    ],
    [
      'more rows than bytes can hold',
      (metadata) => {
        for (const group of metadata.row_groups) {
          group.num_rows = 10_000_000_000n;
          for (const { meta_data: meta } of group.columns) if (meta) meta.num_values = group.num_rows;
        }
        metadata.num_rows = 50_000_000_000n;
      },
      /row group 1 promises 20000000000 cells in \d+ bytes, more than can be believed/,
    ],
    [
      'a column beyond the file',
      ({ row_groups: [{ columns }] }) => {
        columns[0].meta_data!.data_page_offset = 1_000_000n;
      },
      /row group 1 has the column "x" beyond the file/,
    ],
    [
      'the same bytes for all groups',
      ({ row_groups: groups }) => {
        for (const { columns } of groups) {
          for (const { meta_data: meta } of columns) {
            meta!.data_page_offset = 4n;
            meta!.total_compressed_size = 600n;
          }
        }
      },
      /its columns have 6000 bytes, more than the file/,
    ],
  ])('with %s is refused', async (_name, change, message) => {
    await expect(read(withFooter(plain(), change))).rejects.toThrow(message);
  });

  it('that promises a long list, or is cut off, is refused', async () => {
    const tail = Uint8Array.of(0x19, 0xf8, 0xff, 0xff, 0xff, 0xff, 0x07, 7, 0, 0, 0, 80, 65, 82, 49);
    const bytes = Buffer.concat([new TextEncoder().encode('PAR1'), tail]);
    await expect(read(bytes)).rejects.toThrow(/its footer: a list of 2147483647 where fewer bytes are left/);
    await expect(read(plain().subarray(0, 300))).rejects.toThrow(/it does not end as one/);
  });

  it('with a name given twice is refused', async () => {
    const columns = ['x', 'y', 'x'].map((name) => ({ name, data: [1, 2], type: 'INT32' as const }));
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData: columns }));
    await expect(read(bytes)).rejects.toThrow(/two columns are called "x"/);
  });

  it('of many columns takes time by their number', async () => {
    const names = Array.from({ length: 4000 }, (_, i) => `c${i}`);
    const bytes = new Uint8Array(
      parquetWriteBuffer({ columnData: names.map((name, i) => ({ name, data: [i], type: 'INT32' })) }),
    );
    expect(await read(bytes)).toEqual([names.map((_, i) => i)]);
  });
});

describe('a page', () => {
  const levels = levelsOf(...varint(200), 1);
  const values = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 7 : 0));

  it('is believed when it is true', async () => {
    const rows = await read(onePage({ content: [...levels, ...values] }));
    expect(rows).toEqual(Array.from({ length: 100 }, () => [7]));
  });

  it.each<[string, Page, RegExp]>([
    [
      'a run of a billion values',
      { content: levelsOf(...varint(2_000_000_000), 1) },
      /column "x" is damaged: a run of 1000000000 values where 100 are left/,
    ],
    [
      'a billion packed values',
      { content: levelsOf(...varint(250_000_001), 1) },
      /1000000000 packed values in 9 bytes/,
    ],
    [
      'places of no width in a dictionary',
      { optional: false, data: { field_2: 8 }, content: [0, ...varint(1001)] },
      /a page of places in a dictionary that is not there/,
    ],
    [
      'more values than rows',
      { data: { field_1: 2_000_000_000 }, content: [...levels, ...values] },
      /2000000000 values and more, where there are 100 rows/,
    ],
    ['fewer bytes than values', { content: [...levels, 1, 2, 3] }, /a page of 100 values in 3 bytes/],
    ['levels longer than itself', { content: [99, 0, 0, 0, 1] }, /a page whose levels are longer than it/],
    [
      'a compressed content that is too long to be true',
      { codec: 'GZIP', header: { field_2: 2_000_000_000 }, content: [1, 2, 3] },
      /its pages hold 2000000000 bytes and more, too many for a file of this size/,
    ],
    [
      'a length beyond the column',
      { header: { field_3: 1_000_000 }, content: [1] },
      /a page ends beyond its column/,
    ],
    [
      'an encoding that is none',
      { data: { field_2: 77 }, content: [...levels, 1] },
      /values in the encoding 77, which is not known here/,
    ],
    ['a type that is none', { header: { field_1: 9 }, content: [] }, /a page of the unknown type 9/],
    [
      'differences in blocks without groups',
      { optional: false, data: { field_2: 5 }, content: [...varint(128), 0, 100, 0, 0, 0] },
      /differences of values in blocks of 128 in 0 groups/,
    ],
    [
      'a difference of a million bytes',
      {
        optional: false,
        type: 'INT64',
        data: { field_2: 5 },
        content: [...varint(128), 4, 100, ...new Array<number>(100_000).fill(0x80)],
      },
      /differences of values: a number of more than ten bytes/,
    ],
    [
      'texts that end too early',
      { type: 'BYTE_ARRAY', content: [...levels, ...new Array<number>(400).fill(1)] },
      /it is damaged, or of a kind that is not known here/,
    ],
  ])('with %s is refused', async (_name, page, message) => {
    await expect(read(onePage(page))).rejects.toThrow(message);
  });
});

it('any byte that is wrong leads to an error of ours, or to other values', async () => {
  const files = ['zstd', 'gzip', 'snappy'].map((codec) => `fixtures/pyarrow-${codec}.parquet`);
  for (const file of files) {
    const bytes = new Uint8Array(await readFile(fileURLToPath(new URL(file, import.meta.url))));
    // Every place, each in another way.
    for (let at = 4; at < bytes.length; at += 7) {
      const spoilt = bytes.slice();
      spoilt[at] ^= 1 << (at % 8);
      if (at % 5 === 0) spoilt.fill(0xff, at, at + 4);
      const error: unknown = await read(spoilt).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error === undefined) continue;
      expect(error, `byte ${at}`).toBeInstanceOf(LanegradError);
      expect((error as Error).message).not.toMatch(/undefined|NaN/);
    }
  }
});
