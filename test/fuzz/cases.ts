/**
 * Runs cases one after the other, in the process it is in. Which case runs, and how it ended, is told to who
 * asked.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from '../../src/index.js';
import { createReferenceEngine } from '../../src/reference.js';
import { Random } from './random.js';
import { judge, type Limits, type Target, type Verdict, type World } from './target.js';
import { chooser } from './targets/index.js';

/** What a case may take whose target says nothing else. */
const LIMITS: Limits = { seconds: 2, mebibytes: 512 };

export interface Outcome {
  readonly index: number;
  readonly target: string;
  readonly verdict: Verdict;
  readonly seconds: number;
}

export interface Plan {
  readonly seed: number;
  /** Part of the targets' names; all when empty. */
  readonly target: string;
}

/** Calls `use` with what all cases share, and takes it down again. */
export async function withWorld<T>(use: (world: World) => Promise<T>): Promise<T> {
  const world: World = {
    engine: await createEngine({ threads: 1 }),
    reference: createReferenceEngine(),
    folder: await mkdtemp(join(tmpdir(), 'lanegrad-fuzz-')),
    closing: [],
  };
  // Warnings are for people: of a hundred thousand cases they would be a flood.
  const { emitWarning } = process;
  process.emitWarning = () => {};
  process.on('unhandledRejection', note);
  try {
    return await use(world);
  } finally {
    process.off('unhandledRejection', note);
    process.emitWarning = emitWarning;
    for (const close of world.closing) await close();
    world.engine.dispose();
    await rm(world.folder, { recursive: true, force: true });
  }
}

/** Runs the cases of these numbers. `begin` is called before each, with its number and target. */
export function runCases(
  { seed, target: part }: Plan,
  indices: Iterable<number>,
  begin: (index: number, target: string) => void,
  end: (outcome: Outcome) => void | Promise<void>,
): Promise<void> {
  return withWorld(async (world) => {
    const choose = chooser(part);
    for (const index of indices) {
      const r = new Random(seed, index);
      const target = choose(r);
      begin(index, target.name);
      await end({ index, target: target.name, ...(await runCase(target, r, world, index % 16 === 0)) });
    }
  });
}

let unhandled: unknown;
const note = (reason: unknown): void => {
  unhandled = reason;
};

/** One case, and what it took. `settle` waits for rejections that nobody waits for, of cases before as well. */
export async function runCase(
  target: Target,
  r: Random,
  world: World,
  settle = true,
): Promise<{ verdict: Verdict; seconds: number }> {
  const limits = target.limits ?? LIMITS;
  const cpu = process.cpuUsage();
  const before = process.memoryUsage.rss();
  const peak = process.resourceUsage().maxRSS;
  let verdict = await judge(target, r, world);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (user + system) / 1e6;
  // A rejection that nobody waits for is told when the promises' turn is over.
  if (settle || verdict.kind === 'failed') await new Promise((resolve) => setImmediate(resolve));
  const highest = process.resourceUsage().maxRSS;
  const grown = highest > peak ? (highest * 1024 - before) / 2 ** 20 : 0;
  if (unhandled !== undefined) {
    verdict = {
      kind: 'failed',
      problem: `a rejection that nobody can catch (this case, or up to 15 before): ${String(unhandled)}`,
    };
    unhandled = undefined;
  }
  if (seconds > limits.seconds) verdict = { kind: 'failed', problem: `took ${seconds.toFixed(1)} s` };
  if (grown > limits.mebibytes) verdict = { kind: 'failed', problem: `took ${Math.round(grown)} MiB` };
  return { verdict, seconds };
}
