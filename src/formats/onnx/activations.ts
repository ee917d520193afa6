/** Activations as ONNX operators, in both directions. What has no operator of its own is a small pattern of them. */
import type { OnnxAttribute } from './proto.js';

interface Single {
  readonly operator: string;
  readonly attributes: readonly OnnxAttribute[];
}

/** Operators of one input. `identity` needs none; `silu`, x · sigmoid(x), has none before opset 24. */
export const activationOperators: ReadonlyMap<string, Single> = new Map([
  ['relu', { operator: 'Relu', attributes: [] }],
  ['leakyRelu', { operator: 'LeakyRelu', attributes: [{ name: 'alpha', float: 0.01 }] }],
  ['sigmoid', { operator: 'Sigmoid', attributes: [] }],
  ['tanh', { operator: 'Tanh', attributes: [] }],
  ['softplus', { operator: 'Softplus', attributes: [] }],
  ['elu', { operator: 'Elu', attributes: [{ name: 'alpha', float: 1 }] }],
  ['gelu', { operator: 'Gelu', attributes: [{ name: 'approximate', string: 'none' }] }],
  ['geluTanh', { operator: 'Gelu', attributes: [{ name: 'approximate', string: 'tanh' }] }],
]);
