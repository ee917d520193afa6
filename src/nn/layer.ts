/**
 * What a layer is: a function of values, with a name. What it makes is operations and parameters; it knows
 * nothing of its neighbours. A layer that is called twice has one set of parameters.
 */
import { OptionError, ShapeError, show } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { bufferLeaf, type ParameterAttributes, parameterLeaf, readDims } from '../graph/leaves.js';
import { applyOne, checkValue, dropPromise, isValue, placeOf, type Value, within } from '../graph/value.js';
import type { Operation } from '../ops/operation.js';
import { type Initializer, type InitializerName, resolveInitializer } from './initializers.js';

/** A function of values that may have parameters. Made by `dense`, `layer` and the others. */
export interface Layer {
  (...values: Value[]): Value;
  /** The name of the function that makes it: `dense`; or that of a layer of one's own. */
  readonly kind: string;
  /** Options that make an equal layer, JSON values only: what a saved model holds. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** What a layer computes, of the values that it is called with. */
export type LayerFunction = (...values: Value[]) => Value;

/**
 * Whose parameters they are: what belongs to a layer once it has been called, by name, and the layers that
 * its function calls.
 */
interface Owner {
  readonly parameters: Map<string, Value>;
  readonly children: Map<string, Owner>;
}

/**
 * Which layer owns what. A model that is a list of layers has one of its own: there layers are descriptions.
 */
type Context = WeakMap<Layer, Owner>;

/** A call of a layer's function under way. */
interface Run {
  readonly owner: Owner;
  readonly context: Context;
  /** The layers that it has called so far, and how many of each name. */
  readonly called: Set<Layer>;
  readonly counts: Map<string, number>;
}

const functions = new WeakMap<Layer, LayerFunction>();
const everywhere: Context = new WeakMap();
const runs: Run[] = [];

/**
 * A layer of one's own: a name and a function of values, made of other layers, `parameter`, `buffer` and the
 * functions of values.
 *
 *     const swish = layer('swish', (x) => mul(x, sigmoid(mul(parameter('beta', [1], constant(1)), x))));
 *
 * Throws OptionError for something that is no name or no function; and, when called, for a function that
 * gives no value.
 */
export function layer(name: string, compute: LayerFunction): Layer {
  const where = 'layer';
  // Names of parameters are made of it, with dots between them.
  if (typeof name !== 'string' || !/^[^.\s*?/]+$/.test(name)) {
    throw new OptionError(where, `name: expected a name without dots, stars and spaces, given ${show(name)}`);
  }
  if (typeof compute !== 'function') {
    throw new OptionError(where, `expected a function of values, given ${show(compute)}`);
  }
  const made = defineLayer(name, {}, compute);
  own.add(made);
  return made;
}

/** Layers of a user's, which may be called as one of ours is. */
const own = new WeakSet<Layer>();

/** Whether it is a layer of one's own, which its kind does not tell. */
export function isOwnLayer(layer: Layer): boolean {
  return own.has(layer);
}

/** A layer of ours. */
export function defineLayer(kind: string, config: Layer['config'], compute: LayerFunction): Layer {
  const run = (...values: Value[]): Value => {
    const around = runs[runs.length - 1];
    const context = around?.context ?? everywhere;
    return call(kind, made, values, context, ownerOf(made, context, around));
  };
  // A function has a name already, but no kind.
  const made: Layer = Object.assign(run, { kind, config });
  functions.set(made, compute);
  return made;
}

/**
 * Whose parameters a layer's are: its own from its first call on. A layer that another's function makes anew
 * each time that it runs is the one that stood at this place in the run before.
 */
function ownerOf(layer: Layer, context: Context, around: Run | undefined): Owner {
  const known = context.get(layer);
  if (!around) {
    const owner = known ?? newOwner();
    context.set(layer, owner);
    return owner;
  }
  const { kind } = layer;
  const isNew = !around.called.has(layer);
  const count = around.counts.get(kind) ?? 0;
  const place = `${kind} ${count}`;
  const owner = known ?? around.owner.children.get(place) ?? newOwner();
  context.set(layer, owner);
  if (isNew) {
    around.called.add(layer);
    around.counts.set(kind, count + 1);
    around.owner.children.set(place, owner);
  }
  return owner;
}

function newOwner(): Owner {
  return { parameters: new Map(), children: new Map() };
}

/** Runs a layer's function under a name, with the parameters that belong to `owner`. */
function call(name: string, layer: Layer, values: readonly Value[], context: Context, owner: Owner): Value {
  const compute = functions.get(layer)!;
  const { kind } = layer;
  return within({ name, owner, ...(kind !== name && { kind }) }, () => {
    const where = placeOf('call');
    if (values.length === 0) throw new OptionError(where, 'expected a value, given none');
    for (const [i, value] of values.entries()) checkValue(where, `value ${i}`, value);
    runs.push({ owner, context, called: new Set(), counts: new Map() });
    try {
      const result = compute(...values);
      if (isValue(result)) return result;
      dropPromise(result);
      throw new OptionError(where, `expected its function to give a value, given ${show(result)}`);
    } finally {
      runs.pop();
    }
  });
}

/**
 * A layer as the description of one: called under a name of its own with new parameters, whatever it has been
 * called with before. So do models that are a list of layers.
 */
export function callAnew(layer: Layer, name: string, value: Value): Value {
  return call(name, layer, [value], new WeakMap(), newOwner());
}

/** Whether it is a layer. */
export function isLayer(value: unknown): value is Layer {
  return typeof value === 'function' && functions.has(value as Layer);
}

/** How a parameter is made. */
export interface ParameterOptions {
  /** Whether L1 and L2 penalties apply; false by default. */
  penalised?: boolean;
  /** false for one that keeps its first values: it has no gradient and costs none. */
  trainable?: boolean;
}

/**
 * A parameter of the layer whose function is running, which its name belongs to: the same value each time
 * that the layer is called. Outside of a layer it is the network's own. By default it begins with zeros.
 *
 * @throws OptionError for a name or a shape that is none, ShapeError when the layer has a parameter of this
 * name and another shape.
 */
export function parameter(
  name: string,
  shape: readonly number[],
  initializer: InitializerName | Initializer = 'zeros',
  options?: ParameterOptions,
): Value {
  const reader = new OptionReader(placeOf('parameter'), options);
  const penalised = reader.boolean('penalised', false);
  const trainable = reader.boolean('trainable', true);
  reader.end();
  return declare('parameter', parameterLeaf, name, shape, initializer, { penalised, trainable });
}

/**
 * Numbers that belong to a layer and are saved with it, but are not trained. As `parameter` otherwise. Zeros
 * by default.
 */
export function buffer(
  name: string,
  shape: readonly number[],
  initializer: InitializerName | Initializer = 'zeros',
): Value {
  return declare('buffer', bufferLeaf, name, shape, initializer, { penalised: false, trainable: false });
}

function declare(
  function_: string,
  leaf: Operation<ParameterAttributes>,
  name: string,
  shape: readonly number[],
  initializer: InitializerName | Initializer,
  options: Pick<ParameterAttributes, 'penalised' | 'trainable'>,
): Value {
  const where = placeOf(function_);
  if (typeof name !== 'string' || !/^[^.\s*?/]+$/.test(name)) {
    throw new OptionError(where, `name: expected a name without dots, stars and spaces, given ${show(name)}`);
  }
  const dims = readDims(where, shape);
  const known = runs[runs.length - 1]?.owner.parameters;
  const before = known?.get(name);
  if (before) {
    if (before.shape.dims.join() === dims.join()) return before;
    const given = `given [${dims.join(', ')}]`;
    throw new ShapeError(
      where,
      `${name}: expected [${before.shape.dims.join(', ')}], as the layer had before, ${given}`,
    );
  }
  const value = applyOne(leaf, [], {
    ...{ shape: { rows: false, dims }, name, ...options },
    initializer: resolveInitializer(`${where}, ${name}`, initializer),
  });
  known?.set(name, value);
  return value;
}
