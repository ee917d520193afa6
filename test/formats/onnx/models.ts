/** Random models of every layer that ONNX files can hold. */
import fc from 'fast-check';
import type { Activation } from '../../../src/engine/kernels.js';
import { dense } from '../../../src/nn/dense.js';
import type { Layer } from '../../../src/nn/layer.js';
import { type Sequential, sequential } from '../../../src/nn/sequential.js';
import { reals } from '../../kernels/harness.js';

const activations: Activation[] = ['identity', 'sigmoid', 'tanh', 'relu'];

const layer: fc.Arbitrary<Layer> = fc
  .record({
    units: fc.integer({ min: 1, max: 9 }),
    activation: fc.constantFrom(...activations),
    bias: fc.boolean(),
  })
  .map(({ units, ...options }) => dense(units, options));

/** One to four layers on 1 to 12 inputs, none of their values special. */
export const models: fc.Arbitrary<Sequential> = fc
  .record({
    inputSize: fc.integer({ min: 1, max: 12 }),
    layers: fc.array(layer, { minLength: 1, maxLength: 4 }),
    seed: fc.nat(1000),
  })
  .map(({ inputSize, layers, seed }) => {
    const model = sequential(inputSize, layers, { seed });
    for (const [i, { values }] of model.parameters.entries())
      values.set(reals(values.length, 7 * seed + i + 1, 1));
    return model;
  });
