/** Checkpoints in place of models: of a run folder they have all that its model says. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lanegrad, lastObject, measured } from './command.js';
import { writeToy } from './toy.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-checkpoint-cli-'));
  await writeToy(join(root, 'toy'), { train: 24, test: 8, classes: 3 });
});
afterAll(() => rm(root, { recursive: true }));

test('a checkpoint is measured, exported and trained on from as a model is', async () => {
  const train = ['train', 'toy', '--hidden', '4', '--json'];
  const run = ['--epochs', '3', '--checkpoint-every', '1epoch', '--out', 'run'];
  const trained = await lanegrad(root, [...train, ...run]);
  expect(trained.code, trained.stderr).toBe(0);
  const { weightsSha256 } = lastObject(trained);
  const names = (await readdir(join(root, 'run', 'checkpoints'))).sort();
  const last = join('run', 'checkpoints', names.at(-1)!);
  expect(last).toMatch(/checkpoint-\d+\.safetensors$/);
  const evaluated = await lanegrad(root, ['evaluate', last, '--json']);
  const { model: _, ...own } = measured(await lanegrad(root, ['evaluate', 'run', 'toy', '--json']));
  expect(measured(evaluated)).toEqual({ ...own, model: last });
  expect(own.weightsSha256).toBe(weightsSha256);
  for (const name of names) {
    const predicted = await lanegrad(root, ['predict', join('run', 'checkpoints', name), 'toy', '--json']);
    expect(predicted.code, predicted.stderr).toBe(0);
  }
  const exported = await lanegrad(root, ['export', last, '--to', 'onnx', '--out', 'own.onnx']);
  expect(exported.code, exported.stderr).toBe(0);
  const onnx = await lanegrad(root, [
    'evaluate',
    'own.onnx',
    'toy',
    '--loss',
    'softmaxCrossEntropy',
    '--json',
  ]);
  expect(lastObject(onnx).accuracy).toBe(own.accuracy);
  const begun = ['--epochs', '1', '--weights-from', last, '--out', 'from-checkpoint'];
  const same = ['--epochs', '1', '--weights-from', 'run', '--out', 'from-run'];
  const after = lastObject(await lanegrad(root, [...train, ...begun])).weightsSha256;
  expect(after).toBe(lastObject(await lanegrad(root, [...train, ...same])).weightsSha256);
  expect(after).not.toBe(weightsSha256);
});
