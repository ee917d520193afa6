/**
 * Convolutions of images in two dimensions, as they are defined for networks: cross-correlations. Images are
 * [batch, height, width, channels] without gaps, weights [height, width, channels / groups, outputs]. Each
 * function checks its tensors once and returns a call to run as often as needed. The operations of the graph
 * stand in conv.ts.
 */
import { OptionError, ShapeError } from '../base/errors.js';
import { activationCodes, type FusedActivation } from '../engine/kernels.js';
import type { Signatures } from '../engine/signatures.js';
import type { Arena, Tensor } from '../engine/tensor.js';
import { type Call, checkDisjoint, checkSameEngine, checkTensor } from './check.js';

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

/** Where an operation's numbers are: what the kernels read, in this order. */
interface Geometry {
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

/** Places of a window along one axis. */
export function windowsAlong(
  length: number,
  size: number,
  stride: number,
  dilation: number,
  padding: number,
): number {
  return Math.floor((length + padding - dilation * (size - 1) - 1) / stride) + 1;
}

/** Throws ShapeError for what is no convolution of images by a weight; `size`: where not that of x. */
export function geometryOf(
  where: string,
  image: readonly number[],
  weight: readonly number[],
  attributes: ConvAttributes,
): Geometry {
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
 * Whether the gradient of the image is scattered, not gathered: where tiles of its few channels, or windows on
 * pixels that are not there, would be work for nothing. Measured at C = 6, 5x5, 16 outputs without padding.
 */
function isScattered({ H, W, C, OH, OW, O, KH, KW, attributes }: Geometry): boolean {
  const { strides, groups } = attributes;
  const [N, outputs] = [C / groups, O / groups];
  const depthwise = groups > 1 && N === 1 && outputs === 1;
  const columns = KH * KW * N;
  if (depthwise || columns > MOST_SCATTERED) return false;
  const gathered = (H * W * roundUp(N) * KH * KW) / (strides[0] * strides[1]);
  return gathered > 1.5 * OH * OW * roundUp(columns);
}

/** Columns for which there is room beside the tiles. */
const MOST_SCATTERED = 2048;

/** To the columns of a tile. */
function roundUp(columns: number): number {
  return columns <= 4 ? 4 : Math.ceil(columns / 8) * 8;
}

/** As the kernels read them: see assembly/conv/geometry.ts. */
function words(geometry: Geometry): number[] {
  const { H, W, C, OH, OW, O, KH, KW, attributes } = geometry;
  const { strides, dilations, padding, groups } = attributes;
  const [top, left] = padding;
  const scattered = Number(isScattered(geometry));
  return [...[H, W, C, OH, OW, O, KH, KW], ...strides, ...dilations, top, left, groups, scattered];
}

/** What convolutions of one arena share: their numbers in memory, and weights packed while they stand still. */
interface Kept {
  readonly geometries: Map<string, Tensor>;
  readonly panels: Map<string, { readonly tensor: Tensor; version: number }>;
}

const kept = new WeakMap<Arena, Kept>();

function keptOf(arena: Arena): Kept {
  let own = kept.get(arena);
  if (!own) {
    own = { geometries: new Map(), panels: new Map() };
    kept.set(arena, own);
  }
  return own;
}

function geometryTensor(arena: Arena, geometry: Geometry): Tensor {
  const { geometries } = keptOf(arena);
  const numbers = words(geometry);
  const key = numbers.join();
  let tensor = geometries.get(key);
  if (!tensor) {
    tensor = arena.tensor('i32', [numbers.length]).write(numbers);
    geometries.set(key, tensor);
  }
  return tensor;
}

/** A call that packs w, and where to. `stands`: only its version says that it has changed. */
function packing(
  arena: Arena,
  geometry: Geometry,
  w: Tensor,
  turned: boolean,
  stands: boolean,
): [panels: Tensor, pack: Call] {
  const { KH, KW, C, O, attributes } = geometry;
  const { groups } = attributes;
  const numbers = geometryTensor(arena, geometry);
  const [K, N] = turned ? [KH * KW * (O / groups), C / groups] : [KH * KW * (C / groups), O / groups];
  const { panels } = keptOf(arena);
  const key = `${turned} ${w.pointer} ${numbers.pointer}`;
  let own = panels.get(key);
  if (!own) {
    own = { tensor: arena.tensor('float', [groups * K * Math.ceil(N / 16) * 16]), version: -1 };
    panels.set(key, own);
  }
  const { kernels, wide } = w.engine;
  const state = own;
  const pack = turned ? kernels.conv_pack_turned : kernels.conv_pack;
  return [
    own.tensor,
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
  const geometry = checkImages(
    where,
    args,
    x,
    y,
    bias,
    geometryOf(where, x.shape.slice(1), w.shape, attributes),
  );
  const { kernels, work, wide } = y.engine;
  const numbers = geometryTensor(arena, geometry);
  const [panels, pack] = packing(arena, geometry, w, false, stands);
  const pixels = x.shape[0] * geometry.OH * geometry.OW;
  const code = activationCodes[activation];
  const [py, px, pb, pp, pg] = [y, x, bias, panels, numbers].map((tensor) => tensor?.pointer ?? 0);
  return () => {
    pack();
    kernels.conv_forward(py, work, px, pp, pb, pg, 0, pixels, code, wide);
  };
}

/**
 * The transpose of `convolve`: dx [B, H, W, C] of dy [B, OH, OW, O]; dx = f(… + bias [C]), or, where `saved`
 * [B, H, W, C] is given, … ⊙ f'(saved).
 */
export function convolveTransposed(
  args: ConvArguments & { dx: Tensor; dy: Tensor; saved?: Tensor | undefined },
): Call {
  const { arena, dx, dy, w, bias, saved, attributes, activation = 'identity', stands = false } = args;
  const where = 'convolveTransposed';
  const geometry = checkImages(
    where,
    args,
    dx,
    dy,
    bias,
    geometryOf(where, dx.shape.slice(1), w.shape, attributes),
    true,
  );
  if (saved) checkTensor(where, 'saved', saved, 'float', dx.shape);
  if (saved && bias) throw new OptionError(where, 'saved and bias exclude each other');
  const { kernels, work, wide } = dx.engine;
  const numbers = geometryTensor(arena, geometry);
  const [panels, pack] = packing(arena, geometry, w, true, stands);
  const pixels = dx.shape[0] * geometry.H * geometry.W;
  const code = activationCodes[activation];
  const [px, ps, py, pp, pb, pg] = [dx, saved, dy, panels, bias, numbers].map((own) => own?.pointer ?? 0);
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
  const geometry = geometryOf(where, x.shape.slice(1), dw.shape, attributes);
  checkImages(where, { w: dw }, x, dy, dbias, geometry);
  checkDisjoint(where, dw, x, dy, dbias);
  const { kernels, work, wide } = dw.engine;
  const numbers = geometryTensor(arena, geometry);
  const [B] = x.shape;
  const K = dw.size / dw.columns;
  return () =>
    kernels.conv_weight_gradient(
      ...([dw.pointer, dw.ld, dbias?.pointer ?? 0, work, x.pointer, dy.pointer, numbers.pointer] as const),
      ...([B, 0, K, wide] as const),
    );
}

/** Checks the image [B, H, W, C] and the pixels [B, OH, OW, O] of a convolution; `back`: from these to that. */
function checkImages(
  where: string,
  { w }: { w: Tensor },
  image: Tensor,
  pixels: Tensor,
  bias: Tensor | undefined,
  geometry: Geometry,
  back = false,
): Geometry {
  const { H, W, C, OH, OW, O } = geometry;
  checkSameEngine(where, image, pixels, w, bias);
  checkTensor(where, 'images', image, 'float', [undefined, H, W, C]);
  checkTensor(where, 'pixels', pixels, 'float', [image.shape[0], OH, OW, O]);
  if (bias) checkTensor(where, 'bias', bias, 'float', [back ? C : O]);
  for (const tensor of [image, pixels]) {
    if (tensor.ld !== tensor.columns) throw new ShapeError(where, `expected ${tensor} without gaps`);
  }
  const [to, from] = back ? [image, pixels] : [pixels, image];
  checkDisjoint(where, to, from, w, bias);
  return geometry;
}
