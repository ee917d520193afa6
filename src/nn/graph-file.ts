/**
 * A model's graph as JSON: the nodes in order, each with what it is made of by the places of those.
 * graph-read.ts is the way back.
 */
import { attributesOf, inputLeaf, literalLeaf, parameterLeaf } from '../graph/leaves.js';
import { type Node, nodesOf, type Value } from '../graph/value.js';
import { type Graph, graphOf, type Network } from './model.js';

/**
 * A node: its operation, what it is made of, as `place` or `place.output`, the layers around it, its stream
 * of random numbers where that is not its place; and its operation's attributes.
 */
export type NodeDescription = {
  readonly op: string;
  readonly of?: readonly string[];
  readonly in?: string;
  readonly stream?: number;
} & Readonly<Record<string, unknown>>;

export interface GraphDescription {
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** What layers are, by their names with those of the layers around them; where the name does not say it. */
  readonly layers?: Readonly<Record<string, string>>;
  readonly nodes: readonly NodeDescription[];
}

/** What makes an equal graph, as JSON. */
export function describeGraph(model: Network): GraphDescription {
  const graph = graphOf('describeGraph', model);
  const nodes = nodesOf(graph.outputs);
  const places = placesOf(nodes);
  const parameters = new Map(
    [...graph.parameters, ...graph.buffers].map(({ node }, i) => [
      node,
      [...model.parameters, ...model.buffers][i],
    ]),
  );
  const named = (ports: Network['inputs'], values: readonly Value[]) =>
    Object.fromEntries(ports.map(({ name }, i) => [name, nameOf(places, values[i])]));
  const kinds = kindsOf(graph, nodes);
  return {
    inputs: named(model.inputs, graph.inputs),
    outputs: named(model.outputs, graph.outputs),
    ...(kinds.size > 0 && { layers: Object.fromEntries(kinds) }),
    nodes: nodes.map((node, place) => {
      const { op, of, ...attributes } = describeNode(node, (value) => nameOf(places, value));
      const stream = graph.streams.get(node);
      const parameter = parameters.get(node);
      return {
        ...{ op, ...(of && { of }) },
        ...(node.scopes.length > 0 && { in: pathOf(graph, node.scopes) }),
        ...(node.operation.random && stream !== undefined && stream !== place && { stream }),
        ...(parameter ? describeParameter(node, parameter, graph) : attributes),
      };
    }),
  };
}

/** Each node's place. */
export function placesOf(nodes: readonly Node[]): Map<Node, number> {
  return new Map(nodes.map((node, i) => [node, i]));
}

/** A value by the place of its node: `3`, or `3.1` for another than the first of its outputs. */
export function nameOf(places: ReadonlyMap<Node, number>, { node, index }: Value): string {
  return `${places.get(node)}${index === 0 ? '' : `.${index}`}`;
}

/** The layers around a node by their names, outermost first: `block.dense_1`. */
export function pathOf(graph: Pick<Graph, 'names'>, scopes: Node['scopes']): string {
  return scopes.map(({ owner, name }) => graph.names.get(owner) ?? name).join('.');
}

/** A node without what it has from the model that it stands in. */
export function describeNode(node: Node, name: (value: Value) => string): NodeDescription {
  return {
    op: node.operation.name,
    ...(node.inputs.length > 0 && { of: node.inputs.map(name) }),
    ...attributesIn(node),
  };
}

function attributesIn(node: Node): object {
  const operation: unknown = node.operation;
  if (operation === inputLeaf) return { shape: attributesOf(node, inputLeaf).shape.dims };
  if (operation !== literalLeaf) return node.attributes as object;
  const { shape, values } = attributesOf(node, literalLeaf);
  // JSON has no zero below 0.
  return {
    shape: shape.dims,
    values: Array.from(values, (value) => (Object.is(value, -0) ? '-0' : value)),
  };
}

/** A parameter or buffer: its name in the file, its shape, and how it is trained. */
function describeParameter(
  node: Node,
  { name, trainable }: Network['parameters'][number],
  { buffers }: Graph,
): object {
  const { shape, penalised } = attributesOf(node, parameterLeaf);
  const isBuffer = buffers.some((value) => value.node === node);
  return {
    ...{ name, shape: shape.dims },
    ...(penalised && { penalised }),
    ...(!isBuffer && trainable === false && { trainable }),
  };
}

function kindsOf(graph: Graph, nodes: readonly Node[]): Map<string, string> {
  const kinds = new Map<string, string>();
  for (const { scopes } of nodes) {
    for (const [i, { name, kind = name, owner }] of scopes.entries()) {
      if (kind !== graph.names.get(owner)) kinds.set(pathOf(graph, scopes.slice(0, i + 1)), kind);
    }
  }
  return kinds;
}
