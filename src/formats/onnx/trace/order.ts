/** Which nodes of a graph its outputs are made of, each after those whose values it reads. */
import { show } from '../../../base/errors.js';
import type { Fail } from '../../protobuf.js';
import type { OnnxModel, OnnxNode } from '../proto.js';

/** Nodes that an error lists. */
const LISTED = 12;

export function describe({ name, operator, domain }: OnnxNode): string {
  return `node ${show(name)} (${domain ? `${domain}.` : ''}${operator})`;
}

/**
 * Nodes that these values need, in order.
 *
 * @throws through `fail` for values that two nodes make, or none, and for cycles.
 */
export function nodesFor(
  { nodes, initializers, inputs }: OnnxModel,
  outputs: readonly string[],
  fail: Fail,
): OnnxNode[] {
  const makers = new Map<string, OnnxNode>();
  const given = new Set<string>();
  for (const { name } of initializers) {
    if (given.has(name)) fail(`constant ${show(name)} is given twice`);
    given.add(name);
  }
  const asked = new Set<string>();
  for (const { name } of inputs) {
    if (asked.has(name)) fail(`two inputs have one name, ${show(name)}`);
    asked.add(name);
    given.add(name);
  }
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (makers.has(name))
        fail(`${describe(node)}: its output ${show(name)} is made by another node as well`);
      if (given.has(name))
        fail(`${describe(node)}: its output ${show(name)} is an input or a constant as well`);
      makers.set(name, node);
    }
  }
  const done = new Set<OnnxNode>();
  const open = new Set<OnnxNode>();
  const order: OnnxNode[] = [];
  // By hand, not by recursion: a graph may be deep.
  const stack: { node: OnnxNode; next: number }[] = [];
  const visit = (name: string, reader?: OnnxNode) => {
    if (name === '' || given.has(name)) return;
    const node = makers.get(name);
    if (!node) {
      const what = reader ? `${describe(reader)}: its input` : 'the output';
      return fail(`${what} ${show(name)} is made by no node, and is no input`);
    }
    if (done.has(node)) return;
    if (open.has(node)) fail(`${describe(node)}: its inputs depend on its own output`);
    open.add(node);
    stack.push({ node, next: 0 });
  };
  for (const output of outputs) {
    visit(output);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      if (top.next < top.node.inputs.length) visit(top.node.inputs[top.next++], top.node);
      else {
        stack.pop();
        open.delete(top.node);
        done.add(top.node);
        order.push(top.node);
      }
    }
  }
  return order;
}

/** Says all operators that are not known at once, each with its nodes. */
export function checkOperators(
  nodes: readonly OnnxNode[],
  known: ReadonlyMap<string, unknown>,
  keyOf: (node: OnnxNode) => string,
  fail: Fail,
): void {
  const unknown = nodes.filter((node) => !known.has(keyOf(node)));
  if (unknown.length === 0) return;
  const listed = unknown.slice(0, LISTED).map(describe).join(', ');
  const more = unknown.length > LISTED ? ` and ${unknown.length - LISTED} more` : '';
  const isControl = unknown.some(({ operator }) => ['If', 'Loop', 'Scan'].includes(operator));
  fail(
    `${listed}${more}: not supported${isControl ? ' (graphs within graphs cannot be read)' : ''}; expected one of ${[...known.keys()].sort().join(', ')}`,
  );
}
