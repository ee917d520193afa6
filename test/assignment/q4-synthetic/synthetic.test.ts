/** The synthetic points and the scalar network's training on them. */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  syntheticClass,
  syntheticPoints,
  trainSynthetic,
} from '../../../src/assignment/q4-synthetic/synthetic.js';
import type { SyntheticResult } from '../../../src/assignment/types.js';
import { NonFiniteError, OptionError } from '../../../src/base/errors.js';
import type { Progress } from '../../../src/tasks/executor.js';

describe('syntheticPoints', () => {
  const { x, labels } = syntheticPoints(70_000, 1);

  test('are standard normal', () => {
    for (const axis of [0, 1]) {
      const values = x.filter((_, i) => i % 2 === axis);
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
      // Four standard errors of each.
      expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(values.length));
      expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / values.length));
    }
    const product = labels.reduce((sum, _, i) => sum + x[2 * i] * x[2 * i + 1], 0) / labels.length;
    expect(Math.abs(product)).toBeLessThan(4 / Math.sqrt(labels.length));
  });

  test('are of class 1 where x1² + 0.95 x1 x2 + 0.4 x2² > 0.6', () => {
    for (let i = 0; i < labels.length; i++) {
      const [a, b] = [x[2 * i], x[2 * i + 1]];
      const form = a * a + 0.95 * a * b + 0.4 * b * b;
      if (Math.abs(form - 0.6) > 1e-12) expect(labels[i]).toBe(Number(form > 0.6));
    }
    expect([
      syntheticClass(0, 0),
      syntheticClass(1, 0),
      syntheticClass(0, 1.2),
      syntheticClass(0, 1.3),
    ]).toEqual([0, 1, 0, 1]);
  });

  test('depend on the seed alone, not on how many there are', () => {
    expect(syntheticPoints(100, 1).x).toEqual(x.slice(0, 200));
    expect(syntheticPoints(100, 2).x).not.toEqual(x.slice(0, 200));
  });
});

describe('trainSynthetic, as the assignment has it', () => {
  let result: SyntheticResult;
  beforeAll(async () => {
    result = await trainSynthetic();
  });

  test('makes 60,000 and 10,000 points and trains at both rates', () => {
    expect(result).toMatchObject({ layers: [2, 3, 2], trainSize: 60_000, validationSize: 10_000 });
    expect(result.runs.map(({ learningRate }) => learningRate)).toEqual([0.9, 0.01]);
    expect(result.classOneShare).toBeCloseTo(0.557, 2);
    expect(result.points).toHaveLength(1500);
  });

  test('the gentle rate lowers the loss from every epoch to the next', () => {
    const [, gentle] = result.runs;
    expect(gentle).toMatchObject({ falling: true, rises: 0 });
    expect(gentle.epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 13 }, (_, i) => i));
    const last = gentle.epochs[12];
    expect(last.accuracy).toBeGreaterThan(0.975);
    expect(last.validation.accuracy).toBeGreaterThan(0.975);
    expect(last.loss).toBeLessThan(0.07);
  });

  test('the original rate learns too, but its loss goes up and down', () => {
    const [original] = result.runs;
    expect(original.falling).toBe(false);
    expect(original.rises).toBe(
      original.epochs.filter(({ loss }, i, all) => i > 0 && loss >= all[i - 1].loss).length,
    );
    expect(original.epochs[12].accuracy).toBeGreaterThan(0.9);
  });

  test('both begin from the same weights', () => {
    expect(result.runs[0].epochs[0]).toEqual(result.runs[1].epochs[0]);
  });

  test('the decision grid is the trained network on [-3, 3]²', () => {
    const { from, to, points, probabilities } = result.runs[1].boundary;
    expect([from, to, points, probabilities.length]).toEqual([-3, 3, 121, 121 * 121]);
    let right = 0;
    for (const [i, p] of probabilities.entries()) {
      const [x1, x2] = [-3 + (i % 121) / 20, -3 + Math.floor(i / 121) / 20];
      if (Number(p > 0.5) === syntheticClass(x1, x2)) right++;
    }
    expect(right / probabilities.length).toBeGreaterThan(0.97);
  });
});

const small = { trainSize: 3000, validationSize: 100, epochs: 2, gridPoints: 5 };

test('the same seed gives the same numbers', async () => {
  const once = await trainSynthetic({ ...small, seed: 5 });
  const again = await trainSynthetic({ ...small, seed: 5 });
  const other = await trainSynthetic({ ...small, seed: 6 });
  const losses = (result: SyntheticResult) => result.runs.map(({ epochs }) => epochs.map(({ loss }) => loss));
  expect(losses(again)).toEqual(losses(once));
  expect(losses(other)).not.toEqual(losses(once));
});

test('tells its progress up to the end', async () => {
  const seen: Progress[] = [];
  await trainSynthetic({ ...small, onProgress: (progress) => seen.push(progress) });
  expect(seen.at(-1)).toMatchObject({ done: 12_000, total: 12_000 });
  for (const [i, { done }] of seen.entries()) if (i > 0) expect(done).toBeGreaterThan(seen[i - 1].done);
});

test('an abort rejects with its reason, before and within', async () => {
  const reason = new Error('enough');
  await expect(trainSynthetic({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const onProgress = () => controller.abort(reason);
  await expect(trainSynthetic({ onProgress, signal: controller.signal })).rejects.toBe(reason);
});

test('refuses what it cannot use', async () => {
  await expect(trainSynthetic({ learningRates: [] })).rejects.toThrow(OptionError);
  await expect(trainSynthetic({ learningRates: [0.1, -1] })).rejects.toThrow(/learningRates/);
  await expect(trainSynthetic({ epochs: 0 })).rejects.toThrow(OptionError);
  const unknown: object = { epoch: 3 };
  await expect(trainSynthetic(unknown)).rejects.toThrow(/did you mean "epochs"/);
  await expect(trainSynthetic({ ...small, learningRates: [1e300] })).rejects.toThrow(NonFiniteError);
});
