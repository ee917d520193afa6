/**
 * What the training loop tells: callbacks, history, validation, and what it does when there is nothing to do.
 */
import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, fit, type StepRecord } from '../../src/train/fit.js';
import type { EpochRecord } from '../../src/train/history.js';
import { basic, bits, engines, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

describe.each(engines)('what it tells ($name)', ({ engine }) => {
  test('callbacks come in order, and promises are waited for', async () => {
    const events: string[] = [];
    const later = (event: string) =>
      new Promise<void>((resolve) =>
        setTimeout(() => {
          events.push(event);
          resolve();
        }, 5),
      );
    const steps: StepRecord[] = [];
    await fit(engine, net(), clouds(10), {
      ...basic,
      batchSize: 5,
      epochs: 2,
      validation: clouds(4),
      onTrainBegin: () => events.push('begin'),
      onStep(step) {
        events.push(`step ${step.step}`);
        steps.push(step);
      },
      onEpoch: ({ epoch }) => later(`epoch ${epoch}`),
      onTrainEnd: () => later('end'),
    });
    expect(events).toEqual(['begin', 'step 1', 'step 2', 'epoch 1', 'step 3', 'step 4', 'epoch 2', 'end']);
    // One object for all steps: a step allocates nothing.
    expect(new Set(steps).size).toBe(1);
  });

  test('an epoch is the sum of its steps, and the history that of its epochs', async () => {
    const records: StepRecord[] = [];
    const told: EpochRecord[] = [];
    let ended: unknown;
    const history = await fit(engine, net(), clouds(23), {
      ...basic,
      batchSize: 5,
      epochs: 3,
      onStep: (step) => records.push({ ...step }),
      onEpoch: (epoch) => void told.push(epoch),
      onTrainEnd: (end) => {
        ended = end;
      },
    });
    expect(ended).toBe(history);
    expect(history.epochs).toEqual(told);
    expect(history).toMatchObject({ steps: 15, outcome: 'completed' });
    const rows = [5, 5, 5, 5, 3];
    for (const [
      i,
      { epoch, step, loss, accuracy, learningRate, seconds, samplesPerSecond, ...rest },
    ] of told.entries()) {
      const mine = records.slice(5 * i, 5 * i + 5);
      expect([epoch, step, learningRate]).toEqual([i + 1, 5 * i + 5, 0.5]);
      expect(loss).toBeCloseTo(mine.reduce((sum, r, j) => sum + r.loss * rows[j], 0) / 23, 12);
      expect(accuracy).toBeCloseTo(mine.reduce((sum, r, j) => sum + r.accuracy * rows[j], 0) / 23, 12);
      expect(samplesPerSecond).toBeCloseTo(23 / seconds, 6);
      expect(rest).toEqual({});
    }
    expect(history.seconds).toBeCloseTo(
      told.reduce((sum, { seconds }) => sum + seconds, 0),
      12,
    );
  });

  test('a step tells the loss before its update', async () => {
    const model = net();
    const train = clouds(20);
    const before = await evaluate(engine, model, train, { loss: basic.loss });
    const losses: number[] = [];
    await fit(engine, model, train, {
      ...basic,
      batchSize: 20,
      epochs: 2,
      shuffle: false,
      onStep: ({ loss }) => losses.push(loss),
    });
    expect(losses[0]).toBeCloseTo(before.loss, 12);
    expect(losses[1]).toBeLessThan(losses[0]);
  });

  test('validation is what evaluate says of the model at that moment', async () => {
    const validation = clouds(777, { seed: 5 });
    const model = net();
    let compared = 0;
    await fit(engine, model, clouds(60), {
      ...basic,
      batchSize: 16,
      epochs: 2,
      validation,
      async onEpoch(epoch) {
        const { loss, accuracy } = await evaluate(engine, model, validation);
        expect(epoch.validation).toEqual({ loss, accuracy });
        compared++;
      },
    });
    expect(compared).toBe(2);
  });

  test('with validation or without, the weights are the same', async () => {
    const run = async (options: Partial<FitOptions>) => {
      const model = net();
      await fit(engine, model, clouds(60), { ...basic, epochs: 2, ...options });
      return bits(model);
    };
    expect(await run({ validation: clouds(300, { seed: 9 }) })).toEqual(await run({}));
  });
});

describe('nothing to do', () => {
  test('0 epochs train nothing', async () => {
    const model = net();
    const before = bits(model);
    const called: string[] = [];
    const history = await fit(strict, model, clouds(10), {
      ...basic,
      epochs: 0,
      onTrainBegin: ({ epochs }) => called.push(`begin ${epochs}`),
      onStep: () => called.push('step'),
      onEpoch: () => void called.push('epoch'),
      onTrainEnd: () => void called.push('end'),
    });
    expect(history).toEqual({ epochs: [], steps: 0, seconds: 0, outcome: 'completed' });
    expect(called).toEqual(['begin 0', 'end']);
    expect(bits(model)).toEqual(before);
  });

  test('defaults are 5 epochs of 64', async () => {
    const history = await fit(strict, net(), clouds(130), basic);
    expect([history.epochs.length, history.steps]).toEqual([5, 15]);
  });
});
