/** What is said of a queue that cannot be, where there is no server. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { readAddress } from '../../src/sweep/queue/connection.js';
import { QueueError } from '../../src/sweep/queue/error.js';
import { type SweepOptions, sweep } from '../../src/sweep/sweep.js';
import { MAIN } from '../cli/command.js';
import { freePort } from './redis.js';

let root: string;
let options: SweepOptions & { readonly folder: string };
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-queue-input-'));
  const module = join(root, 'constant.mjs');
  await writeFile(module, 'export default () => 1;');
  const space = { x: { kind: 'number', low: 0, high: 1 } } as const;
  options = { objective: { module }, space, trials: 2, folder: join(root, 'study') };
});
afterAll(() => rm(root, { recursive: true }));

it.each([
  ['http://host', /expected a URL such as redis:.*begins with http:/],
  ['reddis://host', /did you mean "redis"/],
  ['host:6379', /expected a URL such as/],
  ['redis://', /expected a URL such as/],
  ['redis://user:secret@host:6379/zero', /expected a URL such as/],
  ['redis://user:secret%ZZ@host', /expected the password with %25 for %/],
  ['redis://us%er:secret@host', /expected the user with %25 for %/],
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

it('a queue that is not there, or does not answer, is named without the password', async () => {
  const url = `redis://me:secret@127.0.0.1:${await freePort()}`;
  const error = await sweep({ ...options, queue: url }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(QueueError);
  expect(String(error)).toMatch(
    /redis:\/\/me@127\.0\.0\.1:\d+\/0: cannot be reached: nobody listens there; expected Redis or Valkey/,
  );
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret');
  expect(existsSync(options.folder)).toBe(false);
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  await expect(sweep({ ...options, queue: `redis://127.0.0.1:${port}` })).rejects.toThrow(/no answer/);
  silent.close();
});

it.each([
  [
    'another protocol',
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    '',
    /cannot be reached: what answers there speaks/,
  ],
  ['no such database', '-ERR DB index is out of range\r\n', '/99', /it has no database of this number/],
])('%s', async (_, answer, path, message) => {
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (data) => {
        for (const _command of String(data).match(/^\*/gm) ?? []) socket.write(answer);
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await expect(sweep({ ...options, queue: `redis://127.0.0.1:${port}${path}` })).rejects.toThrow(message);
  expect(existsSync(options.folder)).toBe(false);
  server.close();
});

it('a function, and a part of a study, are not for a queue', async () => {
  const queue = 'redis://127.0.0.1:1';
  await expect(sweep({ ...options, objective: () => 1, queue })).rejects.toThrow(
    /queue: a function runs in this process alone; expected { module } or a training/,
  );
  const shard = { index: 0, of: 2 };
  const parts = { ...options, sampler: 'sobol', pruner: 'none', shard } as const;
  await expect(sweep({ ...parts, queue })).rejects.toThrow(/expected queue or shard, given both/);
});

it('without the packages it says what to install, and all else does without them', async () => {
  const encode = (text: string) => `data:text/javascript,${encodeURIComponent(text).replaceAll("'", '%27')}`;
  const hooks = `export const resolve = (name, context, next) => {
    if (name === 'bullmq' || name === 'ioredis') throw new Error('not installed');
    return next(name, context);
  };`;
  const register = `import { register } from 'node:module';
    register('${encode(hooks)}');`;
  const without = ['--import', encode(register)];
  await writeFile(join(root, 'without.json'), JSON.stringify(options));
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [...without, MAIN, ...args], { cwd: root });
  await expect(run('sweep', 'worker', '--queue', 'redis://127.0.0.1:1')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/queue: expected BullMQ and ioredis.*: npm install bullmq ioredis/),
  });
  expect((await run('sweep', 'without.json', '--workers', '1')).stdout).toMatch(/2 complete/);
});
