/** Draws an image in a terminal: a character holds two pixels, one above the other. */
import type { ImageShape } from '../base/image-shape.js';
import type { Output } from './output.js';

/** By whether the upper and the lower pixel are lit. */
const BLOCKS = [' ', '▄', '▀', '█'];

/**
 * Lines of text. With colours the image's own, or of a grey one the 24 greys of the terminal's palette; without,
 * what is brighter than half. Of the two shapes the first that is known counts; without any, or where pixels are
 * neither grey nor of three colours, nothing is drawn.
 */
export function drawImage(
  pixels: Uint8Array,
  own: ImageShape | undefined,
  other: ImageShape | undefined,
  { colour }: Output,
): string[] {
  const [height, width, channels = 1] = own ?? other ?? [0, 0];
  if (channels !== 1 && channels !== 3) return [];
  const black = new Uint8Array(channels);
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = '';
    for (let x = 0; x < width; x++) {
      const at = (row: number) =>
        pixels.subarray((row * width + x) * channels, (row * width + x + 1) * channels);
      const [upper, lower] = [at(y), y + 1 < height ? at(y + 1) : black];
      line += colour
        ? `\x1b[38;${colourOf(upper)}m\x1b[48;${colourOf(lower)}m▀`
        : BLOCKS[2 * Number(isLit(upper)) + Number(isLit(lower))];
    }
    lines.push(colour ? `${line}\x1b[0m` : line.trimEnd());
  }
  return lines;
}

/** Of the terminal's palette, in which greys are the numbers 232 to 255, or as red, green and blue. */
function colourOf(pixel: Uint8Array): string {
  return pixel.length === 1 ? `5;${232 + Math.round((pixel[0] * 23) / 255)}` : `2;${pixel.join(';')}`;
}

function isLit(pixel: Uint8Array): boolean {
  return pixel.reduce((sum, value) => sum + value, 0) > 127 * pixel.length;
}
