/**
 * Resize: values at other lengths, axis by axis. Each place of the result is a weighted sum of places of an
 * axis, so one product with a matrix makes it, whatever the mode; what an operation on images does as well is
 * left to that.
 */
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { literal } from '../../../graph/leaves.js';
import { BATCH, checkMade, named } from './array.js';
import type { NodeReader, TracedOperator } from './context.js';
import { last, shapeOf, type Traced } from './traced.js';

const COORDINATES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_crop_and_resize',
] as const;
const NEAREST = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;
const MODES = ['nearest', 'linear', 'cubic'] as const;

interface How {
  readonly mode: (typeof MODES)[number];
  readonly coordinates: (typeof COORDINATES)[number];
  readonly nearest: (typeof NEAREST)[number];
  readonly cubic: number;
  readonly excludesOutside: boolean;
  readonly antialias: boolean;
}

/** Where place `i` of the result lies among those of the input; `scale`: of the result by the input. */
function placeOf(i: number, { coordinates }: How, from: number, to: number, scale: number): number {
  switch (coordinates) {
    case 'asymmetric':
      return i / scale;
    case 'align_corners':
      return to === 1 ? 0 : (i * (from - 1)) / (to - 1);
    case 'pytorch_half_pixel':
      return to === 1 ? 0 : (i + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      // Where the length is not what the scale says, both ends lie alike.
      const adjusted = to / (scale * from);
      return (from / 2) * (1 - adjusted) + (i + 0.5) / scale - 0.5;
    }
    default:
      return (i + 0.5) / scale - 0.5;
  }
}

function nearestPlace(place: number, how: How): number {
  switch (how.nearest) {
    case 'floor':
      return Math.floor(place);
    case 'ceil':
      return Math.ceil(place);
    case 'round_prefer_ceil':
      return Math.floor(place + 0.5);
    default:
      return Math.ceil(place - 0.5);
  }
}

/** How much a place at this distance counts. */
function weightAt(distance: number, { mode, cubic: a }: How): number {
  const x = Math.abs(distance);
  if (mode === 'linear') return Math.max(0, 1 - x);
  // Keys 1981.
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

/** [from, to]: the weights of the input's places in each of the result's. */
function weightsOf(from: number, to: number, scale: number, how: How): Float32Array {
  const matrix = new Float32Array(from * to);
  for (let i = 0; i < to; i++) {
    const place = placeOf(i, how, from, to, scale);
    const add = (at: number, weight: number) => {
      matrix[Math.min(Math.max(at, 0), from - 1) * to + i] += weight;
    };
    if (how.mode === 'nearest') {
      add(nearestPlace(place, how), 1);
      continue;
    }
    // Made smaller without aliasing, the window is as much wider.
    const wide = how.antialias ? Math.max(1, 1 / scale) : 1;
    const reach = (how.mode === 'linear' ? 1 : 2) * wide;
    const taps: [at: number, weight: number][] = [];
    for (let at = Math.floor(place - reach) + 1; at <= Math.ceil(place + reach) - 1; at++) {
      const isOutside = at < 0 || at >= from;
      if (isOutside && (how.excludesOutside || how.antialias)) continue;
      taps.push([at, weightAt((at - place) / wide, how)]);
    }
    const total = how.excludesOutside || how.antialias ? taps.reduce((sum, [, own]) => sum + own, 0) : 1;
    for (const [at, weight] of taps) add(at, weight / total);
  }
  return matrix;
}

function readResize(node: NodeReader): Traced {
  const { fail } = node;
  const x = node.traced(0);
  const dims = shapeOf(x);
  const isOld = node.node.operator === 'Upsample' || node.opset < 11;
  const given = isOld ? (node.floats('scales') ?? node.numbers(1)) : node.numbers(2);
  const scales = given && given.length > 0 ? given : undefined;
  const sizes = isOld ? undefined : node.numbers(3);
  const axes = node.axes(node.ints('axes') ?? [...dims.keys()], dims.length);
  const list = scales ?? sizes ?? fail('expected scales or sizes');
  if (list.length !== axes.length) fail(`expected ${axes.length} scales or sizes, given ${show(list)}`);
  const how: How = {
    mode: node.word('mode', isOld ? ['nearest', 'linear', 'cubic'] : MODES),
    coordinates: isOld ? 'asymmetric' : node.word('coordinate_transformation_mode', COORDINATES),
    nearest: isOld ? 'floor' : node.word('nearest_mode', NEAREST),
    cubic: node.float('cubic_coeff_a', -0.75),
    excludesOutside: node.flag('exclude_outside'),
    antialias: node.flag('antialias'),
  };
  if (how.coordinates === 'tf_crop_and_resize') fail('coordinates of a region are not supported');
  const policy = node.word('keep_aspect_ratio_policy', ['stretch', 'not_larger', 'not_smaller']);
  const ratios = sizes?.map((size, i) => size / dims[axes[i]]) ?? [];
  const common = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return axes.reduce((own, axis, i) => {
    const from = dims[axis];
    if (from % BATCH === 0) {
      return list[i] === 1 || list[i] === from || list[i] === node.graph.batch
        ? own
        : fail('it would change the size of a batch');
    }
    const ratio = scales ? scales[i] : policy === 'stretch' ? ratios[i] : common;
    const to = scales
      ? Math.floor(from * ratio)
      : policy === 'stretch'
        ? sizes![i]
        : Math.round(from * common);
    if (!(ratio > 0 && to >= 1)) return fail(`it would make ${named([from])[0]} places ${to}`);
    if (to === from && ratio === 1) return own;
    checkMade([from, to], fail);
    const turned = last(own, axis, fail);
    const value = F.matmul(turned.value, literal(weightsOf(from, to, ratio, how), [from, to]));
    return {
      ...turned,
      value,
      axes: turned.axes.map((one, j) => (j === axis ? { ...one, length: to } : one)),
    };
  }, x);
}

export const resize: TracedOperator = {
  inputs: 4,
  attributes: [
    ...['antialias', 'axes', 'coordinate_transformation_mode', 'cubic_coeff_a', 'exclude_outside'],
    ...['extrapolation_value', 'keep_aspect_ratio_policy', 'mode', 'nearest_mode', 'scales'],
  ],
  read: readResize,
};
