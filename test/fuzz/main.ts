/**
 * The fuzz suite: `npm run fuzz -- --cases 100000 --seed 1`, or `--minutes 60`.
 *
 *     --only 4711       this case alone, in this process
 *     --target NAME     targets whose names hold NAME
 *     --processes N     at once
 *     --no-keep         what is found is told, and not written into the corpus
 *
 * Each case is made of the seed and its number. It passes when the library gives a right result or an error
 * of its own, within the time and memory that its target may take. Cases run in processes that are watched: one that
 * hangs or dies is a failure of the case at hand, and the next process goes on behind it. A case that fails is made
 * smaller and kept in `test/fuzz/corpus`; of one kind of failure there is the first.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Outcome, runCases } from './cases.js';
import { keep } from './corpus.js';
import { Tally } from './tally.js';

const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    target: { type: 'string', default: '' },
    processes: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    'no-keep': { type: 'boolean', default: false },
  },
});
const [seed, processes] = [values.seed, values.processes].map(Number);
const { target, minutes } = values;
const began = Date.now();
const until = minutes === undefined ? Number.MAX_SAFE_INTEGER : began + 60_000 * Number(minutes);
/** A number of cases is four billion at most: the next would be the first again. */
const cases = Number(values.cases ?? (minutes === undefined ? 100_000 : 2 ** 32));

/**
 * A process that stands at one case for so long is ended: seconds of its own time, and of the clock for one
 * that only waits.
 */
const HUNG = { busy: 8, waiting: 120 } as const;
/** MiB of a process that is ended before the machine runs out. */
const TOO_LARGE = 2048;

const tally = new Tally();
/** Parts of the run that have been told of: tenths, or minutes. */
let told = 0;
const folder = mkdtempSync(join(tmpdir(), 'lanegrad-fuzz-watch-'));

function tell(): void {
  const seconds = (Date.now() - began) / 1000;
  const part = Math.floor(minutes === undefined ? (10 * tally.count) / cases : seconds / 60);
  if (part <= told) return;
  told = part;
  console.log(`${tally.count} cases in ${Math.round(seconds)} s, ${tally.failed} failed`);
}

/** Runs every `stride`th case from `first` on, in one process after the other. */
async function runFrom(first: number, stride: number): Promise<void> {
  const file = join(folder, `at-${first}`);
  let next = first;
  let skip = -1;
  // Cases that ran but were not told of any more run again in the next process.
  const take = (outcomes: readonly Outcome[]): void => {
    for (const outcome of outcomes) tally.add(outcome);
    tell();
    next = outcomes[outcomes.length - 1].index + stride;
  };
  while (next < cases && Date.now() < until) {
    rmSync(file, { force: true });
    const args = [seed, next, cases, stride, skip, until, file, target].map(String);
    const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), args, {
      execArgv: ['--import', 'tsx', '--max-old-space-size=1536'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const problem = await watch(child, file, take);
    if (problem === undefined) return;
    const [, index, name] = /^(\d+) (.*?)\s*$/.exec(readText(file)) ?? [];
    if (index === undefined) throw new Error(`no case was begun: ${problem}`);
    skip = Number(index);
    tally.add({ index: skip, target: name, verdict: { kind: 'failed', problem }, seconds: Number.NaN });
    if (next === skip) next += stride;
  }
}

/** Resolves when the process is done: undefined, or what happened to it. */
function watch(
  child: ChildProcess,
  file: string,
  take: (told: readonly Outcome[]) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let errors = '';
    let verdict: string | undefined;
    let place = '';
    let since = { clock: Date.now() / 1000, busy: 0 };
    const timer = setInterval(() => {
      const now = readText(file);
      const at = { clock: Date.now() / 1000, busy: busySeconds(child.pid!) };
      if (now !== place) [place, since] = [now, at];
      else if (at.busy - since.busy > HUNG.busy)
        verdict ??= `hung: no end within ${HUNG.busy} s of computing`;
      else if (at.clock - since.clock > HUNG.waiting) verdict ??= `hung: no end within ${HUNG.waiting} s`;
      if (residentMebibytes(child.pid!) > TOO_LARGE) verdict ??= `took more than ${TOO_LARGE} MiB`;
      if (verdict) child.kill('SIGKILL');
    }, 100);
    child.stderr!.on('data', (data) => {
      errors = `${errors}${String(data)}`.slice(-2000);
    });
    child.on('message', (message) => {
      const outcomes = message as Outcome[];
      if (outcomes.length > 0) take(outcomes);
    });
    child.on('exit', (code, signal) => {
      clearInterval(timer);
      if (code === 0) resolve(undefined);
      else
        resolve(
          verdict ??
            `the process ended with ${signal ?? code}: ${errors.trim().split('\n').slice(-12).join(' ')}`,
        );
    });
  });
}

/** Processor seconds that a process has had. */
function busySeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

function residentMebibytes(pid: number): number {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 2 ** 20;
  } catch {
    return 0;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

try {
  if (values.only !== undefined) {
    await runCases(
      { seed, target },
      [Number(values.only)],
      () => {},
      (outcome) => tally.add(outcome),
    );
  } else {
    await Promise.all(Array.from({ length: processes }, (_, first) => runFrom(first, processes)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

console.log(tally.table());
for (const [outcome, ...others] of tally.kinds) {
  const { index, target: name, verdict } = outcome;
  console.log(`\n${1 + others.length} x ${name}: ${(verdict as { problem: string }).problem}`);
  console.log(`    npm run fuzz -- --seed ${seed} --only ${index}${target ? ` --target '${target}'` : ''}`);
  if (!values['no-keep']) console.log(`    kept: ${relative('.', await keep(outcome, { seed, target }))}`);
}
const seconds = Math.round((Date.now() - began) / 1000);
const { count, failed } = tally;
console.log(
  `\nseed ${seed}: ${count} cases of ${tally.targets} targets in ${seconds} s, ${Math.round(tally.seconds)} s of processor time`,
);
console.log(`${count - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
