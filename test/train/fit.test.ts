/** The training loop: it learns, repeats itself bit for bit, and visits every sample once. */
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/base/errors.js';
import { dataset } from '../../src/data/dataset.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { type DenseOptions, dense } from '../../src/nn/dense.js';
import { layer } from '../../src/nn/layer.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, fit, type StepRecord, type TrainingPlan } from '../../src/train/fit.js';
import { BatchSource } from '../../src/train/source.js';
import { copied } from '../nn/operations.js';
import { basic, bits, engines, net, reference, strict } from './fit-setting.js';
import { clouds, numbered, watched } from './sets.js';

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
    const unaware = layer('unaware', (x) => plain(copied(x)));
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
