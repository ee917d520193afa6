/**
 * Products of matrices as operations of the graph. One operation in three forms, which are each other's derivatives:
 *
 *   nn  c = f(a·b + bias)     nt  c = (a·bᵀ) ⊙ f'(saved)     tn  c = aᵀ·b
 *
 * `flat`: a's axes before the last are one long axis, and b is one matrix for all of it, as in a layer; with tn, where the long axis is
 * summed over, a and b both are such. Otherwise the axes before the last two are a batch of matrices.
 */
import { ShapeError } from '../base/errors.js';
import type { FusedActivation } from '../engine/kernels.js';
import type { Tensor } from '../engine/tensor.js';
import type { Call } from './check.js';
import { matmul as bindMatmul, matmulTransposedA, matmulTransposedB } from './matmul.js';
import {
  asMatrix,
  type Binding,
  type Operation,
  one,
  type Rule,
  type Shape,
  type Symbolic,
  showShape,
} from './operation.js';
import { columnSums as bindColumnSums } from './reduce.js';

export interface ProductAttributes {
  readonly form: 'nn' | 'nt' | 'tn';
  readonly flat: boolean;
  /** nn: applied at the end. nt: by whose derivative, at `saved`, the product is multiplied at its end. */
  readonly activation?: FusedActivation;
  /** The batches of `a` may be compressed. */
  readonly sparse?: boolean;
}

/** a·b + bias, and its relatives: inputs a, b and, for nn, perhaps a bias [N]; for nt, perhaps `saved`. */
export const product: Operation<ProductAttributes> = {
  name: 'matmul',
  infer(where, [a, b, third], { form, flat }) {
    const fail = (expected: string): never => {
      throw new ShapeError(where, `${expected}, given ${showShape(a)} and ${showShape(b)}`);
    };
    const [M, K] = form === 'tn' ? [last(a, 1), last(a, 2)] : [last(a, 2), last(a, 1)];
    const [N, inner] = form === 'nt' ? [last(b, 2), last(b, 1)] : [last(b, 1), last(b, 2)];
    if (flat && form === 'tn') {
      if (leading(a, 1) !== leading(b, 1)) fail('expected the same axes before the last');
      return [{ rows: false, dims: [M, N] }];
    }
    if (K !== inner) fail('expected as many columns of the first as rows of the second');
    if (flat && (b.rows || b.dims.length !== 2)) fail('expected a matrix as the second');
    if (third && form === 'nn' && (third.rows || third.dims.join() !== String(N))) {
      throw new ShapeError(where, `bias: expected [${N}], given ${showShape(third)}`);
    }
    if (!flat && Math.min(a.dims.length, b.dims.length) < 2) fail('expected matrices');
    if (flat) return [{ rows: a.rows, dims: [...a.dims.slice(0, -1), N] }];
    if (leading(a, 2) !== leading(b, 2)) fail('expected the same axes before the last two');
    return [{ rows: a.rows, dims: [...a.dims.slice(0, -2), M, N] }];
  },
  // The form tn, and what passes add, stand in no model's graph.
  read: (reader) => ({ form: reader.oneOf('form', ['nn', 'nt']), flat: reader.boolean('flat') }),
  derivative: (rule) => derivatives[rule.attributes.form](rule),
  bind(binding) {
    const { attributes, inputs, outputs } = binding;
    const { form, flat } = attributes;
    const c = outputs[0]!;
    const shaped = flat ? asMatrix : (tensor: Tensor) => tensor.merged(Math.min(3, tensor.shape.length));
    const tensors = { c: shaped(c), a: shaped(inputs[0]), b: shaped(inputs[1]) };
    // A weight's gradient is one matrix, whatever its batches are.
    if (flat && form !== 'tn') tensors.b = inputs[1];
    return bindings[form](binding, tensors);
  },
};

type Tensors = { readonly c: Tensor; readonly a: Tensor; readonly b: Tensor };

const bindings: Record<
  ProductAttributes['form'],
  (binding: Binding<ProductAttributes>, tensors: Tensors) => Call
> = {
  nn({ attributes: { activation = 'identity' }, inputs, packed, sparse, state }, { c, a, b }) {
    const bias = inputs[2];
    const dense = bindMatmul({ c, a, b, bias, activation, packed: packed(1) });
    return either(sparse, sparse?.matmul({ y: c, w: b, bias, activation, state }), dense);
  },
  nt({ attributes: { activation }, inputs }, { c, a, b }) {
    const saved = inputs[2]?.merged(c.shape.length);
    return matmulTransposedB({ c, a, b, ...(activation && { activation, saved }) });
  },
  tn({ sparse }, { c, a, b }) {
    const dense = matmulTransposedA({ c, a, b });
    return either(sparse, sparse?.weightGradient({ dw: c, dy: b }), dense);
  },
};

/** The sparse call for batches that have been compressed, the dense one for all others. */
function either(
  sparse: { readonly active: boolean } | undefined,
  whenSparse: Call | undefined,
  whenDense: Call,
): Call {
  if (!sparse || !whenSparse) return whenDense;
  return () => (sparse.active ? whenSparse() : whenDense());
}

const derivatives: Record<
  ProductAttributes['form'],
  <V extends Symbolic>(rule: Rule<V, ProductAttributes>) => (V | undefined)[]
> = {
  // The weight's gradient first, and the input's last: what needs dy comes while it is still in the caches.
  nn(rule) {
    const { inputs, gradients, needs, attributes } = rule;
    const [a, b] = inputs;
    const dy = gradients[0]!;
    const { flat } = attributes;
    const db = needs[1] ? one(rule, product, [a, dy], { form: 'tn', flat }) : undefined;
    const dBias = needs[2] ? one(rule, columnSums, [dy], {}) : undefined;
    const da = needs[0] ? one(rule, product, [dy, b], { form: 'nt', flat }) : undefined;
    return [da, db, dBias];
  },
  nt(rule) {
    const { inputs, gradients, needs, attributes } = rule;
    const [a, b] = inputs;
    const dy = gradients[0]!;
    const { flat } = attributes;
    const db = needs[1] ? one(rule, product, [dy, a], { form: 'tn', flat }) : undefined;
    const da = needs[0] ? one(rule, product, [dy, b], { form: 'nn', flat }) : undefined;
    return [da, db];
  },
  tn(rule) {
    const { inputs, gradients, needs, attributes } = rule;
    const [a, b] = inputs;
    const dy = gradients[0]!;
    const { flat } = attributes;
    const da = needs[0] ? one(rule, product, [b, dy], { form: 'nt', flat }) : undefined;
    const db = needs[1] ? one(rule, product, [a, dy], { form: 'nn', flat }) : undefined;
    return [da, db];
  },
};

/** The sums of the columns, over all axes before the last: the gradient of a bias. */
const columnSums: Operation<object> = {
  name: 'columnSums',
  infer: (_, [x]) => [{ rows: false, dims: [last(x, 1)] }],
  bind: ({ inputs, outputs }) => bindColumnSums({ y: outputs[0]!, x: asMatrix(inputs[0]) }),
};

/** The length of an axis, counted from the last; 1 where there is none. */
function last({ dims }: Shape, axis: number): number {
  return dims[dims.length - axis] ?? 1;
}

/** The axes before the last `count`, as text to compare. */
function leading({ rows, dims }: Shape, count: number): string {
  return `${rows} ${dims.slice(0, Math.max(0, dims.length - count))}`;
}
