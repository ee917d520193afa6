/** Forms of a graph that one operation stands for: what they have in common. */
import { attributesOf, literalLeaf } from '../../../graph/leaves.js';
import type { Node, Scope, Value } from '../../../graph/value.js';

/** What is put in place of `root`, which all of `nodes` serve. */
export interface Match {
  readonly root: Value;
  readonly nodes: ReadonlySet<Node>;
  /** Of the values, as they have become. */
  readonly make: (now: (value: Value) => Value) => Value;
  /** Where it stands. */
  readonly scopes: readonly Scope[];
}

/** Who reads what of the graph that is looked at. */
export interface Graph {
  readonly readers: ReadonlyMap<Value, readonly Node[]>;
  readonly outputs: ReadonlySet<Value>;
}

/** Whether nobody else reads what these nodes make, but for the last. */
export function isPrivate({ readers, outputs }: Graph, nodes: ReadonlySet<Node>, root: Value): boolean {
  return [...nodes].every(
    (node) =>
      node === root.node ||
      node.outputs.every(
        (value) => !outputs.has(value) && (readers.get(value) ?? []).every((reader) => nodes.has(reader)),
      ),
  );
}

/** The only node that reads a value, if there is one. */
export function onlyReader({ readers, outputs }: Graph, value: Value): Node | undefined {
  const own = readers.get(value) ?? [];
  return own.length === 1 && !outputs.has(value) ? own[0] : undefined;
}

export function isMadeBy({ node, index }: Value, operation: unknown): boolean {
  return (node.operation as unknown) === operation && index === 0;
}

/** The number that a value is, if it stands in the graph. */
export function numberOf({ node }: Value): number | undefined {
  if ((node.operation as unknown) !== literalLeaf) return undefined;
  const { values } = attributesOf(node, literalLeaf);
  return values.length === 1 ? values[0] : undefined;
}

/** The layers that a node stands in, and another one in place of its own. */
export function beside({ scopes }: Node, name: string): Scope[] {
  return [...scopes.slice(0, -1), { name, owner: {} }];
}
