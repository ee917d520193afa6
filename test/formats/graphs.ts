/** Networks that are no lists of layers, made of every operation that there is; and how they are run. */

import { createReferenceEngine } from '../../src/create/reference.js';
import type { Engine } from '../../src/engine/engine.js';
import { readSafetensors, type WritableTensor, writeSafetensors } from '../../src/formats/safetensors.js';
import * as F from '../../src/graph/functions.js';
import { pad } from '../../src/graph/image-functions.js';
import { input, literal } from '../../src/graph/leaves.js';
import type { Value } from '../../src/graph/value.js';
import { activation, activations } from '../../src/nn/activations.js';
import { CompiledModel } from '../../src/nn/compile.js';
import { conv2d } from '../../src/nn/conv.js';
import { convTranspose2d } from '../../src/nn/conv-transpose.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import { embedding } from '../../src/nn/embedding.js';
import { constant, randomNormal } from '../../src/nn/initializers.js';
import { buffer, type Layer, layer, parameter } from '../../src/nn/layer.js';
import type { Network } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { ownLoss } from '../../src/nn/own-loss.js';
import { avgPool2d, maxPool2d, upsample } from '../../src/nn/pool.js';
import { reals } from '../kernels/harness.js';

/** A layer of one's own: another layer twice, a parameter, and the input added. */
export const block = (): Layer =>
  layer('block', (x) => {
    const inner = dense(6, { activation: 'tanh' });
    const gain = parameter('gain', [1], constant(0.7));
    return F.add(x, F.mul(gain, inner(inner(dropout(0.25)(x)))));
  });

/** Two inputs and two outputs; shared layers, dropout, a buffer, numbers that stand in the graph. */
export function twoByTwo(seed = 1): Network {
  const [a, b] = [input([5], { name: 'a' }), input([2, 3], { name: 'b' })];
  const shared = block();
  const shift = layer('shift', (x) => F.add(x, buffer('offset', [6], constant(0.5))));
  const left = shared(dense(6)(a));
  const right = shared(shift(layerNorm()(F.reshape(b, [-1]))));
  const both = F.concat([left, F.mul(right, literal([1, -0, 2, 0.1, -1, 3], [6]))]);
  return network({ a, b }, { species: dense(3)(batchNorm()(both)), amount: dense(1)(both) }, { seed });
}

/** One input and one output, with dropout in a layer that is called twice. */
export function residual(seed = 1): Network {
  const x = input([8]);
  const own = block();
  const h = own(own(dense(6)(x)));
  return network(x, dense(3)(F.add(h, batchNorm()(h))), { seed });
}

/**
 * A loss of one's own, which no process knows that has not made it: a weighted square, and a share of the
 * output's size.
 */
export const ownSquares = () =>
  ownLoss(({ output, target }) =>
    F.add(
      F.mean(F.square(F.sub(output, target)), { axis: -1 }),
      F.mul(0.01, F.sum(F.abs(output), { axis: -1 })),
    ),
  );

/** A network of `x` [4] that ends with these values side by side, after a layer that has parameters. */
function of(make: (x: Value) => readonly Value[]): Network {
  const x = input([4]);
  return network(x, F.concat(make(dense(4)(x)).map((value) => F.flatten(value))), { seed: 3 });
}

const positive = (x: Value) => F.add(F.square(x), 0.5);

/** By what they are made of. */
export const graphs: Readonly<Record<string, () => Network>> = {
  'two inputs, two outputs': twoByTwo,
  residual,
  activations: () => of((x) => activations.map((name) => activation(name)(x))),
  'activations with numbers': () => of((x) => [F.leakyRelu(x, 0.3), F.elu(x, 1.5)]),
  norms: () =>
    of((x) => [
      ...[batchNorm()(x), batchNorm({ affine: false, eps: 0.1 })(x), layerNorm()(x)],
      ...[
        layerNorm({ affine: false })(x),
        batchNorm()(F.reshape(x, [2, 2])),
        layerNorm()(F.reshape(x, [2, 2])),
      ],
      batchNorm({ affine: false })(F.reshape(x, [2, 2])),
    ]),
  arithmetic: () =>
    of((x) => {
      const [row, weights] = [literal([1, 2, 3, 4], [4]), parameter('w', [2, 1], randomNormal(1))];
      const square = F.reshape(x, [2, 2]);
      return [
        ...[F.add(x, row), F.sub(1, x), F.mul(square, weights), F.div(x, positive(x))],
        ...[F.pow(positive(x), 1.5), F.maximum(x, 0.1), F.minimum(x, row), F.dot(x, row)].map((own) =>
          own.shape.dims.length === 0 ? F.reshape(own, [1]) : own,
        ),
      ];
    }),
  'comparisons and choices': () =>
    of((x) => [
      ...[F.less(x, 0), F.lessEqual(x, x), F.greater(x, 0), F.greaterEqual(0, x)],
      ...[F.equal(F.round(x), 0), F.notEqual(F.round(x), 0), F.where(F.greater(x, 0), x, F.mul(x, -3))],
    ]),
  'functions of one value': () =>
    of((x) => [
      ...[F.neg(x), F.exp(x), F.log(positive(x)), F.sqrt(positive(x)), F.square(x), F.abs(x), F.sign(x)],
      ...[F.sin(x), F.cos(x), F.reciprocal(positive(x)), F.erf(x), F.floor(x), F.ceil(x)],
      ...[F.round(F.mul(x, 3.3)), F.stopGradient(x)],
    ]),
  reductions: () =>
    of((x) => {
      const cube = F.reshape(x, [2, 2]);
      return [
        ...[
          F.sum(cube, { axis: 1 }),
          F.mean(cube, { axis: -1, keepAxes: true }),
          F.max(cube, { axis: [1, 2] }),
        ].map((own) => (own.shape.dims.length === 0 ? F.reshape(own, [1]) : own)),
        // Of all rows: the same in each.
        ...[F.min(cube, { axis: 2 }), F.sub(x, F.mean(x, { axis: 0 })), F.add(x, F.sum(x))],
      ];
    }),
  'softmax along axes': () =>
    of((x) => {
      const square = F.reshape(x, [2, 2]);
      return [F.softmax(x), F.softmax(square, { axis: 1 }), F.logSoftmax(x)];
    }),
  shapes: () =>
    of((x) => {
      const square = F.reshape(x, [2, 2]);
      return [
        ...[F.transpose(square), F.slice(x, 1, 1, 3), F.slice(square, -1, -1), F.concat([square, square], 1)],
        F.transpose(F.reshape(x, [1, 2, 2]), [0, 3, 1, 2]),
      ];
    }),
  images: () =>
    of((x) => {
      const image = F.reshape(dense(40)(x), [5, 4, 2]);
      const small = conv2d(3, 3, { stride: 2, padding: 'same', activation: 'tanh' })(image);
      return [
        ...[convTranspose2d(2, 3, { stride: 2, padding: 1, outputPadding: [0, 1] })(small), small],
        ...[maxPool2d(2)(image), avgPool2d(3, { stride: 2, padding: 1 })(image)],
        ...[upsample({ scale: 2 })(small), upsample({ size: [4, 3], mode: 'bilinear' })(small)],
        pad(
          small,
          [
            [1, 1],
            [0, 1],
            [0, 0],
          ],
          { mode: 'reflect' },
        ),
        pad(
          image,
          [
            [1, 2],
            [0, 0],
            [0, 1],
          ],
          { value: 0.5 },
        ),
      ];
    }),
  attention() {
    const x = input([3, 4]);
    const [q, k, v] = [1, 2, 3].map(() => dense(4, { bias: false })(x));
    const mask = literal([0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0], [3, 3]);
    const scores = F.add(F.mul(F.matmul(q, F.transpose(k)), 0.5), mask);
    return network(x, F.flatten(F.matmul(F.softmax(scores), v)), { seed: 2 });
  },
  'tied weights'() {
    const x = input([4]);
    const weight = parameter('weight', [4, 2], randomNormal(0.5));
    return network(x, F.matmul(F.tanh(F.matmul(x, weight)), F.transpose(weight)), { seed: 2 });
  },
  'rows of tables'() {
    const [numbers, names] = [input([2], { name: 'numbers' }), input([3], { name: 'names' })];
    const table = parameter('table', [5, 2], randomNormal(1));
    const embedded = embedding({ columns: [{ column: 1, cardinality: 4, width: 3 }] })(names);
    const taken = F.flatten(F.take(table, F.slice(names, 1, 0, 2)));
    const one = F.oneHot(F.slice(names, 1, 2, 3), 4);
    return network({ numbers, names }, dense(2)(F.concat([numbers, embedded, taken, one])), { seed: 2 });
  },
};

/** Numbers for each input of a model; whole ones from 0 to 3 where they are names. */
export function numbersFor({ inputs }: Network, rows: number): Float32Array[] {
  return inputs.map(({ name, shape }, i) => {
    const size = rows * shape.reduce((product, length) => product * length, 1);
    const numbers = Float32Array.from(reals(size, 7 + i));
    return name === 'names' ? numbers.map((value) => Math.abs(Math.floor(4 * value)) % 4) : numbers;
  });
}

/** The outputs of a model, each as one list. */
export function outputsOf(
  model: Network,
  numbers: readonly Float32Array[],
  rows: number,
  engine: Engine = createReferenceEngine({ precision: 'float64' }),
): ArrayLike<number>[] {
  const compiled = new CompiledModel(engine, model, {
    maxRows: rows,
    loss: 'meanSquaredError',
    ...lossesOf(model),
  });
  try {
    const plan = compiled.plan(rows);
    for (const [i, { values }] of plan.ports.inputs.entries()) values.write(numbers[i]);
    for (const own of plan.ports.inputs) own.loaded();
    plan.forward();
    return plan.ports.outputs.map(({ outputs }) => outputs.read().slice() as ArrayLike<number>);
  } finally {
    compiled.dispose();
  }
}

/** A loss for each output, where there are several. */
function lossesOf({ outputs }: Network): object {
  if (outputs.length === 1) return {};
  return { loss: Object.fromEntries(outputs.map(({ name }) => [name, 'meanSquaredError'])) };
}

/** The description in a file, and the file with another. */
export function openFile(file: Uint8Array) {
  const { tensors, metadata } = readSafetensors(file, 'file');
  return { tensors: tensors as Map<string, WritableTensor>, description: JSON.parse(metadata.lanegrad) };
}

export function closeFile({ tensors, description }: ReturnType<typeof openFile>): Uint8Array {
  return writeSafetensors(tensors, { lanegrad: JSON.stringify(description) });
}
