/** Every operation of a graph in the shapes that are rare: many axes, no rows, one number a row. */
import * as F from '../../../src/graph/functions.js';
import { pad } from '../../../src/graph/image-functions.js';
import { input, literal } from '../../../src/graph/leaves.js';
import { applyOne, type Value } from '../../../src/graph/value.js';
import { activation, activations } from '../../../src/nn/activations.js';
import { dense } from '../../../src/nn/dense.js';
import { dropout } from '../../../src/nn/dropout.js';
import { embedding } from '../../../src/nn/embedding.js';
import { randomNormal } from '../../../src/nn/initializers.js';
import { parameter } from '../../../src/nn/layer.js';
import type { Network } from '../../../src/nn/model.js';
import { network } from '../../../src/nn/network.js';
import { batchNorm, layerNorm } from '../../../src/nn/normalization.js';
import { convolution, convolutionTranspose } from '../../../src/ops/conv.js';
import { reals } from '../../kernels/harness.js';

const param = (name: string, ...shape: number[]) => parameter(name, shape, randomNormal(1));

/** Of an input of this shape: these values, each an output, with rows of at least one number. */
const of = (shape: readonly number[], make: (x: Value) => Readonly<Record<string, Value>>) => (): Network => {
  const x = input(shape);
  const last = dense(2)(F.flatten(x));
  const made = Object.entries(make(x)).map(([name, value]) => [name, withRows(value, last)] as const);
  return network({ x }, { ...Object.fromEntries(made), last }, { seed: 6 });
};

/** What has no rows meets a number of each row. */
function withRows(value: Value, rows: Value): Value {
  const { rows: has, dims } = value.shape;
  if (has) return dims.length > 0 ? value : F.reshape(value, [1]);
  const number = F.mul(F.slice(rows, -1, 0, 1), 0.5);
  const flat = F.reshape(value, [dims.reduce((product, length) => product * length, 1)]);
  return F.add(flat, number);
}

/** By what they are made of; each output is named by the operation. */
export const operationModels: Readonly<Record<string, () => Network>> = {
  'six axes': of([2, 1, 3, 2, 4], (x) => {
    const positive = F.add(F.square(x), 0.5);
    return {
      transpose: F.transpose(x, [0, 4, 2, 5, 1, 3]),
      slice: F.slice(F.slice(x, 3, 1, 3), 5, 1, 3),
      concat: F.concat([x, positive], 2),
      softmax: F.softmax(x),
      softmaxWithin: F.softmax(x, { axis: 3 }),
      logSoftmax: F.logSoftmax(x, { axis: 1 }),
      layerNorm: layerNorm()(x),
      batchNorm: batchNorm()(x),
      plainNorm: batchNorm({ affine: false })(x),
      dense: dense(3, { activation: 'gelu' })(x),
      matmul: F.matmul(x, F.transpose(x, [0, 1, 2, 3, 5, 4])),
      broadcast: F.mul(x, literal(reals(12, 2), [3, 1, 4])),
      where: F.where(F.greater(x, 0.1), x, literal([0.5], [1])),
      sums: F.sum(x, { axis: [2, 4] }),
      means: F.mean(x, { axis: [1, 3, 5], keepAxes: true }),
      maxima: F.max(x, { axis: 5 }),
      minima: F.min(x, { axis: [1, 2, 3, 4, 5], keepAxes: true }),
      overRows: F.add(x, F.mean(x, { axis: 0 })),
      pad: pad(
        x,
        [
          [0, 1],
          [1, 0],
          [0, 0],
          [2, 0],
          [0, 0],
        ],
        { value: -1.5 },
      ),
      dropout: dropout(0.3)(x),
      reshape: F.reshape(x, [4, 3, 1, 1, 4]),
      power: F.pow(positive, F.div(x, 2)),
      takes: F.slice(F.take(param('table', 4, 2), F.reshape(F.round(F.mul(x, 3)), [2, 3, 2, 4])), 4, 0, 3),
    };
  }),
  'activations of four axes': of([2, 2, 3], (x) => ({
    ...Object.fromEntries(activations.map((name) => [name, activation(name)(x)])),
    slope: F.leakyRelu(x, 0.3),
    steep: F.leakyRelu(x, -1.25),
    alpha: F.elu(x, 1.5),
  })),
  'one number a row': of([4], (x) => {
    const number = F.dot(x, literal([1, -2, 3, 0.5], [4]));
    const flat = (value: Value) => F.reshape(value, [value.shape.dims.length === 0 ? 1 : -1]);
    return {
      number: flat(number),
      gelu: flat(F.gelu(number)),
      take: F.take(param('table', 3, 2), number),
      add: F.add(x, flat(number)),
      overRows: F.add(x, F.sum(number, { axis: 0 })),
      sum: F.add(x, F.sum(x)),
    };
  }),
  'values without rows': of([3], (x) => {
    const [a, b, image] = [param('a', 2, 3), param('b', 3, 4), param('image', 5, 4, 16)];
    const [w, bias, v] = [param('w', 3, 2, 16, 16), param('bias', 16), param('v', 2, 3, 16, 16)];
    // The layers want rows; a model's file need not have them. Such images are without gaps.
    const window = { dilations: [1, 1] as const, groups: 1 };
    const conv = applyOne(convolution, [image, w, bias], {
      ...{ ...window, strides: [2, 1] as const, padding: [1, 1, 1, 1] as const },
    });
    const transposed = applyOne(convolutionTranspose, [image, v], {
      ...{ ...window, strides: [3, 2] as const, padding: [0, 1, 2, 0] as const, size: [13, 8] as const },
    });
    return {
      matmul: F.matmul(a, b),
      row: F.matmul(param('u', 3), b),
      transpose: F.transpose(param('cube', 2, 1, 3), [2, 0, 1]),
      reduce: F.mul(x, F.mean(a)),
      along: F.max(b, { axis: 0 }),
      softmax: F.softmax(a, { axis: 0 }),
      layerNorm: layerNorm()(a),
      batchNorm: batchNorm()(b),
      take: F.take(a, literal([1, 0, 5, -3, 0.9], [5])),
      concat: F.concat([a, F.square(a)], 0),
      slice: F.slice(b, 1, 1, 3),
      pad: pad(
        a,
        [
          [1, 0],
          [0, 2],
        ],
        { value: 0.25 },
      ),
      conv,
      convTanh: F.tanh(conv),
      transposed,
      product: F.matmul(x, F.transpose(F.reshape(b, [4, 3]))),
      where: F.where(F.less(x, literal([0, 0.5, -0.5], [3])), F.reshape(F.slice(a, 0, 1, 2), [3]), 1),
    };
  }),
  'tables within': () => {
    const [x, names] = [input([2]), input([4], { name: 'names' })];
    const columns = [
      { column: 1, cardinality: 3, width: 2 },
      { column: 2, cardinality: 4, width: 3 },
    ];
    const first = embedding({ columns: [{ column: 3, cardinality: 4, width: 1 }] })(names);
    // Computed categories, most of them outside the table.
    const second = embedding({ columns })(F.mul(first, 2.5));
    return network({ x, names }, dense(2)(F.concat([x, second])), { seed: 1 });
  },
};
