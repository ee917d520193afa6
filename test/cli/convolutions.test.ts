/** Convolutional models on the command line: what inspect draws of them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeModel } from '../../src/formats/model.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { maxPool2d } from '../../src/nn/pool.js';
import { flatten } from '../../src/nn/reshape.js';
import { sequential } from '../../src/nn/sequential.js';
import { features } from '../../src/train/features.js';
import { scaleBytes } from '../../src/train/predict.js';
import { picturesOf } from '../report/pictures.js';
import { strict } from '../train/fit-setting.js';
import { lanegrad, lastObject } from './command.js';
import { writeToy } from './toy.js';

let root = '';
const grey = sequential(
  [8, 8, 1],
  [conv2d(3, 3, { padding: 'same', activation: 'relu' }), maxPool2d(2), conv2d(4, 3), flatten(), dense(4)],
  { seed: 1 },
);
const colour = sequential([8, 8, 3], [conv2d(2, 5), flatten(), dense(4)], { seed: 1 });
const image = Uint8Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? 200 : 10));

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-convolutions-'));
  // Filters that are plain to see: bright above dark, all light, and nothing.
  grey.parameters[0].values.set([
    ...[1, 0.5, 0, 1, 0.5, 0, 1, 0.5, 0],
    ...[0, 0.5, 0, 0, 0.5, 0, 0, 0.5, 0],
    ...[-1, 0.5, 0, -1, 0.5, 0, -1, 0.5, 0],
  ]);
  const input = { scale: 1 / 255, offset: 0, imageShape: [8, 8] as const };
  await writeFile(join(root, 'grey.safetensors'), writeModel(grey, { input }));
  await writeFile(join(root, 'colour.safetensors'), writeModel(colour));
  await writeFile(join(root, 'dense.safetensors'), writeModel(sequential(64, [dense(4)])));
  await writeFile(join(root, 'image.png'), encode({ width: 8, height: 8, channels: 1, data: image }));
  await writeFile(
    join(root, 'large.png'),
    encode({ width: 9, height: 8, channels: 1, data: new Uint8Array(72) }),
  );
  await writeToy(join(root, 'toy'), { train: 24, test: 8 });
});
afterAll(() => rm(root, { recursive: true }));

async function inspect(...args: string[]): Promise<string> {
  const outcome = await lanegrad(root, ['inspect', ...args]);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  return outcome.stdout;
}

it('draws filters in larger pixels, 0 in the middle of their range', async () => {
  const lines = (await inspect('grey.safetensors')).trimEnd().split('\n');
  expect(lines.at(-7)).toBe('0.weight, 3 of 3x3');
  // Each pixel is four wide and four high; what is 0 is lit, as more than half is.
  const [light, dark] = ['████████████', ' '.repeat(12)];
  expect(lines.slice(-6).map((line) => line.slice(0, 12).padEnd(12))).toEqual([
    ...[light, light, light, light],
    ...[dark, dark],
  ]);
  // The second is all light.
  expect(lines.slice(-6).every((line) => line.slice(13, 25) === light)).toBe(true);
});

it('draws filters of colours in colours', async () => {
  const text = await inspect('colour.safetensors');
  expect(text).toContain('0.weight, 2 of 5x5');
  // Two lines of pixels in a character; 5 lines of two.
  expect(text.slice(text.indexOf('2 of 5x5')).trimEnd().split('\n')).toHaveLength(6);
});

it('draws what convolutions find in a picture, the strongest first', async () => {
  const text = await inspect('grey.safetensors', '--image', 'image.png');
  expect(text).toMatch(/layer 0, conv2d, 3 maps of 8x8, the strongest first\n/);
  expect(text).toMatch(/layer 2, conv2d, 4 maps of 2x2, the strongest first\n/);
  const { features: described } = lastObject(
    await lanegrad(root, ['inspect', 'grey.safetensors', '--image', 'image.png', '--json']),
  ) as { features: { layer: string; shape: number[]; strongest: number[]; max: number; count: number }[] };
  const row = scaleBytes(image, { scale: 1 / 255, offset: 0 });
  const found = features(strict, grey, row, ['0', '2']);
  for (const { layer, shape, strongest, max, count } of described) {
    const values = found[layer];
    expect(count).toBe(values.length);
    expect(max).toBeCloseTo(Math.max(...values), 5);
    const channels = shape[2];
    const sizes = Array.from({ length: channels }, (_, channel) =>
      values.filter((_, i) => i % channels === channel).reduce((sum, value) => sum + Math.abs(value), 0),
    );
    expect(strongest).toEqual([...sizes.keys()].sort((a, b) => sizes[b] - sizes[a]));
  }
  expect(described.map(({ layer }) => layer)).toEqual(['0', '2']);
});

it('takes a data set too, and draws nothing where nothing is wanted', async () => {
  const text = await inspect('grey.safetensors', '--image', 'toy', '--pictures', '0');
  expect(text).not.toContain('strongest');
});

it('a run reports its filters, and what they find in the first test image', async () => {
  const args = [
    'train',
    'toy',
    '--layers',
    'conv 5 3 same, pool, conv 6 3, dense 8',
    '--epochs',
    '1',
    '--out',
    'run',
  ];
  const { code, stderr } = await lanegrad(root, args);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const page = await readFile(join(root, 'run', 'report.html'), 'utf8');
  const shown = picturesOf(page).filter(({ words }) => !words.startsWith('Test image'));
  expect(shown.map(({ words, height, width }) => `${words}, ${height}x${width}`)).toEqual([
    ...[0, 1, 2, 3, 4].map((filter) => `Filter ${filter}, 3x3`),
    'The image: the first test image, 8x8',
    ...shown.slice(6, 11).map(({ words }) => `${words}, 8x8`),
    ...shown.slice(11).map(({ words }) => `${words}, 2x2`),
  ]);
  expect(shown).toHaveLength(5 + 1 + 5 + 6);
  expect(page).toMatch(/<td>8 × 8 × 5<\/td><td>50<\/td><td>2,880<\/td>/);
  expect(await inspect('run', '--image', 'toy', '--pictures', '2')).toContain(
    'layer 2, conv2d, 6 maps of 2x2',
  );
});

it.each([
  [['dense.safetensors', '--image', 'image.png'], /--image: expected a model with convolutions/],
  [['grey.safetensors', '--image', 'large.png'], /large\.png/],
  [['grey.safetensors', '--image', 'nowhere'], /unknown data set "nowhere"/],
])('refuses %s', async (args, message) => {
  const { code, stderr } = await lanegrad(root, ['inspect', ...args]);
  expect(code).toBeGreaterThan(0);
  expect(stderr).toMatch(message);
});
