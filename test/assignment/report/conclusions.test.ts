/** The sentences on question 7: that each is chosen by numbers, and none says more than they do. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Comparison, ExperimentsResult } from '../../../src/assignment/q7-experiments/types.js';
import { conclude } from '../../../src/assignment/report/conclusions.js';
import { concludeExperiments } from '../../../src/assignment/report/conclusions-experiments.js';
import type { AssignmentReport, Conclusion } from '../../../src/assignment/report/types.js';
import type { SpeedRow } from '../../../src/assignment/types.js';
import { comparison, openTiny, point, temporaryFolder } from '../sample.js';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

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

describe('conclusions on the other questions', () => {
  const all = async () => (await openTiny(folder)).all();
  const said = (conclusions: readonly Conclusion[], subject: string) =>
    conclusions.find((one) => one.subject === subject)?.sentences.join(' ') ?? '';

  it('count the rows of the original table', async () => {
    const report = await all();
    expect(said(conclude(report), 'The gradient table')).toMatch(
      /^Of the 8 rows of the original table 7 agree .* The original is wrong in dy\.$/,
    );
  });

  it('call a rate ahead only where the points cannot explain it, and name the one seed', async () => {
    const report = await all();
    const ending = (...accuracies: number[]): AssignmentReport => {
      const runs = report.synthetic.runs.map((run, i) => {
        const last = run.epochs[run.epochs.length - 1];
        const validation = { loss: 0.1, accuracy: accuracies[i] };
        return { ...run, epochs: [...run.epochs.slice(0, -1), { ...last, validation }] };
      });
      return { ...report, synthetic: { ...report.synthetic, validationSize: 1000, runs } };
    };
    // Two standard errors of the difference of 94 and 97 % of 1,000 points: 1.85 percentage points.
    const clear = said(conclude(ending(0.94, 0.97)), 'Synthetic data');
    expect(clear).toMatch(/0\.01 ends ahead by 3\.0 percentage points.*each rate had one seed/);
    const near = said(conclude(ending(0.955, 0.97)), 'Synthetic data');
    expect(near).toMatch(
      /1\.5 percentage points apart, no more than 1,000 validation points leave to chance/,
    );
    expect(near).not.toMatch(/ahead/);
  });

  it('give speeds with their rounds, and compare forms only where no round contradicts', async () => {
    const report = await all();
    const row = (form: SpeedRow['form'], min: number, median: number, max: number): SpeedRow => ({
      form,
      label: form,
      threads: 1,
      batchSize: 8,
      samplesPerSecond: { min, median, max },
      timesScalar: median / 100,
    });
    const speeds = (...rows: SpeedRow[]) =>
      said(conclude({ ...report, speed: { ...report.speed, rounds: 3, rows } }), 'Speed');
    const apart = speeds(
      row('scalar', 90, 100, 110),
      row('tensor', 50, 60, 70),
      row('batched', 400, 500, 600),
    );
    expect(apart).toMatch(/\(batched\) trains 500 samples a second \(400 to 600 in 3 rounds\)/);
    expect(apart).toMatch(/8\.3 times as fast as one image at a time/);
    expect(apart).toMatch(/Slower than plain loops in every round: tensor\./);
    const over = speeds(
      row('scalar', 90, 100, 110),
      row('tensor', 50, 95, 450),
      row('batched', 400, 500, 600),
    );
    expect(over).toMatch(/was not faster in every round/);
    expect(over).not.toMatch(/Slower than plain loops/);
  });
});
