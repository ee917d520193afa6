/** Draws a grey image in a terminal: a character holds two pixels, one above the other. */
import type { Output } from './output.js';

/** By whether the upper and the lower pixel are lit. */
const BLOCKS = [' ', '▄', '▀', '█'];

/**
 * Lines of text. With colours the 24 greys of the terminal's palette; without, what is brighter than half. Of
 * the two shapes the first that is known counts; without any, nothing is drawn.
 */
export function drawImage(
  pixels: Uint8Array,
  own: readonly [height: number, width: number] | undefined,
  other: readonly [height: number, width: number] | undefined,
  { colour }: Output,
): string[] {
  const [height, width] = own ?? other ?? [0, 0];
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = '';
    for (let x = 0; x < width; x++) {
      const upper = pixels[y * width + x];
      const lower = y + 1 < height ? pixels[(y + 1) * width + x] : 0;
      line += colour
        ? `\x1b[38;5;${grey(upper)}m\x1b[48;5;${grey(lower)}m▀`
        : BLOCKS[2 * Number(upper > 127) + Number(lower > 127)];
    }
    lines.push(colour ? `${line}\x1b[0m` : line.trimEnd());
  }
  return lines;
}

/** Greys are the palette's numbers 232 to 255. */
function grey(pixel: number): number {
  return 232 + Math.round((pixel * 23) / 255);
}
