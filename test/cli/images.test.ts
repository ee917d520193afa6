/** Networks of images on the command line: trained, stopped, gone on with, measured and looked at. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lanegrad, lastObject } from './command.js';
import { writeToy } from './toy.js';

let root: string;
const LAYERS = 'conv 4 3 batchnorm, pool, dropout 0.2, dense 8';
const TRAIN = [
  'train',
  'toy',
  '--layers',
  LAYERS,
  '--batch-size',
  '16',
  '--optimizer',
  'adam',
  '--learning-rate',
  '0.02',
  '--epochs',
  '4',
];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-images-'));
  await writeToy(join(root, 'toy'));
});
afterAll(() => rm(root, { recursive: true }));

async function ok(...args: string[]) {
  const outcome = await lanegrad(root, args);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  return outcome;
}

it('train learns, and its folder holds the layers', async () => {
  const { stdout } = await ok(...TRAIN, '--out', 'run', '--checkpoint-every', '1epoch', '--keep-last', '9');
  expect(stdout).toMatch(/^network +64-4-8-4, \d+ parameters$/m);
  const config = JSON.parse(await readFile(join(root, 'run', 'config.json'), 'utf8')) as { settings: object };
  expect(config.settings).toMatchObject({ layers: LAYERS, hidden: [], activation: 'relu' });
  expect(lastObject(await lanegrad(root, ['evaluate', 'run', 'toy', '--json'])).accuracy).toBeGreaterThan(
    0.9,
  );
  const text = (await ok('inspect', 'run/model.safetensors')).stdout;
  expect(text).toMatch(/layers +8x8x1-6x6x4-/);
  expect(text).toMatch(/layer 0 +conv2d 8x8x1 to 6x6x4/);
  expect((await ok('gradcheck', 'run/model.safetensors')).stdout).toContain('all gradients are right');
});

it('a run that goes on ends with the weights of one that was never stopped', async () => {
  const whole = lastObject(await lanegrad(root, [...TRAIN, '--json']));
  await lanegrad(root, [...TRAIN.slice(0, -1), '2', '--out', 'part', '--checkpoint-every', '7']);
  const rest = lastObject(await lanegrad(root, ['train', '--resume', 'part', '--epochs', '4', '--json']));
  expect(rest.weightsSha256).toBe(whole.weightsSha256);
  const one = lastObject(await lanegrad(root, [...TRAIN, '--threads', '1', '--json']));
  expect(one.weightsSha256).toBe(whole.weightsSha256);
});

it('the preset cnn runs on images of 28 x 28', async () => {
  await writeToy(join(root, 'large'), { train: 64, test: 16, side: 28 });
  const { stdout } = await ok('train', 'large', '--preset', 'cnn', '--epochs', '1', '--batch-size', '32');
  expect(stdout).toMatch(/^network +784-.*-128-4, /m);
});

it.each([
  [
    ['--layers', 'conv 4 9'],
    /layers, layer 1, "conv 4 9": .*a window of 9 x 9 is larger than an image of 8 x 8/,
  ],
  [['--layers', 'conv 4', '--hidden', '30'], /layers: expected no --hidden besides/],
  [['--layers', 'conv 4', '--dropout', '0.3'], /layers: expected no --dropout besides/],
  [['--layers', 'conv 4', '--batch-norm'], /layers: expected no --batch-norm besides/],
  [['--layers', 'convv 4'], /given "convv"; did you mean "conv"\?/],
  [['--layers', 'dense 1000000000'], /model: expected at most 268435456 parameters, given/],
])('train refuses %j', async (args, message) => {
  const { code, stderr } = await lanegrad(root, ['train', 'toy', ...args]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
