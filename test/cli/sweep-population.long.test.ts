/**
 * `lanegrad sweep` with a population: trainings that go on from one another, in processes that are killed.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lineageOf } from '../../src/sweep/population.js';
import type { Trial } from '../../src/sweep/trial.js';
import { digest } from '../sweep/helpers.js';
import { lanegrad, lastObject, type Outcome, start } from './command.js';
import { writeToy } from './toy.js';

let root: string;
let expected: string;
let trials: readonly Trial[];

const study = {
  objective: {
    data: 'toy',
    settings: { epochs: 12, hidden: [8], optimizer: 'sgd', normalize: 'channel' },
    metric: 'validation.loss',
  },
  space: {
    learningRate: { kind: 'number', low: 1e-4, high: 1, log: true },
    momentum: { kind: 'number', low: 0.1, high: 0.95 },
    dropout: { kind: 'number', low: 0.01, high: 0.5 },
    batchSize: { kind: 'choice', values: [16, 32, 64] },
  },
  sampler: { kind: 'pbt', population: 6, interval: 2, quantile: 0.34 },
  trials: 36,
};

const trialsOf = (outcome: Outcome) => lastObject(outcome).trials as Trial[];
const write = (name: string, value: object) => writeFile(join(root, name), JSON.stringify(value));

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-sweep-population-'));
  await writeToy(join(root, 'toy'), { train: 480 });
  await write('sweep.json', study);
  const outcome = await lanegrad(root, ['sweep', 'sweep.json', '--out', 'one', '--workers', '1', '--json']);
  expect(outcome.stderr + String(outcome.code)).toMatch(/0$/);
  trials = trialsOf(outcome);
  expected = digest(trials);
});
afterAll(() => rm(root, { recursive: true }));

describe('a population', () => {
  it('trains on from the best, with settings that change', async () => {
    expect(trials.map(({ state, reason }) => reason ?? state)).toEqual(Array(36).fill('complete'));
    const changed = trials.filter((trial) => {
      const parent = lineageOf(trial)!.parent;
      return parent !== undefined && trials[parent]!.settings.learningRate !== trial.settings.learningRate;
    });
    expect(changed.length).toBeGreaterThan(4);
    for (const { reports, attributes } of trials) {
      const generation = (attributes.population as { generation: number }).generation;
      expect(reports.map(({ step }) => step)).toEqual([2 * generation + 1, 2 * generation + 2]);
    }
    const values = (generation: number) =>
      trials.slice(6 * generation, 6 * generation + 6).map((trial) => trial.values![0]!);
    expect(Math.min(...values(5))).toBeLessThan(Math.min(...values(0)) / 2);
    // Its metrics are those of all epochs that led to it.
    const lines = await readFile(join(root, 'one', 'trials', '00035', 'metrics.jsonl'), 'utf8');
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { epoch: number }).epoch),
    ).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    // Whoever may be gone on from still can be; the others cannot.
    const left = async (trial: string) =>
      (await readdir(join(root, 'one', 'trials', trial))).includes('checkpoints');
    expect(await Promise.all(['00000', '00029', '00030'].map(left))).toEqual([false, false, true]);
  });

  it('has the same trials and weights with four processes', async () => {
    const outcome = await lanegrad(root, [
      'sweep',
      'sweep.json',
      '--out',
      'four',
      '--workers',
      '4',
      '--json',
    ]);
    expect(digest(trialsOf(outcome))).toBe(expected);
    const model = (folder: string) => readFile(join(root, folder, 'best', 'model.safetensors'));
    expect(await model('four')).toEqual(await model('one'));
  });

  it('and when its coordinator is killed again and again', async () => {
    let kills = 0;
    const journal = join(root, 'killed', 'journal.log');
    const lines = async () => (await readFile(journal, 'utf8').catch(() => '')).split('\n').length;
    for (let life = 0; life < 8; life++) {
      const { child, outcome } = start(root, [
        'sweep',
        'sweep.json',
        '--out',
        'killed',
        '--workers',
        '2',
        '--quiet',
      ]);
      // Killed when it has come further, however slow the machine is: each time at another place.
      const before = await lines();
      while (child.exitCode === null && (await lines()) < before + 3 + 2 * life) await sleep(10);
      if (child.exitCode === null) kills++;
      child.kill('SIGKILL');
      if ((await outcome).code === 0) break;
    }
    expect(kills).toBeGreaterThan(1);
    const last = await lanegrad(root, ['sweep', 'resume', 'killed', '--json']);
    expect(last.code, last.stderr).toBe(0);
    expect(digest(trialsOf(last))).toBe(expected);
  });

  it('whose settings are all the same comes to the weights of one training', async () => {
    const settings = { ...study.objective.settings, schedule: 'cosine', momentum: 0.9, augment: undefined };
    await write('same.json', {
      ...study,
      objective: { ...study.objective, settings },
      space: { learningRate: { kind: 'choice', values: [0.05] } },
      sampler: { kind: 'pbt', population: 2, interval: 5, quantile: 0.5 },
      trials: 99,
    });
    const outcome = await lanegrad(root, ['sweep', 'same.json', '--out', 'same', '--json']);
    const same = trialsOf(outcome);
    // Three generations: of epochs 1 to 5, 6 to 10, 11 and 12.
    expect(same).toHaveLength(6);
    const flags = ['--epochs', '12', '--hidden', '8', '--optimizer', 'sgd', '--normalize', 'channel'];
    const more = ['--schedule', 'cosine', '--momentum', '0.9', '--learning-rate', '0.05', '--math', 'strict'];
    const plain = await lanegrad(root, ['train', 'toy', ...flags, ...more, '--out', 'plain', '--json']);
    expect(plain.code).toBe(0);
    const hashes = same.slice(4).map(({ attributes }) => attributes.weightsSha256);
    expect(hashes).toEqual(Array(2).fill(lastObject(plain).weightsSha256));
  });

  it('is shown as a schedule by `sweep best`', async () => {
    const { stdout } = await lanegrad(root, ['sweep', 'best', 'one']);
    expect(stdout).toMatch(/^ +steps +trial +learningRate +momentum +dropout +batchSize +value$/m);
  });
});

describe('what no training can go on with', () => {
  it.each<[string, object, RegExp]>([
    [
      'activations',
      { space: { activation: { kind: 'choice', values: ['relu', 'tanh'] } } },
      /space\.activation: a training cannot go on/,
    ],
    [
      'dropout that may be none',
      { space: { dropout: { kind: 'number', low: 0, high: 0.5 } } },
      /space\.dropout: a training with 0 keeps other values/,
    ],
    [
      'momentum that may be none',
      { space: { momentum: { kind: 'choice', values: [0, 0.9] } } },
      /space\.momentum: a training with .* keeps other values/,
    ],
    ['folds', { objective: { ...study.objective, folds: 3 } }, /folds: expected none with pbt/],
    [
      'early stopping',
      { objective: { ...study.objective, settings: { earlyStopping: { patience: 3 } } } },
      /earlyStopping: expected none with pbt/,
    ],
    [
      'a schedule of steps and batches that change',
      { objective: { ...study.objective, settings: { schedule: 'cosine', epochs: 12 } } },
      /space\.batchSize: expected a constant rate/,
    ],
  ])('is refused: %s', async (_, other, message) => {
    await write('bad.json', { ...study, ...other });
    const { code, stderr } = await lanegrad(root, ['sweep', 'bad.json', '--out', 'bad']);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
