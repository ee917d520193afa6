/** A residual block: what two layers make of a value is added to it. */
import { add, dense, input, layer, network } from 'lanegrad';

export function residual() {
  const block = () => layer('block', (x) => add(x, dense(8)(dense(8, { activation: 'tanh' })(x))));
  const x = input([4]);
  const h = block()(block()(dense(8, { activation: 'relu' })(x)));
  return { model: network(x, dense(3)(h), { seed: 1 }), loss: 'softmaxCrossEntropy' as const };
}
