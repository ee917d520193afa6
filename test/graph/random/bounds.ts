/**
 * How large the numbers of a value are likely to be at most: enough to keep random networks finite. Of sums
 * it is what terms of random signs come to.
 */
import type { Node, Value } from '../../../src/graph/value.js';
import { sizeOf } from '../../../src/ops/operation.js';

type Rule = (of: (index: number) => number, node: Node) => number;

const largest: Rule = (of, { inputs }) => Math.max(...inputs.map((_, i) => of(i)));
const both: Rule = (of) => of(0) + of(1);
const one: Rule = () => 1;
const last = (value: Value, axis = 1) => value.shape.dims.at(-axis) ?? 1;
const size = (value: Value) => sizeOf(value.shape);

const norm: Rule = (of, { inputs }) => Math.sqrt(Math.max(4, last(inputs[0]))) + of(0) + 1;

/** By the name of the operation; of those that move numbers, the largest input. */
const rules: Readonly<Record<string, Rule>> = {
  ...{ input: one, parameter: one, buffer: () => 2 },
  literal: (_, { attributes }) =>
    Math.max(...Array.from((attributes as { values: ArrayLike<number> }).values, Math.abs)),
  ...{ add: both, sub: both, mul: (of) => of(0) * of(1), div: (of) => 10 * of(0) },
  ...{ pow: (of) => Math.max(of(0), 10) ** 3, exp: (of) => Math.exp(of(0)), square: (of) => of(0) ** 2 },
  ...{ log: () => 3, reciprocal: () => 10, sin: one, cos: one, erf: one, sign: one, softmax: one },
  ...{ less: one, lessEqual: one, greater: one, greaterEqual: one, equal: one, notEqual: one },
  ...{ ceil: (of) => of(0) + 1, round: (of) => of(0) + 1, floor: (of) => of(0) + 1 },
  activation(of, { attributes }) {
    const { name } = attributes as { name: string };
    return name === 'sigmoid' || name === 'tanh' ? 1 : of(0) + Number(name === 'softplus');
  },
  dropout: (of) => 2 * of(0),
  ...{ batchNorm: norm, layerNorm: norm },
  matmul: (of, { inputs }) => Math.sqrt(last(inputs[0])) * of(0) * of(1) + 1,
  conv2d: (of, { inputs }) => Math.sqrt(size(inputs[1]) / last(inputs[1])) * of(0) * of(1) + 1,
  convTranspose2d: (of, { inputs }) => Math.sqrt(size(inputs[1])) * of(0) * of(1) + 1,
  take: (of) => of(1),
  where: (of) => Math.max(of(1), of(2)),
  pad: (of) => of(0) + 1,
  reduce(of, { attributes, inputs }) {
    const isSum = (attributes as { operation: string }).operation === 'sum';
    return of(0) * (isSum ? Math.sqrt(4 * size(inputs[0])) : 1);
  },
};

export class Bounds {
  readonly #known = new Map<Value, number>();

  of(value: Value): number {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const rule = rules[value.node.operation.name] ?? largest;
    const found = rule((index) => this.of(value.node.inputs[index]), value.node);
    this.#known.set(value, found);
    return found;
  }
}
