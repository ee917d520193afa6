/**
 * What a sweep costs beside its trials: trials that compute for about a second each, in one process alone, and in a
 * pool of one and of two. Close everything else first.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface OverheadResult {
  readonly trials: number;
  /** Of all trials, one after the other, without a sweep. */
  readonly alone: number;
  /** By the number of processes. */
  readonly seconds: Readonly<Record<number, number>>;
}

/** Computes, says so nine times as a training would, and gives a value. */
const OBJECTIVE = `
export default (trial) => {
  let x = trial.settings.x;
  for (let step = 1; step <= 9; step++) {
    for (let i = 0; i < ROUNDS; i++) x = Math.sin(x + i);
    if (trial.report(step, x)) return x;
  }
  return x;
};
`;

/** @param rounds of the inner loop, of which 3e6 are meant to take about a second. */
export async function benchOverhead(trials: number, rounds = 3e6): Promise<OverheadResult> {
  // Processes of the pool run what was built.
  const built = new URL('../../dist/node.js', import.meta.url).href;
  const { sweep } = (await import(built)) as typeof import('../../src/node.js');
  const root = await mkdtemp(join(tmpdir(), 'lanegrad-overhead-'));
  try {
    const module = join(root, 'objective.mjs');
    await writeFile(module, OBJECTIVE.replace('ROUNDS', String(rounds)));
    const { default: objective } = (await import(pathToFileURL(module).href)) as {
      default: (trial: object) => number;
    };
    const time = async (run: () => unknown) => {
      const began = performance.now();
      await run();
      return (performance.now() - began) / 1000;
    };
    const alone = await time(() => {
      for (let i = 0; i < trials; i++) objective({ settings: { x: i / trials }, report: () => false });
    });
    const seconds: Record<number, number> = {};
    for (const workers of [1, 2]) {
      seconds[workers] = await time(() =>
        sweep({
          objective: { module },
          space: { x: { kind: 'number', low: 0, high: 1 } },
          ...{ sampler: 'sobol', trials, workers, folder: join(root, `with-${workers}`) },
        }),
      );
    }
    return { trials, alone, seconds };
  } finally {
    await rm(root, { recursive: true });
  }
}

/** As a line. */
export function overheadRow({ trials, alone, seconds }: OverheadResult): string {
  const share = (100 * (seconds[1]! - alone)) / alone;
  return (
    `${trials} trials: ${alone.toFixed(2)} s alone, ${seconds[1]!.toFixed(2)} s in a sweep with one process (${share.toFixed(1)} % more), ` +
    `${seconds[2]!.toFixed(2)} s with two, ${(seconds[1]! / seconds[2]!).toFixed(2)} times as fast`
  );
}
