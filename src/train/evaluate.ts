/** Measuring a model on a labelled set, and asking it about inputs. */
import type { Dataset } from '../data/dataset.js';
import type { Engine } from '../engine/engine.js';
import { DataError, OptionError, ShapeError, show } from '../errors.js';
import { CompiledModel } from '../nn/compile.js';
import { type Loss, type LossName, resolveLoss } from '../nn/losses.js';
import type { Sequential } from '../nn/sequential.js';
import { OptionReader } from '../options.js';
import { checkEngine, checkFits, checkModel } from './check.js';
import type { Evaluation } from './history.js';
import { BatchSource } from './source.js';
import { Turn } from './turn.js';

export interface EvaluateOptions {
  /** `softmaxCrossEntropy` by default. */
  loss?: LossName | Loss;
  /** Rows computed at once; 250 by default. The result does not depend on it. */
  batchSize?: number;
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
  const loss = resolveLoss(
    'evaluate',
    reader.optional('loss', 'a loss', (value): value is unknown => value !== undefined) ??
      'softmaxCrossEntropy',
  );
  const batchSize = reader.integer('batchSize', { min: 1 }, 250);
  reader.end();
  checkEngine('evaluate', engine);
  checkFits('evaluate', 'set', model, set, loss);
  const maxRows = Math.min(batchSize, set.size);
  const compiled = new CompiledModel(engine, model, { maxRows, loss });
  let source: BatchSource | undefined;
  try {
    source = new BatchSource(engine, set);
    const losses = new Float32Array(set.size);
    const predictions = new Int32Array(set.size);
    const confidences = new Float32Array(set.size);
    let lossSum = 0;
    let weight = 0;
    const turn = new Turn();
    for (let start = 0; start < set.size; ) {
      const plan = compiled.plan(Math.min(maxRows, set.size - start));
      source.load(plan, start);
      plan.forward();
      lossSum += plan.loss();
      weight += plan.weight();
      plan.classify();
      losses.set(plan.losses.read(), start);
      predictions.set(plan.predictions.read(), start);
      const probabilities = plan.probabilities.read();
      for (let row = 0; row < plan.rows; row++) {
        const prediction = predictions[start + row];
        // One output is the probability of class 1.
        const single = probabilities[row];
        confidences[start + row] =
          model.outputSize > 1
            ? probabilities[row * model.outputSize + prediction]
            : prediction === 1
              ? single
              : 1 - single;
      }
      start += plan.rows;
      if (turn.due()) await turn.take();
    }
    const labelled = !set.targets;
    const classes = labelled ? Math.max(model.outputSize, 2) : 0;
    const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
    let correct = 0;
    for (let i = 0; i < set.size && labelled; i++) {
      confusion[set.labels[i]][predictions[i]]++;
      if (predictions[i] === set.labels[i]) correct++;
    }
    return {
      size: set.size,
      loss: weight > 0 ? lossSum / weight : 0,
      accuracy: labelled ? correct / set.size : Number.NaN,
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
  model.layers[0].checkInputs?.(where, values, model.inputSize, 1, 0);
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
