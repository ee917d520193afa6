/** Batch and layer normalisation as operations of the graph: over all axes before the last, and over the last. */
import { ShapeError } from '../base/errors.js';
import type { Tensor } from '../engine/tensor.js';
import {
  batchNormBackward,
  batchNorm as bindBatchNorm,
  layerNorm as bindLayerNorm,
  layerNormBackward,
} from './norm.js';
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
 * Inputs x, the running mean and variance, which a training forward moves, and, when affine, weight and bias. Outputs y, and the mean and
 * 1 / deviation by which it was normalised.
 */
export const batchNorm: Operation<BatchNormAttributes> = {
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
  bind(binding) {
    const { attributes, inputs, outputs, state } = binding;
    const [x, runningMean, runningVar, weight, bias] = inputs;
    const { eps, momentum } = attributes;
    const run = bindBatchNorm({
      ...{ y: asMatrix(outputs[0]!), x: asMatrix(x), ...statistics(binding) },
      ...{ weight, bias, runningMean, runningVar, momentum, eps },
    });
    return () => run(state.training);
  },
};

/** Inputs x, dy, mean, 1 / deviation and, when affine, weight. Outputs dx and, when affine, those of weight and bias. */
const batchNormGradient: Operation<{ readonly affine: boolean }> = {
  name: 'batchNormGradient',
  infer: (_, [x], { affine }) => (affine ? [x, features(x), features(x)] : [x]),
  bind({ inputs: [x, dy, mean, rstd, weight], outputs: [dx, dweight, dbias], state }) {
    const run = batchNormBackward({
      ...{ dx: dx && asMatrix(dx), dweight, dbias, mean, rstd },
      ...{ x: asMatrix(x), dy: asMatrix(dy), weight },
    });
    return () => run(state.training);
  },
};

/** Inputs x and, when affine, weight and bias. Outputs y, and each row's mean and 1 / deviation. */
export const layerNorm: Operation<LayerNormAttributes> = {
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
    return bindLayerNorm({ y: asMatrix(outputs[0]!), x: asMatrix(x), ...vectors, eps: attributes.eps });
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
  const weights = affine ? [inputs[first]] : [];
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
  return { rows, dims: [leading.reduce((product, length) => product * length, 1)] };
}

/** Statistics, weight and bias: one number a feature each. */
function checkFeatures(where: string, x: Shape, vectors: readonly Shape[]): void {
  const expected = x.dims.length === 0 ? { rows: false, dims: [1] } : features(x);
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
