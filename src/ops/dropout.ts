/** Dropout. */
import { OptionError, ShapeError } from '../base/errors.js';
import type { Signatures } from '../engine/signatures.js';
import type { Tensor } from '../engine/tensor.js';
import { copy } from './activations.js';
import { stretched } from './broadcast.js';
import { checkSameEngine, checkTensor } from './check.js';
import { asMatrix, type Operation, one, showShape } from './operation.js';
import { binary } from './strided.js';
import { multiply } from './update.js';
import { viewOf } from './view.js';

export const signatures = {
  /**
   * mask[m, n] = 0 with probability `rate`, else 1 / (1 - rate); y = x ⊙ mask. Element (m, n) has word n mod
   * 4 of the Philox block with counter ((first + m) · ⌈N/4⌉ + ⌊n/4⌋, batch, stream, step) and key (seedLow,
   * seedHigh); it is dropped when the top 24 bits times 2⁻²⁴ are below `rate`. May be split by rows, with
   * `first` the number of the first. y may be x.
   */
  dropout_forward: `y: out rows, ldy, mask: out rows, ldmask, x: in rows, ldx, M: cut, N: across,
    seedLow: u32, seedHigh: u32, stream: u32, step: u32, batch: u32, first: first, rate: f32; 2 ns`,
} satisfies Signatures;

/**
 * mask = 0 at random with probability `rate`, else 1 / (1 - rate); y = x ⊙ mask. What is dropped depends on
 * the seed, the stream, the step and batch given at each call, and the element's row and column.
 */
function dropout(args: {
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

export interface DropoutAttributes {
  readonly rate: number;
  /** Whether a whole channel of a row, which the last axis counts, is dropped or stays. */
  readonly channels?: boolean;
}

/**
 * y = x ⊙ mask while training, else x. Outputs y and the mask: 0 with probability `rate`, else 1 / (1 -
 * rate). What is dropped depends on the seed, the operation's stream, the step and batch, and the element's
 * place alone. With `channels` the mask is [rows, 1, …, channels]: that of elements of a [rows, channels].
 */
export const dropoutOperation: Operation<DropoutAttributes> = {
  name: 'dropout',
  random: true,
  infer(where, [x], { channels = false }) {
    if (!channels) return [x, x];
    if (x.rows && x.dims.length > 0) return [x, { ...x, dims: x.dims.map(lastOnly) }];
    throw new ShapeError(where, `channels: expected [rows, …, channels], given ${showShape(x)}`);
  },
  read: (reader) => ({
    rate: reader.number('rate', { min: 0, below: 1 }),
    ...(reader.boolean('channels', false) && { channels: true }),
  }),
  derivative: (rule) => [one(rule, dropoutGradient, [rule.gradients[0]!, rule.outputs[1]], {})],
  bind({ attributes: { rate, channels }, inputs: [x], outputs: [y, mask], state, seed, stream, arena }) {
    const pass = copy({ y: y!, x });
    if (channels) {
      const place = mask ?? arena.tensor('float', [x.shape[0], ...x.shape.slice(1).map(lastOnly)]);
      const flat = asMatrix(place);
      // The mask is what dropout makes of ones.
      const ones = arena.like(flat).fill(1);
      const draw = dropout({ y: flat, mask: flat, x: ones, rate, seed, stream });
      const through = binary({ y: viewOf(y!), a: viewOf(x), b: stretched(place, x), operation: 'mul' });
      const drop = () => {
        draw(state.step, state.batch);
        through();
      };
      return () => (state.training ? drop() : pass());
    }
    const place = mask ?? arena.like(y!);
    const [flatY, flatMask, flatX] = [y!, place, x].map(asMatrix);
    const drop = dropout({ y: flatY, mask: flatMask, x: flatX, rate, seed, stream });
    return () => (state.training ? drop(state.step, state.batch) : pass());
  },
};

/** 1 for all axes but the last. */
function lastOnly(length: number, axis: number, all: readonly number[]): number {
  return axis === all.length - 1 ? length : 1;
}

/** dy ⊙ mask after a forward that trained, else dy. */
const dropoutGradient: Operation<object> = {
  name: 'dropoutGradient',
  inPlace: [0],
  infer: (_, [dy]) => [dy],
  bind({ inputs: [dy, mask], outputs, state }) {
    const dx = outputs[0]!;
    const through =
      mask.size === dy.size
        ? multiply({ y: dx, a: dy, b: mask })
        : binary({ y: viewOf(dx), a: viewOf(dy), b: stretched(mask, dy), operation: 'mul' });
    const pass = copy({ y: dx, x: dy });
    return () => (state.training ? through() : pass());
  },
};
