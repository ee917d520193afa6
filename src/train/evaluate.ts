/** Measuring a model on a set whose answers are known. */

import type { Dataset } from '../data/dataset.js';
import type { StreamedDataset } from '../data/stream.js';
import type { Engine } from '../engine/engine.js';
import type { Network } from '../nn/model.js';
import type { EvaluateOptions } from './evaluation.js';
import type { Evaluation } from './history.js';

export type { EvaluateOptions } from './evaluation.js';
export { predict } from './predict.js';

/**
 * Loss, accuracy, metrics, confusion matrix and each sample's prediction. Of a set without classes, accuracy
 * is NaN, the matrix empty, and predictions and confidences are 0. Of a set that streams, what stands for each
 * row (predictions, losses, confidences) is empty: memory stays flat.
 *
 * Throws ShapeError when the set does not fit the model, OptionError for a loss that the model was not
 * trained with, for none where it has not been trained, and for bytes that are scaled otherwise than those of
 * training; DataError, with the row, for an answer of the set that is none; NonFiniteError, with the row,
 * when the arithmetic overflows, or a weight is NaN or infinite.
 */
export async function evaluate(
  engine: Engine,
  model: Network,
  set: Dataset | StreamedDataset,
  options?: EvaluateOptions,
): Promise<Evaluation> {
  // Training alone needs none of it.
  return (await import('./evaluation.js')).runEvaluation(engine, model, set, options);
}
