/**
 * The operator set and the IR version that a file needs: the lowest in which each of its operators means what
 * is written, so that runtimes of that time open it.
 *
 * Since when an operator has its form: https://github.com/onnx/onnx/blob/main/docs/Changelog.md; which
 * versions came together: https://github.com/onnx/onnx/blob/main/docs/Versioning.md
 */
import { intTensor, type OnnxNode, type OnnxTensor } from './proto.js';

/** ONNX 1.8, of November 2020. All that is not named below has its form since then, or longer. */
const LEAST_OPSET = 13;

/** Operators whose form came later, by name. */
const later: Readonly<Record<string, (node: OnnxNode) => number>> = {
  LayerNormalization: () => 17,
  // Dilated windows of means.
  AveragePool: ({ attributes }) => {
    const dilations = attributes.find(({ name }) => name === 'dilations')?.ints ?? [];
    return dilations.some((dilation) => dilation > 1) ? 19 : LEAST_OPSET;
  },
};

/** Since when the axes of a reduction are an input; before they were an attribute. */
const axesAreInput: Readonly<Record<string, number>> = {
  ReduceSum: 13,
  ReduceMean: 18,
  ReduceMax: 18,
  ReduceMin: 18,
};

/** By the first operator set that came with each, ascending. */
const irVersions: readonly (readonly [opset: number, irVersion: number])[] = [
  [13, 7],
  [15, 8],
  [19, 9],
  [21, 10],
  [23, 11],
];

/** What is written of nodes of the default domain whose reductions have their axes as an attribute. */
export function settleOpset(nodes: readonly OnnxNode[]): {
  readonly opset: number;
  readonly irVersion: number;
  readonly nodes: readonly OnnxNode[];
  /** More constants, which the nodes read. */
  readonly initializers: readonly OnnxTensor[];
} {
  const own = nodes.filter(({ domain }) => !domain);
  const opset = Math.max(LEAST_OPSET, ...own.map((node) => later[node.operator]?.(node) ?? 0));
  const [, irVersion] = irVersions.findLast(([since]) => since <= opset)!;
  const initializers: OnnxTensor[] = [];
  const settled = nodes.map((node): OnnxNode => {
    const axes = node.attributes.find(({ name }) => name === 'axes')?.ints;
    const since = node.domain ? undefined : axesAreInput[node.operator];
    if (!axes || since === undefined || opset < since) return node;
    const name = `${node.name}.axes`;
    initializers.push(intTensor(name, [axes.length], axes));
    const attributes = node.attributes.filter((attribute) => attribute.name !== 'axes');
    return { ...node, inputs: [...node.inputs, name], attributes };
  });
  return { opset, irVersion, nodes: settled, initializers };
}
