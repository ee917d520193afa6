/** Measuring a model on a set whose answers are known. */

import { OptionReader } from '../base/options.js';
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { CompiledModel } from '../nn/compile.js';
import type { Loss, LossName } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import { checkDataset, checkEngine, checkFits, checkModel, checkScale, requireLoss } from './check.js';
import { checkWeights } from './finite.js';
import type { Evaluation } from './history.js';
import { listedMetrics, measure } from './measure.js';
import type { Metric } from './metrics/metric.js';
import type { MetricName } from './metrics/resolve.js';
import { BatchSource } from './source.js';
import { Turn } from './turn.js';

export { predict } from './predict.js';

/** How `evaluate` measures. */
export interface EvaluateOptions {
  /** That of the model's training by default, which it remembers. Required for a model that has not been trained. */
  loss?: LossName | Loss;
  /** Rows computed at once; 250 by default. The result does not depend on it. */
  batchSize?: number;
  /** Measured beside loss and accuracy. */
  metrics?: readonly (MetricName | Metric)[];
}

/**
 * Loss, accuracy, metrics, confusion matrix and each sample's prediction. Of a set without classes, accuracy is NaN, the matrix
 * empty, and predictions and confidences are 0.
 *
 * Throws ShapeError when the set does not fit the model, OptionError for a loss that the model was not trained with, for none where it
 * has not been trained, and for bytes that are scaled otherwise than those of training; DataError, with the row, for an answer of the
 * set that is none; NonFiniteError, with the row, when the arithmetic overflows, or a weight is NaN or infinite.
 */
export async function evaluate(
  engine: Engine,
  model: Network,
  set: Dataset,
  options?: EvaluateOptions,
): Promise<Evaluation> {
  const where = 'evaluate';
  const reader = new OptionReader(where, options);
  const isGiven = (value: unknown): value is unknown => value !== undefined;
  const given = reader.optional('loss', 'a loss', isGiven);
  const batchSize = reader.integer('batchSize', { min: 1 }, 250);
  const metricList = reader.optional('metrics', 'a list of metrics', isGiven);
  reader.end();
  checkEngine(where, engine);
  checkModel(where, model);
  checkDataset(where, 'set', set);
  const loss = requireLoss(where, model, given);
  checkScale(where, 'set', model.input, set);
  const classifies = loss.link !== 'identity' && !set.targets;
  const metrics = await listedMetrics(where, metricList, loss, set);
  checkFits(where, 'set', model, set, loss);
  const maxRows = Math.min(batchSize, set.size);
  const compiled = new CompiledModel(engine, model, { maxRows, loss });
  let source: BatchSource | undefined;
  try {
    const turn = new Turn();
    checkWeights(where, compiled);
    source = await BatchSource.open(engine, set, turn, `${where}, set`);
    const losses = new Float32Array(set.size);
    const predictions = new Int32Array(set.size);
    const confidences = new Float32Array(set.size);
    const labels = new Int32Array(classifies ? set.size : 0);
    const score = await measure(compiled, source, { where, metrics, turn }, (plan, start) => {
      losses.set(plan.losses.read(), start);
      if (!classifies) return;
      labels.set(plan.labels.read(), start);
      plan.classify();
      predictions.set(plan.predictions.read(), start);
      const probabilities = plan.probabilities.read();
      for (let row = 0; row < plan.rows; row++) {
        const predicted = predictions[start + row];
        confidences[start + row] = confidence(probabilities, row, predicted, model.outputSize);
      }
    });
    const classes = classifies ? Math.max(model.outputSize, 2) : 0;
    const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
    if (classifies) for (let i = 0; i < set.size; i++) confusion[labels[i]][predictions[i]]++;
    return { size: set.size, ...score, confusion, predictions, losses, confidences };
  } finally {
    engine.settle();
    source?.dispose();
    compiled.dispose();
  }
}

/** The probability of a row's predicted class. A single output is that of class 1. */
function confidence(probabilities: ArrayLike<number>, row: number, predicted: number, width: number): number {
  if (width > 1) return probabilities[row * width + predicted];
  return predicted === 1 ? probabilities[row] : 1 - probabilities[row];
}
