/**
 * What more rows than LONGEST_CHAIN take a way of their own for: normalisation and embeddings. The gradient of
 * a mean does not depend on how often the same rows come, so that a few rows say what it must be.
 */
import { describe, expect, test } from 'vitest';
import { createReferenceEngine } from '../../src/create/reference.js';
import { LONGEST_CHAIN } from '../../src/engine/constants.js';
import type { Engine } from '../../src/engine/engine.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { embedding } from '../../src/nn/embedding.js';
import type { Layer } from '../../src/nn/layer.js';
import { freeze, type Network } from '../../src/nn/model.js';
import { batchNorm } from '../../src/nn/normalization.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { reals } from '../kernels/harness.js';

const [ROWS, WIDTH] = [8, 3];
const REPEATS = Math.ceil((LONGEST_CHAIN + 1) / ROWS);

function gradients(engine: Engine, model: Network, x: Float64Array, repeats: number, training = true) {
  const rows = ROWS * repeats;
  const compiled = new CompiledModel(engine, model, {
    ...{ maxRows: rows, optimizer: sgd({ learningRate: 1 }), loss: 'softmaxCrossEntropy' },
  });
  const plan = compiled.plan(rows);
  plan.inputs.write(Float64Array.from({ length: rows * WIDTH }, (_, i) => x[i % x.length]));
  plan.labels.write(Int32Array.from({ length: rows }, (_, i) => (i % ROWS) ** 2 % 3));
  plan.loaded();
  plan.forward(training);
  plan.loss();
  plan.backward();
  const own = [...compiled.readGradients()].map(([name, values]) => [name, Array.from(values)] as const);
  compiled.dispose();
  return new Map(own);
}

function expectAlike(engine: Engine, model: () => Network, x: Float64Array, tolerance: number): void {
  const few = gradients(engine, model(), x, 1);
  const many = gradients(engine, model(), x, REPEATS);
  expect([...many.keys()]).toEqual([...few.keys()]);
  for (const [name, values] of many) {
    const expected = few.get(name)!;
    const scale = Math.max(1e-3, ...expected.map(Math.abs));
    for (const [i, value] of values.entries()) {
      const error = Math.abs(value - expected[i]) / scale;
      expect(error, `${name}, element ${i}: ${value}, expected ${expected[i]}`).toBeLessThan(tolerance);
    }
  }
}

describe('batch norm of many rows', () => {
  const engine = createReferenceEngine({ precision: 'float64' });
  const below = () => dense(4, { activation: 'tanh' });
  test.each<[what: string, layers: () => Layer[], frozen: string[]]>([
    ['within', () => [below(), batchNorm(), dense(3)], []],
    ['with nothing to learn below', () => [batchNorm(), dense(3)], []],
    ['without weight and bias', () => [below(), batchNorm({ affine: false }), dense(3)], []],
    ['with its weight frozen', () => [below(), batchNorm(), dense(3)], ['1.weight']],
    ['with its bias frozen', () => [below(), batchNorm(), dense(3)], ['1.bias']],
    ['with both frozen', () => [below(), batchNorm(), dense(3)], ['1.*']],
    ['with all frozen but it', () => [below(), batchNorm(), dense(3)], ['0.*', '2.*']],
  ])('%s', (_, layers, frozen) => {
    const make = () => {
      const model = sequential(WIDTH, layers(), { seed: 1 });
      for (const { name, values } of model.parameters) {
        if (/^[01]\.(weight|bias)$/.test(name) && values.length < 9) values.set(reals(values.length, 3, 1));
      }
      if (frozen.length > 0) freeze(model, frozen);
      return model;
    };
    expectAlike(engine, make, Float64Array.from(reals(ROWS * WIDTH, 5, 2)), 1e-9);
  });
});

test('a table of embeddings that many rows share', () => {
  const x = Float64Array.from(reals(ROWS * WIDTH, 5, 2), (v, i) => (i % WIDTH === 1 ? (i * 3) % 2 : v));
  const columns = [{ column: 1, cardinality: 3, width: 4 }];
  const make = () => sequential(WIDTH, [embedding({ columns }), dense(3)], { seed: 1 });
  // Single float32 chains of so many terms are off by more.
  expectAlike(createReferenceEngine(), make, x, 2e-6);
});
