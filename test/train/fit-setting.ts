import { createEngine } from '../../src/create/engine.js';
import { createReferenceEngine } from '../../src/create/reference.js';
import { type DenseOptions, dense } from '../../src/nn/dense.js';
import type { Network } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import type { FitOptions } from '../../src/train/fit.js';

export const net = (seed = 1, options: DenseOptions = { activation: 'tanh' }) =>
  sequential(8, [dense(12, options), dense(3)], { seed });
export const basic = {
  loss: 'softmaxCrossEntropy',
  optimizer: sgd({ learningRate: 0.5 }),
} as const satisfies FitOptions;
export const bits = (model: Network) =>
  model.parameters.map(({ values }) => [...new Uint32Array(values.buffer)]);
export const finite = (model: Network) =>
  model.parameters.every(({ values }) => values.every(Number.isFinite));

export const engines = [
  { name: 'wasm strict', engine: await createEngine({ backend: 'wasm', math: 'strict' }) },
  { name: 'wasm fma', engine: await createEngine({ backend: 'wasm', math: 'fma' }) },
  { name: 'reference', engine: createReferenceEngine() },
];
export const [{ engine: strict }, , { engine: reference }] = engines;
