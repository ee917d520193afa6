/**
 * A Siamese pair: one encoder for both inputs, and the contrastive loss of their distance (Hadsell, Chopra
 * and LeCun 2006).
 */
import { add, dense, input, layer, maximum, mul, network, ownLoss, sqrt, square, sub, sum } from 'lanegrad';

export function siamese() {
  const encoder = layer('encoder', (x) => dense(4)(dense(8, { activation: 'tanh' })(x)));
  const [left, right] = [input([6], { name: 'left' }), input([6], { name: 'right' })];
  const difference = sub(encoder(left), encoder(right));
  const distance = sqrt(add(sum(square(difference), { axis: 1, keepAxes: true }), 1e-6));
  // The target is 1 for two of a kind, else 0.
  const contrastive = ownLoss(({ output, target }) => {
    const apart = mul(sub(1, target), square(maximum(sub(1, output), 0)));
    return add(mul(target, square(output)), apart);
  });
  return { model: network({ left, right }, distance, { seed: 1 }), loss: contrastive };
}
