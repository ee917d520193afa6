/** A model and a data set that go together. */
import { type Dataset, dataset, dense, type Sequential, sequential } from '../../../src/index.js';
import type { Random } from '../random.js';

export const classifier = (r: Random): Sequential =>
  sequential(2, [dense(3, { activation: 'tanh' }), dense(2)], { seed: r.below(100) });

export const labelled = (r: Random): Dataset =>
  dataset({ name: 'set', inputs: r.floats(16), labels: [0, 1, 0, 1, 1, 0, 1, 0] });
