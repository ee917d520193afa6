/** Reverse derivation: from gradients at values back to those at others, as more graph. */
import { OptionError } from '../base/errors.js';
import { sumOfGradients } from '../ops/gradients.js';
import type { Operation } from '../ops/operation.js';
import { apply, applyOne, type Node, nodesOf, type Value, withinAll } from './value.js';

/**
 * The gradients at `wanted`, given those at some values: undefined for what nothing depends on. Where a value
 * is used several times, its gradients are added up, those of later uses first. What has nothing wanted below
 * it gets no gradient and costs none.
 *
 * @throws OptionError where a gradient would have to pass an operation that has no derivative.
 */
export function derive(
  seeds: readonly { readonly value: Value; readonly gradient: Value }[],
  wanted: readonly Value[],
): (Value | undefined)[] {
  const nodes = nodesOf(seeds.map(({ value }) => value));
  const needed = neededBy(nodes, wanted);
  const gradients = new Map<Value, Value>();
  const collect = (value: Value, gradient: Value) => {
    const known = gradients.get(value);
    gradients.set(value, known ? applyOne(sumOfGradients, [known, gradient], {}) : gradient);
  };
  for (const { value, gradient } of seeds) if (needed.has(value)) collect(value, gradient);
  for (const node of nodes.toReversed()) {
    const { operation, inputs, outputs, attributes } = node;
    const needs = inputs.map((value) => needed.has(value));
    const given = outputs.map((value) => gradients.get(value));
    if (!needs.includes(true) || given.every((gradient) => gradient === undefined)) continue;
    const results = withinAll(node.scopes, () =>
      derivativeOf(operation)({ attributes, inputs, outputs, gradients: given, needs, apply }),
    );
    for (const [i, gradient] of results.entries()) if (gradient && needs[i]) collect(inputs[i], gradient);
  }
  return wanted.map((value) => gradients.get(value));
}

/** Values that are wanted, or made of one that is. */
function neededBy(nodes: readonly Node[], wanted: readonly Value[]): Set<Value> {
  const needed = new Set(wanted);
  for (const { inputs, outputs, operation } of nodes) {
    if (operation.stops || !inputs.some((value) => needed.has(value))) continue;
    for (const value of outputs) needed.add(value);
  }
  return needed;
}

function derivativeOf(operation: Operation): NonNullable<Operation['derivative']> {
  if (operation.derivative) return operation.derivative.bind(operation);
  throw new OptionError(operation.name, 'has no derivative; what is trained may not stand below it');
}
