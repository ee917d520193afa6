/** Numbers as small pictures. */
import { type Html, html } from './escape.js';
import { pngDataUri } from './png.js';

/** Numbers [height, width, channels], row-major, with one channel or three. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly values: ArrayLike<number>;
}

/**
 * How numbers become light: `own` from 0 to the largest, or with 0 in the middle where some are negative;
 * `signed` with 0 in the middle always; `bytes` as they are.
 */
export type Range = 'own' | 'signed' | 'bytes';

/** Bytes from 0 to 255. */
export function toBytes(values: ArrayLike<number>, range: Range): Uint8Array {
  if (range === 'bytes') return Uint8Array.from(values, Math.round);
  let [low, high] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  const isSigned = range === 'signed' || low < 0;
  const bound = Math.max(-low, high);
  const scale = bound > 0 ? (isSigned ? 127.5 : 255) / bound : 0;
  return Uint8Array.from(values, (value) => Math.round(value * scale + (isSigned ? 127.5 : 0)));
}

/** A picture of at most `side` pixels a side: means of squares, where it has more. */
export function shrunk(picture: Picture, side: number): Picture {
  return reduced(picture, Math.ceil(Math.max(picture.height, picture.width) / side));
}

/** The means of squares of factor x factor pixels. */
export function reduced(picture: Picture, factor: number): Picture {
  if (factor === 1) return picture;
  const { height, width, channels, values } = picture;
  const [rows, columns] = [height, width].map((length) => Math.ceil(length / factor));
  const sums = new Float64Array(rows * columns * channels);
  const counts = new Float64Array(sums.length);
  for (let i = 0; i < height * width * channels; i++) {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    const [y, x] = [Math.floor(pixel / width), pixel % width].map((place) => Math.floor(place / factor));
    const to = (y * columns + x) * channels + channel;
    sums[to] += values[i];
    counts[to]++;
  }
  return { height: rows, width: columns, channels, values: sums.map((sum, i) => sum / counts[i]) };
}

/** The picture as an image element, larger ones made smaller. */
export function tile(picture: Picture, words: string, range: Range = 'own', side = 64): Html {
  const { height, width, channels, values } = shrunk(picture, side);
  const uri = pngDataUri(toBytes(values, range), height, width, channels);
  return html`<img src="${uri}" width="${width}" height="${height}" alt="${words}">`;
}

/** Channels of maps [height, width, channels] by the mean size of what they answer, the largest first. */
export function strongestChannels(values: ArrayLike<number>, channels: number): number[] {
  const sizes = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) sizes[i % channels] += Math.abs(values[i]);
  return Array.from(sizes.keys()).sort((a, b) => sizes[b] - sizes[a] || a - b);
}
