/** What the machine does to a trial is no result of its settings: it stays open, and the sweep ends. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DataError, FileError } from '../../src/base/errors.js';
import { Trainer } from '../../src/sweep/objective/train.js';
import { doTrial, type TrialTask } from '../../src/sweep/objective/trial.js';
import { writeToy } from '../cli/toy.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-machine-'));
  await writeToy(join(root, 'toy'));
});
afterAll(() => rm(root, { recursive: true }));

const taskIn = (folder: string): TrialTask => ({
  ...{ number: 3, settings: {}, seed: 1, folder },
  ...{ rule: { of: 'report', limits: [] }, directions: ['minimize'] },
});
const caused = (code: string) => ({ cause: Object.assign(new Error(code), { code }) });

it.each([
  [
    'a full disk, anywhere',
    'stopped',
    () => new FileError('/elsewhere', 'cannot be written', caused('ENOSPC')),
  ],
  [
    'its folder, which is gone',
    'stopped',
    (own: string) => new FileError(`${own}/x`, 'cannot be read', caused('ENOENT')),
  ],
  [
    'its folder, which may not be written',
    'stopped',
    (own: string) => new FileError(own, 'locked', caused('EACCES')),
  ],
  [
    'a file that its settings name',
    'failed',
    () => new FileError('/elsewhere', 'cannot be read', caused('ENOENT')),
  ],
  ['its data', 'failed', () => new DataError('toy', 'no rows')],
] as const)('%s: %s', async (_, state, error) => {
  const folder = join(root, 'study', 'trials', '00003');
  const objective = () => Promise.reject(error(folder));
  const result = await doTrial(objective, taskIn(folder));
  expect(result).toMatchObject({ state, reason: error(folder).message });
});

it('a training does not make the folder of a study anew', async () => {
  const trainer = new Trainer({ data: join(root, 'toy'), settings: { epochs: 1, hidden: [4] } });
  const folder = join(root, 'gone', 'trials', '00003');
  const lost = await doTrial((trial) => trainer.train(trial), taskIn(folder));
  expect(lost).toMatchObject({ state: 'stopped', reason: `${folder}: the study's folder is there no more` });
  await mkdir(join(root, 'gone'));
  await writeFile(join(root, 'gone', 'journal.log'), '');
  expect(await doTrial((trial) => trainer.train(trial), taskIn(folder))).toMatchObject({ state: 'complete' });
});
