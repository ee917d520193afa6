/**
 * Values with others in place of some that they are made of. The graph that they come from stays as it is:
 * what depends on something replaced is made once more, by the same operations in the same layers.
 */
import { apply, nodesOf, type Value, withinAll } from './value.js';

/**
 * Adds to `known`, which says what stands in place of some values, all that changes with them on the way to
 * `values`. What is not in it afterwards is its own. Throws ShapeError where an operation cannot take what is
 * given to it.
 */
export function rewrite(values: readonly Value[], known: Map<Value, Value>): void {
  for (const node of nodesOf(values)) {
    if (node.outputs.some((value) => known.has(value))) continue;
    const inputs = node.inputs.map((value) => known.get(value) ?? value);
    if (inputs.every((value, i) => value === node.inputs[i])) continue;
    const outputs = withinAll(node.scopes, () => apply(node.operation, inputs, node.attributes));
    for (const [i, value] of node.outputs.entries()) known.set(value, outputs[i]);
  }
}
