/** Convolutions of every kind, as tests call them: sizes, and the words that kernels read. */
import { CONV_DEPTHWISE, CONV_GATHERED, CONV_SCATTERED } from '../../src/engine/geometry.js';
import type { FusedActivation } from '../../src/engine/kernels.js';

export interface ConvCase {
  B: number;
  image: readonly [height: number, width: number, channels: number];
  window: readonly [height: number, width: number];
  outputs: number;
  strides?: readonly [number, number];
  dilations?: readonly [number, number];
  /** Above, left, below, right. */
  padding?: readonly [number, number, number, number];
  groups?: number;
  bias?: boolean;
  activation?: FusedActivation;
  /** Of the image's gradient: the derivative at a saved output. */
  saved?: boolean;
  gap?: number;
  /** Makes the image's gradient the other way round. */
  scattered?: boolean;
  wide?: boolean;
  /** Gradients in two calls, the first of one image, or of one row of the weight. */
  cut?: boolean;
  end?: 'x' | 'w' | 'y' | 'bias' | undefined;
  values?: 'integers' | 'reals';
}

interface Sizes {
  H: number;
  W: number;
  C: number;
  KH: number;
  KW: number;
  O: number;
  OH: number;
  OW: number;
  c: number;
  words: Int32Array;
}

export function sizesOf(given: ConvCase): Sizes {
  const { image, window, outputs, strides = [1, 1], dilations = [1, 1] } = given;
  const { padding = [0, 0, 0, 0], groups = 1 } = given;
  const [H, W, C] = image;
  const [KH, KW] = window;
  const along = (length: number, size: number, axis: number) =>
    Math.floor(
      (length + padding[axis] + padding[axis + 2] - dilations[axis] * (size - 1) - 1) / strides[axis],
    ) + 1;
  const [OH, OW] = [along(H, KH, 0), along(W, KW, 1)];
  const isDepthwise = groups > 1 && groups === C && groups === outputs;
  const form = isDepthwise ? CONV_DEPTHWISE : given.scattered ? CONV_SCATTERED : CONV_GATHERED;
  const words = [
    ...[H, W, C, OH, OW, outputs, KH, KW, ...strides, ...dilations],
    ...[padding[0], padding[1], groups, form],
  ];
  return { H, W, C, KH, KW, O: outputs, OH, OW, c: C / groups, words: Int32Array.from(words) };
}

export const same = (given: ConvCase): ConvCase => {
  const { window, dilations = [1, 1] } = given;
  const [v, h] = window.map((size, axis) => ((size - 1) * dilations[axis]) / 2);
  return { ...given, padding: [Math.floor(v), Math.floor(h), Math.ceil(v), Math.ceil(h)] };
};

/** A group for each channel. */
const depthwise = (given: Omit<ConvCase, 'outputs' | 'groups'>, each = 1): ConvCase => {
  const [, , channels] = given.image;
  return { ...given, outputs: each * channels, groups: channels };
};

export const shapes: Record<string, ConvCase> = {
  'one pixel': { B: 1, image: [1, 1, 1], window: [1, 1], outputs: 1 },
  'one channel, 5x5': same({ B: 2, image: [9, 8, 1], window: [5, 5], outputs: 7 }),
  'one channel to six': same({ B: 2, image: [14, 30, 1], window: [5, 5], outputs: 6 }),
  'one channel to eight, rows at strides': {
    ...{ B: 2, image: [9, 21, 1], window: [4, 3], outputs: 8, strides: [2, 1], padding: [3, 1, 0, 5] },
  },
  'one channel to three, padding above the image': {
    ...{ B: 1, image: [2, 3, 1], window: [2, 5], outputs: 3, padding: [2, 9, 1, 8] },
  },
  'three channels, 3x3': same({ B: 3, image: [7, 9, 3], window: [3, 3], outputs: 17 }),
  'many channels': same({ B: 2, image: [5, 6, 30], window: [3, 3], outputs: 33 }),
  '1x1': { B: 2, image: [6, 5, 19], window: [1, 1], outputs: 20 },
  'no padding': { B: 2, image: [8, 7, 6], window: [5, 4], outputs: 16 },
  'strides of 2': same({ B: 3, image: [8, 9, 5], window: [3, 3], outputs: 12, strides: [2, 2] }),
  'strides above the window': { B: 2, image: [9, 10, 4], window: [2, 1], outputs: 5, strides: [3, 4] },
  'strides of 2 and 3, 5x5': same({ B: 1, image: [11, 13, 3], window: [5, 5], outputs: 9, strides: [2, 3] }),
  dilation: same({ B: 2, image: [9, 9, 4], window: [3, 3], outputs: 6, dilations: [2, 3] }),
  'dilation and strides': same({
    ...{ B: 2, image: [12, 11, 3], window: [3, 3], outputs: 8, strides: [2, 3], dilations: [2, 2] },
  }),
  'strides and dilation of 4 and 2': same({
    ...{ B: 1, image: [13, 9, 2], window: [3, 4], outputs: 5, strides: [4, 4], dilations: [2, 6] },
  }),
  'uneven padding': { B: 2, image: [5, 6, 3], window: [3, 3], outputs: 6, padding: [2, 0, 1, 3] },
  'padding above the window': { B: 1, image: [3, 2, 5], window: [2, 3], outputs: 6, padding: [4, 5, 3, 4] },
  groups: same({ B: 2, image: [6, 5, 12], window: [3, 3], outputs: 18, groups: 3 }),
  'groups, 1x1': { B: 2, image: [3, 4, 8], window: [1, 1], outputs: 4, groups: 4 },
  depthwise: same(depthwise({ B: 2, image: [7, 6, 13], window: [3, 3] })),
  'depthwise, many channels': same(depthwise({ B: 2, image: [5, 6, 36], window: [3, 3] })),
  'depthwise with strides': same(depthwise({ B: 1, image: [9, 9, 20], window: [3, 5], strides: [2, 1] })),
  'depthwise, two outputs a channel': same(depthwise({ B: 2, image: [4, 5, 6], window: [3, 3] }, 2)),
  'depthwise with dilation': depthwise({
    ...{ B: 1, image: [8, 9, 8], window: [3, 2], dilations: [2, 3], padding: [3, 0, 1, 2] },
  }),
  'an empty batch': same({ B: 0, image: [5, 6, 3], window: [3, 3], outputs: 4 }),
  'one dimension': { B: 2, image: [1, 20, 5], window: [1, 3], outputs: 6, padding: [0, 1, 0, 1] },
  'more than a block of k': same({ B: 1, image: [4, 5, 70], window: [3, 3], outputs: 20 }),
  'many pixels': same({ B: 8, image: [23, 23, 2], window: [3, 3], outputs: 5 }),
};

/** Channels by themselves, by windows of 3x3 unless told. */
const apart = (image: ConvCase['image'], rest: Partial<ConvCase> = {}): ConvCase =>
  same(depthwise({ B: 2, image, window: [3, 3], ...rest }));

/** Beyond those that golden hashes are kept of. */
export const moreShapes: Record<string, ConvCase> = {
  'one channel, strides across': { B: 2, image: [5, 9, 1], window: [2, 3], outputs: 4, strides: [1, 2] },
  'one channel, dilated across': { B: 2, image: [5, 9, 1], window: [2, 3], outputs: 4, dilations: [1, 2] },
  'one channel, windows of six': { B: 2, image: [5, 8, 1], window: [2, 3], outputs: 3 },
  'one channel, windows of seven, dilated down': {
    ...{ B: 1, image: [9, 7, 1], window: [7, 1], outputs: 2, padding: [1, 0, 2, 0], dilations: [2, 1] },
  },
  'one channel, rows that are long': same({ B: 1, image: [2, 235, 1], window: [2, 7], outputs: 5 }),
  'one channel, rows that are too long': same({ B: 1, image: [2, 280, 1], window: [2, 7], outputs: 5 }),
  'one channel, windows of seven rows': same({ B: 1, image: [8, 9, 1], window: [7, 2], outputs: 5 }),
  'rows of eleven pixels': same({ B: 2, image: [2, 11, 3], window: [3, 3], outputs: 2 }),
  'thirteen channels to thirteen': { B: 1, image: [4, 5, 13], window: [2, 2], outputs: 13 },
  'twelve channels to twelve': { B: 1, image: [4, 5, 12], window: [2, 2], outputs: 12 },
  'groups of one output, and of one channel': {
    ...{ B: 2, image: [3, 4, 2], window: [2, 2], outputs: 4, groups: 2 },
  },
  'groups of whole panels': { B: 1, image: [3, 4, 32], window: [2, 2], outputs: 32, groups: 2 },
  'groups of panels and one more': { B: 1, image: [3, 2, 34], window: [2, 2], outputs: 34, groups: 2 },
  'depthwise, a row of fours and three': apart([3, 9, 5]),
  'depthwise, a row of fours and three, 15 channels': apart([3, 9, 15]),
  'depthwise, strides of 2, a long row': apart([4, 19, 3], { strides: [2, 2] }),
  'depthwise, 5 wide, strides of 2 and 3': apart([4, 37, 2], { window: [2, 5], strides: [2, 3] }),
  'depthwise, windows that begin beyond the image': depthwise({
    ...{ B: 1, image: [2, 2, 3], window: [2, 2], padding: [3, 3, 3, 3], dilations: [2, 2] },
  }),
  'depthwise, windows larger than the image': depthwise({
    ...{ B: 2, image: [2, 2, 5], window: [7, 7], padding: [3, 3, 3, 3] },
  }),
  'depthwise, padding far above the window': depthwise({
    ...{ B: 1, image: [3, 4, 4], window: [1, 2], padding: [2, 4, 3, 5], strides: [1, 3] },
  }),
  'more outputs than a block of k': { B: 1, image: [4, 5, 2], window: [2, 2], outputs: 300 },
};
