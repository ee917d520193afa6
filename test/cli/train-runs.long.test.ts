/**
 * `lanegrad train --folds` and `--seeds`: the same runs for any number of workers, killed or not, and their
 * ensemble.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { loadIdxFolder } from '../../src/data/folder.js';
import { kFold } from '../../src/data/rows.js';
import { weightsSha256 } from '../../src/run/weights.js';
import type { OneRun, RunsResult, Spread } from '../../src/sweep/repeated/types.js';
import { readModel } from '../../src/tables/model-file.js';
import { evaluate } from '../../src/train/evaluate.js';
import { predict } from '../../src/train/predict.js';
import { testNumbers } from '../kernels/harness.js';
import { lanegrad, lastObject, type Outcome, start } from './command.js';
import { writeToy } from './toy.js';

let root: string;
let whole: Result;

type Result = Omit<RunsResult, 'folder'> & { readonly interrupted: boolean; readonly count: number };

const TRAIN = ['train', 'toy', '--hidden', '6', '--epochs', '9', '--math', 'strict'];
const FOLDS = [...TRAIN, '--folds', '3', '--early-stopping', '3'];
const engine = await createEngine({ math: 'strict', threads: 1 });
afterAll(() => engine.dispose());

const resultOf = (outcome: Outcome) => {
  expect(outcome.code, outcome.stderr).toBe(0);
  return lastObject(outcome) as unknown as Result;
};
/** All that must not depend on how it was done. */
const digest = ({ runs, spreads, weightsSha256: weights, test }: Result) =>
  createHash('sha256')
    .update(JSON.stringify([runs.map(({ folder: _, ...run }) => run), spreads, weights, test]))
    .digest('hex');
const modelIn = async (folder: string) => {
  const path = join(root, folder, 'model.safetensors');
  return readModel(await readFile(path), path);
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-runs-'));
  await writeToy(join(root, 'toy'), { train: 240 });
  const random = testNumbers(4);
  const rows = Array.from({ length: 120 }, () => [random(), random()].map((value) => value.toFixed(4)));
  const line = ([a, b]: readonly string[]) => `${a},${b},${(3 * Number(a) + 20 * Number(b)).toFixed(3)}`;
  await writeFile(join(root, 'rows.csv'), `a,b,price\n${rows.map(line).join('\n')}\n`);
  whole = resultOf(await lanegrad(root, [...FOLDS, '--out', 'whole', '--workers', '1', '--json']));
});
afterAll(() => rm(root, { recursive: true }));

describe('folds', () => {
  it('are those of kFold, each validated on what it was not trained on', async () => {
    const { full } = await loadIdxFolder(join(root, 'toy'));
    const folds = [...kFold(full, { folds: 3, seed: 1 })];
    for (const [i, { name, folder, measured, weightsSha256: weights }] of whole.runs.entries()) {
      expect(name).toBe(`fold ${i + 1}`);
      const { model } = await modelIn(folder);
      expect(await weightsSha256(model)).toBe(weights);
      const { loss, accuracy } = await evaluate(engine, model, folds[i].validation);
      expect(measured['validation.loss']).toBeCloseTo(loss, 6);
      expect(measured['validation.accuracy']).toBeCloseTo(accuracy, 12);
    }
    expect(new Set(whole.runs.map((run) => run.weightsSha256)).size).toBe(3);
  });

  it('come with the mean of all that was measured, and the deviation of a sample', () => {
    for (const [name, { mean, deviation }] of Object.entries<Spread>(whole.spreads)) {
      const values = whole.runs.map(({ measured }: OneRun) => measured[name]);
      const middle = values.reduce((sum, value) => sum + value, 0) / 3;
      const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
      expect([name, mean]).toEqual([name, expect.closeTo(middle, 10)]);
      expect([name, deviation]).toEqual([name, expect.closeTo(Math.sqrt(squares / 2), 10)]);
    }
    expect(Object.keys(whole.spreads)).toEqual([
      ...['loss', 'accuracy', 'validation.loss', 'validation.accuracy', 'test.loss', 'test.accuracy'],
    ]);
  });

  it('leave the model that predicts their mean', async () => {
    const { test } = await loadIdxFolder(join(root, 'toy'));
    const { model } = await modelIn('whole');
    expect(await weightsSha256(model)).toBe(whole.weightsSha256);
    const bytes = test.inputs as Uint8Array;
    const own = predict(engine, model, bytes);
    const members = await Promise.all(
      whole.runs.map(async ({ folder }) => predict(engine, (await modelIn(folder)).model, bytes)),
    );
    const apart = own.map((value, i) => value - members.reduce((sum, member) => sum + member[i], 0) / 3);
    expect(Math.max(...apart.map(Math.abs))).toBeLessThan(3e-7);
    const evaluated = lastObject(await lanegrad(root, ['evaluate', 'whole', '--json']));
    expect(evaluated).toMatchObject({ samples: 60, weightsSha256: whole.weightsSha256 });
    expect(evaluated.loss).toBeCloseTo(whole.test!.loss, 6);
    expect((await lanegrad(root, ['predict', 'whole', 'toy'])).code).toBe(0);
  });

  it('leave a page with a line for each, and nothing else than was asked for', async () => {
    expect((await readdir(join(root, 'whole'))).sort()).toEqual([
      ...['config.json', 'folds', 'model.safetensors', 'report.html'],
    ]);
    expect(await readdir(join(root, whole.runs[0].folder))).toEqual([
      ...['config.json', 'metrics.jsonl', 'model.safetensors'],
    ]);
    const page = await readFile(join(root, 'whole', 'report.html'), 'utf8');
    expect(page).not.toContain('<script');
    // Training loss, validation loss, validation accuracy.
    expect(page.match(/<path class="each"/g)).toHaveLength(9);
    expect(page.match(/<path class="middle"/g)).toHaveLength(3);
    for (const { name, weightsSha256: weights } of whole.runs) {
      expect(page).toContain(`<th scope="row">${name}</th>`);
      expect(page).toContain(weights.slice(0, 8));
    }
    expect(page).toContain(whole.weightsSha256);
  });
});

describe('the same bits', () => {
  it.each([2, 3])('with %d workers', async (workers) => {
    const folder = `with-${workers}`;
    const args = [...FOLDS, '--out', folder, '--workers', String(workers), '--json'];
    expect(digest(resultOf(await lanegrad(root, args)))).toBe(digest(whole));
    const model = (from: string) => readFile(join(root, from, 'model.safetensors'));
    expect(await model(folder)).toEqual(await model('whole'));
  });

  const long = [...TRAIN, '--epochs', '300', '--folds', '3', '--workers', '2'];

  it('when all processes are killed', async () => {
    const never = resultOf(await lanegrad(root, [...long, '--out', 'never', '--json']));
    const args = [...long, '--checkpoint-every', '20', '--out', 'killed'];
    const { child, outcome } = start(root, args);
    const trials = join(root, 'killed', 'folds', 'trials');
    const checkpoints = async () => (await readdir(trials, { recursive: true }).catch(() => [])).join();
    while (!/checkpoint-/.test(await checkpoints())) await sleep(5);
    child.kill('SIGKILL');
    await outcome;
    const killed = resultOf(await lanegrad(root, ['train', '--resume', 'killed', '--json']));
    expect(digest(killed)).toBe(digest(never));
    // Over already: what is there is looked at once more.
    expect(digest(resultOf(await lanegrad(root, ['train', '--resume', 'killed', '--json'])))).toBe(
      digest(never),
    );
  });

  it('after Ctrl-C, which says how to go on', async () => {
    const { child, outcome, printed } = start(root, [...FOLDS, '--out', 'stopped', '--workers', '1']);
    await printed(/^fold 1 /m);
    child.kill('SIGINT');
    const { code, stdout } = await outcome;
    // It may have come to its end before.
    expect([0, 130]).toContain(code);
    if (code === 130) expect(stdout).toMatch(/^go on with {2}lanegrad train --resume stopped$/m);
    const args = ['train', '--resume', 'stopped', '--workers', '2', '--json'];
    expect(digest(resultOf(await lanegrad(root, args)))).toBe(digest(whole));
  });
});

describe('seeds', () => {
  it('are runs that `train --seed` makes by itself', async () => {
    const args = [...TRAIN, '--seeds', '2', '--seed', '4', '--out', 'seeds', '--json'];
    const { runs } = resultOf(await lanegrad(root, args));
    expect(runs.map(({ name }) => name)).toEqual(['seed 4', 'seed 5']);
    for (const [i, seed] of ['4', '5'].entries()) {
      const alone = await lanegrad(root, [...TRAIN, '--seed', seed, '--out', `seed-${seed}`, '--json']);
      expect(lastObject(alone).weightsSha256).toBe(runs[i].weightsSha256);
    }
  });
});

describe('tables', () => {
  const table = ['train', 'rows.csv', '--target', 'price', '--epochs', '80', '--learning-rate', '0.02'];

  it('are predicted in the unit of their target', async () => {
    const outcome = await lanegrad(root, [...table, '--folds', '4', '--out', 'table', '--json']);
    const { spreads, runs, test } = resultOf(outcome);
    expect(outcome.stderr).toMatch(/standardised once, by all rows but those of the test/);
    expect(outcome.stderr).toMatch(/^fold 4 {3}loss .* validation R² /m);
    expect(spreads['validation.r2'].mean).toBeGreaterThan(0.9);
    expect(runs[0].measured).not.toHaveProperty('accuracy');
    const evaluated = await lanegrad(root, ['evaluate', 'table', 'rows.csv', '--split', 'test', '--json']);
    expect((lastObject(evaluated).metrics as { r2: number }).r2).toBeCloseTo(test!.metrics!.r2, 5);
    const { stdout } = await lanegrad(root, ['predict', 'table', 'rows.csv']);
    expect(Number(stdout.split('\n')[1])).toBeGreaterThan(0);
  });

  it('keep their parts from seed to seed', async () => {
    const outcome = await lanegrad(root, [...table, '--seeds', '2', '--out', 'table-seeds', '--json']);
    const { runs } = resultOf(outcome);
    const splits = await Promise.all(
      runs.map(async ({ folder }) => (await modelIn(folder)).metadata.table?.split),
    );
    expect(splits[0]).toEqual(splits[1]);
    expect(splits[0]).toMatchObject({ seed: 1, validation: 0.15, test: 0.15 });
  });
});

describe('is refused', () => {
  it.each<[string, string[], RegExp]>([
    ['both', ['--folds', '2', '--seeds', '2'], /^error: --folds: expected no --seeds besides/],
    ['all rows', ['--seeds', '2', '--full'], /^error: --seeds: expected no --full besides/],
    [
      'threads',
      ['--folds', '2', '--threads', '2'],
      /^error: --folds: expected no --threads besides: .*--workers/,
    ],
    ['one fold', ['--folds', '1'], /--folds/],
    ['workers of one run', ['--workers', '2'], /^error: --workers: expected --folds or --seeds besides/],
    [
      'more folds than rows',
      ['--folds', '1000'],
      /^error: --folds: expected at most one for each of 240 rows, given 1000/,
    ],
  ])('%s', async (_, more, message) => {
    const { code, stderr } = await lanegrad(root, [...TRAIN, ...more, '--out', 'refused']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
    await rm(join(root, 'refused'), { recursive: true, force: true });
  });

  it.each<[string, string[], RegExp]>([
    ['standard input', ['train', '-', '--target', 'price', '--folds', '2'], /given standard input/],
    [
      'a share that validates',
      ['train', 'rows.csv', '--target', 'price', '--folds', '2', '--validation', '0.2'],
      /no --validation besides/,
    ],
    [
      'other epochs',
      ['train', '--resume', 'whole', '--epochs', '20'],
      /^error: --epochs: the folds go on as they began/,
    ],
    ['threads on the way', ['train', '--resume', 'whole', '--threads', '2'], /no --threads besides/],
    ['other folds', ['train', '--resume', 'whole', '--folds', '4'], /expected no --folds besides/],
    ['a folder that holds something', [...FOLDS, '--out', 'whole'], /expected a new or an empty folder/],
  ])('%s', async (_, args, message) => {
    const { code, stderr } = await lanegrad(root, args);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });

  it('a model that is not the one that a run came to, and a fold that goes on by itself', async () => {
    resultOf(await lanegrad(root, [...FOLDS, '--out', 'changed', '--json']));
    const modelOf = (i: number) => join(root, 'changed', 'folds', 'trials', `0000${i}`, 'model.safetensors');
    await copyFile(modelOf(1), modelOf(0));
    const { code, stderr } = await lanegrad(root, ['train', '--resume', 'changed']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/expected the weights that fold 1 came to, SHA-256 [\da-f]{64}, given others/);
    const alone = await lanegrad(root, ['train', '--resume', 'changed/folds/trials/00001']);
    expect(alone.code).toBe(2);
    expect(alone.stderr).toMatch(/--resume: .*00001 is of a trial of the study in .*folds; expected/);
    const swept = await lanegrad(root, ['sweep', 'resume', 'changed/folds']);
    expect(swept.code).toBe(2);
    expect(swept.stderr).toMatch(/it is a part of a run folder; lanegrad train --resume changed goes on/);
  });

  it('runs that diverge, by name', async () => {
    const args = [
      ...TRAIN,
      '--activation',
      'relu',
      '--learning-rate',
      '1e30',
      '--folds',
      '2',
      '--out',
      'diverged',
    ];
    const { code, stderr } = await lanegrad(root, args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/fold 1: .*is NaN; .*; fold 2: .*is NaN/);
  });
});
