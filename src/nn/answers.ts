/** What a model answers, made of its outputs as the loss reads them: classes, probabilities or numbers. */

import { activate } from '../ops/activations.js';
import { positive } from '../ops/losses.js';
import { argmax, countEqual, sum } from '../ops/reduce.js';
import { softmax } from '../ops/softmax.js';
import type { Loss } from './losses.js';
import type { Plan } from './plan.js';

/** The calls of a plan that look at its outputs, by the loss's link. */
export function bindAnswers(
  link: Loss['link'],
  {
    outputs,
    labels,
    probabilities,
    predictions,
    batch,
  }: Pick<Plan, 'outputs' | 'labels' | 'probabilities' | 'predictions' | 'batch'>,
): Pick<Plan, 'countCorrect' | 'classify' | 'outputsAreFinite'> {
  const classifies = link !== 'identity';
  const single = link === 'sigmoid' && outputs.columns === 1;
  const pick = (single ? positive : argmax)({ predictions, x: outputs });
  const count = countEqual(predictions, labels);
  const soften =
    link === 'softmax'
      ? softmax({ y: probabilities, x: outputs })
      : activate({ y: probabilities, x: outputs, activation: link });
  const total = sum(outputs.flat());
  return {
    // The padding counts as well; where it alone is not finite, the caller finds no row that is.
    outputsAreFinite: () => Number.isFinite(total()),
    countCorrect() {
      if (!classifies || !batch.labelled) return Number.NaN;
      pick();
      return count();
    },
    classify() {
      soften();
      if (classifies) pick();
    },
  };
}
