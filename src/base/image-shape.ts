/** What shape images have, wherever they come from or go to, and how pictures are brought to it. */

/** Of images with one channel, which are grey, the channels are left out. */
export type ImageShape = readonly [height: number, width: number, channels?: number];

/**
 * How a picture of other proportions comes to its size. `cover`: it fills it, and what stands over at both
 * ends is cut off; `contain`: all of it is shown, and what remains is black; `stretch`: it is deformed.
 */
export const fits = ['cover', 'contain', 'stretch'] as const;
/** One of the ways in which a picture comes to another size. */
export type Fit = (typeof fits)[number];

/** Whether it is a whole number of at least 1. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

/** Whether it is [height, width] or [height, width, channels]. */
export function isImageShape(value: unknown): value is ImageShape {
  return Array.isArray(value) && (value.length === 2 || value.length === 3) && value.every(isCount);
}
