/** Images enlarged, or made smaller: each pixel of the result is the nearest of the other, or lies between four. */
import type { Operation } from './operation.js';
import { readNumbers } from './read.js';
import { type AxisTaps, resampling, type Taps } from './resample.js';

export interface UpsampleAttributes {
  /** Height and width of the result. */
  readonly size: readonly number[];
  readonly mode: 'nearest' | 'bilinear';
}

/**
 * Pixels are squares, and their centres lie at halves: pixel i of n is at (i + ½) / n of the height or width.
 * `nearest` takes the pixel whose square that is in, the later one at its border, as PyTorch's nearest-exact;
 * `bilinear` weighs the nearest two of each axis, as PyTorch with align_corners=False and ONNX's half_pixel.
 */
export const upsample2d: Operation<UpsampleAttributes> = /* @__PURE__ */ resampling({
  name: 'upsample2d',
  read: (reader) => ({
    size: readNumbers(reader, 'size', 2, 1),
    mode: reader.oneOf('mode', ['nearest', 'bilinear']),
  }),
  output: (_, { size }) => size,
  taps: ({ size, mode }, length, axis) => tapsOf(length, size[axis], mode),
});

function tapsOf(from: number, to: number, mode: UpsampleAttributes['mode']): AxisTaps {
  return Array.from({ length: to }, (_, place): Taps => {
    // In whole numbers, which are exact.
    if (mode === 'nearest') return [[Math.floor(((2 * place + 1) * from) / (2 * to)), 1]];
    const at = Math.max(((2 * place + 1) * from - to) / (2 * to), 0);
    const first = Math.floor(at);
    const share = at - first;
    // A pixel of weight 0 is left out: it may be infinite.
    if (share === 0 || first + 1 === from) return [[first, 1]];
    return [
      [first, 1 - share],
      [first + 1, share],
    ];
  });
}
