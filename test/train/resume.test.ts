/** Checkpoints: a run that goes on from any of them ends as the one that was never stopped, bit for bit. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { platform } from '#platform';
import { FileError, NonFiniteError, OptionError, ResumeError } from '../../src/base/errors.js';
import { numericsVersion } from '../../src/engine/numerics.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';
import { dense } from '../../src/nn/dense.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import type { CheckpointFile } from '../../src/train/checkpointing.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import type { History } from '../../src/train/history.js';
import { basic, bits, engines, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const train = clouds(50);
const validation = clouds(30, { seed: 2 });
/** 7 steps an epoch, the last one with two samples. */
const options: FitOptions = { ...basic, batchSize: 8, epochs: 3, validation };
const STEPS = Array.from({ length: 21 }, (_, i) => i + 1);

/** A history without what the clock says. */
function timeless({ epochs, seconds: _, ...rest }: History) {
  return { ...rest, epochs: epochs.map(({ seconds: _s, samplesPerSecond: _r, ...record }) => record) };
}

async function run(extra: Partial<FitOptions> = {}, interval: object = { everySteps: 1 }) {
  const model = net();
  const files: CheckpointFile[] = [];
  const history = await fit(strict, model, train, {
    ...options,
    checkpoint: { ...interval, save: (file) => void files.push(file) },
    ...extra,
  });
  return { weights: bits(model), history: timeless(history), files };
}

describe('resuming', () => {
  test('from every step ends in the same bits and the same history', async () => {
    const never = await run();
    const plain = net();
    await fit(strict, plain, train, options);
    expect(never.weights).toEqual(bits(plain));
    expect(never.files.map(({ step }) => step)).toEqual(STEPS);
    expect(never.files.map(({ epochs }) => epochs)).toEqual(STEPS.map((step) => Math.floor((step - 1) / 7)));
    for (const { bytes, step } of never.files) {
      const again = await run({ resume: bytes });
      expect(again.weights).toEqual(never.weights);
      expect(again.history).toEqual(never.history);
      // It did not begin from the start.
      expect(again.files.map((file) => file.step)).toEqual(STEPS.slice(step));
      expect(again.files.map((file) => readCheckpoint(file.bytes, '').parameters)).toEqual(
        never.files.slice(step).map((file) => readCheckpoint(file.bytes, '').parameters),
      );
    }
  });

  test.each([
    [{ everyEpochs: 1 }, [7, 14, 21]],
    [{ everyEpochs: 2 }, [14]],
    [{}, [7, 14, 21]],
    [{ everySteps: 5 }, [5, 10, 15, 20]],
    [{ everySeconds: 0 }, [...STEPS, 7, 14, 21].sort((a, b) => a - b)],
    [{ everySeconds: 1000 }, []],
  ])('%j keeps those of steps %j', async (interval, steps) => {
    const { files, weights } = await run({}, interval);
    expect(files.map(({ step }) => step)).toEqual(steps);
    for (const { bytes } of files) expect((await run({ resume: bytes }, interval)).weights).toEqual(weights);
  });

  test('knows where it stands, and calls no hook twice', async () => {
    const { files } = await run();
    const calls: unknown[] = [];
    await run({
      resume: files[8].bytes,
      onTrainBegin: (plan) => calls.push(plan),
      onEpochBegin: ({ epoch }) => void calls.push(`begin ${epoch}`),
      onEpoch: ({ epoch }) => void calls.push(`end ${epoch}`),
      onBatchBegin: ({ step, rows }) => step > 13 && step < 16 && calls.push([step, rows]),
    });
    expect(calls).toEqual([
      { epochs: 3, stepsPerEpoch: 7, samples: 50, resumed: { epoch: 2, step: 9, samples: 16 } },
      [14, 2],
      'end 2',
      'begin 3',
      [15, 8],
      'end 3',
    ]);
  });

  test('goes on to more epochs than were planned, as if they had been', async () => {
    const { files } = await run({ epochs: 2 }, {});
    const longer = await run({ resume: files[1].bytes, epochs: 3 });
    expect(longer.weights).toEqual((await run()).weights);
    expect(longer.history).toEqual((await run()).history);
  });

  test('of a finished run gives it again', async () => {
    const { files, weights, history } = await run({}, {});
    const again = await run({ resume: files[2].bytes }, {});
    expect(again).toEqual({ files: [], weights, history });
  });

  test('an abort leaves a checkpoint of its step', async () => {
    const stop = new AbortController();
    const first = await run(
      { signal: stop.signal, onStep: ({ step }) => step === 10 && stop.abort() },
      { everySeconds: 1000 },
    );
    expect(first.files.map(({ step, latest }) => [step, latest])).toEqual([[10, true]]);
    expect((await run({ resume: first.files[0].bytes })).weights).toEqual((await run()).weights);
    // One that comes at the end of an epoch, when there is one already, does not make another.
    const end = new AbortController();
    const second = await run({ signal: end.signal, onEpoch: () => end.abort() }, {});
    expect(second.files.map(({ step }) => step)).toEqual([7]);
  });

  test('early stopping goes on waiting, and restores the best weights from before', async () => {
    const noise = { ...train, labels: train.labels.map((label, i) => (i % 2 ? label : (label + 1) % 3)) };
    const stopping = { optimizer: sgd({ learningRate: 2 }), epochs: 60, earlyStopping: { patience: 4 } };
    const once = async (resume?: Uint8Array) => {
      const model = net();
      const files: CheckpointFile[] = [];
      const history = await fit(strict, model, noise, {
        ...options,
        ...stopping,
        resume,
        checkpoint: { save: (file) => void files.push(file) },
      });
      return { weights: bits(model), history: timeless(history), files };
    };
    const never = await once();
    expect(never.history.outcome).toBe('stoppedEarly');
    for (const { bytes } of never.files.slice(-5)) {
      const again = await once(bytes);
      expect(again.history).toEqual(never.history);
      expect(again.weights).toEqual(never.weights);
    }
  });
});

describe('the best', () => {
  test('are kept besides, by what is monitored', async () => {
    const monitored = { everySteps: 1000, keepBest: 2, monitor: 'validation.accuracy' };
    const { files, history } = await run({ epochs: 6 }, monitored);
    const accuracies: number[] = [];
    const expected: object[] = [];
    for (const { step, validation: score } of history.epochs) {
      accuracies.push(score!.accuracy);
      const order = accuracies
        .map((_, i) => i)
        .sort((a, b) => accuracies[b] - accuracies[a] || a - b)
        .slice(0, 2);
      if (order.includes(accuracies.length - 1)) {
        expected.push({ step, best: true, latest: false, bestSteps: order.map((i) => 7 * (i + 1)) });
      }
    }
    expect(files.map(({ step, best, latest, bestSteps }) => ({ step, best, latest, bestSteps }))).toEqual(
      expected,
    );
    expect(expected.length).toBeGreaterThan(1);
  });
});

describe('a checkpoint is refused', () => {
  const refused = async (extra: Partial<FitOptions>, message: RegExp, model = net(), set = train) => {
    const { files } = await run({}, {});
    const before = bits(model);
    const attempt = fit(strict, model, set, { ...options, ...extra, resume: files[0].bytes });
    await expect(attempt).rejects.toThrow(ResumeError);
    await expect(attempt).rejects.toThrow(message);
    expect(bits(model)).toEqual(before);
  };

  test.each<[string, Partial<FitOptions>, RegExp]>([
    ['batch size', { batchSize: 16 }, /made with batchSize 8, given 16$/],
    ['seed', { seed: 4 }, /made with seed 1, given 4$/],
    ['order', { shuffle: false }, /made with shuffle true, given false$/],
    [
      'learning rate',
      { optimizer: sgd({ learningRate: 0.25 }) },
      /optimizer\.learningRate 0\.5, given 0\.25$/,
    ],
    [
      'validation set',
      { validation: clouds(30, { seed: 3 }) },
      /made with validation\.sha256 ".*", given ".*"$/,
    ],
    ['lack of a validation set', { validation: undefined as never }, /validation\.size 30, given none/],
    ['early stopping', { earlyStopping: true }, /earlyStopping absent|earlyStopping null/],
    ['metrics', { metrics: ['f1'] }, /metrics/],
  ])('for another %s', async (_, extra, message) => {
    await refused(extra, message);
  });

  test('for other data, and for another model, all differences listed', async () => {
    await refused({}, /train\.sha256/, net(), clouds(50, { seed: 5 }));
    await refused({}, /train\.sha256/, net(), { ...train, labels: train.labels.toReversed() });
    await refused({}, /model\.layers\.0\.activation "tanh", given "relu"$/, net(1, { activation: 'relu' }));
    const wide = sequential(8, [dense(13, { activation: 'tanh' }), dense(3)], { seed: 2 });
    await refused({ seed: 1 }, /model\.seed 1, given 2; model\.layers\.0\.units 12, given 13$/, wide);
  });

  test('when more epochs are behind it than there are to be', async () => {
    const { files } = await run({}, {});
    await expect(run({ epochs: 1, resume: files[1].bytes })).rejects.toThrow(
      /2 epochs behind it, but epochs is 1/,
    );
  });

  test('when its tensors are not the model’s', async () => {
    const { files } = await run({}, {});
    const checkpoint = readCheckpoint(files[0].bytes, 'test');
    const parameters = new Map(checkpoint.parameters);
    parameters.set('1.bias', new Float32Array(2));
    const attempt = (resume: Checkpoint) => run({ resume });
    await expect(attempt({ ...checkpoint, parameters })).rejects.toThrow(
      /1\.bias: expected 3 values, given 2/,
    );
    parameters.delete('1.bias');
    await expect(attempt({ ...checkpoint, parameters })).rejects.toThrow(
      /1\.bias: expected 3 values, given none/,
    );
    await expect(attempt({} as Checkpoint)).rejects.toThrow(OptionError);
  });
});

test('another arithmetic or other kernels are warned of, and go on', async () => {
  const warn = vi.spyOn(platform, 'warn').mockImplementation(() => {});
  const { files } = await run({}, {});
  await run({ resume: files[0].bytes });
  expect(warn).not.toHaveBeenCalled();
  const [, { engine: fma }] = engines;
  const model = net();
  await fit(fma, model, train, { ...options, resume: files[0].bytes });
  expect(warn).toHaveBeenCalledOnce();
  expect(warn.mock.calls[0][0]).toMatch(/math "?strict"?, now "?fma"?: .*bits may differ/);
  expect(model.parameters[0].values.every(Number.isFinite)).toBe(true);
});

describe('the version of the numerics contract', () => {
  test('another one is warned of, and the run goes on', async () => {
    const warn = vi.spyOn(platform, 'warn').mockImplementation(() => {});
    const { files } = await run({}, {});
    const checkpoint = readCheckpoint(files[0].bytes, 'test');
    expect(checkpoint.engine.numerics).toBe(numericsVersion);
    const engine = { ...checkpoint.engine, numerics: numericsVersion + 1 };
    const bytes = writeCheckpoint({ ...checkpoint, engine });
    expect(readCheckpoint(bytes, 'test').engine).toEqual(engine);
    await run({ resume: bytes });
    expect(warn).toHaveBeenCalledOnce();
    const said = `with numerics ${numericsVersion + 1}, now ${numericsVersion}: .*bits may differ`;
    expect(warn.mock.calls[0][0]).toMatch(new RegExp(said));
  });

  test('files from before there was one are of version 1', async () => {
    const warn = vi.spyOn(platform, 'warn').mockImplementation(() => {});
    const { files } = await run({}, {});
    const { tensors, metadata } = readSafetensors(files[0].bytes, 'test');
    const { 'lanegrad.numerics': version, ...others } = metadata;
    expect(version).toBe(String(numericsVersion));
    const write = (text: Record<string, string>) =>
      writeSafetensors(tensors as Map<string, WritableTensor>, { ...others, ...text });
    await run({ resume: write({}) });
    if (numericsVersion === 1) expect(warn).not.toHaveBeenCalled();
    else expect(warn.mock.calls[0][0]).toMatch(`with numerics 1, now ${numericsVersion}`);
    for (const text of ['', '0', '1.5', '-1', 'one', '12345678901']) {
      expect(() => readCheckpoint(write({ 'lanegrad.numerics': text }), 'test')).toThrow(
        /^test: metadata "lanegrad\.numerics": expected a version, given/,
      );
    }
  });
});

describe('what cannot be kept', () => {
  test('ends training, loudly and at once', async () => {
    const steps: number[] = [];
    const full = new FileError('disk', 'no space left on the device');
    const save = ({ step }: CheckpointFile) => (step >= 10 ? Promise.reject(full) : undefined);
    const attempt = run({ checkpoint: { everySteps: 5, save }, onStep: ({ step }) => void steps.push(step) });
    await expect(attempt).rejects.toBe(full);
    expect(steps).toEqual(STEPS.slice(0, 10));
  });

  test('is found out before training', async () => {
    const onStep = vi.fn();
    const prepare = async () => {
      throw new FileError('folder', 'permission denied');
    };
    await expect(run({ checkpoint: { save: () => {}, prepare }, onStep })).rejects.toThrow(
      'permission denied',
    );
    expect(onStep).not.toHaveBeenCalled();
  });

  test('parameters that are not finite replace no checkpoint', async () => {
    const saved: number[] = [];
    // Finite losses until the update of step 4 overflows.
    const attempt = run({
      optimizer: sgd({ learningRate: 3e38 }),
      checkpoint: { everySteps: 1, save: ({ step }) => void saved.push(step) },
    });
    await expect(attempt).rejects.toThrow(NonFiniteError);
    expect(saved.length).toBeLessThan(3);
  });

  test.each([
    [{ everySteps: 1, everyEpochs: 1 }, /expected one interval, given everySteps and everyEpochs/],
    [{ everySteps: 0 }, /everySteps: expected a whole number, at least 1/],
    [{ everyEpochs: 1.5 }, /everyEpochs: expected a whole number/],
    [{ folder: 'x' }, /unknown option "folder"/],
    [{ monitor: 'f1' }, /monitor: expected one of/],
    [{ save: 7 }, /save: expected a function/],
  ])('%j is refused', async (interval, message) => {
    await expect(run({ checkpoint: { save: () => {}, ...interval } as never })).rejects.toThrow(message);
  });
});
