/**
 * Functions that exporters write as the arithmetic they are made of become one operation again: gelu in both
 * its forms, silu, layer norm, and products with a bias. They compute the same, faster and with less memory,
 * and are written as what they are.
 */
import { attributesOf, isLeaf } from '../../../graph/leaves.js';
import { apply, applyOne, type Node, nodesOf, type Value, withinAll } from '../../../graph/value.js';
import { add } from '../../../ops/arithmetic.js';
import { product } from '../../../ops/matmul.js';
import { activationAt } from './fuse-activation.js';
import { type Graph, isMadeBy, isPrivate, type Match } from './fuse-match.js';
import { layerNormAt } from './fuse-norm.js';

/** The same outputs, by the operations that stand for several. */
export function fuse(outputs: readonly Value[]): Value[] {
  const nodes = nodesOf(outputs);
  const readers = new Map<Value, Node[]>();
  for (const node of nodes) {
    for (const value of new Set(node.inputs)) {
      const own = readers.get(value);
      if (own) own.push(node);
      else readers.set(value, [node]);
    }
  }
  const graph: Graph = { readers, outputs: new Set(outputs) };
  const matches = new Map<Node, Match>();
  const inner = new Set<Node>();
  for (const node of nodes) {
    const found = activationAt(node, graph) ?? layerNormAt(node, graph) ?? biasAt(node, graph);
    // What is part of one is not part of another.
    if (!found || [...found.nodes].some((own) => inner.has(own))) continue;
    matches.set(found.root.node, found);
    for (const own of found.nodes) inner.add(own);
  }
  const known = new Map<Value, Value>();
  const now = (value: Value) => known.get(value) ?? value;
  for (const node of nodes) {
    const match = matches.get(node);
    if (match) {
      known.set(
        match.root,
        withinAll(match.scopes, () => match.make(now)),
      );
    } else if (!inner.has(node)) {
      const inputs = node.inputs.map(now);
      if (inputs.every((value, i) => value === node.inputs[i])) continue;
      const made = withinAll(node.scopes, () => apply(node.operation, inputs, node.attributes));
      for (const [i, value] of node.outputs.entries()) known.set(value, made[i]);
    }
  }
  return outputs.map(now);
}

/** A product of rows by one matrix, and the vector that is added to it. */
function biasAt({ operation, inputs, outputs: [root] }: Node, graph: Graph): Match | undefined {
  if ((operation as unknown) !== add) return undefined;
  const [made] = inputs.filter((own) => isMadeBy(own, product));
  const bias = inputs.find((own) => own !== made);
  if (!made || !bias || bias.shape.rows || !isLeaf(bias.node)) return undefined;
  const { node } = made;
  const { form, flat, activation } = attributesOf(node, product);
  const isPlain = form === 'nn' && flat && !activation && node.inputs.length === 2;
  const { dims } = bias.shape;
  if (!isPlain || dims.length !== 1 || dims[0] !== made.shape.dims.at(-1)) return undefined;
  const nodes = new Set([node, root.node]);
  if (!made.shape.rows || !isPrivate(graph, nodes, root)) return undefined;
  const make: Match['make'] = (now) => applyOne(product, [...node.inputs, bias].map(now), { form, flat });
  return { root, nodes, make, scopes: node.scopes };
}
