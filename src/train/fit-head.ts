/**
 * Training what stands on something frozen: what is frozen computes each row once, and what is trained takes
 * what it gave.
 */
import { elementsOf, isBytes, isFloat32Array } from '../base/arrays.js';
import { EngineError, OptionError, ShapeError, show } from '../base/errors.js';
import type { Dataset } from '../data/dataset.js';
import { checkDataset, type InputRows, inputsOf } from '../data/set.js';
import type { Engine } from '../engine/engine.js';
import { frozenPartOf } from '../nn/frozen-part.js';
import { checkModel, type Network, remember } from '../nn/model.js';
import type { InputsByName } from './by-name.js';
import { checkEngine, matched, scalesOf } from './check.js';
import { fit } from './fit.js';
import type { FitOptions } from './fit-options.js';
import type { History } from './history.js';
import { Predictor, ROWS } from './predictor.js';
import { scaleBytes } from './rows.js';

/** The part of a model that is trained, and what it takes for each row of a data set. */
export interface CachedFeatures {
  /**
   * From where everything before is frozen to the model's outputs. It shares the model's parameters: where it
   * is trained, the model is.
   */
  readonly head: Network;
  /** What the rest gave for each row, with the answers and weights of the set. */
  readonly data: Dataset;
}

/**
 * Computes once, for each row of a data set, what the frozen layers of a model make of it, up to where
 * something is trained, or drops numbers at random, or a batch norm learns: there the head begins. Layers
 * compute as they do in training and prediction alike.
 *
 *     freeze(model, 'encoder.*');
 *     const { head, data } = cacheFeatures(engine, model, train);
 *     await fit(engine, head, data, { loss: 'softmaxCrossEntropy', optimizer: adam() });
 *
 * `fitHead` does both. For another set, as one that validates, this may be called again: its rows are for the
 * same head.
 *
 * Throws OptionError for something that is no engine, model or data set; where nothing is frozen from the
 * inputs on, or all is; ShapeError or DataError for a set whose inputs are not the model's; NonFiniteError as
 * `predict` does.
 */
export function cacheFeatures(engine: Engine, model: Network, set: Dataset): CachedFeatures {
  return cache('cacheFeatures', engine, model, set);
}

/**
 * Trains a model as `fit` does, and gives it the same weights, where what is frozen at its beginning has each
 * row computed once, and not in every epoch. So it is with the rows that validate. Options are those of `fit`
 * without `augment`, which would change the rows each time.
 *
 * Rejects with what `cacheFeatures` throws and with what `fit` does.
 */
export async function fitHead(
  engine: Engine,
  model: Network,
  train: Dataset,
  options: Omit<FitOptions, 'augment' | 'validation'> & { validation?: Dataset },
): Promise<History> {
  const where = 'fitHead';
  const { validation, augment } = (options ?? {}) as typeof options & Pick<FitOptions, 'augment'>;
  if (augment !== undefined) {
    throw new OptionError(where, 'option augment does not go with rows that are computed once');
  }
  checkModel(where, model);
  if (!Object.isExtensible(model)) {
    throw new OptionError(where, 'model: expected one that can be written to, given a frozen one');
  }
  const { head, data } = cache(where, engine, model, train);
  const validates = validation && cache(where, engine, model, validation).data;
  try {
    return await fit(engine, head, data, { ...options, ...(validates && { validation: validates }) });
  } finally {
    const { loss } = head;
    if (loss) remember(model, { loss, ...scalesOf(train) });
  }
}

/** Rows of bytes that are scaled at once: floats are taken as they are. */
const AT_ONCE = 4 * ROWS;

function cache(where: string, engine: Engine, model: Network, set: Dataset): CachedFeatures {
  checkEngine(where, engine);
  if (engine.disposed) throw new EngineError(where, 'this engine has been disposed of');
  checkModel(where, model);
  checkDataset(where, 'set', set);
  const { trunk, head, direct } = frozenPartOf(where, model);
  const given = matched(where, show(set.name), 'input', model.inputs, inputsOf(set));
  const byName = new Map(model.inputs.map(({ name }, i) => [name, given[i][1]] as const));
  for (const { name, shape } of model.inputs) {
    const { width } = byName.get(name)!;
    if (width === elementsOf(shape)) continue;
    const expected = `the model takes ${elementsOf(shape)} as ${name}`;
    throw new ShapeError(where, `${show(set.name)} has ${width} numbers a sample, but ${expected}`);
  }
  const computed = compute(where, engine, trunk, byName, set.size);
  const rows = head.inputs.map(({ name }): readonly [string, InputRows] => [
    name,
    direct.includes(name) ? byName.get(name)! : computed.get(name)!,
  ]);
  // What is said of inputs is that of the first.
  const { inputsByName: _, imageShape: __, ...rest } = set;
  const several = rows.length > 1 && { inputsByName: Object.fromEntries(rows) };
  const data = { ...rest, ...rows[0][1], ...several };
  return { head, data: Object.freeze(data) };
}

/** What the trunk gives for each row, by the names of its outputs. */
function compute(
  where: string,
  engine: Engine,
  trunk: Network,
  given: ReadonlyMap<string, InputRows>,
  size: number,
): Map<string, InputRows> {
  const own = trunk.inputs.map(({ name }) => [name, given.get(name)!] as const);
  const results = new Map(
    trunk.outputs.map(({ name, shape }) => [name, new Float32Array(size * elementsOf(shape))] as const),
  );
  const step = own.some(([, { inputs }]) => isBytes(inputs)) ? AT_ONCE : size;
  const predictor = new Predictor(where, engine, trunk, Math.min(size, ROWS), undefined);
  try {
    for (let start = 0; start < size; start += step) {
      const values = own.map(([name, rows]) => [name, floatsOf(rows, start, Math.min(start + step, size))]);
      const found: unknown = predictor.outputs(where, Object.fromEntries(values) as InputsByName);
      const parts = isFloat32Array(found) ? { [trunk.outputs[0].name]: found } : found;
      for (const [name, part] of Object.entries(parts as Record<string, Float32Array>)) {
        results.get(name)!.set(part, (start * results.get(name)!.length) / size);
      }
    }
  } finally {
    predictor.dispose();
  }
  return new Map(
    [...results].map(([name, inputs]) => [
      name,
      { inputs, width: inputs.length / size, scale: 1, offset: 0 },
    ]),
  );
}

function floatsOf(rows: InputRows, from: number, to: number): Float32Array {
  const part = rows.inputs.subarray(from * rows.width, to * rows.width);
  return isFloat32Array(part) ? part : scaleBytes(part, rows);
}
