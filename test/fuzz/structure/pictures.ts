/** PNG files by their chunks and JPEG files by their segments: changed there, with checksums that are right. */
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { joined, listChanges, mutateBytes } from '../mutate.js';
import type { Random } from '../random.js';

interface Chunk {
  name: string;
  data: Uint8Array;
  crc?: number;
}

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
/** PNG's colour types: how many samples a pixel has, and how many bits each of them may have. */
const COLOURS = [
  { type: 0, samples: 1, depths: [1, 2, 4, 8, 16] },
  { type: 2, samples: 3, depths: [8, 16] },
  { type: 3, samples: 1, depths: [1, 2, 4, 8] },
  { type: 4, samples: 2, depths: [8, 16] },
  { type: 6, samples: 4, depths: [8, 16] },
];
const PALETTE = 3;
/** Where each pass over an image begins, and how far apart its pixels are: at once, or by Adam7. */
const AT_ONCE = [[0, 0, 1, 1]];
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];
const SIZES = [0, 1, 2, 7, 8, 64, 65_535, 8192, 8193, 2 ** 26, 2 ** 31, 2 ** 32 - 1];

export function pngOf(chunks: readonly Chunk[]): Uint8Array<ArrayBuffer> {
  return joined(
    SIGNATURE,
    ...chunks.map(({ name, data, crc }) => {
      const body = joined(Buffer.from(name, 'latin1'), data);
      const frame = new DataView(new ArrayBuffer(8));
      frame.setUint32(0, data.length);
      frame.setUint32(4, crc ?? crc32(body));
      return joined(new Uint8Array(frame.buffer, 0, 4), body, new Uint8Array(frame.buffer, 4));
    }),
  );
}

/** Any colour type, depth and interlacing, with as many bytes as that takes; rows by any filter. */
export function anyPng(r: Random, width: number, height: number): Chunk[] {
  const { type, samples, depths } = r.pick(COLOURS);
  const depth = r.pick(depths);
  const interlaced = r.chance(0.3);
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  for (const [i, byte] of [depth, type, 0, 0, Number(interlaced)].entries()) header.setUint8(8 + i, byte);
  const rows = (interlaced ? ADAM7 : AT_ONCE).flatMap(([x, y, across, down]) => {
    const [columns, lines] = [Math.ceil((width - x) / across), Math.ceil((height - y) / down)];
    if (columns <= 0 || lines <= 0) return [];
    const bytes = Math.ceil((columns * depth * samples) / 8);
    return r.list(lines, () => joined(Uint8Array.of(r.below(5)), r.bytes(bytes)));
  });
  const colours = r.pick([2 ** depth, 2 ** depth, r.between(1, 2 ** Math.min(depth, 8))]);
  return [
    { name: 'IHDR', data: new Uint8Array(header.buffer) },
    ...(type === PALETTE ? [{ name: 'PLTE', data: r.bytes(3 * colours) }] : []),
    ...(r.chance(0.3) && type <= PALETTE
      ? [{ name: 'tRNS', data: r.bytes(r.pick([1, 2, 6, colours])) }]
      : []),
    { name: 'IDAT', data: deflateSync(joined(...rows)) },
    { name: 'IEND', data: new Uint8Array(0) },
  ];
}

export function mutatePng(r: Random, given: readonly Chunk[]): Uint8Array<ArrayBuffer> {
  const chunks = given.map((chunk) => ({ ...chunk }));
  for (let count = r.between(1, 3); count > 0 && chunks.length > 0; count--) {
    const at = r.below(chunks.length);
    const chunk = chunks[at];
    r.pick([
      ...listChanges(r, chunks, at),
      () => {
        chunk.name = r.pick([
          'IHDR',
          'PLTE',
          'tRNS',
          'IDAT',
          'IEND',
          'acTL',
          'eXIf',
          'iCCP',
          'zTXt',
          '\0\0\0\0',
        ]);
      },
      () => {
        chunk.data = mutateBytes(r, chunk.data);
      },
      () => {
        chunk.crc = r.below(2 ** 32);
      },
      () => {
        const header = chunks.find(({ name }) => name === 'IHDR')?.data.slice();
        if (header?.length !== 13) return;
        if (r.chance(0.4)) new DataView(header.buffer).setUint32(r.pick([0, 4]), r.pick(SIZES));
        else header[r.between(8, 12)] = r.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 255]);
        chunks.find(({ name }) => name === 'IHDR')!.data = header;
      },
      () => {
        const pixels = chunks.find(({ name }) => name === 'IDAT');
        if (!pixels) return;
        try {
          pixels.data = deflateSync(mutateBytes(r, inflateSync(pixels.data)));
        } catch {
          pixels.data = r.bytes(9);
        }
      },
      () => {
        if (chunk.name !== 'IDAT') return;
        const cut = r.below(chunk.data.length + 1);
        chunks.splice(
          at,
          1,
          ...[chunk.data.slice(0, cut), chunk.data.slice(cut)].map((data) => ({ ...chunk, data })),
        );
      },
    ])();
  }
  return r.chance(0.1) ? mutateBytes(r, pngOf(chunks)) : pngOf(chunks);
}

export function mutateJpeg(r: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const segments = segmentsOf(bytes);
  for (let count = r.between(1, 3); count > 0 && segments.length > 0; count--) {
    const at = r.below(segments.length);
    const segment = segments[at].slice();
    r.pick([
      ...listChanges(r, segments, at),
      () => segments.splice(at, 0, ...r.list(r.pick([2, 120]), () => segment)),
      () => {
        if (segment.length < 5) return;
        segment[r.between(4, segment.length - 1)] = r.pick([
          0,
          1,
          2,
          3,
          8,
          0x11,
          0x44,
          0x7f,
          0x80,
          0xff,
          r.below(256),
        ]);
        segments[at] = segment;
      },
      () => {
        segment[1] = r.pick([
          0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc9, 0xcc, 0xd0, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xe1, 0xee,
          0xfe,
        ]);
        segments[at] = segment;
      },
      () => {
        segments[at] = mutateBytes(r, segment);
      },
      () => {
        // The header of a frame: the picture's size, and how its components are sampled.
        const frame = segments.findIndex((own) => own[1] >= 0xc0 && own[1] <= 0xc2);
        if (frame < 0 || segments[frame].length < 12) return;
        const own = segments[frame].slice();
        if (r.chance(0.5))
          new DataView(own.buffer).setUint16(r.pick([5, 7]), r.pick([0, 1, 9, 255, 8192, 65_535]));
        else own[r.between(9, own.length - 1)] = r.pick([0, 1, 0x11, 0x12, 0x22, 0x41, 0x44, 0xff]);
        segments[frame] = own;
      },
      // An interval of restarts, and Exif that says how the picture lies.
      () => segments.splice(1, 0, Uint8Array.of(0xff, 0xdd, 0, 4, 0, r.below(9))),
      () => segments.splice(1, 0, exif(r)),
    ])();
  }
  return joined(...segments);
}

function exif(r: Random): Uint8Array {
  const directory = [0x49, 0x49, 42, 0, r.pick([8, 0, 255]), 0, 0, 0, r.pick([1, 255]), r.pick([0, 255])];
  const entry = [0x12, 1, 3, 0, 1, 0, 0, 0, r.below(10), 0, 0, 0];
  const body = [...Buffer.from('Exif\0\0', 'latin1'), ...directory, ...entry];
  return Uint8Array.from([0xff, 0xe1, 0, body.length + 2, ...body]);
}

/** Each is a marker with what follows it, up to the next: the data of a scan stand behind its header. */
function segmentsOf(bytes: Uint8Array): Uint8Array[] {
  const segments: Uint8Array[] = [];
  let start = 0;
  for (let at = 2; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff || bytes[at + 1] === 0 || (bytes[at + 1] >= 0xd0 && bytes[at + 1] <= 0xd7))
      continue;
    segments.push(bytes.slice(start, at));
    start = at;
    const isShort = bytes[at + 1] === 0xd9 || at + 3 >= bytes.length;
    at += isShort ? 1 : 1 + bytes[at + 2] * 256 + bytes[at + 3];
  }
  segments.push(bytes.slice(start));
  return segments;
}
