/**
 * Every layer and every loss by finite differences in float64, alone, stacked and in every order of
 * neighbours.
 */
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { activation, activations } from '../../src/nn/activations.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { embedding } from '../../src/nn/embedding.js';
import type { Layer } from '../../src/nn/layer.js';
import {
  binaryCrossEntropy,
  huber,
  type Loss,
  type LossName,
  softmaxCrossEntropy,
} from '../../src/nn/losses.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { sgd } from '../../src/nn/optimizers.js';
import { reals } from '../kernels/harness.js';
import { gradcheck, type Sample } from './gradcheck.js';
import { model } from './network.js';
import { wrongGelu } from './operations.js';

const WIDTH = 6;
const CLASSES = 3;

function sample(rows: number, seed = 1): Sample {
  return {
    rows,
    inputs: reals(rows * WIDTH, seed, 2),
    labels: Int32Array.from({ length: rows }, (_, i) => (i * 2 + seed) % CLASSES),
  };
}

/** What may stand between two dense layers. */
const between: Record<string, () => Layer> = {
  ...Object.fromEntries(activations.map((name) => [name, () => activation(name)])),
  'leakyRelu 0.3': () => activation('leakyRelu', { negativeSlope: 0.3 }),
  'elu 2': () => activation('elu', { alpha: 2 }),
  dropout: () => dropout(0.4),
  batchNorm: () => batchNorm(),
  'batchNorm, not affine': () => batchNorm({ affine: false, eps: 0.1 }),
  layerNorm: () => layerNorm(),
  'layerNorm, not affine': () => layerNorm({ affine: false, eps: 0.1 }),
};

describe.each([true, false])('layers, training %s', (training) => {
  test.each(Object.keys(between))('%s between dense layers', (name) => {
    const net = model(WIDTH, [dense(5, { activation: 'tanh' }), between[name](), dense(CLASSES)]);
    expect(gradcheck(net, sample(7), { training })).toBe(net.parameterCount);
  });

  test.each(Object.keys(between))('%s as the first and as the last layer', (name) => {
    gradcheck(model(WIDTH, [between[name](), dense(CLASSES)]), sample(5, 2), { training });
    gradcheck(model(WIDTH, [dense(CLASSES), between[name]()]), sample(5, 3), { training });
    gradcheck(model(WIDTH, [dense(CLASSES, { activation: 'sigmoid' }), between[name]()]), sample(5, 4), {
      training,
    });
  });

  test.each(activations)('dense with %s, in every place', (name) => {
    const net = model(WIDTH, [
      dense(5, { activation: name }),
      dense(4, { activation: name, bias: false }),
      dense(CLASSES, { activation: name }),
    ]);
    expect(gradcheck(net, sample(6, 5), { training })).toBe(net.parameterCount);
  });

  test('all of them in one network', () => {
    const net = model(WIDTH, [
      batchNorm(),
      dense(7, { activation: 'gelu' }),
      dropout(0.2),
      layerNorm(),
      dense(6),
      batchNorm(),
      activation('relu'),
      dropout(0.3),
      activation('silu'),
      dense(5, { activation: 'sigmoid' }),
      activation('elu'),
      layerNorm({ affine: false }),
      dense(CLASSES),
    ]);
    expect(gradcheck(net, sample(9, 6), { training })).toBe(net.parameterCount);
  });

  test('pairs of neighbours', () => {
    const makers = Object.values(between);
    for (const first of makers) {
      for (const second of [makers[1], makers[4], makers.at(-5)!, makers.at(-4)!, makers.at(-2)!]) {
        const net = model(WIDTH, [dense(4, { activation: 'relu' }), first(), second(), dense(CLASSES)]);
        gradcheck(net, sample(5, 7), { training });
      }
    }
  });

  test('sparse inputs through a dense layer with a smooth activation', () => {
    const inputs = reals(4 * 40, 3).map((v, i) => (i % 5 === 0 ? v : 0));
    const net = model(40, [dense(5, { activation: 'gelu' }), dense(CLASSES)]);
    const labels = Int32Array.from([0, 1, 2, 1]);
    expect(gradcheck(net, { rows: 4, inputs, labels }, { training })).toBe(net.parameterCount);
  });

  test('embedding, with columns before, between and after', () => {
    const columns = [
      { column: 1, cardinality: 4, width: 3 },
      { column: 2, cardinality: 2, width: 1 },
      { column: 4, cardinality: 5, width: 17 },
    ];
    const inputs = Array.from(reals(8 * WIDTH, 5), (v, i) => {
      const of = columns.find(({ column }) => column === i % WIDTH);
      return of ? (i * 7) % of.cardinality : v;
    });
    const { labels } = sample(8);
    for (const layers of [
      [dense(CLASSES)],
      [batchNorm(), dense(4, { activation: 'gelu' }), dense(CLASSES)],
    ]) {
      const net = model(WIDTH, [embedding({ columns }), ...layers]);
      expect(net.sizes[1]).toBe(3 + 3 + 1 + 17);
      expect(gradcheck(net, { rows: 8, inputs, labels: labels! }, { training })).toBe(net.parameterCount);
    }
    const all = [0, 1].map((column) => ({ column, cardinality: 3, width: 2 }));
    const net = model(2, [embedding({ columns: all }), dense(CLASSES)]);
    gradcheck(net, { rows: 3, inputs: [0, 1, 2, 2, 1, 0], labels: Int32Array.from([0, 1, 2]) }, { training });
  });

  test('one row', () => {
    gradcheck(model(WIDTH, [dense(4), batchNorm(), layerNorm(), dense(CLASSES)]), sample(1), { training });
  });
});

describe('losses', () => {
  const rows = 6;
  const weights = [1, 0.5, 3, 0, 2, 0.25];
  const classWeights = [2, 0.5, 1];
  const layers = (outputs: number) => [dense(5, { activation: 'silu' }), dense(outputs)];
  const cases: [name: string, loss: LossName | Loss, outputs: number][] = [
    ['softmaxCrossEntropy', 'softmaxCrossEntropy', 3],
    ['with smoothing', softmaxCrossEntropy({ labelSmoothing: 0.2 }), 3],
    ['with class weights', softmaxCrossEntropy({ classWeights }), 3],
    ['with both', softmaxCrossEntropy({ labelSmoothing: 0.1, classWeights }), 3],
    ['binaryCrossEntropy', 'binaryCrossEntropy', 1],
    ['binaryCrossEntropy of several', binaryCrossEntropy({ positiveWeight: 3 }), 4],
    ['meanSquaredError', 'meanSquaredError', 2],
    ['meanAbsoluteError', 'meanAbsoluteError', 3],
    ['huber', huber({ delta: 0.4 }), 2],
  ];

  test.each(cases)('%s', (_, loss, outputs) => {
    for (const weighted of [false, true]) {
      const name = typeof loss === 'string' ? loss : loss.kind;
      const answers =
        name === 'softmaxCrossEntropy'
          ? { labels: Int32Array.from([0, 1, 2, 2, 1, 0]) }
          : {
              targets: reals(rows * outputs, 4).map((v) => (name === 'binaryCrossEntropy' ? Math.abs(v) : v)),
            };
      const given = { rows, inputs: reals(rows * WIDTH, 8), ...answers, ...(weighted && { weights }) };
      const net = model(WIDTH, layers(outputs));
      expect(gradcheck(net, given, { loss })).toBe(net.parameterCount);
    }
  });

  test('a last activation below a loss of numbers', () => {
    for (const name of activations) {
      const targets = reals(rows, 3);
      const net = model(WIDTH, [dense(1, { activation: name })]);
      gradcheck(net, { rows, inputs: reals(rows * WIDTH, 9), targets }, { loss: 'meanSquaredError' });
    }
  });
});

test('a wrong gradient is found: the check itself can fail', () => {
  const net = model(WIDTH, [dense(4), wrongGelu(), dense(CLASSES)]);
  expect(() => gradcheck(net, sample(4))).toThrow(/0\.weight\[0\]: gradient/);
});

describe('float32 gradients are those of float64 but for rounding', () => {
  test.each(['strict', 'fma'] as const)('%s', async (math) => {
    const net = model(
      40,
      [
        dense(33, { activation: 'gelu' }),
        batchNorm(),
        dropout(0.25),
        dense(21, { activation: 'elu' }),
        layerNorm(),
        dense(17),
        activation('softplus'),
        dense(5),
      ],
      2,
    );
    const [rows, width] = [32, 40];
    const gradients = (engine: ReturnType<typeof createReferenceEngine>) => {
      const compiled = new CompiledModel(engine, net, {
        maxRows: rows,
        loss: softmaxCrossEntropy({ labelSmoothing: 0.1 }),
        optimizer: sgd({ learningRate: 1 }),
      });
      const plan = compiled.plan(rows);
      plan.inputs.write(reals(rows * width, 3));
      plan.labels.write(Int32Array.from({ length: rows }, (_, i) => i % 5));
      plan.loaded();
      plan.forward(true);
      const loss = plan.loss();
      plan.backward();
      return { loss, all: compiled.readGradients() };
    };
    const exact = gradients(createReferenceEngine({ precision: 'float64' }));
    for (const engine of [createReferenceEngine(), await createEngine({ backend: 'wasm', math })]) {
      const got = gradients(engine);
      expect(Math.abs(got.loss - exact.loss)).toBeLessThan(1e-5 * exact.loss);
      for (const [name, values] of got.all) {
        const expected = Array.from(exact.all.get(name)!);
        const bound = 2 ** -17 * expected.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
        // A bias before batch norm has no influence: its gradient is rounding alone.
        const nothing = 1e-7;
        const worst = expected.reduce((most, v, i) => Math.max(most, Math.abs(values[i] - v)), 0);
        expect(worst, `${engine.info.binary ?? 'reference'}, ${name}`).toBeLessThanOrEqual(bound + nothing);
      }
      engine.dispose();
    }
  });
});
