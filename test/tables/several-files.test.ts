/** Several files as one table: the same rows as in one file, or an error that names the file that differs. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTableFile, openTableFiles, openTableInput, tableName } from '../../src/tables/file.js';
import { prepareTable } from '../../src/tables/prepare.js';
import { rowsOf } from './read.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Files of their own folder. */
async function files(contents: Readonly<Record<string, string>>): Promise<string> {
  const own = await mkdtemp(join(folder, 'own-'));
  for (const [name, text] of Object.entries(contents)) await writeFile(join(own, name), text);
  return own;
}

const line = (i: number) => `${i % 7},${['red', 'blue'][i % 2]},${i % 3 === 0 ? 'yes' : 'no'}\n`;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join('');

it('are prepared as one file of all their rows, but for the rounding of means', async () => {
  const own = await files({
    'part-1.csv': `a,b,y\n${lines(0, 70)}`,
    'part-2.csv': `a,b,y\n${lines(70, 71)}`,
    'part-3.csv': `a,b,y\n${lines(71, 200)}`,
    'notes.txt.md': 'no table',
  });
  await writeFile(join(folder, 'whole.csv'), `a,b,y\n${lines(0, 200)}`);
  const whole = await prepareTable(await openTableFile(join(folder, 'whole.csv')), { target: 'y' });
  const paths = ['part-1.csv', 'part-2.csv', 'part-3.csv'].map((name) => join(own, name));
  for (const given of [paths, own, join(own, 'part-*.csv')]) {
    const table = await openTableFiles(given);
    const { train, validation, test, preparation } = await prepareTable(table, { target: 'y' });
    expect(preparation.split).toEqual(whole.preparation.split);
    expect(preparation.columns[1]).toEqual(whole.preparation.columns[1]);
    for (const [set, expected] of [
      [train, whole.train],
      [validation!, whole.validation!],
      [test!, whole.test!],
    ]) {
      expect(set.labels).toEqual(expected.labels);
      const errors = Array.from(set.inputs, (x, i) => Math.abs(x - expected.inputs[i]));
      expect(Math.max(...errors)).toBeLessThan(1e-6);
    }
  }
});

it('come in the order of their names, or as they are given', async () => {
  const own = await files({ 'p-9.csv': 'x\n9\n', 'p-10.csv': 'x\n10\n', 'p-1.csv': 'x\n1\n' });
  expect(await rowsOf(await openTableFiles(join(own, '*.csv')))).toEqual([[1], [10], [9]]);
  const given = ['p-9.csv', 'p-1.csv'].map((name) => join(own, name));
  const table = await openTableFiles(given);
  expect(await rowsOf(table)).toEqual([[9], [1]]);
  expect(table.notes).toContain('2 files');
});

it('may have their columns in another order', async () => {
  const own = await files({ 'a.csv': 'x,y\n1,u\n', 'b.csv': 'y;x\nv;2\n' });
  expect(await rowsOf(await openTableFiles(own))).toEqual([
    [1, 'u'],
    [2, 'v'],
  ]);
});

it('of other columns or another format are named, the first of them', async () => {
  const a = 'x,y\n1,u\n';
  const cases: [Record<string, string>, (first: string) => string][] = [
    [
      { 'a.csv': a, 'b.csv': a, 'c.csv': 'x,z\n1,2\n', 'd.csv': 'q\n1\n' },
      (first) => `c.csv: expected the columns of ${first}, "x", "y": this one has no "y"; it has "x", "z"`,
    ],
    [
      { 'a.csv': a, 'b.csv': 'x,y,z\n1,2,3\n' },
      (first) => `b.csv: expected the columns of ${first}, "x", "y": this one has "z" besides`,
    ],
    [
      { 'a.csv': a, 'b.csv': '1,u\n2,v\n' },
      (first) => `b.csv: expected the columns of ${first}, "x", "y": this one has no "x"; it has "1", "u"`,
    ],
    [
      { 'a.csv': a, 'b.jsonl': '{"x":1,"y":"u"}\n' },
      (first) => `b.jsonl: expected files of one format: ${first} is csv, and this jsonl`,
    ],
  ];
  for (const [contents, message] of cases) {
    const own = await files(contents);
    await expect(openTableFiles(own)).rejects.toThrow(join(own, message(join(own, 'a.csv'))));
  }
});

it('a cell or a line that is wrong is named with its file', async () => {
  const own = await files({
    'a.csv': `x,y\n${'1.5,u\n2.5,v\n'.repeat(20)}`,
    'b.csv': `x,y\n${'1.5,u\n2.5,v\n'.repeat(20)}3.5,u\noops,v\n`,
  });
  const options = { target: 'y', types: { x: 'number' } } as const;
  await expect(prepareTable(await openTableFiles(own), options)).rejects.toThrow(
    `row 82 (${join(own, 'b.csv')}, line 43), column "x"`,
  );
  const ragged = await files({ 'a.csv': 'x,y\n1,u\n', 'b.csv': 'x,y\n1,u\n2,v,w\n3,u\n' });
  await expect(rowsOf(await openTableFiles(ragged))).rejects.toThrow(
    `${join(ragged, 'b.csv')}: row 2 (line 3)`,
  );
});

it('that are not there are an error', async () => {
  const own = await files({ 'notes.md': '' });
  await mkdir(join(own, 'empty'));
  await expect(openTableFiles(own)).rejects.toThrow(
    `${own}: it is a folder without tables; expected files such as part-1.csv`,
  );
  await expect(openTableFiles(join(own, '*.csv'))).rejects.toThrow('*.csv: no file is called so');
  await expect(openTableFiles(join(own, 'a.csv'))).rejects.toThrow('a.csv: cannot be read: no such file');
  await expect(openTableFiles([])).rejects.toThrow(
    'openTableFiles: paths: expected files, a folder or a pattern, given []',
  );
  await expect(openTableInput(own)).rejects.toThrow('folder without tables');
});

it('have a name without stars', () => {
  expect(['data/part-*.csv', 'data/*.csv', 'data', 'a.b.csv.gz', 'x?.jsonl'].map(tableName)).toEqual([
    'part',
    'tables',
    'data',
    'a',
    'x',
  ]);
});

it('a file that is written between two readings is named', async () => {
  const own = await files({ 'a.csv': 'x,y\n1,u\n2,v\n' });
  const path = join(own, 'a.csv');
  const table = await openTableFile(path);
  expect(await rowsOf(table)).toHaveLength(2);
  await writeFile(path, 'x,y\n1,u\n2,v\n3,w\n');
  await expect(rowsOf(table)).rejects.toThrow(
    `${path}: changed while it was read: it had 12 bytes, and has 16`,
  );
});
