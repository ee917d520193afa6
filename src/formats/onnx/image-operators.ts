/** What each operator on images adds to the model that is being read. */
import { show } from '../../base/errors.js';
import * as F from '../../graph/functions.js';
import { pad } from '../../graph/image-functions.js';
import { permuted } from '../axes.js';
import type { Fail } from '../protobuf.js';
import {
  attributeOf,
  type Flow,
  failer,
  intAttribute,
  intsAttribute,
  numberAttribute,
  wordAttribute,
} from './flow.js';
import type { ShapeNumbers } from './fold.js';
import { finite, moduleOf, type Operator, row } from './operator.js';
import type { OnnxNode, OnnxTensor } from './proto.js';
import type { Reading, StepValue } from './reading.js';
import { resize } from './resize.js';
import { floatValues } from './values.js';

const WINDOW = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides'];

/** By name, of the default domain. */
export const imageOperators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['Conv', { read: conv, inputs: 3, attributes: [...WINDOW, 'group'], ofImages: true, takesPadding: true }],
  [
    'ConvTranspose',
    {
      ...{ read: convTranspose, inputs: 3, ofImages: true },
      attributes: [...WINDOW, 'group', 'output_padding', 'output_shape'],
    },
  ],
  [
    'MaxPool',
    { read: pool, inputs: 1, attributes: [...WINDOW, 'ceil_mode', 'storage_order'], ofImages: true },
  ],
  [
    'AveragePool',
    {
      ...{ read: pool, inputs: 1, ofImages: true, takesPadding: true },
      attributes: [...WINDOW, 'ceil_mode', 'count_include_pad'],
    },
  ],
  ['GlobalAveragePool', { ...globalPool('globalAvgPool'), inputs: 1, attributes: [], ofImages: true }],
  ['GlobalMaxPool', { ...globalPool('globalMaxPool'), inputs: 1, attributes: [], ofImages: true }],
  ['ReduceMean', { read: reduceMean, inputs: 2, attributes: ['axes', 'keepdims', 'noop_with_empty_axes'] }],
  [
    'Resize',
    {
      ...{ read: resize, inputs: 4, ofImages: true },
      attributes: [
        ...['antialias', 'axes', 'coordinate_transformation_mode', 'cubic_coeff_a', 'exclude_outside'],
        ...['extrapolation_value', 'keep_aspect_ratio_policy', 'mode', 'nearest_mode'],
      ],
    },
  ],
  ['Upsample', { read: resize, inputs: 2, attributes: ['mode'], ofImages: true }],
  ['Pad', { read: padding, inputs: 4, attributes: ['mode', 'pads', 'value'], takesPadding: true }],
  ['Transpose', { read: transpose, inputs: 1, attributes: ['perm'] }],
  ['Squeeze', { read: squeeze, inputs: 2, attributes: ['axes'] }],
  ['Clip', { read: clip, inputs: 3, attributes: ['min', 'max'] }],
  ['Max', { read: bound, inputs: 2, attributes: [], symmetric: true }],
  ['Min', { read: bound, inputs: 2, attributes: [], symmetric: true }],
]);

interface Window {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Top, left, bottom, right. */
  readonly padding: readonly number[];
}

/** `lengths`: of the image, height and width; `transposed`: of which the result is stride times as large. */
function windowOf(
  node: OnnxNode,
  size: readonly number[],
  lengths: readonly number[],
  fail: Fail,
  transposed = false,
): Window {
  const two = (name: string, fallback: readonly number[], count = 2) => {
    const values = intsAttribute(node, name, fallback, fail);
    return values.length === count
      ? values
      : fail(`expected ${count} numbers as ${name}, given ${show(values)}`);
  };
  const given = two('kernel_shape', size);
  if (given.join() !== size.join())
    fail(`its kernel_shape ${show(given)} is not that of its weight, ${show(size)}`);
  const [stride, dilation] = [two('strides', [1, 1]), two('dilations', [1, 1])];
  const auto = wordAttribute(node, 'auto_pad', ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'], fail);
  if (auto === 'NOTSET') return { size, stride, dilation, padding: two('pads', [0, 0, 0, 0], 4) };
  if (auto === 'VALID') return { size, stride, dilation, padding: [0, 0, 0, 0] };
  const all = size.map((own, axis) => {
    const extent = dilation[axis] * (own - 1) + 1;
    const reached = transposed ? lengths[axis] : Math.ceil(lengths[axis] / stride[axis]);
    const length = transposed ? lengths[axis] * stride[axis] : lengths[axis];
    return Math.max((reached - 1) * stride[axis] + extent - length, 0);
  });
  const less = all.map((count) => Math.floor(count / 2));
  const more = all.map((count) => Math.ceil(count / 2));
  const [before, after] = auto === 'SAME_UPPER' ? [less, more] : [more, less];
  return { size, stride, dilation, padding: [...before, ...after] };
}

/** Padding that stood in front is part of the layer's own. */
function withPadding(read: Reading, window: Window): Window {
  const { padding } = read;
  if (!padding) return window;
  const dims = read.dims!;
  read.dims = [dims[0], dims[1] - padding[0] - padding[2], dims[2] - padding[1] - padding[3]];
  read.padding = undefined;
  return { ...window, padding: window.padding.map((count, i) => count + padding[i]) };
}

/** [out, in, height, width] as [height, width, in, out]; of a transposed convolution the other way round. */
function kernelOf(node: OnnxNode, flow: Flow, read: Reading): StepValue {
  const fail = failer(node, flow);
  const tensor = flow.constant(node, 1);
  const { dims } = tensor;
  if (dims.length !== 4)
    fail(`expected a weight of two dimensions, [out, in, height, width], given shape ${show(dims)}`);
  const values = finite(floatValues(tensor, fail), fail);
  if (values.length === 0) fail(`expected a weight with values, given shape ${show(dims)}`);
  read.source.claim(values.length, fail);
  const axes = [2, 3, 1, 0];
  return { shape: axes.map((axis) => dims[axis]), values: permuted(values, dims, axes) };
}

function parametersOf(
  node: OnnxNode,
  flow: Flow,
  read: Reading,
  weight: StepValue,
  channels: number,
): Map<string, StepValue> {
  const fail = failer(node, flow);
  const given = flow.optionalConstant(node, 2);
  const parameters = new Map([['weight', weight]]);
  const bias = given && finite(row(given, channels, read, fail), fail);
  return bias ? parameters.set('bias', { shape: [channels], values: bias }) : parameters;
}

function conv(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  const [inputs, ...lengths] = read.requireImages(fail);
  const weight = kernelOf(node, flow, read);
  const [height, width, , channels] = weight.shape;
  const window = withPadding(read, windowOf(node, [height, width], lengths, fail));
  const groups = intAttribute(node, 'group', 1, fail);
  if (weight.shape[2] * groups !== inputs)
    fail(`its weight takes ${weight.shape[2]} channels in ${groups} groups, given ${inputs}`);
  const parameters = parametersOf(node, flow, read, weight, channels);
  const config = { ...window, activation: 'identity', bias: parameters.has('bias') };
  const name = moduleOf(node);
  const isDepthwise = groups === inputs && inputs > 1 && channels % groups === 0;
  const step = isDepthwise
    ? { kind: 'depthwiseConv2d', config: { ...config, multiplier: channels / groups } }
    : { kind: 'conv2d', config: { channels, ...config, groups } };
  read.addImages({ ...step, parameters, name }, fail, true);
}

function convTranspose(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  const [inputs, ...lengths] = read.requireImages(fail);
  const weight = kernelOf(node, flow, read);
  const [height, width, own, from] = weight.shape;
  if (from !== inputs) fail(`its weight takes ${from} channels, given ${inputs}`);
  const groups = intAttribute(node, 'group', 1, fail);
  const channels = own * groups;
  const window = windowOf(node, [height, width], lengths, fail, true);
  let { padding } = window;
  let outputPadding = intsAttribute(node, 'output_padding', [0, 0], fail);
  if (outputPadding.length !== 2) fail(`expected 2 numbers as output_padding, given ${show(outputPadding)}`);
  const reach = lengths.map(
    (length, axis) =>
      (length - 1) * window.stride[axis] + window.dilation[axis] * (window.size[axis] - 1) + 1,
  );
  const target = intsAttribute(node, 'output_shape', [], fail);
  const isSame = attributeOf(node, 'auto_pad')?.string?.startsWith('SAME') ?? false;
  const size = target.length > 0 ? target.slice(-2) : lengths.map((length, i) => length * window.stride[i]);
  if (target.length > 0 || isSame) {
    // What is left over is cut, the odd one at the end; or missing there.
    const over = reach.map((length, axis) => length + outputPadding[axis] - size[axis]);
    const half = (count: number) => Math.floor(Math.max(count, 0) / 2);
    const isLower = attributeOf(node, 'auto_pad')?.string === 'SAME_LOWER' || !isSame;
    const begin = over.map((count) => (isLower ? Math.max(count, 0) - half(count) : half(count)));
    padding = [...begin, ...over.map((count, axis) => Math.max(count, 0) - begin[axis])];
    outputPadding = outputPadding.map((count, axis) => count + Math.max(-over[axis], 0));
  }
  // Rows that are missing at the end, and rows that are cut there, are the same thing.
  const [more, cut] = [[...outputPadding], [...padding]];
  for (const axis of [0, 1]) {
    const both = Math.min(more[axis], cut[axis + 2]);
    more[axis] -= both;
    cut[axis + 2] -= both;
  }
  const parameters = parametersOf(node, flow, read, weight, channels);
  const config = {
    ...{ channels, ...window, padding: cut, activation: 'identity', bias: parameters.has('bias'), groups },
    outputPadding: more,
  };
  read.addImages({ kind: 'convTranspose2d', config, parameters, name: moduleOf(node) }, fail, true);
}

function pool(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  const [, ...lengths] = read.requireImages(fail);
  const isMean = node.operator === 'AveragePool';
  const size = intsAttribute(node, 'kernel_shape', [], fail);
  if (size.length !== 2) fail(`expected a window of two dimensions, given kernel_shape ${show(size)}`);
  if (intAttribute(node, 'storage_order', 0, fail) !== 0) fail('expected storage_order 0');
  const own = windowOf(node, size, lengths, fail);
  const ceilMode = intAttribute(node, 'ceil_mode', 0, fail) !== 0;
  const counts = intAttribute(node, 'count_include_pad', 0, fail) !== 0;
  // Zeros that stand around the image count; those of the operator's own count where it says so.
  if (read.padding && !counts && own.padding.some((count) => count > 0)) read.settlePadding();
  const hasZeros = read.padding !== undefined;
  const window = withPadding(read, own);
  const countIncludePad = isMean && (counts || hasZeros);
  const config = { ...window, ...(ceilMode && { ceilMode }), ...(countIncludePad && { countIncludePad }) };
  read.addImages({ kind: isMean ? 'avgPool2d' : 'maxPool2d', config, parameters: new Map() }, fail);
}

function globalPool(kind: string): Pick<Operator, 'read'> {
  return { read: (node, flow, read) => addGlobal(kind, read, failer(node, flow)) };
}

/** One number a channel: rows here, images of one pixel there. */
function addGlobal(kind: string, read: Reading, fail: Fail): void {
  const [channels] = read.requireImages(fail);
  read.addFunction(kind);
  read.layout = 'pooled';
  read.dims = [channels, 1, 1];
  read.width = channels;
}

/** Over height and width, as exporters write the mean of an image. */
function reduceMean(node: OnnxNode, flow: Flow, read: Reading, shapes: ShapeNumbers): void {
  const fail = failer(node, flow);
  const axes = shapes.numbers(node, 1) ?? intsAttribute(node, 'axes', [], fail);
  const own = axes.map((axis) => (axis < 0 ? axis + read.rank : axis)).sort((a, b) => a - b);
  const isKept = intAttribute(node, 'keepdims', 1, fail) !== 0;
  const isLast = read.layout === 'last' && own.join() === '1,2';
  if (!isLast && own.join() !== '2,3') fail(`expected a mean of height and width, given axes ${show(axes)}`);
  if (isLast) {
    if (isKept) fail('expected it not to keep the axes of images whose channels are last');
    const [, , channels] = read.dims!;
    read.addFunction('globalAvgPool');
    read.width = channels;
  } else addGlobal('globalAvgPool', read, fail);
  if (!isKept) asRows(read);
}

function asRows(read: Reading): void {
  read.layout = 'rows';
  read.rank = 2;
  read.dims = [read.width as number];
}

function squeeze(node: OnnxNode, flow: Flow, read: Reading, shapes: ShapeNumbers): void {
  const fail = failer(node, flow);
  const given = shapes.numbers(node, 1) ?? intsAttribute(node, 'axes', [2, 3], fail);
  const axes = given.map((axis) => (axis < 0 ? axis + read.rank : axis)).sort((a, b) => a - b);
  if (read.layout !== 'pooled' || axes.join() !== '2,3')
    fail('expected it to make rows of images that have become one pixel');
  asRows(read);
}

/** Images change the order of their axes in the file; here they stay as they are. */
function transpose(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  const perm = intsAttribute(node, 'perm', [], fail).join();
  const { dims } = read;
  const [toFirst, toLast] = [perm === '0,3,1,2', perm === '0,2,3,1'];
  if ((!toFirst && !toLast) || dims?.length !== 3) {
    fail(`expected channels that go first or last in images, given perm [${perm}]`);
    return;
  }
  if (read.layout === 'open') read.decide(toFirst ? 'last' : 'first', fail);
  if (read.layout !== (toFirst ? 'last' : 'first'))
    fail(`expected images with their channels ${toFirst ? 'last' : 'first'}`);
  read.dims = toFirst ? [dims[2], dims[0], dims[1]] : [dims[1], dims[2], dims[0]];
  read.layout = toFirst ? 'first' : 'last';
}

function padding(node: OnnxNode, flow: Flow, read: Reading, shapes: ShapeNumbers): void {
  const fail = failer(node, flow);
  const mode = wordAttribute(node, 'mode', ['constant', 'reflect', 'edge'], fail);
  const all = shapes.numbers(node, 1) ?? intsAttribute(node, 'pads', [], fail);
  if (all.length !== 8 || flow.optionalConstant(node, 3))
    fail(`expected two numbers for each of four axes, given ${show(all)}`);
  if (all.some((count) => count < 0)) fail(`expected numbers of at least 0, given ${show(all)}`);
  if (all.every((count) => count === 0)) return;
  if (all[0] !== 0 || all[4] !== 0) fail('expected no padding of the batch');
  const [channels, height, width] = read.requireImages(fail);
  const tensor = flow.optionalConstant(node, 2);
  const value = tensor ? floatValues(tensor, fail)[0] : numberAttribute(node, 'value', 0, fail);
  if (!Number.isFinite(value)) fail(`expected a finite value, given ${value}`);
  const isOfImage = all[1] === 0 && all[5] === 0;
  if (isOfImage && mode === 'constant' && value === 0) {
    const before = read.padding ?? [0, 0, 0, 0];
    read.padding = [all[2], all[3], all[6], all[7]].map((count, i) => count + before[i]);
  } else {
    read.settlePadding();
    const amounts = [2, 3, 1].map((axis) => [all[axis], all[axis + 4]] as const);
    const isLess = amounts.slice(0, 2).every(([a, b], i) => Math.max(a, b) < [height, width][i]);
    if (mode === 'reflect' && !isLess) fail(`expected less padding than the image has pixels`);
    if (mode !== 'constant' && !isOfImage) fail(`mode ${mode}: expected no padding of channels`);
    read.compute('pad', (x) => pad(x, amounts, { mode: mode as 'constant', value }));
  }
  const amounts = [1, 2, 3].map((axis) => all[axis] + all[axis + 4]);
  read.setImages([channels + amounts[0], height + amounts[1], width + amounts[2]], fail);
}

/** As ReLU6 is written. */
function clip(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  const bound = (name: string, place: number): number | undefined => {
    const tensor: OnnxTensor | undefined = flow.optionalConstant(node, place);
    const value = tensor ? floatValues(tensor, fail)[0] : attributeOf(node, name)?.float;
    return value !== undefined && Math.abs(value) < 3.4e38 ? value : undefined;
  };
  const [least, most] = [bound('min', 1), bound('max', 2)];
  if (Number.isNaN(least) || Number.isNaN(most)) fail('a bound is not a number');
  if (least === 0) read.addActivation('relu');
  else if (least !== undefined) read.compute('maximum', (x) => F.maximum(x, least));
  if (most !== undefined) read.compute('minimum', (x) => F.minimum(x, most));
}

/** Of values and one number, as our own files have it. */
function bound(node: OnnxNode, flow: Flow, read: Reading): void {
  const fail = failer(node, flow);
  const tensor = flow.constant(node, flow.isValue(node.inputs[0]) ? 1 : 0);
  const [value, ...others] = floatValues(tensor, fail);
  if (others.length > 0 || tensor.dims.length >= read.rank || !Number.isFinite(value))
    fail(`expected one finite number, given shape ${show(tensor.dims)}`);
  const compute = node.operator === 'Max' ? F.maximum : F.minimum;
  read.compute(node.operator, (x) => compute(x, value));
}
