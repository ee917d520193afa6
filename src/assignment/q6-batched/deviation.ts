/**
 * What the batched network is held against: the single images' average, and the scalar network on the
 * example.
 */
import type { Engine } from '../../engine/engine.js';
import type { Sequential } from '../../nn/sequential.js';
import { example, exampleNetwork } from '../q3-scalar/gradient-table.js';
import { backward, forward } from '../q3-scalar/scalar.js';
import { TensorNetwork } from '../q5-tensor/network.js';
import { parametersOf, type Samples, twoLayerModel } from '../shared.js';
import type { Deviation } from '../types.js';
import { BatchedNetwork } from './network.js';

const gradientNames = ['dW1', 'db1', 'dW2', 'db2'] as const;

/** How far `given` lies from `expected`, the two of one shape. */
export function compareTensors(
  name: string,
  shape: readonly number[],
  given: ArrayLike<number>,
  expected: ArrayLike<number>,
): Deviation {
  let [scale, absolute] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    absolute = Math.max(absolute, Math.abs(given[i] - expected[i]));
  }
  return { name, shape, scale, absolute, relative: absolute === 0 ? 0 : absolute / scale };
}

/** Loss and gradients of single images by the tensor network, averaged in float64 over the first samples. */
export function averageGradients(
  engine: Engine,
  model: Sequential,
  samples: Samples,
  count: number,
): Map<string, Float64Array> {
  const network = new TensorNetwork(engine, model);
  try {
    const x = new Float32Array(model.inputSize);
    const sums = new Map<string, Float64Array>();
    const add = (name: string, values: ArrayLike<number>) => {
      const sum = sums.get(name) ?? new Float64Array(values.length);
      for (let i = 0; i < sum.length; i++) sum[i] += values[i] / count;
      sums.set(name, sum);
    };
    for (let i = 0; i < count; i++) {
      const label = samples.read(i, x);
      add('l', [network.forward(x, label)]);
      network.backward(label);
      for (const name of gradientNames) add(name, network.read(name));
    }
    return sums;
  } finally {
    network.dispose();
  }
}

/**
 * The example of question 3 as a batch [2, 1, 2] of it twice, against the scalar network's numbers: every
 * value of each sample, and the averages. dY and what follows it per sample carry the factor 1/2 of the mean.
 */
export function exampleDeviations(engine: Engine): Deviation[] {
  const B = 2;
  const label = example.trueClass - 1;
  const scalar = exampleNetwork();
  const x = Float64Array.from(example.x);
  const pass = forward(scalar, x, label);
  const gradients = backward(scalar, x, label, pass);

  const model = twoLayerModel([2, 3, 2], 0);
  const { W, b, V, c } = parametersOf('exampleDeviations', model);
  W.set(example.W.flat());
  b.set(example.b);
  V.set(example.V.flat());
  c.set(example.c);
  const network = new BatchedNetwork(engine, model, { groups: B, rows: 1 });
  try {
    for (let i = 0; i < B; i++) {
      network.inputs.set(example.x, i * x.length);
      network.labels[i] = label;
    }
    const l = network.forward();
    network.backward();
    const perSample = (values: ArrayLike<number>, factor = 1) =>
      Float64Array.from({ length: B * values.length }, (_, i) => values[i % values.length] * factor);
    const flat = (rows: readonly Float64Array[]) => rows.flatMap((row) => [...row]);
    const expected = {
      H: perSample(pass.h),
      O: perSample(pass.o),
      Y: perSample(pass.y),
      dY: perSample(gradients.dy, 1 / B),
      dO: perSample(gradients.do, 1 / B),
      db2: gradients.db2,
      'perSample dW2': perSample(flat(gradients.dW2), 1 / B),
      dW2: flat(gradients.dW2),
      dH: perSample(gradients.dh, 1 / B),
      dK: perSample(gradients.dk, 1 / B),
      db1: gradients.db1,
      'perSample dW1': perSample(flat(gradients.dW1), 1 / B),
      dW1: flat(gradients.dW1),
    };
    const names = Object.keys(expected) as (keyof typeof expected)[];
    const values = names.map((name) =>
      compareTensors(name, network.shape(name), network.read(name), expected[name]),
    );
    return [compareTensors('l', [1], [l], [pass.l]), ...values];
  } finally {
    network.dispose();
  }
}
