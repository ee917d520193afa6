/** Distillation: a small network learns what a large one takes for likely (Hinton, Vinyals and Dean 2015). */
import { dense, div, input, logSoftmax, mul, network, ownLoss, softmax, sum } from 'lanegrad';

/** Targets are the teacher's outputs, its logits. */
const distillationLoss = (temperature: number) =>
  ownLoss(
    ({ output, target }) => {
      const likely = softmax(div(target, temperature));
      const crossEntropy = sum(mul(likely, logSoftmax(div(output, temperature))), { axis: 1 });
      return mul(crossEntropy, -(temperature ** 2));
    },
    { link: 'softmax', name: 'distillation' },
  );

export function distillation() {
  const x = input([5]);
  const model = network(x, dense(4)(dense(6, { activation: 'relu' })(x)), { seed: 1 });
  return { model, loss: distillationLoss(2) };
}
