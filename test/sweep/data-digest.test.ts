/** What stands for the data of a study: whichever row is another one, it is another digest. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf } from '../../src/sweep/objective/digest.js';
import { loadTable } from '../../src/tables/training.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-digest-'));
});
afterAll(() => rm(root, { recursive: true }));

const ROWS = 40;

/** The table, of which one row's number may be another one. */
async function splitsOf(changed?: number) {
  const path = join(root, 'table.csv');
  const rows = Array.from({ length: ROWS }, (_, i) => `${i === changed ? -7.5 : i},${(i * 7) % 11}`);
  await writeFile(path, `x,y\n${rows.join('\n')}\n`);
  return loadTable(path, { target: 'y', task: 'regression' }, { seed: 1, full: false });
}

it('has all rows that train, validate and test', async () => {
  const before = await splitsOf();
  const { train, validation, test } = before;
  expect(train.size + validation!.size + test!.size).toBe(ROWS);
  const seen = new Set<string>([await digestOf(before, ['full', 'validation', 'test'])]);
  const withoutTest = new Set<string>([await digestOf(before, ['full', 'validation'])]);
  for (let row = 0; row < ROWS; row++) {
    const splits = await splitsOf(row);
    seen.add(await digestOf(splits, ['full', 'validation', 'test']));
    withoutTest.add(await digestOf(splits, ['full', 'validation']));
  }
  expect(seen.size).toBe(1 + ROWS);
  expect(withoutTest.size).toBe(1 + ROWS - test!.size);
  expect(await digestOf(await splitsOf(), ['full', 'validation', 'test'])).toBe([...seen][0]);
});
