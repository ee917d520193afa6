/**
 * fit and evaluate of models with several inputs and outputs: two models in one train as each does alone, and
 * what does not fit is refused.
 */
import { describe, expect, test } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/base/errors.js';
import { type Dataset, dataset } from '../../src/data/dataset.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import { softmaxCrossEntropy } from '../../src/nn/losses.js';
import { type Network, setParameters } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import type { CheckpointFile } from '../../src/train/checkpointing.js';
import { balancedClassWeights } from '../../src/train/class-weights.js';
import { evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import type { History } from '../../src/train/history.js';
import { findLearningRate } from '../../src/train/learning-rate-finder.js';
import { engines, strict } from './fit-setting.js';
import { both, partsOf, severalSet, twoByTwo } from './several.js';

const bits = (model: Network) => model.parameters.map(({ values }) => [...new Uint32Array(values.buffer)]);

/** The values of parameters under other names, as `setParameters` takes them. */
function renamed(model: Network, names: Readonly<Record<string, string>>) {
  return new Map(
    model.parameters
      .filter(({ name }) => names[name] !== undefined)
      .map(({ name, shape, values }) => [names[name], { shape, values: Float32Array.from(values) }]),
  );
}

describe.each(engines)('two models in one ($name)', ({ engine }) => {
  /** Digits of the image and prices of the numbers, which have nothing to do with each other. */
  const made = () => {
    const [image, numbers] = [input([6]), input([2])];
    return network({ image, numbers }, { digit: dense(3)(image), price: dense(1)(numbers) }, { seed: 3 });
  };
  const alone = (model: Network) => {
    const [image, numbers] = [input([6]), input([2])];
    const digit = network(image, dense(3)(image));
    setParameters(digit, renamed(model, { 'dense.weight': 'dense.weight', 'dense.bias': 'dense.bias' }));
    const price = network(numbers, dense(1)(numbers));
    setParameters(price, renamed(model, { 'dense_1.weight': 'dense.weight', 'dense_1.bias': 'dense.bias' }));
    return { digit, price };
  };
  const { image, numbers, digits, prices } = partsOf(50);
  const weights = Array.from({ length: 50 }, (_, i) => (i % 5) / 2);
  const sets = (more: object) => ({
    all: severalSet(50, 1, more),
    digit: dataset({ inputs: image, labels: digits, classes: 3, ...more }),
    price: dataset({ inputs: numbers, targets: prices, ...more }),
  });

  test.each([
    [{}, {}],
    [{ weights }, { accumulateBatches: 3 }],
    [{ weights }, { clipValue: 0.01 }],
  ])('train and score as each alone, bit for bit: %j %j', async (more, options) => {
    const set = sets(more);
    const model = made();
    const { digit, price } = alone(model);
    const common = { batchSize: 8, epochs: 3, seed: 5, optimizer: sgd({ learningRate: 0.1 }), ...options };
    const history = await fit(engine, model, set.all, {
      ...common,
      loss: { price: 'meanSquaredError', digit: 'softmaxCrossEntropy' },
      validation: set.all,
      metrics: { digit: ['f1'], price: ['r2'] },
    });
    const histories = {
      digit: await fit(engine, digit, set.digit, {
        ...{ ...common, loss: 'softmaxCrossEntropy', validation: set.digit, metrics: ['f1'] },
      }),
      price: await fit(engine, price, set.price, {
        ...{ ...common, loss: 'meanSquaredError', validation: set.price, metrics: ['r2'] },
      }),
    };
    const [w, b, w1, b1] = bits(model);
    expect([w, b]).toEqual(bits(digit));
    expect([w1, b1]).toEqual(bits(price));
    for (const [i, epoch] of history.epochs.entries()) {
      for (const name of ['digit', 'price'] as const) {
        const { loss, accuracy, validation } = histories[name].epochs[i];
        expect(epoch.outputs![name]).toEqual({ loss, accuracy });
        expect(epoch.validation!.outputs![name]).toEqual(validation);
      }
      const { digit: one, price: other } = epoch.outputs!;
      expect(epoch.loss).toBe(one.loss + other.loss);
      expect(epoch.accuracy).toBeNaN();
      expect(one.accuracy).toBeGreaterThan(0);
    }
    const evaluation = await evaluate(engine, model, set.all, { batchSize: 7, metrics: { digit: ['f1'] } });
    expect(evaluation.outputs!.digit).toEqual(
      await evaluate(engine, digit, set.digit, { batchSize: 7, metrics: ['f1'] }),
    );
    expect(evaluation.outputs!.price).toEqual(await evaluate(engine, price, set.price, { batchSize: 7 }));
    expect([evaluation.confusion, evaluation.predictions.length]).toEqual([[], 0]);
  });

  test('classes weigh what they weigh alone, and a share of the loss is a share of the rate', async () => {
    const set = sets({});
    const model = made();
    const { digit, price } = alone(model);
    const common = { batchSize: 50, epochs: 4, seed: 5 };
    const history = await fit(engine, model, set.all, {
      ...common,
      loss: {
        digit: 'softmaxCrossEntropy',
        price: { loss: 'meanSquaredError', weight: 0.25 },
      },
      classWeights: { digit: 'balanced' },
      optimizer: sgd({ learningRate: 0.5 }),
    });
    const one = await fit(engine, digit, set.digit, {
      ...{ ...common, loss: softmaxCrossEntropy({ classWeights: balancedClassWeights(set.digit) }) },
      optimizer: sgd({ learningRate: 0.5 }),
    });
    // Powers of two: the product is exact.
    const other = await fit(engine, price, set.price, {
      ...{ ...common, loss: 'meanSquaredError', optimizer: sgd({ learningRate: 0.125 }) },
    });
    const [w, b, w1, b1] = bits(model);
    expect([w, b, w1, b1]).toEqual([...bits(digit), ...bits(price)]);
    for (const [i, { loss }] of history.epochs.entries()) {
      expect(loss).toBe(one.epochs[i].loss + 0.25 * other.epochs[i].loss);
    }
    expect(model.loss!.parts!.digit.loss.classWeights).toBeUndefined();
  });
});

describe('fit', () => {
  test('learns both of two outputs of two inputs', async () => {
    const model = twoByTwo();
    const [set, validation] = [severalSet(200), severalSet(60, 9)];
    const history = await fit(strict, model, set, {
      ...{ ...both, optimizer: adam({ learningRate: 0.02 }), epochs: 40, validation },
      ...{ metrics: { price: ['r2'] }, earlyStopping: { monitor: 'validation.price.r2', patience: 40 } },
    });
    const { outputs } = history.epochs.at(-1)!.validation!;
    expect(outputs!.digit.accuracy).toBeGreaterThan(0.9);
    expect(outputs!.price.metrics!.r2).toBeGreaterThan(0.9);
    expect(history.best!.monitor).toBe('validation.price.r2');
    expect(model.inputScales).toEqual({ image: { scale: 1 / 255, offset: 0 } });
    const { loss, outputs: each } = await evaluate(strict, model, validation);
    expect(loss).toBe(each!.digit.loss + 0.5 * each!.price.loss);
  });

  test('looks at the answers by name, whatever their order', async () => {
    const { image, numbers, digits, prices } = partsOf(30);
    const other = dataset({
      inputs: { numbers, image },
      targets: { price: { values: prices, targetNames: ['euro'] } },
      labels: { digit: digits },
    });
    const models = [twoByTwo(), twoByTwo()];
    await fit(strict, models[0], severalSet(30), { ...both, epochs: 2 });
    await fit(strict, models[1], other, { ...both, epochs: 2 });
    expect(bits(models[1])).toEqual(bits(models[0]));
  });

  test('one of two inputs may be without answers of its own: two inputs, one output without a name', async () => {
    const [a, b] = [input([6]), input([2])];
    const { image, numbers, digits } = partsOf(40);
    const { add } = await import('../../src/graph/functions.js');
    const model = network({ a, b }, add(dense(3)(a), dense(3)(b)));
    const set = dataset({ inputs: { a: image, b: numbers }, labels: digits, classes: 3 });
    const history = await fit(strict, model, set, {
      ...{ loss: 'softmaxCrossEntropy', optimizer: sgd({ learningRate: 0.5 }), epochs: 30 },
    });
    expect(history.epochs.at(-1)!.outputs).toBeUndefined();
    expect(history.epochs.at(-1)!.accuracy).toBeGreaterThan(0.9);
  });
});

describe('resuming', () => {
  const timeless = ({ epochs, seconds: _, ...rest }: History) => ({
    ...rest,
    epochs: epochs.map(({ seconds: _s, samplesPerSecond: _r, ...record }) => record),
  });
  const run = async (extra: Partial<FitOptions> = {}, set = severalSet(30)) => {
    const model = twoByTwo();
    const files: CheckpointFile[] = [];
    const history = await fit(strict, model, set, {
      ...{ ...both, epochs: 2, validation: severalSet(20, 4), metrics: { digit: ['f1'] } },
      checkpoint: {
        ...{ everySteps: 1, keepBest: 1, monitor: 'validation.digit.accuracy' },
        save: (file) => void files.push(file),
      },
      ...extra,
    });
    return { weights: bits(model), history: timeless(history), files };
  };

  test('from every step ends in the same bits and the same history, output by output', async () => {
    const never = await run();
    expect(never.files.length).toBeGreaterThan(7);
    for (const { bytes } of never.files) {
      const again = await run({ resume: bytes });
      expect(again.weights).toEqual(never.weights);
      expect(again.history).toEqual(never.history);
    }
    expect(readCheckpoint(never.files[0].bytes, '').position.outputs!.map(({ name }) => name)).toEqual([
      ...['digit', 'price'],
    ]);
  });

  test('data of an input or an output that are others are noticed', async () => {
    const [{ bytes }] = (await run()).files;
    const { image, numbers, digits, prices } = partsOf(30);
    const changed = [
      severalSet(30, 1, { inputs: { image, numbers: numbers.map((x) => x + 1) } }),
      severalSet(30, 1, { targets: { price: prices.map((x) => x + 1) } }),
      severalSet(30, 1, {
        labels: { digit: { values: digits, classes: 2 + 1, classNames: ['a', 'b', 'c'] } },
      }),
    ];
    for (const set of changed) {
      await expect(run({ resume: bytes }, set)).rejects.toThrow(/train\.sha256/);
    }
    await expect(run({ resume: bytes, metrics: { price: ['mae'] } })).rejects.toThrow(/metrics/);
  });
});

describe('what does not fit', () => {
  const { image, numbers, digits, prices } = partsOf(10);
  const given = { inputs: { image, numbers }, labels: { digit: digits }, targets: { price: prices } };
  const set = (more: object): Dataset => dataset({ ...given, ...more } as Parameters<typeof dataset>[0]);
  test.each<[string, object, object, new (...args: never[]) => Error, RegExp]>([
    [
      'one input without a name',
      { inputs: image },
      {},
      OptionError,
      /one input without a name.*image, numbers/,
    ],
    ['an input too few', { inputs: { image } }, {}, OptionError, /nothing for the model's input "numbers"/],
    [
      ...(['an unknown input', { inputs: { image, numberz: numbers } }, {}, OptionError] as const),
      /no input "numberz"; expected image, numbers; did you mean "numbers"/,
    ],
    ['an answer too few', { targets: undefined }, {}, OptionError, /nothing for the model's output "price"/],
    [
      ...(['an unknown answer', { targets: { cost: prices } }, {}, OptionError] as const),
      /no output "cost"; expected digit, price/,
    ],
    [
      ...(['an input of another width', { inputs: { image: numbers, numbers } }, {}, ShapeError] as const),
      /"data", image, has 2 numbers a sample, but the model takes 6/,
    ],
    [
      ...([
        'targets of another width',
        { targets: { price: { values: numbers, targetWidth: 2 } } },
        {},
      ] as const),
      ...([ShapeError, /price, has 2 numbers a target, but the output has 1 numbers/] as const),
    ],
    [
      ...([
        'labels for numbers',
        { labels: { digit: digits, price: digits }, targets: undefined },
        {},
      ] as const),
      ...([ShapeError, /price, has labels of 3 classes, but meanSquaredError/] as const),
    ],
    [
      'one loss',
      {},
      { loss: 'meanSquaredError' },
      OptionError,
      /expected one for each of the outputs digit, price/,
    ],
    [
      ...(['a loss too few', {}, { loss: { digit: 'softmaxCrossEntropy' } }, OptionError] as const),
      /expected one for the output price, given none/,
    ],
    [
      ...(['an unknown loss', {}, { loss: { ...both.loss, x: 'huber' } }, OptionError] as const),
      /no output x, only digit, price/,
    ],
    [
      ...(['losses in losses', {}, { loss: { ...both.loss, price: { x: 'huber' } } }, OptionError] as const),
      /fit, price: option loss: expected one of .* given an object/,
    ],
    ['one list of metrics', {}, { metrics: ['f1'] }, OptionError, /by output, such as \{ digit: … \}/],
    [
      'metrics of no output',
      {},
      { metrics: { x: ['f1'] } },
      OptionError,
      /no output "x"; expected digit, price/,
    ],
    [
      'metrics of the other task',
      {},
      { metrics: { price: ['f1'] } },
      OptionError,
      /fit, price.*of classification/,
    ],
    [
      'one list of class weights',
      {},
      { classWeights: 'balanced' },
      OptionError,
      /classWeights: expected .* by output/,
    ],
    [
      'class weights of numbers',
      {},
      { classWeights: { price: 'balanced' } },
      OptionError,
      /fit, price.*no classes/,
    ],
    [
      'class weights that are none',
      {},
      { classWeights: { digit: 'x' } },
      OptionError,
      /expected "balanced", or/,
    ],
    [
      ...(['a monitor that is none', {}, { earlyStopping: { monitor: 'accuracy' } }, OptionError] as const),
      /expected one of validation\.loss, validation\.digit\.loss, validation\.digit\.accuracy, validation\.price\.loss, loss/,
    ],
    [
      ...(['other classes in validation', {}, { validation: 'named' }, DataError] as const),
      /validation: digit, class 0: expected "a", as of train, given "c"/,
    ],
    [
      ...(['other bytes in validation', {}, { validation: 'scaled' }, OptionError] as const),
      /"data", image, with bytes \* 1/,
    ],
  ])('%s is a named error and leaves nothing in the engine', async (_, data, options, kind, message) => {
    const named = (classNames: string[]) => ({ labels: { digit: { values: digits, classNames } } });
    const before = strict.heap.top;
    const validation = (options as { validation?: string }).validation;
    const work = async () => {
      const own =
        validation === 'named'
          ? set(named(['c', 'b', 'a']))
          : validation === 'scaled'
            ? set({ inputs: { image: { values: image, scale: 1 }, numbers } })
            : set({});
      const train = set(validation === 'named' ? named(['a', 'b', 'c']) : data);
      return fit(strict, twoByTwo(), train, {
        ...both,
        ...options,
        epochs: 1,
        validation: own,
      } as FitOptions);
    };
    const failure = await work().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(kind);
    expect((failure as Error).message).toMatch(message);
    expect(strict.heap.top).toBe(before);
  });

  test('an input that is no number is named with its input', async () => {
    const own = severalSet(10);
    own.inputsByName!.numbers.inputs[3] = Number.NaN;
    const work = fit(strict, twoByTwo(), own, { ...both, epochs: 1 });
    await expect(work).rejects.toThrow(/fit, train, numbers.*row 1, column 1/);
    await expect(evaluate(strict, twoByTwo(), own, { loss: both.loss })).rejects.toThrow(DataError);
  });

  test('what overflows is named with its output', async () => {
    const model = twoByTwo();
    const huge = severalSet(10, 1, { inputs: { image, numbers: numbers.map(() => 3e38) } });
    const own = renamed(model, Object.fromEntries(model.parameters.map(({ name }) => [name, name])));
    own.get('dense_3.weight')!.values.fill(3e38);
    setParameters(model, own);
    await expect(evaluate(strict, model, huge, { loss: both.loss })).rejects.toThrow(/an output of price is/);
  });
});

test('findLearningRate tries rates on the total of all outputs, and leaves the model as it was', async () => {
  const model = twoByTwo();
  const before = bits(model);
  const curve = await findLearningRate(strict, model, severalSet(60), {
    ...{ loss: both.loss, optimizer: both.optimizer, batchSize: 60, steps: 15 },
  });
  const { loss } = await evaluate(strict, model, severalSet(60), { loss: both.loss });
  expect(curve.losses[0]).toBeCloseTo(loss, 6);
  expect(bits(model)).toEqual(before);
});

test('class weights that promise more than there are, for one output and for one of several', async () => {
  const sparse = Object.assign(new Array<number>(2 ** 32 - 1), [1]);
  const work = fit(strict, twoByTwo(), severalSet(10), { ...both, classWeights: { digit: sparse } });
  await expect(work).rejects.toThrow(/fit, digit: option classWeights: expected "balanced"/);
  const x = input([2]);
  const set = dataset({ inputs: new Float32Array(4), labels: [0, 1] });
  const options = { loss: 'softmaxCrossEntropy', optimizer: adam(), classWeights: sparse } as const;
  await expect(fit(strict, network(x, dense(2)(x)), set, options)).rejects.toThrow(/option classWeights/);
});
