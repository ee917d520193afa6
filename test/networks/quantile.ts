/** The quantile loss: the output becomes what nine in ten targets are below (Koenker and Bassett 1978). */
import { dense, input, maximum, mul, network, ownLoss, sub } from 'lanegrad';

const quantileLoss = (share: number) =>
  ownLoss(
    ({ output, target }) => {
      const below = sub(target, output);
      return maximum(mul(share, below), mul(share - 1, below));
    },
    { name: 'quantile' },
  );

export function quantile() {
  const x = input([5]);
  const model = network(x, dense(1)(dense(6, { activation: 'tanh' })(x)), { seed: 1 });
  return { model, loss: quantileLoss(0.9) };
}
