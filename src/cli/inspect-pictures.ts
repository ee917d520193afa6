/**
 * Pictures side by side in a terminal: images as they are, weights from the most negative, dark, to the most
 * positive, light.
 */
import type { Pictures } from '../inspect/types.js';
import { drawImage } from './image.js';
import { columnsOf, type Output } from './output.js';

/** Rows of pictures at most; each takes half as many lines as it has pixels. */
const MAX_ROWS = 40;

/** Lines of text; `wanted` pictures, by default as many as stand in one row. */
export function drawPictures(pictures: Pictures, wanted: number | undefined, out: Output): string[] {
  const room = columnsOf(out.human);
  // A picture that is wider than the terminal is shrunk by a whole factor.
  const factor = Math.ceil(pictures.width / room);
  const width = Math.ceil(pictures.width / factor);
  const height = Math.ceil(pictures.height / factor);
  const perRow = Math.max(1, Math.floor((room + 1) / (width + 1)));
  const count = Math.min(wanted ?? perRow, pictures.count, perRow * MAX_ROWS);
  const lines: string[] = [];
  for (let first = 0; first < count; first += perRow) {
    if (first > 0) lines.push('');
    const own = Array.from({ length: Math.min(perRow, count - first) }, (_, i) =>
      shrink(pictures, first + i, factor),
    );
    const total = own.length * (width + 1) - 1;
    const whole = new Uint8Array(height * total);
    for (const [i, picture] of own.entries()) {
      const pixels = toBytes(picture);
      for (let y = 0; y < height; y++) {
        whole.set(pixels.subarray(y * width, (y + 1) * width), y * total + i * (width + 1));
      }
    }
    lines.push(...drawImage(whole, [height, total], undefined, out));
  }
  return lines;
}

/** Means of blocks of factor x factor pixels. */
function shrink(pictures: Pictures, index: number, factor: number): number[] {
  const height = Math.ceil(pictures.height / factor);
  const width = Math.ceil(pictures.width / factor);
  return Array.from({ length: height * width }, (_, i) => {
    const [top, left] = [Math.floor(i / width) * factor, (i % width) * factor];
    let [sum, size] = [0, 0];
    for (let y = top; y < Math.min(top + factor, pictures.height); y++) {
      for (let x = left; x < Math.min(left + factor, pictures.width); x++) {
        sum += pictures.at(index, y * pictures.width + x);
        size++;
      }
    }
    return sum / size;
  });
}

/** Each picture over its own range; where values have both signs, 0 is the middle grey. */
function toBytes(values: readonly number[]): Uint8Array {
  let [low, high] = [0, 0];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const bound = low < 0 ? Math.max(-low, high) : 0;
  const [from, range] = low < 0 ? [-bound, 2 * bound] : [0, high];
  return Uint8Array.from(values, (value) => (range > 0 ? Math.round(((value - from) / range) * 255) : 0));
}
