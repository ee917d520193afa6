/** Sweeps in this process: the same trials however many run at a time and whenever it was stopped. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileError, OptionError } from '../../src/base/errors.js';
import { FolderLock } from '../../src/base/files/lock.js';
import { mergeShards } from '../../src/sweep/merge.js';
import type { ObjectiveFunction } from '../../src/sweep/objective/trial.js';
import { readStudy } from '../../src/sweep/read.js';
import { type SweepOptions, sweep } from '../../src/sweep/sweep.js';
import { digest } from './helpers.js';

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-sweep-'));
});
afterAll(() => rm(root, { recursive: true }));
const newFolder = () => join(root, `study-${++folders}`);

const space = {
  rate: { kind: 'number', low: 1e-4, high: 1, log: true },
  units: { kind: 'integer', low: 8, high: 128, log: true },
  optimizer: { kind: 'choice', values: ['sgd', 'adam'] },
  momentum: { kind: 'number', low: 0, high: 0.9, step: 0.1, when: { optimizer: 'sgd' } },
} as const;

/** Falls step by step to a value that depends on the settings; some settings fail. */
const curve: ObjectiveFunction = async (trial) => {
  const { rate, units, optimizer, momentum = 0 } = trial.settings as Record<string, number | string>;
  const floor =
    (Math.log10(Number(rate)) + 2) ** 2 +
    Number(units) / 64 +
    (optimizer === 'sgd' ? 0.3 : 0) -
    Number(momentum) / 9;
  if (Number(units) > 120) throw new Error(`${units} units are too many`);
  trial.set('floor', floor);
  for (let step = 1; step <= 9; step++) if (trial.report(step, floor + 1 / step)) break;
  return floor;
};

/** The same, with pauses by chance, so that who ends first differs from time to time. */
const unsteady: ObjectiveFunction = async (trial) => {
  await sleep(Math.random() * 4);
  const result = await curve(trial);
  await sleep(Math.random() * 4);
  return result;
};

const base = { objective: curve, space, trials: 60, lag: 8 } as const satisfies SweepOptions;
const ways = [
  { sampler: 'tpe', pruner: 'successiveHalving' },
  { sampler: { kind: 'tpe', multivariate: false }, pruner: { kind: 'hyperband', most: 9 } },
  { sampler: 'sobol', pruner: 'median' },
  { sampler: 'random', pruner: { kind: 'patience', reports: 2, least: 0.2, pruner: 'successiveHalving' } },
] as const satisfies Partial<SweepOptions>[];

describe('the same study has the same trials', () => {
  it.each(ways)('for any number of workers: $sampler, $pruner', async (way) => {
    const one = await sweep({ ...base, ...way });
    const states = new Set(one.trials.map(({ state }) => state));
    expect(states.has('complete') && states.has('pruned')).toBe(true);
    for (const workers of [1, 2, 4, 8, 13]) {
      const other = await sweep({ ...base, ...way, objective: unsteady, workers });
      expect(digest(other.trials)).toBe(digest(one.trials));
    }
  });

  it('of CMA-ES, generation by generation', async () => {
    const { rate, units } = space;
    const way = { ...base, space: { rate, units }, sampler: 'cmaEs' } as const;
    const one = await sweep(way);
    for (const workers of [3, 8]) {
      expect(digest((await sweep({ ...way, objective: unsteady, workers })).trials)).toBe(digest(one.trials));
    }
  });

  it('when it was stopped, anywhere, and gone on with by another number of workers', async () => {
    const way = { ...base, ...ways[0], trials: 30 };
    const expected = digest((await sweep(way)).trials);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 8 }),
        async (stops, workers) => {
          const folder = newFolder();
          for (const [index, after] of stops.entries()) {
            const stop = new AbortController();
            let ended = 0;
            const stopped = sweep({
              ...way,
              ...{ folder, objective: unsteady, workers: 1 + (index % 4), signal: stop.signal },
              onTrial: () => {
                if (++ended === after) stop.abort(new Error('stop'));
              },
            });
            await stopped.catch((error: Error) => expect(error.message).toBe('stop'));
          }
          const result = await sweep({ ...way, folder, objective: unsteady, workers });
          expect(digest(result.trials)).toBe(expected);
          expect(digest((await readStudy(folder)).trials)).toBe(expected);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('and more of them when more are asked for', async () => {
    const folder = newFolder();
    const way = { ...base, ...ways[0] };
    await sweep({ ...way, folder, trials: 20 });
    const longer = await sweep({ ...way, folder, trials: 40 });
    expect(digest(longer.trials)).toBe(digest((await sweep({ ...way, trials: 40 })).trials));
  });
});

describe('a trial', () => {
  const number = { x: { kind: 'number', low: 0, high: 1 } } as const;

  it.each<[string, ObjectiveFunction, RegExp]>([
    ['NaN', () => Number.NaN, /expected a finite number, given NaN/],
    ['no number', () => 'much' as never, /expected a finite number, given "much"/],
    ['nothing', () => undefined as never, /expected a finite number, given undefined/],
    ['too much', () => [1, 2], /expected 1 values, given 2/],
    [
      'a report of infinity',
      (trial) => Number(trial.report(1, 1 / 0)),
      /value at step 1: expected a finite number/,
    ],
    [
      'steps that do not ascend',
      (trial) => Number(trial.report(2, 1)) + Number(trial.report(2, 1)),
      /greater than 2, given 2/,
    ],
    ['an attribute that is no JSON', (trial) => Number(trial.set('a', 1n)), /a: expected a value of JSON/],
    ['an error', () => Promise.reject(new RangeError('two\nlines')), /^two lines$/],
  ])('that says %s fails with the reason, and the study goes on', async (_, bad, reason) => {
    const folder = newFolder();
    const objective: ObjectiveFunction = (trial) => (trial.number === 1 ? bad(trial) : trial.number);
    const { trials, best } = await sweep({ objective, space: number, trials: 4, folder });
    expect(trials.map(({ state }) => state)).toEqual(['complete', 'failed', 'complete', 'complete']);
    expect(trials[1]!.reason).toMatch(reason);
    expect((await readStudy(folder)).trials[1]!.reason).toBe(trials[1]!.reason);
    expect(best!.number).toBe(0);
  });

  it('has a seed of its own, and a folder where the study has one', async () => {
    const seen: [number, string | undefined][] = [];
    const objective: ObjectiveFunction = ({ seed, folder }) => seen.push([seed, folder]);
    await sweep({ objective, space: number, trials: 3 });
    const folder = newFolder();
    await sweep({ objective, space: number, trials: 3, folder });
    expect(new Set(seen.map(([seed]) => seed)).size).toBe(3);
    expect(seen[0]).toEqual([seen[3]![0], undefined]);
    expect(seen[5]![1]).toBe(join(folder, 'trials', '00002'));
  });

  it('that is pruned counts with its last report, whatever its objective does then', async () => {
    const { trials } = await sweep({
      objective: (trial) => {
        for (let step = 1; step <= 4; step++) if (trial.report(step, trial.number)) throw new Error('left');
        return 0;
      },
      ...{ space: number, trials: 6, lag: 1, pruner: 'successiveHalving', sampler: 'random' },
    });
    expect(trials.map(({ state, values }) => [state, values![0]])).toEqual([
      ['complete', 0],
      ...[1, 2, 3, 4, 5].map((value) => ['pruned', value]),
    ]);
  });
});

describe('several objectives', () => {
  it('have a front, and TPE comes near it', async () => {
    const result = await sweep({
      objective: ({ settings: { x, y } }) => [
        (x as number) ** 2 + (y as number),
        ((x as number) - 1) ** 2 + (y as number),
      ],
      space: { x: { kind: 'number', low: -4, high: 4 }, y: { kind: 'number', low: 0, high: 4 } },
      direction: ['minimize', 'minimize'],
      ...{ trials: 120, folder: newFolder() },
    });
    expect(result.front.length).toBeGreaterThan(3);
    for (const { values } of result.front) {
      for (const other of result.trials) {
        expect(other.values![0]! < values![0]! && other.values![1]! < values![1]!).toBe(false);
      }
    }
    expect(Math.min(...result.trials.map(({ values }) => values![0]! + values![1]!))).toBeLessThan(1);
    const page = await readFile(join(result.folder!, 'sweep.html'), 'utf8');
    expect(page).toContain('id="front"');
  });

  it('are not pruned, and report nothing', async () => {
    const space = { x: { kind: 'number', low: 0, high: 1 } } as const;
    const direction = ['minimize', 'maximize'] as const;
    await expect(
      sweep({ objective: () => [1, 2], space, direction, trials: 2, pruner: 'median' }),
    ).rejects.toThrow(/pruner: expected none/);
    const { trials } = await sweep({
      objective: (trial) => [Number(trial.report(1, 1)), 1],
      space,
      direction,
      trials: 1,
    });
    expect(trials[0]!.reason).toMatch(/expected one objective/);
  });
});

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

it('what an objective does to what it is told, and to what it has said, changes no trial', async () => {
  const said = [1, 2];
  const options = { space, direction: ['minimize', 'minimize'], trials: 3, sampler: 'random' } as const;
  const plain = await sweep({ ...options, objective: () => [1, 2] });
  const { trials } = await sweep({
    ...options,
    objective: (trial) => {
      for (const name of Object.keys(trial.settings))
        delete (trial.settings as Record<string, unknown>)[name];
      return said;
    },
  });
  said[0] = 99;
  expect(digest(trials)).toBe(digest(plain.trials));
});

it.each(['onProgress', 'onTrial'])(
  'what %s throws ends the sweep, and is no trial’s failure',
  async (name) => {
    const folder = newFolder();
    let calls = 0;
    const hook = () => {
      if (++calls === 3) throw new Error('mine');
    };
    const objective = ({ report }: { report(step: number, value: number): boolean }) => {
      report(1, 1);
      return 1;
    };
    const options = { objective, space, trials: 5, sampler: 'random', folder } as const;
    await expect(sweep({ ...options, [name]: hook })).rejects.toThrow('mine');
    const { trials } = await sweep(options);
    expect(trials.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'complete'));
  },
);

it('a grid ends with its points', async () => {
  const { trials } = await sweep({
    objective: ({ settings: { a, b } }) => (a as number) * (b as number),
    space: { a: { kind: 'choice', values: [1, 2, 3] }, b: { kind: 'integer', low: 1, high: 2 } },
    ...{ sampler: 'grid', trials: 100 },
  });
  expect(trials.map(({ values }) => values![0])).toEqual([1, 2, 2, 4, 3, 6]);
});

it('what it is told is checked, before anything is written', async () => {
  const folder = newFolder();
  const bad: [object, RegExp][] = [
    [{ objective: 3 }, /objective: expected a function/],
    [{ objective: { data: 'mnist', module: 'x' } }, /unknown option "data"/],
    [{ trials: 0 }, /trials: expected a whole number, at least 1/],
    [{ workers: 0 }, /workers: expected a whole number, at least 1/],
    [{ direction: 'up' }, /direction: expected minimize or maximize/],
    [{ direction: [] }, /direction: expected minimize or maximize/],
    [{ trails: 5 }, /unknown option "trails".*did you mean "trials"/],
    [{ space: {} }, /at least one setting/],
  ];
  for (const [other, message] of bad) {
    const given = { ...base, folder, ...other } as SweepOptions;
    await expect(sweep(given)).rejects.toThrow(OptionError);
    await expect(sweep(given)).rejects.toThrow(message);
  }
  await expect(readStudy(folder)).rejects.toThrow(FileError);
});

/** A lock as a process that is gone has left it. */
async function deadOwner(folder: string): Promise<string> {
  const lock = await FolderLock.acquire(folder);
  const text = await readFile(join(folder, '.lanegrad-lock'), 'utf8');
  await lock.release();
  return JSON.stringify({ ...JSON.parse(text), started: '1' });
}
