/** Pictures in a page, as a decoder of our own sees them: PNG through zlib. */
import { inflateSync } from 'node:zlib';

export interface Shown {
  readonly words: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly pixels: Uint8Array;
}

/** The image elements of a page, in order. */
export function picturesOf(page: string): Shown[] {
  const elements = page.matchAll(
    /<img src="data:image\/png;base64,([^"]+)" width="(\d+)" height="(\d+)" alt="([^"]*)">/g,
  );
  return [...elements].map(([, body, width, height, words]) => {
    const file = Buffer.from(body, 'base64');
    const size = [file.readUInt32BE(20), file.readUInt32BE(16)];
    if (size.join() !== [height, width].join())
      throw new Error(`${words}: ${size} in the file, ${height},${width} said`);
    const channels = { 0: 1, 2: 3, 6: 4 }[file[25]]!;
    const rows = inflateSync(file.subarray(file.indexOf('IDAT') + 4));
    const stride = size[1] * channels;
    const pixels = Uint8Array.from({ length: size[0] * stride }, (_, i) => {
      return rows[Math.floor(i / stride) * (stride + 1) + 1 + (i % stride)];
    });
    return { words, height: size[0], width: size[1], channels, pixels };
  });
}
