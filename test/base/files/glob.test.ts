/** Patterns of files, beside what a shell makes of them. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesOf, isPattern } from '../../../src/base/files/glob.js';
import { lacks } from '../../programs.js';

const noShell = process.platform === 'win32' || lacks('bash');
let folder: string;
const FILES = ['part-1.csv', 'part-10.csv', 'part-2.csv', 'other.csv', 'b.csv.gz', '.hidden.csv', 'a/x.csv'];
const DEEPER = ['a/b/y.csv', 'c/y.csv', 'c/.d/z.csv', 'a[1].csv'];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanegrad-glob-'));
  for (const file of [...FILES, ...DEEPER]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), '');
  }
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(noShell)('stand for what they stand for in a shell', () => {
  it.each([
    '*.csv',
    'part-*.csv',
    'part-?.csv',
    'p*t*1*.csv',
    '*/*.csv',
    '?/y.csv',
    '.*.csv',
    '**/y.csv',
    '**/*.csv',
    'a/**/*.csv',
  ])('%s', async (pattern) => {
    const script =
      'shopt -s globstar nullglob; export LC_ALL=C; for f in $1; do [ -f "$f" ] && echo "$f"; done; true';
    const words = execFileSync('bash', ['-c', script, 'bash', join(folder, pattern)], { encoding: 'utf8' });
    const files = words.split('\n').filter((word) => word !== '');
    expect(files.length).toBeGreaterThan(0);
    expect(await filesOf(join(folder, pattern))).toEqual(files.sort());
  });
});

it('relative to the working folder', async () => {
  expect(await filesOf('./test/base/files/glo?.test.ts')).toEqual(['test/base/files/glob.test.ts']);
  expect(await filesOf('READM*.md')).toEqual(['README.md']);
});

it('nothing fits a pattern of a folder that is not there', async () => {
  expect(await filesOf(join(folder, 'none', '*.csv'))).toEqual([]);
  expect(await filesOf(join(folder, 'other.csv', '*.csv'))).toEqual([]);
  expect([isPattern('a*b'), isPattern('a[1].csv')]).toEqual([true, false]);
});

it('many stars take no longer than their number', async () => {
  await writeFile(join(folder, 'a'.repeat(200)), '');
  expect(await filesOf(join(folder, `${'a*'.repeat(100)}b`))).toEqual([]);
});
