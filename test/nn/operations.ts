/** Operations for tests: one that copies and can be looked through, and one whose gradient is wrong. */
import type { Tensor } from '../../src/engine/tensor.js';
import { applyOne, type Value } from '../../src/graph/value.js';
import { defineLayer, type Layer } from '../../src/nn/layer.js';
import { activation, activationGradient, copy } from '../../src/ops/activations.js';
import { type Operation, one } from '../../src/ops/operation.js';

/** y = x, in memory of its own; `see` is called with x each time. */
export function copied(x: Value, see: (x: Tensor) => void = () => {}): Value {
  const operation: Operation<object> = {
    name: 'copied',
    infer: (_, [shape]) => [shape],
    derivative: (rule) => [one(rule, operation, [rule.gradients[0]!], {})],
    bind: ({ inputs: [from], outputs: [to] }) => [() => see(from), copy({ y: to!, x: from })],
  };
  return applyOne(operation, [x], {});
}

/** gelu forward, and backward the derivative of silu. */
export function wrongGelu(): Layer {
  const operation: Operation<object> = {
    name: 'wrongGelu',
    infer: (_, [x]) => [x],
    derivative: (rule) => [
      one(rule, activationGradient, [rule.inputs[0], rule.gradients[0]!], { name: 'silu' }),
    ],
    bind: (binding) => activation.bind({ ...binding, attributes: { name: 'gelu' } }),
  };
  return defineLayer('wrongGelu', {}, (x) => applyOne(operation, [x], {}));
}
