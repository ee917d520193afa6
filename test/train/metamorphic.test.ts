/**
 * What must stay the same when a training is written down otherwise: hidden units, classes or columns in
 * another order, batches in parts, rows twice in place of a weight of two.
 *
 * Where data and weights are small whole numbers, and the rate and the number of rows powers of two, a step is
 * exact: inputs are at most 2, so hidden units at most 6·2·2 + 2 = 26, outputs at most 8·26·2 + 2 = 418, and sums
 * of a gradient below 16·26·420 < 2¹⁸. The mean divides by 32, and the rate by 16: a weight changes by a multiple
 * of 2⁻⁹ below 2⁹, which has 18 bits, and float32 has 24. `exact` sees for itself that float64 comes to the same.
 * Exact sums do not depend on their order, so these results are equal bit for bit on every engine. Others hold
 * for any numbers, as they change no sum's order, or multiply by powers of two, which rounds nothing.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createReferenceEngine } from '../../src/create/reference.js';
import { type Dataset, dataset } from '../../src/data/dataset.js';
import type { Engine } from '../../src/engine/engine.js';
import { flatten, mean, mul, square, sub } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import type { LossOption } from '../../src/nn/losses.js';
import type { Network } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { adam, sgd } from '../../src/nn/optimizers.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { sequential } from '../../src/nn/sequential.js';
import { evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { predict, predictProba } from '../../src/train/predict.js';
import { BatchSource } from '../../src/train/source.js';
import { integers, reals } from '../kernels/harness.js';
import { engines } from './fit-setting.js';

const [ROWS, WIDTH, HIDDEN, OUTPUTS] = [16, 6, 8, 4];
const RATE = 1 / 16;
const float64 = createReferenceEngine({ precision: 'float64' });

type Numbers = (count: number, seed: number) => Float32Array;
/** From -2 to 2. */
const whole: Numbers = (count, seed) =>
  Float32Array.from(integers(count, seed), (value) => Math.trunc(value / 3));
const real: Numbers = (count, seed) => Float32Array.from(reals(count, seed));

const order = (length: number) => fc.shuffledSubarray([...new Array(length).keys()], { minLength: length });
const runs = { numRuns: 8 };

interface Rows {
  readonly inputs: Float32Array;
  readonly targets: Float32Array;
  readonly weights?: Float32Array;
}

const rowsOf = (numbers: Numbers, seed: number, rows = ROWS): Rows => ({
  inputs: numbers(rows * WIDTH, seed),
  targets: numbers(rows * OUTPUTS, seed + 1),
});
const setOf = (rows: Rows): Dataset => dataset({ ...rows, targetWidth: OUTPUTS });

/** A network of these numbers, whose parameters are [weight, bias, weight, bias]. */
function net(numbers: Numbers, seed: number): Network {
  const model = sequential(WIDTH, [dense(HIDDEN, { activation: 'relu' }), dense(OUTPUTS)]);
  return withValues(
    model,
    model.parameters.map(({ values }, i) => numbers(values.length, seed + 10 + i)),
  );
}

function withValues(model: Network, values: readonly Float32Array[]): Network {
  for (const [i, parameter] of model.parameters.entries()) parameter.values.set(values[i]);
  return model;
}

const valuesOf = (model: Network) => model.parameters.map(({ values }) => [...values]);

/** Column i of the result is column `places[i]`. */
function columns(values: ArrayLike<number>, width: number, places: readonly number[]): Float32Array {
  return Float32Array.from({ length: values.length }, (_, at) => {
    const row = Math.floor(at / width);
    return values[row * width + places[at % width]];
  });
}

/** Row i of the result, of so many numbers, is row `places[i]`. */
function rows(values: ArrayLike<number>, width: number, places: readonly number[]): Float32Array {
  return Float32Array.from({ length: places.length * width }, (_, at) => {
    return values[places[Math.floor(at / width)] * width + (at % width)];
  });
}

/** One epoch of plain SGD, rows in their order, in one batch unless told otherwise. */
async function trained(engine: Engine, model: Network, set: Dataset, options: Partial<FitOptions> = {}) {
  await fit(engine, model, set, {
    ...{ loss: 'meanSquaredError', optimizer: sgd({ learningRate: RATE }) },
    ...{ batchSize: set.size, epochs: 1, shuffle: false, ...options },
  });
  return valuesOf(model);
}

/** Likewise; and expects that float64 comes to the same numbers, so that nothing was rounded. */
async function exact(engine: Engine, make: () => Network, set: Dataset, options: Partial<FitOptions> = {}) {
  const found = await trained(engine, make(), set, options);
  expect(found).toEqual(await trained(float64, make(), set, options));
  return found;
}

/** The gradients of one batch, by the parameters' names, and its loss. */
function gradients(engine: Engine, model: Network, set: Dataset, loss: LossOption) {
  const optimizer = sgd({ learningRate: RATE });
  const compiled = new CompiledModel(engine, model, { maxRows: set.size, loss, optimizer });
  const plan = compiled.plan(set.size);
  const source = new BatchSource(engine, set, 'test');
  source.load(plan, 0);
  plan.forward(true);
  const value = plan.loss() / plan.weight();
  plan.backward();
  const found = [...compiled.readGradients()].map(([name, values]) => [name, Array.from(values)] as const);
  source.dispose();
  compiled.dispose();
  return { value, gradients: Object.fromEntries(found) };
}

describe.each(engines)('$name: exact on whole numbers', ({ engine }) => {
  test('hidden units in another order are the same network, before training and after', async () => {
    await fc.assert(
      fc.asyncProperty(order(HIDDEN), fc.nat(99), async (places, seed) => {
        const set = rowsOf(whole, seed);
        const make = () => net(whole, seed);
        const other = () => {
          const [w1, b1, w2, b2] = valuesOf(make());
          const turned = [
            columns(w1, HIDDEN, places),
            columns(b1, HIDDEN, places),
            rows(w2, OUTPUTS, places),
          ];
          return withValues(make(), [...turned, Float32Array.from(b2)]);
        };
        const loss = { loss: 'meanSquaredError' } as const;
        expect(predict(engine, other(), set.inputs, loss)).toEqual(predict(engine, make(), set.inputs, loss));
        const [w1, b1, w2, b2] = await exact(engine, make, setOf(set));
        const [v1, c1, v2, c2] = await exact(engine, other, setOf(set));
        expect([...columns(w1, HIDDEN, places)]).toEqual(v1);
        expect([...columns(b1, HIDDEN, places)]).toEqual(c1);
        expect([...rows(w2, OUTPUTS, places)]).toEqual(v2);
        expect(b2).toEqual(c2);
      }),
      runs,
    );
  });

  test('columns of the input in another order', async () => {
    await fc.assert(
      fc.asyncProperty(order(WIDTH), fc.nat(99), async (places, seed) => {
        const { inputs, targets } = rowsOf(whole, seed);
        const other = () => {
          const model = net(whole, seed);
          const [first] = model.parameters;
          first.values.set(rows(first.values, HIDDEN, places));
          return model;
        };
        const turned = { inputs: columns(inputs, WIDTH, places), targets };
        const [w1, ...more] = await exact(engine, () => net(whole, seed), setOf({ inputs, targets }));
        const [v1, ...others] = await exact(engine, other, setOf(turned));
        expect([...rows(w1, HIDDEN, places)]).toEqual(v1);
        expect(more).toEqual(others);
      }),
      runs,
    );
  });

  test('classes in another order', async () => {
    await fc.assert(
      fc.asyncProperty(order(OUTPUTS), fc.nat(99), async (places, seed) => {
        const { inputs, targets } = rowsOf(whole, seed);
        const other = () => withClasses(net(whole, seed), places);
        const turned = { inputs, targets: columns(targets, OUTPUTS, places) };
        const [w1, b1, w2, b2] = await exact(engine, () => net(whole, seed), setOf({ inputs, targets }));
        const found = await exact(engine, other, setOf(turned));
        const wanted = [w1, b1, columns(w2, OUTPUTS, places), columns(b2, OUTPUTS, places)];
        expect(found).toEqual(wanted.map((values) => [...values]));
      }),
      runs,
    );
  });

  test('rows in another order', async () => {
    await fc.assert(
      fc.asyncProperty(order(ROWS), fc.nat(99), async (places, seed) => {
        const set = rowsOf(whole, seed);
        const turned = {
          inputs: rows(set.inputs, WIDTH, places),
          targets: rows(set.targets, OUTPUTS, places),
        };
        const make = () => net(whole, seed);
        expect(await exact(engine, make, setOf(turned))).toEqual(await exact(engine, make, setOf(set)));
      }),
      runs,
    );
  });

  test.each([1, 2, 8])('a batch in parts of %i rows, whose gradients are accumulated', async (batchSize) => {
    const set = setOf(rowsOf(whole, 3));
    const make = () => net(whole, 4);
    const accumulateBatches = ROWS / batchSize;
    const parts = await exact(engine, make, set, { batchSize, accumulateBatches });
    expect(parts).toEqual(await exact(engine, make, set));
  });

  test('a row of weight 2 is the row twice, and one of weight 0 none', async () => {
    await fc.assert(
      fc.asyncProperty(order(12), fc.nat(99), async (places, seed) => {
        const { inputs, targets } = rowsOf(whole, seed, 12);
        // Of twelve rows five count twice, six once and one not at all: sixteen, so the mean is exact.
        const weights = Float32Array.from(places, (place) => (place < 5 ? 2 : Number(place < 11)));
        const all = [...weights].flatMap((weight, row) => new Array<number>(weight).fill(row));
        const twice = { inputs: rows(inputs, WIDTH, all), targets: rows(targets, OUTPUTS, all) };
        const make = () => net(whole, seed);
        const found = await exact(engine, make, setOf({ inputs, targets, weights }));
        expect(found).toEqual(await exact(engine, make, setOf(twice)));
        const loss = 'meanSquaredError';
        const losses = [setOf({ inputs, targets, weights }), setOf(twice)].map(
          (set) => gradients(engine, make(), set, loss).value,
        );
        expect(losses[0]).toBe(losses[1]);
      }),
      runs,
    );
  });

  test('channels within a convolutional network in another order', async () => {
    await fc.assert(
      fc.asyncProperty(order(4), fc.nat(99), async (places, seed) => {
        const make = () => {
          const x = input([4, 3, 2]);
          const hidden = conv2d(4, [2, 3], { padding: 'same', activation: 'relu' })(x);
          const model = network(x, flatten(conv2d(2, 2, { stride: 2 })(hidden)));
          return withValues(
            model,
            model.parameters.map(({ values }, i) => whole(values.length, seed + i)),
          );
        };
        const other = () => {
          const model = make();
          const [w1, b1, w2] = model.parameters.map(({ values }) => values);
          w1.set(columns(w1, 4, places));
          b1.set(columns(b1, 4, places));
          // [2, 2, 4, 2]: the third axis.
          for (let at = 0; at < w2.length; at += 8) w2.set(rows(w2.slice(at, at + 8), 2, places), at);
          return model;
        };
        const set = dataset({
          ...{ inputs: whole(ROWS * 24, seed + 7), targets: whole(ROWS * 4, seed + 8), targetWidth: 4 },
        });
        const [w1, b1, w2, b2] = await exact(engine, make, set);
        const [v1, c1, v2, c2] = await exact(engine, other, set);
        expect([...columns(w1, 4, places)]).toEqual(v1);
        expect([...columns(b1, 4, places)]).toEqual(c1);
        const turned = [0, 8, 16, 24].flatMap((at) => [...rows(w2.slice(at, at + 8), 2, places)]);
        expect(turned).toEqual(v2);
        expect(b2).toEqual(c2);
      }),
      runs,
    );
  });

  test('the loss of two sets together is the mean of theirs', async () => {
    const [a, b] = [rowsOf(whole, 1), rowsOf(whole, 2)];
    const model = net(whole, 3);
    const losses = [a, b, together(a, b)].map(
      (set) => gradients(engine, model, setOf(set), 'meanSquaredError').value,
    );
    expect(losses[2]).toBe((losses[0] + losses[1]) / 2);
    const measured = await evaluate(engine, model, setOf(together(a, b)), { loss: 'meanSquaredError' });
    expect(measured.loss).toBe(losses[2]);
  });
});

test('batches of unequal size, of which each row counts the same', async () => {
  // Eleven rows and five: elevenths are no binary fractions, so float64 has to be enough.
  const set = setOf(rowsOf(whole, 5));
  const parts = await trained(float64, net(whole, 6), set, { batchSize: 11, accumulateBatches: 2 });
  const once = await trained(float64, net(whole, 6), set);
  // The model keeps what float64 has as float32, whose last bit may be another.
  for (const [i, values] of once.entries()) {
    for (const [k, value] of values.entries()) {
      expect(Math.abs(parts[i][k] - value)).toBeLessThanOrEqual(
        2 ** -22 * Math.max(Math.abs(value), 2 ** -10),
      );
    }
  }
});

/** With the columns of its last layer in this order. */
function withClasses(model: Network, places: readonly number[]): Network {
  for (const { values } of model.parameters.slice(-2)) values.set(columns(values, OUTPUTS, places));
  return model;
}

const together = (a: Rows, b: Rows): Rows => ({
  inputs: Float32Array.of(...a.inputs, ...b.inputs),
  targets: Float32Array.of(...a.targets, ...b.targets),
});

describe.each(engines)('$name: exact on any numbers', ({ engine }) => {
  test('each class has the logits that it has elsewhere, for its sum is its own', () => {
    fc.assert(
      fc.property(order(OUTPUTS), fc.nat(99), (places, seed) => {
        const { inputs } = rowsOf(real, seed);
        const given = { loss: 'meanSquaredError' } as const;
        const logits = predict(engine, net(real, seed), inputs, given);
        const turned = predict(engine, withClasses(net(real, seed), places), inputs, given);
        expect(turned).toEqual(columns(logits, OUTPUTS, places));
        // Of softmax the sum of a row is in another order: of four terms, each off by 2⁻²⁴ and three additions.
        const probable = { loss: 'softmaxCrossEntropy' } as const;
        const shares = predictProba(engine, net(real, seed), inputs, probable);
        const others = predictProba(engine, withClasses(net(real, seed), places), inputs, probable);
        for (const [i, share] of columns(shares, OUTPUTS, places).entries()) {
          expect(Math.abs(others[i] - share)).toBeLessThanOrEqual(2 * 5 * 2 ** -24 * share);
        }
      }),
      runs,
    );
  });

  test.each([4, 0.25, 2 ** -20, 1024])('%d times the loss has that many times the gradient', (factor) => {
    const set = setOf(rowsOf(real, 1));
    const scaled = (by: number) =>
      ownLoss(({ output, target }) => mul(mean(square(sub(output, target)), { axis: 1 }), by));
    const one = gradients(engine, net(real, 2), set, scaled(1));
    const own = gradients(engine, net(real, 2), set, scaled(factor));
    expect(own.value).toBe(factor * one.value);
    for (const [name, values] of Object.entries(one.gradients)) {
      expect(own.gradients[name]).toEqual(values.map((value) => factor * value));
    }
  });

  test('the weight of an output scales its gradient', () => {
    const make = () => {
      const x = input([WIDTH], { name: 'x' });
      const model = network({ x }, { left: dense(OUTPUTS)(x), right: dense(OUTPUTS)(x) });
      return withValues(
        model,
        model.parameters.map(({ values }, i) => real(values.length, 5 + i)),
      );
    };
    const { inputs, targets } = rowsOf(real, 1);
    const own = { values: targets, targetWidth: OUTPUTS };
    const set = dataset({ inputs, targets: { left: own, right: own } });
    const of = (weight: number) =>
      gradients(engine, make(), set, {
        left: 'meanSquaredError',
        right: { loss: 'meanSquaredError', weight },
      }).gradients;
    const [one, half] = [of(1), of(0.5)];
    const names = Object.keys(one);
    expect(names).toHaveLength(4);
    for (const [i, name] of names.entries()) {
      expect(half[name]).toEqual(one[name].map((value) => (i < 2 ? 1 : 0.5) * value));
    }
  });

  test('a rate half as large makes up for twice the loss, with plain SGD and with momentum', async () => {
    for (const momentum of [0, 0.9]) {
      const train = (factor: number) =>
        trained(engine, net(real, 3), setOf(rowsOf(real, 4)), {
          ...{ batchSize: 4, epochs: 3, optimizer: sgd({ learningRate: RATE / factor, momentum }) },
          loss: ownLoss(({ output, target }) => mul(mean(square(sub(output, target)), { axis: 1 }), factor)),
        });
      expect(await train(2)).toEqual(await train(1));
    }
  });

  test('inputs twice as large with weights half as large; likewise within, behind relu', () => {
    const { inputs } = rowsOf(real, 1);
    const given = { loss: 'meanSquaredError' } as const;
    const expected = predict(engine, net(real, 2), inputs, given);
    const outer = net(real, 2);
    outer.parameters[0].values.set(outer.parameters[0].values.map((value) => value / 2));
    expect(
      predict(
        engine,
        outer,
        inputs.map((value) => 2 * value),
        given,
      ),
    ).toEqual(expected);
    const inner = net(real, 2);
    for (const [i, { values }] of inner.parameters.entries()) {
      if (i < 3) values.set(values.map((value) => (i < 2 ? 4 : 1 / 4) * value));
    }
    expect(predict(engine, inner, inputs, given)).toEqual(expected);
  });

  test('rows of weight 0 behind the others change nothing, whatever stands in them', async () => {
    const set = rowsOf(real, 5);
    const more = together(
      set,
      rowsOf((count, seed) => real(count, seed).map((value) => 1e3 * value), 6, 7),
    );
    const weights = new Float32Array(ROWS + 7).fill(1, 0, ROWS);
    for (const optimizer of [sgd({ learningRate: RATE }), adam()]) {
      const options = { optimizer };
      const found = await trained(engine, net(real, 7), setOf({ ...more, weights }), options);
      const alone = setOf({ ...set, weights: weights.slice(0, ROWS) });
      expect(found).toEqual(await trained(engine, net(real, 7), alone, options));
      expect(found).toEqual(await trained(engine, net(real, 7), setOf(set), options));
    }
  });

  test('two sets one behind the other are trained as one after the other', async () => {
    const [a, b] = [rowsOf(real, 8), rowsOf(real, 9)];
    const model = net(real, 10);
    await trained(engine, model, setOf(a), { batchSize: 8 });
    const apart = await trained(engine, model, setOf(b), { batchSize: 8 });
    expect(apart).toEqual(await trained(engine, net(real, 10), setOf(together(a, b)), { batchSize: 8 }));
  });

  test('all weights times a power of two are the same weights', async () => {
    const set = rowsOf(real, 11);
    const train = (weight: number) =>
      trained(engine, net(real, 12), setOf({ ...set, weights: new Float32Array(ROWS).fill(weight) }));
    const one = await train(1);
    expect(await train(4)).toEqual(one);
    expect(await train(2 ** -10)).toEqual(one);
  });
});
