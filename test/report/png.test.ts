/** The PNG encoder, checked against zlib: an independent inflate and CRC. */
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { OptionError, ShapeError } from '../../src/base/errors.js';
import { encodePng, pngDataUri } from '../../src/report/png.js';

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

function chunksOf(png: Uint8Array): Chunk[] {
  const file = Buffer.from(png);
  const chunks: Chunk[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    chunks.push({
      type: file.toString('latin1', at + 4, at + 8),
      data: file.subarray(at + 8, at + 8 + length),
    });
    at += length + 12;
  }
  return chunks;
}

describe('encodePng', () => {
  it.each([
    [1, 1],
    [28, 28],
    [3, 5],
    [300, 300],
  ])('%ix%i comes back from zlib as it went in', (height, width) => {
    const pixels = Uint8Array.from({ length: height * width }, (_, i) => (i * 7) & 255);
    const [header, data, end] = chunksOf(encodePng(pixels, height, width));
    expect([header!.type, data!.type, end!.type]).toEqual(['IHDR', 'IDAT', 'IEND']);
    expect([header!.data.readUInt32BE(0), header!.data.readUInt32BE(4)]).toEqual([width, height]);
    const rows = inflateSync(data!.data); // throws when the Adler-32 is wrong
    for (let y = 0; y < height; y++) {
      const at = y * (width + 1);
      expect(rows[at]).toBe(0);
      expect(rows.subarray(at + 1, at + 1 + width).equals(pixels.subarray(y * width, (y + 1) * width))).toBe(
        true,
      );
    }
  });

  it('has the CRC that the PNG specification gives for an empty IEND', () => {
    expect(
      Buffer.from(encodePng(new Uint8Array(1), 1, 1))
        .subarray(-4)
        .toString('hex'),
    ).toBe('ae426082');
  });

  it('is a data URI of the same bytes, for long images too', () => {
    const pixels = new Uint8Array(200 * 100).fill(200);
    const [head, body] = pngDataUri(pixels, 200, 100).split(',');
    expect(head).toBe('data:image/png;base64');
    expect(Buffer.from(body!, 'base64').equals(Buffer.from(encodePng(pixels, 200, 100)))).toBe(true);
  });

  it('refuses pixels that do not fit', () => {
    expect(() => encodePng(new Uint8Array(5), 2, 3)).toThrow(ShapeError);
    expect(() => encodePng(new Uint8Array(0), 0, 3)).toThrow(OptionError);
  });
});
