/** An optimizer of one's own, written with what the package exports: Lion (Chen et al. 2023). */
import { add, addDecayedWeights, mul, type Optimizer, optimizer, sign } from '../../src/index.js';

export function lion(learningRate: number, { betas = [0.9, 0.99], weightDecay = 0.1 } = {}): Optimizer {
  const [beta1, beta2] = betas;
  return optimizer({
    name: 'lion',
    learningRate,
    transforms: [
      {
        name: 'signOfMomentum',
        slots: ['momentum'],
        apply({ update, slots: { momentum } }) {
          const blend = (beta: number) => add(mul(beta, momentum), mul(1 - beta, update));
          return { update: sign(blend(beta1)), slots: { momentum: blend(beta2) } };
        },
      },
      addDecayedWeights(weightDecay),
    ],
  });
}
