/**
 * Mutation testing of the kernels: changes one instruction of the strict binary at a time, and asks whether
 * a test of the kernels notices. `npm run mutants:kernels -- --help` lists the options.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Assembler } from './assemble.js';
import { campaign, type Result, reach } from './campaign.js';
import { type Mutant, mutantsOf } from './mutants.js';
import { Thread } from './pool.js';
import { bundle, compile } from './prepare.js';
import { isAlive, report, summary } from './report.js';
import type { Reached } from './worker.js';

const HELP = `npm run mutants:kernels -- [options]
  --only TEXT     mutants whose family, kernel or line (file:line) contains TEXT; several by commas
  --sample N      N mutants, drawn by --seed (1)
  --minutes N     as many as begin in that time, once it is known what tests reach
  --min PERCENT   end with 1 where fewer are killed by comparisons, in all or, without --sample, in a family
  --threads N     the machine's cores
  --json FILE     every mutant and what became of it
  --again FILE    those that were killed in such a file, of the same binary, count as killed; the rest are tried
  --quiet         no list of survivors`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    min: { type: 'string' },
    minutes: { type: 'string' },
    threads: { type: 'string' },
    json: { type: 'string' },
    again: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit();
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const began = performance.now();
mkdirSync(`${root}build/mutants`, { recursive: true });
const [compiled, script] = await Promise.all([compile(root), bundle(root)]);
const { binary, mutants } = mutantsOf(compiled, root);
const sum = createHash('sha256').update(compiled.bytes).digest('hex');
const killed = options.again ? killedIn(options.again) : new Map<number, Result>();
const asked = choose(mutants);
const chosen = asked.filter(({ id }) => !killed.has(id));
const count = Number(options.threads ?? availableParallelism());
const threads = Array.from({ length: count }, () => new Thread(script, compiled.bytes));
const results = asked.flatMap(({ id }) => killed.get(id) ?? []);
try {
  const marked = new Assembler(binary, { marked: true });
  const reached = await reachedBy();
  say(`${chosen.length} of ${mutants.length} mutants, ${reached.length} tests`);
  const tell = (result: Result) => {
    results.push(result);
    if (results.length % 500 === 0) say(`${results.length} of ${asked.length}`);
  };
  const end = performance.now() + Number(options.minutes ?? Infinity) * 60_000;
  await campaign(threads, chosen, marked, reached, tell, end);
} finally {
  await Promise.all(threads.map((thread) => thread.end()));
}
results.sort((a, b) => a.mutant.id - b.mutant.id);
const table = summary(results);
console.log(report(table, results, options.quiet));
say('done');
if (options.json) writeFileSync(options.json, JSON.stringify({ sum, table, results }, null, 1));
const floor = Number(options.min ?? 0);
const judged = options.sample ? table.filter(({ family }) => family === 'all') : table;
const below = judged.filter(({ share }) => share < floor / 100);
if (below.length > 0) {
  console.error(
    `fewer than ${floor} % are killed by comparisons: ${below.map(({ family }) => family).join(', ')}`,
  );
  process.exitCode = 1;
}

/** Those that the options ask for. */
function choose(all: readonly Mutant[]): Mutant[] {
  const texts = options.only?.split(',');
  const named = all.filter(
    ({ family, kernel, file, line }) =>
      !texts || texts.some((text) => `${family} ${kernel} ${file}:${line}`.includes(text)),
  );
  if (options.sample === undefined) return named;
  const rank = (id: number) => createHash('sha256').update(`${options.seed} ${id}`).digest('hex');
  const drawn = named.map((mutant) => [rank(mutant.id), mutant] as const);
  drawn.sort(([a], [b]) => (a < b ? -1 : 1));
  return drawn.slice(0, Number(options.sample)).map(([, mutant]) => mutant);
}

/** What was killed in a run before, by the mutants' numbers. */
function killedIn(file: string): Map<number, Result> {
  const last = JSON.parse(readFileSync(file, 'utf8')) as { sum: string; results: Result[] };
  if (last.sum !== sum) throw new Error(`${file} is of another binary`);
  const dead = last.results.filter(({ fate }) => !isAlive(fate));
  return new Map(dead.map((result) => [result.mutant.id, result]));
}

/** What the tests reach is the same as long as binary and tests are. */
async function reachedBy(): Promise<Reached[]> {
  const key = createHash('sha256').update(compiled.bytes).update(readFileSync(script)).digest('hex');
  const kept = `${root}build/mutants/reached.json`;
  try {
    const last = JSON.parse(readFileSync(kept, 'utf8')) as { key: string; reached: Reached[] };
    if (last.key === key) return last.reached;
  } catch {
    // There is none yet, or not a whole one.
  }
  const reached = await reach(threads);
  writeFileSync(kept, JSON.stringify({ key, reached }));
  return reached;
}

function say(text: string): void {
  console.error(`${((performance.now() - began) / 1000).toFixed(0)} s: ${text}`);
}
