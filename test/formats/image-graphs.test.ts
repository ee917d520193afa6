/** Model files of graphs of images: back as they were; and attributes that are none. */
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { readModel, writeModel } from '../../src/formats/model.js';
import * as F from '../../src/graph/functions.js';
import { pad } from '../../src/graph/image-functions.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { describeGraph } from '../../src/nn/graph-file.js';
import { network } from '../../src/nn/network.js';
import { avgPool2d, globalAvgPool, globalMaxPool, maxPool2d, upsample } from '../../src/nn/pool.js';
import { isSequential, sequential } from '../../src/nn/sequential.js';
import { reals } from '../kernels/harness.js';
import { strict } from '../train/fit-setting.js';
import { closeFile, openFile, outputsOf } from './graphs.js';

function images() {
  const x = input([5, 6, 3]);
  const h = dropout(0.3, { channels: true })(dense(4, { activation: 'relu' })(x));
  const frame: [number, number][] = [
    [1, 0],
    [0, 2],
    [0, 0],
  ];
  const values = [
    ...[maxPool2d(2)(h), maxPool2d(3, { stride: 2, padding: 1, ceilMode: true })(h)],
    ...[avgPool2d(2, { padding: 'same' })(h), avgPool2d(3, { padding: 1, countIncludePad: true })(h)],
    ...[upsample({ scale: 2 })(h), upsample({ size: [7, 3], mode: 'bilinear' })(h)],
    ...[pad(h, frame, { value: 0.5 }), pad(h, frame, { mode: 'reflect' }), pad(h, frame, { mode: 'edge' })],
    ...[globalAvgPool()(h), globalMaxPool()(h)],
  ];
  return network(x, F.concat(values.map((value) => F.flatten(value))), { seed: 4 });
}

test('a graph of images comes back with its outputs and its bytes', () => {
  const model = images();
  const bytes = writeModel(model);
  const { model: read } = readModel(bytes, 'file');
  expect(describeGraph(read)).toEqual(describeGraph(model));
  expect(writeModel(read)).toEqual(bytes);
  const numbers = [Float32Array.from(reals(3 * 90, 2))];
  expect(outputsOf(read, numbers, 3, strict)).toEqual(outputsOf(model, numbers, 3, strict));
});

test('so does a list of layers', () => {
  const layers = [
    ...[dense(4), maxPool2d([2, 1], { dilation: [1, 2] }), dropout(0.2, { channels: true }), avgPool2d(2)],
    ...[upsample({ size: 3 }), globalMaxPool(), dense(2)],
  ];
  const model = sequential([6, 6, 2], layers, { seed: 1 });
  const { model: read } = readModel(writeModel(model), 'file');
  if (!isSequential(read)) throw new Error('expected a list of layers');
  expect(read.layers.map(({ kind, config }) => [kind, config])).toEqual(
    layers.map(({ kind, config }) => [kind, config]),
  );
  expect(read.sizes).toEqual(model.sizes);
});

describe('attributes that are none', () => {
  test.each<[op: string, attributes: object, message: RegExp]>([
    ['maxPool2d', { size: [2] }, /option size: expected/],
    ['maxPool2d', { size: [2, 0] }, /option size: expected/],
    ['maxPool2d', { strides: [1, 0] }, /option strides: expected/],
    ['maxPool2d', { dilations: [1.5, 1] }, /option dilations: expected/],
    ['maxPool2d', { padding: [0, 0, 0] }, /option padding: expected/],
    ['maxPool2d', { padding: [0, -1, 0, 0] }, /option padding: expected/],
    ['maxPool2d', { size: [7, 2] }, /window of 7 is larger than 5 pixels/],
    ['maxPool2d', { padding: [2 ** 20, 0, 0, 0] }, /lies within the padding/],
    ['maxPool2d', { ceilMode: 1 }, /option ceilMode: expected/],
    ['avgPool2d', { countIncludePad: 'yes' }, /option countIncludePad: expected/],
    ['upsample2d', { size: [0, 3] }, /option size: expected/],
    ['upsample2d', { mode: 'cubic' }, /option mode: expected/],
    ['pad', { amounts: [[1, 1]] }, /expected 3 pairs/],
    ['pad', { amounts: [1, 1, 1] }, /option amounts: expected/],
    [
      'pad',
      {
        amounts: [
          [1, 2 ** 40],
          [0, 0],
          [0, 0],
        ],
      },
      /amounts/,
    ],
    ['pad', { value: 1e300 }, /option value: expected/],
    ['dropout', { channels: null }, /option channels: expected/],
  ])('%s %j', (op, attributes, message) => {
    const file = openFile(writeModel(images()));
    const { nodes } = file.description.graph ?? file.description;
    const node = nodes.find((own: { op: string }) => own.op === op);
    Object.assign(node, attributes);
    const tampered = () => readModel(closeFile(file), 'file');
    expect(tampered).toThrow(FormatError);
    expect(tampered).toThrow(message);
  });
});
