/** Losses: what training makes small, and where its gradient enters the network. */

import type { Call } from '../engine/ops/check.js';
import { softmaxCrossEntropy } from '../engine/ops/classify.js';
import type { Tensor } from '../engine/tensor.js';

/** `softmaxCrossEntropy`: the model's outputs are logits, labels are classes. */
export type LossName = 'softmaxCrossEntropy';

export const lossNames: readonly LossName[] = ['softmaxCrossEntropy'];

interface LossContext {
  /** One value a row. */
  readonly losses: Tensor;
  readonly outputs: Tensor;
  readonly labels: Tensor;
  /** Absent when only the values are wanted. */
  readonly dOutputs?: Tensor;
}

/** Losses of each row and, for training, the gradient of their mean. */
export function compileLoss(name: LossName, { losses, outputs, labels, dOutputs }: LossContext): Call {
  switch (name) {
    case 'softmaxCrossEntropy': {
      const gradient = dOutputs ? { dLogits: dOutputs, scale: 1 / outputs.rows } : {};
      return softmaxCrossEntropy({ losses, logits: outputs, labels, ...gradient });
    }
  }
}
