/**
 * Small networks and batches for the tests of gradients and training, made without the library's own
 * generator.
 */
import { createHash } from 'node:crypto';
import type { Engine } from '../../src/engine/engine.js';
import { CompiledModel } from '../../src/nn/compile.js';
import type { Layer } from '../../src/nn/layer.js';
import type { Network } from '../../src/nn/model.js';
import { type Optimizer, sgd } from '../../src/nn/optimizers.js';
import { type Sequential, sequential } from '../../src/nn/sequential.js';
import { reals, testNumbers } from '../kernels/harness.js';

export interface Batch {
  readonly rows: number;
  readonly inputs: Float32Array;
  readonly labels: Int32Array;
}

/** Inputs in ±1, this share of them not zero; labels in [0, classes). */
export function batch(rows: number, width: number, classes: number, density: number, seed = 1): Batch {
  const next = testNumbers(seed + 1000);
  const inputs = Float32Array.from(reals(rows * width, seed), (v) => (next() < density ? v : 0));
  return { rows, inputs, labels: Int32Array.from({ length: rows }, () => Math.floor(next() * classes)) };
}

/** A model whose biases are not zero either, so that nothing in it is special. */
export function model(inputSize: number, layers: readonly Layer[], seed = 1): Sequential {
  const made = sequential(inputSize, layers, { seed });
  for (const [i, { shape, values }] of made.parameters.entries()) {
    if (shape.length === 1) values.set(reals(values.length, 31 * seed + i, 0.5));
  }
  return made;
}

/** Compiled for training, with the batch in place. */
export function compile(
  engine: Engine,
  net: Network,
  { rows, inputs, labels }: Batch,
  optimizer: Optimizer = sgd({ learningRate: 0.1 }),
) {
  const compiled = new CompiledModel(engine, net, { maxRows: rows, optimizer });
  const plan = compiled.plan(rows);
  plan.inputs.write(inputs);
  plan.labels.write(labels);
  plan.loaded();
  return { compiled, plan };
}

/** All weights' bits in one word. */
export function fingerprint(net: Network): string {
  const hash = createHash('sha256');
  for (const { values } of net.parameters) hash.update(new Uint8Array(values.buffer));
  return hash.digest('hex');
}
