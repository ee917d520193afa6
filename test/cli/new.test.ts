/** `lanegrad new`: what it writes, and what it refuses. That the projects run is in new.long.test.ts. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lanegrad, lastObject } from './command.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-new-'));
  await writeFile(join(root, 'own.tsv'), 'size\tgood "one"\n1\tyes\n2\tno\n');
});
afterAll(() => rm(root, { recursive: true }));

const packageOf = async (folder: string) =>
  JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;

test('a project has a package, a script, a README of about ten lines and what git ignores', async () => {
  const { code, stdout, stderr } = await lanegrad(root, ['new', 'My First!']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe('My First!: 4 files. Next:\n  cd My First!\n  npm install\n  npm start\n');
  const files = (await readdir(join(root, 'My First!'))).sort();
  expect(files).toEqual(['.gitignore', 'README.md', 'package.json', 'train.js']);
  expect(await packageOf('My First!')).toMatchObject({
    name: 'my-first',
    scripts: { start: 'node train.js' },
  });
  const readme = await readFile(join(root, 'My First!', 'README.md'), 'utf8');
  expect(readme.split('\n').length).toBeLessThanOrEqual(12);
});

test('a table of the user is copied, and its target is in the script', async () => {
  const args = ['new', 'own', '--table', 'own.tsv', '--target', 'good "one"', '--language', 'ts', '--json'];
  const outcome = await lanegrad(root, args);
  expect(outcome.code).toBe(0);
  expect(lastObject(outcome)).toMatchObject({
    template: 'table',
    files: ['package.json', '.gitignore', 'README.md', 'tsconfig.json', 'train.ts', 'data.tsv'],
  });
  expect(await readFile(join(root, 'own', 'data.tsv'), 'utf8')).toBe(
    await readFile(join(root, 'own.tsv'), 'utf8'),
  );
  expect(await readFile(join(root, 'own', 'train.ts'), 'utf8')).toContain('target: "good \\"one\\""');
  const { devDependencies } = await packageOf('own');
  expect(Object.keys(devDependencies)).toEqual(['@types/node', 'tsx', 'typescript']);
  for (const range of Object.values(devDependencies)) expect(range).toMatch(/^\^\d/);
});

test('this folder will do, where it is empty but for a repository', async () => {
  const folder = join(root, 'empty');
  await mkdir(join(folder, '.git'), { recursive: true });
  const { code, stdout } = await lanegrad(folder, ['new', '--template', 'page']);
  expect(code).toBe(0);
  expect(stdout).not.toContain('cd ');
  const again = await lanegrad(folder, ['new']);
  expect(again.code).toBe(1);
  expect(again.stderr).toBe('error: .: expected a new or an empty folder, given one with 5 entries\n');
});

test.each([
  [['new', 'x', '--template', 'tabel'], 2, /'tabel' is invalid.*script, table, image, page/],
  [['new', 'x', '--language', 'py'], 2, /'py' is invalid/],
  [['new', 'x', '--table', 'nothing.csv', '--target', 'y'], 1, /nothing\.csv: cannot be read/],
  [
    ['new', 'x', '--table', 'own.tsv'],
    2,
    /--target: expected a column of own\.tsv, such as --target good "one"/,
  ],
  [['new', 'x', '--table', 'own.tsv', '--target', 'sise'], 1, /has no column "sise".*did you mean "size"/],
  [['new', 'x', '--target', 'y'], 2, /--table: expected the file that the target is a column of/],
  [
    ['new', 'x', '--template', 'page', '--table', 'own.tsv'],
    2,
    /--table: it is for the template table, given page/,
  ],
  [['new', 'own.tsv'], 1, /own\.tsv: cannot be read/],
])('%o is one line of an error, and nothing is written', async (args, code, message) => {
  const before = await readdir(root);
  const outcome = await lanegrad(root, args);
  expect(outcome.stderr).toMatch(message);
  expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
  expect(outcome.code).toBe(code);
  expect(await readdir(root)).toEqual(before);
});
