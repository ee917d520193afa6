/**
 * Functions that are written as several operators, as ONNX has one for them in its latest sets only: and how
 * these are found again. Their forms are those of PyTorch's exporter, which runtimes know too.
 */
import type { GraphBuilder } from './graph.js';
import type { NodeIndex } from './node-index.js';
import type { OnnxAttribute, OnnxNode } from './proto.js';

/** Of x: numbers, and operators with what they read. */
type Expression = 'x' | number | readonly [operator: 'Mul' | 'Add' | 'Div' | 'Erf' | 'Tanh', ...Expression[]];

interface Composed {
  readonly form: Expression;
  /** The operator that does the same. */
  readonly operator: string;
  readonly attributes: readonly OnnxAttribute[];
}

function gelu(approximate: string, share: Expression): Composed {
  const form = ['Mul', ['Mul', 'x', ['Add', share, 1]], 0.5] as const;
  return { form, operator: 'Gelu', attributes: [{ name: 'approximate', string: approximate }] };
}

const cube = ['Mul', 'x', ['Mul', 'x', 'x']] as const;

/** By the activation's name. An operator of its own, Gelu, came with operator set 20. */
export const composed = {
  gelu: gelu('none', ['Erf', ['Div', 'x', Math.SQRT2]]),
  geluTanh: gelu('tanh', ['Tanh', ['Mul', ['Add', 'x', ['Mul', cube, 0.044715]], Math.sqrt(2 / Math.PI)]]),
} satisfies Readonly<Record<string, Composed>>;

/** Adds what makes the function of the value x; returns the name of the result. */
export function writeComposed(graph: GraphBuilder, { form }: Composed, x: string): string {
  const write = (part: Expression): string => {
    if (part === 'x') return x;
    if (typeof part === 'number') return graph.sharedFloat(part);
    const [operator, ...inputs] = part;
    return graph.node(operator, inputs.map(write));
  };
  return write(form);
}

/** Puts one operator in place of each function that a file writes as several. */
export function joinComposed(index: NodeIndex): void {
  for (const node of index.nodes) {
    for (const { form, operator, attributes } of Object.values(composed)) {
      const found = match(form, node.outputs[0], index, { nodes: [] });
      if (found?.x === undefined) continue;
      const others = new Set(found.nodes);
      others.delete(node);
      index.replace(node, [...others], { ...node, operator, inputs: [found.x], attributes });
    }
  }
}

interface Found {
  /** What x is, once it is known. */
  readonly x?: string;
  /** Those that belong to the expression. */
  readonly nodes: readonly OnnxNode[];
}

function match(
  part: Expression,
  name: string | undefined,
  index: NodeIndex,
  found: Found,
): Found | undefined {
  if (name === undefined || name === '') return undefined;
  if (part === 'x') return found.x === undefined || found.x === name ? { ...found, x: name } : undefined;
  if (typeof part === 'number') {
    const number = index.float(name);
    return number !== undefined && Math.abs(number - part) <= 1e-6 * part ? found : undefined;
  }
  const [operator, first, second] = part;
  const node = index.maker(name, operator);
  if (!node || node.inputs.length !== part.length - 1) return undefined;
  const [a, b] = node.inputs;
  const within = { ...found, nodes: [...found.nodes, node] };
  if (second === undefined) return match(first, a, index, within);
  const orders =
    operator === 'Div'
      ? [[a, b]]
      : [
          [a, b],
          [b, a],
        ];
  for (const [left, right] of orders) {
    const one = match(first, left, index, within);
    const both = one && match(second, right, index, one);
    if (both) return both;
  }
  return undefined;
}
