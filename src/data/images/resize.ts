/**
 * Pictures in another size: each pixel is the mean of those that lie under it, weighted by a triangle as wide
 * as the pixel is in the old picture, and no narrower than one of its own; so what shrinks is averaged and what
 * grows is interpolated linearly. Sums of products in a fixed order: the bytes are the same everywhere.
 */
import type { Fit } from '../../base/image-shape.js';
import type { Picture } from './picture.js';

/** A height and a width. */
export type ImageSize = readonly [height: number, width: number];

/** The picture in a size of `height` x `width`. */
export function resize(picture: Picture, [height, width]: ImageSize, fit: Fit): Picture {
  const { channels } = picture;
  if (picture.height === height && picture.width === width) return picture;
  const [down, across] = [picture.height / height, picture.width / width];
  // Old pixels to a new one, the same in both directions but where the picture is stretched.
  const step = fit === 'cover' ? Math.min(down, across) : Math.max(down, across);
  const [stepY, stepX] = fit === 'stretch' ? [down, across] : [step, step];
  const inner = fit === 'contain';
  const [ownHeight, ownWidth] = inner
    ? [fitted(picture.height, step, height), fitted(picture.width, step, width)]
    : [height, width];
  const columns = taps(picture.width, ownWidth, inner ? picture.width / ownWidth : stepX);
  const rows = taps(picture.height, ownHeight, inner ? picture.height / ownHeight : stepY);
  const narrow = new Float64Array(picture.height * ownWidth * channels);
  for (let y = 0, to = 0; y < picture.height; y++) {
    for (const { first, weights } of columns) {
      for (let c = 0; c < channels; c++, to++) {
        let at = (y * picture.width + first) * channels + c;
        for (let i = 0; i < weights.length; i++, at += channels)
          narrow[to] += weights[i] * picture.pixels[at];
      }
    }
  }
  const pixels = new Uint8Array(height * width * channels);
  const [top, left] = [Math.floor((height - ownHeight) / 2), Math.floor((width - ownWidth) / 2)];
  const line = ownWidth * channels;
  for (const [y, { first, weights }] of rows.entries()) {
    let to = ((top + y) * width + left) * channels;
    for (let x = 0; x < line; x++, to++) {
      let sum = 0;
      for (let i = 0, at = first * line + x; i < weights.length; i++, at += line)
        sum += weights[i] * narrow[at];
      pixels[to] = Math.max(0, Math.min(255, Math.floor(sum + 0.5)));
    }
  }
  return { height, width, channels, pixels };
}

/** New pixels of a side that is shown whole. */
function fitted(length: number, step: number, most: number): number {
  return Math.min(most, Math.max(1, Math.floor(length / step + 0.5)));
}

/** The old pixels that a new one is made of. */
interface Tap {
  readonly first: number;
  readonly weights: Float64Array;
}

/** For each of `count` new pixels, `step` old ones apart and about the middle of `length` of them. */
function taps(length: number, count: number, step: number): Tap[] {
  const reach = Math.max(1, step);
  const begin = (length - step * count) / 2;
  return Array.from({ length: count }, (_, i): Tap => {
    const centre = begin + (i + 0.5) * step;
    const first = Math.max(0, Math.floor(centre - reach));
    const last = Math.min(length - 1, Math.ceil(centre + reach) - 1);
    const weights = new Float64Array(last - first + 1);
    let total = 0;
    for (let k = 0; k < weights.length; k++) {
      weights[k] = Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / reach);
      total += weights[k];
    }
    for (let k = 0; k < weights.length; k++) weights[k] /= total;
    return { first, weights };
  });
}
