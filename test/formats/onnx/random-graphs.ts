/** Random networks of every operation, of several inputs and outputs, values of one axis and of six. */
import { LanegradError } from '../../../src/base/errors.js';
import * as F from '../../../src/graph/functions.js';
import { pad } from '../../../src/graph/image-functions.js';
import { input, literal } from '../../../src/graph/leaves.js';
import type { Value } from '../../../src/graph/value.js';
import { activation, activations } from '../../../src/nn/activations.js';
import { conv2d, separableConv2d } from '../../../src/nn/conv.js';
import { convTranspose2d } from '../../../src/nn/conv-transpose.js';
import { dense } from '../../../src/nn/dense.js';
import { dropout } from '../../../src/nn/dropout.js';
import { embedding } from '../../../src/nn/embedding.js';
import { randomNormal } from '../../../src/nn/initializers.js';
import { type Layer, layer, parameter } from '../../../src/nn/layer.js';
import type { Network } from '../../../src/nn/model.js';
import { network } from '../../../src/nn/network.js';
import { batchNorm, layerNorm, normalization } from '../../../src/nn/normalization.js';
import { avgPool2d, globalAvgPool, globalMaxPool, maxPool2d, upsample } from '../../../src/nn/pool.js';
import { reals, testNumbers } from '../../kernels/harness.js';

const MOST = 400;

/** Always the same one of a seed. Undefined where none was to be had. */
export function randomGraph(seed: number): Network | undefined {
  const next = testNumbers(seed);
  const below = (n: number) => Math.floor(next() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  const chance = (share: number) => next() < share;
  const shape = () =>
    pick([[4], [6], [3, 4], [2, 3, 4], [6, 5, 2], [4, 4, 3], [2, 1, 3, 2], [2, 2, 1, 2, 3]]);
  const inputs = Array.from({ length: 1 + below(2) }, (_, i) => input(shape(), { name: `in${i}` }));
  const values: Value[] = [...inputs];
  let count = 0;
  const weight = (...own: number[]) => parameter(`w${count++}`, own, randomNormal(0.7));
  const positive = (x: Value) => F.add(F.square(x), 0.5);
  const any = () => pick(values);
  const of = (isIt: (value: Value) => boolean) => pick(values.filter(isIt));
  const image = () => of(({ shape: own }) => own.dims.length === 3);
  const square = () => of(({ shape: own }) => own.dims.length >= 2);
  const long = () => of(({ shape: own }) => own.dims.length >= 1);
  const axis = (x: Value, first = 1) => first + below(x.shape.dims.length + 1 - first);
  /** What meets x: a number, a parameter or a literal of some of its axes, or another value. */
  const operand = (x: Value) => {
    const { dims } = x.shape;
    const some = dims.slice(below(dims.length)).map((length) => (chance(0.3) ? 1 : length));
    const alike = values.filter((own) => own.shape.dims.join() === dims.join());
    return pick<() => Value | number>([
      () => Math.round(20 * next() - 10) / 4,
      () => weight(...some),
      () =>
        literal(
          reals(
            some.reduce((a, b) => a * b, 1),
            below(99),
          ),
          some,
        ),
      () => pick(alike),
    ])();
  };
  const around = (least: number) => [below(3) * least, below(3)] as [number, number];
  const layers: (() => Layer)[] = [
    () => conv2d(1 + below(4), 1 + below(3), { padding: pick([0, 1, 'same']), stride: 1 + below(2) }),
    () => conv2d(2, [2, 1], { bias: false, dilation: [1, 2], padding: [1, 0, 2, 1] }),
    () => separableConv2d(3, 2, { activation: 'relu' }),
    () => convTranspose2d(1 + below(3), 2, { stride: 1 + below(2), padding: below(2) }),
    () => maxPool2d(2, { stride: 1 + below(2), padding: below(2), ceilMode: chance(0.5) }),
    () => maxPool2d(2, { dilation: 2, padding: 2 }),
    () => avgPool2d(2, { padding: below(2), countIncludePad: chance(0.5), ceilMode: chance(0.5) }),
    () => avgPool2d(2, { dilation: 2, stride: 1, padding: below(3) }),
    () => upsample({ scale: [1 + below(2), 2], mode: pick(['nearest', 'bilinear']) }),
    () => upsample({ size: [1 + below(6), 1 + below(6)], mode: pick(['nearest', 'bilinear']) }),
    () => pick([globalAvgPool, globalMaxPool])(),
    () => dropout(0.2, { channels: true }),
    () => normalization({ mean: [0.25], deviation: [1.5] }),
  ];
  const operations: (() => Value)[] = [
    ...Array.from({ length: 5 }, () => () => pick(layers)()(image())),
    () => pick([F.add, F.sub, F.mul, F.maximum, F.minimum])(any(), operand(any())),
    () => pick([F.add, F.sub, F.mul])(operand(any()), any()),
    () => F.div(any(), positive(any())),
    () => F.pow(positive(any()), pick([2, 0.5, -1, 3])),
    () => pick([F.neg, F.square, F.abs, F.sin, F.cos, F.erf, F.stopGradient])(any()),
    () => pick([F.log, F.sqrt, F.reciprocal])(positive(any())),
    () => F.exp(F.neg(F.square(any()))),
    // Near a jump rounding would decide: of the inputs only.
    () => pick([F.floor, F.ceil, F.round, F.sign])(F.mul(pick(inputs), 3.3)),
    () => pick([F.less, F.lessEqual, F.greater, F.greaterEqual])(pick(inputs), 0.1),
    () => pick([F.equal, F.notEqual])(F.round(pick(inputs)), 0),
    () => F.where(F.less(pick(inputs), 0), any(), operand(any())),
    () => activation(pick(activations))(any()),
    () => pick([F.leakyRelu, F.elu])(any(), 0.4),
    () => dense(1 + below(5), { bias: chance(0.7), activation: pick(activations) })(long()),
    () => layer('block', (x) => F.tanh(dense(3)(dropout(0.3)(x))))(long()),
    () => pick([layerNorm, batchNorm])({ affine: chance(0.6) })(long()),
    () => F.matmul(square(), pick([square(), F.transpose(square())])),
    () => F.matmul(long(), F.transpose(weight(3, long().shape.dims.at(-1)!))),
    () => F.softmax(square(), { axis: -1 - below(2) }),
    () => {
      const x = any();
      const over = [...new Set([axis(x), axis(x, chance(0.1) ? 0 : 1)])];
      return pick([F.sum, F.mean, F.max, F.min])(x, { axis: over, keepAxes: chance(0.5) });
    },
    () => F.flatten(any()),
    () => {
      const x = any();
      const { dims } = x.shape;
      return F.reshape(
        x,
        pick([
          [...dims.slice(1), dims[0]],
          [1, ...dims],
          [dims[0], -1],
          [2, -1, 2],
        ]),
      );
    },
    () => {
      const x = square();
      const order = x.shape.dims.map((_, i) => i + 1).sort(() => next() - 0.5);
      return F.transpose(x, [0, ...order]);
    },
    () => {
      const x = any();
      const at = axis(x);
      const length = x.shape.dims[at - 1];
      const begin = below(length);
      return F.slice(x, at, begin, chance(0.5) ? undefined : begin + 1);
    },
    () => {
      const x = any();
      return F.concat([x, pick([x, F.square(x), any()]), x], axis(x));
    },
    () => {
      const x = any();
      return pad(
        x,
        x.shape.dims.map(() => around(1)),
        { value: next() },
      );
    },
    () => pad(image(), [around(1), around(1), [0, 0]], { mode: pick(['reflect', 'edge']) }),
    () => F.take(weight(4, 2), F.mul(pick(inputs), 4.1)),
    () =>
      embedding({ columns: [{ column: 1, cardinality: 3, width: 2 }] })(
        F.mul(
          of((own) => inputs.includes(own) && own.shape.dims.length === 1),
          3.1,
        ),
      ),
  ];
  for (let i = 4 + below(12); i > 0; i--) {
    try {
      const made = pick(operations)();
      const { rows, dims } = made.shape;
      const size = dims.reduce((a, b) => a * b, 1);
      // What has no axis a row is for tests of its own.
      if (rows && dims.length > 0 && size <= MOST) values.push(made);
    } catch (error) {
      // What does not fit is no part of it.
      if (!(error instanceof LanegradError) && !(error instanceof TypeError)) throw error;
    }
  }
  const ends = values.slice(inputs.length).slice(-1 - below(3));
  if (ends.length === 0) return undefined;
  const last = values
    .slice(inputs.length)
    .reduce(
      (total, value) => F.add(total, F.mean(F.tanh(F.flatten(value)), { axis: -1, keepAxes: true })),
      F.mul(dense(1)(F.flatten(inputs[0])), 0.5),
    );
  try {
    return network(
      Object.fromEntries(inputs.map((own, i) => [`in${i}`, own])),
      { ...Object.fromEntries(ends.map((own, i) => [`out${i}`, own])), all: last },
      { seed },
    );
  } catch (error) {
    // An input that nothing reads.
    if (error instanceof LanegradError) return undefined;
    throw error;
  }
}
