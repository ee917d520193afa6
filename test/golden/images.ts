/** Golden cases of convolutions, of pools, and of images that are resampled. */
import type { Kernels } from '../../src/engine/kernels.js';
import { type ConvCase, same, shapes, sizesOf } from '../kernels/conv-shapes.js';
import { type Arguments, type Call, type GoldenCase, room } from './case.js';
import { reals, seedOf, specials, wholes } from './values.js';

interface Convolved extends ConvCase {
  readonly special?: boolean;
  readonly scale?: number;
}

const convolutions: Readonly<Record<string, Convolved>> = {
  ...shapes,
  scattered: same({ B: 2, image: [9, 8, 3], window: [3, 3], outputs: 8, scattered: true }),
  'cut for threads': same({ B: 3, image: [14, 15, 9], window: [3, 3], outputs: 20 }),
  'a long sum': same({ B: 1, image: [3, 3, 480], window: [3, 3], outputs: 5 }),
  special: same({ B: 2, image: [11, 12, 5], window: [3, 3], outputs: 7, special: true } as Convolved),
  'special, depthwise': same({
    ...{ B: 2, image: [11, 12, 5], window: [3, 3], outputs: 5, groups: 5, special: true },
  } as Convolved),
  denormal: same({ B: 1, image: [6, 7, 5], window: [3, 3], outputs: 9, scale: 2 ** -70 } as Convolved),
};

/** Far enough apart that windows without any remain. */
function withSpecials(values: Float32Array): Float32Array {
  for (const [i, special] of specials.entries()) {
    if (47 * i + 3 < values.length) values[47 * i + 3] = special;
  }
  return values;
}

const convolved: GoldenCase[] = Object.entries(convolutions).flatMap(([shape, own]) =>
  [0, 1].flatMap((wide): GoldenCase[] => {
    const seed = seedOf(shape);
    const { B, groups = 1, scale = 1, special = false } = own;
    const { H, W, C, KH, KW, O, OH, OW, c, words: geometry } = sizesOf(own);
    const [pixels, K] = [B * OH * OW, KH * KW * c];
    const make = (n: number, own: number) => (special ? withSpecials(reals(n, own)) : reals(n, own, scale));
    const [x, dy] = [make(B * H * W * C, seed), make(pixels * O, seed + 100)];
    const w = reals(K * O, seed + 200, scale);
    const activation = seed % 4;
    const panels = (rows: number, columns: number) => room(groups * rows * Math.ceil(columns / 16) * 16);
    const pack: Arguments = { panels: panels(K, O / groups), w, ldw: O, geometry, wide };
    const turn: Arguments = { ...pack, panels: panels(KH * KW * (O / groups), C / groups) };
    const after = (kernel: keyof Kernels, before: Call, args: Arguments): GoldenCase => ({
      ...{ kernel, shape, before: [before] },
      args: { ...args, panels: 'panels', geometry: 'geometry', wide },
    });
    const apart = `${shape}, ${wide ? 'wide' : 'narrow'}`;
    const image = { dx: room(x.length), dy, from: 0, to: B * H * W };
    const turning: Call = { kernel: 'conv_pack_turned', args: turn };
    return [
      { kernel: 'conv_pack', shape: apart, args: pack },
      { kernel: 'conv_pack_turned', shape: apart, args: turn },
      after(
        'conv_forward',
        { kernel: 'conv_pack', args: pack },
        {
          ...{ y: room(pixels * O), x, bias: reals(O, seed + 300), from: 0, to: pixels, activation },
        },
      ),
      after('conv_image_gradient', turning, { ...image, bias: reals(C, seed + 400), activation }),
      {
        ...after('conv_image_gradient', turning, {
          ...{ ...image, saved: reals(x.length, seed + 500), activation },
        }),
        shape: `${shape}, at a saved output`,
      },
      {
        kernel: 'conv_weight_gradient',
        shape,
        args: { dw: room(K * O), lddw: O, dbias: room(O), x, dy, geometry, B, from: 0, to: K, wide },
      },
    ];
  }),
);

interface Pooled {
  readonly M: number;
  readonly size: readonly [height: number, width: number, channels: number];
  readonly window: number;
  readonly stride: number;
  readonly padding?: number;
  readonly special?: boolean;
  readonly scale?: number;
}

const pools: Readonly<Record<string, Pooled>> = {
  'one element': { M: 1, size: [1, 1, 1], window: 1, stride: 1 },
  'part of a vector': { M: 1, size: [2, 2, 3], window: 2, stride: 2 },
  'pairs with a tail': { M: 2, size: [4, 6, 13], window: 2, stride: 2 },
  'pairs, four channels': { M: 3, size: [5, 7, 4], window: 2, stride: 2 },
  'pairs, sixteen channels': { M: 2, size: [4, 6, 16], window: 2, stride: 2 },
  'over the edge': { M: 2, size: [7, 6, 7], window: 3, stride: 2, padding: 1 },
  overlapping: { M: 2, size: [6, 5, 8], window: 3, stride: 1, padding: 1 },
  'more places than a byte has': { M: 1, size: [18, 19, 6], window: 17, stride: 1 },
  'cut for threads': { M: 11, size: [14, 14, 9], window: 2, stride: 2 },
  special: { M: 2, size: [12, 12, 5], window: 2, stride: 2, special: true },
  'special, overlapping': { M: 2, size: [12, 12, 5], window: 3, stride: 1, special: true },
  denormal: { M: 1, size: [4, 4, 5], window: 2, stride: 2, scale: 2 ** -130 },
};

const pooled: GoldenCase[] = Object.entries(pools).flatMap(([shape, own]): GoldenCase[] => {
  const seed = seedOf(shape);
  const { M, size, window, stride, padding = 0, special = false, scale = 2 } = own;
  const [h, w, c] = size;
  const along = (length: number) => Math.floor((length + 2 * padding - window) / stride) + 1;
  const [oh, ow] = [along(h), along(w)];
  const [ofX, N] = [h * w * c, oh * ow * c];
  const geometry = Int32Array.of(
    h,
    w,
    c,
    oh,
    ow,
    c,
    window,
    window,
    stride,
    stride,
    1,
    1,
    padding,
    padding,
    c,
    0,
  );
  const make = (n: number, own: number) => (special ? withSpecials(reals(n, own)) : reals(n, own, scale));
  // Numbers of four bytes: places are bytes where a window has no more pixels than a byte has numbers.
  const kept = oh * ow * Math.ceil(c / 4) * (window > 16 ? 4 : 1);
  const bytes = room(4 * M * kept);
  const forward = {
    y: room(M * N),
    ldy: N,
    argmax: bytes,
    ldargmax: kept,
    x: make(M * ofX, seed),
    ldx: ofX,
  };
  const dy = make(M * N, seed + 100);
  return [
    { kernel: 'max_pool_forward', shape, args: { ...forward, geometry, M, N } },
    {
      kernel: 'max_pool_backward',
      shape,
      before: [{ kernel: 'max_pool_forward', args: { ...forward, geometry, M, N } }],
      args: {
        dx: room(M * ofX),
        lddx: ofX,
        argmax: 'argmax',
        ldargmax: kept,
        dy,
        lddy: N,
        geometry: 'geometry',
        M,
        N,
      },
    },
  ];
});

/** Of each row and column of the result, how many of the image it is made of. */
const resamples: Readonly<
  Record<string, readonly [size: readonly number[], rows: number[], columns: number[]]>
> = {
  'one element': [[1, 1, 1, 1], [1], [1]],
  'part of a vector': [[1, 3, 4, 3], [1], [2]],
  'with a tail': [
    [2, 4, 5, 13],
    [0, 1, 2, 3],
    [2, 0, 5, 1],
  ],
  'four channels': [
    [2, 4, 3, 4],
    [2, 2],
    [2, 2, 2],
  ],
  'cut for threads': [[11, 8, 8, 9], Array(16).fill(2), Array(16).fill(2)],
  denormal: [
    [1, 4, 4, 5],
    [2, 3],
    [2, 1],
  ],
  special: [[2, 12, 12, 5], Array(12).fill(1), Array(6).fill(2)],
};

const resampled: GoldenCase[] = Object.entries(resamples).map(([shape, [size, rows, columns]]) => {
  const seed = seedOf(shape);
  const [M, H, W, C] = size;
  const ofX = H * W * C;
  const starts = [0];
  for (const count of [...rows, ...columns]) starts.push(starts.at(-1)! + count);
  const [down, right] = [rows, columns].map((list) => list.reduce((total, count) => total + count, 0));
  const places = [
    ...[...wholes(down, H, seed)].map((row) => row * W * C),
    ...[...wholes(right, W, seed + 9)].map((column) => column * C),
  ];
  const N = rows.length * columns.length * C;
  const x = reals(M * ofX, seed, shape === 'denormal' ? 2 ** -130 : 2);
  return {
    kernel: 'resample',
    shape,
    args: {
      ...{ y: room(M * N), ldy: N, x: shape === 'special' ? withSpecials(x) : x, ldx: ofX, M, N },
      table: Int32Array.of(rows.length, columns.length, C, ofX, ...starts, ...places),
      weights: reals(down + right, seed + 20),
    },
  };
});

export const imageCases: readonly GoldenCase[] = [...convolved, ...pooled, ...resampled];
