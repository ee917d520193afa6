/** Folders of pictures and single pictures on the command line. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel, saveModel } from '../../src/node.js';
import { lanegrad, lastObject } from './command.js';
import { writeToy } from './toy.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanegrad-pictures-cli-'));
  await writeToy(join(root, 'toy'), { train: 24, test: 8 });
  for (const [c, name] of ['left', 'right', 'top'].entries()) {
    await mkdir(join(root, 'shapes', name), { recursive: true });
    for (let i = 0; i < 40; i++) await writeFile(join(root, 'shapes', name, `${i}.png`), shape(c, i));
  }
  await mkdir(join(root, 'loose'));
  await writeFile(join(root, 'loose', 'a.png'), shape(0, 99));
  await writeFile(
    join(root, 'loose', 'b.jpg'),
    jpeg.encode({ width: 8, height: 8, data: rgba(2, 98) }, 100).data,
  );
  await writeFile(join(root, 'large.png'), shape(1, 97, 20, 16));
});
afterAll(() => rm(root, { recursive: true }));

/** One half is red and bright. */
function pixel(c: number, i: number, y: number, x: number, height: number, width: number): number[] {
  const inside = [x < width / 2, x >= width / 2, y < height / 2][c];
  const noise = ((y * width + x) * 2654435761 + i * 40503) % 60;
  return inside ? [255 - noise, 30, 20] : [noise, noise, 90];
}

function shape(c: number, i: number, height = 8, width = 8): Uint8Array {
  const data = Array.from({ length: height * width }, (_, at) =>
    pixel(c, i, Math.floor(at / width), at % width, height, width),
  );
  return encode({ width, height, channels: 3, data: Uint8Array.from(data.flat()) });
}

const rgba = (c: number, i: number) =>
  Buffer.from(
    Array.from({ length: 64 }, (_, at) => [...pixel(c, i, Math.floor(at / 8), at % 8, 8, 8), 255]).flat(),
  );

const TRAIN = [
  'train',
  'shapes',
  '--hidden',
  '16',
  '--epochs',
  '30',
  '--learning-rate',
  '0.2',
  '--batch-size',
  '16',
  '--seed',
  '7',
];

describe('a folder of pictures', () => {
  test('is trained on, tested, evaluated and predicted from, with the names of its classes', async () => {
    const options = [
      '--augment',
      'shift 1, contrast 0.1',
      '--normalize',
      'channel',
      '--image-size',
      '8x8',
      '--image-fit',
      'stretch',
    ];
    const trained = await lanegrad(root, [...TRAIN, ...options, '--out', 'run', '--json']);
    expect(trained.stderr).toMatch(/^shapes on wasm/m);
    expect(trained.stderr).toMatch(/^pictures {2}120 of 3 classes: left, right, top$/m);
    expect(trained.stderr).toMatch(/^split {5}84 train, 18 validation, 18 test, by seed 7$/m);
    const { test: score, skipped } = lastObject(trained) as {
      test: { accuracy: number };
      skipped: unknown[];
    };
    expect([trained.code, score.accuracy, skipped]).toEqual([0, 1, []]);
    const config = JSON.parse(await readFile(join(root, 'run', 'config.json'), 'utf8')) as Record<
      string,
      Record<string, unknown>
    >;
    expect(config.settings).toMatchObject({
      augment: { shift: 1, contrast: 0.1 },
      normalize: 'channel',
      imageSize: [8, 8],
      imageFit: 'stretch',
    });
    expect(config.dataset).toMatchObject({ train: 84, validation: 18, test: 18, imageShape: [8, 8, 3] });
    // The most wrong images are there in colour, if there are any; the classes have names.
    expect(await readFile(join(root, 'run', 'report.html'), 'utf8')).toMatch(/right/);

    const evaluated = await lanegrad(root, ['evaluate', 'run', 'shapes', '--json']);
    // What the run was trained on need not be said again.
    const again = await lanegrad(root, ['evaluate', 'run', '--json']);
    expect(lastObject(again).accuracy).toBe(lastObject(evaluated).accuracy);
    // The same pictures as were kept, by the seed that the model remembers.
    expect(lastObject(evaluated)).toMatchObject({
      samples: 18,
      loss: (score as { loss?: number }).loss,
      accuracy: 1,
    });
    expect(evaluated.stderr).toMatch(/^left +6 +6 /m);

    // A script may have split them by any seed, and saved nothing of it.
    expect(evaluated.stderr).not.toMatch(/^note/m);
    const { model, metadata } = await loadModel(join(root, 'run', 'model.safetensors'));
    const { splitSeed, ...input } = metadata.input!;
    expect(splitSeed).toBe(7);
    await saveModel(model, join(root, 'script.safetensors'), { ...metadata, input });
    const unsure = await lanegrad(root, ['evaluate', 'script.safetensors', 'shapes', '--json']);
    expect(unsure.stderr).toMatch(
      /^note: .* of a split by seed 0, and some may be ones that it was trained on/m,
    );
    expect(lastObject(unsure).note).toMatch(/trained on/);
    await saveModel(model, join(root, 'script.safetensors'), { ...metadata, input: { ...input, splitSeed } });
    const sure = await lanegrad(root, ['evaluate', 'script.safetensors', 'shapes', '--json']);
    expect(lastObject(sure)).toMatchObject({ samples: 18, loss: (score as { loss?: number }).loss });
    expect(lastObject(sure).note).toBeUndefined();

    const predicted = await lanegrad(root, ['predict', 'run', 'loose', '--json', '--show']);
    const { predictions } = lastObject(predicted) as { predictions: { file: string; name: string }[] };
    expect(predictions.map(({ file, name }) => [file, name])).toEqual([
      ['a.png', 'left'],
      ['b.jpg', 'top'],
    ]);
    const fitted = await lanegrad(root, ['predict', 'run', 'large.png', '--json']);
    expect(lastObject(fitted)).toMatchObject({ predictions: [{ file: 'large.png', name: 'right' }] });
    const all = await lanegrad(root, ['predict', 'run', 'shapes', '--range', '0:3', '--json']);
    expect(
      (lastObject(all) as { predictions: { label: number }[] }).predictions.map(({ label }) => label),
    ).not.toContain(null);
    const info = await lanegrad(root, ['inspect', 'run/model.safetensors']);
    expect(info.stdout).toMatch(/images 8x8x3/);
  });

  test('trains a convolutional network, which is told its images by their shape', async () => {
    const options = [
      '--layers',
      'conv 4 3, pool, dense 8',
      '--epochs',
      '12',
      '--normalize',
      'channel',
      '--augment',
      'shift 1',
    ];
    const [, , ...rest] = TRAIN;
    const own = rest.slice(rest.indexOf('--learning-rate'));
    const trained = await lanegrad(root, ['train', 'shapes', ...options, ...own, '--out', 'conv', '--json']);
    expect(trained.code, trained.stderr).toBe(0);
    const { loss, accuracy } = (lastObject(trained) as { test: { loss: number; accuracy: number } }).test;
    expect(accuracy).toBeGreaterThan(0.9);
    expect(lastObject(await lanegrad(root, ['evaluate', 'conv', 'shapes', '--json']))).toMatchObject({
      loss,
      accuracy,
    });
    const { predictions } = lastObject(await lanegrad(root, ['predict', 'conv', 'loose', '--json'])) as {
      predictions: { name: string }[];
    };
    expect(predictions.map(({ name }) => name)).toEqual(['left', 'top']);
  });

  test('goes on with the same bits after it was stopped', async () => {
    const options = [
      ...TRAIN,
      '--augment',
      'shift 1, flip, rotate 5, mixup 0.2',
      '--checkpoint-every',
      '1epoch',
    ];
    const whole = await lanegrad(root, [...options, '--epochs', '4', '--out', 'whole', '--json']);
    await lanegrad(root, [...options, '--epochs', '2', '--out', 'part', '--json']);
    const rest = await lanegrad(root, ['train', '--resume', 'part', '--epochs', '4', '--json']);
    expect([whole.code, rest.code]).toEqual([0, 0]);
    expect((lastObject(rest) as { weightsSha256: string }).weightsSha256).toBe(
      (lastObject(whole) as { weightsSha256: string }).weightsSha256,
    );
  });

  test('with what is no picture is refused, or trained without', async () => {
    await writeFile(join(root, 'shapes', 'left', 'notes.txt'), 'hello');
    const refused = await lanegrad(root, [...TRAIN, '--out', 'never']);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: .*notes\.txt: it is no picture; expected PNG or JPEG/),
    ]);
    const taken = await lanegrad(root, [
      ...TRAIN,
      '--epochs',
      '1',
      '--skip-broken',
      '--out',
      'skipping',
      '--json',
    ]);
    expect(taken.stderr).toMatch(
      /left out 1 files that are no pictures, or broken:\n {2}".*notes\.txt": it is no picture/,
    );
    expect(lastObject(taken)).toMatchObject({ skipped: [{ problem: expect.stringMatching(/no picture/) }] });
    await rm(join(root, 'shapes', 'left', 'notes.txt'));
  });
});

describe('what does not fit', () => {
  test.each<[code: number, args: string[], message: RegExp]>([
    [2, ['train', 'loose'], /"loose" holds pictures; expected them in a folder for each class/],
    [2, ['train', 'toy', '--image-size', '8x8'], /--image-size: it is for folders of pictures, given "toy"/],
    [2, ['train', 'shapes', '--image-fit', 'cover'], /--image-fit: expected --image-size besides/],
    [2, ['train', 'shapes', '--image-size', '8'], /--image-size.*height and width such as 32x32/],
    [2, ['train', 'shapes', '--augment', 'shfit 2'], /--augment.*some of shift, crop, flip/],
    [
      2,
      ['train', 'shapes', '--augment', 'shift 8'],
      /expected shift and crop below 8, as the images are of 8x8, given 8/,
    ],
    [
      1,
      ['predict', 'whole', 'large.png'],
      /large\.png: is of 20x16, but the model takes 8x8; trained with --image-size/,
    ],
    [1, ['predict', 'whole', 'shapes/left/../../toy/t10k-labels-idx1-ubyte'], /expected images: u8/],
  ])('exits %d: %j', async (code, args, message) => {
    const outcome = await lanegrad(root, args[0] === 'train' ? [...args, '--out', 'never'] : args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.code).toBe(code);
  });
});
