/**
 * Convolutions as operations of the graph: the convolution, its transpose (which makes the gradient of the
 * image, and is the layer convTranspose2d), and the gradient of the weight. Each is made of the others'
 * derivatives.
 */
import { elementsOf } from '../base/arrays.js';
import { ShapeError } from '../base/errors.js';
import type { OptionReader } from '../base/options.js';
import type { Tensor } from '../engine/tensor.js';
import {
  type ConvAttributes,
  convolutionWeightGradient,
  convolve,
  convolveTransposed,
  geometryOf,
  type Pair,
} from './convolve.js';
import { columnSums } from './matmul.js';
import { type Operation, one, type Shape, showShape, sizeOf } from './operation.js';
import { MAX_LENGTH, readNumbers } from './read.js';

export type { ConvAttributes, Pair } from './convolve.js';

export interface ConvTransposeAttributes extends ConvAttributes {
  /** Height and width of the result. */
  readonly size: Pair;
  /** The last input is an output of the activation, by whose derivative the result is multiplied. */
  readonly derivative?: boolean;
}

/** Inputs x [rows, H, W, C], w [KH, KW, C / groups, O] and perhaps a bias [O]; the output is [rows, OH, OW, O]. */
export const convolution: Operation<ConvAttributes> = {
  name: 'conv2d',
  infer(where, [x, w, bias], attributes) {
    const { OH, OW, O } = geometryOf(where, x.dims, checkWeight(where, w), attributes);
    checkBias(where, bias, O);
    return [{ rows: x.rows, dims: [OH, OW, O] }];
  },
  multiplyAdds: ([, w], [y]) => sizeOf(y) * elementsOf(w.dims.slice(0, 3)),
  read: readAttributes,
  derivative(rule) {
    const { inputs, gradients, needs, attributes } = rule;
    const [x, w] = inputs;
    const dy = gradients[0]!;
    const { activation: _, ...own } = attributes;
    const more = { ...own, size: sizeOfImage(w.shape), bias: needs[2] ?? false };
    const [dw, sums] = needs[1] ? rule.apply(weightGradient, [x, dy], more) : [];
    const dBias = needs[2] ? (sums ?? one(rule, columnSums, [dy], {})) : undefined;
    const image = sizeOfImage(x.shape);
    const dx = needs[0] ? one(rule, convolutionTranspose, [dy, w], { ...own, size: image }) : undefined;
    return [dx, dw, dBias];
  },
  endWith: (end, activation, attributes) =>
    end === 'activation' && !attributes.activation ? { ...attributes, activation } : undefined,
  bind({ attributes, inputs: [x, w, bias], outputs, arena, stands }) {
    const { activation } = attributes;
    const [y, from] = [images(outputs[0]!), images(x)];
    return convolve({ arena, y, x: from, w, bias, attributes, activation, stands: stands(1) });
  },
};

/**
 * Inputs x [rows, OH, OW, O], w [KH, KW, C / groups, O] and perhaps a bias [C]; the output is [rows, H, W, C]: that of which
 * the convolution by w makes an image like x.
 */
export const convolutionTranspose: Operation<ConvTransposeAttributes> = {
  name: 'convTranspose2d',
  infer(where, [x, w, bias], attributes) {
    const { groups, size } = attributes;
    const weight = checkWeight(where, w);
    const C = weight[2] * groups;
    const { OH, OW, O } = geometryOf(where, [...size, C], weight, attributes);
    if (x.dims.join() !== [OH, OW, O].join()) {
      throw new ShapeError(
        where,
        `expected [${OH}, ${OW}, ${O}] for a result of ${size.join(' x ')}, given ${showShape(x)}`,
      );
    }
    if (!attributes.derivative) checkBias(where, bias, C);
    return [{ rows: x.rows, dims: [...size, C] }];
  },
  multiplyAdds: ([x, w]) => sizeOf(x) * elementsOf(w.dims.slice(0, 3)),
  read: (reader) => ({ ...readAttributes(reader), size: pairOf(reader, 'size') }),
  derivative(rule) {
    const { inputs, gradients, needs, attributes } = rule;
    const [x, w] = inputs;
    const dy = gradients[0]!;
    const { activation: _, size: __, ...own } = attributes;
    const dw = needs[1]
      ? one(rule, weightGradient, [dy, x], { ...own, size: sizeOfImage(w.shape), bias: false })
      : undefined;
    const dBias = needs[2] ? one(rule, columnSums, [dy], {}) : undefined;
    const dx = needs[0] ? one(rule, convolution, [dy, w], own) : undefined;
    return [dx, dw, dBias];
  },
  endWith(end, activation, attributes, inputs) {
    if (attributes.activation || (end === 'derivative' && inputs > 2)) return undefined;
    return { ...attributes, activation, ...(end === 'derivative' && { derivative: true }) };
  },
  bind({ attributes, inputs: [x, w, third], outputs, arena, stands }) {
    const { activation, derivative } = attributes;
    return convolveTransposed({
      ...{ arena, dx: images(outputs[0]!), dy: images(x), w, attributes, activation, stands: stands(1) },
      ...(derivative ? { saved: images(third) } : { bias: third }),
    });
  },
};

interface WeightGradientAttributes extends ConvAttributes {
  /** Height and width of the window. */
  readonly size: Pair;
  /** Whether there is a second output, the bias's gradient [O]. */
  readonly bias: boolean;
}

/** Inputs x [rows, H, W, C] and dy [rows, OH, OW, O]. It has no derivative: nothing is derived twice. */
const weightGradient: Operation<WeightGradientAttributes> = {
  name: 'conv2dWeightGradient',
  infer(_, [x, dy], { size, groups, bias }) {
    const [C, O] = [x.dims[2], dy.dims[2]];
    const dw = { rows: false, dims: [...size, C / groups, O] };
    return bias ? [dw, { rows: false, dims: [O] }] : [dw];
  },
  bind: ({ attributes, inputs: [x, dy], outputs: [dw, dbias], arena }) =>
    convolutionWeightGradient({ arena, dw: dw!, dbias, x: images(x), dy: images(dy), attributes }),
};

/** One image has no rows: a batch of one. */
function images(tensor: Tensor): Tensor {
  return tensor.merged(4);
}

function sizeOfImage({ dims }: Shape): Pair {
  return [dims[0], dims[1]];
}

function checkWeight(where: string, w: Shape): readonly number[] {
  if (!w.rows) return w.dims;
  throw new ShapeError(where, `expected a weight without rows, given ${showShape(w)}`);
}

function checkBias(where: string, bias: Shape | undefined, length: number): void {
  if (!bias || (!bias.rows && bias.dims.join() === String(length))) return;
  throw new ShapeError(where, `bias: expected [${length}], given ${showShape(bias)}`);
}

function readAttributes(reader: OptionReader): ConvAttributes {
  return {
    strides: pairOf(reader, 'strides'),
    dilations: pairOf(reader, 'dilations'),
    padding: readNumbers(reader, 'padding', 4, 0) as unknown as ConvAttributes['padding'],
    groups: reader.integer('groups', { min: 1, max: MAX_LENGTH }),
  };
}

function pairOf(reader: OptionReader, key: string): Pair {
  return readNumbers(reader, key, 2, 1) as unknown as Pair;
}
