/**
 * Mutants of derivatives: `npm run mutants:derivatives [-- --quick]`.
 *
 * Stryker's instrumenter writes into the sources what else each expression could be: another operator, a
 * condition that always holds, a block without statements. Which of these mutants is alive is a switch, so
 * that files are loaded once, and a test takes for each mutant no longer than itself (runner.ts); Stryker's own
 * runner loads them anew for each. Where no test fails, the mutant survives, and a test is missing.
 *
 * Prints a table with a line for each file, and the survivors; `build/mutants/derivatives/report.json` has the
 * same in the form that Stryker's tools read. Ends with 1 where fewer than 90 % are killed. With `--quick` only
 * `src/graph/derive.ts` is changed, and only tests of gradients are run.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { derivatives, type Range } from './ranges.js';
import { checkReport } from './report.js';
import { Results } from './results.js';

/** Share of the mutants that must be killed. */
const WANTED = 0.9;
/** Processes that are begun anew, after one that a mutant has spoilt. */
const MOST_ROUNDS = 30;

const { quick } = parseArgs({ options: { quick: { type: 'boolean', default: false } } }).values;
const root = fileURLToPath(new URL('../../..', import.meta.url));
const out = `${root}build/mutants/derivatives/`;
mkdirSync(out, { recursive: true });

const sources = derivatives(root).filter(({ name }) => !quick || name === 'src/graph/derive.ts');
const silent = () => {};
const logger = {
  ...{
    trace: silent,
    debug: silent,
    info: silent,
    warn: console.warn,
    error: console.error,
    fatal: console.error,
  },
  ...{ isTraceEnabled: () => false, isDebugEnabled: () => false, isInfoEnabled: () => false },
  ...{ isWarnEnabled: () => true, isErrorEnabled: () => true, isFatalEnabled: () => true },
};
// Texts are names and what errors say; those of a few allowed ones are the compiler's to check.
const { files, mutants } = await new Instrumenter(logger).instrument(sources, {
  ...{ plugins: null, ignorers: [], excludedMutations: ['StringLiteral'] },
});
writeFileSync(
  `${out}instrumented.json`,
  JSON.stringify(Object.fromEntries(files.map((own) => [own.name, own.content]))),
);
writeFileSync(`${out}results.jsonl`, '');
console.log(`${mutants.length} mutants in ${files.length} files`);

const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
const config = fileURLToPath(new URL('vitest.config.ts', import.meta.url));
const results = new Results(`${out}results.jsonl`);
for (let round = 0; ; round++) {
  const before = results.read().tainted.length;
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--config', config], {
    ...{ cwd: root, stdio: 'inherit', env: { ...process.env, ...(quick && { MUTANTS: 'quick' }) } },
  });
  if (results.read().tainted.length === before) {
    if (status !== 0) throw new Error('tests fail without any mutant');
    break;
  }
  if (round === MOST_ROUNDS) throw new Error(`mutants spoilt ${MOST_ROUNDS} processes`);
}

const reached = new Set([...results.tried].map((key) => key.slice(0, key.indexOf(' '))));
const statusOf = ({ id, status }: (typeof mutants)[number]) => {
  if (status) return status;
  if (results.dead.has(id)) return 'Killed';
  if (reached.has(id)) return 'Survived';
  return results.loaded.has(id) ? 'Ignored' : 'NoCoverage';
};
/** Lines and columns of reports are counted from 1. */
const counted = ({ start, end }: Range): Range => {
  const [first, last] = [start, end].map(({ line, column }) => ({ line: line + 1, column: column + 1 }));
  return { start: first, end: last };
};
const report = {
  schemaVersion: '1',
  thresholds: { high: 100, low: 100 * WANTED },
  files: Object.fromEntries(
    sources.map(({ name, content }) => [
      name,
      {
        language: 'typescript',
        source: content,
        mutants: mutants
          .filter((own) => own.fileName === name)
          .map((own) => ({ ...own, location: counted(own.location), status: statusOf(own) })),
      },
    ]),
  ),
};
writeFileSync(`${out}report.json`, JSON.stringify(report));
const faults = checkReport(`${out}report.json`, WANTED);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
