/** What is tried, and what is chosen from its results: plans, means over seeds and the order of settings. */
import { describe, expect, it } from 'vitest';
import { type AssignmentPlan, fullPlan, quickPlan } from '../../../src/assignment/plan.js';
import {
  apart,
  bestPoint,
  compare,
  lossBand,
  minima,
  ranked,
  spread,
  winner,
} from '../../../src/assignment/q7-experiments/statistics.js';
import type { Finalist, RunConfig, RunResult } from '../../../src/assignment/q7-experiments/types.js';
import { DataError } from '../../../src/base/errors.js';
import { comparison, point } from '../sample.js';

const run = (seed: number, windows: number[], diverged?: string) => ({
  config: { learningRate: 1, batchSize: 8, seed, window: 5 } as RunConfig,
  result: {
    windows,
    steps: 5 * windows.length,
    stepsPerEpoch: 10,
    seconds: 1,
    epochs: [
      { epoch: 1, loss: seed, accuracy: 0.5, seconds: 1, validation: { loss: 2 * seed, accuracy: 0.5 } },
    ],
    ...(diverged !== undefined && { diverged }),
  } as unknown as RunResult,
});

describe('the quick plan', () => {
  it('trains a hundredth of the full one, with few steps of the slow forms', () => {
    const samples = ({ experiments: plan }: AssignmentPlan) => {
      const compared = (plan.learningRates.length + plan.batchSizes.length) * plan.compareSeeds.length;
      const long = plan.finalists * plan.compareSeeds.length + plan.curveSeeds.length;
      return (
        plan.trainSize * (compared * plan.compareEpochs + long * plan.curveEpochs) +
        plan.fullSize * plan.finalSeeds.length * plan.curveEpochs
      );
    };
    const [quick, full] = [quickPlan(1), fullPlan(1)];
    expect(samples(quick)).toBeLessThan(400_000);
    expect(samples(quick)).toBeLessThan(samples(full) / 80);
    // Scalar loops and the reference train some hundred samples a second on a slow machine.
    const { steps, batchSize = 8 } = quick.forms;
    expect(steps && steps * batchSize).toBeLessThanOrEqual(100);
    const { seconds, rounds } = quick.speed;
    // With the round that warms up.
    expect(seconds && rounds && (seconds * (rounds + 1)) / rounds).toBeLessThan(0.16);
  });

  it('has the seeds that it is given, and the full one several for every experiment', () => {
    expect(quickPlan(5).experiments.finalSeeds).toEqual([5, 6]);
    const { compareSeeds, curveSeeds, finalSeeds } = fullPlan(1).experiments;
    for (const seeds of [compareSeeds, curveSeeds, finalSeeds]) {
      expect(seeds.length).toBeGreaterThanOrEqual(3);
    }
  });
});

describe('selection', () => {
  it('computes means and sample deviations', () => {
    expect(spread([1, 2, 3])).toEqual({ mean: 2, deviation: 1, count: 3 });
    expect(spread([4])).toEqual({ mean: 4, deviation: 0, count: 1 });
  });

  it('tells means apart that lie more than two standard errors of their difference from each other', () => {
    const of = (mean: number, deviation: number, count: number) => ({ mean, deviation, count });
    // Standard error of the difference: sqrt(0.09/3 + 0.09/3) = 0.245.
    expect(apart(of(1, 0.3, 3), of(1.5, 0.3, 3))).toBe('yes');
    expect(apart(of(1, 0.3, 3), of(1.48, 0.3, 3))).toBe('no');
    expect(apart(of(1, 0.3, 12), of(1.48, 0.3, 12))).toBe('yes');
    expect(apart(of(1, 0, 1), of(9, 0.3, 3))).toBe('unknown');
  });

  it("finds each seed's own minimum, leaving out what diverged", () => {
    const losses = (...own: number[]) =>
      own.map((loss, i) => ({ epoch: i + 1, loss: 1, accuracy: 1, validation: { loss, accuracy: 1 } }));
    const of = (seed: number, ...own: number[]) => {
      const { config, result } = run(seed, []);
      return { config, result: { ...result, epochs: losses(...own) } as unknown as RunResult };
    };
    expect(minima([of(1, 3, 2, 2.5), of(2, 3, 2, 1), run(3, [], 'too high')])).toEqual([
      { seed: 1, epoch: 2, loss: 2, lastEpoch: 3, lastLoss: 2.5 },
      { seed: 2, epoch: 3, loss: 1, lastEpoch: 3, lastLoss: 1 },
    ]);
  });

  it('ranks by validation loss, leaving out what diverged', () => {
    const order = ranked([comparison(1, 0.5), comparison(2, 0.1, 1), comparison(3, 0.2)]);
    expect(order.map(({ learningRate }) => learningRate)).toEqual([3, 1]);
    expect(() => ranked([comparison(2, 0.1, 1)])).toThrow(DataError);
  });

  it('stops at the highest validation accuracy, the first of equals', () => {
    expect(bestPoint([point(1, 1, 0.8), point(2, 2, 0.9), point(3, 3, 0.9)]).epoch).toBe(2);
  });

  it('takes the finalist of the highest accuracy', () => {
    const one = { validationAccuracy: { mean: 0.97, deviation: 0 } } as Finalist;
    const two = { validationAccuracy: { mean: 0.98, deviation: 0 } } as Finalist;
    expect(winner([one, two])).toBe(two);
  });

  it('leaves seeds that diverged out of means and bands', () => {
    const runs = [run(1, [1, 2]), run(3, [3, 4]), run(5, [9, 9], 'too high')];
    expect(compare(runs)).toMatchObject({
      diverged: 1,
      result: { trainLoss: { mean: 2 }, validationLoss: { mean: 4 } },
    });
    expect(compare([runs[2]])).not.toHaveProperty('result');
    expect(lossBand(runs, 1)).toMatchObject({ seeds: [1, 3], steps: [5, 10], mean: [2, 3] });
  });
});
