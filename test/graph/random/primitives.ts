/**
 * Every function of values and every layer, as random networks are made of them: each takes what fits from the
 * sketch and gives one value more. In a list for its first choices the simplest stands first.
 */
import * as f from '../../../src/graph/functions.js';
import { pad } from '../../../src/graph/image-functions.js';
import { literal } from '../../../src/graph/leaves.js';
import type { Value } from '../../../src/graph/value.js';
import { activation, activations } from '../../../src/nn/activations.js';
import { conv1d, conv2d, depthwiseConv2d, separableConv2d } from '../../../src/nn/conv.js';
import { convTranspose2d } from '../../../src/nn/conv-transpose.js';
import { dense } from '../../../src/nn/dense.js';
import { dropout } from '../../../src/nn/dropout.js';
import { embedding } from '../../../src/nn/embedding.js';
import { layer } from '../../../src/nn/layer.js';
import { batchNorm, layerNorm, normalization } from '../../../src/nn/normalization.js';
import { avgPool2d, globalAvgPool, globalMaxPool, maxPool2d, upsample } from '../../../src/nn/pool.js';
import { flatten, reshape } from '../../../src/nn/reshape.js';
import type { Sketch } from './sketch.js';

type Primitive = (s: Sketch) => Value;

const unary =
  (compute: (x: Value) => Value): Primitive =>
  (s) =>
    compute(s.value());

const jump =
  (compute: (x: Value) => Value): Primitive =>
  (s) =>
    compute(f.mul(s.jumping(), 3.25));

const binary =
  (compute: (a: f.Operand, b: f.Operand) => Value): Primitive =>
  (s) => {
    const x = s.value();
    const other = s.operand(x);
    return s.chance() ? compute(other, x) : compute(x, other);
  };

const comparison =
  (compute: (a: Value, b: f.Operand) => Value): Primitive =>
  (s) =>
    // Halves, so that some are equal.
    compute(f.div(f.round(f.mul(s.jumping(), 2)), 2), s.pick([0, 0.5, literal([-0.5], [1])]));

const reduction =
  (compute: (x: Value, options: f.ReductionOptions) => Value): Primitive =>
  (s) => {
    const x = s.value(1);
    const axes = [-1, s.axis(x), [...new Set([s.axis(x), s.axis(x)])], 0, undefined];
    return compute(x, { axis: s.pick(axes), keepAxes: s.chance() });
  };

/** A window, and how it moves, that most images have room for. */
function window(s: Sketch) {
  const pair = () => s.pick([1, 2, [2, 1] as const]);
  return {
    ...{ stride: pair(), dilation: s.pick([1, 1, 2, [1, 2] as const]) },
    padding: s.pick(['same' as const, 'valid' as const, 1, [0, 1] as const, [1, 0, 0, 2] as const]),
  };
}

const affine = (s: Sketch) => ({ bias: !s.chance(), activation: s.pick(activations) });
const size = (s: Sketch) => s.pick([2, 1, 3, [1, 2] as const, [3, 2] as const]);

/** How many groups the channels of an image can be cut into. */
const groupsOf = (s: Sketch, x: Value) => s.pick([1, 2, 3, 4].filter((n) => x.shape.dims[2] % n === 0));

/** The functions of values by their names: a test wants every one. */
export const functions: Readonly<Record<string, Primitive>> = {
  neg: unary(f.neg),
  square: unary(f.square),
  abs: unary(f.abs),
  ...{ exp: unary(f.exp), sin: unary(f.sin), cos: unary(f.cos), erf: unary(f.erf) },
  ...{
    log: (s) => f.log(s.share()),
    sqrt: (s) => f.sqrt(s.share()),
    reciprocal: (s) => f.reciprocal(s.share()),
  },
  ...{ floor: jump(f.floor), ceil: jump(f.ceil), round: jump(f.round), sign: jump(f.sign) },
  ...{ add: binary(f.add), sub: binary(f.sub), mul: binary(f.mul) },
  ...{ maximum: binary(f.maximum), minimum: binary(f.minimum) },
  div: (s) => f.div(s.value(), s.share()),
  pow: (s) => f.pow(s.share(), s.pick([2, 0.5, -1, 3, s.weight(1)])),
  ...{ less: comparison(f.less), lessEqual: comparison(f.lessEqual), equal: comparison(f.equal) },
  ...{ greater: comparison(f.greater), greaterEqual: comparison(f.greaterEqual) },
  notEqual: comparison(f.notEqual),
  where(s) {
    const x = s.value();
    return f.where(f.less(x, s.pick([0, 0.5])), s.operand(x), x);
  },
  stopGradient: (s) => f.stopGradient(s.jumping()),
  ...{ relu: unary(f.relu), sigmoid: unary(f.sigmoid), tanh: unary(f.tanh), gelu: unary(f.gelu) },
  ...{ silu: unary(f.silu), softplus: unary(f.softplus) },
  leakyRelu: (s) => f.leakyRelu(s.value(), s.pick([undefined, 0.25, -0.5])),
  elu: (s) => f.elu(s.value(), s.pick([undefined, 0.5, 2])),
  ...{ sum: reduction(f.sum), mean: reduction(f.mean), max: reduction(f.max), min: reduction(f.min) },
  softmax: (s) => f.softmax(s.value(2), { axis: s.pick([-1, -2]) }),
  logSoftmax: (s) => f.logSoftmax(s.value(2), { axis: s.pick([-1, -2]) }),
  matmul(s) {
    const x = s.value(1);
    const K = x.shape.dims.at(-1)!;
    const kind = s.below(4);
    const square = x.shape.dims.length > 1;
    if (kind === 1) return f.matmul(x, f.transpose(s.weight(3, K)));
    if (kind === 2 && square) return f.matmul(x, f.transpose(x));
    if (kind === 3 && square)
      return f.matmul(
        f.transpose(x),
        s.value(2, (own) => own.shape === x.shape),
      );
    return f.matmul(x, s.weight(K, s.pick([2, 1, 5, 17])));
  },
  dot(s) {
    const x = s.value(1);
    return f.dot(x, s.operand(x));
  },
  reshape(s) {
    const x = s.value();
    const { dims } = x.shape;
    return f.reshape(
      x,
      s.pick([[-1], [1, ...dims], [...dims.slice(1), dims[0] ?? 1], [-1, dims.at(-1) ?? 1]]),
    );
  },
  flatten: (s) => f.flatten(s.value()),
  transpose(s) {
    const x = s.value(2);
    const first = Number(x.shape.rows);
    const axes = x.shape.dims.map((_, i) => i + first);
    const at = 1 + s.below(axes.length);
    const order = [...axes.slice(at), ...axes.slice(0, at)];
    return f.transpose(x, s.pick([undefined, [...(first ? [0] : []), ...order]]));
  },
  slice(s) {
    const x = s.value(1);
    const axis = s.axis(x);
    const length = x.shape.dims[axis - Number(x.shape.rows)];
    const begin = s.below(length);
    return f.slice(x, axis, begin, s.chance() ? begin + 1 : undefined);
  },
  concat(s) {
    const x = s.value(1);
    const axis = s.axis(x);
    const at = axis - Number(x.shape.rows);
    const fits = ({ shape }: Value) =>
      shape.rows === x.shape.rows &&
      shape.dims.length === x.shape.dims.length &&
      shape.dims.every((length, i) => i === at || length === x.shape.dims[i]);
    return f.concat([x, s.value(1, fits), ...(s.chance() ? [x] : [])], axis);
  },
  take: (s) =>
    f.take(s.weight(4, s.pick([2, 1, 17])), s.pick([f.mul(s.jumping(), 4.125), literal([3, 0, 3], [3])])),
  oneHot: (s) => f.oneHot(f.round(f.mul(f.slice(f.flatten(s.jumping()), 1, 0, 1), 2)), s.pick([2, 3])),
  pad(s) {
    const amount = () => [s.below(3), s.below(3)] as const;
    if (!s.chance()) {
      const x = s.value(1);
      return pad(x, x.shape.dims.map(amount), { value: s.pick([0, 0.75]) });
    }
    return pad(s.image(), [amount(), amount(), [0, 0]], { mode: s.pick(['edge', 'reflect']) });
  },
};

/** Layers by their kinds, of which a test wants every one too. */
export const layers: Readonly<Record<string, Primitive>> = {
  dense: (s) => dense(s.pick([3, 1, 17]), affine(s))(s.value(1)),
  activation: (s) => activation(s.pick(activations))(s.value()),
  dropout: (s) =>
    dropout(s.pick([0.25, 0, 0.5]), { channels: s.chance() })(s.value(1, ({ shape }) => shape.rows)),
  batchNorm: (s) =>
    batchNorm({ eps: s.pick([0.125, 2 ** -7]), affine: !s.chance() })(s.value(1, ({ shape }) => shape.rows)),
  layerNorm: (s) => layerNorm({ eps: s.pick([0.125, 2 ** -7]), affine: !s.chance() })(s.value(1)),
  embedding: (s) =>
    embedding({ columns: [{ column: s.below(4), cardinality: 3, width: s.pick([2, 1]) }] })(
      f.slice(pad(f.flatten(f.mul(s.jumping(), 3.125)), [[0, 4]]), 1, 0, 4),
    ),
  conv2d(s) {
    const x = s.image();
    const groups = groupsOf(s, x);
    const channels = groups * s.pick([1, 2]);
    if (s.chance()) {
      const own = s.weight(2, 2, x.shape.dims[2] / groups, channels);
      return conv2d(x, own, { ...window(s), groups, ...(s.chance() && { bias: s.weight(channels) }) });
    }
    return conv2d(channels, size(s), { ...window(s), ...affine(s), groups })(x);
  },
  depthwiseConv2d: (s) =>
    depthwiseConv2d(size(s), { ...window(s), ...affine(s), multiplier: s.pick([1, 2]) })(s.image()),
  separableConv2d: (s) => separableConv2d(s.pick([2, 3]), size(s), { ...window(s), ...affine(s) })(s.image()),
  conv1d: (s) =>
    conv1d(s.pick([2, 1]), s.pick([2, 3]), {
      ...{ stride: s.pick([1, 2]), padding: s.pick(['same', 'valid', 1, [2, 0]] as const) },
      ...affine(s),
    })(s.value(2, ({ shape }) => shape.rows && shape.dims.length === 2)),
  convTranspose2d(s) {
    const x = s.image();
    const groups = groupsOf(s, x);
    const { padding, ...moves } = window(s);
    const own = { ...moves, padding: s.pick(['same', 'valid', 1] as const), groups };
    if (s.chance()) return convTranspose2d(x, s.weight(2, 3, 2, x.shape.dims[2]), own);
    return convTranspose2d(groups * s.pick([1, 2]), size(s), { ...own, ...affine(s) })(x);
  },
  maxPool2d: (s) => maxPool2d(size(s), { ...window(s), ceilMode: s.chance() })(s.image()),
  avgPool2d: (s) =>
    avgPool2d(size(s), { ...window(s), ceilMode: s.chance(), countIncludePad: s.chance() })(s.image()),
  globalAvgPool: (s) => globalAvgPool()(s.image()),
  globalMaxPool: (s) => globalMaxPool()(s.image()),
  upsample: (s) =>
    upsample({
      ...s.pick([{ scale: 2 }, { scale: [1, 2] as const }, { size: [3, 5] as const }, { size: 1 }]),
      mode: s.pick(['nearest', 'bilinear']),
    })(s.image()),
  flatten: (s) => flatten()(s.value(1)),
  reshape: (s) => reshape([-1, 1])(s.value(1)),
  normalization: (s) => normalization({ mean: [0.25], deviation: [1.5] })(s.value(1)),
  ofOwn(s) {
    const shared = layer('own', (x) => f.mul(x, f.sigmoid(f.mul(s.weight(1), x))));
    return shared(shared(s.value()));
  },
};

export const primitives = { ...functions, ...layers };
