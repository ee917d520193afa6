/** A small writer of PNG for the tests, of every depth and colour type, independent of the reader under test. */
import { crc32, deflateSync } from 'node:zlib';

/** Chunks one after the other, behind the signature. */
export function pngFile(...chunks: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks]);
}

export function chunk(name: string, content: Uint8Array = new Uint8Array(0)): Uint8Array {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

export function header(
  width: number,
  height: number,
  depth: number,
  colour: number,
  interlace = 0,
): Uint8Array {
  const content = Buffer.alloc(13);
  content.writeUInt32BE(width);
  content.writeUInt32BE(height, 4);
  content.set([depth, colour, 0, 0, interlace], 8);
  return chunk('IHDR', content);
}

/** Rows of samples, each row with filter 0. */
export function rows(samples: readonly (readonly number[])[], depth: number): Uint8Array {
  return Buffer.concat(
    samples.map((row) => {
      const bits = row.map((sample) => sample.toString(2).padStart(depth, '0')).join('');
      const bytes = bits.match(/.{1,8}/g) ?? [];
      return Buffer.from([0, ...bytes.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2))]);
    }),
  );
}

export function data(samples: readonly (readonly number[])[], depth: number): Uint8Array {
  return chunk('IDAT', deflateSync(rows(samples, depth)));
}

/** A whole file of one kind; `more` stands before the data. */
export function png(
  { depth, colour, perPixel = 1 }: { depth: number; colour: number; perPixel?: number },
  samples: readonly (readonly number[])[],
  ...more: readonly Uint8Array[]
): Uint8Array {
  return pngFile(
    header(samples[0].length / perPixel, samples.length, depth, colour),
    ...more,
    data(samples, depth),
    chunk('IEND'),
  );
}
