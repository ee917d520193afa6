/** `lanegrad sweep` of other objectives than one training of images: folds, seeds, and tables. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Trial } from '../../src/sweep/trial.js';
import { lanegrad, lastObject, type Outcome } from './command.js';
import { writeToy } from './toy.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-sweep-objectives-'));
  await writeToy(join(root, 'toy'), { train: 480 });
});
afterAll(() => rm(root, { recursive: true }));

const trialsOf = (outcome: Outcome) => lastObject(outcome).trials as Trial[];

describe('folds and seeds', () => {
  it.each([
    ['folds', { folds: 3 }, ['fold-1', 'fold-2', 'fold-3']],
    ['seeds', { seeds: 2 }, ['seed-1', 'seed-2']],
  ])('%s: the mean, and the best models of each', async (what, part, names) => {
    const objective = { data: 'toy', ...part, settings: { epochs: 2 } };
    const space = { learningRate: { kind: 'number', low: 1e-3, high: 2, log: true } };
    await writeFile(
      join(root, `${what}.json`),
      JSON.stringify({ objective, space, trials: 5, pruner: 'median', folder: what }),
    );
    const trials = trialsOf(await lanegrad(root, ['sweep', `${what}.json`, '--json']));
    for (const { state, values, attributes, reports } of trials) {
      if (state !== 'complete') continue;
      const own = attributes.values as number[];
      expect(own).toHaveLength(names.length);
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      expect(values).toEqual([mean]);
      expect(reports.map(({ step }) => step)).toEqual(names.map((_, i) => i + 1));
      expect(attributes.deviation).toBeGreaterThanOrEqual(0);
    }
    expect((await readdir(join(root, what, 'best'))).sort()).toEqual(names);
    expect(await readdir(join(root, what, 'best', names[0]!))).toEqual(['config.json', 'model.safetensors']);
  });
});

describe('a table', () => {
  it('is swept with the defaults of tables, and settings that fail are said', async () => {
    const rows = Array.from({ length: 90 }, (_, i) => `${i % 9},${(i * 7) % 11},${i % 9 > 4 ? 'a' : 'b'}`);
    await writeFile(join(root, 'table.csv'), ['x,y,kind', ...rows].join('\n'));
    const given = {
      objective: { data: 'table.csv', settings: { target: 'kind', epochs: 3 }, metric: 'validation.loss' },
      space: { loss: { kind: 'choice', values: ['softmaxCrossEntropy', 'huber'] } },
      ...{ sampler: 'grid', trials: 9, folder: 'table' },
    };
    await writeFile(join(root, 'table.json'), JSON.stringify(given));
    const outcome = await lanegrad(root, ['sweep', 'table.json', '--json']);
    const trials = trialsOf(outcome);
    expect(trials.map(({ state }) => state)).toEqual(['complete', 'failed']);
    expect(trials[1]!.reason).toMatch(/has classes: expected one of .*huber/);
    expect(outcome.stderr).toMatch(/^failed +trial 1: loss: /m);
    expect(lastObject(outcome).directions).toEqual(['minimize']);
  });
});
