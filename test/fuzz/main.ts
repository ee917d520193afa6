/**
 * The fuzz suite: `npm run fuzz -- --cases 100000 --seed 1 [--only 4711] [--target readOnnx] [--processes
 * 2]`.
 *
 * Each case is made of the seed and its number. It passes when the library gives a right result or an error
 * of its own, within 2 s of processor time and 512 MiB. Cases run in processes that are watched: one that
 * hangs or dies is a failure of the case at hand, and the next process goes on behind it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LIMITS, type Outcome, runCases } from './cases.js';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    target: { type: 'string', default: '' },
    processes: { type: 'string', default: String(Math.min(4, availableParallelism())) },
  },
});
const [cases, seed, processes] = [values.cases, values.seed, values.processes].map(Number);
const { target } = values;

/**
 * A process that stands at one case for so long is ended: seconds of its own time, and of the clock for one
 * that only waits.
 */
const HUNG = { busy: 8, waiting: 120 } as const;
/** MiB of a process that is ended before the machine runs out. */
const TOO_LARGE = 2048;

const outcomes: Outcome[] = [];
/** Tenths of the cases that have been told of. */
let tenths = 0;
const folder = mkdtempSync(join(tmpdir(), 'lanegrad-fuzz-watch-'));

/** Runs every `stride`th case from `first` on, in one process after the other. */
async function runFrom(first: number, stride: number): Promise<void> {
  const file = join(folder, `at-${first}`);
  let next = first;
  let skip = -1;
  // Cases that ran but were not told of any more run again in the next process.
  const take = (told: readonly Outcome[]): void => {
    outcomes.push(...told);
    const tenth = Math.floor((10 * outcomes.length) / cases);
    if (tenth > tenths) console.log(`${outcomes.length} cases done`);
    tenths = Math.max(tenths, tenth);
    next = told[told.length - 1].index + stride;
  };
  while (next < cases) {
    rmSync(file, { force: true });
    const args = [seed, next, cases, stride, skip, file, target].map(String);
    const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), args, {
      execArgv: ['--import', 'tsx', '--max-old-space-size=1536'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const problem = await watch(child, file, take);
    if (problem === undefined) return;
    const [, index, name] = /^(\d+) (.*?)\s*$/.exec(readText(file)) ?? [];
    if (index === undefined) throw new Error(`no case was begun: ${problem}`);
    skip = Number(index);
    outcomes.push({ index: skip, target: name, verdict: { kind: 'failed', problem }, seconds: Number.NaN });
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
      const told = message as Outcome[];
      if (told.length > 0) take(told);
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

const began = Date.now();
try {
  if (values.only !== undefined) {
    await runCases(
      { seed, target },
      [Number(values.only)],
      () => {},
      (outcome) => outcomes.push(outcome),
    );
  } else {
    await Promise.all(Array.from({ length: processes }, (_, first) => runFrom(first, processes)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

report();
process.exitCode = outcomes.some(({ verdict }) => verdict.kind === 'failed') ? 1 : 0;
process.exit();

function report(): void {
  outcomes.sort((a, b) => a.index - b.index);
  const byTarget = new Map<string, { right: number; refused: number; failed: number }>();
  const byError = new Map<string, number>();
  for (const { target: name, verdict } of outcomes) {
    const counts = byTarget.get(name) ?? { right: 0, refused: 0, failed: 0 };
    counts[verdict.kind]++;
    byTarget.set(name, counts);
    if (verdict.kind === 'refused') byError.set(verdict.by, (byError.get(verdict.by) ?? 0) + 1);
  }
  console.log('target                                    right  refused   failed');
  for (const [name, { right, refused, failed }] of [...byTarget].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(
      `${name.padEnd(38)} ${[right, refused, failed].map((count) => String(count).padStart(8)).join(' ')}`,
    );
  }
  console.log(
    `\nerrors: ${[...byError]
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  );
  const slowest = outcomes.filter(({ seconds }) => seconds > 0).sort((a, b) => b.seconds - a.seconds);
  console.log(
    'slowest:',
    slowest
      .slice(0, 5)
      .map(({ index, target: name, seconds }) => `${name} ${seconds.toFixed(2)} s (case ${index})`)
      .join(', '),
  );
  const failed = outcomes.filter(({ verdict }) => verdict.kind === 'failed');
  const problems = new Map<string, Outcome[]>();
  for (const outcome of failed) {
    // One kind of failure: the same words but for numbers and texts.
    const { problem } = outcome.verdict as { problem: string };
    const kind = `${outcome.target}: ${problem.replace(/\d+(\.\d+)?|"[^"]*"/g, '#')}`.slice(0, 160);
    problems.set(kind, [...(problems.get(kind) ?? []), outcome]);
  }
  for (const list of problems.values()) {
    const [{ index, target: name, verdict }] = list;
    console.log(`\n${list.length} x ${name}: ${(verdict as { problem: string }).problem}`);
    console.log(`    npm run fuzz -- --seed ${seed} --only ${index}${target ? ` --target '${target}'` : ''}`);
  }
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(
    `\n${outcomes.length} cases in ${seconds} s, at most ${LIMITS.seconds} s and ${LIMITS.mebibytes} MiB each`,
  );
  console.log(`${outcomes.length - failed.length} passed, ${failed.length} failed`);
}
