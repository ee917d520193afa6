/**
 * Mutants of derivatives: `npm run mutants:derivatives [-- --quick] [-- --files a.ts,b.ts] [-- --survivors]`.
 *
 * Stryker's instrumenter writes into the sources what else each expression could be: another operator, a
 * condition that always holds, a block without statements. Which of these mutants is alive is a switch, so
 * that files are loaded once, and a test takes for each mutant no longer than itself (runner.ts); Stryker's own
 * runner loads them anew for each. Where no test fails, the mutant survives, and a test is missing.
 *
 * Prints a table with a line for each file, and the survivors; `build/mutants/derivatives/report.json` has the
 * same in the form that Stryker's tools read. Ends with 1 where fewer than 90 % are killed. With `--quick` only
 * `src/graph/derive.ts` is changed, and only tests of gradients are run. With `--files` only these are changed;
 * with `--survivors` what the last report has as killed is not tried again. What that report says of other
 * files that are still the same is kept.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { derivatives, type Range } from './ranges.js';
import { checkReport, isDead, type Mutant, type Report } from './report.js';
import { Results } from './results.js';

/** Share of the mutants that must be killed. */
const WANTED = 0.9;
/** Processes that are begun anew, after one that a mutant has spoilt. */
const MOST_ROUNDS = 30;

const {
  quick,
  survivors,
  files: chosen,
} = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    survivors: { type: 'boolean', default: false },
    files: { type: 'string' },
  },
}).values;
const root = fileURLToPath(new URL('../../..', import.meta.url));
const out = `${root}build/mutants/derivatives/`;
mkdirSync(out, { recursive: true });

const all = derivatives(root);
const names = quick ? ['src/graph/derive.ts'] : (chosen?.split(',') ?? all.map(({ name }) => name));
const unknown = names.find((name) => !all.some((own) => own.name === name));
if (unknown) throw new Error(`--files: expected some of ${all.map(({ name }) => name)}, given ${unknown}`);
const sources = all.filter(({ name }) => names.includes(name));
const path = `${out}${quick ? 'quick' : 'report'}.json`;
/** The last report, as far as its files are still what they were. */
const last: Report['files'] = Object.fromEntries(
  (existsSync(path) ? Object.entries((JSON.parse(readFileSync(path, 'utf8')) as Report).files) : []).filter(
    ([name, { source }]) => all.some((own) => own.name === name && own.content === source),
  ),
);
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
/** Lines and columns of reports are counted from 1. */
const counted = ({ start, end }: Range): Range => {
  const [first, last] = [start, end].map(({ line, column }) => ({ line: line + 1, column: column + 1 }));
  return { start: first, end: last };
};
/** What two reports have in common of a mutant that both have. */
const keyOf = ({ location, replacement }: Pick<Mutant, 'location' | 'replacement'>) =>
  JSON.stringify([location.start, location.end, replacement]);
const known = mutants.filter(({ fileName, location, replacement }) => {
  const own = { location: counted(location), replacement };
  return survivors && last[fileName]?.mutants.some((old) => isDead(old) && keyOf(old) === keyOf(own));
});
writeFileSync(
  `${out}results.jsonl`,
  known.map(({ id }) => `${JSON.stringify({ id, test: '', found: 'killed' })}\n`).join(''),
);
console.log(`${mutants.length} mutants in ${files.length} files, ${known.length} of them known to be killed`);

const results = new Results(`${out}results.jsonl`);
for (let round = 0; ; round++) {
  const before = results.read().spoilt;
  const status = await runTests();
  if (results.read().spoilt === before) {
    if (status !== 0) throw new Error('tests fail without any mutant');
    break;
  }
  if (round === MOST_ROUNDS) throw new Error(`mutants spoilt ${MOST_ROUNDS} processes`);
}

/** Ends with the status of the tests, after a process that a mutant holds for too long has been ended. */
function runTests(): Promise<number | null> {
  const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
  const config = fileURLToPath(new URL('vitest.config.ts', import.meta.url));
  const child = spawn(process.execPath, [vitest, 'run', '--config', config], {
    ...{ cwd: root, stdio: 'inherit', env: { ...process.env, ...(quick && { MUTANTS: 'quick' }) } },
  });
  const watch = setInterval(() => {
    const hung = results.read().hanging();
    if (!hung) return;
    results.write({ id: hung.id, test: hung.test, found: 'hung' });
    child.kill('SIGKILL');
    process.kill(hung.process, 'SIGKILL');
  }, 1000);
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => {
      clearInterval(watch);
      results.begun.clear();
      resolve(status);
    });
  });
}

const reached = new Set([...results.tried].map((key) => key.slice(0, key.indexOf(' '))));
const statusOf = ({ id, status }: (typeof mutants)[number]) => {
  if (status) return status;
  if (results.hung.has(id)) return 'Timeout';
  if (results.dead.has(id)) return 'Killed';
  if (reached.has(id)) return 'Survived';
  return results.loaded.has(id) ? 'Ignored' : 'NoCoverage';
};
const report = {
  schemaVersion: '1',
  thresholds: { high: 100, low: 100 * WANTED },
  files: {
    ...last,
    ...Object.fromEntries(
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
  },
};
writeFileSync(path, JSON.stringify(report));
const faults = checkReport(path, WANTED);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
