/** Images of a stream that are changed at random: what is drawn depends on the seed, the epoch and the row. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataset } from '../../../src/data/dataset.js';
import { dense } from '../../../src/nn/dense.js';
import { sequential } from '../../../src/nn/sequential.js';
import type { CheckpointFile } from '../../../src/train/checkpointing.js';
import { type FitOptions, fit } from '../../../src/train/fit.js';
import { basic, bits, engines, strict } from '../fit-setting.js';
import { clouds } from '../sets.js';
import { type Access, sizesOf, streamOf } from './streams.js';

const WIDTH = 24;
const rows = (size: number, { bytes = true, seed = 1 } = {}) => {
  const { inputs, labels } = clouds(size, { width: WIDTH, bytes, seed });
  return dataset({ name: 'images', inputs, labels, classes: 3, imageShape: [4, 6] });
};
const augment = { shift: 1, flip: 'horizontal', rotate: 20, contrast: 0.2, cutout: 2 } as const;

async function trained(
  train: Parameters<typeof fit>[2],
  options: Partial<FitOptions> = {},
  engine: Parameters<typeof fit>[0] = strict,
) {
  const model = sequential(WIDTH, [dense(9, { activation: 'tanh' }), dense(3)], { seed: 2 });
  const history = await fit(engine, model, train, { ...basic, epochs: 3, augment, ...options });
  const records = history.epochs.map(({ seconds: _s, samplesPerSecond: _r, ...epoch }) => epoch);
  return { weights: bits(model), records };
}

const access = fc.constantFrom<Access>('sizes', 'count', 'in order');

test('in the order of the set, any chunks and windows give the bits of training in memory', async () => {
  const sets = [rows(70), rows(70, { bytes: false })];
  const options = {
    kind: access,
    chunk: fc.integer({ min: 1, max: 40 }),
    window: fc.integer({ min: 1, max: 80 }),
    batchSize: fc.integer({ min: 1, max: 50 }),
    mixup: fc.constantFrom(0, 0.4),
    bytes: fc.boolean(),
  };
  await fc.assert(
    fc.asyncProperty(fc.record(options), async ({ kind, chunk, window, batchSize, mixup, bytes }) => {
      const set = sets[Number(!bytes)];
      const other = rows(40, { bytes, seed: 5 });
      const own = { batchSize, shuffle: false, augment: { ...augment, ...(mixup > 0 && { mixup }) } };
      const stream = streamOf(set, sizesOf(set, chunk), kind, { window });
      const validation = streamOf(other, sizesOf(other, chunk), kind, { window });
      expect(await trained(stream, { ...own, validation })).toEqual(
        await trained(set, { ...own, validation: other }),
      );
    }),
    { numRuns: 30 },
  );
});

test.each(engines)('on $name, shuffled in one window, as in memory', async ({ engine }) => {
  const set = rows(53);
  const stream = streamOf(set, sizesOf(set, 8), 'sizes', { window: 60 });
  const options = { batchSize: 10, augment: { ...augment, mixup: 0.3 } };
  expect(await trained(stream, options, engine)).toEqual(await trained(set, options, engine));
});

test('targets are mixed as the images are', async () => {
  const { inputs } = rows(50);
  const targets = Float32Array.from({ length: 150 }, (_, i) => Math.sin(i));
  const set = dataset({ name: 'images', inputs, targets, targetWidth: 3, imageShape: [4, 6] });
  const stream = streamOf(set, sizesOf(set, 7), 'in order', { window: 12 });
  const options = { loss: 'meanSquaredError', shuffle: false, augment: { mixup: 0.5 } } as const;
  expect(await trained(stream, options)).toEqual(await trained(set, options));
});

describe.each<Access>(['sizes', 'count', 'in order'])('%s, in several windows', (kind) => {
  const set = rows(90);
  const stream = streamOf(set, sizesOf(set, 8), kind, { window: 20 });

  test('every epoch has other changes, and a training that goes on from any step has the same', async () => {
    const files: CheckpointFile[] = [];
    const checkpoint = { everySteps: 1, save: (file: CheckpointFile) => void files.push(file) };
    const never = await trained(stream, { batchSize: 16, checkpoint });
    expect(files.length).toBeGreaterThan(15);
    for (const { bytes } of [...files]) {
      expect(await trained(stream, { batchSize: 16, checkpoint, resume: bytes })).toEqual(never);
    }
    const plain = await trained(stream, { batchSize: 16, augment: {} });
    expect(plain.weights).not.toEqual(never.weights);
    const other = await trained(stream, { batchSize: 16, augment: { ...augment, shift: 0 } });
    expect(other.weights).not.toEqual(never.weights);
  });
});

test('answers may be mixed while a set that streams validates', async () => {
  const set = rows(50);
  const other = rows(300, { seed: 3 });
  const options = { batchSize: 10, augment: { mixup: 0.3 } };
  const streamed = streamOf(other, sizesOf(other, 30), 'in order', { window: 40 });
  expect(await trained(set, { ...options, validation: streamed })).toEqual(
    await trained(set, { ...options, validation: other }),
  );
});
