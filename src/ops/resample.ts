/**
 * Images made of others pixel by pixel: of each row and each column of the result, which rows and columns of
 * the other it is a weighted sum of. Average pooling, enlarging and padding that repeats pixels are such
 * lists, and so are their derivatives.
 */
import { ShapeError } from '../base/errors.js';
import type { Signatures } from '../engine/signatures.js';
import { type Arena, formatShape, type Tensor } from '../engine/tensor.js';
import { type Call, checkDense, checkDisjoint, checkSameEngine, checkTensor } from './check.js';
import { type Operation, one, type Shape, showShape } from './operation.js';

export const signatures = {
  /**
   * Of each of M images: y[oh, ow, c] = Σ_i rowWeight[i] · Σ_j columnWeight[j] · x[row[i], column[j], c], over
   * the lists of row oh and column ow, which may be empty. `table` (i32): OH, OW, C, elements of an image of
   * x; OH + OW + 1 starts of the lists of the rows, then of the columns, within what follows; elements of x
   * from its first row, or column, to each that is listed. `weights` has one for each of these. N = OH · OW ·
   * C. May be split by images.
   */
  resample: `y: out rows, ldy, x: in rows, ldx, table: in i32, weights: in, M: cut, N: across; 0.6 ns`,
} satisfies Signatures;

/** Places on an axis and their weights. */
export type Taps = readonly (readonly [place: number, weight: number])[];

/** Of each place of an axis of the result. */
export type AxisTaps = readonly Taps[];

/** The lists that lead back: of each of `length` places, what it gave weight to. */
function transposed(axis: AxisTaps, length: number): AxisTaps {
  const back = Array.from({ length }, (): [number, number][] => []);
  for (const [to, taps] of axis.entries()) {
    for (const [place, weight] of taps) back[place].push([to, weight]);
  }
  return back;
}

/** y [M, OH, OW, C] = what these lists make of x [M, H, W, C], both without gaps. */
function resample(args: {
  y: Tensor;
  x: Tensor;
  vertical: AxisTaps;
  horizontal: AxisTaps;
  arena: Arena;
}): Call {
  const { y, x, vertical, horizontal, arena } = args;
  const where = 'resample';
  checkSameEngine(where, y, x);
  checkTensor(where, 'x', x, 'float', [undefined, undefined, undefined, undefined]);
  const [M, H, W, C] = x.shape;
  checkTensor(where, 'y', y, 'float', [M, vertical.length, horizontal.length, C]);
  checkDisjoint(where, y, x);
  checkDense(where, y, x);
  const rows = [...vertical, ...horizontal];
  const steps = rows.map((_, i) => (i < vertical.length ? W * C : C));
  const starts = [0];
  for (const { length } of rows) starts.push(starts[starts.length - 1] + length);
  for (const [axis, length] of [[vertical, H] as const, [horizontal, W] as const]) {
    const bad = axis.flat().find(([place]) => !(place >= 0 && place < length));
    if (bad) throw new ShapeError(where, `expected places within ${formatShape(x.shape)}, given ${bad[0]}`);
  }
  const places = rows.flatMap((taps, i) => taps.map(([place]) => place * steps[i]));
  const numbers = [vertical.length, horizontal.length, C, H * W * C, ...starts, ...places];
  const table = arena.tensor('i32', [numbers.length]).write(numbers);
  const weights = rows.flatMap((taps) => taps.map(([, weight]) => weight));
  const list = arena.tensor('float', [weights.length]).write(weights);
  const { kernels } = y.engine;
  const [ldy, ldx] = [y, x].map(imageSize);
  return () => kernels.resample(y.pointer, ldy, x.pointer, ldx, table.pointer, list.pointer, M, ldy);
}

/** Elements of an image. */
export function imageSize({ shape: [, height, width, channels] }: Tensor): number {
  return height * width * channels;
}

/** The height and width of images [rows, height, width, channels]. Throws ShapeError for what is none. */
export function checkImages(where: string, x: Shape): readonly [height: number, width: number] {
  if (x.rows && x.dims.length === 3) return [x.dims[0], x.dims[1]];
  const expected = 'expected images [rows, height, width, channels]';
  const hint = x.dims.length < 3 ? '; the layer reshape makes images of rows of numbers' : '';
  throw new ShapeError(where, `${expected}, given ${showShape(x)}${hint}`);
}

/** What an operation is whose result is made of such lists. */
interface Resampling<A> extends Pick<Operation<A>, 'name' | 'read'> {
  /** The height and width of what images of `size` become. Throws ShapeError. */
  output(where: string, attributes: A, size: readonly number[]): readonly number[];
  /** The lists of one axis: 0 is the vertical one. */
  taps(attributes: A, length: number, axis: number): AxisTaps;
}

/** The operation, and its derivative. */
export function resampling<A extends object>(definition: Resampling<A>): Operation<A> {
  const { name, read, output, taps } = definition;
  const gradient: Operation<A & { readonly shape: Shape }> = {
    name: `${name}Gradient`,
    infer: (_, __, { shape }) => [shape],
    bind({ attributes, inputs: [x], outputs, arena }) {
      const [, ...size] = outputs[0]!.shape;
      const [vertical, horizontal] = [0, 1].map((axis) =>
        transposed(taps(attributes, size[axis], axis), size[axis]),
      );
      return resample({ y: outputs[0]!, x, vertical, horizontal, arena });
    },
  };
  return {
    name,
    ...(read && { read }),
    infer: (where, [x], attributes) => [
      { rows: true, dims: [...output(where, attributes, checkImages(where, x)), x.dims[2]] },
    ],
    derivative: (rule) => [
      one(rule, gradient, [rule.gradients[0]!], { ...rule.attributes, shape: rule.inputs[0].shape }),
    ],
    bind({ attributes, inputs: [x], outputs, arena }) {
      const [, ...size] = x.shape;
      const [vertical, horizontal] = [0, 1].map((axis) => taps(attributes, size[axis], axis));
      return resample({ y: outputs[0]!, x, vertical, horizontal, arena });
    },
  };
}
