/**
 * What must stay the same when a training is written down otherwise: hidden units, classes or columns in
 * another order, batches in parts, rows twice in place of a weight of two.
 *
 * Where data and weights are small whole numbers, and the rate and the number of rows powers of two, a step is
 * exact: inputs are at most 2, so hidden units at most 6·2·2 + 2 = 26, outputs at most 8·26·2 + 2 = 418, and sums
 * of a gradient below 16·26·420 < 2¹⁸. The mean divides by 32, and the rate by 16: a weight changes by a multiple
 * of 2⁻⁹ below 2⁹, which has 18 bits, and float32 has 24. `exact` sees for itself that float64 comes to the same.
 * Exact sums do not depend on their order, so these results are equal bit for bit on every engine. Others hold
 * for any numbers, as they change no sum's order, or multiply by powers of two, which rounds nothing.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { createReferenceEngine } from '../../../src/create/reference.js';
import { type Dataset, dataset } from '../../../src/data/dataset.js';
import type { Engine } from '../../../src/engine/engine.js';
import { CompiledModel } from '../../../src/nn/compile.js';
import { dense } from '../../../src/nn/dense.js';
import type { LossOption } from '../../../src/nn/losses.js';
import type { Network } from '../../../src/nn/model.js';
import { sgd } from '../../../src/nn/optimizers.js';
import { sequential } from '../../../src/nn/sequential.js';
import { type FitOptions, fit } from '../../../src/train/fit.js';
import { BatchSource } from '../../../src/train/source.js';
import { integers, reals } from '../../kernels/harness.js';

export const [ROWS, WIDTH, HIDDEN, OUTPUTS] = [16, 6, 8, 4];
export const RATE = 1 / 16;
export const float64 = createReferenceEngine({ precision: 'float64' });

export type Numbers = (count: number, seed: number) => Float32Array;
/** From -2 to 2. */
export const whole: Numbers = (count, seed) =>
  Float32Array.from(integers(count, seed), (value) => Math.trunc(value / 3));
export const real: Numbers = (count, seed) => Float32Array.from(reals(count, seed));

export const order = (length: number) =>
  fc.shuffledSubarray([...new Array(length).keys()], { minLength: length });
export const runs = { numRuns: 8 };

export interface Rows {
  readonly inputs: Float32Array;
  readonly targets: Float32Array;
  readonly weights?: Float32Array;
}

export const rowsOf = (numbers: Numbers, seed: number, rows = ROWS): Rows => ({
  inputs: numbers(rows * WIDTH, seed),
  targets: numbers(rows * OUTPUTS, seed + 1),
});
export const setOf = (rows: Rows): Dataset => dataset({ ...rows, targetWidth: OUTPUTS });

/** A network of these numbers, whose parameters are [weight, bias, weight, bias]. */
export function net(numbers: Numbers, seed: number): Network {
  const model = sequential(WIDTH, [dense(HIDDEN, { activation: 'relu' }), dense(OUTPUTS)]);
  return withValues(
    model,
    model.parameters.map(({ values }, i) => numbers(values.length, seed + 10 + i)),
  );
}

export function withValues(model: Network, values: readonly Float32Array[]): Network {
  for (const [i, parameter] of model.parameters.entries()) parameter.values.set(values[i]);
  return model;
}

export const valuesOf = (model: Network) => model.parameters.map(({ values }) => [...values]);

/** Column i of the result is column `places[i]`. */
export function columns(values: ArrayLike<number>, width: number, places: readonly number[]): Float32Array {
  return Float32Array.from({ length: values.length }, (_, at) => {
    const row = Math.floor(at / width);
    return values[row * width + places[at % width]];
  });
}

/** Row i of the result, of so many numbers, is row `places[i]`. */
export function rows(values: ArrayLike<number>, width: number, places: readonly number[]): Float32Array {
  return Float32Array.from({ length: places.length * width }, (_, at) => {
    return values[places[Math.floor(at / width)] * width + (at % width)];
  });
}

/** One epoch of plain SGD, rows in their order, in one batch unless told otherwise. */
export async function trained(
  engine: Engine,
  model: Network,
  set: Dataset,
  options: Partial<FitOptions> = {},
) {
  await fit(engine, model, set, {
    ...{ loss: 'meanSquaredError', optimizer: sgd({ learningRate: RATE }) },
    ...{ batchSize: set.size, epochs: 1, shuffle: false, ...options },
  });
  return valuesOf(model);
}

/** Likewise; and expects that float64 comes to the same numbers, so that nothing was rounded. */
export async function exact(
  engine: Engine,
  make: () => Network,
  set: Dataset,
  options: Partial<FitOptions> = {},
) {
  const found = await trained(engine, make(), set, options);
  expect(found).toEqual(await trained(float64, make(), set, options));
  return found;
}

/** The gradients of one batch, by the parameters' names, and its loss. */
export function gradients(engine: Engine, model: Network, set: Dataset, loss: LossOption) {
  const optimizer = sgd({ learningRate: RATE });
  const compiled = new CompiledModel(engine, model, { maxRows: set.size, loss, optimizer });
  const plan = compiled.plan(set.size);
  const source = new BatchSource(engine, set, 'test');
  source.load(plan, 0);
  plan.forward(true);
  const value = plan.loss() / plan.weight();
  plan.backward();
  const found = [...compiled.readGradients()].map(([name, values]) => [name, Array.from(values)] as const);
  source.dispose();
  compiled.dispose();
  return { value, gradients: Object.fromEntries(found) };
}

/** With the columns of its last layer in this order. */
export function withClasses(model: Network, places: readonly number[]): Network {
  for (const { values } of model.parameters.slice(-2)) values.set(columns(values, OUTPUTS, places));
  return model;
}

export const together = (a: Rows, b: Rows): Rows => ({
  inputs: Float32Array.of(...a.inputs, ...b.inputs),
  targets: Float32Array.of(...a.targets, ...b.targets),
});
