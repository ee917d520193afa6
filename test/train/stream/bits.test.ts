/** What a stream is trained to: the bits of the same rows in memory, however they are cut. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Dataset, dataset } from '../../../src/data/dataset.js';
import { dense } from '../../../src/nn/dense.js';
import { sgd } from '../../../src/nn/optimizers.js';
import { sequential } from '../../../src/nn/sequential.js';
import { evaluate } from '../../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../../src/train/fit.js';
import { basic, bits, engines, net, strict } from '../fit-setting.js';
import { clouds, numbered, watched } from '../sets.js';
import { type Access, sizesOf, streamOf } from './streams.js';

const kinds: Access[] = ['sizes', 'count', 'in order'];
const cuts = fc.array(fc.integer({ min: 0, max: 17 }), { minLength: 1, maxLength: 12 }).filter((sizes) => {
  return sizes.some((rows) => rows > 0);
});
const access = fc.constantFrom(...kinds);
const total = (sizes: readonly number[]) => sizes.reduce((sum, rows) => sum + rows, 0);

async function trained(train: Parameters<typeof fit>[2], options: Partial<FitOptions> = {}) {
  const model = net();
  const history = await fit(strict, model, train, { ...basic, epochs: 2, ...options });
  return {
    weights: bits(model),
    epochs: history.epochs.map(({ seconds: _s, samplesPerSecond: _r, ...epoch }) => epoch),
  };
}

/** Models of so many units, trained in the order of the set: one on the set, one on a stream of it. */
async function twins(
  units: number,
  set: Dataset,
  chunkRows: number,
  own: Pick<FitOptions, 'loss' | 'batchSize'>,
) {
  const options = { ...own, optimizer: sgd({ learningRate: 0.1 }), shuffle: false };
  const models = [1, 1].map((seed) => sequential(8, [dense(units)], { seed }));
  const stream = streamOf(set, sizesOf(set, chunkRows), 'in order', { window: 10 });
  for (const [i, given] of [set, stream].entries()) await fit(strict, models[i], given, options);
  return models;
}

describe('in the order of the set', () => {
  test('any chunks, windows and batches give the bits of training in memory', async () => {
    const sets = [clouds(200), clouds(200, { bytes: true })];
    await fc.assert(
      fc.asyncProperty(
        cuts,
        access,
        fc.record({
          window: fc.integer({ min: 1, max: 60 }),
          batchSize: fc.integer({ min: 1, max: 70 }),
          accumulateBatches: fc.integer({ min: 1, max: 3 }),
          bytes: fc.boolean(),
          sized: fc.boolean(),
        }),
        async (sizes, kind, { window, batchSize, accumulateBatches, bytes, sized }) => {
          const size = total(sizes);
          const { inputs, labels, classes } = sets[Number(bytes)];
          const rows = dataset({
            inputs: inputs.slice(0, 8 * size),
            labels: labels.slice(0, size),
            classes,
          });
          const options = { batchSize, accumulateBatches, shuffle: false };
          const stream = streamOf(rows, sizes, kind, { window, ...(sized && { size }) });
          const validation = streamOf(rows, sizesOf(rows, 7), kind, { window });
          expect(await trained(stream, { ...options, validation })).toEqual(
            await trained(rows, { ...options, validation: rows }),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each(engines)('on $name', async ({ engine }) => {
    const set = clouds(50, { bytes: true });
    const models = [net(), net()];
    await fit(engine, models[0], set, { ...basic, batchSize: 8, shuffle: false });
    await fit(engine, models[1], streamOf(set, sizesOf(set, 11), 'in order', { window: 9 }), {
      ...basic,
      batchSize: 8,
      shuffle: false,
    });
    expect(bits(models[1])).toEqual(bits(models[0]));
  });

  test('weights of rows count, and targets are compared with', async () => {
    const { inputs } = clouds(40);
    const weights = Float32Array.from({ length: 40 }, (_, i) => (i < 10 ? 0 : i % 4));
    const targets = Float32Array.from({ length: 80 }, (_, i) => Math.sin(i));
    const set = dataset({ inputs, targets, targetWidth: 2, weights });
    const [a, b] = await twins(2, set, 6, { loss: 'meanSquaredError', batchSize: 7 });
    expect(bits(b)).toEqual(bits(a));
    const scores = await Promise.all([
      evaluate(strict, a, set),
      evaluate(strict, b, streamOf(set, sizesOf(set, 9), 'sizes', { window: 12 })),
    ]);
    expect(scores[1].loss).toBe(scores[0].loss);
  });

  test('labels of two classes are targets of one output', async () => {
    const set = clouds(60, { classes: 2 });
    const [a, b] = await twins(1, set, 7, { loss: 'binaryCrossEntropy', batchSize: 8 });
    expect(bits(b)).toEqual(bits(a));
  });
});

describe('shuffled', () => {
  test('when a window holds all, the order is that of training in memory', async () => {
    const set = clouds(53);
    for (const kind of kinds) {
      for (const window of [53, 54, 1000]) {
        const stream = streamOf(set, sizesOf(set, 10), kind, { window });
        expect(await trained(stream, { batchSize: 8 })).toEqual(await trained(set, { batchSize: 8 }));
      }
    }
  });

  /** The rows that a training sees, by their number, epoch after epoch. */
  async function orders(size: number, rows: number, kind: Access, window: number, options: object = {}) {
    const set = numbered(size);
    const seen: number[][] = [];
    const model = sequential(3, [watched(3, seen)], { seed: 5 });
    await fit(strict, model, streamOf(set, sizesOf(set, rows), kind, { window }), {
      ...{ loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 1e-6 }), epochs: 3, batchSize: 8 },
      ...options,
    });
    const flat = seen.flat();
    return [0, 1, 2].map((epoch) => flat.slice(epoch * size, (epoch + 1) * size));
  }

  test('every epoch has all rows once, windows of their own rows, and another order', async () => {
    for (const kind of kinds) {
      const epochs = await orders(100, 10, kind, 30);
      const all = Array.from({ length: 100 }, (_, i) => i);
      for (const epoch of epochs) expect(epoch.toSorted((a, b) => a - b)).toEqual(all);
      expect(epochs[0]).not.toEqual(epochs[1]);
      expect(epochs[1]).not.toEqual(epochs[2]);
      const windows = [0, 30, 60, 90].map((at) => epochs[0].slice(at, at + 30));
      // Each window has whole chunks, as 30 is three of them.
      for (const window of windows) {
        const chunks = new Set(window.map((row) => Math.floor(row / 10)));
        expect(chunks.size).toBe(window.length / 10);
        expect(window).not.toEqual(window.toSorted((a, b) => a - b));
      }
      const inOrder = windows.every((window, i) => window.every((row) => Math.floor(row / 30) === i));
      expect(inOrder).toBe(kind === 'in order');
      // Windows of one epoch are shuffled in ways of their own.
      const ranks = (window: number[]) => window.map((row) => window.filter((other) => other < row).length);
      expect(ranks(windows[0])).not.toEqual(ranks(windows[1]));
    }
  });

  test('the order depends on seed, epoch, window and the sizes of chunks alone', async () => {
    const order = (rows: number, kind: Access, window: number, options: object = {}) =>
      orders(100, rows, kind, window, options);
    const known = await order(10, 'sizes', 30);
    expect(await order(10, 'sizes', 30, { batchSize: 64 })).toEqual(known);
    expect(await order(10, 'count', 30, { batchSize: 3 })).toEqual(known);
    expect(await order(10, 'sizes', 31)).not.toEqual(known);
    expect(await order(11, 'sizes', 30)).not.toEqual(known);
    expect(await order(10, 'sizes', 30, { seed: 6 })).not.toEqual(known);
    // Of chunks that come in one order their sizes are of no account.
    expect(await order(9, 'in order', 30)).toEqual(await order(25, 'in order', 30));
  });
});

test('what is to come is Infinity where only the end tells', async () => {
  const plans: unknown[] = [];
  const onTrainBegin = (plan: unknown) => void plans.push(plan);
  const set = clouds(20);
  await trained(streamOf(set, sizesOf(set, 7), 'count'), { onTrainBegin, batchSize: 8 });
  await trained(streamOf(set, sizesOf(set, 7), 'sizes'), { onTrainBegin, batchSize: 8 });
  expect(plans).toEqual([
    { epochs: 2, stepsPerEpoch: Infinity, samples: Infinity },
    { epochs: 2, stepsPerEpoch: 3, samples: 20 },
  ]);
});

test('a set is measured as it is in memory', async () => {
  const set = clouds(90);
  const model = net();
  await fit(strict, model, set, basic);
  const options = { metrics: ['f1'], batchSize: 16 } as const;
  const whole = await evaluate(strict, model, set, options);
  const { predictions, losses, confidences, ...streamed } = await evaluate(
    strict,
    model,
    streamOf(set, sizesOf(set, 13), 'in order', { window: 20 }),
    options,
  );
  expect(whole).toMatchObject(streamed);
  expect(streamed.confusion.flat().reduce((sum, count) => sum + count)).toBe(90);
  expect([predictions, losses, confidences].map(({ length }) => length)).toEqual([0, 0, 0]);
});
