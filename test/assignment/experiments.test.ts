/** The experiments: that results are kept, found and repaired, and that what is chosen and said follows from numbers. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concludeExperiments } from '../../src/assignment/conclusions-experiments.js';
import { Tracker } from '../../src/assignment/experiments-progress.js';
import {
  bestPoint,
  compare,
  lossBand,
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
    trainLoss: { mean: loss, deviation: 0 },
    validationLoss: { mean: loss, deviation: 0 },
    validationAccuracy: { mean: 1 - loss, deviation: 0 },
    seconds: { mean: 1, deviation: 0 },
  },
});

const point = (epoch: number, loss: number, accuracy: number): CurvePoint => ({
  epoch,
  trainLoss: { mean: 1 / epoch, deviation: 0 },
  trainAccuracy: { mean: 0.9, deviation: 0 },
  validationLoss: { mean: loss, deviation: 0 },
  validationAccuracy: { mean: accuracy, deviation: 0 },
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

describe('selection', () => {
  it('computes means and sample deviations', () => {
    expect(spread([1, 2, 3])).toEqual({ mean: 2, deviation: 1 });
    expect(spread([4])).toEqual({ mean: 4, deviation: 0 });
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
      final: { ...result.final, accuracy: { mean, deviation: 0.001 } },
    });
    expect(about(ends(0.9812), 'Final accuracy')).toMatch(/98\.12 ± 0\.10.*meets/);
    expect(about(ends(0.9799), 'Final accuracy')).toMatch(/misses/);
  });
});
