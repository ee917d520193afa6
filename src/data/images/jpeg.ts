/**
 * Reads JPEG by way of jpeg-js, which is loaded with the first file. The segments are looked at here before:
 * that the file is whole, how many pixels and colours there are, and which way up it is. Node only.
 */
import { FormatError } from '../../base/errors.js';
import { checkExtent } from './limits.js';
import { type Picture, pictureOf, upright } from './picture.js';

/**
 * Pixels for which a byte can stand: two bits say that a block of 64 is like the one before it, and larger
 * sampling factors make four such blocks of it at most.
 */
const PIXELS_PER_BYTE = 1024;
/** Passes over the picture: a progressive file has about ten. */
const MAX_SCANS = 100;

/** What the segments say. */
interface Head {
  readonly height: number;
  readonly width: number;
  readonly components: number;
  /** As Exif has it, 1 for upright. */
  readonly orientation: number;
}

/**
 * The picture of a JPEG file, turned as its Exif says.
 *
 * @throws FormatError for a file that is broken, cut off, larger than a picture may be, or of a kind that
 *   jpeg-js does not read: lossless, arithmetic, of more than 8 bits, or of four colours (CMYK).
 */
export async function readJpeg(bytes: Uint8Array, where: string): Promise<Picture> {
  const head = readHead(bytes, where);
  const { height, width, orientation } = head;
  const { decode } = (await import('jpeg-js')).default;
  try {
    const image = decode(bytes, {
      ...{ useTArray: true, formatAsRGBA: false, tolerantDecoding: false },
      ...{ maxResolutionInMP: 100, maxMemoryUsageInMB: 2048 },
    });
    if (image.height !== height || image.width !== width) throw new Error('its size is said twice');
    return upright(pictureOf(head, image.data, 3, 255), orientation);
  } catch (cause) {
    throw new FormatError(where, `the JPEG file is broken: ${(cause as Error).message}`, { cause });
  }
}

/** Walks the segments up to the end of the image. */
function readHead(bytes: Uint8Array, where: string): Head {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fail = (problem: string): never => {
    throw new FormatError(where, problem);
  };
  let frame: Omit<Head, 'orientation'> | undefined;
  let orientation = 1;
  let scans = 0;
  for (let at = 2; ; ) {
    // Any number of 0xff may stand before a marker.
    while (at + 1 < bytes.length && bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    if (at + 1 >= bytes.length) fail(`the JPEG file is cut off after ${bytes.length} bytes`);
    if (bytes[at] !== 0xff) fail(`the JPEG file is broken: there is no marker at ${at}`);
    const marker = bytes[at + 1];
    at += 2;
    if (marker === 0xd9) break;
    const length = at + 2 <= bytes.length ? view.getUint16(at) : 0;
    const end = at + length;
    if (length < 2 || end > bytes.length) fail(`the JPEG file is cut off after ${bytes.length} bytes`);
    const segment = bytes.subarray(at + 2, end);
    at = end;
    if (isFrame(marker)) {
      if (frame) fail('the JPEG file has more than one picture');
      frame = readFrame(segment, marker, bytes.length, where);
    } else if (marker === 0xe1) {
      orientation = orientationOf(segment) ?? orientation;
    } else if (marker === 0xda) {
      if (!frame) fail('the JPEG file is broken: it has no frame');
      if (++scans > MAX_SCANS) fail(`the JPEG file has more than ${MAX_SCANS} scans`);
      at = endOfScan(bytes, at);
    }
  }
  if (!frame || scans === 0) return fail('the JPEG file has no picture');
  return { ...frame, orientation };
}

/** SOF0 to SOF15, among which three markers mean other things. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrame(segment: Uint8Array, marker: number, fileBytes: number, where: string) {
  const fail = (problem: string): never => {
    throw new FormatError(where, problem);
  };
  if (segment.length < 6) fail('the JPEG file is broken: its frame is too short');
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
  const [depth, height, width, components] = [segment[0], view.getUint16(1), view.getUint16(3), segment[5]];
  if (marker > 0xc2)
    fail('a lossless, hierarchical or arithmetic JPEG file; expected baseline or progressive');
  if (depth !== 8) fail(`expected a JPEG file of 8 bits a sample, given ${depth}`);
  if (components !== 1 && components !== 3) {
    fail(`expected a JPEG file of grey or of three colours, given ${components} components`);
  }
  checkExtent(where, height, width);
  if (height * width > fileBytes * PIXELS_PER_BYTE) {
    fail(`the JPEG file is broken: ${fileBytes} bytes cannot hold ${height}x${width} pixels`);
  }
  return { height, width, components };
}

/** The next marker behind a scan's data, in which 0xff is followed by 0 or restarts. */
function endOfScan(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff) continue;
    const next = bytes[at + 1];
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

/** The orientation, 1 to 8, that an Exif segment tells of: TIFF's tag 0x112 in the first directory. */
function orientationOf(segment: Uint8Array): number | undefined {
  const text = String.fromCharCode(...segment.subarray(0, 6));
  if (text !== 'Exif\0\0' || segment.length < 14) return undefined;
  const view = new DataView(segment.buffer, segment.byteOffset + 6, segment.length - 6);
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > view.byteLength) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > view.byteLength) return undefined;
    if (view.getUint16(at, little) !== 0x112) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}
