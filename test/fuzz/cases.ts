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
import { judge, type Verdict, type World } from './target.js';
import { chooser } from './targets/index.js';

/** What a case may take: processor seconds, and MiB of memory that were not in use before it. */
export const LIMITS = { seconds: 2, mebibytes: 512 } as const;

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

/** Runs the cases of these numbers. `begin` is called before each, with its number and target. */
export async function runCases(
  { seed, target: part }: Plan,
  indices: Iterable<number>,
  begin: (index: number, target: string) => void,
  end: (outcome: Outcome) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lanegrad-fuzz-'));
  const world: World = {
    engine: await createEngine({ threads: 1 }),
    reference: createReferenceEngine(),
    folder,
  };
  const choose = chooser(part);
  let unhandled: unknown;
  const note = (reason: unknown) => {
    unhandled = reason;
  };
  process.on('unhandledRejection', note);
  // Warnings are for people: of a hundred thousand cases they would be a flood.
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    for (const index of indices) {
      const r = new Random(seed, index);
      const target = choose(r);
      begin(index, target.name);
      const cpu = process.cpuUsage();
      const before = process.memoryUsage.rss();
      const peak = process.resourceUsage().maxRSS;
      let verdict = await judge(target, r, world);
      const { user, system } = process.cpuUsage(cpu);
      const seconds = (user + system) / 1e6;
      // A rejection that nobody waits for is told when the promises' turn is over.
      if (index % 16 === 0 || verdict.kind === 'failed')
        await new Promise((resolve) => setImmediate(resolve));
      const highest = process.resourceUsage().maxRSS;
      const grown = highest > peak ? (highest * 1024 - before) / 2 ** 20 : 0;
      if (unhandled !== undefined) {
        verdict = {
          kind: 'failed',
          problem: `a rejection that nobody can catch (this case, or up to 15 before): ${String(unhandled)}`,
        };
        unhandled = undefined;
      }
      if (seconds > LIMITS.seconds) verdict = { kind: 'failed', problem: `took ${seconds.toFixed(1)} s` };
      if (grown > LIMITS.mebibytes) verdict = { kind: 'failed', problem: `took ${Math.round(grown)} MiB` };
      end({ index, target: target.name, verdict, seconds });
    }
  } finally {
    process.emitWarning = emitWarning;
    process.off('unhandledRejection', note);
    world.engine.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}
