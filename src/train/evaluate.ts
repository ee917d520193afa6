/** Measuring a model on a labelled set, and asking it about inputs. */
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { DataError, OptionError, ShapeError, show } from '../errors.js';
import { CompiledModel } from '../nn/compile.js';
import { type LossName, lossNames } from '../nn/losses.js';
import type { Sequential } from '../nn/sequential.js';
import { OptionReader } from '../options.js';
import { checkEngine, checkFits, checkModel } from './check.js';
import type { Evaluation } from './history.js';
import { measure } from './measure.js';
import type { Metric } from './metrics/metric.js';
import { type MetricName, resolveMetrics } from './metrics/resolve.js';
import { BatchSource } from './source.js';
import { Turn } from './turn.js';

export interface EvaluateOptions {
  /** `softmaxCrossEntropy` by default. */
  loss?: LossName;
  /** Rows computed at once; 250 by default. The result does not depend on it. */
  batchSize?: number;
  /** Measured beside loss and accuracy. */
  metrics?: readonly (MetricName | Metric)[];
}

/**
 * Loss, accuracy, confusion matrix and each sample's prediction. Throws ShapeError when the set does not fit the model.
 */
export async function evaluate(
  engine: Engine,
  model: Sequential,
  set: Dataset,
  options?: EvaluateOptions,
): Promise<Evaluation> {
  const reader = new OptionReader('evaluate', options);
  const loss = reader.oneOf('loss', lossNames, 'softmaxCrossEntropy');
  const batchSize = reader.integer('batchSize', { min: 1 }, 250);
  const metricList = reader.optional('metrics', 'a list of metrics', (value): value is unknown => true);
  reader.end();
  const metrics = resolveMetrics('evaluate', metricList, 'classification');
  checkEngine('evaluate', engine);
  checkFits('evaluate', 'set', model, set);
  const maxRows = Math.min(batchSize, set.size);
  const compiled = new CompiledModel(engine, model, { maxRows, loss });
  let source: BatchSource | undefined;
  try {
    source = new BatchSource(engine, set);
    const losses = new Float32Array(set.size);
    const predictions = new Int32Array(set.size);
    const confidences = new Float32Array(set.size);
    const score = await measure(compiled, source, metrics, new Turn(), (plan, start) => {
      plan.classify();
      losses.set(plan.losses.read(), start);
      predictions.set(plan.predictions.read(), start);
      const probabilities = plan.probabilities.read();
      for (let row = 0; row < plan.rows; row++) {
        confidences[start + row] = probabilities[row * model.outputSize + predictions[start + row]];
      }
    });
    const confusion = Array.from({ length: model.outputSize }, () =>
      new Array<number>(model.outputSize).fill(0),
    );
    for (let i = 0; i < set.size; i++) confusion[set.labels[i]][predictions[i]]++;
    return {
      size: set.size,
      ...score,
      confusion,
      predictions,
      losses,
      confidences,
    };
  } finally {
    engine.settle();
    source?.dispose();
    compiled.dispose();
  }
}

/**
 * Softmax probabilities [rows, classes], row-major, for inputs [rows, inputSize] that are scaled as those of training
 * were. Throws ShapeError when the inputs are not whole rows.
 */
export function predict(engine: Engine, model: Sequential, inputs: ArrayLike<number>): Float32Array {
  const where = 'predict';
  checkEngine(where, engine);
  checkModel(where, model);
  if (typeof inputs?.length !== 'number') {
    throw new OptionError(where, `inputs: expected an array of numbers, given ${show(inputs)}`);
  }
  const rows = inputs.length / model.inputSize;
  if (!Number.isInteger(rows) || rows === 0) {
    throw new ShapeError(
      'predict',
      `expected rows of ${model.inputSize} numbers, given ${inputs.length} numbers`,
    );
  }
  const values = Float32Array.from(inputs);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const [row, column] = [Math.floor(bad / model.inputSize), bad % model.inputSize];
    throw new DataError(
      where,
      `inputs: row ${row}, column ${column} is ${show(inputs[bad])}, which is not a finite number`,
    );
  }
  const maxRows = Math.min(rows, 250);
  const compiled = new CompiledModel(engine, model, { maxRows });
  try {
    const probabilities = new Float32Array(rows * model.outputSize);
    for (let start = 0; start < rows; ) {
      const plan = compiled.plan(Math.min(maxRows, rows - start));
      plan.inputs.write(values.subarray(start * model.inputSize, (start + plan.rows) * model.inputSize));
      plan.loaded();
      plan.forward();
      plan.classify();
      probabilities.set(plan.probabilities.read(), start * model.outputSize);
      start += plan.rows;
    }
    return probabilities;
  } finally {
    engine.settle();
    compiled.dispose();
  }
}
