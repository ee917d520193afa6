/** Trainings that must come to the same bits whatever the numbers are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataset } from '../../../src/data/dataset.js';
import { mean, mul, square, sub } from '../../../src/graph/functions.js';
import { input } from '../../../src/graph/leaves.js';
import { dense } from '../../../src/nn/dense.js';
import { network } from '../../../src/nn/network.js';
import { adam, sgd } from '../../../src/nn/optimizers.js';
import { ownLoss } from '../../../src/nn/own-loss.js';
import { predict, predictProba } from '../../../src/train/predict.js';
import { engines } from '../fit-setting.js';
import {
  columns,
  gradients,
  net,
  OUTPUTS,
  order,
  RATE,
  ROWS,
  real,
  rowsOf,
  runs,
  setOf,
  together,
  trained,
  WIDTH,
  withClasses,
  withValues,
} from './setting.js';

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
