/** Activations as ONNX operators, in both directions. */
import { OptionError, show } from '../../base/errors.js';
import { composed, writeComposed } from './composed.js';
import type { GraphBuilder } from './graph.js';

/** Operators without attributes. */
export const plainOperators: ReadonlyMap<string, string> = new Map([
  ['relu', 'Relu'],
  ['sigmoid', 'Sigmoid'],
  ['tanh', 'Tanh'],
  ['softplus', 'Softplus'],
]);

/** ONNX's and PyTorch's defaults of LeakyRelu and Elu. */
export const NEGATIVE_SLOPE = 0.01;
export const ELU_ALPHA = 1;

/**
 * Applies an activation to the graph's current value. Throws OptionError for one that has no form in ONNX.
 */
export function writeActivation(
  graph: GraphBuilder,
  name: unknown,
  { negativeSlope = NEGATIVE_SLOPE, alpha = ELU_ALPHA }: { negativeSlope?: number; alpha?: number } = {},
): void {
  const operator = plainOperators.get(name as string);
  if (operator) graph.apply(operator);
  else if (name === 'leakyRelu') graph.apply('LeakyRelu', [], [{ name: 'alpha', float: negativeSlope }]);
  else if (name === 'elu') graph.apply('Elu', [], [{ name: 'alpha', float: alpha }]);
  else if (name === 'gelu' || name === 'geluTanh')
    graph.current = writeComposed(graph, composed[name], graph.current);
  // x · sigmoid(x): an operator of its own came with operator set 24 only.
  else if (name === 'silu')
    graph.current = graph.node('Mul', [graph.current, graph.node('Sigmoid', [graph.current])]);
  else if (name !== 'identity')
    throw new OptionError('writeOnnx', `activation ${show(name)} has no form in ONNX`);
}
