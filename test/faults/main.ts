/**
 * The fault campaign: `npm run faults -- --kills 100 --seed 7`; `--help` tells all of it.
 *
 * Jobs (jobs.ts) run undisturbed once. Then each is disturbed by each of its faults (scenarios.ts) again and
 * again, gone on with, and must come to the same bits; where a command does not come through, it must end in a
 * clear error and leave every file whole (checks.ts).
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MAIN } from '../cli/process.js';
import { Random } from '../fuzz/random.js';
import { jobs, prepareData } from './jobs.js';
import { Disturbed, measure, type Undisturbed } from './run.js';
import { faults, unmount } from './scenarios.js';

const HELP = `npm run faults -- [options]

Kills, full disks, lost folders and the like, done on purpose to commands that train, sweep and convert. Each must
end in the bits of the undisturbed one, once it is gone on with, or in an error of one line, with every file whole.

  --kills <n>       go on until so many processes were killed (default: 100)
  --rounds <n>      or until each scenario was run so often (default: as often as it takes)
  --minutes <n>     or until so much time has passed (default: 60)
  --seed <n>        which moments, operations and limits are drawn (default: 1)
  --only <names>    scenarios whose names begin so, such as kill,full-disk-sweep
  --number <n>      this run of them alone: what a violation says to repeat it
  --processes <n>   runs at a time (default: 2, or the usable cores where there are fewer)
  --ci              one run of some, a minute in all; mounts nothing
  --json            one JSON object as the last line of standard output
  --list            the names of all scenarios

Exit status 1 when anything was violated; the folders of such runs are kept.`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    rounds: { type: 'string' },
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    number: { type: 'string' },
    processes: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    ci: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [kills, minutes, seed, processes] = [values.kills, values.minutes, values.seed, values.processes].map(
  Number,
);

interface Scenario {
  readonly name: string;
  readonly fault: (typeof faults)[number];
  readonly job: (typeof jobs)[number];
}

interface Tally {
  runs: number;
  killed: number;
  same: number;
  errors: number;
  violated: number;
}

const prefixes = values.only.split(',').filter(Boolean);
const scenarios: Scenario[] = faults
  .flatMap((fault) =>
    (values.ci ? fault.ci : fault.jobs).map((name) => ({
      name: `${fault.name}-${name}`,
      fault,
      job: jobs.find((job) => job.name === name)!,
    })),
  )
  .filter(({ name }) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)));

if (values.help || values.list) {
  console.log(values.help ? HELP : scenarios.map(({ name }) => name).join('\n'));
  process.exit();
}
const fail = (message: string) => {
  console.error(`error: ${message}`);
  process.exit(2);
};
if (![kills, minutes, seed, processes].every((value) => value > 0)) fail('expected numbers above 0');
if (scenarios.length === 0) fail(`--only: no scenario begins with ${values.only}; --list shows them`);
if (!existsSync(MAIN)) fail('the command is not built yet: npm run build');
if (process.platform !== 'linux') fail('faults are made by means of Linux');
if (process.getuid?.() !== 0 && scenarios.some(({ fault }) => fault.mounts)) {
  fail('full-mount: mounting needs root; leave it out by --only');
}

/** Progress goes where results do not. */
const say = values.json ? console.error : console.log;
const began = performance.now();
const seconds = () => Math.round((performance.now() - began) / 1000);
const root = await mkdtemp(join(tmpdir(), 'lanegrad-faults-'));
const tallies = new Map<string, Tally>(
  scenarios.map(({ name }) => [name, { runs: 0, killed: 0, same: 0, errors: 0, violated: 0 }]),
);
const violations: { scenario: string; number: number; problems: string[]; folder: string; repeat: string }[] =
  [];

await prepareData(root);
const known = new Map<string, Undisturbed>();
await inTurns([...new Set(scenarios.map(({ job }) => job))], async (job) => {
  known.set(job.name, await measure(root, join(root, 'undisturbed', job.name), job));
});
const sum = (key: keyof Tally) => [...tallies.values()].reduce((total, tally) => total + tally[key], 0);
say(`${scenarios.length} scenarios; ${known.size} jobs were run undisturbed, ${seconds()} s`);

await inTurns(turns(), ([scenario, number]) => run(scenario, number));
report();
process.exitCode = violations.length > 0 ? 1 : 0;
if (violations.length === 0) await rm(root, { recursive: true });

/** The scenarios round by round. */
function* turns(): Generator<[Scenario, number]> {
  if (values.number !== undefined) {
    for (const scenario of scenarios) yield [scenario, Number(values.number)];
    return;
  }
  const rounds = values.ci ? 1 : Number(values.rounds ?? Number.POSITIVE_INFINITY);
  const kill = scenarios.some(({ fault }) => fault.name.startsWith('kill'));
  for (let number = 0; number < rounds; number++) {
    for (const scenario of scenarios) {
      if (seconds() >= 60 * minutes) return;
      yield [scenario, number];
    }
    if (!values.ci && values.rounds === undefined && (kill ? sum('killed') >= kills : number >= 9)) return;
    say(
      `round ${number + 1}: ${sum('runs')} runs, ${sum('killed')} kills, ${violations.length} violations, ${seconds()} s`,
    );
  }
}

/** Hands out what there is to do, several at a time. */
async function inTurns<T>(all: Iterable<T>, work: (one: T) => Promise<void>): Promise<void> {
  const iterator = all[Symbol.iterator]();
  const worker = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: processes }, worker));
}

/** One run of a scenario, made of the seed, the scenario and its number alone. */
async function run({ name, fault, job }: Scenario, number: number): Promise<void> {
  const stream = [...`${name} ${number}`].reduce(
    (hash, char) => (Math.imul(hash, 31) + char.charCodeAt(0)) | 0,
    7,
  );
  const place = join(root, 'runs', `${name}-${number}`);
  const disturbed = new Disturbed(root, place, job, known.get(job.name)!, new Random(seed, stream));
  const { problems } = disturbed;
  try {
    await disturbed.prepare();
    await fault.disturb(disturbed);
    await disturbed.finish();
  } catch (error) {
    problems.push(`the campaign itself failed: ${(error as Error).stack}`);
  }
  const tally = tallies.get(name)!;
  tally.runs++;
  tally.killed += disturbed.ends.killed + disturbed.workersKilled;
  tally.errors += disturbed.ends.refused;
  if (problems.length === 0) {
    tally.same++;
    if (fault.mounts) unmount(place);
    await rm(place, { recursive: true, force: true });
    return;
  }
  tally.violated++;
  const repeat = `npm run faults -- --seed ${seed} --only ${name} --number ${number}`;
  violations.push({ scenario: name, number, problems, folder: place, repeat });
  say([`VIOLATED ${name}, run ${number}`, ...problems, place, repeat].join('\n    '));
}

function report(): void {
  const columns = ['runs', 'killed', 'same', 'errors', 'violated'] as const;
  const row = (name: string, cells: readonly (string | number)[]) =>
    say(`${name.padEnd(24)}${cells.map((cell) => String(cell).padStart(13)).join('')}`);
  row('scenario', ['runs', 'kills', 'same bits', 'clear errors', 'violated']);
  for (const [name, tally] of tallies)
    row(
      name,
      columns.map((key) => tally[key]),
    );
  row('all', columns.map(sum));
  for (const { repeat, problems, folder } of violations) {
    say(`\n${problems[0]}\n    kept in ${folder}\n    ${repeat}`);
  }
  say(
    `\n${sum('runs')} runs in ${seconds()} s, seed ${seed}: ${sum('killed')} kills, ${violations.length} violations`,
  );
  if (!values.json) return;
  const scenariosByName = Object.fromEntries(tallies);
  console.log(JSON.stringify({ seed, seconds: seconds(), scenarios: scenariosByName, violations }));
}
