/** A model that is a list of layers, each of which takes what the one before it gives. */
import { elementsOf } from '../base/arrays.js';
import { OptionError, show } from '../base/errors.js';
import { checkInteger, OptionReader } from '../base/options.js';
import {
  attributesOf,
  bufferLeaf,
  input,
  isParameter,
  type ParameterAttributes,
  parameterLeaf,
} from '../graph/leaves.js';
import { type Node, nodesOf, type Value } from '../graph/value.js';
import { callAnew, isLayer, isOwnLayer, type Layer } from './layer.js';
import { type Graph, makeNetwork, type Network, nameScopes } from './model.js';

/**
 * A model: layers in a row and the values of their parameters. Made by `sequential`; `fit` writes what it
 * remembers.
 */
export interface Sequential extends Network {
  readonly layers: readonly Layer[];
  /** Numbers in a row from input to output, for example [784, 300, 10]. */
  readonly sizes: readonly number[];
  /** What they are shapes of, for example [[28, 28, 1], [26, 26, 32], [21632], [10]]. */
  readonly shapes: readonly (readonly number[])[];
}

/**
 * A model of `layers` for inputs of this shape, such as [28, 28, 1], or of so many numbers, its parameters initialised from `seed`
 * (0 by default). Layers are taken as descriptions: the same one twice has two sets of parameters.
 *
 * @throws OptionError for a size that is not a positive whole number, an empty list, or something that is no
 * layer.
 * @throws ShapeError for a layer that cannot take what the one before it gives.
 */
export function sequential(
  inputSize: number | readonly number[],
  layers: readonly Layer[],
  options?: { seed?: number },
): Sequential {
  const where = 'sequential';
  const reader = new OptionReader(where, options);
  const seed = reader.integer('seed', { min: 0 }, 0);
  const { graph, shapes, named } = traceLayers(where, inputSize, layers);
  reader.end();
  const port = ([{ shape }]: readonly Value[], name: string) => [{ name, shape: shape.dims }];
  const ports = { inputs: port(graph.inputs, 'input'), outputs: port(graph.outputs, 'output') };
  const more = { layers: [...layers], sizes: shapes.map(elementsOf), shapes };
  return makeNetwork(where, graph, { ...ports, seed, named }, more);
}

/** Whether a model is a list of layers, with `layers` and `sizes`; false for what is no model too. */
export function isSequential(model: Network): model is Sequential {
  return Array.isArray((model as Partial<Sequential> | null | undefined)?.layers);
}

/**
 * Whether a model is a list of layers that are all ours: then they and their options say what it computes.
 */
export function isPlain(model: Network): model is Sequential {
  return isSequential(model) && !model.layers.some(isOwnLayer);
}

/** What a list of layers makes of an input of this shape, and what it has for parameters; no values yet. */
function traceLayers(where: string, inputSize: number | readonly number[], layers: readonly Layer[]) {
  if (!Array.isArray(inputSize)) checkInteger(where, 'inputSize', inputSize as number, { min: 1 });
  if (!Array.isArray(layers) || layers.length === 0) {
    throw new OptionError(
      where,
      `layers: expected at least one layer, after inputSize, given ${show(layers)}`,
    );
  }
  const first = input(inputSize);
  const values = [first];
  for (const [index, layer] of (layers as readonly Layer[]).entries()) {
    if (!isLayer(layer)) {
      throw new OptionError(
        where,
        `layers[${index}]: expected a layer such as dense(10), or layer(name, function), given ${show(layer)}`,
      );
    }
    values.push(callAnew(layer, String(index), values[index]));
  }
  const nodes = nodesOf([values[values.length - 1]]);
  const names = nameScopes(nodes);
  const graph: Graph = {
    inputs: [first],
    outputs: [values[values.length - 1]],
    parameters: nodes.filter(isParameter).map(({ outputs }) => outputs[0]),
    buffers: nodes
      .filter(({ operation }) => (operation as unknown) === bufferLeaf)
      .map(({ outputs }) => outputs[0]),
    // A layer's stream is its place.
    streams: new Map(nodes.map((node) => [node, Number(node.scopes[0]?.name ?? 0)])),
    names,
  };
  const named = (node: Node) =>
    [...node.scopes.map(({ owner }) => names.get(owner)!), attributesOf(node, parameterLeaf).name].join('.');
  return { graph, shapes: values.map(({ shape }) => shape.dims), named };
}

/** A parameter or buffer before it has values. */
export interface ParameterSpec extends Pick<ParameterAttributes, 'initializer' | 'penalised' | 'trainable'> {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Names and shapes of the parameters, then of the buffers, that a list of layers has: what a file must hold,
 * before anything is allocated.
 */
export function parametersOf(
  where: string,
  inputSize: number | readonly number[],
  layers: readonly Layer[],
): ParameterSpec[] {
  const { graph, named } = traceLayers(where, inputSize, layers);
  return [...graph.parameters, ...graph.buffers].map(({ node }) => {
    const { shape, ...others } = attributesOf(node, parameterLeaf);
    return { ...others, shape: shape.dims, name: named(node) };
  });
}
