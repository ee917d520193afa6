/** Asking a model about inputs: outputs, probabilities or classes of rows. */
import type { Engine } from '../engine/engine.js';
import { DataError, OptionError, ShapeError, show } from '../errors.js';
import { CompiledModel, type Plan } from '../nn/compile.js';
import { type Loss, type LossName, resolveLoss } from '../nn/losses.js';
import type { Sequential } from '../nn/sequential.js';
import { OptionReader } from '../options.js';
import { checkEngine, checkModel } from './check.js';

export interface PredictOptions {
  /**
   * The loss that the model was trained with, which says what its outputs are: logits of classes for `softmaxCrossEntropy` (the
   * default), logits of yes or no for `binaryCrossEntropy`, and numbers for the losses of regression.
   */
  loss?: LossName | Loss;
}

/** Rows computed at once. */
const ROWS = 250;

/**
 * Predictions [rows, outputs], row-major, for inputs [rows, inputSize] that are scaled as those of training were: probabilities
 * where the model classifies, and numbers in regression. Throws ShapeError when the inputs are not whole rows, DataError when one
 * is not a finite number.
 */
export function predict(
  engine: Engine,
  model: Sequential,
  inputs: ArrayLike<number>,
  options?: PredictOptions,
): Float32Array {
  const { values, loss } = read('predict', engine, model, inputs, options);
  const result = new Float32Array((values.length / model.inputSize) * model.outputSize);
  run(engine, model, values, loss, (plan, start) => {
    result.set(plan.probabilities.read(), start * model.outputSize);
  });
  return result;
}

/**
 * Probabilities, row-major, of a model that classifies: [rows, classes]. A single output is the logit of class 1, and gives two
 * columns, as scikit-learn's predict_proba. Throws as `predict` does, and OptionError for a loss of regression.
 */
export function predictProba(
  engine: Engine,
  model: Sequential,
  inputs: ArrayLike<number>,
  options?: PredictOptions,
): Float32Array {
  const where = 'predictProba';
  checkClassifies(where, read(where, engine, model, inputs, options).loss);
  const ones = predict(engine, model, inputs, options);
  if (model.outputSize > 1) return ones;
  return Float32Array.from({ length: 2 * ones.length }, (_, i) => (i % 2 ? ones[i >> 1] : 1 - ones[i >> 1]));
}

/**
 * The class of each row [rows]: the one of the largest output, or of a single one whether its probability is above one half.
 * Throws as `predict` does, and OptionError for a loss of regression, or of several questions at once.
 */
export function predictClasses(
  engine: Engine,
  model: Sequential,
  inputs: ArrayLike<number>,
  options?: PredictOptions,
): Int32Array {
  const where = 'predictClasses';
  const { values, loss } = read(where, engine, model, inputs, options);
  checkClassifies(where, loss);
  if (loss.link === 'sigmoid' && model.outputSize > 1) {
    throw new OptionError(
      where,
      `the ${model.outputSize} outputs are questions of their own; ask predictProba`,
    );
  }
  const result = new Int32Array(values.length / model.inputSize);
  run(engine, model, values, loss, (plan, start) => result.set(plan.predictions.read(), start));
  return result;
}

function checkClassifies(where: string, { kind, link }: Loss): void {
  if (link === 'identity') {
    throw new OptionError(where, `option loss: expected one of a classifier, given ${show(kind)}`);
  }
}

function read(
  where: string,
  engine: Engine,
  model: Sequential,
  inputs: ArrayLike<number>,
  options: PredictOptions | undefined,
): { values: Float32Array; loss: Loss } {
  checkEngine(where, engine);
  checkModel(where, model);
  const reader = new OptionReader(where, options);
  const given = reader.optional('loss', 'a loss', (value): value is unknown => value !== undefined);
  reader.end();
  const loss = resolveLoss(where, given ?? 'softmaxCrossEntropy');
  if (typeof inputs?.length !== 'number') {
    throw new OptionError(where, `inputs: expected an array of numbers, given ${show(inputs)}`);
  }
  const { inputSize } = model;
  const rows = inputs.length / inputSize;
  if (!Number.isInteger(rows) || rows === 0) {
    throw new ShapeError(where, `expected rows of ${inputSize} numbers, given ${inputs.length} numbers`);
  }
  const values = Float32Array.from(inputs);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const [row, column] = [Math.floor(bad / inputSize), bad % inputSize];
    const problem = `is ${show(inputs[bad])}, which is not a finite number`;
    throw new DataError(where, `inputs: row ${row}, column ${column} ${problem}`);
  }
  model.layers[0].checkInputs?.(where, values, inputSize, 1, 0);
  return { values, loss };
}

/** Runs all rows through the model, and hands over each batch once it is classified. */
function run(
  engine: Engine,
  model: Sequential,
  values: Float32Array,
  loss: Loss,
  take: (plan: Plan, start: number) => void,
): void {
  const { inputSize } = model;
  const rows = values.length / inputSize;
  const maxRows = Math.min(rows, ROWS);
  const compiled = new CompiledModel(engine, model, { maxRows, loss });
  try {
    for (let start = 0; start < rows; ) {
      const plan = compiled.plan(Math.min(maxRows, rows - start));
      plan.inputs.write(values.subarray(start * inputSize, (start + plan.rows) * inputSize));
      plan.loaded();
      plan.forward();
      plan.classify();
      take(plan, start);
      start += plan.rows;
    }
  } finally {
    engine.settle();
    compiled.dispose();
  }
}
