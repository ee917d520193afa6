/** Activations that need their input, dropout, normalisation and embedding on whole tensors. */
import { OptionError } from '../base/errors.js';
import { LONGEST_CHAIN, type SmoothActivation } from '../engine/kernels.js';
import type { Tensor } from '../engine/tensor.js';
import { type Call, checkSameEngine, checkSameLayout, checkTensor } from './check.js';

const smoothKernels = {
  leakyRelu: 'leaky_relu',
  gelu: 'gelu',
  geluTanh: 'gelu_tanh',
  silu: 'silu',
  softplus: 'softplus',
  elu: 'elu',
} as const satisfies Record<SmoothActivation, string>;

/** The slope of leakyRelu or the alpha of elu, where none is given: PyTorch's. */
const parameters: Partial<Record<SmoothActivation, number>> = { leakyRelu: 0.01, elu: 1 };

interface Smooth {
  activation: SmoothActivation;
  /** leakyRelu's slope (0.01), elu's alpha (1). */
  parameter?: number | undefined;
}

/** y = f(x), element by element; y may be x. */
export function smooth(args: Smooth & { y: Tensor; x: Tensor }): Call {
  const { y, x, activation, parameter = parameters[activation] ?? 0 } = args;
  checkSameEngine('smooth', y, x);
  checkTensor('smooth', 'x', x, 'float', x.shape);
  checkTensor('smooth', 'y', y, 'float', x.shape);
  checkSameLayout('smooth', y, x);
  const { kernels } = y.engine;
  const kernel = kernels[`${smoothKernels[activation]}_forward`];
  return () => kernel(y.pointer, x.pointer, x.span, parameter);
}

/** dx = dy ⊙ f'(x) from the saved input x; dx may be dy. */
export function smoothBackward(args: Smooth & { dx: Tensor; x: Tensor; dy: Tensor }): Call {
  const { dx, x, dy, activation, parameter = parameters[activation] ?? 0 } = args;
  checkSameEngine('smoothBackward', dx, x, dy);
  checkTensor('smoothBackward', 'x', x, 'float', dx.shape);
  checkTensor('smoothBackward', 'dy', dy, 'float', dx.shape);
  checkTensor('smoothBackward', 'dx', dx, 'float', dx.shape);
  checkSameLayout('smoothBackward', dx, x, dy);
  const { kernels } = dx.engine;
  const kernel = kernels[`${smoothKernels[activation]}_backward`];
  return () => kernel(dx.pointer, x.pointer, dy.pointer, dx.span, parameter);
}

/** y = x, the whole tensor, padding too. */
export function copy({ y, x }: { y: Tensor; x: Tensor }): Call {
  checkSameEngine('copy', y, x);
  checkTensor('copy', 'y', y, 'float', x.shape);
  checkSameLayout('copy', y, x);
  const { kernels } = y.engine;
  return () => kernels.identity_forward(y.pointer, x.pointer, x.span);
}

/** y = a ⊙ b; y may be either. */
export function multiply({ y, a, b }: { y: Tensor; a: Tensor; b: Tensor }): Call {
  checkSameEngine('multiply', y, a, b);
  checkTensor('multiply', 'a', a, 'float', y.shape);
  checkTensor('multiply', 'b', b, 'float', y.shape);
  checkTensor('multiply', 'y', y, 'float', y.shape);
  checkSameLayout('multiply', y, a, b);
  const { kernels } = y.engine;
  return () => kernels.multiply(y.pointer, a.pointer, b.pointer, y.span);
}

/**
 * mask = 0 at random with probability `rate`, else 1 / (1 - rate); y = x ⊙ mask. What is dropped depends on the seed, the
 * stream, the step and batch given at each call, and the element's row and column.
 */
export function dropout(args: {
  y: Tensor;
  mask: Tensor;
  x: Tensor;
  rate: number;
  seed: number;
  stream: number;
}): (step: number, batch: number) => void {
  const { y, mask, x, rate, seed, stream } = args;
  const where = 'dropout';
  checkSameEngine(where, y, mask, x);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'mask', mask, 'float', x.shape);
  checkTensor(where, 'y', y, 'float', x.shape);
  if (!(rate >= 0 && rate < 1)) throw new OptionError(where, `rate: expected 0 to 1, given ${rate}`);
  const { kernels } = y.engine;
  const [low, high] = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  const [M, N] = [x.rows, x.columns];
  return (step, batch) =>
    kernels.dropout_forward(
      y.pointer,
      y.ld,
      mask.pointer,
      mask.ld,
      x.pointer,
      x.ld,
      M,
      N,
      low,
      high,
      stream,
      step,
      batch,
      0,
      rate,
    );
}

interface BatchNorm {
  x: Tensor;
  /** [columns] each; what is learned may be absent. */
  mean: Tensor;
  rstd: Tensor;
  weight?: Tensor | undefined;
  bias?: Tensor | undefined;
}

/** y = (x - mean) · rstd · weight + bias, with the batch's statistics or the running ones. */
export function batchNorm(
  args: BatchNorm & { y: Tensor; runningMean: Tensor; runningVar: Tensor; momentum: number; eps: number },
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
  return (training) => {
    if (training) kernels.batch_norm_statistics(m, r, rm, rv, x.pointer, x.ld, M, N, momentum, eps);
    else kernels.batch_norm_running(m, r, rm, rv, N, eps);
    kernels.batch_norm_forward(y.pointer, y.ld, m, r, x.pointer, x.ld, pointer(weight), pointer(bias), M, N);
  };
}

/** Gradients of `batchNorm`, of what is present; `training` as in its last call. dx may be dy. */
export function batchNormBackward(
  args: BatchNorm & {
    dx?: Tensor | undefined;
    dweight?: Tensor | undefined;
    dbias?: Tensor | undefined;
    dy: Tensor;
  },
): (training: boolean) => void {
  const { dx, dweight, dbias, mean, rstd, x, dy, weight } = args;
  const where = 'batchNormBackward';
  checkSameEngine(where, x, dx, dweight, dbias, mean, rstd, dy, weight);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'dy', dy, 'float', x.shape);
  if (dx) checkTensor(where, 'dx', dx, 'float', x.shape);
  checkVectors(where, x.columns, { mean, rstd, weight, dweight, dbias });
  const { kernels } = x.engine;
  const [M, N] = [x.rows, x.columns];
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
export function layerNorm(args: BatchNorm & { y: Tensor; eps: number }): Call {
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
export function layerNormBackward(
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

/** The columns of y from `to` on = rows of the table [categories, width] that column `from` of x names. */
export function embed(args: { y: Tensor; x: Tensor; table: Tensor; from: number; to: number }): Call {
  const { y, x, table, from, to } = args;
  const where = 'embed';
  checkSameEngine(where, y, x, table);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'y', y, 'float', [x.rows, undefined]);
  checkTensor(where, 'table', table, 'float', [undefined, undefined]);
  checkColumns(where, x, from, 1);
  checkColumns(where, y, to, table.columns);
  const { kernels } = y.engine;
  const [source, target] = [offset(x, from), offset(y, to)];
  const [M, N, K] = [x.rows, table.columns, table.rows];
  return () => kernels.embedding_forward(target, y.ld, source, x.ld, table.pointer, table.ld, M, N, K);
}

/** dtable = the sums of dy's rows, from column `to` on, by what column `from` of x names. */
export function embedBackward(args: {
  dtable: Tensor;
  x: Tensor;
  dy: Tensor;
  from: number;
  to: number;
}): Call {
  const { dtable, x, dy, from, to } = args;
  const where = 'embedBackward';
  checkSameEngine(where, dtable, x, dy);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'dy', dy, 'float', [x.rows, undefined]);
  checkTensor(where, 'dtable', dtable, 'float', [undefined, undefined]);
  checkColumns(where, x, from, 1);
  checkColumns(where, dy, to, dtable.columns);
  const { kernels } = x.engine;
  const [source, gradient] = [offset(x, from), offset(dy, to)];
  const [M, N, K] = [x.rows, dtable.columns, dtable.rows];
  const lost = M > LONGEST_CHAIN ? dtable.scratch().pointer : 0;
  return () =>
    kernels.embedding_backward(dtable.pointer, dtable.ld, lost, source, x.ld, gradient, dy.ld, M, N, K);
}

/** Columns to … of y = columns from … of x, `count` of them. */
export function copyColumns(args: { y: Tensor; x: Tensor; from: number; to: number; count: number }): Call {
  const { y, x, from, to, count } = args;
  const where = 'copyColumns';
  checkSameEngine(where, y, x);
  checkTensor(where, 'x', x, 'float', [undefined, undefined]);
  checkTensor(where, 'y', y, 'float', [x.rows, undefined]);
  checkColumns(where, x, from, count);
  checkColumns(where, y, to, count);
  const { kernels } = y.engine;
  const [source, target] = [offset(x, from), offset(y, to)];
  return () => kernels.copy_columns(target, y.ld, source, x.ld, x.rows, count);
}

function pointer(tensor: Tensor | undefined): number {
  return tensor ? tensor.pointer : 0;
}

/** The pointer to a column's first element. */
function offset(tensor: Tensor, column: number): number {
  return tensor.pointer + column * tensor.elementBytes;
}

function checkColumns(where: string, tensor: Tensor, first: number, count: number): void {
  if (!(first >= 0 && first + count <= tensor.columns)) {
    throw new OptionError(where, `${tensor} has no columns ${first} to ${first + count - 1}`);
  }
}

function checkVectors(where: string, length: number, tensors: Record<string, Tensor | undefined>): void {
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor) checkTensor(where, name, tensor, 'float', [length]);
  }
}
