/** Who is refused at a queue: workers with other data or of another version, and whoever has another password. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { NOTE_KEY } from '../../src/sweep/queue/protocol.js';
import { type SweepOptions, sweep } from '../../src/sweep/sweep.js';
import { writeToy } from '../cli/toy.js';
import { counting, queueTests, space, until } from './queue-setup.js';
import { noRedis } from './redis.js';

const own = queueTests();

type Note = { identity: object };

describe.skipIf(noRedis)('a worker is refused', () => {
  /** Of a study that is waiting for workers: what the worker says, and what the coordinator is told. */
  async function refusal(options: SweepOptions, cwd: string, change?: () => Promise<void>) {
    const stop = new AbortController();
    const messages: string[] = [];
    const sweeping = sweep({
      ...{ ...options, folder: own.newFolder(), queue: own.redis.url, signal: stop.signal },
      onMessage: (text) => messages.push(text),
    });
    sweeping.catch(() => {});
    await until(async () => (await own.redis.client.exists(NOTE_KEY)) === 1);
    await change?.();
    const { code, stderr } = await own.worker({}, cwd).outcome;
    await until(() => messages.some((text) => text.includes('refused')));
    stop.abort(new Error('stop'));
    await expect(sweeping).rejects.toThrow('stop');
    return { code, stderr, message: messages.find((text) => text.includes('refused')) };
  }

  it('whose data differ', async () => {
    await writeToy(join(own.root, 'data'), { train: 240 });
    const objective = { data: join(own.root, 'data'), settings: { epochs: 1 } };
    const options = { objective, space: { learningRate: space.x }, trials: 2 };
    const { code, stderr, message } = await refusal(options, own.root, () =>
      writeToy(join(own.root, 'data'), { train: 244 }).then(() => {}),
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
    await writeFile(join(own.root, 'changing.mjs'), counting(1, 1));
    const { stderr } = await refusal(own.study('changing.mjs', 2), own.root, () =>
      writeFile(join(own.root, 'changing.mjs'), counting(2, 1)),
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
      ...{ ...own.study('quick.mjs', 2), folder: own.newFolder(), queue: own.redis.url, signal: stop.signal },
    });
    sweeping.catch(() => {});
    await until(async () => (await own.redis.client.exists(NOTE_KEY)) === 1);
    const note = JSON.parse((await own.redis.client.get(NOTE_KEY))!) as Note;
    stop.abort(new Error('stop'));
    await expect(sweeping).rejects.toThrow('stop');
    // As the coordinator of another machine would leave it.
    await own.redis.client.set(NOTE_KEY, JSON.stringify(change(note)));
    const { stderr, code } = await own.worker().outcome;
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });
});

it.skipIf(noRedis)(
  'a password that is wrong is not shown, and one that is right is kept nowhere',
  async () => {
    const server = await own.server(['--requirepass', 'secret']);
    const at = (password: string) => `redis://:${password}@127.0.0.1:${server.port}`;
    const quick = () => ({ ...own.study('quick.mjs', 2), folder: own.newFolder() });
    for (const queue of [at('mistaken'), server.url]) {
      const error = await sweep({ ...quick(), queue }).catch((reason: Error) => reason);
      expect(String(error)).toMatch(/it wants another user or password/);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('mistaken');
    }
    const STARTS = await own.newStarts();
    const given = quick();
    await writeFile(join(own.root, 'secret.json'), JSON.stringify({ ...given, queue: at('secret') }));
    const worker = own.begin(['sweep', 'worker', '--queue', at('secret')], { STARTS });
    const { code, stdout, stderr } = await own.begin(['sweep', 'secret.json', '--json']).outcome;
    expect(code).toBe(0);
    worker.child.kill('SIGTERM');
    const said = await worker.outcome;
    const kept = await promisify(execFile)('grep', ['-rl', 'secret', given.folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(kept.stdout).toBe('');
    for (const text of [stdout, stderr, said.stdout, said.stderr]) expect(text).not.toContain('secret');
  },
);
