/** Random models of every layer, and models with numbers of no special kind. */
import fc from 'fast-check';
import { type OnnxImport, readOnnx } from '../../../src/formats/onnx/read.js';
import { type ActivationOptions, activation, activations } from '../../../src/nn/activations.js';
import { dense } from '../../../src/nn/dense.js';
import { dropout } from '../../../src/nn/dropout.js';
import { embedding } from '../../../src/nn/embedding.js';
import type { Layer } from '../../../src/nn/layer.js';
import type { Network } from '../../../src/nn/model.js';
import { batchNorm, layerNorm } from '../../../src/nn/normalization.js';
import { isSequential, type Sequential, sequential } from '../../../src/nn/sequential.js';
import { reals, testNumbers } from '../../kernels/harness.js';
import { floats } from './schema.js';

const name = fc.constantFrom(...activations);

const denseLayer: fc.Arbitrary<Layer> = fc
  .record({ units: fc.integer({ min: 1, max: 9 }), activation: name, bias: fc.boolean() })
  .map(({ units, ...options }) => dense(units, options));

const activationLayer: fc.Arbitrary<Layer> = fc
  .tuple(name, fc.constantFrom(0.25, 1))
  .map(([own, parameter]) => {
    const options: ActivationOptions =
      own === 'leakyRelu' ? { negativeSlope: parameter } : own === 'elu' ? { alpha: parameter } : {};
    return activation(own, options);
  });

// A small eps would blow up the rounding of rows that are almost constant.
const norm = { eps: fc.constantFrom(0.01, 0.5), affine: fc.boolean() };
const layer: fc.Arbitrary<Layer> = fc.oneof(
  { arbitrary: denseLayer, weight: 4 },
  activationLayer,
  fc.constant(dropout(0.5)),
  fc.record({ ...norm, momentum: fc.constantFrom(0.1, 0.25) }).map(batchNorm),
  fc.record(norm).map(layerNorm),
);

/** Category columns of a model's inputs, with their number of categories. */
const COLUMNS = [
  { column: 1, cardinality: 5, width: 3 },
  { column: 3, cardinality: 2, width: 1 },
  { column: 4, cardinality: 3, width: 2 },
];

const first: fc.Arbitrary<Layer[]> = fc
  .subarray(COLUMNS)
  .map((columns) => (columns.length > 0 ? [embedding({ columns })] : []));

/**
 * One to four layers on 5 to 12 inputs, none of their values special; `embedded` lets them begin with
 * categories.
 */
export const modelsOf = (embedded: boolean): fc.Arbitrary<Sequential> =>
  fc
    .record({
      inputSize: fc.integer({ min: 5, max: 12 }),
      first: embedded ? first : fc.constant([]),
      layers: fc.array(layer, { minLength: 1, maxLength: 4 }),
      seed: fc.nat(1000),
    })
    .map(({ inputSize, first, layers, seed }) => {
      const model = sequential(inputSize, [...first, ...layers], { seed });
      for (const [i, { values }] of model.parameters.entries())
        values.set(reals(values.length, 7 * seed + i + 1, 1));
      for (const [i, { name: own, values }] of model.buffers.entries()) {
        const numbers = reals(values.length, 11 * seed + i + 1, 1);
        values.set(own.endsWith('Var') ? numbers.map((v) => v * v + 0.5) : numbers);
      }
      return model;
    });

/** Inputs in ±1, and categories where the model begins with an embedding. */
export function inputsFor({ layers, inputSize }: Sequential, rows: number, seed: number): Float32Array {
  const inputs = Float32Array.from(reals(rows * inputSize, seed, 1));
  const { columns = [] } = layers[0].config as { columns?: typeof COLUMNS };
  const next = testNumbers(seed);
  for (const { column, cardinality } of columns) {
    for (let row = 0; row < rows; row++) inputs[row * inputSize + column] = Math.floor(next() * cardinality);
  }
  return inputs;
}

/** Numbers that are nothing special, also for biases, norms and running statistics. */
export function filled<M extends Network>(model: M): M {
  for (const [i, { name, values }] of [...model.parameters, ...model.buffers].entries()) {
    const numbers = reals(values.length, 31 + i, 0.6);
    values.set(
      name.endsWith('Var') || name.endsWith('deviation')
        ? numbers.map((value) => value * value + 0.5)
        : numbers,
    );
  }
  return model;
}

/** `k` of a Conv node, with numbers of no special kind. */
export function kernel(...shape: number[]): object {
  const length = shape.reduce((a, b) => a * b, 1);
  return floats('k', shape, [...reals(length, 1)]);
}

/** A file that has to be a list of layers. */
export function readList(bytes: Uint8Array): OnnxImport & { readonly model: Sequential } {
  const read = readOnnx(bytes, 'list.onnx');
  const { model } = read;
  if (!isSequential(model)) throw new Error('the file is no list of layers');
  return { ...read, model };
}
