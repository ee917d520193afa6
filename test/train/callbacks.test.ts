/** The hooks of fit: at which points they are called, in which order, with what, and what is waited for. */
import { describe, expect, test } from 'vitest';
import { NonFiniteError, OptionError } from '../../src/base/errors.js';
import { sgd } from '../../src/nn/optimizers.js';
import { cosineDecay } from '../../src/nn/schedules.js';
import type { Callbacks } from '../../src/train/callbacks.js';
import { fit } from '../../src/train/fit.js';
import { basic, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

const train = clouds(20);
const options = { ...basic, batchSize: 8, epochs: 2, validation: clouds(9, { seed: 2 }) };

test('are called at begin and end of training, epochs and batches', async () => {
  const calls: unknown[] = [];
  await fit(strict, net(), train, {
    ...options,
    onTrainBegin: ({ epochs, stepsPerEpoch }) => calls.push(['train', epochs, stepsPerEpoch]),
    onEpochBegin: ({ epoch, learningRate }) => void calls.push(['epoch', epoch, learningRate]),
    onBatchBegin: ({ step, epoch, rows }) => calls.push(['batch', step, epoch, rows]),
    onBatchEnd: ({ step, samples }) => calls.push(['batch end', step, samples]),
    onEpochEnd: ({ epoch, validation }) => void calls.push(['epoch end', epoch, validation !== undefined]),
    onTrainEnd: ({ outcome }) => void calls.push(['train end', outcome]),
  });
  expect(calls).toEqual([
    ['train', 2, 3],
    ...[1, 2].flatMap((epoch) => [
      ['epoch', epoch, 0.5],
      ...[8, 8, 4].flatMap((rows, i) => [
        ['batch', 3 * (epoch - 1) + i + 1, epoch, rows],
        ['batch end', 3 * (epoch - 1) + i + 1, [8, 16, 20][i]],
      ]),
      ['epoch end', epoch, true],
    ]),
    ['train end', 'completed'],
  ]);
});

test('come in order: those among the options first, then the list', async () => {
  const calls: string[] = [];
  const named = (name: string): Callbacks => ({
    onTrainBegin: () => void calls.push(`${name} train`),
    onStep: ({ step }) => void calls.push(`${name} step ${step}`),
    onEpoch: () => void calls.push(`${name} epoch`),
    onTrainEnd: () => void calls.push(`${name} end`),
  });
  await fit(strict, net(), train, {
    ...options,
    batchSize: 20,
    epochs: 1,
    ...named('own'),
    callbacks: [named('a'), named('b')],
  });
  const expected = ['train', 'step 1', 'epoch', 'end'].flatMap((at) =>
    ['own', 'a', 'b'].map((name) => `${name} ${at}`),
  );
  expect(calls).toEqual(expected);
});

test('an object keeps its own state', async () => {
  class Count implements Callbacks {
    steps = 0;
    onStep() {
      this.steps++;
    }
  }
  const count = new Count();
  await fit(strict, net(), train, { ...options, callbacks: [count] });
  expect(count.steps).toBe(6);
});

test('those of epochs and of the end are waited for', async () => {
  let busy = 0;
  const calls: number[] = [];
  const wait = async () => {
    busy++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    busy--;
  };
  await fit(strict, net(), train, {
    ...options,
    onEpochBegin: wait,
    onEpoch: wait,
    onEpochEnd: wait,
    onTrainEnd: wait,
    onBatchBegin: () => calls.push(busy),
    callbacks: [{ onEpochBegin: wait }],
  });
  expect(busy).toBe(0);
  expect(calls).toEqual([0, 0, 0, 0, 0, 0]);
});

test('see the rate of each step, and with accumulated gradients one step for several batches', async () => {
  const rates: number[] = [];
  const batches: number[][] = [];
  const steps: number[][] = [];
  const schedule = cosineDecay({ learningRate: 0.4 });
  await fit(strict, net(), train, {
    ...options,
    optimizer: sgd({ learningRate: schedule }),
    batchSize: 4,
    accumulateBatches: 2,
    onBatchBegin: ({ step, rows }) => batches.push([step, rows]),
    onStep: ({ step, samples, learningRate }) => {
      steps.push([step, samples]);
      rates.push(learningRate);
    },
  });
  expect(batches.slice(0, 5)).toEqual([
    [1, 4],
    [1, 4],
    [2, 4],
    [2, 4],
    [3, 4],
  ]);
  expect(steps).toEqual([
    [1, 8],
    [2, 16],
    [3, 20],
    [4, 8],
    [5, 16],
    [6, 20],
  ]);
  expect(rates).toEqual([1, 2, 3, 4, 5, 6].map((step) => schedule.rate(step, 6)));
});

describe('what is no hook', () => {
  test.each([
    [{ onEpochEnd: 'print' }, /onEpochEnd: expected a function/],
    [{ callbacks: { onEpoch: () => {} } }, /callbacks: expected a list/],
    [{ callbacks: [{}, 7] }, /callbacks\[1\]: expected an object with hooks such as onEpoch, given 7/],
    [{ callbacks: [{ onStep: 1 }] }, /callbacks\[0\]: onStep: expected a function, given 1/],
    [{ onBatch: () => {} }, /unknown option "onBatch"/],
  ])('%j is refused', async (change, message) => {
    const attempt = fit(strict, net(), train, { ...options, ...change } as never);
    await expect(attempt).rejects.toThrow(OptionError);
    await expect(attempt).rejects.toThrow(message);
  });
});

describe('hooks that return promises', () => {
  const names = [
    'onTrainBegin',
    'onEpochBegin',
    'onBatchBegin',
    'onStep',
    'onBatchEnd',
    'onEpoch',
    'onEpochEnd',
    'onTrainEnd',
  ] as const;
  const later = () => new Promise((resolve) => setTimeout(resolve, 1));

  test.each(names)('%s: its rejection is what fit throws', async (name) => {
    const error = new Error('the disk is full');
    const hook = async () => {
      await later();
      throw error;
    };
    await expect(fit(strict, net(), train, { ...options, [name]: hook })).rejects.toBe(error);
    await expect(fit(strict, net(), train, { ...options, callbacks: [{ [name]: hook }] })).rejects.toBe(
      error,
    );
  });

  test.each(names)('%s: is waited for', async (name) => {
    let [open, most, calls] = [0, 0, 0];
    const hook = async () => {
      most = Math.max(most, ++open);
      await later();
      open--;
      calls++;
    };
    await fit(strict, net(), train, { ...options, [name]: hook });
    expect({ open, most }).toEqual({ open: 0, most: 1 });
    expect(calls).toBe(name.startsWith('onTrain') ? 1 : name.includes('Epoch') ? 2 : 6);
  });

  test('a step that fails while one is rejected is the error', async () => {
    const bad = net();
    for (const { values } of bad.parameters) values.fill(3e38);
    const onBatchBegin = async () => {
      throw new Error('too late');
    };
    await expect(fit(strict, bad, train, { ...options, onBatchBegin })).rejects.toThrow(NonFiniteError);
    await later();
  });
});
