/** Passes: what each does, where it must not, and that no bit depends on it. */
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { flatten } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { type PassName, passNames } from '../../src/graph/passes/index.js';
import { applyOne, type Value } from '../../src/graph/value.js';
import { activation } from '../../src/nn/activations.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { conv2d } from '../../src/nn/conv.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { headsOf } from '../../src/nn/head.js';
import { layer } from '../../src/nn/layer.js';
import { resolveLoss } from '../../src/nn/losses.js';
import { graphOf, type Network } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { adam, type Optimizer, sgd } from '../../src/nn/optimizers.js';
import { maxPool2d } from '../../src/nn/pool.js';
import { sequential } from '../../src/nn/sequential.js';
import { trainingOf } from '../../src/nn/training.js';
import { sumOfGradients } from '../../src/ops/gradients.js';
import { batch, fingerprint } from '../nn/network.js';
import { engines } from '../train/fit-setting.js';

/** The sum of two values of one shape. */
const plus = (a: Value, b: Value) => applyOne(sumOfGradients, [a, b], {});

const models: Record<string, () => Network> = {
  'a chain': () =>
    sequential(
      20,
      [
        dense(17, { activation: 'relu' }),
        dropout(0.3),
        dense(9, { activation: 'tanh' }),
        layerNorm(),
        activation('sigmoid'),
        dense(8, { activation: 'gelu' }),
        batchNorm(),
        dense(4),
      ],
      { seed: 3 },
    ),
  'a product that is read twice': () => {
    const x = input([20]);
    const z = dense(6)(x);
    return network(x, dense(4)(plus(activation('relu')(z), z)), { seed: 4 });
  },
  'an input that is read twice': () => {
    const x = input([20]);
    return network(x, dense(4)(plus(dense(6, { activation: 'relu' })(x), dense(6)(x))), { seed: 5 });
  },
  'an input of two widths': () => {
    const x = input([20]);
    const wide = dense(6, { activation: 'tanh' })(dense(12, { activation: 'relu' })(x));
    return network(x, dense(4)(plus(wide, dense(6)(x))), { seed: 6 });
  },
  'an input of two axes, as a vector': () =>
    sequential([4, 5], [layer('flatten', flatten), dense(7, { activation: 'relu' }), dense(4)], { seed: 8 }),
  'an input of two axes that lies in memory without gaps': () =>
    sequential([4, 8], [layer('flatten', flatten), dense(7, { activation: 'relu' }), dense(4)], { seed: 9 }),
  'one layer twice': () => {
    const x = input([20]);
    const shared = dense(20, { activation: 'sigmoid' });
    return network(x, dense(4)(shared(shared(x))), { seed: 7 });
  },
};

function trained(
  engine: Engine,
  model: Network,
  density: number,
  optimizer: Optimizer,
  without: PassName[],
): string {
  const { rows, inputs, labels } = batch(6, model.inputSize, 4, density, 2);
  const compiled = new CompiledModel(engine, model, { maxRows: rows, optimizer, without });
  const losses: number[] = [];
  for (const count of [6, 4, 6]) {
    const plan = compiled.plan(count);
    plan.inputs.write(inputs.subarray(0, count * model.inputSize));
    plan.labels.write(labels.subarray(0, count));
    plan.loaded();
    plan.forward(true);
    losses.push(plan.loss());
    plan.step(0.1);
  }
  compiled.download();
  const bits = `${fingerprint(model)} ${losses.join()}`;
  compiled.dispose();
  return bits;
}

describe.each(engines)('bits do not depend on a pass ($name)', ({ engine }) => {
  const { info } = engine;
  test.each(Object.entries(models))('%s', (_, make) => {
    // The reference adds up in float64, and what is not 0 two at a time: compressed batches are rounded
    // otherwise.
    for (const density of info.backend === 'wasm' ? [1, 0.15] : [1]) {
      for (const optimizer of [sgd({ learningRate: 0.1 }), adam()]) {
        const whole = trained(engine, make(), density, optimizer, []);
        for (const name of passNames)
          expect(trained(engine, make(), density, optimizer, [name]), name).toBe(whole);
        expect(trained(engine, make(), density, optimizer, [...passNames])).toBe(whole);
      }
    }
  });
});

/** What a step consists of: operations, with what passes did to them. */
function stepsOf(model: Network, without: PassName[] = []): string[] {
  const specs = headsOf('test', model, resolveLoss('test', 'softmaxCrossEntropy'));
  const { program } = trainingOf('test', graphOf('test', model), model, { specs, trains: true, without });
  return program.steps.map(({ part, operation, notes }) => [part, operation.name, ...notes].join(' | '));
}

const SPARSE = 'of what is not 0, if sparse';

describe('what a step consists of', () => {
  test.each<[stride: number | [number, number], isApart: boolean]>([
    [2, true],
    [3, true],
    [[2, 3], true],
    [1, false],
    [[2, 1], false],
    [[1, 2], false],
  ])('tanh below windows of 2 at strides of %s', (stride, isApart) => {
    const x = input([7, 7, 1]);
    const pooled = maxPool2d(2, { stride })(activation('tanh')(conv2d(2, 1)(x)));
    const steps = stepsOf(network(x, dense(3)(flatten(pooled)), { seed: 1 }));
    expect(steps.some((step) => step.includes('of what is pooled'))).toBe(isApart);
  });

  test('a chain of two layers', () => {
    const model = sequential(5, [dense(4, { activation: 'relu' }), dense(3)]);
    expect(stepsOf(model)).toEqual([
      `forward | matmul | with relu | ${SPARSE}`,
      'forward | matmul',
      'backward | matmul | times the derivative of relu',
      'backward | matmul',
      'backward | columnSums',
      `backward | matmul | ${SPARSE}`,
      'backward | columnSums',
    ]);
    expect(stepsOf(model, [...passNames])).toEqual([
      'forward | matmul',
      'forward | activation',
      'forward | matmul',
      'backward | matmul',
      'backward | matmul',
      'backward | columnSums',
      'backward | activationGradient',
      'backward | matmul',
      'backward | columnSums',
    ]);
  });

  test('a product that is read twice keeps its activation apart', () => {
    const steps = stepsOf(models['a product that is read twice']());
    expect(steps.filter((step) => step.includes('with relu'))).toEqual([]);
    expect(steps).toContain('forward | activation');
  });

  test('an input of two widths is written out', () => {
    expect(stepsOf(models['an input of two widths']()).filter((step) => step.includes(SPARSE))).toEqual([]);
    expect(
      stepsOf(models['an input that is read twice']()).filter((step) => step.includes(SPARSE)),
    ).toHaveLength(4);
  });

  test('an input of several axes is compressed behind a reshape, and not where it is read otherwise too', () => {
    const flat = stepsOf(models['an input of two axes that lies in memory without gaps']());
    expect(flat.filter((step) => step.includes(SPARSE))).toHaveLength(2);
    const x = input([4, 8]);
    const both = network(x, plus(dense(4)(flatten(x)), dense(4)(flatten(dense(1)(x)))));
    expect(stepsOf(both).filter((step) => step.includes(SPARSE))).toEqual([]);
  });

  test('a gradient that is the sum of two is derived in a step of its own', () => {
    const x = input([5]);
    const h = dense(4, { activation: 'relu' })(x);
    const model = network(x, plus(dense(3)(h), dense(3)(h)));
    const steps = stepsOf(model);
    expect(steps.filter((step) => step.includes('times the derivative'))).toEqual([]);
    expect(steps).toContain('backward | sumOfGradients');
    expect(steps).toContain('backward | activationGradient');
  });

  test('what is frozen has no gradient, nor has what is below', () => {
    const x = input([5]);
    const trunk = dense(4, { activation: 'relu' });
    const model = network(x, dense(3)(trunk(x)));
    for (const parameter of model.parameters.slice(0, 2))
      Object.defineProperty(parameter, 'trainable', { value: false });
    expect(stepsOf(model).filter((step) => step.startsWith('backward'))).toEqual([
      'backward | matmul',
      'backward | columnSums',
    ]);
  });
});

test('a plan that predicts keeps no more than the widest pair of neighbours', () => {
  const [{ engine }] = engines;
  const widths = [64, 300, 100, 200, 50, 10];
  const model = sequential(
    widths[0],
    widths
      .slice(1)
      .map((units, i) => (i === 1 ? layer('own', dense(units)) : dense(units, { activation: 'relu' }))),
  );
  const rows = 40;
  const predicting = new CompiledModel(engine, model, { maxRows: rows });
  const training = new CompiledModel(engine, model, { maxRows: rows, optimizer: adam() });
  const padded = widths.map((width) => Math.ceil(width / 16) * 16);
  const pairs = padded.slice(2).map((width, i) => width + padded[i + 1]);
  const size = engine.backend.elementBytes * rows;
  expect(predicting.workBytes).toBeLessThanOrEqual(size * Math.max(...pairs));
  expect(training.workBytes).toBeGreaterThan(predicting.workBytes);
  predicting.dispose();
  training.dispose();
});
