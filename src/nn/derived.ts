/** Networks made of others: of some of the same values, with the same parameters under the same names. */

import { rewrite } from '../graph/rewrite.js';
import type { Node, Value } from '../graph/value.js';
import { graphOf, type Network, remember } from './model.js';
import { networkOf } from './network.js';

/** The names of a model's parameters and buffers, by their nodes. */
export function namesOf(where: string, model: Network): Map<Node, string> {
  const graph = graphOf(where, model);
  const names = new Map(graph.parameters.map(({ node }, i) => [node, model.parameters[i].name]));
  for (const [i, { node }] of graph.buffers.entries()) names.set(node, model.buffers[i].name);
  return names;
}

/**
 * The same model with other values in place of some, which gives what the model gives by the same names:
 * `fresh` has the names of parameters that it did not have.
 */
export function withReplaced(
  where: string,
  model: Network,
  replaced: ReadonlyMap<Value, Value>,
  fresh: ReadonlyMap<Node, string>,
): Network {
  const graph = graphOf(where, model);
  const known = new Map(replaced);
  rewrite(graph.outputs, known);
  const ports = (list: Network['inputs'], values: readonly Value[]) =>
    new Map(list.map(({ name }, i) => [name, known.get(values[i]) ?? values[i]]));
  const before = namesOf(where, model);
  const named = (node: Node) => fresh.get(node) ?? before.get(node)!;
  // Whatever is dropped at random stays the same.
  const streams = new Map(graph.streams);
  for (const [{ node }, now] of known) {
    const stream = graph.streams.get(node);
    if (stream !== undefined && node.operation === now.node.operation) streams.set(now.node, stream);
  }
  const { seed } = model;
  const made = networkOf(where, ports(model.inputs, graph.inputs), ports(model.outputs, graph.outputs), {
    ...{ seed, names: graph.names, named, streams },
  });
  remember(made, model);
  return made;
}
