/** The focal loss, which counts what is known already for less (Lin et al. 2017). */
import { dense, exp, input, logSoftmax, mul, neg, network, ownLoss, pow, sub, sum } from 'lanegrad';

/** Targets are one-hot. */
const focalLoss = (gamma: number) =>
  ownLoss(
    ({ output, target }) => {
      const log = logSoftmax(output);
      return neg(sum(mul(target, mul(pow(sub(1, exp(log)), gamma), log)), { axis: 1 }));
    },
    { link: 'softmax', name: 'focal' },
  );

export function focal() {
  const x = input([5]);
  const model = network(x, dense(3)(dense(6, { activation: 'tanh' })(x)), { seed: 1 });
  return { model, loss: focalLoss(2) };
}
