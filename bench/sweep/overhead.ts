/**
 * What a sweep costs beside its trials: trials that compute for about a second each, in one process alone, in a pool of
 * one and of two, and on workers of a queue where there is a Redis. Close everything else first.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { noRedis, startRedis } from '../../test/sweep/redis.js';

export interface OverheadResult {
  readonly trials: number;
  /** Of all trials, one after the other, without a sweep. */
  readonly alone: number;
  /** By the number of processes. */
  readonly seconds: Readonly<Record<number, number>>;
  /** Likewise, of a worker with so many processes at a queue; undefined without a server. */
  readonly queueSeconds: Readonly<Record<number, number>> | undefined;
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
    const study = {
      objective: { module },
      space: { x: { kind: 'number', low: 0, high: 1 } },
      sampler: 'sobol',
      trials,
    } as const;
    const seconds: Record<number, number> = {};
    for (const workers of [1, 2]) {
      seconds[workers] = await time(() =>
        sweep({ ...study, workers, folder: join(root, `with-${workers}`) }),
      );
    }
    if (noRedis) return { trials, alone, seconds, queueSeconds: undefined };
    const redis = await startRedis(root);
    const queueSeconds: Record<number, number> = {};
    for (const workers of [1, 2]) {
      const worker = await startWorker(redis.url, workers);
      queueSeconds[workers] = await time(() =>
        sweep({ ...study, queue: redis.url, folder: join(root, `queue-${workers}`) }),
      );
      worker.kill('SIGTERM');
      await once(worker, 'exit');
    }
    await redis.close();
    return { trials, alone, seconds, queueSeconds };
  } finally {
    await rm(root, { recursive: true });
  }
}

/** Resolves when it waits for trials. */
async function startWorker(queue: string, workers: number) {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const args = [main, 'sweep', 'worker', '--queue', queue, '--workers', String(workers)];
  const worker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(worker.stdout, 'data');
  return worker;
}

/** As lines. */
export function overheadRow({ trials, alone, seconds, queueSeconds }: OverheadResult): string {
  const row = (where: string, own: Readonly<Record<number, number>>) => {
    const share = (100 * (own[1]! - alone)) / alone;
    return (
      `${trials} trials: ${alone.toFixed(2)} s alone, ${own[1]!.toFixed(2)} s in ${where} with one process (${share.toFixed(1)} % more), ` +
      `${own[2]!.toFixed(2)} s with two, ${(own[1]! / own[2]!).toFixed(2)} times as fast`
    );
  };
  const queue = queueSeconds ? row('a queue', queueSeconds) : 'a queue: no redis-server here';
  return `${row('a sweep', seconds)}\n${queue}`;
}
