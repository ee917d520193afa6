/** What tests of queues share: a Redis, a folder, commands that are ended when a test is, and objectives to try. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Running, start } from '../cli/command.js';
import { noRedis, startRedis, type TestRedis } from './redis.js';

/** Says how often it was begun, and goes on from what it finds in its folder. */
const COUNTING = `
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
export default async ({ number, settings, folder, report }) => {
  const path = join(folder, 'step');
  let step = 0;
  try { step = Number(readFileSync(path, 'utf8')); } catch { mkdirSync(folder, { recursive: true }); }
  appendFileSync(join(process.env.STARTS, String(number)), step + ' ');
  let value = 0;
  for (let i = 1; i <= STEPS; i++) {
    value = (settings.x - 0.3) ** 2 + 1 / i;
    if (i > step) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      writeFileSync(join(folder, '.lanegrad-step'), String(i));
      renameSync(join(folder, '.lanegrad-step'), path);
    }
    if (report(i, value)) break;
  }
  return value;
};
`;

/** The source of a module of which each trial has so many steps, and pauses so many milliseconds at each. */
export function counting(steps: number, pause: number): string {
  return COUNTING.replace('STEPS', String(steps)).replace('PAUSE', String(pause));
}

export const space = { x: { kind: 'number', low: 0, high: 1 } } as const;

export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await sleep(50);
}

/** Registers what is to be done before and after the tests of a file. */
export function queueTests() {
  let root: string;
  let redis: TestRedis | undefined;
  let folders = 0;
  const running = new Set<Running>();
  const others: TestRedis[] = [];
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'lanegrad-queue-'));
    await writeFile(join(root, 'quick.mjs'), counting(9, 5));
    await writeFile(join(root, 'slow.mjs'), counting(24, 250));
    if (!noRedis) redis = await startRedis(root);
  });
  afterEach(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    running.clear();
    for (const other of others.splice(0)) await other.close();
    await redis?.client.flushall();
  });
  afterAll(async () => {
    await redis?.close();
    await rm(root, { recursive: true });
  });
  const begin = (args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = root): Running => {
    const own = start(cwd, args, env);
    running.add(own);
    return own;
  };
  return {
    get root() {
      return root;
    },
    get redis() {
      return redis!;
    },
    newFolder: () => join(root, `study-${++folders}`),
    /** Where trials of a test say how often they were begun. */
    async newStarts(): Promise<string> {
      const folder = join(root, `starts-${++folders}`);
      await mkdir(folder);
      return folder;
    },
    /** Another server, until the test has ended. */
    async server(flags: readonly string[] = []): Promise<TestRedis> {
      const other = await startRedis(root, flags);
      others.push(other);
      return other;
    },
    begin,
    worker: (env: NodeJS.ProcessEnv = {}, cwd = root, workers = 1) =>
      begin(['sweep', 'worker', '--queue', redis!.url, '--workers', String(workers)], env, cwd),
    study: (module: string, trials: number) =>
      ({ objective: { module: join(root, module) }, space, trials, pruner: 'successiveHalving' }) as const,
  };
}
