/** A model: layers in a row and the values of their parameters, held in ordinary arrays. It knows no engine. */
import { isFloat32Array, isMap } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import { checkInteger, OptionReader } from '../base/options.js';
import { activationCodes } from '../engine/kernels.js';
import type { Layer, ParameterSpec } from './layer.js';
import type { Loss } from './losses.js';
import { holdValues, type Parameter, valuesOf, writeValues } from './values.js';

export type { Parameter } from './values.js';

/** How raw values, bytes above all, become a model's inputs: `raw * scale + offset`. */
export interface InputScale {
  readonly scale: number;
  readonly offset: number;
}

/** What a model remembers of its training. */
export interface Memory {
  /** What it was trained with, which says what its outputs are; absent for a model that has not been trained. */
  readonly loss?: Loss;
  /** How the bytes of its training were scaled; absent where it was trained on floats, or has not been trained. */
  readonly input?: InputScale;
}

/** A model: layers in a row and the values of their parameters. Made by `sequential`; `fit` writes what it remembers. */
export interface Sequential extends Memory {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly layers: readonly Layer[];
  /** In the order of the layers. */
  readonly parameters: readonly Parameter[];
  /** Values that are not trained but belong to the model, such as running statistics; `1.runningMean`. */
  readonly buffers: readonly Parameter[];
  /** Number of trainable values. */
  readonly parameterCount: number;
  /** Widths from input to output, for example [784, 300, 10]. */
  readonly sizes: readonly number[];
  readonly seed: number;
}

/** Float32 values that a WebAssembly memory can hold. */
const MAX_VALUES = 2 ** 30;

/**
 * A model of `layers` for inputs of `inputSize` numbers, its parameters initialised from `seed` (0 by default).
 * Throws OptionError for a size that is not a positive whole number, an empty list, or something that is no layer.
 */
export function sequential(
  inputSize: number,
  layers: readonly Layer[],
  options?: { seed?: number },
): Sequential {
  const where = 'sequential';
  checkInteger(where, 'inputSize', inputSize, { min: 1 });
  if (!Array.isArray(layers) || layers.length === 0) {
    throw new OptionError(where, `layers: expected at least one layer, given ${show(layers)}`);
  }
  const reader = new OptionReader(where, options);
  const seed = reader.integer('seed', { min: 0 }, 0);
  reader.end();

  const sizes = [inputSize];
  const parameters: Parameter[] = [];
  const buffers: Parameter[] = [];
  for (const [index, layer] of (layers as readonly Layer[]).entries()) {
    if (!isLayer(layer)) {
      throw new OptionError(
        where,
        `layers[${index}]: expected a layer such as dense(10), given ${show(layer)}`,
      );
    }
    if (layer.mustBeFirst && index > 0) {
      throw new OptionError(where, `layers[${index}]: ${layer.kind} may only be a model's first layer`);
    }
    const width = sizes[index];
    // Before anything is drawn: it may refuse the width.
    const outputSize = checkInteger(where, `layers[${index}], outputSize`, layer.outputSize(width), {
      min: 1,
    });
    for (const spec of specsOf(where, index, layer.parameters(width))) {
      parameters.push(makeParameter(where, index, spec, seed, parameters.length));
    }
    for (const spec of specsOf(where, index, layer.buffers?.(width) ?? [])) {
      buffers.push(makeParameter(where, index, spec, seed, buffers.length));
    }
    sizes.push(outputSize);
  }
  const model: Sequential = {
    inputSize,
    outputSize: sizes[sizes.length - 1],
    layers: [...layers],
    parameters,
    buffers,
    parameterCount: parameters.reduce((total, parameter) => total + valuesOf(parameter).length, 0),
    sizes,
    seed,
  };
  made.add(model);
  return model;
}

/** The models that `sequential` has made: of these nothing more is asked. */
const made = new WeakSet<object>();

/** Throws OptionError for something that is no model. One that was put together by hand is looked at part by part. */
export function checkModel(where: string, model: unknown): asserts model is Sequential {
  if (typeof model === 'object' && model !== null && (made.has(model) || isModel(model))) return;
  throw new OptionError(where, `model: expected one from sequential(), given ${show(model)}`);
}

function isModel(model: object): boolean {
  const { layers, parameters, buffers, sizes, ...numbers } = model as Sequential;
  const isParameter = (parameter: unknown) => {
    const { name, layer, shape, values } = (parameter ?? {}) as Partial<Parameter>;
    return (
      typeof name === 'string' &&
      typeof layer === 'number' &&
      isFloat32Array(values) &&
      isShape(shape) &&
      shape.reduce((product, length) => product * length, 1) === values.length
    );
  };
  return (
    isListOf(layers, isLayer) &&
    isListOf(parameters, isParameter) &&
    isListOf(buffers, isParameter) &&
    isListOf(sizes, Number.isSafeInteger) &&
    sizes.length === layers.length + 1 &&
    [numbers.parameterCount, numbers.seed].every(Number.isSafeInteger) &&
    numbers.inputSize === sizes[0] &&
    numbers.outputSize === sizes[sizes.length - 1] &&
    layers.every((layer, i) => layer.outputSize(sizes[i]) === sizes[i + 1]) &&
    areOf(parameters, layers, (layer, i) => layer.parameters(sizes[i])) &&
    areOf(buffers, layers, (layer, i) => layer.buffers?.(sizes[i]) ?? [])
  );
}

/** Whether these are the parameters, or buffers, that the layers say they have. */
function areOf(
  own: readonly Parameter[],
  layers: readonly Layer[],
  specs: (layer: Layer, index: number) => readonly ParameterSpec[],
): boolean {
  const known = layers.flatMap((layer, i) =>
    specs(layer, i).map(({ name, shape }) => `${i}.${name} [${shape}]`),
  );
  return (
    own.length === known.length &&
    own.every(
      ({ name, shape, layer }, i) => `${name} [${shape}]` === known[i] && name.startsWith(`${layer}.`),
    )
  );
}

/** Ends at the first entry that is none, and a hole is none: the length of a list is no promise. */
function isListOf(list: unknown, is: (entry: unknown) => boolean): boolean {
  if (!Array.isArray(list)) return false;
  for (let i = 0; i < list.length; i++) if (!is(list[i])) return false;
  return true;
}

function isLayer(layer: unknown): layer is Layer {
  if (typeof layer !== 'object' || layer === null) return false;
  const { kind, config, outputSize, parameters, compile, ...optional } = layer as Partial<Layer>;
  const others = [optional.buffers, optional.saved, optional.checkInputs].filter(
    (call) => call !== undefined,
  );
  const { endsWith } = layer as Partial<Layer>;
  if (endsWith !== undefined && !Object.hasOwn(activationCodes, endsWith)) return false;
  const calls = [outputSize, parameters, compile, ...others];
  return (
    typeof kind === 'string' &&
    typeof config === 'object' &&
    config !== null &&
    calls.every((call) => typeof call === 'function')
  );
}

function isShape(shape: unknown): shape is readonly number[] {
  return (
    Array.isArray(shape) &&
    shape.length > 0 &&
    shape.every((length) => Number.isSafeInteger(length) && (length as number) > 0)
  );
}

/** What a layer says of its parameters. Throws OptionError for a layer that says something else. */
function specsOf(where: string, layer: number, specs: unknown): readonly ParameterSpec[] {
  const isSpec = (spec: unknown) => {
    const { name, shape, initializer } = (spec ?? {}) as Partial<ParameterSpec>;
    return typeof name === 'string' && isShape(shape) && typeof initializer?.fill === 'function';
  };
  if (isListOf(specs, isSpec)) return specs as readonly ParameterSpec[];
  const problem = `expected parameters with name, shape and initializer, given ${show(specs)}`;
  throw new OptionError(where, `layers[${layer}]: ${problem}`);
}

/**
 * Parameters, then buffers, with their values: everything that a model's file holds. For the library's own eyes, which do not count
 * as having the arrays handed out (values.ts).
 */
export function allValues(model: Sequential): readonly Parameter[] {
  return [...model.parameters, ...model.buffers].map((parameter) => ({
    name: parameter.name,
    layer: parameter.layer,
    shape: parameter.shape,
    values: valuesOf(parameter),
    ...(parameter.penalised && { penalised: true }),
  }));
}

/** Writes the values of all parameters and buffers, in the order of `allValues`. */
export function writeAll(model: Sequential, values: readonly ArrayLike<number>[]): void {
  for (const [i, parameter] of [...model.parameters, ...model.buffers].entries())
    writeValues(parameter, values[i]);
}

/** Whether both make the same float32 values of bytes. */
export function isSameScale(a: InputScale, b: InputScale): boolean {
  return Math.fround(a.scale) === Math.fround(b.scale) && Math.fround(a.offset) === Math.fround(b.offset);
}

/** Writes what the model is to remember in place of what it remembered. */
export function remember(model: Sequential, { loss, input }: Memory): void {
  const own = model as { -readonly [key in keyof Memory]: Memory[key] };
  delete own.loss;
  delete own.input;
  if (loss) own.loss = loss;
  if (input) own.input = { scale: input.scale, offset: input.offset };
}

/** A layer's parameter or buffer with its initial values, drawn from a stream of its own. */
function makeParameter(
  where: string,
  layer: number,
  { name, shape, initializer, penalised }: ParameterSpec,
  seed: number,
  stream: number,
): Parameter {
  const count = shape.reduce((product, length) => product * length, 1);
  if (count > MAX_VALUES) {
    throw new OptionError(where, `layers[${layer}]: ${name} [${shape}] does not fit in 4 GiB of memory`);
  }
  const values = new Float32Array(count);
  initializer.fill(values, shape, seed, stream);
  return holdValues({ name: `${layer}.${name}`, layer, shape, ...(penalised && { penalised }) }, values);
}

/**
 * Replaces a model's values and buffers.
 *
 * @throws OptionError for something that is no model, or no map of shapes and float32 values.
 * @throws ShapeError when a parameter is missing, is not the model's or has another shape. The model then stays as it was.
 */
export function setParameters(
  model: Sequential,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>,
): void {
  const where = 'setParameters';
  checkModel(where, model);
  if (!isMap(tensors))
    throw new OptionError(where, `tensors: expected a map of names and tensors, given ${show(tensors)}`);
  const all = allValues(model);
  for (const { name, shape } of all) {
    const given = tensors.get(name);
    if (!given) throw new ShapeError(where, `parameter ${name} is missing`);
    const isShape = Array.isArray(given.shape) && given.shape.every(Number.isSafeInteger);
    if (!isShape || !isFloat32Array(given.values)) {
      throw new OptionError(
        where,
        `${name}: expected { shape, values } with a Float32Array, given ${show(given)}`,
      );
    }
    const length = shape.reduce((product, size) => product * size, 1);
    if (given.shape.join() !== shape.join() || given.values.length !== length) {
      throw new ShapeError(
        where,
        `${name}: expected ${length} values of shape [${shape}], given ${given.values.length} of [${given.shape}]`,
      );
    }
  }
  const names = new Set(all.map(({ name }) => name));
  for (const name of tensors.keys()) {
    if (!names.has(name)) throw new ShapeError(where, `the model has no parameter ${show(name)}`);
  }
  writeAll(
    model,
    all.map(({ name }) => tensors.get(name)!.values),
  );
}
