/**
 * The fuzz suite itself: nothing that is public goes without a target, a short run finds nothing, and what it
 * once found stays mended.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { type Outcome, runCases, withWorld } from './cases.js';
import { expectations, keep, keptCases, replay } from './corpus.js';
import { Random } from './random.js';
import { shrink } from './shrink.js';
import { chooser, functionsOf, targetCalled } from './targets/index.js';

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

// CI goes through 100,000, and `npm run fuzz` through as many as it is told.
test('500 cases: named errors or right results', async () => {
  const failed: Outcome[] = [];
  let count = 0;
  await runCases(
    { seed: 20261128, target: '' },
    Array.from({ length: 500 }, (_, index) => index),
    () => {},
    (outcome) => {
      count++;
      if (outcome.verdict.kind === 'failed') failed.push(outcome);
    },
  );
  expect(failed).toEqual([]);
  expect(count).toBe(500);
});

describe('what was found stays mended', () => {
  const expected = expectations();
  const all = keptCases();

  test('and all of it says what is right, and in words what was wrong', () => {
    expect(all.map(({ path }) => path).sort()).toEqual(Object.keys(expected).sort());
    const unsaid = Object.entries(expected).filter(([, { was }]) => !/\w \w/.test(was));
    expect(unsaid.map(([path]) => path)).toEqual([]);
  });

  test.each(all)('$path', async (kept) => {
    const { was: _, ...right } = expected[kept.path] ?? {};
    expect(await withWorld((world) => replay(kept, world))).toEqual(right);
  });
});

test('what is found is made smaller and written down, in the folder of its target', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lanegrad-kept-'));
  const target = targetCalled('readIdx')!;
  // As if the reader had no word for files of more than five bytes.
  const read = vi.spyOn(target.file!, 'read').mockImplementation(({ length }) => {
    if (length > 5) throw Object.assign(new Error('planted'), { stack: '' });
  });
  try {
    const plan = { seed: 5, target: 'readIdx' };
    const index = [0, 1, 2, 3, 4].find((i) => chooser(plan.target)(new Random(plan.seed, i)) === target)!;
    const verdict = { kind: 'failed', problem: 'Error: planted ' } as const;
    const path = await keep({ index, target: target.name, verdict, seconds: 0 }, plan, folder);
    expect(path).toBe(join(folder, 'readIdx', `5-${index}.idx`));
    expect([...readFileSync(path)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(readFileSync(join(folder, 'readIdx/target'), 'utf8')).toBe('readIdx\n');
  } finally {
    read.mockRestore();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a list is made smaller as long as it goes wrong', async () => {
  const given = Array.from({ length: 200 }, (_, i) => i);
  const fails = async (list: readonly number[]) => list.includes(17) && list.includes(130);
  expect(await shrink(given, fails)).toEqual([17, 130]);
  const long = async (list: readonly number[]) => list.length >= 3 && list.at(-1) === 199;
  expect(await shrink(given, long)).toEqual([0, 0, 199]);
});

test('numbers that were drawn are drawn again, and zeros behind them', () => {
  const r = new Random(5, 7).record();
  const first = [r.next(), r.below(10), r.float()];
  const again = Random.of(r.drawn ?? []);
  expect([again.next(), again.below(10), again.float(), again.next()]).toEqual([...first, 0]);
});
