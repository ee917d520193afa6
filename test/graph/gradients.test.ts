/** Every function of values: its gradient in float64 against finite differences, by way of `gradcheck`. */
import { describe, expect, test } from 'vitest';
import * as f from '../../src/graph/functions.js';
import { input, literal } from '../../src/graph/leaves.js';
import type { Value } from '../../src/graph/value.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { parameter } from '../../src/nn/layer.js';
import { network } from '../../src/nn/network.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { gradcheck } from '../../src/train/gradcheck.js';

/** [rows, 2, 3] that depend on an input and on parameters. */
function cube(): { x: Value; y: Value } {
  const x = input([4]);
  return { x, y: f.reshape(dense(6, { weightInitializer: 'glorotUniform' })(x), [2, 3]) };
}

const positive = (y: Value) => f.add(f.square(y), 0.5);

const cases: Record<string, (y: Value) => Value> = {
  add: (y) => f.add(y, f.slice(y, 2, 0, 1)),
  'add of what is stretched': (y) =>
    f.add(f.sum(y, { axis: 1, keepAxes: true }), parameter('b', [2, 1], 'heNormal')),
  sub: (y) => f.sub(2, f.sub(y, parameter('b', [3], 'glorotUniform' as never))),
  mul: (y) => f.mul(y, f.slice(y, 1, 1)),
  'mul by a number': (y) => f.mul(y, -3),
  div: (y) => f.div(y, positive(f.slice(y, -1, 2))),
  pow: (y) => f.pow(positive(y), f.slice(y, 1, 0, 1)),
  maximum: (y) => f.maximum(y, f.neg(f.slice(y, 1, 0, 1))),
  minimum: (y) => f.minimum(y, 0.1),
  where: (y) => f.where(f.greater(y, 0.2), f.square(y), f.slice(y, 1, 0, 1)),
  neg: f.neg,
  exp: f.exp,
  log: (y) => f.log(positive(y)),
  sqrt: (y) => f.sqrt(positive(y)),
  square: f.square,
  abs: f.abs,
  sin: f.sin,
  cos: f.cos,
  reciprocal: (y) => f.reciprocal(positive(y)),
  erf: f.erf,
  relu: f.relu,
  sigmoid: f.sigmoid,
  tanh: f.tanh,
  gelu: f.gelu,
  silu: f.silu,
  softplus: f.softplus,
  leakyRelu: f.leakyRelu,
  elu: f.elu,
  'sum over one axis': (y) => f.sum(y, { axis: 1 }),
  'sum over two axes': (y) => f.sum(y, { axis: [1, 2] }),
  'sum over the rows': (y) => f.mul(y, f.sum(y, { axis: 0 })),
  mean: (y) => f.mean(y, { axis: -1 }),
  'mean of everything': (y) => f.mul(y, f.mean(y)),
  max: (y) => f.max(y, { axis: 2 }),
  min: (y) => f.min(y, { axis: [1, 2], keepAxes: true }),
  softmax: f.softmax,
  'softmax over another axis': (y) => f.softmax(y, { axis: 1 }),
  logSoftmax: f.logSoftmax,
  matmul: (y) => f.matmul(y, parameter('w', [3, 5], 'glorotUniform')),
  'matmul of batches': (y) => f.matmul(y, f.transpose(y)),
  'matmul of batches the other way round': (y) => f.matmul(f.transpose(y), y),
  'matmul by a turned matrix': (y) => f.matmul(y, f.transpose(parameter('w', [5, 3], 'glorotUniform'))),
  dot: (y) => f.dot(y, f.exp(y)),
  reshape: (y) => f.square(f.reshape(y, [3, -1])),
  flatten: (y) => f.flatten(f.square(y)),
  transpose: (y) => f.mul(f.transpose(y), literal([1, 2, 3, 4, 5, 6], [3, 2])),
  'transpose of three': (y) =>
    f.mul(f.transpose(f.reshape(y, [1, 2, 3]), [0, 3, 1, 2]), literal([1, 2], [2])),
  slice: (y) => f.slice(y, 2, 1, 3),
  concat: (y) => f.concat([y, f.square(y), f.slice(y, 1, 0, 1)], 1),
  take: (y) =>
    f.add(
      y,
      f.sum(f.take(parameter('t', [4, 3], 'glorotUniform'), f.oneHot(f.slice(f.flatten(y), 1, 0, 1), 2)), {
        axis: 1,
        keepAxes: true,
      }),
    ),
  'a reshaped parameter': (y) => f.mul(y, f.reshape(parameter('p', [3, 2], 'glorotUniform'), [2, 3])),
  'a value used three times': (y) => f.add(f.add(y, f.tanh(y)), f.mul(y, y)),
};

/** Layers on values with more than one axis a row. */
const layers: Record<string, (y: Value) => Value> = {
  dense: (y) => dense(4, { activation: 'tanh' })(y),
  'dense of gelu': (y) => dense(4, { activation: 'gelu' })(y),
  batchNorm: (y) => batchNorm()(y),
  layerNorm: (y) => layerNorm()(y),
  'layerNorm without weights': (y) => layerNorm({ affine: false })(y),
  dropout: (y) => dropout(0.4)(y),
  'attention with a causal mask': (y) => {
    const [q, k, v] = [1, 2, 3].map(() => dense(3)(y));
    const mask = literal([0, 1, 0, 0], [2, 2]);
    const scores = f.where(mask, -1e9, f.mul(f.matmul(q, f.transpose(k)), 1 / Math.sqrt(3)));
    return f.matmul(f.softmax(scores), v);
  },
  'two heads': (y) => {
    const heads = (x: Value) => f.transpose(f.reshape(dense(4)(x), [2, 2, 2]), [0, 2, 1, 3]);
    const [q, k, v] = [heads(y), heads(y), heads(y)];
    return f.transpose(f.matmul(f.softmax(f.matmul(q, f.transpose(k))), v), [0, 2, 1, 3]);
  },
  'a layer that is called twice': (y) => {
    const shared = dense(3, { activation: 'sigmoid' });
    return shared(shared(y));
  },
};

describe('gradients of functions of values', () => {
  test.each(Object.entries({ ...cases, ...layers }))('%s', (_, compute) => {
    const { x, y } = cube();
    const model = network(x, f.flatten(compute(y)), { seed: 3 });
    const weighted = ownLoss(({ output, target }) =>
      f.mean(f.square(f.sub(output, f.mul(target, 0.3))), { axis: 1 }),
    );
    const { parameters, passed } = gradcheck(model, { loss: weighted, samples: 12, rows: 3 });
    expect(
      parameters.filter((own) => !own.passed).map(({ name, worst, error }) => ({ name, worst, error })),
    ).toEqual([]);
    expect(passed).toBe(true);
  });
});
