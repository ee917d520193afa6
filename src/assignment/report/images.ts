/** Numbers as colours: PNGs whose opacity grows with the value, so that zero is the paper, light or dark. */
import { pngDataUri } from '../../report/png.js';

/**
 * Blue for negative, orange for positive: the hues of the charts, of a lightness that shows on both papers.
 */
const NEGATIVE = [46, 116, 208];
const POSITIVE = [222, 107, 24];

/**
 * Values between -1 and 1, row-major from the top, as a data URI. `most` is the opacity of the ends. Strong
 * values stand out as they should when `gamma` is 1; less lifts the weak ones.
 */
export function divergingPng(
  values: ArrayLike<number>,
  height: number,
  width: number,
  { most = 1, gamma = 1 }: { most?: number; gamma?: number } = {},
): string {
  const pixels = new Uint8Array(4 * values.length);
  for (let i = 0; i < values.length; i++) {
    const value = Math.max(-1, Math.min(1, values[i]));
    pixels.set(value < 0 ? NEGATIVE : POSITIVE, 4 * i);
    pixels[4 * i + 3] = Math.round(255 * most * Math.abs(value) ** gamma);
  }
  return pngDataUri(pixels, height, width, 4);
}
