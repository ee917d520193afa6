/** Asking a model about inputs: outputs, probabilities or classes of rows. */
import { elementsOf, isNumericArray } from '../base/arrays.js';
import { EngineError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import type { Engine } from '../engine/engine.js';
import type { Loss } from '../nn/losses.js';
import type { Network } from '../nn/model.js';
import type { ByOutput } from '../nn/several.js';
import { type InputsByName, isByName } from './by-name.js';
import { checkEngine, checkModel, linksOf, lossFor } from './check.js';
import { type PredictOptions, Predictor, ROWS } from './predictor.js';

export type { ByOutput } from '../nn/several.js';
export type { InputsByName } from './by-name.js';
export type { PredictOptions } from './predictor.js';
export { scaleBytes } from './rows.js';

/**
 * Predictions [rows, outputs], row-major, for inputs [rows, inputSize]: probabilities where the model
 * classifies, and numbers in regression. A model that has not been trained gives its outputs as they are,
 * unless `loss` says what they mean.
 *
 * Floats are taken as they are: scaled as those of training were. Bytes (a Uint8Array, clamped or not) are
 * scaled as the bytes of training were.
 *
 * Of the model that an engine saw last, it keeps in the engine what a predictor keeps (`createPredictor`):
 * the next call is then as fast, and sees, as that does, whatever has changed in the model. The memory is
 * given back when another model comes, or with the engine.
 *
 * A model with several inputs or outputs takes them by name, `predict(engine, model, { image, numbers })`,
 * each as one input is; with several outputs there is an answer for each, by its name.
 *
 * Throws ShapeError when the inputs are not whole rows, DataError when one is not a finite number,
 * OptionError for a loss that the model was not trained with, and for bytes given to a model that was trained
 * on floats; NonFiniteError, with the row, when the arithmetic overflows, or a weight is NaN or infinite.
 */
export function predict(
  engine: Engine,
  model: Network,
  inputs: ArrayLike<number>,
  options?: PredictOptions,
): Float32Array;
export function predict(
  engine: Engine,
  model: Network,
  inputs: InputsByName,
  options?: PredictOptions,
): ByOutput<Float32Array>;
export function predict(
  engine: Engine,
  model: Network,
  inputs: ArrayLike<number> | InputsByName,
  options?: PredictOptions,
): Float32Array {
  const where = 'predict';
  return predictorFor(where, engine, model, inputs, options).outputs(where, inputs);
}

/**
 * Probabilities, row-major, of a model that classifies: [rows, classes]. A single output is the logit of
 * class 1, and gives two columns, as scikit-learn's predict_proba. Of several outputs, those that classify
 * answer. Throws as `predict` does, and OptionError for a loss of regression, or when neither the model nor
 * `loss` says what the outputs are.
 */
export function predictProba(
  engine: Engine,
  model: Network,
  inputs: ArrayLike<number>,
  options?: PredictOptions,
): Float32Array;
export function predictProba(
  engine: Engine,
  model: Network,
  inputs: InputsByName,
  options?: PredictOptions,
): ByOutput<Float32Array>;
export function predictProba(
  engine: Engine,
  model: Network,
  inputs: ArrayLike<number> | InputsByName,
  options?: PredictOptions,
): Float32Array {
  const where = 'predictProba';
  return predictorFor(where, engine, model, inputs, options).probabilities(where, inputs);
}

/**
 * The class of each row [rows]: the one of the largest output, or of a single one whether its probability is
 * above one half. Throws as `predictProba` does, and OptionError for several questions at once.
 */
export function predictClasses(
  engine: Engine,
  model: Network,
  inputs: ArrayLike<number>,
  options?: PredictOptions,
): Int32Array;
export function predictClasses(
  engine: Engine,
  model: Network,
  inputs: InputsByName,
  options?: PredictOptions,
): ByOutput<Int32Array>;
export function predictClasses(
  engine: Engine,
  model: Network,
  inputs: ArrayLike<number> | InputsByName,
  options?: PredictOptions,
): Int32Array {
  const where = 'predictClasses';
  return predictorFor(where, engine, model, inputs, options).classes(where, inputs);
}

/** For each engine, what the model needs that it saw last. Its memory is the engine's, and goes with it. */
const kept = new WeakMap<Engine, { readonly predictor: Predictor; readonly loss: Loss | undefined }>();

function predictorFor(
  where: string,
  engine: Engine,
  model: Network,
  inputs: ArrayLike<number> | InputsByName,
  options: PredictOptions | undefined,
): Predictor {
  checkEngine(where, engine);
  if (engine.disposed) throw new EngineError(where, 'this engine has been disposed of');
  checkModel(where, model);
  const reader = new OptionReader(where, options);
  const given = reader.any('loss');
  reader.end();
  const loss = given === undefined ? undefined : lossFor(where, model, given);
  const last = kept.get(engine);
  // What is no array, the predictor refuses.
  const [{ name, shape }] = model.inputs;
  const first: unknown = isByName(inputs) ? inputs[name] : inputs;
  const length = Array.isArray(first) || isNumericArray(first) ? first.length : 0;
  const size = model.inputs.length === 1 ? model.inputSize : elementsOf(shape);
  const rows = Math.min(Math.max(1, Math.ceil(length / size)), ROWS);
  const same = last && last.predictor.model === model && isSameLoss(last.loss, loss);
  if (same && last.predictor.maxRows >= rows) return last.predictor;
  last?.predictor.dispose();
  kept.delete(engine);
  // Room for twice as many rows as before, so that calls with ever more rows compile a few times and not at
  // each.
  const maxRows = same ? Math.min(Math.max(rows, 2 * last.predictor.maxRows), ROWS) : rows;
  const predictor = new Predictor(where, engine, model, maxRows, loss);
  kept.set(engine, { predictor, loss });
  return predictor;
}

function isSameLoss(a: Loss | undefined, b: Loss | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && linksOf(a) === linksOf(b));
}
