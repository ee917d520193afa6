/**
 * Runs each test as it is, and then once more for each mutant that it reaches and that still lives. A test
 * kills a mutant by failing. After all of them it runs without a mutant again: if that fails too, one of them
 * has left something behind, and nothing that this process finds from there on counts. The next process then
 * looks after each mutant of this test, to learn which it was. Where a mutant does not end,
 * main.ts ends the process.
 */
import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { inject, type RunnerTestCase, TestRunner } from 'vitest';
import { Results } from './results.js';

/** What instrumented code asks which mutant it is to be, and tells which it has passed, in Stryker's words. */
interface Context {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number;
  hitLimit?: number;
  /** How often each mutant was passed; `static` while no test was running. */
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> };
}

const context: Context = {};
Object.assign(globalThis, { __stryker__: context });

/** A mutant that is passed so many times as often as the original never ends. */
const HITS = 20;

/** A test of a mutant that takes so many times as long as that of the original, and a while, never ends. */
const TIMES = 20;
const WHILE = 10_000;

/**
 * Tests of one file that a mutant is given to die of, and milliseconds of them: those behind them are of the
 * same kind.
 */
const TRIES = 60;
const PATIENCE = 1000;

let tainted = false;
let results: Results | undefined;
const tries = new Map<string, { count: number; time: number }>();

export default class MutantRunner extends TestRunner {
  async runTask(test: RunnerTestCase): Promise<void> {
    results ??= new Results(inject('results'));
    for (const id of Object.keys(context.mutantCoverage?.static ?? {})) {
      if (!results.loaded.has(id)) results.write({ id, test: '', found: 'static' });
    }
    results.read();
    const run = TestRunner.getTestFn(test);
    context.currentTestId = test.id;
    try {
      const start = performance.now();
      await run();
      const limit = WHILE + TIMES * (performance.now() - start);
      // Each turn of a test listens once more to what may cancel it.
      setMaxListeners(0, test.context.signal);
      fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
      const hits = context.mutantCoverage?.perTest[test.id] ?? {};
      const killed: string[] = [];
      const confirm = async () => {
        if (killed.length === 0) return;
        tainted = await fails(run);
        for (const id of killed) results!.write({ id, test: test.id, found: found(killed.length) });
        killed.length = 0;
      };
      for (const [id, count] of Object.entries(hits)) {
        if (tainted) break;
        if (await kills(test, run, id, count, limit)) killed.push(id);
        if (results.doubted.has(test.id)) await confirm();
      }
      await confirm();
    } finally {
      context.currentTestId = undefined;
    }
  }
}

/** What a test says of mutants that it failed with. */
function found(count: number): 'killed' | 'tainted' | 'doubted' {
  if (!tainted) return 'killed';
  return count === 1 ? 'tainted' : 'doubted';
}

/** Whether the test fails with a mutant that is still to be tried. */
async function kills(
  test: RunnerTestCase,
  run: () => unknown,
  id: string,
  hits: number,
  limit: number,
): Promise<boolean> {
  const key = `${id} ${test.file.id}`;
  const before = tries.get(key) ?? { count: 0, time: 0 };
  const { dead, tried } = results!;
  if (before.count === TRIES || before.time > PATIENCE || dead.has(id) || tried.has(`${id} ${test.id}`))
    return false;
  results!.write({ id, test: test.id, found: 'begun', by: { process: process.pid, limit } });
  const start = performance.now();
  const failed = await fails(run, id, HITS * hits + 1000);
  tries.set(key, { count: before.count + 1, time: before.time + performance.now() - start });
  if (!failed) results!.write({ id, test: test.id, found: 'lived' });
  return failed;
}

async function fails(run: () => unknown, activeMutant?: string, hitLimit = Infinity): Promise<boolean> {
  Object.assign(context, { activeMutant, hitLimit, hitCount: 0 });
  try {
    await run();
    return false;
  } catch {
    return true;
  } finally {
    context.activeMutant = undefined;
  }
}
