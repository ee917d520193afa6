/** A model's graph as JSON, and back: the nodes in order, each with what it is made of by the places of those. */
import { attributesOf, inputLeaf, literalLeaf, parameterLeaf } from '../graph/leaves.js';
import { type Node, nodesOf, type Value } from '../graph/value.js';
import { graphOf, type Network } from './model.js';

/** A node: what it is made of, as `place` or `place.output`, the layers around it, and its operation's attributes. */
export type NodeDescription = {
  readonly op: string;
  readonly of?: readonly string[];
  readonly in?: string;
} & Readonly<Record<string, unknown>>;

export interface GraphDescription {
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly nodes: readonly NodeDescription[];
}

/** What makes an equal graph, as JSON. */
export function describeGraph(model: Network): GraphDescription {
  const graph = graphOf('describeGraph', model);
  const nodes = nodesOf(graph.outputs);
  const places = new Map(nodes.map((node, i) => [node, i]));
  const nameOf = ({ node, index }: Value) => `${places.get(node)}${index === 0 ? '' : `.${index}`}`;
  const parameters = new Map(
    [...graph.parameters, ...graph.buffers].map(({ node }, i) => [
      node,
      [...model.parameters, ...model.buffers][i].name,
    ]),
  );
  const named = (ports: Network['inputs'], values: readonly Value[]) =>
    Object.fromEntries(ports.map(({ name }, i) => [name, nameOf(values[i])]));
  return {
    inputs: named(model.inputs, graph.inputs),
    outputs: named(model.outputs, graph.outputs),
    nodes: nodes.map((node) => ({
      op: node.operation.name,
      ...(node.inputs.length > 0 && { of: node.inputs.map(nameOf) }),
      ...(node.scopes.length > 0 && { in: node.scopes.map(({ owner }) => graph.names.get(owner)).join('.') }),
      ...attributesIn(node, parameters.get(node)),
    })),
  };
}

/** Attributes as JSON; a parameter's are its name in the file and its shape. */
function attributesIn(node: Node, parameter: string | undefined): object {
  const operation: unknown = node.operation;
  if (operation === inputLeaf) return { shape: attributesOf(node, inputLeaf).shape.dims };
  if (operation === literalLeaf) {
    const { shape, values } = attributesOf(node, literalLeaf);
    return { shape: shape.dims, values: Array.from(values) };
  }
  if (parameter === undefined) return node.attributes as object;
  const { shape, penalised, trainable } = attributesOf(node, parameterLeaf);
  return {
    name: parameter,
    shape: shape.dims,
    ...(penalised && { penalised }),
    ...(!trainable && { trainable }),
  };
}
