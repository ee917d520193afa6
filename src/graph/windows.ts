/**
 * Windows that move over images, as convolution and pooling have them: options that are a number or a pair,
 * and padding by name, become the numbers that operations take.
 */
import { OptionError, ShapeError, show } from '../base/errors.js';
import { describeRange, inside, type NumberRange } from '../base/options.js';
import { MAX_LENGTH, windowsAlong } from '../ops/read.js';

/** One number for both directions, or [vertical, horizontal]. */
export type PairOption = number | readonly [vertical: number, horizontal: number];

/**
 * Rows and columns around an image: none (`valid`), as many as make the output ⌈input / stride⌉, the odd one
 * at the end (`same`, TensorFlow's rule), so many on every side, [vertical, horizontal], or [top, left,
 * bottom, right].
 */
export type PaddingOption =
  | 'same'
  | 'valid'
  | PairOption
  | readonly [top: number, left: number, bottom: number, right: number];

/** A window and how it moves. */
export interface WindowOptions {
  readonly size: PairOption;
  /** Pixels from one place of the window to the next; 1 by default. */
  readonly stride?: PairOption | undefined;
  /** Distance of pixels within the window; 1 by default. */
  readonly dilation?: PairOption | undefined;
  /** `valid` by default. */
  readonly padding?: PaddingOption | undefined;
}

type Pair = readonly [number, number];

/** The same in numbers, vertical ones first, for images of a known size. */
export interface ResolvedWindow {
  readonly size: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Top, left, bottom, right. */
  readonly padding: readonly [number, number, number, number];
  /** Places of the window: the height and width of the output. */
  readonly output: Pair;
}

/** A number or a pair, as a pair. `name` is the option's. Throws OptionError. */
export function readPair(where: string, name: string, given: unknown, range: NumberRange = { min: 1 }): Pair {
  const pair = Array.isArray(given) ? given : [given, given];
  return readNumbers(where, name, 'a number or [vertical, horizontal]', given, pair, [2], range) as never;
}

/**
 * What can be checked without an image: layers do when they are made. Padding by name stays a name. Throws
 * OptionError.
 */
export function readWindow(
  where: string,
  { size, stride = 1, dilation = 1, padding = 'valid' }: WindowOptions,
) {
  return {
    size: readPair(where, 'size', size),
    strides: readPair(where, 'stride', stride),
    dilations: readPair(where, 'dilation', dilation),
    padding: readPadding(where, padding),
  };
}

/** Throws OptionError for options that are none, ShapeError where the window is larger than the image. */
export function resolveWindow(where: string, options: WindowOptions, [height, width]: Pair): ResolvedWindow {
  const { size, strides, dilations, padding } = readWindow(where, options);
  const axes = [height, width].map((length, axis) => {
    const extent = (size[axis] - 1) * dilations[axis] + 1;
    const [before, after] =
      padding === 'same' ? same(length, extent, strides[axis]) : [padding[axis], padding[axis + 2]];
    const places = windowsAlong(length, size[axis], strides[axis], dilations[axis], before + after);
    return { extent, before, after, places };
  });
  const [v, h] = axes;
  if (v.places < 1 || h.places < 1) {
    const padded = axes.map(({ before, after }, axis) => [height, width][axis] + before + after);
    const extents = axes.map(({ extent }) => extent).join(' x ');
    const of = `an image of ${height} x ${width}, with its padding ${padded.join(' x ')}`;
    throw new ShapeError(where, `size: a window of ${extents} is larger than ${of}`);
  }
  return {
    ...{ size, strides, dilations },
    padding: [v.before, h.before, v.after, h.after],
    output: [v.places, h.places],
  };
}

function same(length: number, extent: number, stride: number): Pair {
  const all = Math.max((Math.ceil(length / stride) - 1) * stride + extent - length, 0);
  return [Math.floor(all / 2), Math.ceil(all / 2)];
}

function readPadding(where: string, given: unknown): 'same' | readonly [number, number, number, number] {
  if (given === 'same') return given;
  if (given === 'valid') return [0, 0, 0, 0];
  const expected = "'same', 'valid', a number, [vertical, horizontal] or [top, left, bottom, right]";
  const all = Array.isArray(given) ? given : [given, given];
  const numbers = readNumbers(where, 'padding', expected, given, all, [2, 4], { min: 0 });
  const [top, left, bottom = top, right = left] = numbers;
  return [top, left, bottom, right];
}

function readNumbers(
  where: string,
  name: string,
  expected: string,
  given: unknown,
  all: readonly unknown[],
  counts: readonly number[],
  range: NumberRange,
): readonly number[] {
  const limits = { ...range, max: MAX_LENGTH };
  // Not by a method, which would pass over holes.
  let fits = counts.includes(all.length);
  for (let i = 0; fits && i < all.length; i++) {
    const own = all[i];
    fits = typeof own === 'number' && Number.isInteger(own) && inside(own, limits);
  }
  if (fits) return [...(all as number[])];
  throw new OptionError(
    where,
    `${name}: expected ${expected}, whole numbers${describeRange(limits)}, given ${show(given)}`,
  );
}
