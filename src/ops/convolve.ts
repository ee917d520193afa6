/**
 * Convolutions of images in two dimensions, as they are defined for networks: cross-correlations. Images are
 * [batch, height, width, channels] without gaps, weights [height, width, channels / groups, outputs]. Each
 * function checks its tensors once and returns a call to run as often as needed. The operations of the graph
 * stand in conv.ts.
 */
import { ShapeError } from '../base/errors.js';
import { CONV_DEPTHWISE, CONV_GATHERED, CONV_SCATTERED } from '../engine/geometry.js';
import { activationCodes, type FusedActivation } from '../engine/kernels.js';
import type { Signatures } from '../engine/signatures.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { type Call, checkDense, checkDisjoint, checkSameEngine, checkTensor } from './check.js';
import { geometryTensor } from './geometry.js';
import { windowsAlong } from './read.js';

export const signatures = {
  /**
   * The weight w [KH·KW·C/groups, O] as panels of columns, group after group, for `conv_forward`. Of each
   * group as `pack_b` leaves a matrix. `panels` has room for KH·KW·C/groups rows of O/groups columns, rounded
   * up to 16, for each group.
   */
  conv_pack: 'panels: out, w: in, ldw, geometry: in i32, wide',
  /**
   * y = f(bias + x ∗ w) for the pixels `from` to `to` of all of y [B, OH, OW, O]; x [B, H, W, C]; the bias
   * [O] may be absent. Each element is one sum over rows, columns and channels of the window in this order,
   * in blocks where it has more than 4160 terms.
   */
  conv_forward: `y: out, work: scratch, x: in, panels: in, bias: in, geometry: in i32, from, to, activation,
    wide; job`,
  /** As `conv_pack` for `conv_image_gradient`; room for C/groups columns, rounded up to 16, of KH·KW·O rows. */
  conv_pack_turned: 'panels: out, w: in, ldw, geometry: in i32, wide',
  /**
   * The transpose: of all of dx [B, H, W, C], pixels `from` to `to`, from dy [B, OH, OW, O]. dx = f(bias +
   * …), or … ⊙ f'(saved) with the activation's output `saved`, [B, H, W, C], if present. With strides, `from`
   * and `to` are at whole images. Sums over the window go backwards.
   */
  conv_image_gradient: `dx: out, work: scratch, saved: saved, dy: in, panels: in, bias: in,
    geometry: in i32, from, to, activation, wide; job`,
  /**
   * Rows `from` to `to` of dw [KH·KW·C/groups, O], from x [B, H, W, C] and dy [B, OH, OW, O]; and, with row
   * 0, dbias [O] = Σ dy over all pixels, which may be absent.
   */
  conv_weight_gradient: `dw: out, lddw, dbias: out, work: scratch, x: in, dy: in, geometry: in i32, B, from, to,
    wide; job`,
} satisfies Signatures;

/** Two numbers: of rows, and of columns. */
export type Pair = readonly [number, number];

export interface ConvAttributes {
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Rows above, columns to the left, rows below, columns to the right. */
  readonly padding: readonly [number, number, number, number];
  /** Channels fall into so many groups, each of which has outputs of its own. */
  readonly groups: number;
  readonly activation?: FusedActivation;
}

/** The sizes of a convolution. */
interface Convolution {
  readonly H: number;
  readonly W: number;
  readonly C: number;
  readonly OH: number;
  readonly OW: number;
  readonly O: number;
  readonly KH: number;
  readonly KW: number;
  readonly attributes: ConvAttributes;
}

/** Throws ShapeError for what is no convolution of images by a weight; `size`: where not that of x. */
export function geometryOf(
  where: string,
  image: readonly number[],
  weight: readonly number[],
  attributes: ConvAttributes,
): Convolution {
  const { strides, dilations, padding, groups } = attributes;
  const fail = (text: string): never => {
    throw new ShapeError(where, text);
  };
  if (image.length !== 3)
    fail(`expected images [height, width, channels], given [${image.join(', ')}] a row`);
  if (weight.length !== 4) {
    fail(`expected a weight [height, width, channels, outputs], given [${weight.join(', ')}]`);
  }
  const [H, W, C] = image;
  const [KH, KW, c, O] = weight;
  if (C % groups !== 0 || O % groups !== 0) {
    fail(`groups: expected a divisor of ${C} channels and ${O} outputs, given ${groups}`);
  }
  if (c !== C / groups) {
    fail(
      `expected a weight of ${C / groups} channels, given [${weight.join(', ')}] for ${C} in ${groups} groups`,
    );
  }
  const [top, left, bottom, right] = padding;
  const OH = windowsAlong(H, KH, strides[0], dilations[0], top + bottom);
  const OW = windowsAlong(W, KW, strides[1], dilations[1], left + right);
  if (OH < 1 || OW < 1) {
    const window = `${dilations[0] * (KH - 1) + 1} x ${dilations[1] * (KW - 1) + 1}`;
    fail(`a window of ${window} does not fit in ${H + top + bottom} x ${W + left + right}, padding counted`);
  }
  return { H, W, C, OH, OW, O, KH, KW, attributes };
}

/**
 * How the gradient of the image is made. It is scattered, not gathered, where tiles of its few channels, or
 * windows on pixels that are not there, would be work for nothing.
 */
function formOf({ H, W, C, OH, OW, O, KH, KW, attributes }: Convolution): number {
  const { strides, groups } = attributes;
  if (groups > 1 && groups === C && groups === O) return CONV_DEPTHWISE;
  const columns = (KH * KW * C) / groups;
  const gathered = (H * W * roundUp(C / groups) * KH * KW) / (strides[0] * strides[1]);
  const pays = columns <= MOST_SCATTERED && gathered > 1.5 * OH * OW * roundUp(columns);
  return pays ? CONV_SCATTERED : CONV_GATHERED;
}

/** Columns for which there is room beside the tiles. */
const MOST_SCATTERED = 2048;

/** To the columns of a tile. */
function roundUp(columns: number): number {
  return columns <= 4 ? 4 : Math.ceil(columns / 8) * 8;
}

/** Its words in memory. */
function wordsOf(arena: Arena, convolution: Convolution): Tensor {
  const { H: h, W: w, C: c, OH: oh, OW: ow, O: o, KH: kh, KW: kw, attributes } = convolution;
  const { groups, strides, dilations, padding } = attributes;
  const [[sh, sw], [dh, dw], [pt, pl]] = [strides, dilations, padding];
  const form = formOf(convolution);
  return geometryTensor(arena, { h, w, c, oh, ow, o, kh, kw, sh, sw, dh, dw, pt, pl, groups, form });
}

/** Weights as panels, by what they are packed from and for: what stands still is packed once. */
const kept = new WeakMap<Arena, Map<string, { readonly tensor: Tensor; version: number }>>();

/** A call that packs w, and where to. `stands`: only its version says that it has changed. */
function packing(
  arena: Arena,
  geometry: Convolution,
  w: Tensor,
  turned: boolean,
  stands: boolean,
): [panels: Tensor, pack: Call] {
  const { KH, KW, C, O, attributes } = geometry;
  const { groups } = attributes;
  const numbers = wordsOf(arena, geometry);
  const [K, N] = turned ? [KH * KW * (O / groups), C / groups] : [KH * KW * (C / groups), O / groups];
  const known = kept.get(arena) ?? new Map<string, { readonly tensor: Tensor; version: number }>();
  kept.set(arena, known);
  const key = `${turned} ${w.pointer} ${numbers.pointer}`;
  const size = groups * K * Math.ceil(N / 16) * 16;
  const state = known.get(key) ?? { tensor: arena.tensor('float', [size]), version: -1 };
  known.set(key, state);
  const { kernels, wide } = w.engine;
  const pack = turned ? kernels.conv_pack_turned : kernels.conv_pack;
  return [
    state.tensor,
    () => {
      const { version } = w;
      if (stands && version === state.version) return;
      pack(state.tensor.pointer, w.pointer, w.ld, numbers.pointer, wide);
      state.version = version;
    },
  ];
}

interface ConvArguments {
  /** Where what the call needs of memory lives. */
  arena: Arena;
  w: Tensor;
  attributes: ConvAttributes;
  bias?: Tensor | undefined;
  activation?: FusedActivation | undefined;
  /** Whether `version` says all of w's changes; it is packed at each call unless it does. */
  stands?: boolean;
}

/** y [B, OH, OW, O] = f(x [B, H, W, C] ∗ w [KH, KW, C / groups, O] + bias [O]). */
export function convolve(args: ConvArguments & { y: Tensor; x: Tensor }): Call {
  const { arena, y, x, w, bias, attributes, activation = 'identity', stands = false } = args;
  const where = 'convolve';
  const geometry = checkConvolution(where, { image: x, pixels: y, w, attributes });
  checkVector(where, bias, geometry.O, y);
  checkDisjoint(where, y, x, w, bias);
  const { kernels, work, wide } = y.engine;
  const numbers = wordsOf(arena, geometry);
  const [panels, pack] = packing(arena, geometry, w, false, stands);
  const pixels = x.shape[0] * geometry.OH * geometry.OW;
  const code = activationCodes[activation];
  const [py, px, pb, pp, pg] = [y, x, bias, panels, numbers].map(pointerOf);
  return () => {
    pack();
    kernels.conv_forward(py, work, px, pp, pb, pg, 0, pixels, code, wide);
  };
}

/**
 * The transpose of `convolve`: dx [B, H, W, C] of dy [B, OH, OW, O]; dx = f(… + bias [C]), or, where `saved`
 * [B, H, W, C] is given, … ⊙ f'(saved), without a bias.
 */
export function convolveTransposed(
  args: ConvArguments & { dx: Tensor; dy: Tensor } & (
      | { saved?: Tensor }
      | { saved: Tensor; bias?: undefined }
    ),
): Call {
  const { arena, dx, dy, w, bias, saved, attributes, activation = 'identity', stands = false } = args;
  const where = 'convolveTransposed';
  const geometry = checkConvolution(where, { image: dx, pixels: dy, w, attributes });
  checkVector(where, bias, geometry.C, dx);
  checkDisjoint(where, dx, dy, w, bias);
  if (saved) checkTensor(where, 'saved', saved, 'float', dx.shape);
  const { kernels, work, wide } = dx.engine;
  const numbers = wordsOf(arena, geometry);
  const [panels, pack] = packing(arena, geometry, w, true, stands);
  const pixels = dx.shape[0] * geometry.H * geometry.W;
  const code = activationCodes[activation];
  const [px, ps, py, pp, pb, pg] = [dx, saved, dy, panels, bias, numbers].map(pointerOf);
  return () => {
    pack();
    kernels.conv_image_gradient(px, work, ps, py, pp, pb, pg, 0, pixels, code, wide);
  };
}

/** dw [KH, KW, C / groups, O] and dbias [O], if present, of x [B, H, W, C] and dy [B, OH, OW, O]. */
export function convolutionWeightGradient(args: {
  arena: Arena;
  dw: Tensor;
  dbias?: Tensor | undefined;
  x: Tensor;
  dy: Tensor;
  attributes: ConvAttributes;
}): Call {
  const { arena, dw, dbias, x, dy, attributes } = args;
  const where = 'convolutionWeightGradient';
  const geometry = checkConvolution(where, { image: x, pixels: dy, w: dw, attributes });
  checkVector(where, dbias, geometry.O, x);
  checkDisjoint(where, dw, x, dy, dbias);
  const { kernels, work, wide } = dw.engine;
  const [pw, pb, px, py, pg] = [dw, dbias, x, dy, wordsOf(arena, geometry)].map(pointerOf);
  const [ld, B, K] = [dw.ld, x.shape[0], dw.size / dw.columns];
  return () => kernels.conv_weight_gradient(pw, ld, pb, work, px, py, pg, B, 0, K, wide);
}

/** The geometry of the image [B, H, W, C], the weight and the pixels [B, OH, OW, O]. Throws for what does not fit. */
function checkConvolution(
  where: string,
  args: { image: Tensor; pixels: Tensor; w: Tensor; attributes: ConvAttributes },
): Convolution {
  const { image, pixels, w, attributes } = args;
  const geometry = geometryOf(where, image.shape.slice(1), w.shape, attributes);
  const { H, W, C, OH, OW, O } = geometry;
  checkSameEngine(where, image, pixels, w);
  checkTensor(where, 'images', image, 'float', [undefined, H, W, C]);
  checkTensor(where, 'pixels', pixels, 'float', [image.shape[0], OH, OW, O]);
  checkDense(where, image, pixels);
  return geometry;
}

function checkVector(where: string, bias: Tensor | undefined, length: number, other: Tensor): void {
  if (!bias) return;
  checkSameEngine(where, bias, other);
  checkTensor(where, 'bias', bias, 'float', [length]);
}

/** 0 for what is absent. */
function pointerOf(tensor: Tensor | undefined): number {
  return tensor?.pointer ?? 0;
}
