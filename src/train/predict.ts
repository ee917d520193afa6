/** Asking a model about inputs: outputs, probabilities or classes of rows. */
import { isBytes } from '../arrays.js';
import { copyNumbers } from '../data/numbers.js';
import type { Engine } from '../engine/engine.js';
import { DataError, OptionError, ShapeError, show } from '../errors.js';
import { CompiledModel, type Plan } from '../nn/compile.js';
import { type Loss, type LossName, meanSquaredError } from '../nn/losses.js';
import type { InputScale, Sequential } from '../nn/sequential.js';
import { OptionReader } from '../options.js';
import { checkEngine, checkModel, lossFor, requireLoss } from './check.js';
import { checkRows, checkWeights, rowsFrom } from './finite.js';

/** What a model's outputs are. */
export interface PredictOptions {
  /**
   * The loss that the model is for, which says what its outputs are: logits of classes for `softmaxCrossEntropy`, logits of yes or no
   * for `binaryCrossEntropy`, and numbers for the losses of regression. By default that of its training, which it remembers.
   */
  loss?: LossName | Loss;
}

/** Rows computed at once. */
const ROWS = 250;

/**
 * Predictions [rows, outputs], row-major, for inputs [rows, inputSize]: probabilities where the model classifies, and numbers in
 * regression. A model that has not been trained gives its outputs as they are, unless `loss` says what they mean.
 *
 * Floats are taken as they are: scaled as those of training were. Bytes (a Uint8Array, clamped or not) are scaled as the bytes of training were.
 *
 * Throws ShapeError when the inputs are not whole rows, DataError when one is not a finite number, OptionError for a loss that the
 * model was not trained with, and for bytes given to a model that was trained on floats; NonFiniteError, with the row, when the
 * arithmetic overflows, or a weight is NaN or infinite.
 */
export function predict(
  engine: Engine,
  model: Sequential,
  inputs: ArrayLike<number>,
  options?: PredictOptions,
): Float32Array {
  const { values, loss } = read('predict', engine, model, inputs, options);
  return outputsOf('predict', engine, model, values, loss ?? meanSquaredError());
}

/**
 * Probabilities, row-major, of a model that classifies: [rows, classes]. A single output is the logit of class 1, and gives two
 * columns, as scikit-learn's predict_proba. Throws as `predict` does, and OptionError for a loss of regression, or when neither the
 * model nor `loss` says what the outputs are.
 */
export function predictProba(
  engine: Engine,
  model: Sequential,
  inputs: ArrayLike<number>,
  options?: PredictOptions,
): Float32Array {
  const where = 'predictProba';
  const { values, loss } = readClassifier(where, engine, model, inputs, options);
  const ones = outputsOf(where, engine, model, values, loss);
  if (model.outputSize > 1) return ones;
  return Float32Array.from({ length: 2 * ones.length }, (_, i) => (i % 2 ? ones[i >> 1] : 1 - ones[i >> 1]));
}

/**
 * The class of each row [rows]: the one of the largest output, or of a single one whether its probability is above one half.
 * Throws as `predictProba` does, and OptionError for several questions at once.
 */
export function predictClasses(
  engine: Engine,
  model: Sequential,
  inputs: ArrayLike<number>,
  options?: PredictOptions,
): Int32Array {
  const where = 'predictClasses';
  const { values, loss } = readClassifier(where, engine, model, inputs, options);
  if (loss.link === 'sigmoid' && model.outputSize > 1) {
    throw new OptionError(
      where,
      `the ${model.outputSize} outputs are questions of their own; ask predictProba`,
    );
  }
  const result = new Int32Array(values.length / model.inputSize);
  run(where, engine, model, values, loss, (plan, start) => result.set(plan.predictions.read(), start));
  return result;
}

function outputsOf(
  where: string,
  engine: Engine,
  model: Sequential,
  values: Float32Array,
  loss: Loss,
): Float32Array {
  const result = new Float32Array((values.length / model.inputSize) * model.outputSize);
  run(where, engine, model, values, loss, (plan, start) => {
    result.set(plan.probabilities.read(), start * model.outputSize);
  });
  return result;
}

interface Asked {
  values: Float32Array;
  /** Absent where neither model nor caller know. */
  loss: Loss | undefined;
}

function readClassifier(...given: Parameters<typeof read>): Asked & { loss: Loss } {
  const [where, , model] = given;
  const { values, loss } = read(...given);
  const known = loss ?? requireLoss(where, model, undefined);
  if (known.link === 'identity') {
    throw new OptionError(where, `option loss: expected one of a classifier, given ${show(known.kind)}`);
  }
  return { values, loss: known };
}

function read(
  where: string,
  engine: Engine,
  model: Sequential,
  inputs: ArrayLike<number>,
  options: PredictOptions | undefined,
): Asked {
  checkEngine(where, engine);
  checkModel(where, model);
  const reader = new OptionReader(where, options);
  const given = reader.optional('loss', 'a loss', (value): value is unknown => value !== undefined);
  reader.end();
  const loss = lossFor(where, model, given);
  const values = isBytes(inputs) ? fromBytes(where, model, inputs) : copyNumbers(where, 'inputs', inputs);
  const { inputSize } = model;
  const rows = values.length / inputSize;
  if (!Number.isInteger(rows) || rows === 0) {
    throw new ShapeError(where, `expected rows of ${inputSize} numbers, given ${values.length} numbers`);
  }
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const [row, column] = [Math.floor(bad / inputSize), bad % inputSize];
    const problem = `is ${show(inputs[bad])}, which is not a finite number`;
    throw new DataError(where, `inputs: row ${row}, column ${column} ${problem}`);
  }
  model.layers[0].checkInputs?.(where, values, inputSize, 1, 0);
  return { values, loss };
}

/** Bytes mean what they meant in training. To a model that knows nothing of training they are numbers as any others. */
function fromBytes(where: string, { loss, input }: Sequential, bytes: ArrayLike<number>): Float32Array {
  if (input) return scaleBytes(bytes, input);
  if (!loss) return Float32Array.from(bytes);
  throw new OptionError(
    where,
    'inputs: the model was not trained on bytes, so it is not known how they would be scaled; ' +
      `expected a Float32Array of inputs as those of training were, given ${show(bytes)}`,
  );
}

/** bytes * scale + offset, rounded as the kernels round when they gather a batch. */
export function scaleBytes(bytes: ArrayLike<number>, { scale, offset }: InputScale): Float32Array {
  const [factor, term] = [Math.fround(scale), Math.fround(offset)];
  return Float32Array.from(bytes, (byte) => Math.fround(byte * factor) + term);
}

/** Runs all rows through the model, and hands over each batch once it is classified. Throws NonFiniteError. */
function run(
  where: string,
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
    checkWeights(where, compiled);
    for (let start = 0; start < rows; ) {
      const plan = compiled.plan(Math.min(maxRows, rows - start));
      plan.inputs.write(values.subarray(start * inputSize, (start + plan.rows) * inputSize));
      plan.loaded();
      plan.forward();
      checkRows(where, plan, rowsFrom(start));
      plan.classify();
      take(plan, start);
      start += plan.rows;
    }
  } finally {
    engine.settle();
    compiled.dispose();
  }
}
