/** Sets of bytes are kept compressed wherever they lie in their buffer, and whatever their width. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReferenceEngine } from '../../src/create/reference.js';
import { BLOCK_WIDTH, CompressedSet, SPARSE_DENSITY } from '../../src/ops/compressed.js';

const engine = createReferenceEngine();

/** Runs of zeros and runs of anything, as pictures have them. */
const pixels = (length: number) =>
  fc
    .array(
      fc
        .tuple(fc.integer({ min: 0, max: 9 }), fc.uint8Array({ maxLength: 5 }))
        .map(([zeros, others]) => [...new Array<number>(zeros).fill(0), ...others]),
      { maxLength: Math.ceil(length / 4) },
    )
    .map((runs) => {
      const bytes = new Uint8Array(length);
      bytes.set(runs.flat().slice(0, length));
      return bytes;
    });

const given = fc
  .tuple(fc.nat({ max: 5 }), fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 260 })))
  .chain(([size, width]) => fc.tuple(fc.constant(width), pixels(size * width), fc.nat({ max: 7 })));

test('what is not zero is listed by rows and blocks, with its column', () => {
  const property = fc.property(given, ([width, bytes, offset]) => {
    const lies = new Uint8Array(offset + bytes.length + 3).fill(9);
    lies.set(bytes, offset);
    const arena = engine.arena();
    const set = CompressedSet.from(arena, lies.subarray(offset, offset + bytes.length), width, 1);
    const entries = [...bytes].flatMap((byte, i) => (byte === 0 ? [] : [[i % width, byte]]));
    if (entries.length > bytes.length * SPARSE_DENSITY) expect(set).toBeUndefined();
    else {
      const starts = [0];
      for (let from = 0; from < bytes.length; from += width) {
        for (let left = 0; left < width; left += BLOCK_WIDTH) {
          const block = bytes.subarray(from + left, from + Math.min(left + BLOCK_WIDTH, width));
          starts.push(starts.at(-1)! + block.filter((byte) => byte !== 0).length);
        }
      }
      expect([...set!.starts.read()]).toEqual(starts);
      expect([...set!.columns.read()]).toEqual(entries.map(([column]) => column));
      expect([...set!.bytes.read()]).toEqual(entries.map(([, byte]) => byte));
    }
    arena.dispose();
  });
  fc.assert(property, { numRuns: 200, seed: 1 });
});
