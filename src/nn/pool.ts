/**
 * Layers that make images [height, width, channels] smaller or larger and have no parameters. Each is called
 * on values as well: `maxPool2d(2)(x)`.
 */
import { OptionError } from '../base/errors.js';
import { OptionReader } from '../base/options.js';
import { max, mean } from '../graph/functions.js';
import { applyOne, placeOf, type Value } from '../graph/value.js';
import { type PaddingOption, type PairOption, readPair, resolveWindow } from '../graph/windows.js';
import type { Operation } from '../ops/operation.js';
import { type AvgPoolAttributes, avgPool2d as avgPool, maxPool2d as maxPool } from '../ops/pool.js';
import { checkImages } from '../ops/resample.js';
import { upsample2d } from '../ops/upsample.js';
import { defineLayer, type Layer } from './layer.js';
import { readWindowOptions } from './window-options.js';

/** How a window moves over images. */
export interface MaxPoolOptions {
  /** Pixels from one place of the window to the next, or [vertical, horizontal]; the window's size by default. */
  stride?: PairOption;
  /**
   * Rows and columns around the image that belong to no maximum: `valid` (none, the default), `same` (as many
   * as make the output ⌈input / stride⌉), a number, [vertical, horizontal] or [top, left, bottom, right].
   */
  padding?: PaddingOption;
  /** Distance of pixels within the window; 1 by default. */
  dilation?: PairOption;
  /** Whether a last window that reaches beyond the padding counts too; false by default. */
  ceilMode?: boolean;
}

/** How a window moves over images, and what a mean is of. */
export interface AvgPoolOptions extends MaxPoolOptions {
  /** Whether pixels of the padding count, as zeros; false by default. PyTorch's default is true. */
  countIncludePad?: boolean;
}

/**
 * The largest of each window of `size` pixels, or [height, width], in each channel: [rows, height, width,
 * channels] becomes [rows, height', width', channels], height' = ⌊(height + padding - size) / stride⌋ + 1. Of
 * several that are equal the first has the gradient; NaN is larger than any number.
 *
 * Throws OptionError for sizes and options that are none; and, when called, ShapeError for what is no image,
 * for a window that is larger than the padded image, and for one that lies within the padding.
 */
export function maxPool2d(size: PairOption, options?: MaxPoolOptions): Layer {
  return pool(maxPool, size, options);
}

/** The mean of each window; as `maxPool2d` otherwise. */
export function avgPool2d(size: PairOption, options?: AvgPoolOptions): Layer {
  return pool(avgPool, size, options, ['ceilMode', 'countIncludePad']);
}

/** The layer of an operation, of which it has the name, with those flags that are set. */
function pool(
  operation: Operation<AvgPoolAttributes>,
  size: PairOption,
  options: AvgPoolOptions | undefined,
  known: readonly ('ceilMode' | 'countIncludePad')[] = ['ceilMode'],
): Layer {
  const { name } = operation;
  const reader = new OptionReader(name, options);
  const window = readWindowOptions(name, size, reader, size);
  const set = known.filter((flag) => reader.boolean(flag, false));
  const flags = Object.fromEntries(set.map((flag) => [flag, true]));
  reader.end();
  return defineLayer(name, { ...window, ...flags }, (x) => {
    const where = placeOf(name);
    const { output, ...moves } = resolveWindow(where, window, checkImages(where, x.shape));
    return applyOne(operation, [x], { ...moves, ...flags });
  });
}

/** The mean of each channel: [rows, height, width, channels] becomes [rows, channels]. */
export function globalAvgPool(): Layer {
  return defineLayer('globalAvgPool', {}, (x) => mean(images('globalAvgPool', x), { axis: [1, 2] }));
}

/** The largest of each channel; several that are equal share the gradient. */
export function globalMaxPool(): Layer {
  return defineLayer('globalMaxPool', {}, (x) => max(images('globalMaxPool', x), { axis: [1, 2] }));
}

function images(kind: string, x: Value): Value {
  checkImages(placeOf(kind), x.shape);
  return x;
}

/** How large images become, by one of the two, and how. */
export interface UpsampleOptions {
  /** Whole numbers by which height and width are multiplied, one for both or [vertical, horizontal]. */
  scale?: PairOption;
  /** Or the height and width that images have afterwards; they may be smaller than before. */
  size?: PairOption;
  /**
   * `nearest` (the default) repeats pixels, `bilinear` weighs the nearest four; pixels lie where PyTorch's
   * nearest-exact, and its bilinear with align_corners=False, have them.
   */
  mode?: 'nearest' | 'bilinear';
}

/**
 * Images [height, width, channels] at another size. Throws OptionError unless there is a `scale` or a `size`
 * of whole numbers; and, when called, ShapeError for what is no image.
 */
export function upsample(options: UpsampleOptions): Layer {
  const kind = 'upsample';
  const reader = new OptionReader(kind, options);
  const [scale, size] = [reader.any('scale'), reader.any('size')];
  const mode = reader.oneOf('mode', ['nearest', 'bilinear'], 'nearest');
  reader.end();
  if ((scale === undefined) === (size === undefined)) {
    throw new OptionError(
      kind,
      `expected either scale or size, given ${scale === undefined ? 'none' : 'both'}`,
    );
  }
  const name = scale === undefined ? 'size' : 'scale';
  const pair = readPair(kind, name, scale === undefined ? size : scale);
  return defineLayer(kind, { [name]: pair, mode }, (x) => {
    const where = placeOf(kind);
    const from = checkImages(where, x.shape);
    const to = scale === undefined ? pair : pair.map((factor, i) => factor * from[i]);
    return applyOne(upsample2d, [x], { size: readPair(where, 'size', to), mode });
  });
}
