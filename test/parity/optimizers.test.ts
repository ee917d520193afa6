/**
 * Optimizers beside values that Keras publishes, and beside the algorithms of PyTorch's documentation in
 * float64, written here from their pages step by step; clipping and averages likewise.
 */
import { describe, expect, test } from 'vitest';
import { CompiledModel } from '../../src/nn/compile.js';
import { dense } from '../../src/nn/dense.js';
import { adagrad, adam, adamW, type Optimizer, rmsprop, sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { reals } from '../kernels/harness.js';
import { descend, engine, expectNear } from './parity.js';

describe('Keras’ documented examples, on ½ w²', () => {
  test('SGD: 1 - 0.1; with momentum 0.9 the second step is 0.18', () => {
    expectNear(descend(sgd({ learningRate: 0.1 }), 1, 1), [0.9]);
    const [first, second] = descend(sgd({ learningRate: 0.1, momentum: 0.9 }), 1, 2);
    expectNear([1 - first, first - second], [0.1, 0.18]);
  });

  test('RMSprop(0.1): 10 becomes 9.683772', () => {
    expectNear(descend(rmsprop({ learningRate: 0.1, alpha: 0.9, eps: 1e-7 }), 10, 1), [9.683772], 1e-6);
  });

  test('Adam(0.1): 10 becomes 9.9', () => {
    expectNear(descend(adam({ learningRate: 0.1 }), 10, 1), [9.9], 1e-6);
  });
});

/** One step of PyTorch's algorithm: parameter, gradient, step from 1, and a state of its own. */
type Algorithm = (theta: number, g: number, t: number, state: Record<string, number>) => number;

const sgdAlgorithm =
  ({ lr = 0.1, momentum = 0, dampening = 0, decay = 0, nesterov = false }): Algorithm =>
  (theta, gradient, t, state) => {
    let g = gradient;
    if (decay !== 0) g += decay * theta;
    if (momentum !== 0) {
      state.b = t > 1 ? momentum * state.b + (1 - dampening) * g : g;
      g = nesterov ? g + momentum * state.b : state.b;
    }
    return theta - lr * g;
  };

const adamAlgorithm =
  ({ lr = 0.001, b1 = 0.9, b2 = 0.999, eps = 1e-8, l2 = 0, decoupled = 0 }): Algorithm =>
  (start, gradient, t, state) => {
    const theta = start - lr * decoupled * start;
    const g = gradient + l2 * start;
    state.m = b1 * (state.m ?? 0) + (1 - b1) * g;
    state.v = b2 * (state.v ?? 0) + (1 - b2) * g ** 2;
    const [mHat, vHat] = [state.m / (1 - b1 ** t), state.v / (1 - b2 ** t)];
    return theta - (lr * mHat) / (Math.sqrt(vHat) + eps);
  };

const rmspropAlgorithm =
  ({ lr = 0.01, alpha = 0.99, eps = 1e-8, decay = 0, momentum = 0, centered = false }): Algorithm =>
  (theta, gradient, _, state) => {
    const g = gradient + decay * theta;
    state.v = alpha * (state.v ?? 0) + (1 - alpha) * g ** 2;
    let spread = state.v;
    if (centered) {
      state.a = alpha * (state.a ?? 0) + (1 - alpha) * g;
      spread -= state.a ** 2;
    }
    const step = g / (Math.sqrt(spread) + eps);
    if (momentum === 0) return theta - lr * step;
    state.b = momentum * (state.b ?? 0) + step;
    return theta - lr * state.b;
  };

const adagradAlgorithm =
  ({ lr = 0.01, lrDecay = 0, eps = 1e-10, decay = 0 }): Algorithm =>
  (theta, gradient, t, state) => {
    const g = gradient + decay * theta;
    state.sum = (state.sum ?? 0) + g ** 2;
    return theta - ((lr / (1 + (t - 1) * lrDecay)) * g) / (Math.sqrt(state.sum) + eps);
  };

const cases: [name: string, optimizer: Optimizer, algorithm: Algorithm][] = [
  ['SGD', sgd({ learningRate: 0.1 }), sgdAlgorithm({})],
  ['SGD, weight decay', sgd({ learningRate: 0.1, weightDecay: 0.05 }), sgdAlgorithm({ decay: 0.05 })],
  [
    'SGD, momentum, dampening, weight decay',
    sgd({ learningRate: 0.1, momentum: 0.8, dampening: 0.3, weightDecay: 0.01 }),
    sgdAlgorithm({ momentum: 0.8, dampening: 0.3, decay: 0.01 }),
  ],
  [
    'SGD, Nesterov',
    sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
    sgdAlgorithm({ momentum: 0.9, nesterov: true }),
  ],
  ['Adam', adam(), adamAlgorithm({})],
  [
    'Adam, all options',
    adam({ learningRate: 0.05, betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.1 }),
    adamAlgorithm({ lr: 0.05, b1: 0.8, b2: 0.95, eps: 1e-3, l2: 0.1 }),
  ],
  ['AdamW', adamW(), adamAlgorithm({ decoupled: 0.01 })],
  [
    'AdamW, weight decay',
    adamW({ learningRate: 0.1, weightDecay: 0.2 }),
    adamAlgorithm({ lr: 0.1, decoupled: 0.2 }),
  ],
  ['RMSprop', rmsprop(), rmspropAlgorithm({})],
  [
    'RMSprop, all options',
    rmsprop({ learningRate: 0.02, alpha: 0.9, eps: 1e-2, weightDecay: 0.1, momentum: 0.7, centered: true }),
    rmspropAlgorithm({ lr: 0.02, alpha: 0.9, eps: 1e-2, decay: 0.1, momentum: 0.7, centered: true }),
  ],
  ['Adagrad', adagrad(), adagradAlgorithm({})],
  [
    'Adagrad, all options',
    adagrad({ learningRate: 0.3, learningRateDecay: 0.1, eps: 1e-3, weightDecay: 0.05 }),
    adagradAlgorithm({ lr: 0.3, lrDecay: 0.1, eps: 1e-3, decay: 0.05 }),
  ],
];

describe('PyTorch’s algorithms in float64', () => {
  // Gradients of all sizes, with changes of sign.
  const gradients = reals(60, 5, 3).map((v, i) => Math.fround(v * 10 ** ((i % 5) - 2)));

  test.each(cases)('%s, 60 steps', (_, optimizer, algorithm) => {
    const got = descend(optimizer, 1.5, 60, { target: (step, w) => Math.fround(w - gradients[step - 1]) });
    const state: Record<string, number> = {};
    let theta = 1.5;
    const expected = Array.from({ length: 60 }, (_, i) => {
      // The gradient that float32 makes of the target: what the optimizer is given.
      const before = i === 0 ? 1.5 : got[i - 1];
      const g = before - Math.fround(before - gradients[i]);
      theta = algorithm(theta, g, i + 1, state);
      return theta;
    });
    expectNear(got, expected, 2e-5);
  });
});

describe('around the step', () => {
  const plain = sgd({ learningRate: 1 });
  const far = { target: (_: number, w: number) => w - 8 };

  test('clipNorm is clip_grad_norm_: g · max / (‖g‖ + 1e-6), if that is less', () => {
    expectNear(descend(plain, 1, 1, { ...far, update: { clipNorm: 2 } }), [1 - (8 * 2) / (8 + 1e-6)]);
    expectNear(descend(plain, 1, 1, { ...far, update: { clipNorm: 20 } }), [-7]);
  });

  test('clipNorm takes the norm of all parameters together', () => {
    const model = sequential(2, [dense(3, { activation: 'tanh' }), dense(2)], { seed: 3 });
    const before = model.parameters.map(({ values }) => values.slice());
    const compiled = new CompiledModel(engine, model, {
      maxRows: 4,
      loss: 'meanSquaredError',
      optimizer: plain,
      update: { clipNorm: 0.25 },
    });
    const plan = compiled.plan(4);
    plan.inputs.write(reals(8, 1));
    plan.targets!.write(reals(8, 2, 5));
    plan.loaded();
    plan.forward(true);
    plan.loss();
    plan.step(1);
    compiled.download();
    let squares = 0;
    for (const [i, { values }] of model.parameters.entries())
      for (const [j, v] of values.entries()) squares += (v - before[i][j]) ** 2;
    expect(Math.sqrt(squares)).toBeCloseTo(0.25, 5);
    compiled.dispose();
  });

  test('clipValue is clip_grad_value_', () => {
    expectNear(descend(plain, 1, 1, { ...far, update: { clipValue: 3 } }), [-2]);
  });

  test('penalties: the gradient has l2 · w + l1 · sign w', () => {
    const still = { target: (_: number, w: number) => w };
    expectNear(descend(plain, -2, 1, { ...still, update: { l2: 0.1 } }), [-1.8]);
    expectNear(descend(plain, -2, 1, { ...still, update: { l1: 0.1 } }), [-1.9]);
  });

  test('the moving average, by its definition', () => {
    const model = sequential(1, [dense(1, { bias: false })], { seed: 1 });
    const compiled = new CompiledModel(engine, model, {
      maxRows: 1,
      loss: 'meanSquaredError',
      optimizer: sgd({ learningRate: 0.1 }),
      update: { averageDecay: 0.9 },
    });
    const plan = compiled.plan(1);
    let average: number = model.parameters[0].values[0];
    for (let i = 0; i < 5; i++) {
      plan.inputs.write([1]);
      plan.targets!.write([i]);
      plan.loaded();
      plan.forward(true);
      plan.loss();
      plan.step(0.1);
      compiled.download();
      average = 0.9 * average + 0.1 * model.parameters[0].values[0];
    }
    const last = model.parameters[0].values[0];
    expectNear(compiled.readState().get('average/0.weight')!, [average]);
    compiled.swapAverage();
    compiled.download();
    expectNear(model.parameters[0].values, [average]);
    compiled.swapAverage();
    compiled.download();
    expect(model.parameters[0].values[0]).toBe(last);
    compiled.dispose();
  });
});
