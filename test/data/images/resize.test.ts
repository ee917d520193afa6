/** Pictures in another size, against Pillow's. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fit, fits } from '../../../src/base/image-shape.js';
import { pictureOf, upright, withChannels } from '../../../src/data/images/picture.js';
import { resize } from '../../../src/data/images/resize.js';

interface Case {
  name: string;
  width: number;
  height: number;
  pixels: string;
  to: [number, number];
  fit: Fit;
  result: string;
}
const { resized } = JSON.parse(readFileSync(new URL('fixtures.json', import.meta.url), 'utf8')) as {
  resized: Case[];
};
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

test.each(resized)('as Pillow does it: $name', ({ width, height, pixels, to, fit, result }) => {
  const made = resize({ width, height, channels: 3, pixels: bytesOf(pixels) }, to, fit);
  const expected = bytesOf(result);
  expect([made.height, made.width, made.pixels.length]).toEqual([...to, expected.length]);
  // Pillow's weights are whole numbers, and it rounds between the two directions too.
  const largest = Math.max(...expected.map((value, i) => Math.abs(value - made.pixels[i])));
  expect(largest).toBeLessThanOrEqual(1);
});

const picture = fc
  .record({ height: fc.integer({ min: 1, max: 12 }), width: fc.integer({ min: 1, max: 12 }), seed: fc.nat() })
  .map(({ height, width, seed }) => ({
    ...{ height, width, channels: 3 as const },
    pixels: Uint8Array.from({ length: 3 * height * width }, (_, i) => ((i + seed) * 7919) % 256),
  }));
const size = fc.tuple(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 1, max: 15 }));

test('a picture of one colour keeps it, and stays within its bounds otherwise', () => {
  fc.assert(
    fc.property(picture, size, fc.constantFrom(...fits), (given, to, fit) => {
      const made = resize(given, to, fit);
      expect(made.pixels.length).toBe(3 * to[0] * to[1]);
      const [low, high] = [Math.min(...given.pixels), Math.max(...given.pixels)];
      for (const value of made.pixels) {
        expect(value === 0 && fit === 'contain' ? low : value).toBeGreaterThanOrEqual(low);
        expect(value).toBeLessThanOrEqual(high);
      }
      if (fit === 'contain') return;
      const flat = resize({ ...given, pixels: given.pixels.map(() => 77) }, to, fit);
      expect(new Set(flat.pixels)).toEqual(new Set([77]));
    }),
  );
});

test('a picture turned four times is the same', () => {
  fc.assert(
    fc.property(picture, (given) => {
      let turned: ReturnType<typeof upright> = given;
      for (let i = 0; i < 4; i++) turned = upright(turned, 6);
      expect(turned).toEqual(given);
      expect(upright(upright(given, 6), 8)).toEqual(given);
      for (const own of [2, 3, 4, 5, 7]) expect(upright(upright(given, own), own)).toEqual(given);
    }),
  );
});

test('colours become grey by their luma, grey becomes colours', () => {
  const colours = pictureOf({ height: 1, width: 2 }, [255, 0, 0, 10, 20, 30], 3, 255);
  expect([...withChannels(colours, 1)]).toEqual([76, 18]);
  const grey = pictureOf({ height: 1, width: 2 }, [3, 9], 1, 255);
  expect([...withChannels(grey, 3)]).toEqual([3, 3, 3, 9, 9, 9]);
});
