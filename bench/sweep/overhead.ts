/**
 * What a sweep costs beside its trials: trials that compute for about a second each, in one process alone, in a pool of
 * one and of two, and on workers of a queue where there is a Redis. Close everything else first.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { noRedis, startRedis } from '../../test/sweep/redis.js';

export interface OverheadResult {
  readonly trials: number;
  /** Of all trials, one after the other, without a sweep. */
  readonly alone: number;
  /** By the number of processes: of the sweep, and what its trials themselves computed, added up. */
  readonly pool: Readonly<Record<number, Seconds>>;
  /** Likewise, of a worker with so many processes at a queue; undefined without a server. */
  readonly queue: Readonly<Record<number, Seconds>> | undefined;
}

interface Seconds {
  readonly all: number;
  readonly own: number;
}

/** Computes, says so nine times as a training would, and gives a value. */
const OBJECTIVE = `
import { appendFileSync } from 'node:fs';
export default (trial) => {
  let x = trial.settings.x;
  let own = 0;
  for (let step = 1; step <= 9; step++) {
    const began = performance.now();
    for (let i = 0; i < ROUNDS; i++) x = Math.sin(x + i);
    own += performance.now() - began;
    if (trial.report(step, x)) return x;
  }
  appendFileSync(OWN, own + '\\n');
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
    const ownFile = join(root, 'own');
    await writeFile(
      module,
      OBJECTIVE.replace('ROUNDS', String(rounds)).replace('OWN', JSON.stringify(ownFile)),
    );
    const { default: objective } = (await import(pathToFileURL(module).href)) as {
      default: (trial: object) => number;
    };
    const time = async (run: () => unknown) => {
      const began = performance.now();
      await run();
      return (performance.now() - began) / 1000;
    };
    const timeBoth = async (run: () => unknown): Promise<Seconds> => {
      await rm(ownFile, { force: true });
      const all = await time(run);
      const lines = (await readFile(ownFile, 'utf8')).trim().split('\n');
      return { all, own: lines.reduce((sum, line) => sum + Number(line), 0) / 1000 };
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
    const pool: Record<number, Seconds> = {};
    for (const workers of [1, 2]) {
      pool[workers] = await timeBoth(() =>
        sweep({ ...study, workers, folder: join(root, `with-${workers}`) }),
      );
    }
    if (noRedis) return { trials, alone, pool, queue: undefined };
    const redis = await startRedis(root);
    const queue: Record<number, Seconds> = {};
    for (const workers of [1, 2]) {
      const worker = await startWorker(redis.url, workers);
      queue[workers] = await timeBoth(() =>
        sweep({ ...study, queue: redis.url, folder: join(root, `queue-${workers}`) }),
      );
      worker.kill('SIGTERM');
      await once(worker, 'exit');
    }
    await redis.close();
    return { trials, alone, pool, queue };
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
export function overheadRow({ trials, alone, pool, queue }: OverheadResult): string {
  const row = (where: string, { 1: one, 2: two }: Readonly<Record<number, Seconds>>) => {
    const share = (100 * (one!.all - one!.own)) / one!.own;
    return (
      `${trials} trials in ${where}: ${one!.all.toFixed(2)} s with one process, of which trials computed ${one!.own.toFixed(2)} s ` +
      `(${share.toFixed(1)} % more); ${two!.all.toFixed(2)} s with two, ${(one!.all / two!.all).toFixed(2)} times as fast`
    );
  };
  const ofQueue = queue ? row('a queue', queue) : 'a queue: no redis-server here';
  return `${trials} trials without a sweep: ${alone.toFixed(2)} s\n${row('a pool', pool)}\n${ofQueue}`;
}
