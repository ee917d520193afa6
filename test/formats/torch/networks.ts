/** The networks of fixtures.py, written anew; their inputs, and what PyTorch gives for them. */
import { readFileSync } from 'node:fs';
import * as F from '../../../src/graph/functions.js';
import { input } from '../../../src/graph/leaves.js';
import type { Value } from '../../../src/graph/value.js';
import { activation } from '../../../src/nn/activations.js';
import { conv2d, depthwiseConv2d } from '../../../src/nn/conv.js';
import { convTranspose2d } from '../../../src/nn/conv-transpose.js';
import { dense } from '../../../src/nn/dense.js';
import { dropout } from '../../../src/nn/dropout.js';
import { layer } from '../../../src/nn/layer.js';
import type { Network } from '../../../src/nn/model.js';
import { network } from '../../../src/nn/network.js';
import { batchNorm } from '../../../src/nn/normalization.js';
import { avgPool2d, globalAvgPool, maxPool2d, upsample } from '../../../src/nn/pool.js';
import { flatten, reshape } from '../../../src/nn/reshape.js';
import { sequential } from '../../../src/nn/sequential.js';
import { channelsLast, numbers } from '../../networks/numbers.js';

const bare = { bias: false } as const;

const residual = (channels: number, stride: number) =>
  layer('residual', (x) => {
    const a = F.relu(batchNorm()(conv2d(channels, 3, { stride, padding: 1, ...bare })(x)));
    const b = batchNorm()(conv2d(channels, 3, { padding: 1, ...bare })(a));
    const skip = stride === 1 ? x : batchNorm()(conv2d(channels, 1, { stride, ...bare })(x));
    return F.relu(F.add(b, skip));
  });

const relu6 = (x: Value) => F.minimum(F.relu(x), 6);

/** As lists of layers those that are nn.Sequential there. */
export const networks: Readonly<Record<string, () => Network>> = {
  lenet: () =>
    sequential(
      [16, 16, 1],
      [
        ...[conv2d(3, 5, { padding: 2, activation: 'tanh' }), avgPool2d(2)],
        ...[conv2d(4, 5, { padding: 2, activation: 'relu' }), maxPool2d(3, { stride: 2, padding: 1 })],
        ...[flatten(), dense(10, { activation: 'relu' }), dropout(0.5), dense(5)],
      ],
    ),
  resnet() {
    const x = input([8, 8, 3]);
    const a = F.relu(batchNorm()(conv2d(4, 3, { padding: 1, ...bare })(x)));
    return network(x, dense(3)(globalAvgPool()(residual(6, 2)(residual(4, 1)(a)))));
  },
  mobile() {
    const x = input([6, 8, 2]);
    const a = relu6(batchNorm()(conv2d(6, 1, bare)(x)));
    const b = relu6(batchNorm()(depthwiseConv2d(3, { stride: 2, padding: 1, ...bare })(a)));
    const c = conv2d(4, 1)(b);
    return network(x, F.add(dense(5)(flatten(c)), dense(5)(F.mean(c, { axis: [1, 2] }))));
  },
  flat: () => sequential([4, 5, 2], [conv2d(3, 2), flatten(), batchNorm(), activation('sigmoid'), dense(3)]),
  decoder: () =>
    sequential(5, [
      ...[dense(24), activation('leakyRelu', { negativeSlope: 0.2 }), reshape([2, 3, 4])],
      ...[convTranspose2d(2, 3, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }), activation('elu')],
      ...[
        upsample({ scale: 2 }),
        conv2d(3, 3, { padding: [2, 1, 1, 0] }),
        upsample({ scale: 2, mode: 'bilinear' }),
      ],
    ]),
};

export function fileOf(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, import.meta.url)));
}

interface Output {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

const outputs: Readonly<Record<string, Output>> = JSON.parse(
  readFileSync(new URL('outputs.json', import.meta.url), 'utf8'),
);

/** Two rows of inputs, and what PyTorch gives for them, in our order of axes. */
export function recorded(name: string, { inputs }: Network): { x: number[]; y: number[] } {
  const [{ shape }] = inputs;
  const x = [...numbers(2 * shape.reduce((a, b) => a * b, 1), 3)];
  const { shape: dims, values } = outputs[name];
  return {
    x: shape.length === 3 ? channelsLast(x, [2, shape[2], shape[0], shape[1]]) : x,
    y: dims.length === 4 ? channelsLast(values, dims) : [...values],
  };
}
