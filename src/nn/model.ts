/**
 * Models: functions of inputs with the values of their parameters, held in ordinary arrays. They know no
 * engine.
 */
import { elementsOf, isFloat32Array, isMap } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import { attributesOf, bufferLeaf, parameterLeaf } from '../graph/leaves.js';
import { dropPromise, type Node, type Value } from '../graph/value.js';
import { sizeOf } from '../ops/operation.js';
import type { Loss } from './losses.js';
import { matching } from './patterns.js';
import type { predictSeveral } from './several.js';
import { holdValues, type Parameter, renamed, setTrainable, valuesOf, writeValues } from './values.js';

export type { Parameter } from './values.js';

/** How raw values, bytes above all, become a model's inputs: `raw * scale + offset`. */
export interface InputScale {
  readonly scale: number;
  readonly offset: number;
}

/** What a model remembers of its training. */
export interface Memory {
  /**
   * What it was trained with, which says what its outputs are; absent for a model that has not been trained.
   */
  readonly loss?: Loss;
  /**
   * How the bytes of its training were scaled; absent where it was trained on floats, or has not been
   * trained.
   */
  readonly input?: InputScale;
  /** Of a model with several inputs: the same of those that were bytes, by name. */
  readonly inputScales?: Readonly<Record<string, InputScale>>;
}

/** An input or output of a model: its name, and the shape of what it has for each row. */
export interface Port {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * A model of any shape. Made by `network`, and by `sequential` as a list of layers; `fit` writes what it
 * remembers.
 */
export interface Network extends Memory {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Numbers that the inputs, and the outputs, have for each row, all together. */
  readonly inputSize: number;
  readonly outputSize: number;
  /** In the order in which they were made. */
  readonly parameters: readonly Parameter[];
  /** Values that are not trained but belong to the model, such as running statistics; `1.runningMean`. */
  readonly buffers: readonly Parameter[];
  /** Number of values of all parameters. */
  readonly parameterCount: number;
  readonly seed: number;
}

/** The graph of a model. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** In the order of the model's. */
  readonly parameters: readonly Value[];
  readonly buffers: readonly Value[];
  /** Each operation's stream of random numbers, where it is not its place among the graph's nodes. */
  readonly streams: ReadonlyMap<Node, number>;
  /** The name of each layer in the model, unlike that of any other. */
  readonly names: ReadonlyMap<object, string>;
  /**
   * What predicts where inputs and outputs may be several: a list of layers has one of each, and does
   * without.
   */
  readonly predictSeveral?: typeof predictSeveral;
}

/** Float32 values that a WebAssembly memory can hold. */
const MAX_VALUES = 2 ** 30;

/** Of models that were made here, by their parameters: copies of the object share them. */
const graphs = new WeakMap<Network['parameters'], { readonly graph: Graph; readonly model: Network }>();
/** What a parameter of a graph became when the first model was made of it. */
const known = new WeakMap<Node, Parameter>();

/** Of a model, what never changes: a copy has it as well. */
const FIXED = [
  ...(['inputs', 'outputs', 'inputSize', 'outputSize', 'buffers', 'parameterCount', 'seed'] as const),
  ...(['layers', 'sizes', 'shapes'] as const),
];

/** The graph of a model. Throws OptionError for something that is no model. */
export function graphOf(where: string, model: unknown): Graph {
  const given = (model ?? {}) as Partial<Network> & Record<string, unknown>;
  const { parameters } = given;
  const known = typeof parameters === 'object' && parameters !== null ? graphs.get(parameters) : undefined;
  const original = known?.model as typeof given | undefined;
  if (known && FIXED.every((key) => given[key] === original![key])) return known.graph;
  throw new OptionError(where, `model: expected one from sequential() or network(), given ${show(model)}`);
}

/** Throws OptionError for something that is no model. */
export function checkModel(where: string, model: unknown): asserts model is Network {
  graphOf(where, model);
}

/** A model of a graph: with values for its parameters, where no other model has given them yet. */
export function makeNetwork<T extends object>(
  where: string,
  graph: Graph,
  {
    inputs,
    outputs,
    seed,
    named,
  }: Pick<Network, 'inputs' | 'outputs' | 'seed'> & { named: (node: Node) => string },
  more: T,
): Network & T {
  const taken = new Set<string>();
  const make = ({ node }: Value, stream: number) => {
    const isShared = known.has(node);
    const own = parameterOf(where, node, named(node), seed, stream);
    if (taken.has(own.name) && !isShared) {
      throw new OptionError(where, `two parameters are named ${show(own.name)}; put layers around them`);
    }
    // Those of other models that were put together may have the same names: later ones get a number.
    let { name } = own;
    for (let i = 1; taken.has(name); i++) name = `${own.name}_${i}`;
    taken.add(name);
    return name === own.name ? own : renamed(own, name);
  };
  const parameters = graph.parameters.map(make);
  const buffers = graph.buffers.map(make);
  const model = {
    ...more,
    inputs,
    outputs,
    inputSize: graph.inputs.reduce((total, { shape }) => total + sizeOf(shape), 0),
    outputSize: graph.outputs.reduce((total, { shape }) => total + sizeOf(shape), 0),
    parameters,
    buffers,
    parameterCount: parameters.reduce((total, parameter) => total + valuesOf(parameter).length, 0),
    seed,
  };
  graphs.set(parameters, { graph, model });
  return model;
}

export function isBuffer({ operation }: Node): boolean {
  return (operation as unknown) === bufferLeaf;
}

/**
 * `dense`, `dense_1`: layers of one name are told apart by the order in which they come, within the layer
 * around them.
 */
export function nameScopes(nodes: readonly Node[]): Map<object, string> {
  const names = new Map<object, string>();
  const counts = new Map<object | undefined, Map<string, number>>();
  for (const { scopes } of nodes) {
    let around: object | undefined;
    for (const { name, owner } of scopes) {
      if (!names.has(owner)) {
        const siblings = counts.get(around) ?? new Map<string, number>();
        const count = siblings.get(name) ?? 0;
        counts.set(around, siblings.set(name, count + 1));
        names.set(owner, count === 0 ? name : `${name}_${count}`);
      }
      around = owner;
    }
  }
  return names;
}

/**
 * The parameter or buffer of a node, with initial values drawn from a stream of its own when it is first
 * asked for.
 */
function parameterOf(where: string, node: Node, name: string, seed: number, stream: number): Parameter {
  const before = known.get(node);
  if (before) return before;
  const { shape, initializer, penalised, trainable } = attributesOf(node, parameterLeaf);
  if (sizeOf(shape) > MAX_VALUES) {
    throw new OptionError(where, `${name} [${shape.dims.join(', ')}] does not fit in 4 GiB of memory`);
  }
  const values = new Float32Array(sizeOf(shape));
  const given: unknown = initializer.fill(values, shape.dims, seed, stream);
  if (given instanceof Promise) {
    dropPromise(given);
    throw new OptionError(where, `${name}: expected an initializer that fills at once, given one that waits`);
  }
  const layer = Number.parseInt(name, 10);
  const fields = { name, layer: Number.isNaN(layer) ? 0 : layer, shape: shape.dims };
  const made = holdValues(
    { ...fields, ...(penalised && { penalised }) },
    values,
    trainable || isBuffer(node),
  );
  known.set(node, made);
  return made;
}

/**
 * Parameters, then buffers, with their values: everything that a model's file holds. For the library's own
 * eyes, which do not count as having the arrays handed out (values.ts).
 */
export function allValues(model: Network): readonly Parameter[] {
  return [...model.parameters, ...model.buffers].map((parameter) => ({
    name: parameter.name,
    layer: parameter.layer,
    shape: parameter.shape,
    values: valuesOf(parameter),
    ...(parameter.penalised && { penalised: true }),
  }));
}

/** Writes the values of all parameters and buffers, in the order of `allValues`. */
export function writeAll(model: Network, values: readonly ArrayLike<number>[]): void {
  for (const [i, parameter] of [...model.parameters, ...model.buffers].entries())
    writeValues(parameter, values[i]);
}

/** Whether both make the same float32 values of bytes. */
export function isSameScale(a: InputScale, b: InputScale): boolean {
  return Math.fround(a.scale) === Math.fround(b.scale) && Math.fround(a.offset) === Math.fround(b.offset);
}

/** Writes what the model is to remember in place of what it remembered. */
export function remember(model: Network, { loss, input, inputScales }: Memory): void {
  const own = model as { -readonly [key in keyof Memory]: Memory[key] };
  delete own.loss;
  delete own.input;
  delete own.inputScales;
  if (loss) own.loss = loss;
  if (input) own.input = { scale: input.scale, offset: input.offset };
  // Without a prototype: an input may be called as a method of objects is.
  if (inputScales) own.inputScales = Object.assign(Object.create(null), inputScales);
}

/** Axes that no shape has more of. */
const MAX_AXES = 64;

/**
 * Replaces a model's values and buffers.
 *
 * @throws OptionError for something that is no model, or no map of shapes and float32 values.
 * @throws ShapeError when a parameter is missing, is not the model's or has another shape. The model then
 * stays as it was.
 */
export function setParameters(
  model: Network,
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
    // A list may claim billions of places and hold nothing.
    const { shape: list } = given;
    const isShape = Array.isArray(list) && list.length <= MAX_AXES && list.every(Number.isSafeInteger);
    if (!isShape || !isFloat32Array(given.values)) {
      throw new OptionError(
        where,
        `${name}: expected { shape, values } with a Float32Array, given ${show(given)}`,
      );
    }
    const length = elementsOf(shape);
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

/**
 * Leaves the parameters whose names fit a pattern, or one of several, as they are in training:
 * `freeze(model, ['encoder.*', '*.bias'])`, where a star stands for any characters. They then have no
 * gradient, and cost none. A batch norm whose weight and bias are both frozen goes by its running statistics
 * in training too, and leaves these as they are. Returns the names. What is frozen is so in every model that
 * shares the parameter, and in the model's file.
 *
 * @throws OptionError for something that is no model, and for a pattern that fits no parameter.
 */
export function freeze(model: Network, pattern: string | readonly string[]): string[] {
  return setMatching('freeze', model, pattern, false);
}

/**
 * Lets parameters be trained again that `freeze` left as they are. By default all.
 *
 * @throws OptionError as `freeze` does.
 */
export function unfreeze(model: Network, pattern: string | readonly string[] = '*'): string[] {
  return setMatching('unfreeze', model, pattern, true);
}

function setMatching(where: string, model: Network, pattern: unknown, trainable: boolean): string[] {
  checkModel(where, model);
  const found = matching(where, model.parameters, pattern);
  for (const parameter of found) setTrainable(parameter, trainable);
  return found.map(({ name }) => name);
}
