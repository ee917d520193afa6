/** Sources as hurried people write them, and options that are larger than the set: what is borne, and what refused. */
import { describe, expect, test, vi } from 'vitest';
import { DataError, OptionError, ResumeError, ShapeError } from '../../../src/base/errors.js';
import { createEngine } from '../../../src/create/engine.js';
import { dataset } from '../../../src/data/dataset.js';
import { type Chunk, type StreamOptions, streamDataset } from '../../../src/data/stream.js';
import { streamArrays } from '../../../src/data/stream-arrays.js';
import { dense } from '../../../src/nn/dense.js';
import { sgd } from '../../../src/nn/optimizers.js';
import { sequential } from '../../../src/nn/sequential.js';
import type { CheckpointFile } from '../../../src/train/checkpointing.js';
import { evaluate } from '../../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../../src/train/fit.js';
import { basic, bits, net, strict } from '../fit-setting.js';
import { clouds } from '../sets.js';
import { chunkOf, sizesOf, streamOf } from './streams.js';

const set = clouds(40);
const form = { name: 'rows', width: 8, classes: 3, window: 12 } as const;
const good = () => Array.from({ length: 4 }, (_, i) => chunkOf(set, 10 * i, 10 * i + 10));
const stream = (options: Partial<StreamOptions>) => streamDataset({ ...form, ...options });

async function trained(train: Parameters<typeof fit>[2], options: Partial<FitOptions> = {}) {
  const model = net();
  const history = await fit(strict, model, train, { ...basic, batchSize: 4, epochs: 2, ...options });
  return { weights: bits(model), history };
}

describe('a source that comes in order', () => {
  test.each(['f32', 'u8'] as const)('may fill the same arrays of %s for every chunk', async (dtype) => {
    const own = clouds(40, { bytes: dtype === 'u8' });
    const weights = Float32Array.from({ length: 40 }, (_, i) => i % 3);
    const rows = dataset({ inputs: own.inputs, labels: own.labels, classes: 3, weights });
    const again = {
      inputs: dtype === 'u8' ? new Uint8Array(80) : new Float32Array(80),
      labels: new Int32Array(10),
      weights: new Float32Array(10),
    };
    const reused = stream({
      ...{ dtype, weighted: true, window: 40 },
      *open() {
        for (let i = 0; i < 4; i++) {
          const { inputs, labels, weights: counts } = chunkOf(rows, 10 * i, 10 * i + 10);
          again.inputs.set(inputs as Uint8Array);
          again.labels.set(labels as Int32Array);
          again.weights.set(counts!);
          yield again;
        }
        // Kernels would take these for places in memory.
        again.labels.fill(2 ** 30);
      },
    });
    expect((await trained(reused)).weights).toEqual((await trained(rows)).weights);
  });

  test('may hold promises of chunks; it is ended when one of them fails', async () => {
    const promises = stream({ open: () => good().map((chunk) => Promise.resolve(chunk) as never) });
    expect((await trained(promises)).weights).toEqual((await trained(stream({ open: good }))).weights);
    const ended = vi.fn();
    const failing = stream({
      *open() {
        try {
          yield good()[0];
          yield Promise.reject(new Error('no such row')) as never;
        } finally {
          ended();
        }
      },
    });
    await expect(trained(failing)).rejects.toThrow('after 10 rows: the source failed: no such row');
    expect(ended).toHaveBeenCalledOnce();
  });

  test('whose iterator gives no results is told so', async () => {
    const none = stream({ open: () => ({ [Symbol.iterator]: () => ({ next: () => undefined as never }) }) });
    await expect(trained(none)).rejects.toThrow(DataError);
    await expect(trained(none)).rejects.toThrow('its iterator gave undefined, expected an object with done');
  });

  test('whose end fails when training ends before it does no harm', async () => {
    const stop = new AbortController();
    const endless = stream({
      open: () => ({
        [Symbol.iterator]: () => ({
          next: () => ({ done: false, value: good()[0] }),
          return(): never {
            throw new Error('cannot be closed');
          },
        }),
      }),
    });
    const onStep = ({ step }: { step: number }) => step === 5 && stop.abort();
    const { history } = await trained(endless, { signal: stop.signal, onStep });
    expect([history.outcome, history.steps]).toEqual(['aborted', 5]);
  });
});

describe('rows that all weigh nothing are refused, as in memory', () => {
  const weightless = () => good().map((chunk) => ({ ...chunk, weights: new Float32Array(10) }));
  test.each<[string, Partial<StreamOptions>]>([
    ['in order', { open: weightless }],
    ['in any order', { chunks: 4, read: (i) => weightless()[i] }],
  ])('%s', async (_, source) => {
    const message = '"rows": weights: expected at least one above 0, given only zeros';
    const none = stream({ ...source, weighted: true });
    await expect(trained(none)).rejects.toThrow(DataError);
    await expect(trained(none)).rejects.toThrow(`fit, train, ${message}`);
    const measured = evaluate(strict, net(), none, { loss: 'softmaxCrossEntropy' });
    await expect(measured).rejects.toThrow(`evaluate, set, ${message}`);
  });

  test('but not where the rest of an epoch does, that training goes on with', async () => {
    const last = () =>
      good().map((chunk, i) => ({ ...chunk, weights: new Float32Array(10).fill(i < 2 ? 1 : 0) }));
    for (const source of [{ open: last }, { chunks: [10, 10, 10, 10], read: (i: number) => last()[i] }]) {
      const rows = stream({ ...source, weighted: true });
      const files: CheckpointFile[] = [];
      const checkpoint = { everySteps: 1, save: (file: CheckpointFile) => void files.push(file) };
      const options = { checkpoint, shuffle: false };
      const { weights } = await trained(rows, options);
      const again = await trained(rows, { ...options, resume: files[7].bytes });
      expect(again.weights).toEqual(weights);
    }
  });
});

describe('more than there is', () => {
  const sized = streamOf(set, sizesOf(set, 10), 'sizes', { window: 12 });

  test('batches larger than the set are the set, and take no more memory', async () => {
    const engine = await createEngine({ backend: 'wasm', math: 'strict' });
    try {
      for (const options of [{ batchSize: 1e9 }, { batchSize: 7, accumulateBatches: 1e9 }]) {
        const model = net();
        await fit(engine, model, sized, { ...basic, ...options, shuffle: false });
        const other = net();
        await fit(strict, other, set, { ...basic, ...options, shuffle: false });
        expect(bits(model)).toEqual(bits(other));
      }
      const { loss } = await evaluate(engine, net(), sized, { ...lossOnly, batchSize: 1e9 });
      expect(loss).toBe((await evaluate(strict, net(), set, { ...lossOnly, batchSize: 1e9 })).loss);
      expect(engine.memoryBytes).toBeLessThan(2 ** 23);
    } finally {
      engine.dispose();
    }
  });
  const lossOnly = { loss: 'softmaxCrossEntropy' } as const;
});

test('names of classes in another order are another stream', async () => {
  const files: CheckpointFile[] = [];
  const named = (classNames: string[]) => streamDataset({ name: 'rows', width: 8, classNames, open: good });
  const save = (file: CheckpointFile) => void files.push(file);
  await trained(named(['a', 'b', 'c']), { checkpoint: { everySteps: 1, save } });
  const other = trained(named(['b', 'a', 'c']), { resume: files[3].bytes });
  await expect(other).rejects.toThrow(ResumeError);
  await expect(other).rejects.toThrow('train.classNames.0 "a", given "b"');
});

describe('a validation that never answers', () => {
  test.each<[string, Partial<FitOptions>]>([
    ['', {}],
    ['of the moving average', { averageDecay: 0.9 }],
  ])('ends with an abort, and its epoch is done by who goes on %s', async (_, extra) => {
    // More than the engine holds at once: what it holds is not read again.
    const large = clouds(600, { seed: 2 });
    const rest = [chunkOf(large, 0, 100), chunkOf(large, 100, 600)] as const;
    const never = await trained(set, { ...extra, validation: stream({ open: () => rest }) });
    let epochs = 0;
    const waiting = vi.fn();
    const stop = new AbortController();
    const hanging = stream({
      async *open(): AsyncGenerator<Chunk> {
        yield rest[0];
        if (++epochs === 2) {
          waiting();
          setTimeout(() => stop.abort());
          await new Promise(() => {});
        }
        yield rest[1];
      },
    });
    const files: CheckpointFile[] = [];
    const checkpoint = { everySteps: 1000, save: (file: CheckpointFile) => void files.push(file) };
    const { history } = await trained(set, {
      ...{ ...extra, checkpoint, signal: stop.signal, validation: hanging },
    });
    expect(waiting).toHaveBeenCalledOnce();
    expect([history.outcome, history.epochs.length, history.steps]).toEqual(['aborted', 1, 20]);
    const again = await trained(set, { ...extra, validation: hanging, resume: files.at(-1)!.bytes });
    expect(again.weights).toEqual(never.weights);
    const scores = ({ history: { epochs: all } }: typeof again) => all.map(({ validation }) => validation);
    expect(scores(again)).toEqual(scores(never));
    expect(again.history.outcome).toBe('completed');
  });
});

describe('streamArrays', () => {
  const inputs = new Float32Array(80);
  const labels = new Int32Array(10);
  const targets = new Float32Array(10);
  test.each<[object, new (...args: never[]) => Error, string]>([
    [
      { inputs: new Float32Array(81), labels },
      ShapeError,
      'inputs in 10 rows of one width, given 81 numbers',
    ],
    [
      { inputs, targets, targetWidth: 0 },
      OptionError,
      'option targetWidth: expected a whole number, at least 1',
    ],
    [{ inputs, targets, targetWidth: 'x' }, OptionError, 'at least 1, given "x"'],
    [{ inputs, labels, size: 9 }, OptionError, 'unknown option "size"'],
    [{ inputs, labels, read: () => 7 }, OptionError, 'unknown option "read"'],
  ])('%o', (options, kind, message) => {
    expect(() => streamArrays(options as never)).toThrow(kind);
    expect(() => streamArrays(options as never)).toThrow(message);
  });

  test('numbers beyond their answers stay as they were', async () => {
    const sums = Float32Array.from({ length: 10 }, (_, i) => Math.cos(i));
    const rows = streamArrays({ inputs: inputs.map((_, i) => Math.sin(i)), targets: sums, chunkRows: 3 });
    const model = sequential(8, [dense(1)], { seed: 1 });
    await fit(strict, model, rows, { loss: 'meanSquaredError', optimizer: sgd({ learningRate: 0.1 }) });
    expect([...sums]).toEqual([...sums.map((_, i) => Math.cos(i))]);
  });
});
