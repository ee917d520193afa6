/** The training loop: it learns, repeats itself bit for bit, tells what it does, stops when told, and refuses what cannot be. */
import { describe, expect, test } from 'vitest';
import { dataset } from '../../src/data/dataset.js';
import { createEngine, createReferenceEngine, type Engine } from '../../src/engine/engine.js';
import { EngineError, NonFiniteError, OptionError, ShapeError } from '../../src/errors.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { type DenseOptions, dense } from '../../src/nn/dense.js';
import type { Layer } from '../../src/nn/layer.js';
import { sgd } from '../../src/nn/optimizers.js';
import { type Sequential, sequential } from '../../src/nn/sequential.js';
import { evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, fit, type StepRecord, type TrainingPlan } from '../../src/train/fit.js';
import type { EpochRecord } from '../../src/train/history.js';
import { BatchSource } from '../../src/train/source.js';
import { clouds, numbered, watched } from './sets.js';

const net = (seed = 1, options: DenseOptions = { activation: 'tanh' }) =>
  sequential(8, [dense(12, options), dense(3)], { seed });
const basic = {
  loss: 'softmaxCrossEntropy',
  optimizer: sgd({ learningRate: 0.5 }),
} as const satisfies FitOptions;
const bits = (model: Sequential) => model.parameters.map(({ values }) => [...new Uint32Array(values.buffer)]);
const finite = (model: Sequential) => model.parameters.every(({ values }) => values.every(Number.isFinite));

const engines = [
  { name: 'wasm strict', engine: await createEngine({ backend: 'wasm', math: 'strict' }) },
  { name: 'wasm fma', engine: await createEngine({ backend: 'wasm', math: 'fma' }) },
  { name: 'reference', engine: createReferenceEngine() },
];
const [{ engine: strict }, , { engine: reference }] = engines;

describe.each(engines)('learning ($name)', ({ engine }) => {
  test.each([
    ['floats', false],
    ['bytes', true],
  ])('separates clouds of %s', async (_, bytes) => {
    const [train, validation] = [1, 2].map((seed) => clouds(300, { bytes, seed }));
    const model = net();
    const history = await fit(engine, model, train, { ...basic, epochs: 8, batchSize: 16, validation });
    expect(history.epochs[0].loss).toBeGreaterThan(3 * history.epochs[7].loss);
    expect(history.epochs[7].accuracy).toBeGreaterThan(0.98);
    expect(history.epochs[7].validation!.accuracy).toBeGreaterThan(0.98);
  });

  test.each(['identity', 'sigmoid', 'tanh', 'relu'] as const)(
    'with %s in the middle, loss falls',
    async (activation) => {
      const history = await fit(engine, net(2, { activation }), clouds(200), {
        ...basic,
        epochs: 6,
        batchSize: 10,
      });
      const losses = history.epochs.map(({ loss }) => loss);
      expect(losses[5]).toBeLessThan(0.3 * losses[0]);
      expect([...losses].sort((a, b) => b - a)).toEqual(losses);
    },
  );

  test('one seed gives one set of weights, another seed another', async () => {
    const train = async (seed: number, order?: number) => {
      const model = net(seed);
      await fit(engine, model, clouds(150), {
        ...basic,
        batchSize: 16,
        epochs: 3,
        ...(order && { seed: order }),
      });
      return bits(model);
    };
    const first = await train(1);
    expect(await train(1)).toEqual(first);
    expect(await train(2)).not.toEqual(first);
    // The order alone matters, and is the model's seed when none is given.
    expect(await train(1, 1)).toEqual(first);
    expect(await train(1, 5)).not.toEqual(first);
  });
});

test.each<[string, DenseOptions]>([
  ['sigmoid', { activation: 'sigmoid' }],
  ['tanh', { activation: 'tanh' }],
  ['relu', { activation: 'relu' }],
])('the reference and Wasm agree over 100 steps, %s', async (_, options) => {
  for (const { engine } of engines.slice(0, 2)) {
    for (const bytes of [false, true]) {
      const runs = await Promise.all(
        [reference, engine].map(async (one) => {
          const model = sequential(40, [dense(24, options), dense(17, options), dense(5)], { seed: 8 });
          const losses: number[] = [];
          await fit(one, model, clouds(640, { width: 40, classes: 5, bytes }), {
            ...basic,
            optimizer: sgd({ learningRate: 0.2 }),
            batchSize: 32,
            epochs: 5,
            onStep: ({ loss }) => losses.push(loss),
          });
          return { losses, weights: model.parameters.flatMap(({ values }) => [...values]) };
        }),
      );
      const [expected, got] = runs;
      expect(got.losses).toHaveLength(100);
      const worstLoss = Math.max(...expected.losses.map((v, i) => Math.abs(got.losses[i] / v - 1)));
      expect(worstLoss).toBeLessThan(1e-4);
      const worstWeight = Math.max(...expected.weights.map((v, i) => Math.abs(got.weights[i] - v)));
      expect(worstWeight).toBeLessThan(1e-4);
      // They are not the same code.
      expect(worstWeight).toBeGreaterThan(0);
    }
  }
});

describe('order and batches', () => {
  const epochsOf = (seen: number[][], steps: number) =>
    Array.from({ length: seen.length / steps }, (_, e) => seen.slice(e * steps, (e + 1) * steps).flat());
  const ascending = (n: number) => Array.from({ length: n }, (_, i) => i);

  test.each([
    [10, 5, 2, [5, 5]],
    [10, 4, 3, [4, 4, 2]],
    [10, 3, 4, [3, 3, 3, 1]],
    [10, 10, 1, [10]],
    [10, 1000, 1, [10]],
    [1, 64, 1, [1]],
    [10, 1, 10, ascending(10).map(() => 1)],
  ])(
    '%i samples by %i are %i steps, the last one with what remains',
    async (size, batchSize, steps, lengths) => {
      const seen: number[][] = [];
      const records: StepRecord[] = [];
      const plans: TrainingPlan[] = [];
      const history = await fit(strict, sequential(3, [watched(3, seen)]), numbered(size), {
        ...basic,
        optimizer: sgd({ learningRate: 1e-4 }),
        batchSize,
        epochs: 3,
        onTrainBegin: (plan) => plans.push(plan),
        onStep: (step) => records.push({ ...step }),
      });
      expect(plans).toEqual([{ epochs: 3, stepsPerEpoch: steps, samples: size }]);
      expect(history.steps).toBe(3 * steps);
      expect(seen.map((batch) => batch.length)).toEqual([...lengths, ...lengths, ...lengths]);
      for (const epoch of epochsOf(seen, steps))
        expect(epoch.toSorted((a, b) => a - b)).toEqual(ascending(size));
      expect(records.map(({ step }) => step)).toEqual(ascending(3 * steps).map((i) => i + 1));
      expect(records.map(({ epoch }) => epoch)).toEqual([1, 2, 3].flatMap((e) => lengths.map(() => e)));
      let samples = 0;
      const running = lengths.map((n) => {
        samples += n;
        return samples;
      });
      expect(records.map((record) => record.samples)).toEqual([...running, ...running, ...running]);
    },
  );

  test('each epoch has an order of its own, that of the seed', async () => {
    const orders = async (options: Partial<FitOptions>) => {
      const seen: number[][] = [];
      const model = sequential(3, [watched(3, seen)], { seed: 4 });
      await fit(strict, model, numbered(50), { ...basic, batchSize: 7, epochs: 3, ...options });
      return epochsOf(seen, 8);
    };
    const shuffled = await orders({});
    expect(new Set(shuffled.map(String)).size).toBe(3);
    expect(shuffled.map(String)).not.toContain(String(ascending(50)));
    expect(await orders({ seed: 4 })).toEqual(shuffled);
    expect(await orders({ seed: 5 })).not.toEqual(shuffled);
    expect(await orders({ shuffle: false })).toEqual([ascending(50), ascending(50), ascending(50)]);
  });

  test('a first layer that knows nothing of compressed rows sees its inputs', async () => {
    const plain = dense(3);
    const unaware: Layer = {
      ...plain,
      takesSparse: false,
      compile: ({ sparse: _, ...context }) => plain.compile(context),
    };
    // One byte in eight is not zero.
    const inputs = Uint8Array.from({ length: 8 * 30 }, (_, i) => (i % 9 === 0 ? 200 : 0));
    const set = dataset({ name: 'sparse', inputs, labels: Int32Array.from({ length: 30 }, (_, i) => i % 3) });
    for (const { engine } of engines.slice(0, 2)) {
      const [one, two] = [plain, unaware].map((layer) => sequential(8, [layer], { seed: 1 }));
      for (const model of [one, two]) await fit(engine, model, set, { ...basic, batchSize: 10, epochs: 2 });
      expect(bits(two)).toEqual(bits(one));
      const [a, b] = [await evaluate(engine, one, set), await evaluate(engine, two, set)];
      expect(b).toEqual(a);
    }
  });

  test('labels go with their rows', () => {
    const source = new BatchSource(strict, numbered(20));
    const compiled = new CompiledModel(strict, sequential(3, [dense(3)]), { maxRows: 7 });
    const plan = compiled.plan(7);
    for (const epoch of [0, 1]) {
      source.shuffle(3, epoch);
      for (const start of [0, 6, 13]) {
        source.load(plan, start);
        const ids = Array.from({ length: 7 }, (_, row) => plan.inputs.at(3 * row));
        expect([...plan.inputs.read()]).toEqual(ids.flatMap((i) => [i, Math.fround(i ** 2 / 20), 1]));
        expect([...plan.labels.read()]).toEqual(ids.map((i) => i % 3));
      }
    }
    expect(() => source.load(plan, 14)).toThrow(ShapeError);
    source.sequential();
    source.load(plan, 13);
    expect(plan.inputs.at(0)).toBe(13);
    source.dispose();
    compiled.dispose();
  });

  test('the last, partial batch is trained', async () => {
    // With it left out, row 9 would not matter.
    const train = async (last: number) => {
      const inputs = Float32Array.from({ length: 80 }, (_, i) => (i < 72 ? (i % 8) / 8 : last));
      const model = net();
      const set = dataset({ name: 'ten', inputs, labels: [0, 1, 2, 0, 1, 2, 0, 1, 2, 0] });
      await fit(strict, model, set, { ...basic, batchSize: 4, epochs: 1, shuffle: false });
      return bits(model);
    };
    expect(await train(1)).not.toEqual(await train(2));
  });
});

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
    const before = await evaluate(engine, model, train);
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
  test.each<[what: string, change: object, type: typeof OptionError | typeof ShapeError, message: string]>([
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
      'option loss: expected one of "softmaxCrossEntropy", given "mse"',
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
    await expect(evaluate(engine, net(), train)).rejects.toThrow(EngineError);
  });

  test('an engine disposed of meanwhile', async () => {
    const engine = await createEngine({ backend: 'wasm' });
    const run = fit(engine, net(), train, { ...basic, onEpoch: () => engine.dispose() });
    await expect(run).rejects.toThrow(EngineError);
  });
});
