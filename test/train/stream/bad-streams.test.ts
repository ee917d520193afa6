/** What a stream may do wrong: which error says so, where, and what becomes of model and source. */
import { describe, expect, test, vi } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../../src/base/errors.js';
import { type Chunk, type StreamOptions, streamDataset } from '../../../src/data/stream.js';
import { sgd } from '../../../src/nn/optimizers.js';
import { cosineDecay, warmUp } from '../../../src/nn/schedules.js';
import type { CheckpointFile } from '../../../src/train/checkpointing.js';
import { evaluate } from '../../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../../src/train/fit.js';
import { fitHead } from '../../../src/train/fit-head.js';
import { basic, bits, finite, net, strict } from '../fit-setting.js';
import { clouds } from '../sets.js';
import { chunkOf, sizesOf, streamOf } from './streams.js';

const set = clouds(40);
const good = () => Array.from({ length: 4 }, (_, i) => chunkOf(set, 10 * i, 10 * i + 10));
const form = { name: 'rows', width: 8, classes: 3, window: 12 } as const;

function inOrder(chunks: () => Iterable<unknown>, options: Partial<StreamOptions> = {}) {
  return streamDataset({
    ...form,
    async *open() {
      for (const chunk of chunks()) yield (await chunk) as Chunk;
    },
    ...options,
  });
}

const train = (stream: Parameters<typeof fit>[2], options: Partial<FitOptions> = {}, model = net()) =>
  fit(strict, model, stream, { ...basic, batchSize: 4, epochs: 2, ...options });

/** Good chunks, with this in the place of the third. */
function third(chunk: unknown, options: Partial<StreamOptions> = {}) {
  return inOrder(() => good().map((one, i) => (i === 2 ? chunk : one)), options);
}

describe('a chunk', () => {
  const inputs = Float32Array.from({ length: 16 }, () => 0.5);
  const labels = [0, 1];
  test.each<[string, unknown, string, new (...args: never[]) => Error, Partial<StreamOptions>?]>([
    ['that is none', 7, 'expected an options object, given 7', OptionError],
    ['without inputs', { labels }, 'option inputs is required', OptionError],
    ['without labels', { inputs }, 'option labels is required', OptionError],
    ['with something else', { inputs, labels, rows: 2 }, 'unknown option "rows"', OptionError],
    ['with targets too', { inputs, labels, targets: [1, 2] }, 'option targets: expected none', OptionError],
    [
      'of other rows',
      { inputs: [new Array<number>(8).fill(1), new Array<number>(7).fill(1)], labels },
      'row 1: expected 8 entries as before it, given 7',
      ShapeError,
    ],
    ['of rows of another width', { inputs: [[1], [2]], labels }, 'expected inputs in rows of 8', ShapeError],
    ['of part of a row', { inputs: inputs.subarray(1), labels }, 'in rows of 8, given 15 values', ShapeError],
    ['with too few labels', { inputs, labels: [0] }, 'counts differ: 2 rows of inputs, 1 labels', DataError],
    ['with a label outside the classes', { inputs, labels: [0, 3] }, 'label 1: expected', DataError],
    ['with names of classes', { inputs, labels: ['a', 'b'] }, 'the stream has no classNames', OptionError],
    [
      'with NaN',
      { inputs: inputs.map((x, i) => (i === 11 ? NaN : x)), labels },
      'input at row 1, column 3: expected a finite number, given NaN',
      DataError,
    ],
    ['of bytes', { inputs: new Uint8Array(16), labels }, 'as dtype is "f32"', OptionError],
    ['of floats for bytes', { inputs, labels }, 'dtype is "u8"', OptionError, { dtype: 'u8', scale: 1 }],
    ['with weights', { inputs, labels, weights: [1, 1] }, 'as the stream is not weighted', OptionError],
  ])('%s', async (_, chunk, message, kind, options = {}) => {
    const bytes = options.dtype === 'u8';
    const toBytes = ({ inputs: _inputs, labels: own }: Chunk) => ({
      inputs: new Uint8Array(80),
      labels: own!,
    });
    const chunks = () => good().map((one, i) => (i === 2 ? chunk : bytes ? toBytes(one) : one));
    const training = train(inOrder(chunks, options));
    await expect(training).rejects.toThrow(kind);
    await expect(training).rejects.toThrow(message);
    await expect(training).rejects.toThrow('fit, train, "rows", chunk 2: ');
  });

  test('without the weights that there should be, or with others', async () => {
    const weighted = (weights: unknown) =>
      inOrder(() => good().map((one, i) => ({ ...one, weights: i === 2 ? weights : new Float32Array(10) })), {
        weighted: true,
      });
    for (const [weights, message] of [
      [undefined, 'option weights: expected those of the rows, given undefined'],
      [[1, 2], 'counts differ: 2 weights for 10 samples'],
      [[0, 0], 'counts differ: 2 weights for 10 samples'],
      [[...new Array<number>(9).fill(1), -1], 'weight 9: expected a finite number, at least 0, given -1'],
      ['much', 'option weights: expected'],
    ] as const) {
      await expect(train(weighted(weights))).rejects.toThrow(message);
      await expect(train(weighted(weights))).rejects.toThrow('chunk 2');
    }
    // All may weigh nothing in one, as here in all but the third.
    await train(weighted(new Array<number>(10).fill(1)));
  });

  test('of targets that the loss cannot have', async () => {
    const targets = (bad: number) => (i: number) => ({
      inputs: chunkOf(set, 10 * i, 10 * i + 10).inputs,
      targets: Array.from({ length: 30 }, (_, j) => (i === 2 && j === 29 ? bad : 0.5)),
    });
    const stream = (bad: number) =>
      streamDataset({ name: 'rows', width: 8, targetWidth: 3, chunks: 4, read: targets(bad) });
    const options = { loss: 'binaryCrossEntropy' } as const;
    await expect(train(stream(2), options)).rejects.toThrow(/chunk 2.*target at row 9, column 2: .*given 2/);
    await train(stream(1), options);
  });
});

describe('a source', () => {
  test('that ends before its size, or goes on beyond it', async () => {
    const ends = train(inOrder(good, { size: 41 }));
    await expect(ends).rejects.toThrow(DataError);
    await expect(ends).rejects.toThrow(
      'fit, train, "rows": expected 41 rows in all, as its size says, given 40; give the size that there is',
    );
    const more = train(inOrder(good, { size: 39 }));
    await expect(more).rejects.toThrow('"rows", chunk 3: expected 39 rows in all');
    const endless = train(
      inOrder(
        function* () {
          for (;;) yield* good();
        },
        { size: 40 },
      ),
    );
    await expect(endless).rejects.toThrow(
      'chunk 4: expected 40 rows in all, as its size says, given at least 50',
    );
  });

  test.each([
    [-1, 'given 30'],
    [1, 'given at least 50'],
  ])('that gives %d chunk more in the second epoch', async (difference, given) => {
    let epochs = 0;
    const stream = inOrder(() => (epochs++ === 0 ? good() : [...good(), ...good()].slice(0, 4 + difference)));
    const model = net();
    const once = net();
    const training = train(stream, {}, model);
    await expect(training).rejects.toThrow(DataError);
    await expect(training).rejects.toThrow(`expected 40 rows in all, as in the epoch before, ${given}`);
    // The values of the last good epoch.
    await train(inOrder(good), { epochs: 1 }, once);
    expect(bits(model)).toEqual(bits(once));
  });

  test('whose chunk has not the rows that were told', async () => {
    const read = (i: number) => chunkOf(set, 10 * i, 10 * i + (i === 2 ? 9 : 10));
    const training = train(streamDataset({ ...form, chunks: [10, 10, 10, 10], read }));
    await expect(training).rejects.toThrow('chunk 2: expected 10 rows, as chunks says, given 9');
  });

  test('that throws: the error is the cause, checkpoints stay, the model has its last good values', async () => {
    const cause = new Error('the disk is on fire');
    const failing = [
      inOrder(function* () {
        yield* good().slice(0, 2);
        throw cause;
      }),
      streamDataset({ ...form, chunks: 4, read: (i) => (i === 2 ? Promise.reject(cause) : good()[i]) }),
      streamDataset({
        ...form,
        chunks: 4,
        read(i) {
          if (i === 2) throw cause;
          return good()[i];
        },
      }),
    ];
    for (const stream of failing) {
      const model = net();
      const files: CheckpointFile[] = [];
      const before = bits(model);
      const checkpoint = { everySteps: 1, save: (file: CheckpointFile) => void files.push(file) };
      const error = await train(stream, { checkpoint, shuffle: false }, model).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toContain('after 20 rows: the source failed: the disk is on fire; checkpoints');
      expect(error.cause).toBe(cause);
      expect(bits(model)).toEqual(before);
      expect(finite(model)).toBe(true);
      expect(files.length).toBeGreaterThan(1);
      // From there it goes on, when the source is well again.
      const whole = net();
      const options = { shuffle: false, checkpoint: { everySteps: 1, save: () => {} } };
      const well =
        'read' in stream.source
          ? streamDataset({ ...form, chunks: 4, read: (i) => good()[i] })
          : inOrder(good);
      await train(well, { ...options, resume: files.at(-1)!.bytes }, model);
      await train(well, options, whole);
      expect(bits(model)).toEqual(bits(whole));
    }
  });

  test('that is empty, gives nothing to iterate, or nothing but empty chunks', async () => {
    const empty = { inputs: [], labels: [] };
    await expect(train(inOrder(() => []))).rejects.toThrow('the source is empty: expected at least 1 row');
    await expect(train(inOrder(() => [empty, empty]))).rejects.toThrow('the source is empty');
    const forever = inOrder(function* () {
      for (;;) yield empty;
    });
    await expect(train(forever)).rejects.toThrow('chunk 1000: expected rows, given 1001 chunks without any');
    for (const open of [() => 7, () => undefined, () => ({}), async () => good(), () => 'chunks']) {
      const training = train(streamDataset({ ...form, open: open as never }));
      await expect(training).rejects.toThrow(OptionError);
      await expect(training).rejects.toThrow('option open: expected it to give an async iterable');
    }
    // One that is iterable at once will do.
    await train(streamDataset({ ...form, open: good }));
  });
});

describe('what is open is closed', () => {
  /** Chunks without end, and whether they were told to end. */
  function endless(wait: (chunk: number) => Promise<void> = async () => {}) {
    const closed = vi.fn();
    const stream = streamDataset({
      ...form,
      async *open() {
        try {
          for (let i = 0; ; i++) {
            await wait(i);
            yield good()[i % 4];
          }
        } finally {
          closed();
        }
      },
    });
    return { stream, closed };
  }

  test('by an abort', async () => {
    const { stream, closed } = endless();
    const stop = new AbortController();
    const history = await train(stream, {
      signal: stop.signal,
      onStep: ({ step }) => step === 20 && stop.abort(),
    });
    expect(history.outcome).toBe('aborted');
    expect(history.steps).toBe(20);
    await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce());
  });

  test('by an abort while a chunk is waited for that never comes', async () => {
    const stop = new AbortController();
    const { stream } = endless((i) => (i < 4 ? Promise.resolve() : new Promise(() => {})));
    const signals: AbortSignal[] = [];
    const placed = streamDataset({
      ...form,
      chunks: 100,
      read: (i, { signal }) => {
        signals.push(signal as AbortSignal);
        return i < 4 ? good()[i] : new Promise(() => {});
      },
    });
    setTimeout(() => stop.abort(), 100);
    const options = { signal: stop.signal, shuffle: false };
    for (const one of [stream, placed]) {
      const history = await train(one, options);
      expect(history.outcome).toBe('aborted');
    }
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  test('by an error of training', async () => {
    const { stream, closed } = endless();
    const onStep = ({ step }: { step: number }) => {
      if (step === 5) throw new Error('enough');
    };
    await expect(train(stream, { onStep })).rejects.toThrow('enough');
    await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce());
  });
});

describe('what a stream cannot do is refused', () => {
  const stream = inOrder(good);
  test('a schedule that must know the end, without a size', async () => {
    for (const schedule of [
      cosineDecay({ learningRate: 0.1 }),
      warmUp({ steps: 2, schedule: cosineDecay({ learningRate: 0.1 }) }),
    ]) {
      const optimizer = sgd({ learningRate: schedule });
      const training = train(stream, { optimizer });
      await expect(training).rejects.toThrow(OptionError);
      await expect(training).rejects.toThrow('give streamDataset the size of the set');
      await train(inOrder(good, { size: 40 }), { optimizer });
    }
    await train(stream, { optimizer: sgd({ learningRate: warmUp({ steps: 2, schedule: 0.1 }) }) });
  });

  test('balanced class weights, changes of what is no image, rows that are computed once', async () => {
    await expect(train(stream, { classWeights: 'balanced' })).rejects.toThrow('one number a class');
    await train(stream, { classWeights: [1, 2, 3] });
    const images = 'is not of images: it has no imageShape';
    await expect(train(stream, { augment: { shift: 1 } })).rejects.toThrow(images);
    await expect(fitHead(strict, net(), stream as never, basic)).rejects.toThrow(OptionError);
  });

  test('a model of another width or with fewer classes', async () => {
    await expect(train(inOrder(good, { width: 9 }))).rejects.toThrow(
      'has 9 numbers a sample, but the model takes 8',
    );
    await expect(train(inOrder(good, { classes: 4 }))).rejects.toThrow('has 4 classes');
    await expect(evaluate(strict, net(), third({ inputs: [[1]], labels: [0] }), basicLoss)).rejects.toThrow(
      'evaluate, set, "rows", chunk 2: expected inputs in rows of 8, given rows of 1',
    );
  });
  const basicLoss = { loss: 'softmaxCrossEntropy' } as const;
});

describe('options', () => {
  const open = () => good();
  const read = (i: number) => good()[i];
  test.each<[object, string]>([
    [{ width: 8, classes: 3 }, 'expected either chunks and read, or open, given none of them'],
    [{ width: 8, classes: 3, read }, 'given read'],
    [{ width: 8, classes: 3, read, open, chunks: 3 }, 'given open and read and chunks'],
    [{ width: 8, classes: 3, open: 7 }, 'option open: expected a function'],
    [
      { width: 8, classes: 3, read, chunks: [] },
      'option chunks: expected a whole number from 1 to 4194304, or',
    ],
    [{ width: 8, classes: 3, read, chunks: [1, -1] }, 'option chunks: expected a whole number'],
    [{ width: 8, classes: 3, read, chunks: [0, 0] }, 'option chunks: expected at least 1 row'],
    [{ width: 8, classes: 3, read, chunks: [1, 2], size: 4 }, 'size is 4, and chunks have 3 rows'],
    [{ classes: 3, open }, 'option width is required'],
    [{ width: 8, open }, 'expected either classes or classNames'],
    [{ width: 8, open, classes: 3, targetWidth: 1 }, 'given both'],
    [{ width: 8, open, classes: 3, classNames: ['a', 'b'] }, 'expected 3 class names, given 2'],
    [{ width: 8, open, classNames: ['a'] }, 'at least 2 classes'],
    [{ width: 8, open, targetWidth: 2, targetNames: ['a'] }, 'expected 2 target names, given 1'],
    [{ width: 8, open, classes: 3, imageShape: [3, 3] }, 'imageShape 3x3 has 9 pixels, width is 8'],
    [{ width: 8, open, classes: 3, scale: 2 }, 'scale and offset do not apply to dtype "f32"'],
    [{ width: 8, open, classes: 3, dtype: 'u8', scale: 0 }, 'option scale: expected a number other than 0'],
    [{ width: 2 ** 40, open, classes: 3 }, 'option width: expected at most'],
    [{ width: 8, open, classes: 3, window: 0 }, 'option window: expected a whole number, at least 1'],
    [{ width: 8, open, classes: 3, windows: 1 }, 'unknown option "windows"'],
  ])('%o', (options, message) => {
    expect(() => streamDataset(options as never)).toThrow(message);
  });

  test('say what the set is', () => {
    const stream = streamOf(set, sizesOf(set, 7));
    expect(stream).toMatchObject({
      name: 'clouds',
      size: 40,
      width: 8,
      classes: 3,
      dtype: 'f32',
      window: 65536,
    });
    expect(streamDataset({ width: 2 ** 20, classes: 2, dtype: 'u8', open }).window).toBe(64);
    expect(streamDataset({ imageShape: [4, 2, 3], classes: 2, dtype: 'u8', open })).toMatchObject({
      ...{ width: 24, imageShape: [4, 2, 3], scale: 1 / 255, offset: 0 },
    });
  });
});
