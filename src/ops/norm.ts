/**
 * Batch normalisation, whose statistics are a column's, and layer normalisation, whose statistics are a
 * row's.
 */

import { elementsOf } from '../base/arrays.js';
import { ShapeError } from '../base/errors.js';
import { LONGEST_CHAIN } from '../engine/constants.js';
import type { Signatures } from '../engine/signatures.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkTensor } from './check.js';
import { blockBackward, blockStatistics } from './norm-blocks.js';
import {
  asMatrix,
  type Binding,
  type Operation,
  type Rule,
  type Shape,
  type Symbolic,
  sameShape,
  showShape,
} from './operation.js';

export const signatures = {
  /**
   * Of each column of x [M, N]: mean, rstd = 1 / √(variance + eps), the variance biased (divided by M). The
   * running values move towards mean and unbiased variance (divided by M - 1) by the share `momentum`; with
   * one row they stay. May be split by columns.
   */
  batch_norm_statistics: `mean: out each, rstd: out each, runningMean: inout each, runningVar: inout each,
    x: in each, ldx, M: across, N: cut, momentum: f32, eps: f32; 0.5 ns`,
  /** mean and rstd of the running values, for predicting. May be split by columns. */
  batch_norm_running: `mean: out each, rstd: out each, runningMean: in each, runningVar: in each, N: cut,
    eps: f32; 0.5 ns`,
  /**
   * y = (x - mean) · rstd · weight + bias; weight and bias [N] may be absent. May be split by rows or
   * columns; y may be x.
   */
  batch_norm_forward: `y: out rows, ldy, mean: saved, rstd: saved, x: in rows, ldx, weight: in, bias: in,
    M: cut, N: across; 0.3 ns`,
  /**
   * With n = (x - mean) · rstd: dweight = Σ_m dy · n, dbias = Σ_m dy, dx = weight · rstd · (dy - dbias/M - n
   * · dweight/M); or, when `training` is 0, dx = weight · rstd · dy. dx, dweight and dbias may be absent. May
   * be split by columns; dx may be dy.
   */
  batch_norm_backward: `dx: out each, lddx, dweight: out each, dbias: out each, mean: saved each,
    rstd: saved each, x: in each, ldx, dy: in each, lddy, weight: in each, M: across, N: cut,
    training; 0.6 ns`,
  /**
   * Of each row: mean, rstd = 1 / √(biased variance + eps), y = (x - mean) · rstd · weight + bias. May be
   * split by rows; y may be x.
   */
  layer_norm_forward: `y: out rows, ldy, mean: out each, rstd: out each, x: in rows, ldx, weight: in,
    bias: in, M: cut, N: across, eps: f32; 0.8 ns`,
  /**
   * With g = dy · weight: dx = rstd · (g - Σ_n g / N - n · Σ_n g n / N). May be split by rows; dx may be dy.
   */
  layer_norm_backward: `dx: out rows, lddx, mean: saved each, rstd: saved each, x: in rows, ldx, dy: in rows,
    lddy, weight: in, M: cut, N: across; 0.8 ns`,
  /** dweight = Σ_m dy · (x - mean) · rstd, dbias = Σ_m dy; either may be absent. May be split by columns. */
  layer_norm_parameters: `dweight: out each, dbias: out each, mean: saved, rstd: saved, x: in each, ldx,
    dy: in each, lddy, M: across, N: cut; 0.4 ns`,
} satisfies Signatures;

interface BatchNorm {
  x: Tensor;
  /** [columns] each; what is learned may be absent. */
  mean: Tensor;
  rstd: Tensor;
  weight?: Tensor | undefined;
  bias?: Tensor | undefined;
}

/** y = (x - mean) · rstd · weight + bias, with the batch's statistics or the running ones. */
function batchNorm(
  args: BatchNorm & {
    y: Tensor;
    runningMean: Tensor;
    runningVar: Tensor;
    momentum: number;
    eps: number;
    arena: Arena;
  },
): (training: boolean) => void {
  const { y, x, mean, rstd, weight, bias, runningMean, runningVar, momentum, eps } = args;
  const where = 'batchNorm';
  checkSameEngine(where, y, x, mean, rstd, weight, bias, runningMean, runningVar);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'y', y, 'float', x.shape);
  checkVectors(where, x.columns, { mean, rstd, weight, bias, runningMean, runningVar });
  const { kernels } = x.engine;
  const [M, N] = [x.rows, x.columns];
  const [m, r, rm, rv] = [mean, rstd, runningMean, runningVar].map((tensor) => tensor.pointer);
  const statistics =
    M > LONGEST_CHAIN
      ? blockStatistics(args)
      : () => kernels.batch_norm_statistics(m, r, rm, rv, x.pointer, x.ld, M, N, momentum, eps);
  return (training) => {
    if (training) statistics();
    else kernels.batch_norm_running(m, r, rm, rv, N, eps);
    kernels.batch_norm_forward(y.pointer, y.ld, m, r, x.pointer, x.ld, pointer(weight), pointer(bias), M, N);
  };
}

/** Gradients of `batchNorm`, of what is present; `training` as in its last call. dx may be dy. */
function batchNormBackward(
  args: BatchNorm & {
    dx?: Tensor | undefined;
    dweight?: Tensor | undefined;
    dbias?: Tensor | undefined;
    dy: Tensor;
    arena: Arena;
  },
): (training: boolean) => void {
  const { dx, dweight, dbias, mean, rstd, x, dy, weight, arena } = args;
  const where = 'batchNormBackward';
  checkSameEngine(where, x, dx, dweight, dbias, mean, rstd, dy, weight);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'dy', dy, 'float', x.shape);
  if (dx) checkTensor(where, 'dx', dx, 'float', x.shape);
  checkVectors(where, x.columns, { mean, rstd, weight, dweight, dbias });
  const { kernels } = x.engine;
  const [M, N] = [x.rows, x.columns];
  if (M > LONGEST_CHAIN) return blockBackward({ dx, dweight, dbias, mean, rstd, x, dy, weight, arena });
  return (training) =>
    kernels.batch_norm_backward(
      pointer(dx),
      dx ? dx.ld : 0,
      pointer(dweight),
      pointer(dbias),
      mean.pointer,
      rstd.pointer,
      x.pointer,
      x.ld,
      dy.pointer,
      dy.ld,
      pointer(weight),
      M,
      N,
      Number(training),
    );
}

/** y = (x - mean) · rstd · weight + bias, mean and rstd [rows] those of each row. */
function layerNorm(args: BatchNorm & { y: Tensor; eps: number }): Call {
  const { y, x, mean, rstd, weight, bias, eps } = args;
  const where = 'layerNorm';
  checkSameEngine(where, y, x, mean, rstd, weight, bias);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'y', y, 'float', x.shape);
  checkVectors(where, x.rows, { mean, rstd });
  checkVectors(where, x.columns, { weight, bias });
  const { kernels } = x.engine;
  const [M, N] = [x.rows, x.columns];
  const [w, b] = [pointer(weight), pointer(bias)];
  return () =>
    kernels.layer_norm_forward(y.pointer, y.ld, mean.pointer, rstd.pointer, x.pointer, x.ld, w, b, M, N, eps);
}

/** Gradients of `layerNorm`, of what is present; dx may be dy. */
function layerNormBackward(
  args: BatchNorm & {
    dx?: Tensor | undefined;
    dweight?: Tensor | undefined;
    dbias?: Tensor | undefined;
    dy: Tensor;
  },
): Call {
  const { dx, dweight, dbias, mean, rstd, x, dy, weight } = args;
  const where = 'layerNormBackward';
  checkSameEngine(where, x, dx, dweight, dbias, mean, rstd, dy, weight);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'dy', dy, 'float', x.shape);
  if (dx) checkTensor(where, 'dx', dx, 'float', x.shape);
  checkVectors(where, x.rows, { mean, rstd });
  checkVectors(where, x.columns, { weight, dweight, dbias });
  const { kernels } = x.engine;
  const [M, N] = [x.rows, x.columns];
  const [m, r, dw, db, w] = [mean, rstd, dweight, dbias, weight].map(pointer);
  return () => {
    // The parameters' gradients first: dx may overwrite dy.
    if (dw || db) {
      kernels.layer_norm_parameters(dw, db, m, r, x.pointer, x.ld, dy.pointer, dy.ld, M, N);
    }
    if (dx) kernels.layer_norm_backward(dx.pointer, dx.ld, m, r, x.pointer, x.ld, dy.pointer, dy.ld, w, M, N);
  };
}

function pointer(tensor: Tensor | undefined): number {
  return tensor ? tensor.pointer : 0;
}

function checkVectors(where: string, length: number, tensors: Record<string, Tensor | undefined>): void {
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor) checkTensor(where, name, tensor, 'float', [length]);
  }
}

export interface BatchNormAttributes {
  readonly eps: number;
  readonly momentum: number;
  readonly affine: boolean;
}

export interface LayerNormAttributes {
  readonly eps: number;
  readonly affine: boolean;
}

/**
 * Inputs x, the running mean and variance, which a training forward moves, and, when affine, weight and bias.
 * Outputs y, and the mean and 1 / deviation by which it was normalised.
 */
export const batchNormOperation: Operation<BatchNormAttributes> = {
  name: 'batchNorm',
  infer(where, [x, ...vectors]) {
    checkFeatures(where, x, vectors);
    return [x, features(x), features(x)];
  },
  read: (reader) => ({
    eps: reader.number('eps', { above: 0 }),
    momentum: reader.number('momentum', { min: 0, max: 1 }),
    affine: reader.boolean('affine'),
  }),
  derivative: (rule) => normGradients(rule, batchNormGradient, 3),
  // What is frozen learns no statistics either: training goes by the running ones, as predicting does.
  bind(binding) {
    const { attributes, inputs, outputs, state, arena } = binding;
    const [x, runningMean, runningVar, weight, bias] = inputs;
    const { eps, momentum } = attributes;
    const run = batchNorm({
      ...{ y: asMatrix(outputs[0]!), x: asMatrix(x), ...statistics(binding) },
      ...{ weight, bias, runningMean, runningVar, momentum, eps, arena },
    });
    const learns = !isFrozen(binding, 3);
    return () => run(learns && state.training);
  },
};

/** Whether weight and bias, the inputs from `first` on, are there and both frozen. */
function isFrozen({ attributes, frozen }: Binding<{ readonly affine: boolean }>, first: number): boolean {
  return attributes.affine && frozen(first) === true && frozen(first + 1) === true;
}

/**
 * Inputs x, dy, mean, 1 / deviation and, when affine, weight, and bias where neither is trained. Outputs dx and,
 * when affine, those of weight and bias.
 */
const batchNormGradient: Operation<{ readonly affine: boolean }> = {
  name: 'batchNormGradient',
  infer: (_, [x], { affine }) => (affine ? [x, features(x), features(x)] : [x]),
  bind(binding) {
    const { inputs, outputs, state, arena } = binding;
    const [x, dy, mean, rstd, weight] = inputs;
    const [dx, dweight, dbias] = outputs;
    const run = batchNormBackward({
      ...{ dx: dx && asMatrix(dx), dweight, dbias, mean, rstd },
      ...{ x: asMatrix(x), dy: asMatrix(dy), weight, arena },
    });
    const learns = !isFrozen(binding, 4);
    return () => run(learns && state.training);
  },
};

/** Inputs x and, when affine, weight and bias. Outputs y, and each row's mean and 1 / deviation. */
export const layerNormOperation: Operation<LayerNormAttributes> = {
  name: 'layerNorm',
  infer(where, [x, ...learned]) {
    checkFeatures(where, x, learned);
    return [x, vectors(x), vectors(x)];
  },
  read: (reader) => ({ eps: reader.number('eps', { above: 0 }), affine: reader.boolean('affine') }),
  derivative: (rule) => normGradients(rule, layerNormGradient, 1),
  bind(binding) {
    const { attributes, inputs, outputs } = binding;
    const [x, weight, bias] = inputs;
    const { mean, rstd } = statistics(binding);
    const vectors = { mean: vector(mean), rstd: vector(rstd), weight, bias };
    return layerNorm({ y: asMatrix(outputs[0]!), x: asMatrix(x), ...vectors, eps: attributes.eps });
  },
};

const layerNormGradient: Operation<{ readonly affine: boolean }> = {
  name: 'layerNormGradient',
  infer: (_, [x], { affine }) => (affine ? [x, features(x), features(x)] : [x]),
  bind: ({ inputs: [x, dy, mean, rstd, weight], outputs: [dx, dweight, dbias] }) =>
    layerNormBackward({
      ...{ dx: dx && asMatrix(dx), dweight, dbias, mean: vector(mean), rstd: vector(rstd) },
      ...{ x: asMatrix(x), dy: asMatrix(dy), weight },
    }),
};

/** The gradients of x, of `skipped` - 1 buffers which have none, and of weight and bias. */
function normGradients<V extends Symbolic>(
  rule: Rule<V, { readonly affine: boolean }>,
  gradient: Operation<{ readonly affine: boolean }>,
  first: number,
): (V | undefined)[] {
  const { inputs, outputs, gradients, attributes, needs } = rule;
  const { affine } = attributes;
  // Of a batch norm whose weight and bias are not trained, its gradient asks whether both are frozen.
  const learned = needs[first] || needs[first + 1] ? 1 : 2;
  const weights = affine ? inputs.slice(first, first + learned) : [];
  const given = [inputs[0], gradients[0]!, outputs[1], outputs[2], ...weights];
  const [dx, dweight, dbias] = rule.apply(gradient, given, { affine });
  const buffers = new Array<undefined>(first - 1).fill(undefined);
  const all = [dx, ...buffers, ...(affine ? [dweight, dbias] : [])];
  return all.map((own, i) => (needs[i] ? own : undefined));
}

/** Where nobody reads the statistics, they are kept all the same. */
function statistics({ outputs, inputs: [x], arena, attributes }: Binding<object>): {
  mean: Tensor;
  rstd: Tensor;
} {
  const length = 'momentum' in attributes ? x.columns : x.size / x.columns;
  const place = (tensor: Tensor | undefined) => tensor ?? arena.tensor('float', [length]);
  return { mean: place(outputs[1]), rstd: place(outputs[2]) };
}

/** One value a row: of rows within rows, all in a line. */
function vector(tensor: Tensor): Tensor {
  return tensor.shape.length === 1 ? tensor : tensor.line();
}

/** One number for each of the rows that the last axis makes, without gaps. */
function vectors({ rows, dims }: Shape): Shape {
  const leading = dims.slice(0, -1);
  if (rows) return { rows, dims: leading.length === 0 ? [] : [...leading, 1] };
  return { rows, dims: [elementsOf(leading)] };
}

/** Statistics, weight and bias: one number a feature each. */
function checkFeatures(where: string, x: Shape, vectors: readonly Shape[]): void {
  if (x.dims.length === 0)
    throw new ShapeError(where, `expected features, such as reshape(x, [1]) makes, given ${showShape(x)}`);
  const expected = features(x);
  for (const own of vectors) {
    if (sameShape(own, expected)) continue;
    throw new ShapeError(
      where,
      `expected ${showShape(expected)} for each feature of ${showShape(x)}, given ${showShape(own)}`,
    );
  }
}

function features({ dims }: Shape): Shape {
  return { rows: false, dims: dims.slice(-1) };
}
