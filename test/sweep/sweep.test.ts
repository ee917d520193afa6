/** Sweeps in this process: the same trials however many run at a time and whenever it was stopped. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileError, OptionError } from '../../src/base/errors.js';
import type { ObjectiveFunction } from '../../src/sweep/objective/trial.js';
import { readStudy } from '../../src/sweep/read.js';
import { type SweepOptions, sweep } from '../../src/sweep/sweep.js';
import { digest } from './helpers.js';
import { base, newFolder, space, unsteady } from './sweep-setup.js';

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
