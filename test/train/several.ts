/** A model with two inputs and two outputs, and sets for it. */
import { type Dataset, dataset } from '../../src/data/dataset.js';
import { add, tanh } from '../../src/graph/functions.js';
import { input } from '../../src/graph/leaves.js';
import { dense } from '../../src/nn/dense.js';
import type { Network } from '../../src/nn/model.js';
import { network } from '../../src/nn/network.js';
import { sgd } from '../../src/nn/optimizers.js';
import type { FitOptions } from '../../src/train/fit.js';
import { reals, testNumbers } from '../kernels/harness.js';

/** image [6] and numbers [2] to logits of 3 digits and a price. */
export function twoByTwo(seed = 1): Network {
  const [image, numbers] = [input([6]), input([2])];
  const h = tanh(add(dense(8)(image), dense(8)(numbers)));
  return network({ image, numbers }, { digit: dense(3)(h), price: dense(1)(h) }, { seed });
}

export interface Parts {
  readonly image: Uint8Array;
  readonly numbers: Float32Array;
  readonly digits: Int32Array;
  readonly prices: Float32Array;
}

export function partsOf(size: number, seed = 1): Parts {
  const next = testNumbers(seed);
  const digits = Int32Array.from({ length: size }, () => Math.floor(next() * 3));
  // Mostly zeros, so that it is kept compressed.
  const image = Uint8Array.from({ length: 6 * size }, (_, i) =>
    i % 6 === 2 * digits[Math.floor(i / 6)] ? 255 : next() < 0.1 ? 90 : 0,
  );
  const numbers = Float32Array.from(reals(2 * size, seed + 1));
  const prices = Float32Array.from(
    { length: size },
    (_, i) => numbers[2 * i] - 0.5 * numbers[2 * i + 1] + digits[i],
  );
  return { image, numbers, digits, prices };
}

export function severalSet(size: number, seed = 1, more: object = {}): Dataset {
  const { image, numbers, digits, prices } = partsOf(size, seed);
  return dataset({
    name: 'several',
    inputs: { image: { values: image, shape: [2, 3] }, numbers },
    labels: { digit: { values: digits, classes: 3 } },
    targets: { price: prices },
    ...more,
  });
}

export const both = {
  loss: { digit: 'softmaxCrossEntropy', price: { loss: 'meanSquaredError', weight: 0.5 } },
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  batchSize: 8,
} as const satisfies FitOptions;
