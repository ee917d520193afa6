/**
 * Values with others in place of some that they are made of. The graph that they come from stays as it is:
 * what depends on something replaced is made once more, by the same operations in the same layers.
 */
import { apply, type Node, nodesOf, type Value, withinAll } from './value.js';

/** What to make in place of a node, of its inputs as they are now; undefined for the same operation on them. */
export type Remake = (node: Node, inputs: readonly Value[]) => readonly Value[] | undefined;

/**
 * Adds to `known`, which says what stands in place of some values, all that changes with them on the way to
 * `values`. What is not in it afterwards is its own. Throws ShapeError where an operation cannot take what is
 * given to it.
 */
export function rewrite(values: readonly Value[], known: Map<Value, Value>, remake?: Remake): void {
  for (const node of nodesOf(values)) {
    if (node.outputs.some((value) => known.has(value))) continue;
    const inputs = node.inputs.map((value) => known.get(value) ?? value);
    const own = remake && withinAll(node.scopes, () => remake(node, inputs));
    if (!own && inputs.every((value, i) => value === node.inputs[i])) continue;
    const outputs = own ?? withinAll(node.scopes, () => apply(node.operation, inputs, node.attributes));
    for (const [i, value] of node.outputs.entries()) known.set(value, outputs[i]);
  }
}
