import * as F from '../../../src/graph/functions.js';
import { pad } from '../../../src/graph/image-functions.js';
import { input, literal } from '../../../src/graph/leaves.js';
import type { Value } from '../../../src/graph/value.js';
import { activation } from '../../../src/nn/activations.js';
import { conv1d, conv2d, depthwiseConv2d, separableConv2d } from '../../../src/nn/conv.js';
import { convTranspose2d } from '../../../src/nn/conv-transpose.js';
import { dense } from '../../../src/nn/dense.js';
import { dropout } from '../../../src/nn/dropout.js';
import { constant, randomNormal } from '../../../src/nn/initializers.js';
import { type Layer, parameter } from '../../../src/nn/layer.js';
import type { Network } from '../../../src/nn/model.js';
import { network } from '../../../src/nn/network.js';
import { batchNorm, layerNorm, normalization } from '../../../src/nn/normalization.js';
import { avgPool2d, globalAvgPool, globalMaxPool, maxPool2d, upsample } from '../../../src/nn/pool.js';
import { flatten, reshape } from '../../../src/nn/reshape.js';
import { sequential } from '../../../src/nn/sequential.js';
import { reals } from '../../kernels/harness.js';

/** An input [H, W, C], and what is made of it, whatever its shape. */
const of = (shape: readonly number[], make: (x: Value) => Value) => () => {
  const x = input(shape);
  const y = make(x);
  return network(x, y.shape.dims.length > 0 ? y : F.reshape(y, [1]), { seed: 4 });
};

const list = (shape: readonly number[], layers: () => Layer[]) => () =>
  sequential(shape, layers(), { seed: 5 });

export const conv = (channels = 3) => conv2d(channels, 3, { padding: 'same' });

function residual(x: Value, channels: number, stride: number): Value {
  const a = F.relu(batchNorm()(conv2d(channels, 3, { stride, padding: 1, bias: false })(x)));
  const b = batchNorm()(conv2d(channels, 3, { padding: 1, bias: false })(a));
  const skip = stride === 1 ? x : batchNorm()(conv2d(channels, 1, { stride, bias: false })(x));
  return F.relu(F.add(b, skip));
}

/** What each is, its model, and how many Transposes the file has. */
export const imageModels: Record<string, [make: () => Network, transposes: number]> = {
  lenet: [
    list([12, 12, 1], () => [
      ...[conv2d(6, 5, { padding: 2, activation: 'tanh' }), avgPool2d(2)],
      ...[conv2d(8, 3, { activation: 'relu' }), maxPool2d(2), flatten(), dense(7, { activation: 'relu' })],
      dense(4),
    ]),
    0,
  ],
  'a residual network': [
    of([8, 8, 3], (x) => {
      const a = F.relu(batchNorm()(conv2d(4, 3, { padding: 1, bias: false })(x)));
      return dense(3)(globalAvgPool()(residual(residual(a, 4, 1), 6, 2)));
    }),
    0,
  ],
  'layers of every kind between flatten and dense': [
    list([5, 5, 2], () => [
      ...[conv(), dropout(0.5, { channels: true }), batchNorm({ affine: false }), flatten(), dropout(0.5)],
      ...[activation('gelu'), batchNorm(), batchNorm({ affine: false }), dense(3)],
    ]),
    0,
  ],
  'depthwise, separable and in groups': [
    list([7, 6, 4], () => [
      ...[depthwiseConv2d(3, { stride: 2, padding: 'same', multiplier: 2 }), separableConv2d(6, 2)],
      ...[conv2d(4, [1, 2], { groups: 2, dilation: 2, padding: [1, 0, 2, 1] }), globalMaxPool()],
    ]),
    0,
  ],
  'an image to an image': [
    list([4, 6, 2], () => [
      ...[conv(), maxPool2d(2), activation('silu'), upsample({ scale: 2, mode: 'bilinear' })],
      convTranspose2d(2, 3, { stride: 2, padding: 'same', groups: 1 }),
    ]),
    0,
  ],
  'transposed convolutions': [
    list([3, 4, 4], () => [
      convTranspose2d(6, [3, 2], { stride: [2, 3], padding: 1, outputPadding: [1, 2], groups: 2 }),
      convTranspose2d(2, 2, { stride: 3, padding: 'same' }),
      convTranspose2d(2, 3, { dilation: 2, padding: [1, 0, 2, 3], bias: false }),
    ]),
    0,
  ],
  'pools with padding, dilation and windows at the end': [
    of([7, 9, 3], (x) =>
      F.concat(
        [
          maxPool2d(3, { stride: 2, padding: 1, ceilMode: true }),
          maxPool2d(2, { stride: 3, ceilMode: true }),
          maxPool2d(3, { dilation: 2, padding: [3, 1], stride: 2, ceilMode: true }),
          avgPool2d(3, { stride: 2, padding: 1 }),
          avgPool2d(2, { stride: 2, padding: 1, ceilMode: true }),
          avgPool2d(3, { stride: 2, padding: 1, countIncludePad: true }),
          avgPool2d(4, { stride: 3, padding: [1, 2, 0, 1], countIncludePad: true, ceilMode: true }),
          avgPool2d(2, { dilation: 2 }),
        ].map((layer) => globalAvgPool()(F.square(layer(conv()(x))))),
      ),
    ),
    0,
  ],
  'sizes that are no multiples': [
    of([5, 7, 2], (x) =>
      F.concat([
        flatten(upsample({ size: [8, 3] })(conv()(x))),
        flatten(upsample({ size: [3, 11], mode: 'bilinear' })(conv()(x))),
        flatten(upsample({ scale: [1, 3] })(conv()(x))),
      ]),
    ),
    3,
  ],
  padding: [
    of([4, 5, 2], (x) => {
      const h = pad(
        conv()(x),
        [
          [1, 0],
          [2, 1],
          [0, 1],
        ],
        { value: 0.25 },
      );
      return dense(2)(
        flatten(
          conv2d(
            2,
            3,
          )(
            pad(
              h,
              [
                [1, 2],
                [0, 1],
                [0, 0],
              ],
              { mode: 'reflect' },
            ),
          ),
        ),
      );
    }),
    0,
  ],
  'an edge that is repeated': [
    of([4, 5, 2], (x) =>
      conv()(
        pad(
          x,
          [
            [1, 2],
            [0, 1],
            [0, 0],
          ],
          { mode: 'edge' },
        ),
      ),
    ),
    0,
  ],
  'numbers, channels and pictures that meet images': [
    of([4, 4, 3], (x) => {
      const mean = literal([0.5, 0.4, 0.3], [3]);
      const mask = literal(reals(16, 3), [4, 4, 1]);
      const gain = parameter('gain', [3], constant(1.5));
      const h = F.mul(conv()(F.div(F.sub(x, mean), 0.25)), F.add(F.mul(gain, 2), 0));
      return globalAvgPool()(F.maximum(F.where(F.less(h, 0), F.mul(h, mask), h), -1));
    }),
    1,
  ],
  'channels cut, joined, and their softmax': [
    of([4, 4, 4], (x) => {
      const h = conv(4)(x);
      const [a, b] = [F.slice(h, -1, 0, 2), F.slice(h, -1, 2)];
      return F.softmax(conv(3)(F.concat([F.slice(F.mul(a, F.sigmoid(b)), 1, 1, 3), F.slice(a, 1, 1, 3)])));
    }),
    0,
  ],
  'attention over channels': [
    of([4, 4, 4], (x) => {
      const h = conv(4)(x);
      const s = dense(4, { activation: 'sigmoid' })(dense(2, { activation: 'relu' })(globalAvgPool()(h)));
      return dense(2)(flatten(conv()(F.mul(h, F.reshape(s, [1, 1, 4])))));
    }),
    0,
  ],
  'a norm of pixels, in our own order': [
    list([4, 4, 3], () => [conv(), layerNorm(), conv(2), flatten(), layerNorm(), dense(2)]),
    3,
  ],
  'means of rows and of columns': [
    of([4, 6, 3], (x) => {
      const h = conv()(x);
      return F.concat([F.mean(h, { axis: 1 }), F.sum(h, { axis: 1 }), F.max(h, { axis: 2 })], 1);
    }),
    3,
  ],
  'rows that become images': [list([16], () => [reshape([4, 4, 1]), conv(), flatten(), dense(2)]), 0],
  'rows that become images of several channels': [
    list([24], () => [dense(24), reshape([2, 4, 3]), conv(), flatten(), dense(2)]),
    1,
  ],
  series: [
    list([8, 3], () => [conv1d(4, 3, { padding: 'same', activation: 'relu' }), flatten(), dense(2)]),
    2,
  ],
  'a kernel that is computed, and weights that are read in two orders': [
    of([4, 4, 2], (x) => {
      const w = parameter('w', [3, 3, 2, 2], randomNormal(0.5));
      const v = parameter('v', [32, 3], randomNormal(0.5));
      const h = conv2d(conv2d(x, w, { padding: 1 }), F.mul(F.tanh(w), 2), { padding: 1 });
      const rows = F.tanh(flatten(h));
      return F.concat([F.matmul(rows, v), F.matmul(F.matmul(rows, v), F.transpose(v))]);
    }),
    1,
  ],
  'channels normalised': [
    list([4, 5, 3], () => [
      normalization({ mean: [0.1, 0.2, -0.3], deviation: [0.5, 2, 1.5] }),
      ...[conv(2), flatten(), dense(2)],
    ]),
    0,
  ],
  'one channel normalised': [
    list([4, 5, 1], () => [normalization({ mean: [0.1], deviation: [0.5] }), conv(2), flatten(), dense(2)]),
    0,
  ],
  'images without an operator of images': [
    list([3, 3, 2], () => [activation('tanh'), flatten(), dense(2)]),
    0,
  ],
};
