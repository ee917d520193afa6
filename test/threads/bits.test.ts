/** The same bits for any number of threads: whole trainings, compared by the hash of their weights. */
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create/engine.js';
import { type Dataset, dataset, sliceDataset } from '../../src/data/dataset.js';
import { loadMnist } from '../../src/data/mnist.js';
import { activation } from '../../src/nn/activations.js';
import { dense } from '../../src/nn/dense.js';
import { dropout } from '../../src/nn/dropout.js';
import type { Layer } from '../../src/nn/layer.js';
import { batchNorm, layerNorm } from '../../src/nn/normalization.js';
import { adamW, type Optimizer, sgd } from '../../src/nn/optimizers.js';
import { sequential } from '../../src/nn/sequential.js';
import { weightsSha256 } from '../../src/run/weights.js';
import { evaluate } from '../../src/train/evaluate.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { testNumbers } from '../kernels/harness.js';

const mnist = await loadMnist();
const next = testNumbers(5);
const sets: Record<string, Dataset> = {
  // Bytes, four fifths of them zeros: the sparse path.
  sparse: sliceDataset(mnist.train, 0, 3200),
  dense: dataset({
    name: 'noise',
    inputs: Float32Array.from({ length: 3200 * 96 }, () => next() - 0.5),
    labels: Int32Array.from({ length: 3200 }, (_, i) => i % 10),
    classes: 10,
  }),
};

interface Training {
  readonly layers: () => Layer[];
  readonly optimizer: () => Optimizer;
  readonly more?: Partial<FitOptions>;
}

const plain: Training = {
  layers: () => [
    dense(150, { activation: 'sigmoid' }),
    dense(70, { activation: 'tanh' }),
    dense(33, { activation: 'relu' }),
    dense(10),
  ],
  optimizer: () => sgd({ learningRate: 0.2 }),
};

/** All that has kernels of its own. */
const rich: Training = {
  layers: () => [
    dense(150),
    batchNorm(),
    activation('gelu'),
    dropout(0.2),
    dense(70, { activation: 'silu' }),
    layerNorm(),
    dense(10),
  ],
  optimizer: () => adamW({ learningRate: 0.002 }),
  more: { clipNorm: 1, l1: 1e-6, averageDecay: 0.99 },
};

/** 300 steps of batches of 64, the last of each epoch smaller. */
async function train(set: Dataset, math: 'strict' | 'fma', threads: number, training = plain) {
  const engine = await createEngine({ math, threads });
  try {
    expect(engine.info.threads).toBe(threads);
    const model = sequential(set.width, training.layers(), { seed: 3 });
    const history = await fit(engine, model, sliceDataset(set, 0, 3170), {
      loss: 'softmaxCrossEntropy',
      optimizer: training.optimizer(),
      ...training.more,
      batchSize: 64,
      epochs: 6,
    });
    expect(history.steps).toBe(300);
    // Weights stand still here, and are kept packed.
    const evaluation = await evaluate(engine, model, set);
    return {
      weights: await weightsSha256(model),
      losses: history.epochs.map(({ loss }) => loss),
      evaluated: [...evaluation.losses],
    };
  } finally {
    engine.dispose();
  }
}

describe.each(['strict', 'fma'] as const)('%s', (math) => {
  test.each(Object.keys(sets))('300 steps on %s inputs give the same weights and losses', async (name) => {
    const one = await train(sets[name], math, 1);
    for (const threads of [2, 3, 4]) expect(await train(sets[name], math, threads)).toEqual(one);
  });

  test('so does a network of other layers, with AdamW, clipping and an average', async () => {
    const one = await train(sets.dense, math, 1, rich);
    for (const threads of [2, 3]) expect(await train(sets.dense, math, threads, rich)).toEqual(one);
  });
});
