/** Tables larger than memory: what streams is what is in memory, bit by bit, and nothing is left on the disk. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import type { RandomAccess, StreamedDataset } from '../../src/data/stream.js';
import { openTableFile } from '../../src/tables/file.js';
import { openTable } from '../../src/tables/open.js';
import { type PrepareOptions, prepareTable } from '../../src/tables/prepare.js';
import { streamTable } from '../../src/tables/stream-table.js';
import type { Table } from '../../src/tables/types.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-stream-'));
});
afterAll(() => rm(folder, { recursive: true }));

const KINDS = ['a', 'b', 'c', 'd'];
function textOf(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const size = ((i * 7919) % 1013) / 7;
    return `${size},${KINDS[(i * 31) % 4]},${i % 11 === 0 ? '' : i % 5},${size > 70 ? 'large' : 'small'}`;
  });
  return ['size,kind,some,y', ...lines].join('\n');
}

/** All rows of a set that streams. */
async function rowsOf(set: StreamedDataset) {
  const { chunks, read } = set.source as RandomAccess & { chunks: readonly number[] };
  const inputs: number[] = [];
  const answers: number[] = [];
  for (const [index, rows] of chunks.entries()) {
    const chunk = await read(index, { signal: new AbortController().signal });
    const own = (chunk.labels ?? chunk.targets) as ArrayLike<number>;
    expect(own.length).toBe(rows);
    inputs.push(...(chunk.inputs as Float32Array));
    answers.push(...Array.from(own));
  }
  return { inputs, answers };
}

async function expectSame(streamed: StreamedDataset | undefined, set: Dataset | undefined): Promise<void> {
  expect(streamed?.size).toBe(set?.size);
  if (!streamed || !set) return;
  const { inputs, answers } = await rowsOf(streamed);
  expect(inputs).toEqual([...set.inputs]);
  expect(answers).toEqual([...(set.targets ?? set.labels)]);
  const { name, width, classes, classNames, targetNames } = set;
  expect(streamed).toMatchObject({ name, width, classes });
  expect([streamed.classNames, streamed.targetNames]).toEqual([classNames, targetNames]);
}

const tableOf = (rows: number): Promise<Table> =>
  openTable(new TextEncoder().encode(textOf(rows)), { name: 'data.csv' });

describe('the rows that stream are those in memory', () => {
  const cases: [string, PrepareOptions][] = [
    ['of classes', { target: 'y' }],
    ['of a number', { target: 'size', seed: 3 }],
    ['of a sample, some without a target', { target: 'some', sample: 0.5, dropMissingTarget: true }],
    ['without validation', { target: 'y', validation: 0 }],
  ];
  it.each(cases)('%s', async (_, options) => {
    const table = await tableOf(70_000);
    const memory = await prepareTable(table, options);
    // Chunks of some 500 rows.
    const streamed = await streamTable(table, { ...options, memory: 2 ** 20, spillFolder: folder });
    const { chunks } = streamed.train.source as { chunks: readonly number[] };
    expect(chunks.length).toBeGreaterThan(10);
    expect(streamed.train.window).toBeLessThan(streamed.train.size!);
    expect(await readdir(folder)).toEqual([]);
    await expectSame(streamed.train, memory.train);
    await expectSame(streamed.validation, memory.validation);
    await expectSame(streamed.test, memory.test);
    expect(streamed.preparation).toEqual(memory.preparation);
    expect(streamed.summary).toEqual(memory.summary);
    await streamed.close();
    await streamed.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it('and have an identity of their own', async () => {
    const identities = [];
    for (const [rows, seed] of [
      [300, 1],
      [300, 1],
      [300, 2],
      [340, 1],
    ]) {
      const streamed = await streamTable(await tableOf(rows), { target: 'y', seed });
      identities.push(streamed.train.identity);
      await streamed.close();
    }
    expect(identities[0]).toMatch(/^[\da-f]{64}$/);
    expect(identities[1]).toBe(identities[0]);
    expect(new Set(identities).size).toBe(3);
  });
});

describe('what goes wrong is named, and leaves nothing behind', () => {
  it('a row of another length in the middle of the file', async () => {
    const path = join(folder, 'ragged.csv');
    await writeFile(path, `${textOf(30_000)}\n1,a,2\n${textOf(10).split('\n').slice(1).join('\n')}\n`);
    await expect(
      streamTable(await openTableFile(path), { target: 'y', spillFolder: folder }),
    ).rejects.toThrow(/ragged\.csv: row 30001 \(line 30002\)/);
    await rm(path);
    expect(await readdir(folder)).toEqual([]);
  });

  it('a file that changes between the two readings', async () => {
    const path = join(folder, 'changing.csv');
    await writeFile(path, textOf(5000));
    const table = await openTableFile(path);
    let readings = 0;
    const changing: Table = {
      ...table,
      async *chunks(options) {
        if (++readings === 2) await writeFile(path, textOf(4000));
        yield* table.chunks(options);
      },
    };
    await expect(streamTable(changing, { target: 'y', spillFolder: folder })).rejects.toThrow(
      /changing\.csv: changed while it was read: it had \d+ bytes, and has \d+/,
    );
    expect(await readdir(folder)).toEqual(['changing.csv']);
    await rm(path);
  });

  it('a source that ends earlier, or has more, the second time', async () => {
    for (const more of [-1, 1]) {
      const tables = [await tableOf(40_000), await tableOf(40_000 + more * 33_000)];
      const table: Table = { ...tables[0], chunks: (options) => tables[readings++].chunks(options) };
      let readings = 0;
      const attempt = streamTable(table, { target: 'y', spillFolder: folder });
      await expect(attempt).rejects.toThrow('data.csv: the table changed while it was read');
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('a source that throws', async () => {
    const table = await tableOf(100);
    const cause = new Error('the line is dead');
    let readings = 0;
    const failing: Table = {
      ...table,
      async *chunks(options) {
        if (++readings === 2) throw cause;
        yield* table.chunks(options);
      },
    };
    await expect(streamTable(failing, { target: 'y', spillFolder: folder })).rejects.toBe(cause);
    expect(await readdir(folder)).toEqual([]);
  });

  it('options that are none', async () => {
    const table = await tableOf(100);
    const refused = async (options: object, message: string) =>
      expect(streamTable(table, options as never)).rejects.toThrow(message);
    await refused({ target: 'y', memory: 100 }, 'streamTable: option memory: expected a whole number');
    await refused({ target: 'y', memory: '1G' }, 'option memory');
    await refused({ target: 'y', spillFolder: 3 }, 'option spillFolder: expected a string');
    await refused({ target: 'y', spill: 3 }, 'unknown option "spill"');
    await refused({ target: 'z' }, 'has no column "z"');
    await refused(
      { target: 'y', spillFolder: join(folder, 'none') },
      'expected a folder for temporary files',
    );
  });
});
