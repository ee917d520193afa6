/** Studies in folders: what is in their place, who may go on with them, and parts that are made one. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../src/base/errors.js';
import { FolderLock } from '../../src/base/files/lock.js';
import { mergeShards } from '../../src/sweep/merge.js';
import { readStudy } from '../../src/sweep/read.js';
import { type SweepOptions, sweep } from '../../src/sweep/sweep.js';
import { digest } from './helpers.js';
import { base, newFolder, space, unsteady } from './sweep-setup.js';

describe('a study in a folder', () => {
  const way = { ...base, trials: 4, sampler: 'random' } as const;

  it.each(['trials/a', 'best/model', 'sweep.html', 'config.json'])(
    'takes the place of nothing: %s',
    async (name) => {
      const folder = newFolder();
      await mkdir(join(folder, dirname(name)), { recursive: true });
      await writeFile(join(folder, name), 'mine');
      await expect(sweep({ ...way, folder })).rejects.toThrow(FileError);
      await expect(sweep({ ...way, folder })).rejects.toThrow(
        /expected a study's folder or a new one, given/,
      );
      expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
    },
  );

  it('is of no fewer trials than it has', async () => {
    const folder = newFolder();
    await sweep({ ...way, folder });
    expect((await sweep({ ...way, trials: 2, folder })).trials).toHaveLength(4);
    expect((await readStudy(folder)).size).toBe(4);
  });

  it('lies beside other files', async () => {
    const folder = newFolder();
    await mkdir(folder);
    await writeFile(join(folder, 'sweep.json'), '{}');
    expect((await sweep({ ...way, folder })).trials).toHaveLength(4);
  });

  it('is for one coordinator at a time, and whoever was killed is no hindrance', async () => {
    const folder = newFolder();
    await sweep({ ...way, folder });
    const lock = await FolderLock.acquire(folder);
    await expect(sweep({ ...way, folder })).rejects.toThrow(FileError);
    await expect(sweep({ ...way, folder })).rejects.toThrow(
      /is at work in this folder; expected one at a time/,
    );
    await lock.release();
    // As a process leaves it that is killed: its number is that of no process now.
    await writeFile(join(folder, '.lanegrad-lock'), await deadOwner(folder));
    expect((await sweep({ ...way, folder })).trials).toHaveLength(4);
  });

  it.each<[string, Partial<SweepOptions>]>([
    ['seed', { seed: 2 }],
    ['space', { space: { ...space, rate: { ...space.rate, high: 2 } } }],
    ['sampler', { sampler: 'sobol' }],
    ['lag', { lag: 2 }],
    ['directions', { direction: 'maximize' }],
  ])('does not go on as another one: %s', async (what, other) => {
    const folder = newFolder();
    await sweep({ ...way, folder });
    const before = await readFile(join(folder, 'journal.log'), 'utf8');
    await expect(sweep({ ...way, folder, ...other })).rejects.toThrow(
      `the study there has another ${what}; expected`,
    );
    expect(await readFile(join(folder, 'journal.log'), 'utf8')).toBe(before);
  });

  it('has its lines on disk before what follows from them', async () => {
    const folder = newFolder();
    await sweep({
      ...way,
      folder,
      objective: async (trial) => {
        const { trials } = await readStudy(folder);
        expect(trials).toHaveLength(trial.number + 1);
        expect(trials[trial.number]).toMatchObject({ state: 'running', settings: trial.settings });
        expect(trials.slice(0, -1).every(({ state }) => state === 'complete')).toBe(true);
        return 1;
      },
    });
    expect((await readStudy(folder)).trials.map(({ reason }) => reason)).toEqual(Array(4).fill(undefined));
  });

  it('that Optuna made is refused', async () => {
    const folder = newFolder();
    await sweep({ ...way, folder });
    const path = join(folder, 'journal.log');
    const lines = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, [lines[0], ...lines.slice(3)].join('\n'));
    await expect(sweep({ ...way, folder })).rejects.toThrow(/was not made by lanegrad/);
  });
});

describe('shards', () => {
  const way = { ...base, trials: 11, sampler: 'sobol' } as const;

  it('have the trials of the study, whatever their number, and are merged to it', async () => {
    const whole = digest((await sweep(way)).trials);
    for (const of of [1, 3]) {
      const folder = newFolder();
      for (let index = of - 1; index >= 0; index--) {
        const { trials } = await sweep({
          ...way,
          folder,
          shard: { index, of },
          workers: 2,
          objective: unsteady,
        });
        const done = trials.filter(({ state }) => state !== 'waiting').map(({ number }) => number);
        expect(done).toEqual(Array.from({ length: 11 }, (_, i) => i).filter((i) => i % of === index));
        if (index === 0) continue;
        const merged = await mergeShards(folder);
        expect(merged.trials.filter(({ state }) => state === 'waiting').length).toBeGreaterThan(0);
      }
      expect(digest((await mergeShards(folder)).trials)).toBe(whole);
      expect(digest((await sweep({ ...way, folder })).trials)).toBe(whole);
    }
  });

  it('that are missing can be done by the merged study, which is then not merged again', async () => {
    const folder = newFolder();
    await sweep({ ...way, folder, shard: { index: 1, of: 2 } });
    await mergeShards(folder);
    expect(digest((await sweep({ ...way, folder })).trials)).toBe(digest((await sweep(way)).trials));
    await expect(mergeShards(folder)).rejects.toThrow(/the study there has trial 0, which no shard has/);
  });

  it('are refused where trials follow from each other, and of several studies', async () => {
    const folder = newFolder();
    const shard = { index: 0, of: 2 };
    await expect(sweep({ ...way, folder, shard, sampler: 'tpe' })).rejects.toThrow(
      /tpe follows from results/,
    );
    await expect(sweep({ ...way, folder, shard, pruner: 'median' })).rejects.toThrow(
      /median follows from results/,
    );
    await expect(sweep({ ...way, folder, shard: { index: 2, of: 2 } })).rejects.toThrow(
      /index: .*less than 2/,
    );
    await expect(mergeShards(folder)).rejects.toThrow(/expected shards of a study/);
    await sweep({ ...way, folder, shard });
    await sweep({ ...way, folder, shard: { index: 1, of: 2 }, seed: 2 });
    await expect(mergeShards(folder)).rejects.toThrow(/is of another study than/);
  });
});
/** A lock as a process that is gone has left it. */
async function deadOwner(folder: string): Promise<string> {
  const lock = await FolderLock.acquire(folder);
  const text = await readFile(join(folder, '.lanegrad-lock'), 'utf8');
  await lock.release();
  return JSON.stringify({ ...JSON.parse(text), started: '1' });
}
