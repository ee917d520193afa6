/** Samplers: what they choose is of the space, follows from study and view alone, and is what their papers say. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { readSampler, type SamplerOptions, samplerNames } from '../../src/sweep/samplers/named.js';
import { directionNumbers, sobolPoint } from '../../src/sweep/samplers/sobol.js';
import { Space, type SpaceOptions } from '../../src/sweep/space.js';
import { sweep } from '../../src/sweep/sweep.js';
import type { Trial } from '../../src/sweep/trial.js';
import { spaces } from './helpers.js';

function make(given: SamplerOptions, space: SpaceOptions, { seed = 1, lag = 1 } = {}) {
  const context = { space: Space.read('test', space), seed, directions: ['minimize'] as const, lag };
  return readSampler('test', given).make(context);
}

const done = (number: number, settings: Trial['settings'], value: number): Trial => ({
  number,
  state: 'complete',
  settings,
  values: [value],
  reports: [],
  attributes: {},
});

const unit = { kind: 'number', low: 0, high: 1 } as const;
const square: SpaceOptions = { x: unit, y: unit };

describe('every sampler', () => {
  const open = samplerNames.filter((name) => name !== 'cmaEs' && name !== 'grid');
  it.each(open)('%s: settings of the space, the same again for the same view', (name) => {
    fc.assert(
      fc.property(spaces, fc.integer({ min: 0, max: 2 ** 53 - 1 }), (given, seed) => {
        const space = Space.read('test', given);
        const samplers = [make(name, given, { seed }), make(name, given, { seed })];
        const trials: Trial[] = [];
        for (let number = 0; number < 14; number++) {
          const [one, other] = samplers.map((sampler) => {
            const known = sampler.needs(number);
            const pending = trials.slice(known).map(({ settings }) => settings);
            return sampler.sample({ number, ended: trials.slice(0, known), pending });
          });
          space.check('test', one!);
          expect(other).toEqual(one);
          trials.push(done(number, one!, Math.sin(number)));
        }
      }),
      { numRuns: 20 },
    );
  });

  it.each(samplerNames.filter((name) => name !== 'grid'))('%s: another seed, other settings', (name) => {
    const first = (seed: number) =>
      make(name, square, { seed }).sample({ number: 0, ended: [], pending: [] });
    expect(first(1)).not.toEqual(first(2));
    expect(first(1)).not.toEqual(first(1 + 2 ** 32));
  });

  it('refuses options that it does not have', () => {
    expect(() => readSampler('test', 'annealing')).toThrow(/sampler: option kind: expected one of "random"/);
    expect(() => readSampler('test', { kind: 'tpe', startups: 3 })).toThrow(
      /"startups".*did you mean "startup"/,
    );
    expect(() => readSampler('test', { kind: 'grid', points: 1 })).toThrow(OptionError);
  });
});

describe('the grid', () => {
  it('has every combination once, and those under a condition only there', () => {
    const sampler = make(
      { kind: 'grid', points: 3 },
      {
        rate: { kind: 'number', low: 0.01, high: 1, log: true },
        optimizer: { kind: 'choice', values: ['sgd', 'adam'] },
        momentum: { kind: 'number', low: 0, high: 1, step: 0.5, when: { optimizer: 'sgd' } },
      },
    );
    const all = Array.from({ length: sampler.size! }, (_, number) =>
      sampler.sample({ number, ended: [], pending: [] }),
    );
    expect(all).toHaveLength(3 * (3 + 1));
    expect(new Set(all.map((own) => JSON.stringify(own))).size).toBe(12);
    expect(all.slice(0, 4)).toEqual([
      { rate: 0.01, optimizer: 'sgd', momentum: 0 },
      { rate: 0.01, optimizer: 'sgd', momentum: 0.5 },
      { rate: 0.01, optimizer: 'sgd', momentum: 1 },
      { rate: 0.01, optimizer: 'adam' },
    ]);
    expect(all[4]!.rate).toBeCloseTo(0.1, 12);
  });

  it('is refused where it would never end', () => {
    const wide = (high: number) => ({ kind: 'integer', low: 1, high }) as const;
    for (const [a, b] of [
      [wide(1001), wide(1000)],
      [wide(1_000_000), wide(1_000_000)],
      [wide(3), { ...wide(600_000), when: { a: [1, 3] } }],
    ]) {
      expect(() => make('grid', { a, b })).toThrow(/a grid of more than 1000000 points/);
    }
  });
});

describe("Sobol's sequence", () => {
  it('has the points of scipy.stats.qmc.Sobol, in 100 dimensions', () => {
    const directions = Array.from({ length: 100 }, (_, dimension) => directionNumbers(dimension));
    const points = Uint32Array.from(
      { length: 64 * 100 },
      (_, i) => sobolPoint(directions[i % 100]!, Math.floor(i / 100)) >>> 2,
    );
    expect(Array.from(points.subarray(200, 205))).toEqual([
      805306368, 268435456, 268435456, 268435456, 805306368,
    ]);
    // Of Sobol(100, scramble=False, bits=30).random(64) · 2³⁰, as 32-bit integers (scipy 1.10.1).
    expect(createHash('sha256').update(points).digest('hex')).toBe(
      'ce7ad0d03ea1a1f35aa33ac9e99c3b70a3435dd3dee0f4864e4bfa3e33c88243',
    );
  });

  it.each([true, false])('has one point in each part of every axis, scrambled %s', (scrambled) => {
    const given = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`x${i}`, unit]));
    const sampler = make({ kind: 'sobol', scrambled }, given);
    const points = Array.from({ length: 64 }, (_, number) =>
      sampler.sample({ number, ended: [], pending: [] }),
    );
    for (const name of Object.keys(given)) {
      const parts = points.map((point) => Math.floor(64 * (point[name] as number)));
      expect([...parts].sort((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, i) => i));
    }
    // The first two dimensions: one point in each elementary interval of volume 1/64.
    for (let k = 0; k <= 6; k++) {
      const cells = points.map(
        ({ x0, x1 }) => `${Math.floor(2 ** k * (x0 as number))} ${Math.floor(2 ** (6 - k) * (x1 as number))}`,
      );
      expect(new Set(cells).size).toBe(64);
    }
  });

  it('ends at a hundred dimensions', () => {
    const given = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x${i}`, unit]));
    expect(() => make('sobol', given)).toThrow(/at most 100 settings, given 101/);
  });
});

/** The best value of a sweep on a function of x and y. */
async function best(
  sampler: SamplerOptions,
  objective: (x: number, y: number) => number,
  trials: number,
  seed: number,
) {
  const space = { x: { kind: 'number', low: -5, high: 5 }, y: { kind: 'number', low: -5, high: 5 } } as const;
  const result = await sweep({
    objective: ({ settings: { x, y } }) => objective(x as number, y as number),
    ...{ space, sampler, trials, seed },
  });
  return result.best!.values![0]!;
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const meanOf = async (run: (seed: number) => Promise<number>) =>
  (await Promise.all(SEEDS.map(run))).reduce((sum, value) => sum + value, 0) / SEEDS.length;
const bowl = (x: number, y: number) => (x - 1) ** 2 + 4 * (y + 2) ** 2;

describe('what learns from results', () => {
  it.each(['tpe', { kind: 'tpe', multivariate: false }] as const)(
    '%o gets far nearer than chance',
    async (sampler) => {
      const chance = await meanOf((seed) => best('random', bowl, 80, seed));
      expect(await meanOf((seed) => best(sampler, bowl, 80, seed))).toBeLessThan(chance / 5);
    },
  );

  it('CMA-ES follows a narrow valley to its end', async () => {
    const valley = (x: number, y: number) => 100 * (y - x * x) ** 2 + (1 - x) ** 2;
    expect(await meanOf((seed) => best('cmaEs', valley, 600, seed))).toBeLessThan(1e-6);
  });

  it('CMA-ES refuses choices, conditions and several objectives', () => {
    const mode = { kind: 'choice', values: [1, 2] } as const;
    expect(() => make('cmaEs', { mode, x: unit })).toThrow(/cmaEs is for numbers, but mode is a choice/);
    const integer = { kind: 'integer', low: 1, high: 2 } as const;
    expect(() => make('cmaEs', { integer, x: { ...unit, when: { integer: 1 } } })).toThrow(
      /x is there under/,
    );
  });

  it('TPE takes choices that were good, also under a condition', async () => {
    const result = await sweep({
      objective: ({ settings: { kind, a, b } }) => (kind === 'a' ? 1 + (a as number) : (b as number) ** 2),
      space: {
        kind: { kind: 'choice', values: ['a', 'b'] },
        a: { ...unit, when: { kind: 'a' } },
        b: { kind: 'number', low: -1, high: 1, when: { kind: 'b' } },
      },
      trials: 60,
    });
    const late = result.trials.slice(30).filter(({ settings }) => settings.kind === 'b');
    expect(late.length).toBeGreaterThan(20);
    expect(result.best!.values![0]!).toBeLessThan(0.01);
  });
});
