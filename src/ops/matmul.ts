/**
 * The three matrix products of a linear layer, each for one matrix [rows, columns] or a batch of them [batch,
 * rows, columns]. Each function checks its tensors once and returns a call to run as often as needed.
 */
import { elementsOf } from '../base/arrays.js';
import { OptionError, ShapeError } from '../base/errors.js';
import { THIN_ROWS } from '../engine/constants.js';
import { activationCodes, type FusedActivation } from '../engine/kernels.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkDisjoint, checkSameEngine, checkTensor, sameLength } from './check.js';
import {
  asMatrix,
  type Binding,
  type Operation,
  one,
  type Rule,
  type Shape,
  type Symbolic,
  showShape,
  sizeOf,
} from './operation.js';
import type { PackedMatrix } from './packed.js';
import { columnSums as bindColumnSums } from './reduce.js';

export const signatures = {
  /**
   * Bytes of scratch space that `work` must point to in the products. The space holds nothing between calls.
   */
  workspace_size: '; returns i32',
  /**
   * B [K, N] in panels of columns, for products that share it: the panel that begins at column j lies K·j
   * floats on, and has its elements of each k side by side. Panels are 8 columns wide, or 16 with `wide`
   * while more than 12 columns remain; the last has 4 where no more remain. Columns beyond N are 0. `packed`
   * has room for K times N rounded up to 16.
   */
  pack_b: 'packed: out, b: in, ldb, N, K, wide',
  /**
   * Forward: C = f(start + A·B), A [M, K], B [K, N], C [M, N]; start is C when `accumulate`, else the row
   * `bias` [N] if present, else 0 (then C is never read). Every element is one sum over k in ascending order.
   * Where ldb is 0, b points to what `pack_b` made of B with the same width of tiles.
   */
  gemm_nn: `c: inout, ldc, strideC, work: scratch, a: in, lda, strideA, b: in, ldb, strideB, bias: in, B, M,
    N, K, accumulate, activation, tiling; job`,
  /**
   * Backward to the input: C = (start + A·Bᵀ) ⊙ f'(Y), A [M, K], B [N, K], C and Y [M, N]; start is C when
   * `accumulate`, else 0. Y is the activation's saved output; absent leaves the product as it is.
   */
  gemm_nt: `c: inout, ldc, strideC, work: scratch, y: saved, ldy, strideY, a: in, lda, strideA, b: in, ldb,
    strideB, B, M, N, K, accumulate, activation, tiling; job`,
  /**
   * Backward to the weights: C = start + Aᵀ·B, A [K, M], B [K, N], C [M, N]; start is C when `accumulate`,
   * else 0.
   */
  gemm_tn: `c: inout, ldc, strideC, work: scratch, a: in, lda, strideA, b: in, ldb, strideB, B, M, N, K,
    accumulate, tiling; job`,
  /**
   * W = W - learningRate · Aᵀ·B, W [M, N], A [K, M], B [K, N]: gemm_tn and sgd_step in one, for few rows K.
   */
  thin_sgd: `w: inout rows, ldw, a: in each, lda, b: in, ldb, M: cut, N: across, K,
    learningRate: f32; 0.15 ns`,
} satisfies Signatures;

interface Product {
  c: Tensor;
  a: Tensor;
  b: Tensor;
  /** Add to c instead of overwriting it. */
  accumulate?: boolean;
}

interface Forward extends Product {
  bias?: Tensor | undefined;
  activation?: FusedActivation;
  /** b, where it is kept packed while it stands still. */
  packed?: PackedMatrix | undefined;
}

/**
 * c = f(a·b + bias): a [M, K], b [K, N], bias [N]. With `accumulate`, c + a·b takes the place of the bias.
 */
export function matmul(args: Forward): Call {
  const { c, a, b, bias, activation = 'identity', accumulate = false, packed } = args;
  const where = 'matmul';
  if (packed && packed.matrix !== b)
    throw new OptionError(where, `packed: expected b, given another ${packed.matrix}`);
  const K = sameLength(where, `columns of a ${a} and rows of b ${b}`, a.columns, b.rows);
  const [B, M, N] = checkOutput(where, args, a.rows, b.columns, bias);
  if (bias) {
    checkTensor(where, 'bias', bias, 'float', [N]);
    if (accumulate) throw new OptionError(where, 'bias and accumulate exclude each other');
  }
  const { kernels, work, tiling } = c.engine;
  const code = activationCodes[activation];
  const [sc, sa, sb] = [c, a, b].map(stride);
  const kept = M > THIN_ROWS ? packed : undefined;
  kept?.reserve();
  return () => {
    const panels = kept ? kept.panels() : 0;
    kernels.gemm_nn(
      c.pointer,
      c.ld,
      sc,
      work,
      a.pointer,
      a.ld,
      sa,
      panels || b.pointer,
      panels ? 0 : b.ld,
      sb,
      bias ? bias.pointer : 0,
      B,
      M,
      N,
      K,
      Number(accumulate),
      code,
      tiling,
    );
  };
}

/** c = (a·bᵀ) ⊙ f'(saved): a [M, K], b [N, K]; `saved` [M, N] is the output of the activation f. */
export function matmulTransposedB(
  args: Product & { saved?: Tensor | undefined; activation?: FusedActivation },
): Call {
  const { c, a, b, saved, activation = 'identity', accumulate = false } = args;
  const where = 'matmulTransposedB';
  const K = sameLength(where, `columns of a ${a} and of b ${b}`, a.columns, b.columns);
  const [B, M, N] = checkOutput(where, args, a.rows, b.rows, saved);
  if (saved) checkTensor(where, 'saved', saved, 'float', c.shape);
  const { kernels, work, tiling } = c.engine;
  const code = activationCodes[activation];
  const [sc, sa, sb] = [c, a, b].map(stride);
  const [y, ldy, sy] = saved ? [saved.pointer, saved.ld, stride(saved)] : [0, 0, 0];
  return () =>
    kernels.gemm_nt(
      c.pointer,
      c.ld,
      sc,
      work,
      y,
      ldy,
      sy,
      a.pointer,
      a.ld,
      sa,
      b.pointer,
      b.ld,
      sb,
      B,
      M,
      N,
      K,
      Number(accumulate),
      code,
      tiling,
    );
}

/** c = aᵀ·b: a [K, M], b [K, N]. */
export function matmulTransposedA(args: Product): Call {
  const { c, a, b, accumulate = false } = args;
  const where = 'matmulTransposedA';
  const K = sameLength(where, `rows of a ${a} and of b ${b}`, a.rows, b.rows);
  const [B, M, N] = checkOutput(where, args, a.columns, b.columns);
  const { kernels, work, tiling } = c.engine;
  const [sc, sa, sb] = [c, a, b].map(stride);
  return () =>
    kernels.gemm_tn(
      c.pointer,
      c.ld,
      sc,
      work,
      a.pointer,
      a.ld,
      sa,
      b.pointer,
      b.ld,
      sb,
      B,
      M,
      N,
      K,
      Number(accumulate),
      tiling,
    );
}

/** Up to so many rows of a batch, and from so many columns on, `productSgd` is faster than its two parts. */
const SGD_ROWS = 4;
const SGD_COLUMNS = 32;

/**
 * w = w - rate · aᵀ·b: a weight's gradient and its step of plain SGD in one; a [K, M], b [K, N]. Undefined where
 * one after the other is as fast.
 */
export function productSgd({
  w,
  a,
  b,
}: {
  w: Tensor;
  a: Tensor;
  b: Tensor;
}): ((rate: number) => void) | undefined {
  const where = 'productSgd';
  const K = sameLength(where, `rows of a ${a} and of b ${b}`, a.rows, b.rows);
  const [, M, N] = checkOutput(where, { c: w, a, b }, a.columns, b.columns);
  if (!takesSgd(b.shape)) return undefined;
  const { kernels } = w.engine;
  return (rate) => kernels.thin_sgd(w.pointer, w.ld, a.pointer, a.ld, b.pointer, b.ld, M, N, K, rate);
}

/** Whether `productSgd` takes a `b` of this shape, the axes before the last being its rows. */
export function takesSgd(shape: readonly number[]): boolean {
  const N = shape[shape.length - 1];
  return N >= SGD_COLUMNS && elementsOf(shape) <= SGD_ROWS * N;
}

/** Checks c against [M, N] and the batch of a and b (an operand that is a matrix serves the whole batch). */
function checkOutput(
  where: string,
  { c, a, b }: Product,
  M: number,
  N: number,
  extra?: Tensor,
): [B: number, M: number, N: number] {
  checkSameEngine(where, c, a, b, extra);
  for (const tensor of [a, b]) {
    if (tensor.dtype !== 'float' || tensor.shape.length < 2 || tensor.shape.length > 3) {
      throw new ShapeError(where, `expected float matrices or batches of them, given ${tensor}`);
    }
  }
  const batches = [a, b].filter((tensor) => tensor.shape.length === 3).map((tensor) => tensor.shape[0]);
  if (batches.length === 2) sameLength(where, 'the batches of a and b', batches[0], batches[1]);
  checkTensor(where, 'c', c, 'float', batches.length > 0 ? [batches[0], M, N] : [M, N]);
  checkDisjoint(where, c, a, b, extra);
  return [batches[0] ?? 1, M, N];
}

/** Elements from one matrix of a batch to the next; 0 for a matrix that serves them all. */
function stride(tensor: Tensor): number {
  return tensor.shape.length === 3 ? tensor.rows * tensor.ld : 0;
}

export interface ProductAttributes {
  readonly form: 'nn' | 'nt' | 'tn';
  readonly flat: boolean;
  /** nn: applied at the end. nt: by whose derivative, at `saved`, the product is multiplied at its end. */
  readonly activation?: FusedActivation;
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
    // A single number for each row is no row of one: reshape(x, [1]) makes that.
    if (K !== inner || !a.dims.length) fail('expected as many columns of the first as rows of the second');
    if (flat && (b.rows || b.dims.length !== 2)) fail('expected a matrix as the second');
    if (third && form === 'nn' && (third.rows || third.dims.join() !== String(N))) {
      throw new ShapeError(where, `bias: expected [${N}], given ${showShape(third)}`);
    }
    if (!flat && Math.min(a.dims.length, b.dims.length) < 2) fail('expected matrices');
    if (flat) return [{ rows: a.rows, dims: [...a.dims.slice(0, -1), N] }];
    if (leading(a, 2) !== leading(b, 2)) fail('expected the same axes before the last two');
    return [{ rows: a.rows, dims: [...a.dims.slice(0, -2), M, N] }];
  },
  multiplyAdds: ([a], [y]) => sizeOf(y) * last(a, 1),
  // The form tn, and what passes add, stand in no model's graph.
  read: (reader) => ({ form: reader.oneOf('form', ['nn', 'nt']), flat: reader.boolean('flat') }),
  derivative: (rule) => derivatives[rule.attributes.form](rule),
  endWith(end, activation, attributes) {
    const { form, activation: own } = attributes;
    return !own && form === (end === 'activation' ? 'nn' : 'nt') ? { ...attributes, activation } : undefined;
  },
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
    const dense = matmul({ c, a, b, bias, activation, packed: packed(1) });
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
  // The input's gradient first: once the weight's is made, nothing reads the weight, and it may be updated.
  nn(rule) {
    const { inputs, gradients, needs, attributes } = rule;
    const [a, b] = inputs;
    const dy = gradients[0]!;
    const { flat } = attributes;
    const da = needs[0] ? one(rule, product, [dy, b], { form: 'nt', flat }) : undefined;
    const db = needs[1] ? one(rule, product, [a, dy], { form: 'tn', flat }) : undefined;
    const dBias = needs[2] ? one(rule, columnSums, [dy], {}) : undefined;
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
export const columnSums: Operation<object> = {
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
