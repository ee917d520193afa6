/** What a stream does beside training: it reads ahead, and holds no more after fifty epochs than after two. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEngine } from '../../../src/create/engine.js';
import { dataset } from '../../../src/data/dataset.js';
import { streamDataset } from '../../../src/data/stream.js';
import { evaluate } from '../../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../../src/train/fit.js';
import { basic, bits, net, strict } from '../fit-setting.js';
import { clouds } from '../sets.js';
import { type Access, sizesOf, streamOf } from './streams.js';

test.each([true, false])(
  'the next window is read while one is trained on (in any order: %s)',
  async (any) => {
    const rows = 50;
    const set = clouds(rows);
    let read = 0;
    const one = async () => {
      // Not before the loop has let others have their turn.
      await new Promise((resolve) => setImmediate(resolve));
      read++;
      return { inputs: set.inputs.slice(), labels: set.labels.slice() };
    };
    const source = any
      ? { chunks: Array.from({ length: 20 }, () => rows), read: one }
      : {
          async *open() {
            for (let i = 0; i < 20; i++) yield await one();
          },
        };
    const stream = streamDataset({ width: 8, classes: 3, window: 5 * rows, ...source });
    const seen: number[] = [];
    await fit(strict, net(), stream, {
      ...{ ...basic, epochs: 1, batchSize: 10 },
      onStep: async ({ step }) => {
        await new Promise((resolve) => setTimeout(resolve));
        seen[step] = read;
      },
    });
    // A window is 25 steps. Before the first of them is over all chunks of the second are there, though none of its
    // rows has been asked for; those of the third are not begun yet, but for what is read together.
    expect(seen[24]).toBeGreaterThanOrEqual(10);
    expect(seen[24]).toBeLessThan(15);
    expect(seen[49]).toBeGreaterThanOrEqual(15);
  },
);

test('memory stays as it is over fifty epochs', async () => {
  const engine = await createEngine({ backend: 'wasm', math: 'strict' });
  try {
    const set = clouds(300);
    const stream = streamOf(set, sizesOf(set, 17), 'in order', { window: 40 });
    const bytes: number[] = [];
    await fit(engine, net(), stream, {
      ...{ ...basic, epochs: 50, batchSize: 16, validation: streamOf(set, sizesOf(set, 31), 'count') },
      onEpochEnd: () => void bytes.push(engine.memoryBytes),
    });
    expect(bytes).toHaveLength(50);
    expect(new Set(bytes.slice(1)).size).toBe(1);
    // What trainings held is given back: as many again take no more.
    for (let i = 0; i < 20; i++) await fit(engine, net(), stream, { ...basic, epochs: 1, batchSize: 16 });
    expect(engine.memoryBytes).toBe(bytes[49]);
  } finally {
    engine.dispose();
  }
});

test('weights, early stopping, metrics and resuming give what they give in memory, shuffled in one window', async () => {
  const { inputs, labels } = clouds(120);
  const validation = clouds(50, { seed: 3 });
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        size: fc.integer({ min: 5, max: 120 }),
        chunk: fc.integer({ min: 1, max: 50 }),
        access: fc.constantFrom<Access>('sizes', 'count', 'in order'),
        beyond: fc.integer({ min: 0, max: 9 }),
        batchSize: fc.integer({ min: 1, max: 40 }),
        accumulateBatches: fc.integer({ min: 1, max: 3 }),
        seed: fc.integer({ min: 0, max: 99 }),
        at: fc.nat(),
      }),
      async ({ size, chunk, access, beyond, batchSize, accumulateBatches, seed, at }) => {
        const weights = Float32Array.from(
          { length: size },
          (_, i) => (Math.floor(i / 7) % 3) / 2 + (i === 0 ? 1 : 0),
        );
        const rows = dataset({
          ...{ name: 'rows', inputs: inputs.slice(0, 8 * size), labels: labels.slice(0, size), classes: 3 },
          weights,
        });
        const stream = streamOf(rows, sizesOf(rows, chunk), access, { window: size + beyond });
        const measured = streamOf(validation, sizesOf(validation, chunk), access, { window: 1 + beyond });
        const options: FitOptions = {
          ...{ ...basic, batchSize, accumulateBatches, seed, epochs: 5, metrics: ['f1', 'rocAuc'] },
          earlyStopping: { patience: 1 },
        };
        const run = async (train: Parameters<typeof fit>[2], other: Partial<FitOptions>) => {
          const files: Uint8Array[] = [];
          const checkpoint = {
            everySteps: 1,
            save: ({ bytes }: { bytes: Uint8Array }) => void files.push(bytes),
          };
          const model = net();
          const { best, epochs, outcome } = await fit(strict, model, train, {
            ...options,
            checkpoint,
            ...other,
          });
          const records = epochs.map(({ seconds: _s, samplesPerSecond: _r, ...epoch }) => epoch);
          return { files, model, result: { weights: bits(model), best, records, outcome } };
        };
        const whole = await run(rows, { validation });
        const streamed = await run(stream, { validation: measured });
        expect(streamed.result).toEqual(whole.result);
        const resume = streamed.files[at % streamed.files.length];
        expect((await run(stream, { validation: measured, resume })).result).toEqual(whole.result);
        const scores = await Promise.all(
          [validation, measured].map((set) =>
            evaluate(strict, whole.model, set, { metrics: ['f1', 'rocAuc'] }),
          ),
        );
        expect(scores[1].metrics).toEqual(scores[0].metrics);
        expect([scores[1].loss, scores[1].confusion]).toEqual([scores[0].loss, scores[0].confusion]);
      },
    ),
    { numRuns: 25 },
  );
});
