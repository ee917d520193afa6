/** Models and optimizers of the settings. */
import { dense, type Optimizer, type Sequential, sequential, sgd } from 'lanegrad';
import type { Settings } from './settings.js';

export function buildModel({ hidden, second, activation }: Settings, seed = 1): Sequential {
  const units = second > 0 ? [hidden, second] : [hidden];
  return sequential(784, [...units.map((each) => dense(each, { activation })), dense(10)], { seed });
}

const optimizers: Record<string, (rate: number) => Optimizer> = {
  sgd: (learningRate) => sgd({ learningRate }),
};

export function buildOptimizer({ optimizer, rate }: Settings): Optimizer {
  return optimizers[optimizer](rate);
}
