/**
 * Images of a data set, changed at random as they are copied into a batch. It works on the set's own memory and
 * the engine's: a step allocates nothing. Loaded only where images are augmented.
 */
import { isFloat32Array, isUint8Array } from '../../base/arrays.js';
import { OptionError, show } from '../../base/errors.js';
import { checkFinite } from '../../data/numbers.js';
import type { Dataset } from '../../data/set.js';
import type { Engine } from '../../engine/engine.js';
import type { Tensor } from '../../engine/tensor.js';
import type { InputPlan } from '../../nn/plan.js';
import { betaShare, drawBlock, realUpTo, place as upTo, wholeUpTo } from './draw.js';
import { Geometry, type Placing } from './geometry.js';
import type { AugmentConfig } from './options.js';

/** Blocks of random numbers: each image has all of them, whichever are used. */
const BLOCKS = { place: 0, crop: 1, look: 2, mix: 3 } as const;

/** Where images lie that are brought into an engine window by window, and which of the set's rows is at a place. */
interface Streamed {
  readonly values: Tensor;
  readonly row: (place: number) => number;
}

export class Augmenter {
  /** Counted from 0: what is drawn depends on it. */
  epoch = 0;
  readonly #config: Required<Omit<AugmentConfig, 'flip' | 'fill'>>;
  readonly #flip: AugmentConfig['flip'];
  readonly #seed: number;
  #inputs: Uint8Array | Float32Array;
  #streamed: Streamed | undefined;
  readonly #width: number;
  readonly #height: number;
  readonly #across: number;
  readonly #channels: number;
  /** What the range of values is, where there is one. */
  readonly #range: number | undefined;
  readonly #scale: number;
  readonly #offset: number;
  readonly #geometry: Geometry;
  readonly #placing: Placing = { right: 0, down: 0, flipX: false, flipY: false, angle: 0 };
  /** The image at hand. */
  readonly #image: Float32Array;

  /** Throws OptionError for a set that is not of images, and for changes larger than these. */
  constructor(where: string, set: Dataset, config: AugmentConfig, seed: number) {
    const { inputs, width, imageShape, scale, offset, name, inputsByName } = set;
    if (!imageShape || Object.keys(inputsByName ?? {}).length > 1) {
      const given = imageShape ? 'has several inputs' : 'is not of images: it has no imageShape';
      throw new OptionError(where, `option augment: ${show(name)} ${given}`);
    }
    const [height, across, channels = 1] = imageShape;
    const { shift = 0, crop = 0, rotate = 0, contrast = 0, brightness = 0, cutout = 0, mixup = 0 } = config;
    const least = Math.min(height, across);
    for (const [key, pixels] of Object.entries({ 'shift and crop': shift + crop, cutout })) {
      if (pixels === 0 || pixels < least) continue;
      const expected = `expected ${key} below ${least}, as the images are of ${height}x${across}`;
      throw new OptionError(where, `option augment: ${expected}, given ${pixels}`);
    }
    // The set may have changed since it was made.
    if (isFloat32Array(inputs)) checkFinite({ where, one: 'input' }, inputs, width);
    this.#config = { shift, crop, rotate, contrast, brightness, cutout, mixup };
    this.#flip = config.flip;
    this.#seed = seed;
    this.#inputs = inputs;
    [this.#width, this.#height, this.#across, this.#channels] = [width, height, across, channels];
    const bytes = isUint8Array(inputs);
    this.#range = bytes ? 255 : undefined;
    // As the kernel that gathers a batch has them.
    [this.#scale, this.#offset] = bytes ? [Math.fround(scale), Math.fround(offset)] : [1, 0];
    const edge = config.fill === 'edge';
    this.#geometry = new Geometry({ height, width: across, channels, reach: shift + crop, rotate, edge });
    this.#image = new Float32Array(width);
  }

  /** Images are from now on those of a set that streams; what is drawn depends on their rows all the same. */
  stream(streamed: Streamed): void {
    this.#streamed = streamed;
  }

  /** What brings the rows order[start …], changed, into an input, and `targets` mixed as they are. */
  bind(
    engine: Engine,
    input: InputPlan,
    targets: Tensor | undefined,
    order: Tensor,
  ): (start: number) => void {
    return (start) => {
      engine.settle();
      this.load(input.values, targets, order, start);
      input.loaded();
    };
  }

  /**
   * y = the rows order[start …], changed; and with mixup `targets`, which hold those of these rows already,
   * mixed as they are.
   */
  load(y: Tensor, targets: Tensor | undefined, order: Tensor, start: number): void {
    const out = y.elements() as Float32Array;
    const indices = order.elements();
    const { ld } = y;
    const rows = y.shape[0];
    // The engine's memory may have moved since.
    if (this.#streamed) this.#inputs = this.#streamed.values.elements() as Float32Array;
    for (let row = 0; row < rows; row++) {
      this.#draw(indices[start + row]);
      out.set(this.#image, row * ld);
    }
    if (this.#config.mixup > 0) this.#mix(y, targets, indices, start);
    y.changed();
  }

  /** The image in its place, changed. */
  #draw(place: number): void {
    const index = this.#rowAt(place);
    const { shift, crop, rotate, contrast, brightness, cutout } = this.#config;
    const placing = this.#placing;
    const seed = this.#seed;
    const epoch = this.epoch;
    const moves = drawBlock(seed, epoch, index, BLOCKS.place);
    placing.right = wholeUpTo(shift, moves[0]);
    placing.down = wholeUpTo(shift, moves[1]);
    placing.flipX = (this.#flip === 'horizontal' || this.#flip === 'both') && (moves[2] & 1) === 1;
    placing.flipY = (this.#flip === 'vertical' || this.#flip === 'both') && (moves[2] & 2) === 2;
    placing.angle = realUpTo(rotate, moves[3]);
    let cutY = 0;
    let cutX = 0;
    if (crop > 0 || cutout > 0) {
      const crops = drawBlock(seed, epoch, index, BLOCKS.crop);
      placing.right += wholeUpTo(crop, crops[0]);
      placing.down += wholeUpTo(crop, crops[1]);
      cutY = upTo(this.#height, crops[2]);
      cutX = upTo(this.#across, crops[3]);
    }
    this.#geometry.place(this.#image, this.#inputs, place * this.#width, placing);
    if (contrast > 0 || brightness > 0) {
      const looks = drawBlock(seed, epoch, index, BLOCKS.look);
      this.#look(1 + realUpTo(contrast, looks[0]), realUpTo(brightness, looks[1]) * (this.#range ?? 1));
    }
    if (cutout > 0) this.#cover(cutY, cutX, cutout);
    if (this.#range !== undefined) this.#scaleAll();
  }

  #rowAt(place: number): number {
    return this.#streamed?.row(place) ?? place;
  }

  /** Values further from their mean, or nearer, and brighter or darker; bytes stay within their range. */
  #look(factor: number, term: number): void {
    const image = this.#image;
    let sum = 0;
    for (let i = 0; i < image.length; i++) sum += image[i];
    const mean = sum / image.length;
    for (let i = 0; i < image.length; i++) image[i] = mean + (image[i] - mean) * factor + term;
    const range = this.#range;
    if (range === undefined) return;
    for (let i = 0; i < image.length; i++) {
      const value = image[i];
      image[i] = value < 0 ? 0 : Math.min(value, range);
    }
  }

  /** Zeros in a square about this pixel, as far as it lies within the image. */
  #cover(middleY: number, middleX: number, side: number): void {
    const top = middleY - (side >> 1);
    const left = middleX - (side >> 1);
    const first = Math.max(0, left) * this.#channels;
    const last = Math.min(this.#across, left + side) * this.#channels;
    const line = this.#across * this.#channels;
    for (let y = Math.max(0, top); y < Math.min(this.#height, top + side); y++) {
      for (let x = first; x < last; x++) this.#image[y * line + x] = 0;
    }
  }

  #scaleAll(): void {
    const image = this.#image;
    const scale = this.#scale;
    const offset = this.#offset;
    for (let i = 0; i < image.length; i++) image[i] = Math.fround(image[i] * scale) + offset;
  }

  /**
   * Row i is mixed with row i from the end: each keeps the larger share of its own. The row in the middle of an
   * odd number stays as it is.
   */
  #mix(y: Tensor, targets: Tensor | undefined, indices: ArrayLike<number>, start: number): void {
    const rows = y.shape[0];
    for (let row = 0; row < rows >> 1; row++) {
      const index = this.#rowAt(indices[start + row]);
      const share = betaShare(this.#config.mixup, this.#seed, this.epoch, index, BLOCKS.mix);
      mixRows(y, row, rows - 1 - row, share);
      if (targets) mixRows(targets, row, rows - 1 - row, share);
    }
    targets?.changed();
  }
}

function mixRows(tensor: Tensor, one: number, other: number, share: number): void {
  const values = tensor.elements();
  const { columns, ld } = tensor;
  const rest = 1 - share;
  let a = one * ld;
  let b = other * ld;
  for (const end = a + columns; a < end; a++, b++) {
    const first = values[a];
    const second = values[b];
    // As float32 in engines of float64 too.
    values[a] = Math.fround(share * first + rest * second);
    values[b] = Math.fround(share * second + rest * first);
  }
}
