/**
 * Reads PNG by way of fast-png, which is loaded with the first file. The chunks are looked at here before: it
 * is given those that make the picture and no others, with checksums that are right and as many bytes behind
 * them as the picture needs. Node only.
 */
import { inflateSync } from 'node:zlib';
import { joined } from '../../base/arrays.js';
import { FormatError } from '../../base/errors.js';
import { systemCode } from '../../base/files/atomic.js';
import { crc32 } from '../../formats/crc.js';
import { checkExtent } from './limits.js';
import { type Picture, pictureOf } from './picture.js';

/** Length, name and checksum of a chunk. */
const FRAME = 12;

/** Chunks that a picture is made of; others say how it was made, or what it is called. */
const WANTED = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);

/** Samples of a pixel, by the type of colour; that of a palette is the number of a colour. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Where the pixels of each pass of an interlaced picture begin, and how far they are apart. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

/**
 * The picture of a PNG file: 16 bits are rounded to 8, what is transparent is laid on white, and a palette's
 * numbers become its colours.
 *
 * @throws FormatError for a file that is broken, cut off, animated, or larger than a picture may be.
 */
export async function readPng(bytes: Uint8Array, where: string): Promise<Picture> {
  const { kept, header } = readChunks(bytes, where);
  const { decode, convertIndexedToRgb } = await import('fast-png');
  try {
    const image = decode(kept);
    if (header.colour === 3) {
      const colours = convertIndexedToRgb(image);
      return pictureOf(header, colours, image.palette![0].length, 255);
    }
    const samples = header.depth < 8 ? unpack(image.data, header) : image.data;
    return pictureOf(header, samples, image.channels, 2 ** header.depth - 1, image.transparency);
  } catch (cause) {
    throw new FormatError(where, `the PNG file is broken: ${(cause as Error).message}`, { cause });
  }
}

/** Grey samples of fewer than 8 bits, each row of which begins with a byte of its own. */
function unpack(packed: ArrayLike<number>, { width, height, depth }: Header): Uint8Array {
  const samples = new Uint8Array(width * height);
  const perRow = Math.ceil((width * depth) / 8);
  for (let i = 0; i < samples.length; i++) {
    const bit = (i % width) * depth;
    const byte = packed[Math.floor(i / width) * perRow + (bit >> 3)];
    samples[i] = (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  }
  return samples;
}

/** The file with only what is wanted of it. */
function readChunks(bytes: Uint8Array, where: string): { kept: Uint8Array; header: Header } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  let header: Header | undefined;
  let palette = 0;
  let name = '';
  for (let at = 8; name !== 'IEND'; ) {
    const length = at + FRAME <= bytes.length ? view.getUint32(at) : 0;
    const end = at + FRAME + length;
    if (at + FRAME > bytes.length || end > bytes.length) {
      throw new FormatError(where, `the PNG file is cut off after ${bytes.length} bytes`);
    }
    name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (name === 'acTL') throw new FormatError(where, 'the PNG file is animated; expected one picture');
    if (!header && name !== 'IHDR') throw new FormatError(where, 'the PNG file has no header');
    if (WANTED.has(name)) {
      if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
        throw new FormatError(where, `the PNG file is broken: its chunk ${name} has another checksum`);
      }
      const content = bytes.subarray(at + 8, end - 4);
      if (name === 'IHDR') header = readHeader(content, where);
      if (name === 'PLTE') palette = content.length;
      if (name === 'IDAT') data.push(content);
      parts.push(bytes.subarray(at, end));
    }
    at = end;
  }
  if (header!.colour === 3 && palette === 0) {
    throw new FormatError(where, 'the PNG file is broken: it has no palette');
  }
  checkLength(data, header!, where);
  return { kept: joined(Uint8Array, parts), header: header! };
}

function readHeader(content: Uint8Array, where: string): Header {
  if (content.length !== 13) throw new FormatError(where, 'the PNG file has a broken header');
  const view = new DataView(content.buffer, content.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [, , , , , , , , depth, colour, , , interlace] = content;
  checkExtent(where, height, width);
  if (!(colour in SAMPLES)) throw new FormatError(where, `unknown PNG colour type ${colour}`);
  if (interlace === 1 && depth < 8) {
    const problem = `an interlaced PNG file of ${depth} bits a sample cannot be read; expected 8 or 16`;
    throw new FormatError(where, problem);
  }
  return { width, height, depth, colour, interlaced: interlace === 1 };
}

/** Throws FormatError unless there are just as many bytes as the picture needs. */
function checkLength(data: readonly Uint8Array[], header: Header, where: string): void {
  const { width, height, depth, colour, interlaced } = header;
  const passes = interlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  let needed = 0;
  for (const [x, y, acrossStep, downStep] of passes) {
    const across = Math.max(0, Math.ceil((width - x) / acrossStep));
    const down = Math.max(0, Math.ceil((height - y) / downStep));
    // Each row begins with its filter.
    if (across > 0) needed += down * (1 + Math.ceil((across * depth * SAMPLES[colour]) / 8));
  }
  let problem: string;
  try {
    const { length } = inflateSync(joined(Uint8Array, data), { maxOutputLength: needed });
    if (length === needed) return;
    problem = `expected ${needed} bytes of ${height}x${width} pixels, given ${length}`;
  } catch (cause) {
    problem =
      systemCode(cause) === 'ERR_BUFFER_TOO_LARGE'
        ? `it has more than the ${needed} bytes of ${height}x${width} pixels`
        : `its pixels cannot be decompressed: ${(cause as Error).message}`;
  }
  throw new FormatError(where, `the PNG file is broken: ${problem}`);
}
