/**
 * Resize: values at other lengths, axis by axis. Each place of the result is a weighted sum of places of an
 * axis, so one product with a matrix makes it, whatever the mode; what an operation on images does as well is
 * left to that.
 */
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { literal } from '../../../graph/leaves.js';
import { applyOne } from '../../../graph/value.js';
import { upsample2d } from '../../../ops/upsample.js';
import { checkMade, hasBatch } from './array.js';
import type { NodeReader, TracedOperator } from './context.js';
import { imagesOf, tracedImages } from './image-axes.js';
import { last } from './layout.js';
import { rowsAxis, shapeOf, type Traced, withLength } from './traced.js';

const COORDINATES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
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
  /** What stands outside of a region. */
  readonly outside: number;
}

/** One axis that changes. */
interface Change {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  /** Of the result by the input: what the file says, which need not be to / from. */
  readonly scale: number;
  /** Where the region begins and ends that is all of the result, of 0 to 1. */
  readonly region?: readonly [number, number];
}

const float = Math.fround;

/** Where place `i` of the result lies among those of the input: in float32, as ONNX Runtime counts. */
function placeOf(i: number, { coordinates }: How, { from, to, scale, region = [0, 1] }: Change): number {
  const half = () => float(float((i + 0.5) / scale) - 0.5);
  switch (coordinates) {
    case 'tf_crop_and_resize': {
      const [begin, end] = region.map((own) => own * (from - 1));
      return to === 1 ? (begin + end) / 2 : begin + (i * (end - begin)) / (to - 1);
    }
    case 'asymmetric':
      return float(i / scale);
    case 'tf_half_pixel_for_nn':
      return float((i + 0.5) / scale);
    case 'align_corners':
      return to === 1 ? 0 : float((i * (from - 1)) / (to - 1));
    case 'pytorch_half_pixel':
      return to === 1 ? 0 : half();
    case 'half_pixel_symmetric': {
      // Where the length is not what the scale says, both ends lie alike.
      const adjusted = to / (scale * from);
      return (from / 2) * (1 - adjusted) + half();
    }
    default:
      return half();
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
function weightsOf(change: Change, how: How): Float32Array {
  const { from, to, scale } = change;
  const matrix = new Float32Array(from * to);
  for (let i = 0; i < to; i++) {
    const place = placeOf(i, how, change);
    if (isOutside(place, how, from)) continue;
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
      if ((at < 0 || at >= from) && (how.excludesOutside || how.antialias)) continue;
      taps.push([at, weightAt((at - place) / wide, how)]);
    }
    const total = how.excludesOutside || how.antialias ? taps.reduce((sum, [, own]) => sum + own, 0) : 1;
    for (const [at, weight] of taps) add(at, weight / total);
  }
  return matrix;
}

/** Whether a place of the result is outside of the region's image: it has a number of its own. */
function isOutside(place: number, { coordinates }: How, from: number): boolean {
  return coordinates === 'tf_crop_and_resize' && (place < 0 || place > from - 1);
}

/** What becomes of each axis that changes. */
function changesOf(
  node: NodeReader,
  dims: readonly number[],
  isOld: boolean,
  { coordinates }: How,
): Change[] {
  const { fail } = node;
  const given = isOld ? (node.floats('scales') ?? node.numbers(1)) : node.numbers(2);
  const scales = given && given.length > 0 ? given : undefined;
  const sizes = isOld ? undefined : node.numbers(3);
  const axes = node.axes(node.ints('axes') ?? [...dims.keys()], dims.length);
  const list = scales ?? sizes ?? fail('expected scales or sizes');
  if (list.length !== axes.length) fail(`expected ${axes.length} scales or sizes, given ${show(list)}`);
  const isCrop = coordinates === 'tf_crop_and_resize';
  const region = isCrop ? (node.numbers(1) ?? []) : [];
  if (isCrop && region.length !== 2 * axes.length)
    fail(`expected a region of ${2 * axes.length} numbers, given ${region.length}`);
  const policy = node.word('keep_aspect_ratio_policy', ['stretch', 'not_larger', 'not_smaller']);
  const ratios = list.map((size, i) => size / dims[axes[i]]);
  const common = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return axes.flatMap((axis, i): Change[] => {
    const from = dims[axis];
    const own = list[i];
    if (hasBatch(from)) {
      if (own === from || own === (scales ? 1 : node.graph.batch)) return [];
      return fail('it would change the size of a batch');
    }
    const isStretched = scales !== undefined || policy === 'stretch';
    const scale = float(scales ? own : isStretched ? ratios[i] : common);
    // In float32, as the scales are.
    const to = scales ? Math.floor(float(from * own)) : isStretched ? own : Math.round(from * common);
    if (!(scale > 0 && to >= 1)) fail(`it would make ${from} places ${to}`);
    // ONNX counts the corners of a length that is no whole number, its runtimes those of the result.
    if (coordinates === 'align_corners' && Math.abs(from * scale - to) > 1e-4)
      fail(`align_corners of ${from} times ${own}, which is no whole length, has no one meaning`);
    checkMade([from, to], fail);
    const change = { axis, from, to, scale };
    if (isCrop) return [{ ...change, region: [region[i], region[i + axes.length]] }];
    return to === from && scale === 1 ? [] : [change];
  });
}

/** Whether `upsample2d` of these sizes does the same. */
function isUpsample(changes: readonly Change[], how: How): boolean {
  if (how.mode === 'cubic' || how.coordinates === 'tf_crop_and_resize') return false;
  const own: How = { ...how, coordinates: 'half_pixel', nearest: 'round_prefer_ceil', antialias: false };
  return changes.every((change) => {
    const expected = weightsOf({ ...change, scale: change.to / change.from }, own);
    return weightsOf(change, how).every((weight, i) => Math.abs(weight - expected[i]) < 1e-5);
  });
}

/** One axis as a product with its weights. */
function changed(node: NodeReader, x: Traced, change: Change, how: How): Traced {
  const { axis, from, to } = change;
  const own = last(x, axis, node.fail);
  let value = F.matmul(own.value, literal(weightsOf(change, how), [from, to]));
  const outside = Float32Array.from({ length: to }, (_, i) =>
    isOutside(placeOf(i, how, change), how, from) ? how.outside : 0,
  );
  if (outside.some((number) => number !== 0)) value = F.add(value, literal(outside, [to]));
  return { ...own, value, axes: withLength(own.axes, axis, to) };
}

function readResize(node: NodeReader): Traced {
  const x = node.traced(0);
  const isOld = node.node.operator === 'Upsample' || node.opset < 11;
  const how: How = {
    mode: node.word('mode', MODES),
    coordinates: isOld ? 'asymmetric' : node.word('coordinate_transformation_mode', COORDINATES),
    nearest: isOld ? 'floor' : node.word('nearest_mode', NEAREST),
    cubic: node.float('cubic_coeff_a', -0.75),
    excludesOutside: node.flag('exclude_outside'),
    antialias: node.flag('antialias'),
    outside: node.float('extrapolation_value', 0),
  };
  const changes = changesOf(node, shapeOf(x), isOld, how);
  const ofImages = changes.every(({ axis }) => axis > 1) && [3, 4].includes(x.axes.length);
  if (changes.length > 0 && ofImages && rowsAxis(x) === 0 && isUpsample(changes, how)) {
    const images = imagesOf(node, x);
    const size = images.value.shape.dims.slice(0, 2).map((length, i) => {
      const axis = i + (images.isLine ? 1 : 2);
      return changes.find((own) => own.axis === axis && axis > 1)?.to ?? length;
    });
    const mode = how.mode === 'nearest' ? 'nearest' : 'bilinear';
    return tracedImages(node, applyOne(upsample2d, [images.value], { size, mode }), images, x);
  }
  return changes.reduce((own, change) => changed(node, own, change, how), x);
}

export const resize: TracedOperator = {
  inputs: 4,
  attributes: [
    ...['antialias', 'axes', 'coordinate_transformation_mode', 'cubic_coeff_a', 'exclude_outside'],
    ...['extrapolation_value', 'keep_aspect_ratio_policy', 'mode', 'nearest_mode', 'scales'],
  ],
  read: readResize,
};
