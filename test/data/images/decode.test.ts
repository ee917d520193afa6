/** PNG and JPEG files as pictures: every kind that is read, and what is said of those that are not. */
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/base/errors.js';
import { decodePicture } from '../../../src/data/images/decode.js';
import { chunk, data, header, png, pngFile, rows } from './write-png.js';

const fixtures = JSON.parse(readFileSync(new URL('fixtures.json', import.meta.url), 'utf8')) as {
  jpeg: { name: string; file: string; width: number; height: number; pixels: string }[];
  cmyk: string;
};
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const read = (bytes: Uint8Array) => decodePicture(bytes, 'a file');
const grey = { depth: 8, colour: 0 };

describe('PNG', () => {
  test.each<[what: string, file: Uint8Array, channels: number, pixels: number[]]>([
    [
      'grey',
      png(grey, [
        [0, 7],
        [128, 255],
      ]),
      1,
      [0, 7, 128, 255],
    ],
    ['colours', png({ depth: 8, colour: 2, perPixel: 3 }, [[1, 2, 3, 4, 5, 6]]), 3, [1, 2, 3, 4, 5, 6]],
    ['colours that are grey', png({ depth: 8, colour: 2, perPixel: 3 }, [[9, 9, 9, 4, 4, 4]]), 1, [9, 4]],
    [
      '1 bit',
      png({ depth: 1, colour: 0 }, [[0, 1, 1, 0, 1, 0, 0, 0, 1]]),
      1,
      [0, 255, 255, 0, 255, 0, 0, 0, 255],
    ],
    [
      '2 bits',
      png({ depth: 2, colour: 0 }, [
        [0, 1, 2, 3, 1],
        [3, 3, 3, 3, 0],
      ]),
      1,
      [0, 85, 170, 255, 85, 255, 255, 255, 255, 0],
    ],
    ['4 bits', png({ depth: 4, colour: 0 }, [[0, 1, 15]]), 1, [0, 17, 255]],
    [
      '16 bits',
      png({ depth: 16, colour: 0 }, [[0, 65535, 257 * 100 + 128, 257 * 100 + 129]]),
      1,
      [0, 255, 100, 101],
    ],
    // 200 at half opacity on white; nothing of 0; all of 9.
    [
      'grey with opacity',
      png({ depth: 8, colour: 4, perPixel: 2 }, [[200, 128, 0, 0, 9, 255]]),
      1,
      [227, 255, 9],
    ],
    [
      'colours with opacity',
      png({ depth: 8, colour: 6, perPixel: 4 }, [[10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 255, 51]]),
      3,
      [10, 20, 30, 255, 255, 255, 204, 204, 255],
    ],
    ['one grey that is clear', png(grey, [[5, 6, 5]], chunk('tRNS', Uint8Array.of(0, 5))), 1, [255, 6, 255]],
    [
      'a palette of 2 bits',
      png(
        { depth: 2, colour: 3 },
        [[0, 2, 1, 0, 2]],
        chunk('PLTE', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9)),
      ),
      3,
      [1, 2, 3, 7, 8, 9, 4, 5, 6, 1, 2, 3, 7, 8, 9],
    ],
    [
      'a palette with opacity',
      png(
        { depth: 8, colour: 3 },
        [[1, 0]],
        chunk('PLTE', Uint8Array.of(1, 2, 3, 4, 5, 6)),
        chunk('tRNS', Uint8Array.of(0)),
      ),
      3,
      [4, 5, 6, 255, 255, 255],
    ],
    [
      'a broken profile of colours, which is passed over',
      png(grey, [[3]], chunk('iCCP', Uint8Array.of(65, 0, 0, 1, 2, 3))),
      1,
      [3],
    ],
  ])('%s', async (_, file, channels, pixels) => {
    const picture = await read(file);
    expect([picture.channels, ...picture.pixels]).toEqual([channels, ...pixels]);
    expect(picture.height * picture.width * picture.channels).toBe(picture.pixels.length);
  });

  test('what fast-png encodes comes back', async () => {
    const sizes = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(sizes, sizes, fc.infiniteStream(fc.nat(255)), async (height, width, stream) => {
        const pixels = Uint8Array.from({ length: 3 * height * width }, () => stream.next().value as number);
        const picture = await read(encode({ width, height, data: pixels, channels: 3 }));
        const isGrey = picture.channels === 1;
        const back = isGrey
          ? Uint8Array.from(pixels, (_, i) => picture.pixels[Math.floor(i / 3)])
          : picture.pixels;
        expect([picture.height, picture.width, [...back]]).toEqual([height, width, [...pixels]]);
      }),
      { numRuns: 50 },
    );
  });

  test('interlaced', async () => {
    // Adam7 of 5x3: passes begin at (0,0), (4,0), (2,0 of every fourth), (0,2), odd columns, odd rows.
    const at = (x: number, y: number) => 10 * y + x;
    const passes = [[[at(0, 0)]], [[at(4, 0)]], [[at(2, 0)]], [[at(0, 2), at(2, 2), at(4, 2)]]];
    const odd = [
      [at(1, 0), at(3, 0)],
      [at(1, 2), at(3, 2)],
    ];
    const all = [...passes, odd, [[0, 1, 2, 3, 4].map((x) => at(x, 1))]];
    const pixels = Buffer.concat(all.map((pass) => rows(pass, 8)));
    const file = pngFile(header(5, 3, 8, 0, 1), chunk('IDAT', deflateSync(pixels)), chunk('IEND'));
    const expected = [0, 1, 2].flatMap((y) => [0, 1, 2, 3, 4].map((x) => at(x, y)));
    expect([...(await read(file)).pixels]).toEqual(expected);
  });

  const good = png(grey, [
    [1, 2],
    [3, 4],
  ]);
  const changed = (at: number) => good.map((byte, i) => (i === at ? byte ^ 1 : byte));
  test.each<[what: string, file: Uint8Array, message: RegExp]>([
    ['empty', new Uint8Array(0), /the file is empty/],
    ['a text', Buffer.from('hello'), /it is no picture; expected PNG or JPEG/],
    ['a GIF', Buffer.from('GIF89a..'), /it is GIF; expected PNG or JPEG/],
    ['WebP', Buffer.from('RIFF....WEBPVP8 '), /it is WebP/],
    ['cut off in the middle', good.slice(0, good.length - 20), /cut off after \d+ bytes/],
    ['cut off behind the signature', good.slice(0, 8), /cut off/],
    ['a bit of the pixels changed', changed(good.length - 20), /its chunk IDAT has another checksum/],
    ['a bit of the header changed', changed(17), /IHDR has another checksum/],
    ['animated', png(grey, [[1]], chunk('acTL', new Uint8Array(8))), /is animated; expected one picture/],
    ['without a header', pngFile(data([[1]], 8), chunk('IEND')), /has no header/],
    [
      'of too few bytes',
      pngFile(header(2, 2, 8, 0), data([[1, 2]], 8), chunk('IEND')),
      /expected 6 bytes of 2x2 pixels, given 3/,
    ],
    [
      'of too many bytes',
      pngFile(header(1, 1, 8, 0), data([[1], [2]], 8), chunk('IEND')),
      /more than the 2 bytes/,
    ],
    [
      'of no zlib stream',
      pngFile(header(1, 1, 8, 0), chunk('IDAT', Uint8Array.of(1, 2)), chunk('IEND')),
      /cannot be decompressed/,
    ],
    ['of no pixels', pngFile(header(0, 4, 8, 0), data([], 8), chunk('IEND')), /given a picture of 4x0/],
    [
      'huge',
      pngFile(header(2 ** 31 - 1, 2 ** 31 - 1, 8, 0), data([[1]], 8), chunk('IEND')),
      /at most|1 to 67108864 pixels/,
    ],
    [
      'of an unknown colour type',
      pngFile(header(1, 1, 8, 5), data([[1]], 8), chunk('IEND')),
      /unknown PNG colour type 5/,
    ],
    [
      'of an unknown depth',
      pngFile(header(1, 1, 3, 0), data([[1]], 8), chunk('IEND')),
      /invalid bit depth: 3/,
    ],
    [
      'interlaced with 1 bit',
      pngFile(header(1, 1, 1, 0, 1), data([[1]], 1), chunk('IEND')),
      /interlaced PNG file of 1 bits/,
    ],
    [
      'a palette that is too short',
      png({ depth: 8, colour: 3 }, [[2]], chunk('PLTE', Uint8Array.of(1, 2, 3))),
      /palette color/,
    ],
    ['without its palette', png({ depth: 8, colour: 3 }, [[2]]), /it has no palette/],
    [
      'with a palette of no colours',
      png({ depth: 8, colour: 3 }, [[2]], chunk('PLTE', new Uint8Array(0))),
      /it has no palette/,
    ],
  ])('refuses one that is %s', async (_, file, message) => {
    const refused = read(file);
    await expect(refused).rejects.toThrow(FormatError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(/^a file: /);
  });
});

describe('JPEG', () => {
  test.each(fixtures.jpeg)('as Pillow reads it: $name', async ({ file, height, width, pixels, name }) => {
    const picture = await read(bytesOf(file));
    const expected = bytesOf(pixels);
    expect([picture.height, picture.width]).toEqual([height, width]);
    expect(picture.channels).toBe(name.startsWith('grey') ? 1 : 3);
    expect(picture.pixels.length).toBe(expected.length);
    // Decoders round the cosine transform and the change of colours each in its way.
    const largest = Math.max(...expected.map((value, i) => Math.abs(value - picture.pixels[i])));
    expect(largest).toBeLessThanOrEqual(3);
  });

  const [{ file }] = fixtures.jpeg;
  const good = bytesOf(file);
  const frame = good.indexOf(0xc0, 100);
  const withByte = (at: number, value: number) => good.map((byte, i) => (i === at ? value : byte));
  test.each<[what: string, file: Uint8Array, message: RegExp]>([
    ['cut off', good.slice(0, good.length - 10), /cut off after \d+ bytes/],
    ['cut off behind its first bytes', good.slice(0, 3), /cut off|broken/],
    ['of four colours', bytesOf(fixtures.cmyk), /of grey or of three colours, given 4 components/],
    ['of 12 bits', withByte(frame + 3, 12), /of 8 bits a sample, given 12/],
    ['arithmetic', withByte(frame, 0xc9), /arithmetic JPEG file; expected baseline or progressive/],
    ['of more pixels than its bytes hold', withByte(frame + 4, 200), /cannot hold 51217x24 pixels/],
    ['of no pixels', withByte(frame + 5, 0), /given a picture of 0x24/],
  ])('refuses one that is %s', async (_, broken, message) => {
    expect(good[frame - 1]).toBe(0xff);
    await expect(read(broken)).rejects.toThrow(FormatError);
    await expect(read(broken)).rejects.toThrow(message);
  });

  test('one whose data are damaged is read or refused, and nothing else', async () => {
    let refused = 0;
    for (let at = 2; at < good.length; at += 7) {
      const damaged = good.map((byte, i) => (i === at ? byte ^ 0x55 : byte));
      try {
        expect((await read(damaged)).pixels.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(0);
  });
});
