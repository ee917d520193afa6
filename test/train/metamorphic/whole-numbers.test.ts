/** Trainings on whole numbers that must come to the same bits in any order: setting.ts says why. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataset } from '../../../src/data/dataset.js';
import { flatten } from '../../../src/graph/functions.js';
import { input } from '../../../src/graph/leaves.js';
import { conv2d } from '../../../src/nn/conv.js';
import { network } from '../../../src/nn/network.js';
import { evaluate } from '../../../src/train/evaluate.js';
import { predict } from '../../../src/train/predict.js';
import { engines } from '../fit-setting.js';
import {
  columns,
  exact,
  float64,
  gradients,
  HIDDEN,
  net,
  OUTPUTS,
  order,
  ROWS,
  rows,
  rowsOf,
  runs,
  setOf,
  together,
  trained,
  valuesOf,
  WIDTH,
  whole,
  withClasses,
  withValues,
} from './setting.js';

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
