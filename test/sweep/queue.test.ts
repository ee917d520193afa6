/** Sweeps whose trials are done by workers of a queue: where these come and go, and where they are refused. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { QueueError, readAddress } from '../../src/sweep/queue/connection.js';
import { NOTE_KEY } from '../../src/sweep/queue/protocol.js';
import { readStudy } from '../../src/sweep/read.js';
import { type SweepOptions, sweep } from '../../src/sweep/sweep.js';
import { MAIN, type Running, start } from '../cli/command.js';
import { writeToy } from '../cli/toy.js';
import { digest } from './helpers.js';
import { freePort, noRedis, startRedis, type TestRedis } from './redis.js';

let root: string;
let redis: TestRedis;
let folders = 0;
const running = new Set<Running>();
const newFolder = () => join(root, `study-${++folders}`);

/** Says how often it was begun, and goes on from what it finds in its folder. */
const COUNTING = `
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
export default async ({ number, settings, folder, report, signal }) => {
  const path = join(folder, 'step');
  let step = 0;
  try { step = Number(readFileSync(path, 'utf8')); } catch { mkdirSync(folder, { recursive: true }); }
  appendFileSync(join(process.env.STARTS, String(number)), step + ' ');
  let value = 0;
  for (let i = 1; i <= STEPS; i++) {
    value = (settings.x - 0.3) ** 2 + 1 / i;
    if (i > step) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      writeFileSync(path, String(i));
    }
    if (report(i, value)) break;
  }
  return value;
};
`;
const counting = (steps: number, pause: number) =>
  COUNTING.replace('STEPS', String(steps)).replace('PAUSE', String(pause));

const space = { x: { kind: 'number', low: 0, high: 1 } } as const;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-queue-'));
  if (noRedis) return;
  redis = await startRedis(root);
  await writeFile(join(root, 'quick.mjs'), counting(9, 5));
  await writeFile(join(root, 'slow.mjs'), counting(40, 250));
});
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  running.clear();
  if (!noRedis) await redis.client.flushall();
});
afterAll(async () => {
  await redis?.close();
  await rm(root, { recursive: true });
});

/** Where trials of a test say how often they were begun. */
async function newStarts(): Promise<string> {
  const folder = join(root, `starts-${++folders}`);
  await mkdir(folder);
  return folder;
}

function begin(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = root): Running {
  const own = start(cwd, args, env);
  running.add(own);
  return own;
}

const worker = (env: NodeJS.ProcessEnv = {}, cwd = root, workers = 1) =>
  begin(['sweep', 'worker', '--queue', redis.url, '--workers', String(workers)], env, cwd);

const study = (module: string, trials: number) =>
  ({ objective: { module: join(root, module) }, space, trials, pruner: 'successiveHalving' }) as const;

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await sleep(50);
}

describe.skipIf(noRedis)('a queue', () => {
  it('has the same trials as this process, whose files come back', async () => {
    const STARTS = await newStarts();
    const options = study('quick.mjs', 12);
    process.env.STARTS = STARTS;
    const { default: objective } = await import(join(root, 'quick.mjs'));
    const here = await sweep({ ...options, objective, folder: newFolder() });
    const workers = [worker({ STARTS }), worker({ STARTS }, root, 2)];
    const folder = newFolder();
    const there = await sweep({ ...options, folder, queue: redis.url });
    expect(digest(there.trials)).toBe(digest(here.trials));
    expect(digest((await readStudy(folder)).trials)).toBe(digest(here.trials));
    for (const { number, reports } of there.trials) {
      const path = join(folder, 'trials', String(number).padStart(5, '0'), 'step');
      expect(await readFile(path, 'utf8')).toBe(String(reports.length));
    }
    expect(await readFile(join(folder, 'journal.log'), 'utf8')).not.toContain('redis');
    for (const { child } of workers) child.kill('SIGTERM');
    for (const { outcome } of workers) {
      const { code, stdout, stderr } = await outcome;
      expect(stderr).toBe('');
      expect(code).toBe(143);
      expect(stdout).toContain(`working at ${folder} of `);
    }
    expect(await redis.client.keys('lanegrad:*')).toEqual([]);
  });

  it('trains in folders that have nothing in common, to the same weights', async () => {
    const elsewhere = join(root, 'elsewhere');
    await writeToy(join(root, 'toy'), { train: 240 });
    await cp(join(root, 'toy'), join(elsewhere, 'toy'), { recursive: true });
    const given = {
      objective: { data: 'toy', settings: { epochs: 9, normalize: 'channel' } },
      space: { learningRate: { kind: 'number', low: 1e-3, high: 2, log: true } },
      ...{ trials: 6, pruner: 'successiveHalving' },
    };
    await writeFile(join(root, 'toy.json'), JSON.stringify(given));
    const command = (...args: string[]) => begin(['sweep', 'toy.json', '--json', ...args]).outcome;
    expect((await command('--out', 'toy-here')).code).toBe(0);
    worker({}, elsewhere, 2);
    expect((await command('--out', 'toy-there', '--queue', redis.url)).code).toBe(0);
    const [here, there] = await Promise.all(
      ['toy-here', 'toy-there'].map(async (name) => {
        const folder = join(root, name);
        const { trials } = await readStudy(folder);
        return {
          trials: digest(trials),
          model: await readFile(join(folder, 'best', 'model.safetensors'), 'base64'),
          files: await readdir(join(folder, 'trials', '00000')),
        };
      }),
    );
    expect(there).toEqual(here);
    expect(await readdir(elsewhere)).toEqual(['toy']);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'gives what a worker was at to another one, which goes on from the checkpoint: %s',
    async (signal) => {
      const STARTS = await newStarts();
      const first = worker({ STARTS });
      const options = { ...study('slow.mjs', 1), folder: newFolder(), queue: redis.url };
      const sweeping = sweep(options);
      const checkpoint = async () => (await redis.client.keys('lanegrad:checkpoint:*')).length > 0;
      await until(checkpoint);
      first.child.kill(signal);
      const { code } = await first.outcome;
      expect(code).toBe(signal === 'SIGTERM' ? 143 : null);
      worker({ STARTS });
      const { trials } = await sweeping;
      expect(trials.map(({ state }) => state)).toEqual(['complete']);
      expect(trials[0]!.reports.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
      const starts = (await readFile(join(STARTS, '0'), 'utf8')).trim().split(' ').map(Number);
      expect(starts).toHaveLength(2);
      expect(starts[0]).toBe(0);
      expect(starts[1]).toBeGreaterThan(5);
    },
  );

  it('tells its workers when the sweep is stopped, and the study goes on with what they sent', async () => {
    const STARTS = await newStarts();
    worker({ STARTS });
    const options = { ...study('slow.mjs', 1), folder: newFolder(), queue: redis.url };
    const stop = new AbortController();
    let reports = 0;
    const stopped = sweep({
      ...options,
      signal: stop.signal,
      onProgress: ({ running }) => {
        reports = running[0]?.reports.length ?? 0;
        if (reports > 8) stop.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    await until(async () => (await redis.client.keys('bull:*:*-0-*')).length === 0);
    const { trials } = await sweep(options);
    expect(trials[0]!.state).toBe('complete');
    const starts = (await readFile(join(STARTS, '0'), 'utf8')).trim().split(' ').map(Number);
    expect(starts[1]).toBeGreaterThanOrEqual(8);
  });

  it('that is lost in the middle is waited for, and handed everything again that it forgot', async () => {
    const own = await startRedis(root);
    const STARTS = await newStarts();
    const flags = ['--queue', own.url];
    const one = begin(['sweep', 'worker', ...flags, '--workers', '2'], { STARTS });
    const messages: string[] = [];
    let ended = 0;
    const sweeping = sweep({
      ...{ ...study('quick.mjs', 30), folder: newFolder(), queue: own.url },
      onMessage: (text) => messages.push(text),
      onTrial: () => ended++,
    });
    await until(() => ended > 5);
    await own.stop();
    await sleep(1500);
    const before = ended;
    await own.start();
    const { trials } = await sweeping;
    expect(before).toBeLessThan(30);
    expect(trials.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, i) => i));
    const shown = `${own.url}/0`;
    expect(messages).toEqual([
      `the queue ${shown} is lost; trying to reach it again`,
      `the queue ${shown} is back`,
    ]);
    one.child.kill('SIGTERM');
    expect((await one.outcome).stdout).toContain('is back');
    await own.close();
  });

  it('that is gone does not keep Ctrl-C from ending the sweep, or a worker', async () => {
    const own = await startRedis(root);
    const STARTS = await newStarts();
    const given = { ...study('slow.mjs', 1), folder: newFolder() };
    await writeFile(join(root, 'gone.json'), JSON.stringify(given));
    const at = begin(['sweep', 'worker', '--queue', own.url], { STARTS });
    const coordinator = begin(['sweep', 'gone.json', '--queue', own.url]);
    await at.printed(/working at/);
    await own.stop();
    await coordinator.printed(/is lost/);
    coordinator.child.kill('SIGINT');
    at.child.kill('SIGINT');
    const { code, stdout } = await coordinator.outcome;
    expect(code).toBe(130);
    expect(stdout).toMatch(/^go on with {2}lanegrad sweep resume /m);
    expect((await at.outcome).code).toBe(130);
    await own.close();
  });

  it('has one coordinator at a time; one that was killed is waited for and followed', async () => {
    const STARTS = await newStarts();
    const options = { ...study('slow.mjs', 1), queue: redis.url };
    const folder = newFolder();
    await writeFile(join(root, 'two.json'), JSON.stringify({ ...options, folder }));
    const coordinator = begin(['sweep', 'two.json']);
    await until(async () => (await redis.client.exists(NOTE_KEY)) === 1);
    const same = sweep({ ...options, folder: newFolder() });
    await expect(same).rejects.toThrow(QueueError);
    await expect(same).rejects.toThrow(
      /redis:\/\/127\.0\.0\.1:\d+\/0: the process \d+ on .* coordinates this study/,
    );
    const other = sweep({ ...options, seed: 2, folder: newFolder() });
    await expect(other).rejects.toThrow(
      /has another study here, .*; expected one at a time, or another database/,
    );
    coordinator.child.kill('SIGKILL');
    await coordinator.outcome;
    const messages: string[] = [];
    worker({ STARTS });
    const { trials } = await sweep({
      ...{ ...options, objective: { module: join(root, 'quick.mjs') }, folder: newFolder() },
      onMessage: (text) => messages.push(text),
    });
    expect(trials[0]!.state).toBe('complete');
    expect(messages).toEqual([expect.stringMatching(/had another study, .*; its jobs are removed/)]);
  });

  it('says that nobody has come', async () => {
    const stop = new AbortController();
    const options = { ...study('quick.mjs', 1), folder: newFolder(), queue: redis.url };
    const messages: string[] = [];
    const onMessage = (text: string) => {
      messages.push(text);
      stop.abort(new Error('alone'));
    };
    await expect(sweep({ ...options, onMessage, signal: stop.signal })).rejects.toThrow('alone');
    expect(messages[0]).toMatch(/^no worker has come to redis:.* yet; lanegrad sweep worker --queue redis:/);
  });
});

describe.skipIf(noRedis)('a worker is refused', () => {
  /** Of a study that is waiting for workers: what the worker says, and what the coordinator is told. */
  async function refusal(options: SweepOptions, cwd: string, change?: () => Promise<void>) {
    const stop = new AbortController();
    const messages: string[] = [];
    const sweeping = sweep({
      ...{ ...options, folder: newFolder(), queue: redis.url, signal: stop.signal },
      onMessage: (text) => messages.push(text),
    });
    sweeping.catch(() => {});
    await until(async () => (await redis.client.exists(NOTE_KEY)) === 1);
    await change?.();
    const { code, stderr } = await worker({}, cwd).outcome;
    await until(() => messages.some((text) => text.includes('refused')));
    stop.abort(new Error('stop'));
    await expect(sweeping).rejects.toThrow('stop');
    return { code, stderr, message: messages.find((text) => text.includes('refused')) };
  }

  it('whose data differ', async () => {
    await writeToy(join(root, 'data'), { train: 240 });
    const objective = { data: join(root, 'data'), settings: { epochs: 1 } };
    const options = { objective, space: { learningRate: space.x }, trials: 2 };
    const { code, stderr, message } = await refusal(options, root, () =>
      writeToy(join(root, 'data'), { train: 244 }).then(() => {}),
    );
    expect(stderr).toMatch(
      /^error: .*data: expected the data that the coordinator has, SHA-256 [\da-f]{64}, given/,
    );
    expect(message).toMatch(
      /^a worker has refused: .*, process \d+: .*expected the data that the coordinator has/,
    );
    expect(code).toBe(1);
  });

  it('whose module differs', async () => {
    await writeFile(join(root, 'changing.mjs'), counting(1, 1));
    const { stderr } = await refusal(study('changing.mjs', 2), root, () =>
      writeFile(join(root, 'changing.mjs'), counting(2, 1)),
    );
    expect(stderr).toMatch(/changing.mjs: expected the module that the coordinator has, SHA-256 [\da-f]{64}/);
  });

  it.each([
    [
      'version',
      (note: Note) => ({ ...note, identity: { ...note.identity, version: '0.0.1' } }),
      /of lanegrad 0\.0\.1; expected the same version/,
    ],
    [
      'WebAssembly',
      (note: Note) => ({ ...note, identity: { ...note.identity, engine: { backend: 'reference' } } }),
      /computes with {"backend":"reference"}/,
    ],
  ] as const)('that has another %s', async (_, change, message) => {
    const stop = new AbortController();
    const sweeping = sweep({
      ...{ ...study('quick.mjs', 2), folder: newFolder(), queue: redis.url, signal: stop.signal },
    });
    sweeping.catch(() => {});
    await until(async () => (await redis.client.exists(NOTE_KEY)) === 1);
    const note = JSON.parse((await redis.client.get(NOTE_KEY))!) as Note;
    stop.abort(new Error('stop'));
    await expect(sweeping).rejects.toThrow('stop');
    // As the coordinator of another machine would leave it.
    await redis.client.set(NOTE_KEY, JSON.stringify(change(note)));
    const { stderr, code } = await worker().outcome;
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });
});

type Note = { identity: object };

describe('bad input', () => {
  const options = { space, trials: 2, objective: { module: new URL('./none.mjs', import.meta.url) } };

  it.each([
    ['http://host', /expected a URL such as redis:.*begins with http:/],
    ['reddis://host', /did you mean "redis"/],
    ['host:6379', /expected a URL such as/],
    ['redis://', /expected a URL such as/],
    ['redis://user:secret@host:6379/zero', /expected a URL such as/],
  ])('%s is no queue', (url, message) => {
    expect(() => readAddress('sweep', url)).toThrow(OptionError);
    expect(() => readAddress('sweep', url)).toThrow(message);
    expect(() => readAddress('sweep', url)).not.toThrow(/secret/);
  });

  it.each([
    ['redis://host', 'redis://host:6379/0', { host: 'host', port: 6379, db: 0 }],
    [
      'valkey://:a%40b@[::1]:7000/3',
      'valkey://[::1]:7000/3',
      { host: '::1', port: 7000, db: 3, password: 'a@b' },
    ],
    ['rediss://me:secret@host', 'rediss://me@host:6379/0', { username: 'me', password: 'secret', tls: {} }],
  ])('%s is one', (url, shown, expected) => {
    const address = readAddress('sweep', url);
    expect(address.shown).toBe(shown);
    expect(address.options).toMatchObject(expected);
  });

  const quick = () => ({ ...options, ...study('quick.mjs', 2), folder: newFolder() });

  it('a queue that is not there, or does not answer, is named without the password', async () => {
    await writeFile(join(root, 'quick.mjs'), counting(9, 5));
    const url = `redis://me:secret@127.0.0.1:${await freePort()}`;
    const given = quick();
    const error = await sweep({ ...given, queue: url }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(QueueError);
    expect(String(error)).toMatch(
      /redis:\/\/me@127\.0\.0\.1:\d+\/0: cannot be reached: nobody listens there; expected Redis or Valkey/,
    );
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret');
    expect(existsSync(given.folder)).toBe(false);
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    await expect(sweep({ ...quick(), queue: `redis://127.0.0.1:${port}` })).rejects.toThrow(/no answer/);
    silent.close();
  });

  it.skipIf(noRedis)(
    'a password that is wrong is not shown, and one that is right is kept nowhere',
    async () => {
      const own = await startRedis(root, ['--requirepass', 'secret']);
      const at = (password: string) => `redis://:${password}@127.0.0.1:${own.port}`;
      for (const queue of [at('mistaken'), own.url]) {
        const error = await sweep({ ...quick(), queue }).catch((reason: Error) => reason);
        expect(String(error)).toMatch(/it wants another user or password/);
        expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('mistaken');
      }
      const STARTS = await newStarts();
      const given = quick();
      await writeFile(join(root, 'secret.json'), JSON.stringify({ ...given, queue: at('secret') }));
      const at2 = begin(['sweep', 'worker', '--queue', at('secret')], { STARTS });
      const { code, stdout, stderr } = await begin(['sweep', 'secret.json', '--json']).outcome;
      expect(code).toBe(0);
      at2.child.kill('SIGTERM');
      const said = await at2.outcome;
      const { stdout: kept } = await promisify(execFile)('grep', ['-rc', 'secret', given.folder]).catch(
        (error: { stdout: string }) => error,
      );
      expect([stdout, stderr, said.stdout, said.stderr, kept.replace(/:0$/gm, '')].join('\n')).not.toMatch(
        /secret|:\d+$/m,
      );
      await own.close();
    },
  );

  it('a function, and a part of a study, are not for a queue', async () => {
    const queue = 'redis://127.0.0.1:1';
    await expect(sweep({ ...options, objective: () => 1, queue })).rejects.toThrow(
      /queue: a function runs in this process alone; expected { module } or a training/,
    );
    const shard = { index: 0, of: 2 };
    const parts = { ...quick(), sampler: 'sobol', pruner: 'none', shard } as const;
    await expect(sweep({ ...parts, queue })).rejects.toThrow(/expected queue or shard, given both/);
  });

  it('without the packages it says what to install, and all else does without them', async () => {
    const encode = (text: string) =>
      `data:text/javascript,${encodeURIComponent(text).replaceAll("'", '%27')}`;
    const hooks = `export const resolve = (name, context, next) => {
      if (name === 'bullmq' || name === 'ioredis') throw new Error('not installed');
      return next(name, context);
    };`;
    const register = `import { register } from 'node:module';
      register('${encode(hooks)}');`;
    const without = ['--import', encode(register)];
    await writeFile(join(root, 'constant.mjs'), 'export default () => 1;');
    const given = { ...options, objective: { module: join(root, 'constant.mjs') } };
    const folder = newFolder();
    await writeFile(join(root, 'without.json'), JSON.stringify({ ...given, folder }));
    const run = (...args: string[]) =>
      promisify(execFile)(process.execPath, [...without, MAIN, ...args], { cwd: root });
    await expect(run('sweep', 'worker', '--queue', 'redis://127.0.0.1:1')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/queue: expected BullMQ and ioredis.*: npm install bullmq ioredis/),
    });
    expect((await run('sweep', 'without.json', '--workers', '1')).stdout).toMatch(/2 complete/);
  });
});
