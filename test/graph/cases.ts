/** Functions of values, layers, and functions of images: a line for each that has a gradient. */
import * as f from '../../src/graph/functions.js';
import { pad } from '../../src/graph/image-functions.js';
import { input, literal } from '../../src/graph/leaves.js';
import type { Value } from '../../src/graph/value.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { parameter } from '../../src/nn/layer.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { avgPool2d, globalAvgPool, globalMaxPool, maxPool2d, upsample } from '../../src/nn/pool.js';

/** An input, and values in this shape that depend on it and on parameters. */
export function madeOf(dims: readonly number[]): { x: Value; y: Value } {
  const x = input([4]);
  const size = dims.reduce((a, b) => a * b);
  return { x, y: f.reshape(dense(size, { weightInitializer: 'glorotUniform' })(x), dims) };
}

/** Numbers before and after, axis by axis. */
const pairs = (...own: [before: number, after: number][]) => own;

const positive = (y: Value) => f.add(f.square(y), 0.5);

/** Functions of [rows, 2, 3]. */
export const ofValues: Record<string, (y: Value) => Value> = {
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

/** Layers on [rows, 2, 3]: values with more than one axis a row. */
export const layers: Record<string, (y: Value) => Value> = {
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

/** Functions of images [rows, 4, 5, 3]. */
export const ofImages: Record<string, (y: Value) => Value> = {
  'maxPool2d 2': maxPool2d(2),
  'maxPool2d with overlap and padding': maxPool2d(3, { stride: 2, padding: 1 }),
  'maxPool2d with dilation': maxPool2d(2, { stride: 1, dilation: [2, 3] }),
  'maxPool2d same': maxPool2d([2, 3], { padding: 'same' }),
  'avgPool2d 2': avgPool2d(2),
  'avgPool2d with overlap and padding': avgPool2d(3, { stride: [1, 2], padding: 1 }),
  'avgPool2d that counts the padding': avgPool2d(3, {
    stride: 2,
    padding: 1,
    countIncludePad: true,
    ceilMode: true,
  }),
  'avgPool2d with dilation': avgPool2d(2, { stride: 1, dilation: 2 }),
  globalAvgPool: globalAvgPool(),
  globalMaxPool: globalMaxPool(),
  'upsample nearest': upsample({ scale: 2 }),
  'upsample nearest, to a size': upsample({ size: [3, 7] }),
  'upsample bilinear': upsample({ scale: [3, 2], mode: 'bilinear' }),
  'upsample bilinear, to a size': upsample({ size: [7, 3], mode: 'bilinear' }),
  pad: (y) => pad(y, pairs([1, 0], [0, 2], [1, 1]), { value: 2 }),
  'pad reflect': (y) => pad(y, pairs([3, 1], [0, 2], [0, 0]), { mode: 'reflect' }),
  'pad edge': (y) => pad(y, pairs([3, 6], [1, 2], [0, 0]), { mode: 'edge' }),
  'dropout of channels': (y) => dropout(0.4, { channels: true })(y),
  'batchNorm of channels': (y) => batchNorm()(y),
  'all in a row': (y) =>
    globalAvgPool()(maxPool2d(2)(batchNorm()(upsample({ scale: 2, mode: 'bilinear' })(y)))),
};
