/**
 * How the training loop ends early: aborts, callbacks that throw, losses that are not finite; and what it
 * refuses.
 */
import { describe, expect, test } from 'vitest';
import { EngineError, NonFiniteError, OptionError, ShapeError } from '../../src/base/errors.js';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import type { Engine } from '../../src/engine/engine.js';
import { dense } from '../../src/nn/dense.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, fit, type StepRecord } from '../../src/train/fit.js';
import { basic, bits, engines, finite, net, strict } from './fit-setting.js';
import { clouds } from './sets.js';

describe('an abort', () => {
  const setup = () => ({ controller: new AbortController(), model: net(), train: clouds(40) });

  test('before the start trains nothing', async () => {
    const { controller, model, train } = setup();
    const before = bits(model);
    controller.abort();
    const ends: string[] = [];
    const history = await fit(strict, model, train, {
      ...basic,
      signal: controller.signal,
      onTrainEnd: ({ outcome }) => void ends.push(outcome),
    });
    expect(history).toMatchObject({ epochs: [], steps: 0, outcome: 'aborted' });
    expect(ends).toEqual(['aborted']);
    expect(bits(model)).toEqual(before);
  });

  test('within an epoch keeps the steps so far, of which the model has the weights', async () => {
    const { controller, model, train } = setup();
    const history = await fit(strict, model, train, {
      ...basic,
      batchSize: 10,
      epochs: 3,
      signal: controller.signal,
      onStep: ({ step }) => step === 6 && controller.abort(),
    });
    expect(history).toMatchObject({ steps: 6, outcome: 'aborted' });
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual([1]);
    // The same six steps, of which one epoch is whole: the next epoch's first two are the difference.
    const four = net();
    await fit(strict, four, train, { ...basic, batchSize: 10, epochs: 1 });
    expect(bits(model)).not.toEqual(bits(four));
    const again = new AbortController();
    const other = net();
    await fit(strict, other, train, {
      ...basic,
      batchSize: 10,
      epochs: 2,
      signal: again.signal,
      onStep: ({ step }) => step === 6 && again.abort(),
    });
    expect(bits(model)).toEqual(bits(other));
  });

  test('in onEpoch ends before the next', async () => {
    const { controller, model, train } = setup();
    const history = await fit(strict, model, train, {
      ...basic,
      batchSize: 10,
      epochs: 3,
      signal: controller.signal,
      onEpoch: ({ epoch }) => epoch === 2 && controller.abort(),
    } as FitOptions);
    expect(history).toMatchObject({ steps: 8, outcome: 'aborted' });
    expect(history.epochs).toHaveLength(2);
    const two = net();
    await fit(strict, two, train, { ...basic, batchSize: 10, epochs: 2 });
    expect(bits(model)).toEqual(bits(two));
  });

  test('after the last step is no abort', async () => {
    const { controller, model, train } = setup();
    const { outcome } = await fit(strict, model, train, {
      ...basic,
      epochs: 1,
      signal: controller.signal,
      onEpoch: () => controller.abort(),
    });
    expect(outcome).toBe('completed');
  });

  test('that comes by the event loop arrives, however short the epochs are', async () => {
    const { controller, model, train } = setup();
    setImmediate(() => controller.abort());
    // Epochs of one step, a millisecond each: the loop must let the event loop turn across them.
    const busy = () => {
      const began = performance.now();
      while (performance.now() - began < 1);
    };
    const options = { ...basic, epochs: 300, signal: controller.signal, onStep: busy };
    expect((await fit(strict, model, train, options)).outcome).toBe('aborted');
  });
});

describe('a callback that throws', () => {
  test.each(['onTrainBegin', 'onStep', 'onEpoch', 'onTrainEnd'] as const)(
    '%s: its error comes out, memory is freed',
    async (key) => {
      for (const { engine } of engines) {
        const { top } = engine.heap;
        const error = new Error('mine');
        const run = fit(engine, net(), clouds(20), {
          ...basic,
          epochs: 1,
          validation: clouds(5),
          [key]: () => {
            throw error;
          },
        });
        await expect(run).rejects.toBe(error);
        expect(engine.heap.top).toBe(top);
      }
    },
  );

  test('a promise that is rejected does the same', async () => {
    const { top } = strict.heap;
    const run = fit(strict, net(), clouds(20), {
      ...basic,
      onEpoch: () => Promise.reject(new Error('later')),
    });
    await expect(run).rejects.toThrow('later');
    expect(strict.heap.top).toBe(top);
  });
});

describe.each(engines)('a loss that is not finite ($name)', ({ engine }) => {
  const deep = () => sequential(8, [dense(12, { activation: 'relu' }), dense(9), dense(3)], { seed: 1 });
  const wild = { ...basic, optimizer: sgd({ learningRate: 1e30 }), batchSize: 10 };

  test('stops training, and says where and why; the weights are those of before', async () => {
    const { top } = engine.heap;
    const [model, records] = [deep(), [] as StepRecord[]];
    const error = await fit(engine, model, clouds(40), {
      ...wild,
      onStep: (step) => records.push({ ...step }),
    }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NonFiniteError);
    const { step, epoch, message, where } = error as NonFiniteError;
    expect([where, step, epoch]).toEqual(['fit', records.length, 1]);
    expect(step).toBeGreaterThan(0);
    expect(records.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    expect(message).toMatch(
      new RegExp(
        `^fit: the loss of step ${step + 1} \\(epoch 1\\) is (NaN|Infinity); learning rate 1e\\+30 may be too high`,
      ),
    );
    expect(finite(model)).toBe(true);
    expect(engine.heap.top).toBe(top);
  });

  test('at the first step leaves the model as it was', async () => {
    const model = deep();
    model.parameters[0].values[0] = Infinity;
    const before = bits(model);
    const run = fit(engine, model, clouds(40), basic);
    await expect(run).rejects.toMatchObject({ name: 'NonFiniteError', step: 0, epoch: 1 });
    expect(bits(model)).toEqual(before);
  });
});

describe('what is refused', () => {
  const train = clouds(20);
  test.each<
    [what: string, change: object, type: typeof OptionError | typeof ShapeError, message: string | RegExp]
  >([
    [
      'no loss',
      { loss: undefined },
      OptionError,
      'fit: option loss is required: one of "softmaxCrossEntropy"',
    ],
    [
      'another loss',
      { loss: 'mse' },
      OptionError,
      /option loss: expected one of "softmaxCrossEntropy", .* given "mse"/,
    ],
    [
      'no optimizer',
      { optimizer: undefined },
      OptionError,
      'option optimizer is required: an optimizer such as sgd(',
    ],
    [
      'an optimizer by name',
      { optimizer: 'sgd' },
      OptionError,
      'option optimizer: expected an optimizer such as sgd({ learningRate: 0.1 }), given "sgd"',
    ],
    ['the function sgd', { optimizer: sgd }, OptionError, 'option optimizer: expected an optimizer'],
    [
      'batches of 0',
      { batchSize: 0 },
      OptionError,
      'option batchSize: expected a whole number, at least 1, given 0',
    ],
    ['half batches', { batchSize: 1.5 }, OptionError, 'given 1.5'],
    [
      'NaN epochs',
      { epochs: Number.NaN },
      OptionError,
      'option epochs: expected a whole number, at least 0, given NaN',
    ],
    ['negative epochs', { epochs: -1 }, OptionError, 'given -1'],
    ['endless epochs', { epochs: Infinity }, OptionError, 'given Infinity'],
    ['a seed of -1', { seed: -1 }, OptionError, 'option seed: expected a whole number, at least 0, given -1'],
    ['shuffle 1', { shuffle: 1 }, OptionError, 'option shuffle: expected true or false, given 1'],
    [
      'a string as signal',
      { signal: 'stop' },
      OptionError,
      'option signal: expected an AbortSignal, given "stop"',
    ],
    ['a callback by name', { onStep: 'log' }, OptionError, 'option onStep: expected a function, given "log"'],
    ['an unknown key', { batchsize: 5 }, OptionError, 'unknown option "batchsize"'],
    [
      'validation true',
      { validation: true },
      OptionError,
      'option validation: expected a data set, given true',
    ],
    [
      'validation {}',
      { validation: {} },
      OptionError,
      'fit: validation: expected a data set, given an object',
    ],
    [
      'validation too wide',
      { validation: clouds(5, { width: 9, name: 'wide' }) },
      ShapeError,
      'fit: validation: "wide" has 9 numbers a sample, but the model takes 8',
    ],
    [
      'validation of more classes',
      { validation: clouds(5, { classes: 4 }) },
      ShapeError,
      'fit: validation: "clouds" has 4 classes, but the model has 3 outputs',
    ],
  ])('%s', async (_, change, type, message) => {
    const { top } = strict.heap;
    const model = net();
    const before = bits(model);
    const run = fit(strict, model, train, { ...basic, ...change } as FitOptions);
    await expect(run).rejects.toThrow(type);
    await expect(run).rejects.toThrow(message);
    expect(strict.heap.top).toBe(top);
    expect(bits(model)).toEqual(before);
  });

  test.each([
    [
      'set too narrow',
      clouds(5, { width: 7 }),
      ShapeError,
      'fit: train: "clouds" has 7 numbers a sample, but the model takes 8',
    ],
    [
      'set of more classes',
      clouds(5, { classes: 5 }),
      ShapeError,
      'fit: train: "clouds" has 5 classes, but the model has 3 outputs',
    ],
    ['no set', undefined, OptionError, 'fit: train: expected a data set, given undefined'],
    ['an array', [1, 2], OptionError, 'fit: train: expected a data set, given [1, 2]'],
  ])('%s', async (_, set, type, message) => {
    const run = fit(strict, net(), set as never, basic);
    await expect(run).rejects.toThrow(type);
    await expect(run).rejects.toThrow(message);
  });

  test('fewer classes than outputs are fine', async () => {
    const { outcome } = await fit(strict, net(), clouds(20, { classes: 2 }), { ...basic, epochs: 1 });
    expect(outcome).toBe('completed');
  });

  test.each<[string, () => Promise<Engine> | Engine]>([
    ['wasm', () => createEngine({ backend: 'wasm' })],
    ['reference', () => createReferenceEngine()],
  ])('an engine that has been disposed of (%s)', async (_, create) => {
    const engine = await create();
    engine.dispose();
    await expect(fit(engine, net(), train, basic)).rejects.toThrow(EngineError);
    await expect(evaluate(engine, net(), train, { loss: basic.loss })).rejects.toThrow(EngineError);
  });

  test('an engine disposed of meanwhile', async () => {
    const engine = await createEngine({ backend: 'wasm' });
    const run = fit(engine, net(), train, { ...basic, onEpoch: () => engine.dispose() });
    await expect(run).rejects.toThrow(EngineError);
  });
});
