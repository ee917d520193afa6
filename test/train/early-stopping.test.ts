/** Early stopping: when it ends training, what it watches, and whose weights are left. */
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/base/errors.js';
import { sgd } from '../../src/nn/optimizers.js';
import { EarlyStopping } from '../../src/train/early-stopping.js';
import { evaluate } from '../../src/train/evaluate.js';
import { fit } from '../../src/train/fit.js';
import type { EpochRecord } from '../../src/train/history.js';
import { f1 } from '../../src/train/metrics/confusion.js';
import { bestEpochs, isBetter, resolveMonitor } from '../../src/train/monitor.js';
import { basic, bits, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const measured = { validated: true, classifies: true, metrics: [f1()] };
const record = (epoch: number, loss: number, validationLoss = loss, accuracy = 0): EpochRecord => ({
  epoch,
  step: 10 * epoch,
  learningRate: 0.1,
  loss,
  accuracy,
  validation: { loss: validationLoss, accuracy, metrics: { f1: accuracy } },
  seconds: 1,
  samplesPerSecond: 1,
});
/** The epoch after which it stops; undefined when it never does. */
function stopsAfter(options: object, losses: readonly number[]): number | undefined {
  const stopping = new EarlyStopping('test', options, measured);
  for (const [i, loss] of losses.entries()) {
    stopping.observe(record(i + 1, 0, loss));
    if (stopping.stopped) return i + 1;
  }
  return undefined;
}

describe('patience', () => {
  test.each([
    [{ patience: 2 }, [3, 2, 2, 2, 1], 4],
    [{ patience: 2 }, [3, 2, 2.5, 1.9, 2, 2], 6],
    [{ patience: 1 }, [1, 1], 2],
    [{ patience: 0 }, [3, 2, 1, 1], 4],
    [{ patience: 3 }, [3, 2, 1], undefined],
    [{}, [1, 1, 1, 1, 1, 1], 6],
    // Not more than minDelta is no improvement, even when small ones add up: each is compared with the best.
    [{ patience: 2, minDelta: 0.5 }, [3, 2.6, 2.5], 3],
    [{ patience: 2, minDelta: 0.5 }, [3, 2.6, 2.4, 2.3], undefined],
    [{ patience: 2, mode: 'max' }, [1, 2, 3, 3, 3], 5],
    [{ patience: 2 }, [Number.NaN, Number.NaN], 2],
    [{ patience: 2 }, [Number.NaN, 1, Number.NaN, 1], 4],
  ])('%j stops %j after epoch %s', (options, losses, epoch) => {
    expect(stopsAfter(options, losses)).toBe(epoch);
  });
});

describe('what is monitored', () => {
  test('is validation loss, or training loss where nothing is validated', () => {
    const { name, mode, read } = resolveMonitor('test', undefined, measured);
    expect([name, mode, read(record(1, 5, 7))]).toEqual(['validation.loss', 'min', 7]);
    const own = resolveMonitor('test', undefined, { ...measured, validated: false });
    expect([own.name, own.read(record(1, 5, 7))]).toEqual(['loss', 5]);
  });

  test.each([
    ['validation.accuracy', 'max', 0.5],
    ['validation.f1', 'max', 0.5],
    ['accuracy', 'max', 0.5],
    ['loss', 'min', 5],
  ])('may be %s, whose best is its %s', (name, mode, value) => {
    const monitor = resolveMonitor('test', name, measured);
    expect([monitor.mode, monitor.read(record(1, 5, 7, 0.5))]).toEqual([mode, value]);
  });

  test.each([
    ['val_loss', measured, /expected one of validation\.loss, .* given "val_loss"/],
    ['validation.f2', measured, /did you mean "validation\.f1"/],
    ['validation.loss', { ...measured, validated: false }, /given no validation set/],
    ['accuracy', { ...measured, classifies: false }, /expected one of validation\.loss/],
  ])('is not %s', (name, set, message) => {
    expect(() => resolveMonitor('test', name, set)).toThrow(OptionError);
    expect(() => resolveMonitor('test', name, set)).toThrow(message);
  });

  test('orders epochs, the earlier of equal ones first', () => {
    const records = [3, 1, Number.NaN, 1, 2].map((loss, i) => record(i + 1, loss));
    const loss = resolveMonitor('test', 'loss', measured);
    expect(bestEpochs(loss, records, 3).map(({ epoch }) => epoch)).toEqual([2, 4, 5]);
    expect(bestEpochs({ ...loss, mode: 'max' }, records, 9).map(({ epoch }) => epoch)).toEqual([1, 5, 2, 4]);
    expect(isBetter(loss, 1, Number.NaN)).toBe(true);
    expect(isBetter(loss, Number.NaN, 1)).toBe(false);
  });
});

describe('in fit', () => {
  // Labels that inputs say nothing of: validation grows worse as soon as training learns them by heart.
  const noise = clouds(60, { seed: 11 });
  const train = { ...noise, labels: noise.labels.map((label, i) => (i % 2 ? label : (label + 1) % 3)) };
  const validation = clouds(60, { seed: 12 });
  const options = { ...basic, optimizer: sgd({ learningRate: 2 }), batchSize: 8, epochs: 60, validation };

  test('training ends, and the model has the weights of the best epoch', async () => {
    const model = net();
    const seen: (readonly number[])[][] = [];
    const history = await fit(strict, model, train, {
      ...options,
      earlyStopping: { patience: 4 },
      onEpoch: () => void seen.push(bits(model)),
    });
    expect(history.outcome).toBe('stoppedEarly');
    const losses = history.epochs.map((epoch) => epoch.validation!.loss);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    expect(history.best).toEqual({
      epoch: best,
      monitor: 'validation.loss',
      value: losses[best - 1],
      restored: true,
    });
    expect(history.epochs).toHaveLength(best + 4);
    expect(bits(model)).toEqual(seen[best - 1]);
    expect(bits(model)).not.toEqual(seen[seen.length - 1]);
    expect((await evaluate(strict, model, validation)).loss).toBeCloseTo(losses[best - 1], 6);
  });

  test('without restoring it has those of the last', async () => {
    const model = net();
    let last: unknown;
    const { best } = await fit(strict, model, train, {
      ...options,
      earlyStopping: { patience: 4, restoreBestWeights: false },
      onEpoch: () => {
        last = bits(model);
      },
    });
    expect(best?.restored).toBe(false);
    expect(bits(model)).toEqual(last);
  });

  test('weights are restored also when all epochs were run, and not after an abort', async () => {
    const model = net();
    const seen: unknown[] = [];
    const { best, outcome } = await fit(strict, model, train, {
      ...options,
      epochs: 8,
      earlyStopping: true,
      metrics: ['f1'],
      onEpochEnd: ({ validation: score }) => {
        seen.push(bits(model));
        expect(Object.keys(score?.metrics ?? {})).toEqual(['f1']);
      },
    });
    expect(outcome === 'completed' || outcome === 'stoppedEarly').toBe(true);
    expect(bits(model)).toEqual(seen[best!.epoch - 1]);

    const stop = new AbortController();
    const aborted = net();
    let last: unknown;
    await fit(strict, aborted, train, {
      ...options,
      earlyStopping: { patience: 50 },
      signal: stop.signal,
      onEpoch: ({ epoch }) => {
        last = bits(aborted);
        if (epoch === 20) stop.abort();
      },
    });
    expect(bits(aborted)).toEqual(last);
  });

  test.each([
    [{ patience: -1 }, /patience: expected a whole number, at least 0/],
    [{ patients: 3 }, /unknown option "patients".*did you mean "patience"/],
    [{ monitor: 'validation.f1' }, /monitor: expected one of/],
    [7, /earlyStopping: expected true, or an object/],
  ])('%j is refused', async (earlyStopping, message) => {
    // @ts-expect-error
    await expect(fit(strict, net(), train, { ...options, earlyStopping })).rejects.toThrow(message);
  });
});
