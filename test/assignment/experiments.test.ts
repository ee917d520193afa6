/** The experiments: that results are kept, found and repaired, and that what is chosen and said follows from numbers. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concludeExperiments } from '../../src/assignment/conclusions-experiments.js';
import { type AssignmentPlan, fullPlan, quickPlan } from '../../src/assignment/experiments-plan.js';
import { Tracker } from '../../src/assignment/experiments-progress.js';
import {
  apart,
  bestPoint,
  compare,
  lossBand,
  minima,
  ranked,
  spread,
  winner,
} from '../../src/assignment/experiments-statistics.js';
import type {
  Comparison,
  CurvePoint,
  ExperimentsResult,
  Finalist,
  RunConfig,
  RunResult,
} from '../../src/assignment/experiments-types.js';
import { canonicalJson, Store } from '../../src/assignment/store.js';
import { DataError, FileError } from '../../src/errors.js';
import { openTiny, temporaryFolder, tinyPlan } from './experiments-sample.js';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the store', () => {
  it('gives back what was put under an equal key, and nothing else', async () => {
    const store = await Store.open(join(folder, 'a', 'b'));
    await store.put('fit', { rate: 0.1, seed: 1 }, { loss: 0.5 });
    expect(await store.get('fit', { seed: 1, rate: 0.1 })).toEqual({ loss: 0.5 });
    expect(await store.get('fit', { seed: 2, rate: 0.1 })).toBeUndefined();
    expect(await store.get('speed', { seed: 1, rate: 0.1 })).toBeUndefined();
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, -9)],
    ['changed', (text: string) => text.replace('0.5', '0.6')],
    ['of another key', (text: string) => text.replace('"seed":1', '"seed":9')],
    ['empty', () => ''],
    ['another thing', () => 'null'],
  ])('takes a file that is %s for none, says so and replaces it', async (_, damage) => {
    const store = await Store.open(join(folder, 'damaged'));
    const key = { seed: 1 };
    await store.put('fit', key, { loss: 0.5 });
    const [name] = await readdir(store.folder);
    const path = join(store.folder, name);
    await writeFile(path, damage(await readFile(path, 'utf8')));
    expect(await store.get('fit', key)).toBeUndefined();
    expect(store.damaged).toEqual([path]);
    await store.put('fit', key, { loss: 0.7 });
    expect(await store.get('fit', key)).toEqual({ loss: 0.7 });
  });

  it('names a folder that cannot be', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(Store.open(join(file, 'x'))).rejects.toThrow(FileError);
    await expect(Store.open(file)).rejects.toThrow(FileError);
  });

  it('writes keys in one order', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: 3 })).toBe('{"a":3,"b":[{"c":2,"d":1}]}');
  });
});

describe('a session', () => {
  it('does everything once, and nothing again', async () => {
    const first = await openTiny(folder);
    const { session } = first;
    const report = await first.all();
    expect(session.computed).toBeGreaterThan(10);
    expect(session.progress.overview()).toMatchObject({
      running: [],
      done: session.progress.overview().total,
    });
    const html = await readFile(first.reportPath, 'utf8');
    expect(html).toContain('</html>');

    const second = await openTiny(folder);
    const again = await second.all();
    expect(second.session.computed).toBe(0);
    expect({ ...again, createdAt: '' }).toEqual({ ...report, createdAt: '' });
  });

  it('goes on where it was stopped', async () => {
    const own = join(folder, 'stopped');
    const controller = new AbortController();
    let ended = 0;
    const stopped = await openTiny(own, {
      signal: controller.signal,
      onFinished: () => {
        if (++ended === 3) controller.abort();
      },
    });
    await expect(stopped.all()).rejects.toThrow(/abort/i);
    await stopped.close();
    const resumed = await openTiny(own);
    await resumed.all();
    const whole = await openTiny(join(folder, 'whole'));
    await whole.all();
    // What was at work when it was stopped may have ended as well.
    expect(resumed.session.computed).toBeLessThanOrEqual(whole.session.computed - 3);
    expect(resumed.session.computed).toBeGreaterThan(0);
    const { done, total } = resumed.session.progress.overview();
    expect(done).toBe(total);
  });

  it('does a run again whose file is broken', async () => {
    const own = join(folder, 'broken');
    await (await openTiny(own)).experiments();
    const results = join(own, 'out', 'results');
    const [name] = await readdir(results);
    await writeFile(join(results, name), '{');
    const again = await openTiny(own);
    await again.experiments();
    expect(again.session.computed).toBe(1);
    expect(again.damaged).toEqual([join(results, name)]);
  });

  it('does not use results of other settings', async () => {
    const own = join(folder, 'other');
    await (await openTiny(own)).synthetic();
    const plan = { ...tinyPlan, synthetic: { ...tinyPlan.synthetic, seed: 2 } };
    const other = await openTiny(own, { plan });
    await other.synthetic();
    expect(other.session.computed).toBe(1);
  });
});

describe('progress', () => {
  it('counts, corrects and estimates', () => {
    const tracker = new Tracker();
    tracker.expect('a', 2, 1);
    tracker.expect('b', 3, 10);
    tracker.expect('b', 1, 4);
    tracker.begin('a', 'first');
    expect(tracker.overview()).toMatchObject({ done: 0, total: 3, running: ['first'] });
    tracker.end('a', 'first');
    tracker.end('a', 'found');
    expect(tracker.overview()).toMatchObject({ done: 2, total: 3, running: [] });
  });
});

const comparison = (learningRate: number, loss: number, diverged = 0): Comparison => ({
  learningRate,
  batchSize: 64,
  seeds: [1],
  diverged,
  result: {
    trainLoss: { mean: loss, deviation: 0, count: 1 },
    validationLoss: { mean: loss, deviation: 0, count: 1 },
    validationAccuracy: { mean: 1 - loss, deviation: 0, count: 1 },
  },
});

const SEEDS = 3;
const exact = (mean: number) => ({ mean, deviation: 0, count: SEEDS });

const point = (epoch: number, loss: number, accuracy: number): CurvePoint => ({
  epoch,
  trainLoss: exact(1 / epoch),
  trainAccuracy: exact(0.9),
  validationLoss: exact(loss),
  validationAccuracy: exact(accuracy),
});

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

describe('conclusions', () => {
  const base = async () => (await openTiny(folder)).experiments();
  const about = (result: ExperimentsResult, subject: string) =>
    concludeExperiments(result)
      .find((one) => one.subject === subject)
      ?.sentences.join(' ') ?? '';

  it('say overfitting when validation loss rises, and not when it falls', async () => {
    const result = await base();
    const rising = { ...result, curve: [point(1, 0.2, 0.9), point(2, 0.1, 0.95), point(3, 0.2, 0.95)] };
    expect(about(rising, 'Training against validation')).toMatch(/overfitting; accuracy did not fall/);
    const worse = { ...result, curve: [point(1, 0.1, 0.95), point(2, 0.2, 0.9)] };
    expect(about(worse, 'Training against validation')).toMatch(/accuracy fell by 5\.00/);
    const falling = { ...result, curve: [point(1, 0.2, 0.9), point(2, 0.1, 0.95)] };
    expect(about(falling, 'Training against validation')).toMatch(/do not show overfitting/);
  });

  it('call a gap between training and validation overfitting, although the mean still falls', async () => {
    const result = await base();
    const gap = (count: number, deviation = 0) => {
      const of = (mean: number) => ({ mean, deviation, count });
      const at = (epoch: number, training: number, validation: number) => ({
        ...point(epoch, validation, 0.95),
        trainLoss: of(training),
        validationLoss: of(validation),
      });
      return { ...result, curve: [at(1, 0.5, 0.2), at(2, 0.029, 0.149)] };
    };
    const minimum = { seed: 1, epoch: 1, loss: 0.1, lastEpoch: 2, lastLoss: 0.15 };
    const wide = about(
      { ...gap(5), minima: [minimum, { ...minimum, seed: 2, epoch: 2, lastLoss: 0.1 }] },
      'Training against validation',
    );
    expect(wide).toMatch(/0\.1490 ± 0\.0000, is 5\.1 times the training loss.*which is overfitting/);
    expect(wide).toMatch(/1 of 2 seeds had the minimum .* before the last epoch, and ended 50\.0/);
    expect(wide).not.toMatch(/do not show overfitting/);
    // A gap that seeds alone explain is not called one.
    expect(about(gap(5, 0.3), 'Training against validation')).not.toMatch(/which is overfitting/);
    expect(about(gap(1), 'Training against validation')).toMatch(/^With one seed training loss/);
  });

  it('give spreads by step and at the end, and no verdict', async () => {
    const result = await base();
    const course = (count: number, deviation: number) => ({
      ...result.band,
      seeds: Array.from({ length: count }, (_, i) => i),
      steps: Array.from({ length: 20 }, (_, i) => 20 * (i + 1)),
      mean: new Array<number>(20).fill(0.1),
      deviation: new Array<number>(20).fill(deviation),
    });
    const wide = about({ ...result, band: course(5, 0.031) }, 'Seeds');
    expect(wide).toMatch(/Over 5 seeds .* 0\.031 \(31.% of the loss\) in the first tenth/);
    expect(wide).not.toMatch(/little/);
    expect(about({ ...result, band: course(1, 0) }, 'Seeds')).toMatch(/^Only one seed/);
  });

  it('say how much the distance of the two best settings is worth', async () => {
    const result = await base();
    const rate = (learningRate: number, loss: number, deviation: number, count: number): Comparison => {
      const own = { mean: loss, deviation, count };
      const { result: plain, ...rest } = comparison(learningRate, loss);
      const seeds = Array.from({ length: count }, (_, i) => i + 1);
      return { ...rest, seeds, result: { ...plain!, trainLoss: own, validationLoss: own } };
    };
    const said = (deviation: number, count: number) =>
      about(
        { ...result, rates: [rate(0.1, 0.2, deviation, count), rate(1, 0.1, deviation, count)] },
        'Learning rate',
      );
    expect(said(0, 1)).toMatch(/with one seed.*order may be chance/);
    expect(said(0.2, 3)).toMatch(/0\.1000 ± 0\.2000.*which of the two is better stays open/);
    expect(said(0.2, 3)).not.toMatch(/too slow/);
    expect(said(0.01, 3)).toMatch(/more than two standard errors of the difference away.*too slow/);
    const batches = (deviation: number, count: number) =>
      [16, 512].map((batchSize, i) => ({
        ...rate(1, i === 0 ? 0.1 : 0.2, deviation, count),
        batchSize,
      }));
    const batch = (deviation: number, count: number) =>
      about({ ...result, batches: batches(deviation, count) }, 'Batch size');
    expect(batch(0.01, 3)).toMatch(/Batches of 512 make 32 times fewer steps .* 2\.0 times that loss/);
    expect(batch(0.2, 3)).not.toMatch(/fewer steps/);
    // No word on durations: the runs share the cores.
    expect(batch(0.01, 3)).not.toMatch(/longest|seconds|as long/);
  });

  it('judge the hardest class and the worst mistake by all seeds', async () => {
    const result = await base();
    const test = (confusion: number[][]) => ({ size: 20, loss: 1, accuracy: 0.9, confusion });
    const final = (...confusions: number[][][]) => ({
      ...result,
      final: { ...result.final, seeds: confusions.map((_, i) => i + 1), tests: confusions.map(test) },
    });
    // Class 0 is the hardest with seed 1, class 1 over all three.
    const seeds = [
      [
        [7, 3],
        [2, 8],
      ],
      [
        [9, 1],
        [4, 6],
      ],
      [
        [10, 0],
        [3, 7],
      ],
    ];
    const said = about(final(...seeds), 'Final accuracy');
    expect(said).toMatch(
      /Over 3 seeds class 1 has the lowest recall, 70\.00 ± 10\.00.%, and is the lowest with 2 of them/,
    );
    expect(said).toMatch(/class 0 with 86\.67 ± 15\.28.% is so near that seeds explain the difference/);
    expect(said).toMatch(/over 3 seeds is to read 1 as 0, 9 times \(2, 4 and 3 times\)/);
    expect(about(final(seeds[0]), 'Final accuracy')).toMatch(/Over one seed class 0 .*no other seed/);
  });

  it('name the best rate wherever it is', async () => {
    const result = await base();
    const middle = { ...result, rates: [comparison(0.1, 0.5), comparison(1, 0.1), comparison(10, 0.4)] };
    expect(about(middle, 'Learning rate')).toMatch(/best learning rate is 1:.*Too large/);
    const edge = { ...result, rates: [comparison(0.1, 0.5), comparison(1, 0.1)] };
    expect(about(edge, 'Learning rate')).toMatch(/largest that was tried/);
    const lost = { ...result, rates: [comparison(0.1, 0.5), comparison(1, 0.1, 1)] };
    expect(about(lost, 'Learning rate')).toMatch(/diverged with 1\./);
  });

  it('say whether the goal is met', async () => {
    const result = await base();
    const ends = (mean: number) => ({
      ...result,
      final: { ...result.final, accuracy: { mean, deviation: 0.001, count: 2 } },
    });
    expect(about(ends(0.9812), 'Final accuracy')).toMatch(/98\.12 ± 0\.10.*meets/);
    expect(about(ends(0.9799), 'Final accuracy')).toMatch(/misses/);
  });
});
