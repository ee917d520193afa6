/**
 * The rows of a summary of a model that is no list of layers: its outermost layers, and what is computed
 * outside of any.
 */
import { isLeaf } from '../graph/leaves.js';
import { type Node, nodesOf } from '../graph/value.js';
import { type ActivationAttributes, activation } from '../ops/activations.js';
import { type Shape, sizeOf } from '../ops/operation.js';
import { type ReductionAttributes, reduction } from '../ops/reduction.js';
import { graphOf, type Network } from './model.js';
import { valuesOf } from './values.js';

/** A row of a summary. */
export interface LayerSummary {
  /**
   * By which its parameters are named: of a list of layers the place, `0`; else the layer's name, or that of
   * an operation.
   */
  readonly name: string;
  readonly kind: string;
  /**
   * The layer's options, those that say nothing left out: `activation relu`. Of other models than lists of
   * layers nothing.
   */
  readonly options: string;
  readonly inputSize: number;
  readonly outputSize: number;
  /** What it gives for each row. */
  readonly shape: readonly number[];
  /** Values of parameters. */
  readonly parameters: number;
  /** How many of them are frozen; absent where none is. */
  readonly frozen?: number;
  /** Values that belong to the model and are not trained, such as running statistics. */
  readonly buffers: number;
  /**
   * Of a prediction of one row, in products and convolutions, with the zeros of their padding; sums,
   * activations, normalisation and pooling count as none. A step of training takes about three times as many.
   */
  readonly multiplyAdds: number;
  /** Of what is no list of layers: the rows, and the inputs, whose values it takes, by their names. */
  readonly reads?: readonly string[];
}

/** What stands in one row. */
interface Group {
  readonly name: string;
  readonly kind: string;
  readonly nodes: Node[];
  parameters: number;
  frozen: number;
  buffers: number;
}

export function summarizeGraph(model: Network): LayerSummary[] {
  const graph = graphOf('summary', model);
  const nodes = nodesOf(graph.outputs);
  const groups = new Map<object, Group>();
  const groupOf = (node: Node, name: string, kind: string): Group => {
    const [scope] = node.scopes;
    const key = scope?.owner ?? node;
    const known = groups.get(key);
    if (known) return known;
    const own = scope ? (graph.names.get(scope.owner) ?? scope.name) : name;
    const of = scope ? (scope.kind ?? scope.name) : kind;
    const group = { name: own, kind: of, nodes: [], parameters: 0, frozen: 0, buffers: 0 };
    groups.set(key, group);
    return group;
  };
  const parameters = new Map(graph.parameters.map(({ node }, i) => [node, model.parameters[i]]));
  const buffers = new Map(graph.buffers.map(({ node }, i) => [node, model.buffers[i]]));
  for (const node of nodes) {
    const [parameter, buffer] = [parameters.get(node), buffers.get(node)];
    if (parameter) {
      const group = groupOf(node, parameter.name, 'parameter');
      const count = valuesOf(parameter).length;
      group.parameters += count;
      if (parameter.trainable === false) group.frozen += count;
      if (node.scopes.length === 0) group.nodes.push(node);
    } else if (buffer) {
      const group = groupOf(node, buffer.name, 'buffer');
      group.buffers += valuesOf(buffer).length;
      if (node.scopes.length === 0) group.nodes.push(node);
    } else if (!isLeaf(node)) {
      const name = wordFor(node);
      groupOf(node, name, name).nodes.push(node);
    }
  }
  const readOutside = readersOutside(nodes);
  const ends = new Set(graph.outputs.map(({ node }) => node));
  const readBy = readsOf(
    [...groups.values()],
    new Map(graph.inputs.map(({ node }, i) => [node, model.inputs[i].name])),
  );
  return [...groups.values()]
    .filter(({ nodes: own }) => own.length > 0)
    .map((group): LayerSummary => {
      const { name, kind, nodes: own, frozen, ...counts } = group;
      const last = own.findLast((node) => ends.has(node) || readOutside.has(node)) ?? own[own.length - 1];
      const { shape } = last.outputs[0];
      return {
        ...{ name, kind, options: '', inputSize: inputOf(own), outputSize: sizeOf(shape), shape: shape.dims },
        ...{ parameters: counts.parameters, ...(frozen > 0 && { frozen }), buffers: counts.buffers },
        multiplyAdds: own.reduce((total, node) => total + multiplyAddsOf(node), 0),
        reads: readBy.get(group)!,
      };
    });
}

/** The names of what each group takes values of: other groups, and inputs. */
function readsOf(groups: readonly Group[], inputs: ReadonlyMap<Node, string>): Map<Group, string[]> {
  const owner = new Map(groups.flatMap((group) => group.nodes.map((node) => [node, group] as const)));
  return new Map(
    groups.map((group) => {
      const reads = new Set<string>();
      for (const { node } of group.nodes.flatMap((own) => own.inputs)) {
        const from = owner.get(node);
        const name = from ? from.name : inputs.get(node);
        if (name !== undefined && from !== group) reads.add(name);
      }
      return [group, [...reads]];
    }),
  );
}

/** Multiply-adds for each row. */
export function multiplyAddsOf({ operation, inputs, outputs }: Node): number {
  const shapes = (values: Node['outputs']) => values.map(({ shape }) => shape);
  return operation.multiplyAdds?.(shapes(inputs), shapes(outputs)) ?? 0;
}

/** What people call an operation: those that are several by its name. */
export function wordFor({ operation, attributes }: Pick<Node, 'operation' | 'attributes'>): string {
  if ((operation as unknown) === activation) return (attributes as ActivationAttributes).name;
  if ((operation as unknown) === reduction) return (attributes as ReductionAttributes).operation;
  return operation.name;
}

/** Nodes that are read by one in another layer. */
function readersOutside(nodes: readonly Node[]): Set<Node> {
  const found = new Set<Node>();
  for (const node of nodes) {
    const owner = node.scopes[0]?.owner;
    for (const { node: from } of node.inputs) {
      if (owner === undefined || from.scopes[0]?.owner !== owner) found.add(from);
    }
  }
  return found;
}

/** Numbers in a row of the first value that comes from outside. */
function inputOf(nodes: readonly Node[]): number {
  const own = new Set(nodes);
  for (const { inputs } of nodes) {
    const from = inputs.find(({ node, shape }: { node: Node; shape: Shape }) => shape.rows && !own.has(node));
    if (from) return sizeOf(from.shape);
  }
  return 0;
}
