/** A model and a data set that go together. */
import { type Dataset, dataset, dense, type Sequential, sequential } from '../../../src/index.js';
import type { Random } from '../random.js';

export const classifier = (r: Random): Sequential =>
  sequential(2, [dense(3, { activation: 'tanh' }), dense(2)], { seed: r.below(100) });

export const labelled = (r: Random): Dataset =>
  dataset({ name: 'set', inputs: r.floats(16), labels: [0, 1, 0, 1, 1, 0, 1, 0] });

/** Arguments of training by which it would run for hours, as it was asked to, made smaller. */
export function briefly(args: readonly unknown[], place: number): readonly unknown[] {
  const options = args[place];
  if (typeof options !== 'object' || options === null) return args;
  const small = Object.fromEntries(
    ['epochs', 'steps', 'accumulateBatches']
      .map((key) => [key, Reflect.get(options, key)] as const)
      .filter(([, value]) => Number.isSafeInteger(value) && value > 100)
      .map(([key]) => [key, 100]),
  );
  return Object.keys(small).length === 0 ? args : args.with(place, { ...options, ...small });
}
