/**
 * Pixels, greyscale or in colour, as a PNG in a data URI. fflate compresses them, so it works in a browser as
 * well; rows are not filtered first. Not a general PNG encoder.
 */

import { zlibSync } from 'fflate';
import { joined } from '../base/arrays.js';
import { OptionError, ShapeError, show } from '../base/errors.js';
import type { Bytes } from '../base/globals.js';
import { crc32 } from '../formats/crc.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Grey, RGB, and RGB with opacity. */
const COLOUR_TYPES: Readonly<Record<Channels, number>> = { 1: 0, 3: 2, 4: 6 };

/** Values of a pixel: 1 for greyscale, 3 for red, green and blue, 4 for these and opacity. */
export type Channels = 1 | 3 | 4;

/** Encodes 8-bit pixels, row-major, as the bytes of a PNG file. */
export function encodePng(pixels: Uint8Array, height: number, width: number, channels: Channels = 1): Bytes {
  for (const [name, size] of [['height', height] as const, ['width', width] as const]) {
    if (!Number.isInteger(size) || size < 1) {
      throw new OptionError('encodePng', `${name} must be a positive integer, not ${show(size)}`);
    }
  }
  const stride = width * channels;
  if (pixels.length !== height * stride) {
    const given = `not ${pixels.length / channels}`;
    throw new ShapeError('encodePng', `expected ${height}x${width} pixels, ${given}`);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // bits a channel
  header[9] = COLOUR_TYPES[channels]; // the other fields are 0

  const rows = new Uint8Array(height * (stride + 1)); // each row starts with its filter: 0, none
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  }
  return joined(Uint8Array, [
    Uint8Array.from(SIGNATURE),
    chunk('IHDR', header),
    chunk('IDAT', zlibSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** The same as a `data:` URI, for an img element. */
export function pngDataUri(
  pixels: Uint8Array,
  height: number,
  width: number,
  channels: Channels = 1,
): string {
  const bytes = encodePng(pixels, height, width, channels);
  let binary = '';
  // In pieces, because a call's arguments live on the stack.
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return `data:image/png;base64,${btoa(binary)}`;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = joined(Uint8Array, [Uint8Array.from(type, (char) => char.charCodeAt(0)), data]);
  return joined(Uint8Array, [bigEndian(data.length), body, bigEndian(crc32(body))]);
}

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
