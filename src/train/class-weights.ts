/** Weights that make up for classes of unequal size. */

import { OptionError, show } from '../base/errors.js';
import { checkInteger } from '../base/options.js';
import { checkedLabels } from '../data/answers.js';
import { checkDataset, type Dataset } from '../data/dataset.js';
import { binaryCrossEntropy, type Loss, softmaxCrossEntropy } from '../nn/losses.js';

/** `balanced`, or one number a class. */
export type ClassWeights = 'balanced' | readonly number[];

/** A set may say of itself that it has more classes than rows, but not what memory does not hold. */
const MAX_CLASSES = 2 ** 24;

/**
 * size / (classes present · samples of the class), as scikit-learn's `class_weight='balanced'`: all classes
 * that the set has come to the same weight, and the mean weight of a sample is 1. A class without samples is
 * not counted and has weight 1, which only label smoothing can see: scikit-learn has no weight for it. Throws
 * OptionError for a set without classes, DataError for a label that is none of them.
 */
export function balancedClassWeights(set: Dataset): number[] {
  checkDataset('balancedClassWeights', 'set', set);
  const { name, size, classes, labels } = set;
  if ('stream' in set) {
    const expected = 'expected one number a class for a set that streams, whose labels are not known yet';
    throw new OptionError('balancedClassWeights', `${expected}; given "balanced"`);
  }
  if (classes === 0) throw new OptionError('balancedClassWeights', `${show(name)} has no classes`);
  checkInteger('balancedClassWeights', 'classes', classes, { max: MAX_CLASSES });
  const counts = new Array<number>(classes).fill(0);
  for (const label of checkedLabels('balancedClassWeights', labels, classes)) counts[label]++;
  const present = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count > 0 ? size / (present * count) : 1));
}

/**
 * The loss with weights for the classes of `set`: those given, or balanced ones. Of a single output, that of
 * class 1 is relative to that of class 0. Throws OptionError for a loss without classes, or one that has such
 * weights already.
 */
export function withClassWeights(
  where: string,
  loss: Loss,
  given: unknown,
  set: Dataset,
  outputs: number,
): Loss {
  if (!isClassWeights(given)) {
    const expected = 'expected "balanced", or one number a class';
    throw new OptionError(where, `option classWeights: ${expected}, given ${show(given)}`);
  }
  const { kind: _, ...config } = loss.config;
  if (loss.link === 'identity' || set.targets) {
    throw new OptionError(
      where,
      `option classWeights: there are no classes with ${show(loss.kind)} and these data`,
    );
  }
  if ('classWeights' in config || 'positiveWeight' in config) {
    throw new OptionError(where, 'option classWeights: the loss has weights of its own');
  }
  const weights = given === 'balanced' ? balancedClassWeights(set) : given;
  // An output may stand for a class that the set does not have.
  const padded = [...weights, ...new Array<number>(Math.max(0, outputs - weights.length)).fill(1)];
  if (loss.kind === 'softmaxCrossEntropy') {
    return softmaxCrossEntropy({ ...config, classWeights: given === 'balanced' ? padded : weights });
  }
  if (weights.length !== 2) {
    throw new OptionError(where, `option classWeights: expected 2 weights, given ${weights.length}`);
  }
  return binaryCrossEntropy({ ...config, positiveWeight: weights[1] / weights[0] });
}

/** The length of a sparse array is no promise. */
function isClassWeights(value: unknown): value is ClassWeights {
  if (value === 'balanced') return true;
  if (!Array.isArray(value) || value.length > MAX_CLASSES) return false;
  return value.every((weight) => typeof weight === 'number');
}
