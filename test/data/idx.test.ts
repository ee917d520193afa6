/**
 * IDX files: all element types round trip, and a header that is not true is refused before anything is
 * allocated.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { readIdx } from '../../src/data/idx.js';
import { writeIdx } from './write-idx.js';

const bytes = (...values: number[]) => new Uint8Array(values);

describe('malformed files', () => {
  const max = [255, 255, 255, 255];
  const cases: [what: string, file: Uint8Array, message: RegExp][] = [
    ['empty', bytes(), /the file is empty/],
    ['gzip', bytes(0x1f, 0x8b, 8, 0), /gzip file; it must be decompressed first/],
    ['two bytes of gzip', bytes(0x1f, 0x8b), /gzip/],
    ['one byte', bytes(0), /header of at least 8 bytes, given 1 bytes/],
    ['three bytes', bytes(0, 0, 8), /header of at least 8 bytes, given 3 bytes/],
    ['first byte not zero', bytes(1, 0, 8, 1, 0, 0, 0, 0), /two zero bytes, given 0x01 0x00/],
    ['second byte not zero', bytes(0, 2, 8, 1, 0, 0, 0, 0), /two zero bytes, given 0x00 0x02/],
    ['a page of HTML', new TextEncoder().encode('<!doctype html>'), /not an IDX file.*0x3c 0x21/],
    ['type 0x0a', bytes(0, 0, 0x0a, 1, 0, 0, 0, 0), /unknown IDX element type 0x0a; .*0x08 u8.*0x0e f64/],
    ['no dimensions', bytes(0, 0, 8, 0, 1), /1 to 8 dimensions, given 0/],
    ['nine dimensions', bytes(0, 0, 8, 9, ...Array(36).fill(0)), /1 to 8 dimensions, given 9/],
    ['no room for the dimensions', bytes(0, 0, 8, 3, 0, 0, 0, 1), /3 dimensions needs 16 bytes, given 8/],
    ['one element too few', bytes(0, 0, 8, 1, 0, 0, 0, 2, 7), /too short: 2 of u8 needs 10 bytes, given 9/],
    [
      'one byte too many',
      bytes(0, 0, 8, 1, 0, 0, 0, 1, 7, 7),
      /trailing bytes: 1 of u8 needs 9 bytes, given 10/,
    ],
    [
      'a byte of f64 missing',
      writeIdx('f64', [2], [1, 2]).subarray(0, -1),
      /2 of f64 needs 24 bytes, given 23/,
    ],
    ['four gigabytes claimed', bytes(0, 0, 8, 1, ...max), /4294967295 of u8 needs 4294967303 bytes, given 8/],
    ['dimensions overflow', bytes(0, 0, 8, 2, ...max, ...max), /4294967295x4294967295 overflow/],
    ['bytes overflow', bytes(0, 0, 0x0e, 2, 0x80, 0, 0, 0, 0, 0x80, 0, 0), /2147483648x8388608 overflow/],
    ['eight dimensions overflow', bytes(0, 0, 8, 8, ...Array(32).fill(255)), /overflow/],
  ];

  test.each(cases)('%s', (_, file, message) => {
    const read = () => readIdx(file, 'train-images');
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^train-images: /);
  });

  test('every cut of a good file, and one byte more, is refused', () => {
    const good = writeIdx('i16', [2, 3], [1, 2, 3, 4, 5, 6]);
    for (let length = 0; length < good.length; length++) {
      expect(() => readIdx(good.subarray(0, length), 'cut'), `${length} bytes`).toThrow(FormatError);
    }
    expect(() => readIdx(new Uint8Array([...good, 0]), 'longer')).toThrow(FormatError);
  });
});

describe('reading', () => {
  test('u8 is a view of the file, also within a larger buffer', () => {
    const around = new Uint8Array([9, 9, 9, ...writeIdx('u8', [2, 2], [1, 2, 3, 4]), 9]);
    const array = readIdx(around.subarray(3, -1), 'file');
    expect(array).toStrictEqual({ type: 'u8', dims: [2, 2], data: new Uint8Array([1, 2, 3, 4]) });
    around[3 + 12] = 7;
    expect(array.data[0]).toBe(7);
  });

  test('u8 of a Buffer is a Uint8Array', () => {
    expect(readIdx(Buffer.from(writeIdx('u8', [1], [5])), 'file').data.constructor).toBe(Uint8Array);
  });

  test('elements are big-endian', () => {
    expect(readIdx(bytes(0, 0, 0x0b, 1, 0, 0, 0, 2, 1, 2, 0xff, 0xfe), 'file')).toStrictEqual({
      type: 'i16',
      dims: [2],
      data: new Int16Array([258, -2]),
    });
    expect(readIdx(bytes(0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0x80, 0, 0), 'file').data[0]).toBe(1);
  });

  test('every type round trips, at any place in a buffer', () => {
    const dims = fc.array(fc.nat(4), { minLength: 1, maxLength: 8 });
    const array = dims.chain((dims) => {
      const length = dims.reduce((product, dim) => product * dim, 1);
      // Eight dimensions of four would be many; those cases say nothing that smaller ones do not.
      const size = Math.min(length, 256);
      const shape = size === length ? dims : [size];
      const of = { minLength: size, maxLength: size };
      return fc.oneof(
        fc.uint8Array(of).map((data) => ({ type: 'u8' as const, dims: shape, data })),
        fc.int8Array(of).map((data) => ({ type: 'i8' as const, dims: shape, data })),
        fc.int16Array(of).map((data) => ({ type: 'i16' as const, dims: shape, data })),
        fc.int32Array(of).map((data) => ({ type: 'i32' as const, dims: shape, data })),
        fc.float32Array(of).map((data) => ({ type: 'f32' as const, dims: shape, data })),
        fc.float64Array(of).map((data) => ({ type: 'f64' as const, dims: shape, data })),
      );
    });
    fc.assert(
      fc.property(array, fc.nat(8), (given, place) => {
        const file = writeIdx(given.type, given.dims, given.data);
        const buffer = new Uint8Array(place + file.length);
        buffer.set(file, place);
        expect(readIdx(buffer.subarray(place), 'round trip')).toStrictEqual(given);
      }),
    );
  });
});
