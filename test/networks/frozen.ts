/** A trained trunk that stays as it is, and a new head. */
import { callModel, dense, freeze, input, network, sequential } from 'lanegrad';

export function frozen() {
  const trunk = sequential(5, [dense(8, { activation: 'tanh' }), dense(6, { activation: 'tanh' })]);
  freeze(trunk, '*');
  const x = input([5]);
  const model = network(x, dense(3)(callModel(trunk, x)), { seed: 1 });
  return { model, loss: 'softmaxCrossEntropy' as const };
}
