/**
 * Runs each test as it is, and then once more for each mutant that it reaches and that still lives. A test
 * kills a mutant by failing. It then runs without the mutant again: if that fails too, the mutant has left
 * something behind, and nothing that this process finds from there on counts.
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

/** Tests of one file that a mutant is given to die of: those behind them are of the same kind. */
const TRIES = 10;

let tainted = false;
let results: Results | undefined;
const tries = new Map<string, number>();

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
      await run();
      // Each turn of a test listens once more to what may cancel it.
      setMaxListeners(0, test.context.signal);
      fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
      const hits = context.mutantCoverage?.perTest[test.id] ?? {};
      for (const [id, count] of Object.entries(hits)) if (!tainted) await tryOne(test, run, id, count);
    } finally {
      context.currentTestId = undefined;
    }
  }
}

async function tryOne(test: RunnerTestCase, run: () => unknown, id: string, hits: number): Promise<void> {
  const key = `${id} ${test.file.id}`;
  const before = tries.get(key) ?? 0;
  const { dead, tried } = results!;
  if (before === TRIES || dead.has(id) || tried.has(`${id} ${test.id}`)) return;
  tries.set(key, before + 1);
  const died = await fails(run, id, HITS * hits + 1000);
  if (died) tainted = await fails(run);
  results!.write({ id, test: test.id, found: tainted ? 'tainted' : died ? 'killed' : 'lived' });
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
