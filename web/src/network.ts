/** Models and optimizers of the settings. */
import { adam, dense, type Optimizer, rmsprop, type Sequential, sequential, sgd } from 'lanegrad';
import type { Settings } from './settings.js';

export function buildModel({ hidden, second, activation }: Settings, seed = 1): Sequential {
  const units = second > 0 ? [hidden, second] : [hidden];
  return sequential(784, [...units.map((each) => dense(each, { activation })), dense(10)], { seed });
}

const optimizers: Record<string, (rate: number) => Optimizer> = {
  sgd: (learningRate) => sgd({ learningRate }),
  momentum: (learningRate) => sgd({ learningRate, momentum: 0.9 }),
  adam: (learningRate) => adam({ learningRate }),
  rmsprop: (learningRate) => rmsprop({ learningRate }),
};

export function buildOptimizer({ optimizer, rate }: Settings): Optimizer {
  return optimizers[optimizer](rate);
}
