/**
 * The same study in one process, in four, and on four workers of a queue of which one is killed every two seconds
 * while the server itself, and later the coordinator, is killed and started again once. The server then has forgotten
 * everything.
 *
 * `LANEGRAD_SWEEP_TRIALS=200 npx vitest run --config test/vitest.config.ts test/sweep/queue-kills` does more trials.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NOTE_KEY, OWNER_KEY } from '../../src/sweep/queue/protocol.js';
import { readStudy } from '../../src/sweep/read.js';
import { ranked } from '../../src/sweep/trial.js';
import { type Running, start } from '../cli/command.js';
import { toySpace, writeToy } from '../cli/toy.js';
import { digest } from './helpers.js';
import { keysLeft, noRedis, startRedis, type TestRedis } from './redis.js';

const TRIALS = Number(process.env.LANEGRAD_SWEEP_TRIALS ?? 40);
const KILLS_EVERY = 2000;

const study = {
  objective: { data: 'toy', settings: { epochs: 81, batchSize: 16, normalize: 'channel' } },
  space: { ...toySpace, momentum: { kind: 'number', low: 0, high: 0.9, when: { optimizer: 'sgd' } } },
  ...{ sampler: 'tpe', pruner: 'successiveHalving', trials: TRIALS, lag: 8 },
};

let root: string;
let redis: TestRedis | undefined;
const running = new Set<Running>();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-queue-long-'));
  await writeToy(join(root, 'toy'), { train: 480 });
  await writeFile(join(root, 'sweep.json'), JSON.stringify(study));
});
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await redis?.close();
  await rm(root, { recursive: true });
});

/** All of a study but times and where it ran: trials, their order, and the best model. */
async function outcomeOf(folder: string) {
  const { trials, directions } = await readStudy(join(root, folder));
  const journal = (await readFile(join(root, folder, 'journal.log'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map(plain)
    .sort();
  return {
    journal,
    trials: digest(trials),
    ranking: ranked(trials, directions).map(({ number }) => number),
    weights: trials.map(({ attributes }) => attributes.weightsSha256),
    best: (await readFile(join(root, folder, 'best', 'model.safetensors'))).toString('base64'),
  };
}

/** A line of the journal without times and the writer's name. Lines of trials that run side by side may change places. */
function plain(line: string): string {
  return JSON.stringify(JSON.parse(line), (key, value: unknown) =>
    /^(worker_id|datetime_(start|complete))$/.test(key) ? undefined : value,
  );
}

async function run(folder: string, flags: readonly string[]): Promise<void> {
  const own = start(root, ['sweep', 'sweep.json', '--out', folder, '--quiet', ...flags]);
  running.add(own);
  const { code, stderr } = await own.outcome;
  running.delete(own);
  expect(stderr).toBe('');
  expect(code).toBe(0);
}

describe.skipIf(noRedis)('a study of many trials', () => {
  it('is the same in one process, in four, and on workers that are killed', {
    timeout: 60_000 + 15_000 * TRIALS,
  }, async () => {
    await run('one', ['--workers', '1']);
    const expected = await outcomeOf('one');
    await run('four', ['--workers', '4']);
    expect(await outcomeOf('four')).toEqual(expected);

    redis = await startRedis(root);
    const { url } = redis;
    const begin = () => {
      const worker = start(root, ['sweep', 'worker', '--queue', url, '--workers', '1']);
      running.add(worker);
      void worker.outcome.finally(() => running.delete(worker));
      const own = { ...worker, hasWorked: false };
      worker.printed(/^trial \d+ /m).then(
        () => {
          own.hasWorked = true;
        },
        () => {},
      );
      return own;
    };
    const workers = Array.from({ length: 4 }, begin);
    const coordinate = (...args: string[]) => {
      const own = start(root, ['sweep', ...args, '--queue', url, '--quiet']);
      running.add(own);
      void own.outcome.finally(() => running.delete(own));
      return own;
    };
    let coordinator = coordinate('sweep.json', '--out', 'queue');
    let kills = 0;
    let restarts = 0;
    while (coordinator.child.exitCode === null) {
      for (let waited = 0; waited < KILLS_EVERY && coordinator.child.exitCode === null; waited += 100) {
        await sleep(100);
      }
      if (coordinator.child.exitCode !== null) break;
      // The oldest that has done a trial: where starting takes long, none would ever be done otherwise.
      const at = workers.findIndex(({ hasWorked }) => hasWorked);
      if (at >= 0) {
        kills++;
        workers[at]!.child.kill('SIGKILL');
        workers.splice(at, 1);
        workers.push(begin());
      }
      const ended = await endedOf('queue');
      if (restarts === 0 && ended > TRIALS / 3) {
        restarts++;
        await redis.stop();
        await sleep(500);
        await redis.start();
      } else if (restarts === 1 && ended > TRIALS / 2) {
        restarts++;
        coordinator.child.kill('SIGKILL');
        await coordinator.outcome;
        coordinator = coordinate('resume', 'queue');
      }
    }
    expect(await coordinator.outcome).toMatchObject({ code: 0, stderr: '' });
    expect(restarts).toBe(2);
    expect(kills).toBeGreaterThan(2);
    expect(await outcomeOf('queue')).toEqual(expected);
    const { trials } = await readStudy(join(root, 'queue'));
    expect(trials.map(({ number }) => number)).toEqual(Array.from({ length: TRIALS }, (_, i) => i));
    expect(trials.every(({ state }) => state === 'complete' || state === 'pruned')).toBe(true);
    // Workers stop as they are told, and leave the server empty of the study.
    for (const { child } of workers) child.kill('SIGTERM');
    // One that has only just been started does not listen yet.
    for (const { outcome, hasWorked } of workers) if (hasWorked) expect((await outcome).code).toBe(143);
    for (const { outcome } of workers) await outcome;
    // What was laid down in vain by a worker that did not know it goes by itself.
    for (const key of await keysLeft(redis.client)) expect(await redis.client.ttl(key)).toBeGreaterThan(0);
    expect(await redis.client.exists(NOTE_KEY, OWNER_KEY)).toBe(0);
  });
});

async function endedOf(folder: string): Promise<number> {
  const found = await readStudy(join(root, folder)).catch(() => undefined);
  return found?.trials.filter(({ state }) => state !== 'running').length ?? 0;
}
