/** Networks made of others: of some of the same values, with the same parameters under the same names. */

import { type Remake, rewrite } from '../graph/rewrite.js';
import type { Node, Value } from '../graph/value.js';
import { graphOf, type Network } from './model.js';
import { networkOf } from './network.js';

/** The names of a model's parameters and buffers, by their nodes. */
export function namesOf(where: string, model: Network): Map<Node, string> {
  const graph = graphOf(where, model);
  const names = new Map(graph.parameters.map(({ node }, i) => [node, model.parameters[i].name]));
  for (const [i, { node }] of graph.buffers.entries()) names.set(node, model.buffers[i].name);
  return names;
}

/** What differs from the model that a network is made of. */
export interface Differences {
  /** What stands in place of some of its values. */
  readonly replaced?: ReadonlyMap<Value, Value>;
  /** What is made otherwise on the way to the outputs. */
  readonly remake?: Remake;
  /** The names of parameters that it did not have. */
  readonly fresh?: ReadonlyMap<Node, string>;
  /** Inputs by name, where they are others. */
  readonly inputs?: ReadonlyMap<string, Value>;
}

/**
 * The same model with other values in place of some: it has the outputs by the same names, and remembers
 * nothing.
 */
export function rebuilt(
  where: string,
  model: Network,
  { replaced, remake, fresh, inputs }: Differences,
): Network {
  const graph = graphOf(where, model);
  const known = new Map(replaced);
  rewrite(graph.outputs, known, remake);
  const ports = (list: Network['inputs'], values: readonly Value[]) =>
    new Map(list.map(({ name }, i) => [name, known.get(values[i]) ?? values[i]]));
  const before = namesOf(where, model);
  const named = (node: Node) => fresh?.get(node) ?? before.get(node)!;
  // Whatever is dropped at random stays the same.
  const streams = new Map(graph.streams);
  for (const [{ node }, now] of known) {
    const stream = graph.streams.get(node);
    if (stream !== undefined && node.operation === now.node.operation) streams.set(now.node, stream);
  }
  const [from, to] = [inputs ?? ports(model.inputs, graph.inputs), ports(model.outputs, graph.outputs)];
  return networkOf(where, from, to, { seed: model.seed, names: graph.names, named, streams });
}
