/**
 * The modules of PyTorch that have a model's values, and how these are called and stand there. Of a list of
 * layers they are those of an nn.Sequential; any other model's have its own names.
 */
import { OptionError, show } from '../base/errors.js';
import { allValues, graphOf, type Network } from '../nn/model.js';
import { isPlain, type Sequential } from '../nn/sequential.js';
import { kindOf, type Turn, turnsOf } from './pytorch-order.js';

/** What batch norm counts and its arithmetic does not need. */
export const BATCHES = 'num_batches_tracked';

/** Names within a module that differ. */
const OWN_NAMES: ReadonlyMap<string, string> = new Map([
  ['runningMean', 'running_mean'],
  ['runningVar', 'running_var'],
]);

/** A parameter or buffer. */
export interface ModuleValue {
  /** The model's name for it. */
  readonly name: string;
  /** The module's. */
  readonly own: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  /** How it stands there, where that differs. */
  readonly turn?: Turn;
}

interface Module {
  readonly module: string;
  readonly values: readonly ModuleValue[];
}

/** In the order of the layers; OptionError where the order of a parameter's numbers there cannot be known. */
export function modulesOf(where: string, model: Network): Module[] {
  return isPlain(model) ? listedOf(where, model) : namedOf(where, model);
}

/**
 * How many modules a layer is in an nn.Sequential, its activation not counted. The mean of an image is
 * AdaptiveAvgPool2d(1) and Flatten.
 */
const COUNTS: ReadonlyMap<string, number> = new Map([
  ['separableConv2d', 2],
  ['globalAvgPool', 2],
  ['globalMaxPool', 2],
]);

/**
 * The modules that have values, by their places in nn.Sequential: a layer that ends with an activation takes
 * one more. Each table of an embedding layer is an nn.Embedding of its own, such as `0.column3`.
 */
function listedOf(where: string, model: Sequential): Module[] {
  let place = 0;
  const places = model.layers.map(({ config: { activation = 'identity' }, kind }) => {
    const own = place;
    place += (COUNTS.get(kind) ?? 1) + (activation === 'identity' ? 0 : 1);
    return own;
  });
  const turns = turnsOf(where, model);
  const graph = graphOf(where, model);
  const leaves = [...graph.parameters, ...graph.buffers];
  const modules = new Map<string, ModuleValue[]>();
  for (const [i, { layer, name, shape, values }] of allValues(model).entries()) {
    const key = name.slice(name.indexOf('.') + 1);
    const isTable = model.layers[layer].kind === 'embedding';
    const [inner, last] = [key.slice(0, key.lastIndexOf('.')), key.slice(key.lastIndexOf('.') + 1)];
    // Of a separable convolution the second.
    const own = places[layer] + (inner === 'conv2d' ? 1 : 0);
    const module = isTable ? `${own}.${key}` : `${own}`;
    const turn = turns.get(leaves[i].node);
    const known = modules.get(module) ?? [];
    known.push({
      ...{ name, own: isTable ? 'weight' : (OWN_NAMES.get(last) ?? last), shape, values },
      ...(turn && { turn }),
    });
    modules.set(module, known);
  }
  // Buffers came last, and a layer with nothing but buffers has its place too.
  const order = orderModules([...modules.keys()], () => {
    throw new OptionError(where, 'places have no order');
  });
  return order.map((module) => ({ module, values: modules.get(module)! }));
}

/**
 * The same of a model that is no list of layers: each value under its own name, what stands before the last
 * dot being its module. Batch norm's statistics and embeddings' tables are called as PyTorch's modules call
 * them.
 */
function namedOf(where: string, model: Network): Module[] {
  const graph = graphOf(where, model);
  const turns = turnsOf(where, model);
  const leaves = [...graph.parameters, ...graph.buffers];
  const modules = new Map<string, ModuleValue[]>();
  for (const [i, { name, shape, values }] of allValues(model).entries()) {
    const { node } = leaves[i];
    const dot = name.lastIndexOf('.');
    const [layer, key] = [name.slice(0, Math.max(dot, 0)), name.slice(dot + 1)];
    const isTable = kindOf(node.scopes) === 'embedding';
    const isNorm = kindOf(node.scopes) === 'batchNorm';
    const module = isTable ? name : layer;
    const own = isTable ? 'weight' : isNorm ? (OWN_NAMES.get(key) ?? key) : key;
    const turn = turns.get(node);
    const known = modules.get(module) ?? [];
    modules.set(module, [...known, { name, own, shape, values, ...(turn && { turn }) }]);
  }
  return [...modules].map(([module, values]) => ({ module, values }));
}

/** A tensor's name. */
export function dotted(module: string, own: string): string {
  return module === '' ? own : `${module}.${own}`;
}

/**
 * By the numbers in their names, which must tell them apart: 0, 2, 10; fc1, fc2; net.0, net.2. Names may
 * differ in what follows the first number.
 */
export function orderModules(modules: readonly string[], fail: (problem: string) => never): string[] {
  const stems = new Set(modules.map((name) => /^\D*\d/.exec(name)?.[0].slice(0, -1)));
  if (modules.length > 1 && (stems.size > 1 || stems.has(undefined))) {
    fail(`the order of the modules ${show(modules)} is not clear from their names; option modules says it`);
  }
  const numbers = new Map(modules.map((name) => [name, (name.match(/\d+/g) ?? []).map(Number)]));
  return modules.toSorted((a, b) => {
    const [left, right] = [numbers.get(a) ?? [], numbers.get(b) ?? []];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at < 0 ? left.length - right.length : left[at] - (right[at] ?? -1);
  });
}
