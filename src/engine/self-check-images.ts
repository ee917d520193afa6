/** Calls of the kernels of images, for the comparison of two instances of one binary. */
import { CONV_DEPTHWISE, CONV_GATHERED, CONV_SCATTERED, GEOMETRY, type Geometry } from './geometry.js';
import type { Kernels } from './kernels.js';

/** Bytes of results and lists that the calls leave, at most. */
export const IMAGES = 512 * 1024;

/** Windows of 3 x 3 that move by one over an image of 6 x 7, which they keep at its size. */
const SAME: Geometry = {
  ...{ h: 6, w: 7, c: 13, oh: 6, ow: 7, o: 21, kh: 3, kw: 3, sh: 1, sw: 1, dh: 1, dw: 1, pt: 1, pl: 1 },
  ...{ groups: 1, form: CONV_GATHERED },
};
/** By two, for which the gradient of the image is made in phases. */
const STRIDED: Geometry = { ...SAME, oh: 3, ow: 4, o: 12, sh: 2, sw: 2 };
const CONVOLUTIONS: readonly Geometry[] = [
  SAME,
  STRIDED,
  { ...SAME, c: 1, o: 6 },
  { ...SAME, c: 3, form: CONV_SCATTERED },
  { ...SAME, c: 12, o: 20, groups: 4 },
  { ...SAME, o: 13, groups: 13, form: CONV_DEPTHWISE },
];
/** Windows of 2 x 2 have a loop of their own; those of 3 x 3 go over the edge here. */
const POOLS: readonly Geometry[] = [
  { ...SAME, oh: 3, ow: 3, o: 13, kh: 2, kw: 2, sh: 2, sw: 2, pt: 0, pl: 0 },
  { ...STRIDED, o: 13 },
];
/** What `resample` adds up: rows and columns of one, two and three pixels of 6 x 7 with 13 channels. */
const SAMPLES = [
  ...[3, 3, 13, 6 * 7 * 13, 0, 1, 3, 6, 7, 9, 12],
  ...[0, 2, 3, 1, 4, 5].map((row) => row * 7 * 13),
  ...[0, 2, 3, 1, 4, 5].map((column) => column * 13),
];

interface Places {
  /** Random floats, 8,192 in each. */
  readonly a: number;
  readonly b: number;
  /** Room for what is written. */
  readonly y: number;
  readonly work: number;
}

/** Calls them with two images, or one. */
export function callImages(kernels: Kernels, buffer: ArrayBufferLike, { a, b, y, work }: Places): void {
  let next = y;
  const room = (floats: number) => {
    next += 4 * floats;
    return next - 4 * floats;
  };
  const list = (words: readonly number[]) => {
    const at = room(words.length);
    new Int32Array(buffer, at, words.length).set(words);
    return at;
  };
  for (const geometry of POOLS) {
    const [x, pooled] = [geometry.h * geometry.w * geometry.c, geometry.oh * geometry.ow * geometry.c];
    const words = list(GEOMETRY.map((name) => geometry[name]));
    const [out, kept] = [room(pooled), room(pooled)];
    kernels.max_pool_forward(out, pooled, kept, pooled, a, x, words, 1, pooled);
    kernels.max_pool_backward(room(x), x, kept, pooled, a, pooled, words, 1, pooled);
  }
  kernels.resample(room(117), 117, a, SAMPLES[3], list(SAMPLES), a, 1, 117);
  for (const geometry of CONVOLUTIONS) {
    const { h, w, c, oh, ow, o, kh, kw, groups } = geometry;
    const rows = (kh * kw * c) / groups;
    const [pixels, made] = [2 * h * w, 2 * oh * ow];
    const words = list(GEOMETRY.map((name) => geometry[name]));
    const panels = room(kh * kw * 16 * (c + o) * 2);
    for (const wide of [0, 1]) {
      kernels.conv_pack(panels, b, o, words, wide);
      kernels.conv_forward(room(made * o), work, a, panels, b, words, 0, made, 1, wide);
      kernels.conv_pack_turned(panels, b, o, words, wide);
      kernels.conv_image_gradient(room(pixels * c), work, 0, a, panels, 0, words, 0, pixels, 0, wide);
      kernels.conv_weight_gradient(room(rows * o), o, room(o), work, a, b, words, 2, 0, rows, wide);
    }
  }
}
