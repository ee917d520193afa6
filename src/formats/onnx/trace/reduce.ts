/** Operators that make fewer numbers along axes, and those that look along one. */
import { elementsOf } from '../../../base/arrays.js';
import { show } from '../../../base/errors.js';
import * as F from '../../../graph/functions.js';
import { literal } from '../../../graph/leaves.js';
import { applyOne, type Value } from '../../../graph/value.js';
import { layerNormOperation } from '../../../ops/norm.js';
import { checkMade, hasBatch, type Known, known, named, stridesOf } from './array.js';
import type { NodeReader, TracedOperator } from './context.js';
import { elementwise } from './elementwise.js';
import { inside, last } from './layout.js';
import { dimsOf, isKnown, lengthsOf, shapeOf, type Term, type Traced, withLength } from './traced.js';

const reductionOf = { sum: F.sum, mean: F.mean, max: F.max, min: F.min };

type Reduction = keyof typeof reductionOf;

/** With axes of the file reduced; each stays, with length 1. */
export function reduced(node: NodeReader, x: Traced, operation: Reduction, axes: readonly number[]): Traced {
  const parts = axes.flatMap((axis) => x.axes[axis].parts);
  if (axes.some((axis) => hasBatch(x.axes[axis].length)) || (x.value.shape.rows && parts.includes(0)))
    node.fail('it would work across the rows of a batch');
  let { value } = x;
  if (parts.length > 0) value = reductionOf[operation](value, { axis: parts, keepAxes: true });
  // What repeats has the same mean and maximum; a sum has to have all of it.
  const times = elementsOf(axes.map((axis) => (x.axes[axis].parts.length === 0 ? x.axes[axis].length : 1)));
  if (operation === 'sum' && times !== 1) value = F.mul(value, times);
  return { ...x, value, axes: x.axes.map((own, i) => (axes.includes(i) ? { ...own, length: 1 } : own)) };
}

/** Without axes that have been reduced, unless they are kept. */
export function without(node: NodeReader, x: Term, axes: readonly number[], keeps = false): Term {
  if (keeps) return x;
  return node.reshapedTerm(
    x,
    dimsOf(x).filter((_, i) => !axes.includes(i)),
  );
}

/** Of numbers that are known: shapes are added up and multiplied so. */
function reducedKnown(
  x: Known,
  axes: readonly number[],
  combine: (a: number, b: number) => number,
  first: number,
): Known {
  const dims = x.dims.map((length, i) => (axes.includes(i) ? 1 : length));
  const [from, to] = [stridesOf(x.dims), stridesOf(dims)];
  const made = new Array<number>(elementsOf(dims)).fill(first);
  for (const [i, value] of x.values.entries()) {
    let at = 0;
    for (const [axis, length] of dims.entries())
      if (length > 1) at += (Math.floor(i / from[axis]) % x.dims[axis]) * to[axis];
    made[at] = combine(made[at], value);
  }
  return known(x.kind, dims, made);
}

/** The product along an axis: of one half with the other, again and again. */
function multiplied(node: NodeReader, x: Traced, axis: number): Traced {
  const own = inside(x, axis, node.fail);
  const [at] = own.axes[axis].parts;
  let { value } = own;
  for (let { length } = own.axes[axis]; length > 1; length = Math.ceil(length / 2)) {
    const half = Math.floor(length / 2);
    const made = F.mul(F.slice(value, at, 0, half), F.slice(value, at, half, 2 * half));
    value = length % 2 === 0 ? made : F.concat([made, F.slice(value, at, length - 1)], at);
  }
  return { ...own, value, axes: withLength(own.axes, axis, 1) };
}

interface Reducing {
  readonly live: (node: NodeReader, x: Traced, axes: readonly number[]) => Term;
  readonly combine?: readonly [first: number, (a: number, b: number) => number];
}

const onValue = (x: Term, compute: (value: Value) => Value): Term => {
  const own = x as Traced;
  return { ...own, value: compute(own.value) };
};

const reductions: Readonly<Record<string, Reducing>> = {
  ReduceL1: { live: (node, x, axes) => reduced(node, { ...x, value: F.abs(x.value) }, 'sum', axes) },
  ReduceL2: {
    live: (node, x, axes) => onValue(reduced(node, { ...x, value: F.square(x.value) }, 'sum', axes), F.sqrt),
  },
  ReduceLogSum: { live: (node, x, axes) => onValue(reduced(node, x, 'sum', axes), F.log) },
  ReduceLogSumExp: {
    live(node, x, axes) {
      const largest = reduced(node, x, 'max', axes);
      const still = { ...largest, value: F.stopGradient(largest.value) };
      const shifted = elementwise(node, [x, still], 'float', F.sub) as Traced;
      const sum = reduced(node, { ...shifted, value: F.exp(shifted.value) }, 'sum', axes);
      return elementwise(node, [onValue(sum, F.log), still], 'float', F.add);
    },
  },
  ReduceMax: {
    live: (node, x, axes) => reduced(node, x, 'max', axes),
    combine: [Number.NEGATIVE_INFINITY, Math.max],
  },
  ReduceMean: { live: (node, x, axes) => reduced(node, x, 'mean', axes) },
  ReduceMin: {
    live: (node, x, axes) => reduced(node, x, 'min', axes),
    combine: [Number.POSITIVE_INFINITY, Math.min],
  },
  ReduceProd: {
    live: (node, x, axes) => axes.reduce((own, axis) => multiplied(node, own, axis), x),
    combine: [1, (a, b) => a * b],
  },
  ReduceSum: { live: (node, x, axes) => reduced(node, x, 'sum', axes), combine: [0, (a, b) => a + b] },
  ReduceSumSquare: {
    live: (node, x, axes) => reduced(node, { ...x, value: F.square(x.value) }, 'sum', axes),
  },
};

function reduction({ live, combine }: Reducing): TracedOperator {
  return {
    inputs: 2,
    attributes: ['axes', 'keepdims', 'noop_with_empty_axes'],
    read(node) {
      const x = node.term(0);
      const rank = dimsOf(x).length;
      const given = node.list('axes', 1);
      const isEmpty = given === undefined || given.length === 0;
      if (isEmpty && node.flag('noop_with_empty_axes')) return x;
      const axes = isEmpty ? [...dimsOf(x).keys()] : node.axes(given, rank);
      const keeps = node.flag('keepdims', true);
      if (isKnown(x) && combine)
        return without(node, reducedKnown(x, axes, combine[1], combine[0]), axes, keeps);
      return without(node, live(node, isKnown(x) ? node.literal(x) : x, axes), axes, keeps);
    },
  };
}

/** The first, or the last, place along an axis of the largest number, or of the smallest. The axis stays. */
function placeOf(
  node: NodeReader,
  x: Traced,
  axis: number,
  operation: 'max' | 'min',
  isLast = false,
): Traced {
  const { length } = x.axes[axis];
  if (hasBatch(length)) node.fail('it would look for a row of the batch');
  const best = reduced(node, x, operation, [axis]);
  const counted = node.placesAlong(shapeOf(x), axis);
  const found = elementwise(node, [x, best, counted], 'int', (a, b, place) =>
    F.where(F.equal(a, b), place, isLast ? -1 : length),
  );
  return reduced(node, found as Traced, isLast ? 'max' : 'min', [axis]);
}

function arg(operation: 'max' | 'min'): TracedOperator {
  return {
    inputs: 1,
    attributes: ['axis', 'keepdims', 'select_last_index'],
    read(node) {
      const x = node.traced(0);
      const axis = node.axis(node.int('axis', 0), x.axes.length);
      const found = placeOf(node, x, axis, operation, node.flag('select_last_index'));
      return without(node, found, [axis], node.flag('keepdims', true));
    },
  };
}

/** Along one axis; before operator set 13 along all from there on, as one. */
function alongAxis(compute: (x: Value, axis: number) => Value, kind?: 'softmax'): TracedOperator {
  return {
    inputs: 1,
    attributes: ['axis'],
    read(node) {
      const x = node.traced(0);
      const rank = x.axes.length;
      const isOld = node.opset < 13;
      const axis = node.axis(node.int('axis', isOld ? 1 : -1), rank);
      const dims = shapeOf(x);
      if (isOld && axis < rank - 1) {
        const flat = node.reshaped(x, [...dims.slice(0, axis), elementsOf(dims.slice(axis))]);
        return node.reshaped(along(node, flat, axis, compute), dims);
      }
      const made = along(node, x, axis, compute);
      return kind && rank === 2 && axis === 1 ? { ...made, link: { kind, before: x, of: made.value } } : made;
    },
  };
}

function along(
  node: NodeReader,
  x: Traced,
  axis: number,
  compute: (x: Value, axis: number) => Value,
): Traced {
  const own = inside(x, axis, node.fail);
  return { ...own, value: compute(own.value, own.axes[axis].parts[0]) };
}

/** 1 at the largest of an axis, the first of several, else 0. Before operator set 13 axes are one, as of softmax. */
function hardmax(node: NodeReader): Term {
  const x = node.traced(0);
  const dims = shapeOf(x);
  const isOld = node.opset < 13;
  const axis = node.axis(node.int('axis', isOld ? 1 : -1), dims.length);
  const flat = isOld ? node.reshaped(x, [...dims.slice(0, axis), elementsOf(dims.slice(axis))]) : x;
  const counted = node.placesAlong(shapeOf(flat), axis);
  const made = elementwise(node, [placeOf(node, flat, axis, 'max'), counted], 'float', F.equal);
  return node.reshapedTerm(made, dims);
}

/** Sums up to each place: a product with a triangle of ones. */
function cumSum(node: NodeReader): Term {
  const x = node.traced(0);
  const axis = node.axis(node.number(1) ?? node.fail('its axis is missing'), x.axes.length);
  const { length } = x.axes[axis];
  if (hasBatch(length)) node.fail('it would add up the rows of a batch');
  checkMade([length, length], node.fail);
  const [isExclusive, isReverse] = [node.flag('exclusive'), node.flag('reverse')];
  node.claim(length * length);
  const ones = Float32Array.from({ length: length * length }, (_, i) => {
    const [from, to] = [Math.floor(i / length), i % length];
    const behind = isReverse ? from - to : to - from;
    return Number(behind > 0 || (behind === 0 && !isExclusive));
  });
  return along(node, x, axis, (value, at) => {
    const last = lengthsOf(value).length - 1;
    const order = [...lengthsOf(value).keys()].map((i) => (i === at ? last : i === last ? at : i));
    const turned = at === last ? value : F.transpose(value, order);
    const sums = F.matmul(turned, literal(ones, [length, length]));
    return at === last ? sums : F.transpose(sums, order);
  });
}

/** Along the last axes from `axis` on, with a weight and a bias of their shape. */
function layerNormalization(node: NodeReader): readonly Term[] {
  const x = node.traced(0);
  const dims = shapeOf(x);
  const axis = node.axis(node.int('axis', -1), dims.length);
  const features = dims.slice(axis);
  const width = elementsOf(features);
  const eps = node.epsilon();
  const flat = node.reshaped(x, [...dims.slice(0, axis), width]);
  const isVector = (place: number) => node.dims(place).join() === features.join();
  if (!isVector(1) || (node.has(2) && !isVector(2)))
    node.fail(`expected a scale and a bias of shape ${show(named(features))}`);
  const own = last(flat, axis, node.fail);
  const weight = F.reshape(node.weight(1), [width]);
  const bias = node.has(2) ? F.reshape(node.weight(2), [width]) : literal(new Float32Array(width), [width]);
  const value = applyOne(layerNormOperation, [own.value, weight, bias], { eps, affine: true });
  const made = node.reshaped({ ...own, value }, dims);
  if (!node.node.outputs.slice(1).some((name) => name !== '')) return [made];
  // What only training needs, asked for all the same.
  const axes = features.map((_, i) => axis + i);
  const { mean, variance } = moments(node, x, axes);
  return [made, mean, { ...variance, value: F.reciprocal(F.sqrt(F.add(variance.value, eps))) }];
}

/** Of each row of these axes: what it is beside its mean, that, and the mean of squares. */
function moments(node: NodeReader, x: Traced, axes: readonly number[]) {
  const mean = reduced(node, x, 'mean', axes);
  const shifted = elementwise(node, [x, mean], 'float', F.sub) as Traced;
  const variance = reduced(node, { ...shifted, value: F.square(shifted.value) }, 'mean', axes);
  return { shifted, mean, variance };
}

/** Groups of channels, or each channel, of one sample: axis 1, and all behind it. */
function groupNorm(isInstance: boolean): TracedOperator {
  return {
    inputs: 3,
    attributes: ['epsilon', 'num_groups', 'stash_type'],
    read(node) {
      const x = node.traced(0);
      const dims = shapeOf(x);
      const [N, C, ...rest] = dims;
      const groups = isInstance ? C : node.int('num_groups', 1);
      if (dims.length < 2 || !(C % groups === 0)) node.fail(`expected ${groups} groups of ${C} channels`);
      const each = node.reshaped(x, [N, groups, C / groups, ...rest]);
      const { shifted, variance } = moments(node, each, [...each.axes.keys()].slice(2));
      const eps = node.epsilon();
      const scaled = elementwise(node, [shifted, variance], 'float', (a, v) =>
        F.div(a, F.sqrt(F.add(v, eps))),
      );
      const whole = node.reshaped(scaled as Traced, dims);
      const ofChannels = (place: number) => {
        const count = node.dims(place)[0];
        const own = node.term(place);
        // Before operator set 21 groups have one number, not channels.
        const isGroups = count === groups && count !== C;
        const shape = isGroups ? [groups, 1, ...rest.map(() => 1)] : [C, ...rest.map(() => 1)];
        return { own: node.reshapedTerm(own, shape), isGroups };
      };
      const [weight, bias] = [ofChannels(1), ofChannels(2)];
      if (!weight.isGroups) {
        const times = elementwise(node, [whole, weight.own], 'float', F.mul);
        return elementwise(node, [times, bias.own], 'float', F.add);
      }
      const times = elementwise(node, [scaled, weight.own], 'float', F.mul);
      return node.reshaped(elementwise(node, [times, bias.own], 'float', F.add) as Traced, dims);
    },
  };
}

/** By name. */
export const reduceOperators: Readonly<Record<string, TracedOperator>> = {
  ...Object.fromEntries(Object.entries(reductions).map(([name, own]) => [name, reduction(own)])),
  ArgMax: arg('max'),
  ArgMin: arg('min'),
  CumSum: { inputs: 2, attributes: ['exclusive', 'reverse'], read: cumSum },
  GroupNormalization: groupNorm(false),
  Hardmax: { inputs: 1, attributes: ['axis'], read: hardmax },
  InstanceNormalization: groupNorm(true),
  LayerNormalization: {
    ...{ inputs: 3, attributes: ['axis', 'epsilon', 'stash_type'], outputs: 3 },
    read: layerNormalization,
  },
  LogSoftmax: alongAxis((x, axis) => F.logSoftmax(x, { axis })),
  Softmax: alongAxis((x, axis) => F.softmax(x, { axis }), 'softmax'),
};
