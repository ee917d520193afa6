/** A layer of one's own, with a parameter, which is trained, and a buffer, which is not. */
import { buffer, constant, dense, input, layer, mul, network, parameter, sigmoid, sub } from 'lanegrad';

export function swish() {
  const centred = layer('swish', (x) => {
    const centre = sub(x, buffer('centre', [6], constant(0.25)));
    return mul(centre, sigmoid(mul(parameter('beta', [1], constant(1)), centre)));
  });
  const x = input([5]);
  const model = network(x, dense(3)(centred(dense(6)(x))), { seed: 1 });
  return { model, loss: 'softmaxCrossEntropy' as const };
}
