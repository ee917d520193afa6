/** A model: layers in a row and the values of their parameters, held in ordinary arrays. It knows no engine. */
import { OptionError, ShapeError, show } from '../errors.js';
import { checkInteger, OptionReader } from '../options.js';
import type { Layer } from './layer.js';

export interface Parameter {
  /** `0.weight`: the layer's place and the parameter's name, as PyTorch writes it. */
  readonly name: string;
  readonly layer: number;
  readonly shape: readonly number[];
  /** Row-major; weights are [in, out]. */
  readonly values: Float32Array;
}

export interface Sequential {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly layers: readonly Layer[];
  /** In the order of the layers. */
  readonly parameters: readonly Parameter[];
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
  for (const [index, layer] of (layers as readonly Layer[]).entries()) {
    if (typeof layer?.compile !== 'function') {
      throw new OptionError(
        where,
        `layers[${index}]: expected a layer such as dense(10), given ${show(layer)}`,
      );
    }
    const width = sizes[index];
    for (const { name, shape, initializer } of layer.parameters(width)) {
      const count = shape.reduce((product, length) => product * length, 1);
      if (count > MAX_VALUES) {
        throw new OptionError(where, `layers[${index}]: ${name} [${shape}] does not fit in 4 GiB of memory`);
      }
      const values = new Float32Array(count);
      initializer.fill(values, shape, seed, parameters.length);
      parameters.push({ name: `${index}.${name}`, layer: index, shape, values });
    }
    sizes.push(layer.outputSize(width));
  }
  return {
    inputSize,
    outputSize: sizes[sizes.length - 1],
    layers: [...layers],
    parameters,
    parameterCount: parameters.reduce((total, { values }) => total + values.length, 0),
    sizes,
    seed,
  };
}

/**
 * Replaces a model's values. Throws ShapeError, before anything is changed, when a parameter is missing, is not the
 * model's or has another shape.
 */
export function setParameters(
  model: Sequential,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>,
): void {
  for (const { name, shape } of model.parameters) {
    const given = tensors.get(name);
    if (!given) throw new ShapeError('setParameters', `parameter ${name} is missing`);
    const length = shape.reduce((product, size) => product * size, 1);
    if (given.shape.join() !== shape.join() || given.values.length !== length) {
      throw new ShapeError(
        'setParameters',
        `${name}: expected ${length} values of shape [${shape}], given ${given.values.length} of [${given.shape}]`,
      );
    }
  }
  for (const name of tensors.keys()) {
    if (!model.parameters.some((parameter) => parameter.name === name)) {
      throw new ShapeError('setParameters', `the model has no parameter ${show(name)}`);
    }
  }
  for (const parameter of model.parameters) parameter.values.set(tensors.get(parameter.name)!.values);
}
