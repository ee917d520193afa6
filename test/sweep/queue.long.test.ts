/** Sweeps whose trials are done by workers of a queue, which come and go, as do the queue and the coordinator. */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { unpackFolder } from '../../src/sweep/queue/bundle.js';
import { QueueError } from '../../src/sweep/queue/error.js';
import { NOTE_KEY } from '../../src/sweep/queue/protocol.js';
import { readStudy } from '../../src/sweep/read.js';
import { sweep } from '../../src/sweep/sweep.js';
import { writeToy } from '../cli/toy.js';
import { digest } from './helpers.js';
import { queueTests, until } from './queue-setup.js';
import { keysLeft, noRedis } from './redis.js';

const own = queueTests();

describe.skipIf(noRedis)('a queue', () => {
  it('has the same trials as this process, whose files come back', async () => {
    const STARTS = await own.newStarts();
    const options = own.study('quick.mjs', 12);
    process.env.STARTS = STARTS;
    const { default: objective } = await import(join(own.root, 'quick.mjs'));
    const here = await sweep({ ...options, objective, folder: own.newFolder() });
    const workers = [own.worker({ STARTS }), own.worker({ STARTS }, own.root, 2)];
    const folder = own.newFolder();
    const there = await sweep({ ...options, folder, queue: own.redis.url });
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
    expect(await keysLeft(own.redis.client)).toEqual([]);
  });

  it.each([
    ['that is pruned', { trials: 6, pruner: 'successiveHalving' }],
    ['of a population', { trials: 9, sampler: { kind: 'pbt', population: 3, interval: 2, quantile: 0.34 } }],
  ])('trains in folders that have nothing in common, to the same weights: a study %s', async (_, way) => {
    const elsewhere = own.newFolder();
    await writeToy(join(own.root, 'toy'), { train: 240 });
    await cp(join(own.root, 'toy'), join(elsewhere, 'toy'), { recursive: true });
    const given = {
      objective: { data: 'toy', settings: { epochs: 9, normalize: 'channel' } },
      space: { learningRate: { kind: 'number', low: 1e-3, high: 2, log: true } },
      ...way,
    };
    await writeFile(join(own.root, 'toy.json'), JSON.stringify(given));
    const command = (...args: string[]) => own.begin(['sweep', 'toy.json', '--json', ...args]).outcome;
    const folders = [own.newFolder(), own.newFolder()];
    expect((await command('--out', folders[0]!)).code).toBe(0);
    own.worker({}, elsewhere, 2);
    expect((await command('--out', folders[1]!, '--queue', own.redis.url)).code).toBe(0);
    const [here, there] = await Promise.all(
      folders.map(async (folder) => {
        const { trials } = await readStudy(folder);
        return {
          trials: digest(trials),
          model: await readFile(join(folder, 'best', 'model.safetensors'), 'base64'),
          files: await readdir(join(folder, 'trials', '00000')),
        };
      }),
    );
    expect(there).toEqual(here);
    expect(await keysLeft(own.redis.client)).toEqual([]);
    expect(await readdir(elsewhere)).toEqual(['toy']);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'gives what a worker was at to another one, which goes on from the checkpoint: %s',
    async (signal) => {
      const STARTS = await own.newStarts();
      const first = own.worker({ STARTS });
      const options = { ...own.study('slow.mjs', 1), folder: own.newFolder(), queue: own.redis.url };
      const sweeping = sweep(options);
      const checkpoint = async () => (await own.redis.client.keys('lanegrad:checkpoint:*')).length > 0;
      await until(checkpoint);
      first.child.kill(signal);
      const { code } = await first.outcome;
      expect(code).toBe(signal === 'SIGTERM' ? 143 : null);
      const [key] = await own.redis.client.keys('lanegrad:checkpoint:*');
      const sent = own.newFolder();
      await unpackFolder((await own.redis.client.getBuffer(key!))!, sent);
      const reached = Number(await readFile(join(sent, 'step'), 'utf8'));
      expect(reached).toBeGreaterThan(0);
      own.worker({ STARTS });
      const { trials } = await sweeping;
      expect(trials.map(({ state }) => state)).toEqual(['complete']);
      expect(trials[0]!.reports.map(({ step }) => step)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
      const starts = (await readFile(join(STARTS, '0'), 'utf8')).trim().split(' ').map(Number);
      expect(starts).toEqual([0, reached]);
    },
  );

  it('tells its workers when the sweep is stopped, and the study goes on with what they sent', async () => {
    const STARTS = await own.newStarts();
    own.worker({ STARTS });
    const options = { ...own.study('slow.mjs', 1), folder: own.newFolder(), queue: own.redis.url };
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
    await until(async () => (await own.redis.client.keys('bull:*:*-0-*')).length === 0);
    const { trials } = await sweep(options);
    expect(trials[0]!.state).toBe('complete');
    const starts = (await readFile(join(STARTS, '0'), 'utf8')).trim().split(' ').map(Number);
    expect(starts[1]).toBeGreaterThanOrEqual(8);
  });

  it('that is lost in the middle is waited for, and handed everything again that it forgot', async () => {
    const server = await own.server();
    const STARTS = await own.newStarts();
    const flags = ['--queue', server.url];
    const one = own.begin(['sweep', 'worker', ...flags, '--workers', '2'], { STARTS });
    const messages: string[] = [];
    let ended = 0;
    const sweeping = sweep({
      ...{ ...own.study('quick.mjs', 30), folder: own.newFolder(), queue: server.url },
      onMessage: (text) => messages.push(text),
      onTrial: () => ended++,
    });
    await until(() => ended > 5);
    await server.stop();
    await sleep(1500);
    const before = ended;
    await server.start();
    const { trials } = await sweeping;
    expect(before).toBeLessThan(30);
    expect(trials.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, i) => i));
    const shown = `${server.url}/0`;
    // Where starting takes long, that nobody has come yet is said too.
    expect(messages.filter((text) => !text.startsWith('no worker'))).toEqual([
      `the queue ${shown} is lost; trying to reach it again`,
      `the queue ${shown} is back`,
    ]);
    one.child.kill('SIGTERM');
    expect((await one.outcome).stdout).toContain('is back');
  });

  it('that is gone does not keep Ctrl-C from ending the sweep, or a worker', async () => {
    const server = await own.server();
    const STARTS = await own.newStarts();
    const given = { ...own.study('slow.mjs', 1), folder: own.newFolder() };
    await writeFile(join(own.root, 'gone.json'), JSON.stringify(given));
    const at = own.begin(['sweep', 'worker', '--queue', server.url], { STARTS });
    const coordinator = own.begin(['sweep', 'gone.json', '--queue', server.url]);
    await at.printed(/working at/);
    await server.stop();
    await coordinator.printed(/is lost/);
    coordinator.child.kill('SIGINT');
    at.child.kill('SIGINT');
    const { code, stdout } = await coordinator.outcome;
    expect(code).toBe(130);
    expect(stdout).toMatch(/^go on with {2}lanegrad sweep resume /m);
    expect((await at.outcome).code).toBe(130);
  });

  it('has one coordinator at a time; one that was killed is waited for and followed', async () => {
    const STARTS = await own.newStarts();
    const options = { ...own.study('slow.mjs', 1), queue: own.redis.url };
    const folder = own.newFolder();
    await writeFile(join(own.root, 'two.json'), JSON.stringify({ ...options, folder }));
    const coordinator = own.begin(['sweep', 'two.json']);
    await until(async () => (await own.redis.client.exists(NOTE_KEY)) === 1);
    const same = sweep({ ...options, folder: own.newFolder() });
    await expect(same).rejects.toThrow(QueueError);
    await expect(same).rejects.toThrow(
      /redis:\/\/127\.0\.0\.1:\d+\/0: the process \d+ on .* coordinates this study/,
    );
    const other = sweep({ ...options, seed: 2, folder: own.newFolder() });
    await expect(other).rejects.toThrow(
      /has another study here, .*; expected one at a time, or another database/,
    );
    coordinator.child.kill('SIGKILL');
    await coordinator.outcome;
    const messages: string[] = [];
    own.worker({ STARTS });
    const { trials } = await sweep({
      ...{ ...options, objective: { module: join(own.root, 'quick.mjs') }, folder: own.newFolder() },
      onMessage: (text) => messages.push(text),
    });
    expect(trials[0]!.state).toBe('complete');
    expect(messages).toEqual([expect.stringMatching(/had another study, .*; its jobs are removed/)]);
  });

  it('says that nobody has come', async () => {
    const stop = new AbortController();
    const options = { ...own.study('quick.mjs', 1), folder: own.newFolder(), queue: own.redis.url };
    const messages: string[] = [];
    const onMessage = (text: string) => {
      messages.push(text);
      stop.abort(new Error('alone'));
    };
    await expect(sweep({ ...options, onMessage, signal: stop.signal })).rejects.toThrow('alone');
    expect(messages[0]).toMatch(/^no worker has come to redis:.* yet; lanegrad sweep worker --queue redis:/);
  });
});
