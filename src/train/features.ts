/** What the layers of a model make of inputs. */
import { elementsOf } from '../base/arrays.js';
import { EngineError, OptionError, show } from '../base/errors.js';
import type { Engine } from '../engine/engine.js';
import type { Network } from '../nn/model.js';
import type { ByOutput } from '../nn/several.js';
import { partOf, readNames } from '../nn/subnetwork.js';
import { type InputsByName, isByName, readByName } from './by-name.js';
import { checkEngine, checkModel } from './check.js';
import { Predictor, ROWS } from './predictor.js';
import { readRows } from './rows.js';

/**
 * What layers give for inputs [rows, inputSize], row-major: of one layer an array [rows, numbers that it has
 * for each row], of several such arrays by name. Layers compute as they do when the model predicts: nothing
 * is dropped, and batch norm goes by its running statistics.
 *
 *     const vectors = features(engine, model, images, '4');
 *     const { 0: first, 2: second } = features(engine, model, images, ['0', '2']);
 *
 * Names are those that `subnetwork` takes, and `subnetwork(model, names).outputs` has the shapes. Inputs are
 * taken as `predict` takes them; a model with several has them by name.
 *
 * What was compiled for the model and names that an engine saw last is kept in the engine, and sees whatever
 * has changed in the model (`createPredictor`).
 *
 * Throws OptionError for names of no layer that computes anything, and otherwise what `predict` throws.
 */
export function features(
  engine: Engine,
  model: Network,
  inputs: ArrayLike<number> | InputsByName,
  name: string,
): Float32Array;
export function features(
  engine: Engine,
  model: Network,
  inputs: ArrayLike<number> | InputsByName,
  names: readonly string[],
): Record<string, Float32Array>;
export function features(
  engine: Engine,
  model: Network,
  inputs: ArrayLike<number> | InputsByName,
  names: string | readonly string[],
): Float32Array | Record<string, Float32Array> {
  const where = 'features';
  checkEngine(where, engine);
  if (engine.disposed) throw new EngineError(where, 'this engine has been disposed of');
  checkModel(where, model);
  const list = readNames(where, names);
  const key = JSON.stringify(list);
  const last = kept.get(engine);
  const same = last?.model === model && last.key === key ? last : undefined;
  const part = same?.predictor.model ?? partOf(where, model, list);
  // The whole model knows which inputs there are, and how bytes of them are scaled.
  const values = isByName(inputs) ? readByName(where, model, inputs) : [readOne(where, model, inputs)];
  const given = new Map(model.inputs.map(({ name }, i) => [name, values[i]]));
  const own = Object.fromEntries(part.inputs.map(({ name }) => [name, given.get(name)!]));
  const [{ name, shape }] = part.inputs;
  const rows = Math.min(own[name].length / elementsOf(shape), ROWS);
  let predictor = same?.predictor;
  if (!predictor || predictor.maxRows < rows) {
    last?.predictor.dispose();
    kept.delete(engine);
    const maxRows = same ? Math.min(Math.max(rows, 2 * same.predictor.maxRows), ROWS) : rows;
    predictor = new Predictor(where, engine, part, maxRows, undefined);
    kept.set(engine, { model, key, predictor });
  }
  const result: ByOutput<Float32Array> = predictor.outputs(where, own) as ByOutput<Float32Array>;
  if (typeof names === 'string') return result;
  return part.outputs.length === 1 ? { [part.outputs[0].name]: result } : result;
}

/** For each engine, what it computed last. Its memory is the engine's, and goes with it. */
const kept = new WeakMap<
  Engine,
  { readonly model: Network; readonly key: string; readonly predictor: Predictor }
>();

function readOne(where: string, model: Network, inputs: ArrayLike<number>): Float32Array {
  if (model.inputs.length === 1) return readRows(where, model, inputs, 0);
  const names = model.inputs.map(({ name }) => name).join(', ');
  throw new OptionError(where, `inputs: expected an array by name for ${names}, given ${show(inputs)}`);
}
