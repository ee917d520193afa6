/**
 * Operators on images, [batch, channels, height, width] in the file and with their channels last here; rows of
 * channels [batch, channels, length] are images of one line.
 */
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { apply, applyOne, type Value } from '../../../graph/value.js';
import { convolution, convolutionTranspose } from '../../../ops/conv.js';
import { batchNormOperation } from '../../../ops/norm.js';
import { avgPool2d, maxPool2d } from '../../../ops/pool.js';
import { named } from './array.js';
import type { NodeReader, TracedOperator } from './context.js';
import { imagesOf, tracedImages } from './image-axes.js';
import { last } from './layout.js';
import { reduced } from './reduce.js';
import { resize } from './resize.js';
import type { Traced } from './traced.js';

interface Window {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly padding: readonly [number, number, number, number];
}

/** The window of a node; `lengths`: of the images. `spreads`: what it makes is larger, as of a transpose. */
function windowOf(
  node: NodeReader,
  size: readonly number[],
  lengths: readonly number[],
  isLine: boolean,
  spreads = false,
): Window {
  const { fail } = node;
  const count = isLine ? 1 : 2;
  const list = (name: string, fallback: number, times = 1): number[] => {
    const given = node.ints(name) ?? new Array<number>(count * times).fill(fallback);
    if (given.length !== count * times || given.some((own) => own < 0)) {
      return fail(`expected ${count * times} whole numbers as ${name}, given ${show(given)}`);
    }
    if (!isLine) return [...given];
    // The one line has a height of 1.
    return times === 1 ? [fallback, given[0]] : [0, given[0], 0, given[1]];
  };
  const [strides, dilations] = [list('strides', 1), list('dilations', 1)];
  if ([...strides, ...dilations].some((own) => own < 1))
    node.fail(`expected strides and dilations of at least 1, given ${show(strides)} and ${show(dilations)}`);
  const auto = node.word('auto_pad', ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER']);
  let padding = auto === 'NOTSET' ? list('pads', 0, 2) : [0, 0, 0, 0];
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const all = [0, 1].map((axis) => {
      const extent = dilations[axis] * (size[axis] - 1) + 1;
      const steps = spreads ? lengths[axis] : Math.ceil(lengths[axis] / strides[axis]);
      const length = spreads ? lengths[axis] * strides[axis] : lengths[axis];
      return Math.max((steps - 1) * strides[axis] + extent - length, 0);
    });
    const less = all.map((own) => Math.floor(own / 2));
    const more = all.map((own) => Math.ceil(own / 2));
    padding = auto === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
  }
  return { size, strides, dilations, padding } as unknown as Window;
}

/** A kernel of the file, [a, b, height, width], with its axes as ours: [height, width, b, a]. */
function kernelOf(node: NodeReader, isLine: boolean): Value {
  if (!isLine) return node.weight(1, [2, 3, 1, 0]);
  const own = node.weight(1, [2, 1, 0]);
  return F.reshape(own, [1, ...own.shape.dims]);
}

function checkKernel(node: NodeReader, isLine: boolean): readonly number[] {
  const dims = node.dims(1);
  if (dims.length !== (isLine ? 3 : 4))
    node.fail(`expected a weight of ${isLine ? 3 : 4} axes, given ${show(named(dims))}`);
  const given = node.ints('kernel_shape');
  if (given && given.join() !== dims.slice(2).join())
    node.fail(`its kernel_shape ${show(given)} is not that of its weight, ${show(dims)}`);
  return isLine ? [1, dims[2]] : dims.slice(2);
}

function conv(node: NodeReader): Traced {
  const x = node.traced(0);
  const images = imagesOf(node, x);
  const size = checkKernel(node, images.isLine);
  const { strides, dilations, padding } = windowOf(node, size, images.value.shape.dims, images.isLine);
  const weights = [kernelOf(node, images.isLine), ...(node.has(2) ? [node.weight(2)] : [])];
  const value = applyOne(convolution, [images.value, ...weights], {
    ...{ strides, dilations, padding, groups: node.int('group', 1) },
  });
  return tracedImages(node, value, images, x);
}

function convTranspose(node: NodeReader): Traced {
  const x = node.traced(0);
  const images = imagesOf(node, x);
  const { isLine } = images;
  const size = checkKernel(node, isLine);
  const lengths = images.value.shape.dims.slice(0, 2);
  const { strides, dilations, padding } = windowOf(node, size, lengths, isLine, true);
  const pair = (name: string) => {
    const given = node.ints(name);
    return given && (isLine ? [0, given[0]] : given);
  };
  const more = pair('output_padding') ?? [0, 0];
  const wanted = node.ints('output_shape')?.slice(isLine ? -1 : -2);
  let whole = lengths.map((own, i) => strides[i] * (own - 1) + more[i] + (size[i] - 1) * dilations[i] + 1);
  let pads = [...padding];
  if (wanted) {
    const size = isLine ? [1, ...wanted] : wanted;
    // What is asked for beyond the window's reach is there, and 0.
    const total = whole.map((own, i) => Math.max(own - size[i], 0));
    whole = whole.map((own, i) => Math.max(own, size[i]));
    const less = total.map((own) => Math.floor(own / 2));
    const rest = total.map((own, i) => own - less[i]);
    pads =
      node.word('auto_pad', ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER']) === 'SAME_UPPER'
        ? [...less, ...rest]
        : [...rest, ...less];
  }
  const to = whole.map((own, i) => own - pads[i] - pads[i + 2]);
  if (pads.some((own) => own < 0) || to.some((own) => own < 1))
    node.fail(`its result would be ${to.join(' x ')}`);
  const weights = [kernelOf(node, isLine), ...(node.has(2) ? [node.weight(2)] : [])];
  const value = applyOne(convolutionTranspose, [images.value, ...weights], {
    ...{ strides, dilations, padding: pads as unknown as Window['padding'], groups: node.int('group', 1) },
    size: to as unknown as Window['size'],
  });
  return tracedImages(node, value, images, x);
}

function pool(node: NodeReader, isMax: boolean): Traced {
  const x = node.traced(0);
  const images = imagesOf(node, x);
  const given = node.ints('kernel_shape') ?? node.fail('its kernel_shape is missing');
  const size = images.isLine ? [1, given[0]] : given;
  if (given.length !== (images.isLine ? 1 : 2))
    node.fail(`expected a window of as many axes, given ${show(given)}`);
  const window = windowOf(node, size, images.value.shape.dims, images.isLine);
  const flags = {
    ...(node.flag('ceil_mode') && { ceilMode: true }),
    ...(!isMax && node.flag('count_include_pad') && { countIncludePad: true }),
  };
  const value = applyOne(isMax ? maxPool2d : avgPool2d, [images.value], { ...window, ...flags });
  return tracedImages(node, value, images, x);
}

function globalPool(operation: 'mean' | 'max'): TracedOperator {
  return {
    inputs: 1,
    read(node) {
      const x = node.traced(0);
      return reduced(node, x, operation, [...x.axes.keys()].slice(2));
    },
  };
}

/** Channels are axis 1. While training, the statistics are those of the batch. */
function batchNormalization(node: NodeReader): Traced {
  if (node.flag('training_mode')) node.fail('expected not to be in training mode');
  if (!node.flag('spatial', true)) node.fail('expected statistics of channels, given spatial 0');
  const variance = node.numbers(4) ?? node.fail('its input 4 is missing');
  const share = node.float('momentum', 0.9);
  if (!(share >= 0 && share <= 1))
    node.fail(`expected its attribute momentum to be a number from 0 to 1, given ${share}`);
  const wrong = variance.find((value) => !(value >= 0));
  if (wrong !== undefined) node.fail(`expected variances of at least 0, given ${wrong}`);
  const x = node.traced(0);
  const channels = Math.min(1, x.axes.length - 1);
  const own = last(x, channels, node.fail);
  const [weight, bias] = [node.weight(1), node.weight(2)];
  const running = [node.weight(3, undefined, true), node.weight(4, undefined, true)];
  const [value] = apply(batchNormOperation, [own.value, ...running, weight, bias], {
    eps: node.epsilon(),
    // ONNX's momentum is the share of the old statistics.
    momentum: Number((1 - share).toPrecision(12)),
    affine: true,
  });
  return { ...own, value };
}

const WINDOW = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides'];

/** By name. */
export const imageOperators: Readonly<Record<string, TracedOperator>> = {
  AveragePool: {
    ...{ inputs: 1, attributes: [...WINDOW, 'ceil_mode', 'count_include_pad'] },
    read: (node) => pool(node, false),
  },
  BatchNormalization: {
    ...{ inputs: 5, attributes: ['epsilon', 'momentum', 'spatial', 'training_mode'] },
    read: batchNormalization,
  },
  Conv: { inputs: 3, attributes: [...WINDOW, 'group'], read: conv },
  ConvTranspose: {
    ...{ inputs: 3, attributes: [...WINDOW, 'group', 'output_padding', 'output_shape'] },
    read: convTranspose,
  },
  GlobalAveragePool: globalPool('mean'),
  GlobalMaxPool: globalPool('max'),
  MaxPool: {
    ...{ inputs: 1, attributes: [...WINDOW, 'ceil_mode', 'storage_order'] },
    read: (node) => pool(node, true),
  },
  Resize: resize,
  Upsample: resize,
};
