/**
 * The fuzz suite itself: nothing that is public goes without a target, a short run finds nothing, and what it
 * once found stays mended.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LanegradError } from '../../src/index.js';
import { openTable } from '../../src/tables.js';
import { type Outcome, runCases } from './cases.js';
import { functionsOf } from './targets/index.js';

const modules: Record<string, () => Promise<object>> = {
  index: () => import('../../src/index.js'),
  tables: () => import('../../src/tables.js'),
  node: () => import('../../src/node.js'),
  'trainer/index': () => import('../../src/trainer/index.js'),
  reference: () => import('../../src/reference.js'),
  'assignment/index': () => import('../../src/assignment/index.js'),
};

describe('every public function has a target', () => {
  test.each(Object.keys(functionsOf))('%s', async (name) => {
    const exported = Object.entries(await modules[name]());
    const functions = exported.filter(([, value]) => typeof value === 'function').map(([key]) => key);
    expect(Object.keys(functionsOf[name]).sort()).toEqual(functions.sort());
  });

  test('all entry points of the package are among them', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      exports: Record<string, { default?: string }>;
    };
    const entries = Object.values(exports)
      .map((entry) => /^\.\/dist\/(.*)\.js$/.exec(entry.default ?? '')?.[1] ?? '')
      // Of the others, some are scripts, and some export what these do, with their kernels inside.
      .filter((entry) => entry && !/^script|inline|worker/.test(entry));
    expect(Object.keys(functionsOf).sort()).toEqual(entries.sort());
  });
});

test('2,000 cases: named errors or right results', async () => {
  const failed: Outcome[] = [];
  let count = 0;
  await runCases(
    { seed: 20261128, target: '' },
    Array.from({ length: 2000 }, (_, index) => index),
    () => {},
    (outcome) => {
      count++;
      if (outcome.verdict.kind === 'failed') failed.push(outcome);
    },
  );
  expect(failed).toEqual([]);
  expect(count).toBe(2000);
}, 300_000);

describe('files that were found', () => {
  const folder = new URL('corpus/', import.meta.url);
  test.each(readdirSync(folder))('%s', async (name) => {
    const bytes = new Uint8Array(readFileSync(new URL(name, folder)));
    const read = async () => {
      for await (const _ of (await openTable(bytes, { name })).chunks());
    };
    await expect(read()).rejects.toThrow(LanegradError);
  });
});
