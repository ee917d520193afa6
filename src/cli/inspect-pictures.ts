/**
 * Pictures side by side in a terminal: images as they are, weights from the most negative, dark, to the most
 * positive, light.
 */
import type { Pictures } from '../inspect/types.js';
import { type Picture, reduced, toBytes } from '../report/tiles.js';
import { drawImage } from './image.js';
import { columnsOf, type Output } from './output.js';

/** Rows of pictures at most; each takes half as many lines as it has pixels. */
const MAX_ROWS = 40;

/** Lower pictures, such as the filters of a convolution, are drawn with larger pixels. */
const LOW = 8;

/** Lines of text; `wanted` pictures, by default as many as stand in one row. */
export function drawPictures(pictures: Pictures, wanted: number | undefined, out: Output): string[] {
  const room = columnsOf(out.human);
  // A picture that is wider than the terminal is shrunk by a whole factor.
  const factor = Math.ceil(pictures.width / room);
  const zoom = zoomOf(pictures, room);
  const [height, width] = [pictures.height, pictures.width].map((size) => Math.ceil(size / factor) * zoom);
  const { channels = 1 } = pictures;
  const perRow = Math.max(1, Math.floor((room + 1) / (width + 1)));
  const count = Math.min(wanted ?? perRow, pictures.count, perRow * MAX_ROWS);
  const lines: string[] = [];
  for (let first = 0; first < count; first += perRow) {
    if (first > 0) lines.push('');
    const own = Array.from({ length: Math.min(perRow, count - first) }, (_, i) =>
      toBytes(reduced(pictureOf(pictures, first + i), factor).values, pictures.signed ? 'signed' : 'own'),
    );
    const total = own.length * (width + 1) - 1;
    const whole = new Uint8Array(height * total * channels);
    for (const [i, pixels] of own.entries()) {
      for (let at = 0; at < height * width; at++) {
        const [y, x] = [Math.floor(at / width), at % width];
        const from = (Math.floor(y / zoom) * (width / zoom) + Math.floor(x / zoom)) * channels;
        const to = (y * total + i * (width + 1) + x) * channels;
        whole.set(pixels.subarray(from, from + channels), to);
      }
    }
    const shape = channels === 3 ? ([height, total, 3] as const) : ([height, total] as const);
    lines.push(...drawImage(whole, shape, undefined, out));
  }
  return lines;
}

/** An even number of lines, where pictures are enlarged: a character holds two. */
function zoomOf({ height, width }: Pictures, room: number): number {
  const zoom = height < LOW / 2 ? 4 : height < LOW ? 2 : 1;
  return width * zoom > room ? 1 : zoom;
}

/** One of them, as numbers. */
function pictureOf({ height, width, channels = 1, at }: Pictures, index: number): Picture {
  const values = new Float64Array(height * width * channels);
  for (let i = 0; i < values.length; i++) values[i] = at(index, Math.floor(i / channels), i % channels);
  return { height, width, channels, values };
}
