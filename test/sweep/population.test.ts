/** Population based training: who goes on from whom, with which settings, and that it is worth it. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { hash } from '../../src/sweep/draws.js';
import type { ObjectiveFunction } from '../../src/sweep/objective/trial.js';
import { descentOf, lineageOf } from '../../src/sweep/population.js';
import { readStudy } from '../../src/sweep/read.js';
import { populationSampler } from '../../src/sweep/samplers/population.js';
import { Space, toUnit } from '../../src/sweep/space.js';
import { type SweepOptions, sweep } from '../../src/sweep/sweep.js';
import type { Trial } from '../../src/sweep/trial.js';
import { digest, spaces } from './helpers.js';

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-population-'));
});
afterAll(() => rm(root, { recursive: true }));
const newFolder = () => join(root, `study-${++folders}`);

const STEPS = 40;
const GENERATIONS = 15;

/**
 * Steps on a bowl whose gradients are noisy: a large rate gets down fast, and a small one gets further down.
 */
function descend(
  start: readonly number[],
  rate: number,
  seed: number,
  first: number,
  steps: number,
): number[] {
  const x = [...start];
  for (let step = first; step < first + steps; step++) {
    for (const axis of x.keys()) {
      const noise = hash(seed, step, axis, 1) / 2 ** 31 - 1;
      x[axis] -= rate * (x[axis]! + 3 * noise);
    }
  }
  return x;
}
const START = Array.from({ length: 12 }, (_, i) => 40 + i);
const lossOf = (x: readonly number[]) => x.reduce((sum, value) => sum + value * value, 0) / x.length;

/** Keeps its state in the trial's folder. */
const bowl: ObjectiveFunction = async ({ population, settings, folder, report }) => {
  const { generation, interval, parent } = population!;
  const before = parent
    ? (JSON.parse(await readFile(join(parent.folder!, 'state'), 'utf8')) as number[])
    : START;
  const now = descend(before, settings.rate as number, 1, generation * STEPS * interval, STEPS * interval);
  await mkdir(folder!, { recursive: true });
  await writeFile(join(folder!, 'state'), JSON.stringify(now));
  report(generation + 1, lossOf(now));
  return lossOf(now);
};
const unsteady: ObjectiveFunction = async (trial) => {
  await sleep(Math.random() * 4);
  const value = await bowl(trial);
  await sleep(Math.random() * 4);
  return value;
};

const space = { rate: { kind: 'number', low: 1e-4, high: 0.5, log: true } } as const;
const way = {
  ...{ objective: bowl, space, trials: 8 * GENERATIONS },
  sampler: { kind: 'pbt', population: 8, quantile: 0.25 },
} as const satisfies SweepOptions;

describe('a population', () => {
  it('finds a rate that falls, and gets further than any rate that stays', async () => {
    const { trials, best } = await sweep({ ...way, folder: newFolder() });
    expect(trials.every(({ state }) => state === 'complete')).toBe(true);
    const line = descentOf(trials, best!);
    expect(line).toHaveLength(lineageOf(best!)!.generation + 1);
    const rates = line.map(({ settings }) => settings.rate as number);
    expect(rates.at(-1)!).toBeLessThan(rates[0]! / 2);
    // Not only than those of a search by chance with the same budget: than any of a fine grid.
    const constant = Array.from({ length: 200 }, (_, i) =>
      lossOf(descend(START, 1e-4 * 5000 ** (i / 199), 1, 0, STEPS * GENERATIONS)),
    );
    expect(best!.values![0]!).toBeLessThan(Math.min(...constant));
    const random = await sweep({
      objective: ({ settings }) => lossOf(descend(START, settings.rate as number, 1, 0, STEPS * GENERATIONS)),
      ...{ space, sampler: 'random', trials: 8 },
    });
    expect(best!.values![0]!).toBeLessThan(random.best!.values![0]!);
  });

  it('has the same trials for any number of workers, and when it was stopped', async () => {
    const short = { ...way, trials: 8 * 4 + 3 };
    const expected = digest((await sweep({ ...short, folder: newFolder() })).trials);
    for (const workers of [2, 5, 13]) {
      const { trials } = await sweep({ ...short, folder: newFolder(), objective: unsteady, workers });
      expect(digest(trials)).toBe(expected);
    }
    const folder = newFolder();
    for (const [index, after] of [3, 1, 9, 2].entries()) {
      const stop = new AbortController();
      let ended = 0;
      await sweep({
        ...{ ...short, folder, objective: unsteady, workers: 1 + index, signal: stop.signal },
        onTrial: () => {
          if (++ended === after) stop.abort(new Error('stop'));
        },
      }).catch((error: Error) => expect(error.message).toBe('stop'));
    }
    const { trials } = await sweep({ ...short, folder, workers: 3 });
    expect(digest(trials)).toBe(expected);
    expect(digest((await readStudy(folder)).trials)).toBe(expected);
    // Longer is the same at first.
    const longer = await sweep({ ...way, folder, trials: 8 * 6 });
    expect(digest(longer.trials.slice(0, 8 * 4))).toBe(digest(trials.slice(0, 8 * 4)));
  });

  it('goes on from the best where others fail, and begins anew where all do', async () => {
    const failing = (bad: (number: number) => boolean) =>
      sweep({
        ...{ space, sampler: { kind: 'pbt', population: 4 }, trials: 12 },
        objective: ({ number, settings }) => {
          if (bad(number)) throw new Error('bad');
          return settings.rate as number;
        },
      });
    const some = await failing((number) => number === 1 || number === 2);
    const firstBest = some.trials[0]!.values![0]! < some.trials[3]!.values![0]! ? 0 : 3;
    const parents = some.trials.slice(4, 8).map((trial) => lineageOf(trial)!.parent);
    expect(parents).toEqual([0, firstBest, firstBest, 3]);
    const all = await failing((number) => number < 4);
    expect(all.trials.slice(4, 8).map((trial) => lineageOf(trial)!.parent)).toEqual(Array(4).fill(undefined));
    expect(all.trials[4]!.settings).not.toEqual(all.trials[0]!.settings);
  });
});

describe('what follows from a generation', () => {
  it('are settings of the space, by the places of the trials before', () => {
    fc.assert(
      fc.property(
        spaces,
        fc.integer({ min: 2, max: 12 }),
        fc.double({ min: 0.01, max: 0.5, noNaN: true }),
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 12, maxLength: 12 }),
        fc.constantFrom(0, 0.25, 1),
        (options, population, quantile, costs, resample) => {
          const own = Space.read('test', options);
          const sampler = populationSampler(
            { space: own, seed: 7, directions: ['minimize'], lag: 4 },
            { population, interval: 2, quantile, resample },
          );
          const trials: Trial[] = [];
          for (let number = 0; number < 3 * population; number++) {
            const view = { number, ended: trials.slice(0, sampler.needs(number)), pending: [] };
            const settings = sampler.sample(view);
            own.check('test', settings);
            const { generation, member, parent } = sampler.lineage!(view);
            expect([generation, member]).toEqual([Math.floor(number / population), number % population]);
            if (generation === 0) expect(parent).toBeUndefined();
            else expect(lineageOf(trials[parent!]!)!.generation).toBe(generation - 1);
            const attributes = { population: { generation, member, interval: 2, parent } };
            const values = [costs[number % 12]! + generation];
            trials.push({ ...{ number, settings, values, attributes, reports: [] }, state: 'complete' });
          }
          const count = Math.max(1, Math.floor(quantile * population));
          const order = trials
            .slice(0, population)
            .sort((a, b) => a.values![0]! - b.values![0]! || a.number - b.number)
            .map(({ number }) => number);
          const parents = trials.slice(population, 2 * population).map((trial) => lineageOf(trial)!.parent!);
          for (const [member, parent] of parents.entries()) {
            const place = order.indexOf(member);
            if (place < population - count) expect(parent).toBe(member);
            else expect(order.slice(0, count)).toContain(parent);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are numbers a fifth smaller or larger, and neighbours of steps and choices', () => {
    const own = Space.read('test', {
      rate: { kind: 'number', low: 1e-4, high: 1, log: true },
      dropout: { kind: 'number', low: 0, high: 0.5 },
      units: { kind: 'integer', low: 1, high: 9 },
      batch: { kind: 'choice', values: [16, 32, 64, 128] },
    });
    const seen = new Map<string, Set<unknown>>();
    for (let seed = 0; seed < 200; seed++) {
      const sampler = populationSampler(
        { space: own, seed, directions: ['maximize'], lag: 4 },
        { population: 2, interval: 1, quantile: 0.5, resample: 0 },
      );
      const settings = { rate: 0.01, dropout: 0.2, units: 3, batch: 128 };
      const ended = [1, 2].map(
        (value, number): Trial => ({
          ...{ number, settings, values: [value], attributes: {}, reports: [], state: 'complete' },
        }),
      );
      for (const [name, value] of Object.entries(sampler.sample({ number: 2, ended, pending: [] }))) {
        seen.set(name, (seen.get(name) ?? new Set()).add(value));
      }
    }
    const sorted = (name: string) => [...seen.get(name)!].map(Number).sort((a, b) => a - b);
    expect(sorted('rate')).toEqual([0.008, 0.012]);
    expect(sorted('dropout')).toEqual([0.15, 0.25]);
    expect(sorted('units')).toEqual([2, 4]);
    expect(sorted('batch')).toEqual([64]);
    expect(toUnit(own.dimensions[1] as never, 0.25)).toBe(0.5);
  });
});

it('is refused with what contradicts it', async () => {
  const bad: [object, RegExp][] = [
    [{ pruner: 'median' }, /pbt stops the worst itself/],
    [{ direction: ['minimize', 'minimize'] }, /pbt stops the worst itself; expected one objective/],
    [{ sampler: { kind: 'pbt', population: 1 } }, /population: expected a whole number, at least 2/],
    [{ sampler: { kind: 'pbt', quantile: 0.6 } }, /quantile: expected/],
    [{ folder: newFolder(), shard: { index: 0, of: 2 } }, /pbt follows from results/],
  ];
  for (const [other, message] of bad) {
    const given = { ...way, ...other } as SweepOptions;
    await expect(sweep(given)).rejects.toThrow(OptionError);
    await expect(sweep(given)).rejects.toThrow(message);
  }
  const { trials } = await sweep({
    ...{ space, sampler: 'pbt', trials: 1 },
    objective: (trial) => Number(trial.set('population', 3)),
  });
  expect(trials[0]!.reason).toMatch(/name: expected a text that is not taken/);
});
