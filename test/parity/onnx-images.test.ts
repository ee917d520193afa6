/**
 * Pooling of every kind that ONNX's own tests of MaxPool and AveragePool have in two dimensions, Resize and Pad:
 * what ONNX Runtime computes of the same numbers.
 */
import { InferenceSession, Tensor } from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { createReferenceEngine } from '../../src/create/reference.js';
import { encodeModel, intTensor, type OnnxAttribute, type OnnxTensor } from '../../src/formats/onnx/proto.js';
import type { Operation } from '../../src/ops/operation.js';
import { pad } from '../../src/ops/pad.js';
import { type AvgPoolAttributes, avgPool2d, maxPool2d } from '../../src/ops/pool.js';
import { upsample2d } from '../../src/ops/upsample.js';
import { reals } from '../kernels/harness.js';
import { engine, expectNear } from './parity.js';

/** Images, channels first as in ONNX. */
type Size = readonly [rows: number, channels: number, height: number, width: number];

/** What ONNX Runtime makes of x by one operator. */
async function onnx(
  operator: string,
  size: Size,
  x: Float32Array,
  attributes: readonly OnnxAttribute[],
  constants: readonly OnnxTensor[] = [],
) {
  const names = operator === 'Resize' ? ['', '', 'sizes'] : constants.map(({ name }) => name);
  const value = (name: string, shape: readonly (number | string)[]) => ({ name, shape, elementType: 1 });
  const model = encodeModel({
    ...{ irVersion: 9, producer: 'test', producerVersion: '1', metadata: new Map(), graphName: 'one' },
    ...{ opsets: new Map([['', 19]]), initializers: constants },
    nodes: [{ name: 'node', operator, domain: '', inputs: ['x', ...names], outputs: ['y'], attributes }],
    ...{ inputs: [value('x', size)], outputs: [value('y', ['n', 'c', 'h', 'w'])] },
  });
  const session = await InferenceSession.create(model.finish(), { logSeverityLevel: 3 });
  const { y } = await session.run({ x: new Tensor('float32', x, size) });
  await session.release();
  return { size: [...y.dims], values: y.data as Float32Array };
}

/** The order of channels: last where they were first, or back. */
function turned(x: ArrayLike<number>, [rows, channels, height, width]: readonly number[], back = false) {
  const y = new Float32Array(x.length);
  for (let i = 0; i < y.length; i++) {
    const [w, h] = [i % width, Math.floor(i / width) % height];
    const [c, m] = [Math.floor(i / width / height) % channels, Math.floor(i / width / height / channels)];
    const last = ((m * height + h) * width + w) * channels + c;
    if (back) y[i] = x[last];
    else y[last] = x[i];
  }
  expect(rows * channels * height * width).toBe(y.length);
  return y;
}

/** What ours makes of it. */
function ours<A>(operation: Operation<A>, [rows, C, H, W]: Size, x: Float32Array, attributes: A) {
  const results = [engine, createReferenceEngine()].map((own) => {
    const arena = own.arena();
    const [{ dims }] = operation.infer('test', [{ rows: true, dims: [H, W, C] }], attributes);
    const y = arena.tensor('float', [rows, ...dims]);
    const calls = operation.bind({
      ...{ attributes, inputs: [arena.tensor('float', [rows, H, W, C]).write(turned(x, [rows, C, H, W]))] },
      ...{ outputs: [y], arena, seed: 0, stream: 0, state: { training: false, step: 1, batch: 0 } },
      ...{ packed: () => undefined, stands: () => false, frozen: () => false },
    });
    for (const call of [calls].flat()) call();
    const size = [rows, dims[2], dims[0], dims[1]];
    const values = turned(y.read(), size, true);
    arena.dispose();
    return { size, values };
  });
  expectNear(results[1].values, results[0].values, 1e-6);
  return results[0];
}

interface Pooling {
  readonly size: Size;
  readonly kernel: number;
  readonly strides?: number;
  readonly pads?: number;
  readonly dilations?: number;
  readonly ceil?: boolean;
  readonly same?: 'SAME_UPPER' | 'SAME_LOWER';
  readonly include?: boolean;
}

const both: Record<string, Pooling> = {
  default: { size: [1, 3, 32, 32], kernel: 2 },
  same_upper: { size: [1, 3, 32, 32], kernel: 2, same: 'SAME_UPPER' },
  same_lower: { size: [1, 3, 32, 32], kernel: 2, same: 'SAME_LOWER' },
  pads: { size: [1, 3, 28, 28], kernel: 3, pads: 2 },
  strides: { size: [1, 3, 32, 32], kernel: 5, strides: 3 },
  ceil: { size: [1, 1, 4, 4], kernel: 3, strides: 2, ceil: true },
  dilations: { size: [1, 1, 4, 4], kernel: 2, dilations: 2 },
  precomputed_pads: { size: [1, 1, 5, 5], kernel: 5, pads: 2 },
  precomputed_same_upper: { size: [1, 1, 5, 5], kernel: 3, strides: 2, same: 'SAME_UPPER' },
  precomputed_strides: { size: [1, 1, 5, 5], kernel: 2, strides: 2 },
  ceil_output_size_reduce_by_one: { size: [1, 1, 2, 2], kernel: 1, strides: 2, ceil: true },
  'ceil with padding, several images': { size: [3, 6, 7, 7], kernel: 3, strides: 2, pads: 1, ceil: true },
};

const means: Record<string, Pooling> = {
  ...both,
  pads_count_include_pad: { size: [1, 3, 28, 28], kernel: 3, pads: 2, include: true },
  precomputed_pads_count_include_pad: { size: [1, 1, 5, 5], kernel: 5, pads: 2, include: true },
  ceil_last_window_starts_on_pad: {
    ...{ size: [1, 3, 2, 2], kernel: 3, strides: 3, pads: 1, ceil: true, include: true },
  },
};

/** Padding as numbers: the odd pixel at the end, or at the beginning. */
function padding({ size: [, , height, width], kernel, strides = 1, pads = 0, same }: Pooling): number[] {
  if (!same) return [pads, pads, pads, pads];
  const all = [height, width].map((n) => Math.max((Math.ceil(n / strides) - 1) * strides + kernel - n, 0));
  const [less, more] = [all.map((n) => n >> 1), all.map((n) => (n + 1) >> 1)];
  return same === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
}

describe.each([
  ['MaxPool', both, maxPool2d],
  ['AveragePool', means, avgPool2d],
] as const)('%s', (operator, cases, operation) => {
  test.each(Object.entries(cases))('%s', async (_, own) => {
    const { size, kernel, strides = 1, dilations = 1, pads = 0, ceil = false, same, include = false } = own;
    const x = Float32Array.from(
      reals(
        size.reduce((a, b) => a * b),
        3,
      ),
    );
    const twice = (value: number) => [value, value];
    const expected = await onnx(operator, size, x, [
      { name: 'kernel_shape', ints: twice(kernel) },
      { name: 'strides', ints: twice(strides) },
      ...(same ? [{ name: 'auto_pad', string: same }] : [{ name: 'pads', ints: [pads, pads, pads, pads] }]),
      { name: 'dilations', ints: twice(dilations) },
      { name: 'ceil_mode', int: Number(ceil) },
      ...(include ? [{ name: 'count_include_pad', int: 1 }] : []),
    ]);
    const got = ours(operation as Operation<AvgPoolAttributes>, size, x, {
      ...{ size: twice(kernel), strides: twice(strides), dilations: twice(dilations), padding: padding(own) },
      ...{ ceilMode: ceil, countIncludePad: include },
    });
    expect(got.size).toEqual(expected.size);
    if (operator === 'MaxPool') expect(got.values).toEqual(expected.values);
    else expectNear(got.values, expected.values, 1e-6);
  });
});

test.each([
  ['nearest', [6, 8]],
  ['nearest', [7, 3]],
  ['bilinear', [6, 8]],
  ['bilinear', [2, 9]],
] as const)('Resize %s to %j', async (mode, to) => {
  const size: Size = [2, 3, 3, 4];
  const x = Float32Array.from(reals(72, 5));
  const expected = await onnx(
    'Resize',
    size,
    x,
    [
      { name: 'mode', string: mode === 'nearest' ? mode : 'linear' },
      { name: 'coordinate_transformation_mode', string: 'half_pixel' },
      { name: 'nearest_mode', string: 'round_prefer_ceil' },
    ],
    [intTensor('sizes', [4], [2, 3, ...to])],
  );
  const got = ours(upsample2d, size, x, { size: to, mode });
  expect(got.size).toEqual(expected.size);
  expectNear(got.values, expected.values, 2e-6);
});

test.each(['constant', 'reflect', 'edge'] as const)('Pad %s', async (mode) => {
  const size: Size = [2, 3, 3, 4];
  const x = Float32Array.from(reals(72, 5));
  const amounts = intTensor('pads', [8], [0, 0, 1, 2, 0, 0, 2, 3]);
  const expected = await onnx('Pad', size, x, [{ name: 'mode', string: mode }], [amounts]);
  const attributes = {
    amounts: [
      [1, 2],
      [2, 3],
      [0, 0],
    ],
    mode,
    value: 0,
  } as const;
  const got = ours(pad, size, x, attributes);
  expect(got).toEqual(expected);
});
