/**
 * NPY and NPZ: files that numpy wrote are read, what is written is what numpy writes, and broken files are
 * refused by name.
 */
import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, OptionError, ShapeError } from '../../src/base/errors.js';
import { type NpyArray, readNpy, type WritableNpy, writeNpy } from '../../src/formats/npy.js';
import { readNpz, writeNpz } from '../../src/formats/npz.js';
import { writeZip } from '../../src/formats/zip.js';

const fixtures = JSON.parse(readFileSync(new URL('numpy.json', import.meta.url), 'utf8'));
const fixture = (name: string) => new Uint8Array(Buffer.from(fixtures[name], 'base64'));

describe('files of numpy', () => {
  test.each<[string, NpyArray]>([
    [
      'f4',
      {
        dtype: 'float32',
        shape: [2, 3],
        data: Float32Array.of(1, -2.5, 3e-3, Number.POSITIVE_INFINITY, 0, 7),
      },
    ],
    ['f4F', { dtype: 'float32', shape: [2, 3, 4], data: Float32Array.from({ length: 24 }, (_, i) => i) }],
    ['i2be', { dtype: 'int16', shape: [3], data: Int16Array.of(1, -2, 300) }],
    ['f2', { dtype: 'float16', shape: [3], data: Float32Array.of(1, -0.5, 65504) }],
    ['bool', { dtype: 'bool', shape: [2, 1], data: Uint8Array.of(1, 0) }],
    ['i8', { dtype: 'int64', shape: [2], data: BigInt64Array.of(2n ** 62n, -1n) }],
    ['scalar', { dtype: 'float64', shape: [], data: Float64Array.of(2.5) }],
    ['empty', { dtype: 'float32', shape: [0, 3], data: new Float32Array(0) }],
    ['U', { dtype: 'string', shape: [3], data: ['setosa', 'é', ''] }],
    ['S', { dtype: 'string', shape: [2], data: ['ab', 'c'] }],
  ])('%s', (name, expected) => {
    expect(readNpy(fixture(name), name)).toEqual(expected);
  });

  test.each([
    ['object', /Python objects/],
    ['record', /arrays of records/],
  ])('%s is refused', (name, message) => {
    expect(() => readNpy(fixture(name), 'a.npy')).toThrow(FormatError);
    expect(() => readNpy(fixture(name), 'a.npy')).toThrow(message);
  });

  test('npz, stored and compressed', () => {
    expect([...readNpz(fixture('npz'), 'npz')]).toEqual([
      ['x', { dtype: 'float32', shape: [3], data: Float32Array.of(0, 1, 2) }],
      ['y', { dtype: 'uint8', shape: [1, 2], data: Uint8Array.of(1, 2) }],
    ]);
    expect([...readNpz(fixture('npzc'), 'npz')]).toEqual([
      ['x', { dtype: 'float32', shape: [1000], data: new Float32Array(1000) }],
      ['names', { dtype: 'string', shape: [2], data: ['a', 'bc'] }],
    ]);
  });

  test.each(['f4', 'bool', 'i8', 'scalar', 'empty'])('%s is written as numpy does, byte for byte', (name) => {
    const array = readNpy(fixture(name), name) as WritableNpy;
    expect(writeNpy(array)).toEqual(fixture(name));
  });
});

/** A file of any header. */
function fileOf(header: string, data: ArrayLike<number> = [], major = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const start = major === 1 ? 10 : 12;
  const file = new Uint8Array(start + text.length + data.length);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, major, 0, text.length & 255, text.length >> 8]);
  file.set(text, start);
  file.set(data, start + text.length);
  return file;
}

const header = (shape: string, descr = "'<f4'", order = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

describe('malformed arrays', () => {
  const good = writeNpy({ dtype: 'float32', shape: [1], data: Float32Array.of(1) });
  test.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /not an NPY file/],
    ['text', new TextEncoder().encode('a,b\n1,2\n'), /not an NPY file/],
    ['version 4', fileOf(header('(1,)'), [0, 0, 0, 0], 4), /version 1, 2 or 3, given 4/],
    ['header cut off', good.subarray(0, 40), /ends within its header/],
    ['header too long', new Uint8Array([...good.subarray(0, 8), 255, 255, ...good.subarray(10)]), /65535/],
    ['one byte short', good.subarray(0, -1), /too short: float32 \[1\] needs 4 bytes of data, given 3/],
    ['one byte more', new Uint8Array([...good, 0]), /trailing bytes/],
    ['no dictionary', fileOf('[]'), /Python dictionary/],
    ['not closed', fileOf("{'descr': '<f4',"), /not understood|does not end/],
    ['more behind', fileOf("{'descr': '<f4', 'fortran_order': False, 'shape': (), } x"), /goes on/],
    ['key twice', fileOf("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': ()}"), /twice/],
    [
      'unknown key',
      fileOf("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': ()}"),
      /unknown key "x"/,
    ],
    [
      'prototype',
      fileOf("{'descr': '<f4', 'fortran_order': False, 'shape': (), '__proto__': ()}"),
      /unknown key|descr/,
    ],
    ['no descr', fileOf("{'fortran_order': False, 'shape': ()}"), /descr/],
    ['no order', fileOf("{'descr': '<f4', 'shape': ()}"), /fortran_order/],
    ['no shape', fileOf("{'descr': '<f4', 'fortran_order': False}"), /shape/],
    ['negative length', fileOf(header('(-1,)')), /not understood/],
    ['overflow', fileOf(header('(9999999999, 9999999999)')), /overflows/],
    ['huge claim', fileOf(header('(1000000000,)')), /too short.*4000000000 bytes/],
    ['complex', fileOf(header('(1,)', "'<c8'"), new Uint8Array(8)), /"<c8" is not supported/],
    ['dates', fileOf(header('(1,)', "'<M8[D]'"), new Uint8Array(8)), /not supported/],
  ])('%s', (_, file, message) => {
    const read = () => readNpy(file, 'a.npy');
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^a\.npy: /);
  });

  test('what Python 2 and other writers do is read', () => {
    const two = fileOf(header('(2L, 1L)'), new Uint8Array(8));
    expect(readNpy(two, 'a').shape).toEqual([2, 1]);
    const wide = fileOf('{"shape":(2),"fortran_order":True,"descr":"|u1"}', [3, 4], 2);
    expect(readNpy(wide, 'a')).toEqual({ dtype: 'uint8', shape: [2], data: Uint8Array.of(3, 4) });
  });
});

describe('writing', () => {
  test('arrays come back as they were, also from an odd place in memory', () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(shapes, fc.constantFrom('float64', 'int32', 'uint16', 'int8'), (shape, dtype) => {
        const classes = { float64: Float64Array, int32: Int32Array, uint16: Uint16Array, int8: Int8Array };
        const size = shape.reduce((product, length) => product * length, 1);
        const data = new classes[dtype](Array.from({ length: size }, (_, i) => i * 37 - 5));
        const array = { dtype, shape, data } as WritableNpy;
        const around = new Uint8Array([1, ...writeNpy(array)]);
        expect(readNpy(around.subarray(1), 'a')).toEqual(array);
        expect(readNpz(writeNpz(new Map([['a/b', array]])), 'z')).toEqual(new Map([['a/b', array]]));
      }),
      { numRuns: 100 },
    );
  });

  test('refusals', () => {
    const data = new Float32Array(6);
    expect(() => writeNpy({ dtype: 'float32', shape: [2, 2], data })).toThrow(ShapeError);
    expect(() => writeNpy({ dtype: 'float32', shape: [-2, -3], data })).toThrow(ShapeError);
    expect(() => writeNpy({ dtype: 'float64', shape: [6], data } as never)).toThrow(
      /float64 is written from Float64Array/,
    );
    expect(() => writeNpy({ dtype: 'float16', shape: [6], data } as never)).toThrow(OptionError);
    expect(() => writeNpz(new Map([['', { dtype: 'float32', shape: [6], data }]]))).toThrow(OptionError);
  });
});

describe('malformed archives', () => {
  const array = writeNpy({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) });
  const good = writeZip(new Map([['a.npy', array]]));
  const change = (at: number, value: number) => {
    const file = good.slice();
    file[at < 0 ? file.length + at : at] = value;
    return file;
  };
  const directory = good.length - 22 - 46 - 5;

  test.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /not a ZIP archive/],
    ['cut off', good.subarray(0, -1), /not a ZIP archive/],
    ['wrong checksum', change(40, 0x0a), /"a\.npy": its checksum is wrong/],
    ['encrypted', change(directory + 8, 1), /encrypted/],
    ['unknown method', change(directory + 10, 12), /method 12/],
    ['no local header', change(directory + 42, 7), /header at byte 7/],
    ['data beyond the end', change(directory + 22, 1), /beyond the file/],
    ['directory beyond the end', change(-4, 1), /beyond the end|broken/],
    ['an entry of a directory is no entry', change(directory, 0), /directory is broken/],
    ['other entries', writeZip(new Map([['readme.txt', array]])), /"readme\.txt": expected a name/],
    ['not an array', writeZip(new Map([['a.npy', array.subarray(0, 20)]])), /array "a": the file ends/],
  ])('%s', (_, file, message) => {
    const read = () => readNpz(file, 'a.npz');
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^a\.npz/);
  });

  test('an archive that claims more than is allowed, or than it can hold', () => {
    expect(() => readNpz(good, 'a.npz', 100)).toThrow(/hold 136 bytes, more than the 100 allowed/);
    const bomb = good.slice();
    bomb[directory + 10] = 8;
    new DataView(bomb.buffer).setUint32(directory + 24, 2 ** 31, true);
    expect(() => readNpz(bomb, 'a.npz')).toThrow(/hold 2147483648 bytes, more than the 134217728 allowed/);
    expect(() => readNpz(bomb, 'a.npz', 2 ** 31)).toThrow(/136 bytes cannot hold the 2147483648 claimed/);
  });

  test('every cut and every changed byte is refused or harmless', () => {
    for (let length = 0; length < good.length; length++) {
      expect(() => readNpz(good.subarray(0, length), 'cut')).toThrow(FormatError);
    }
    for (let at = 0; at < good.length; at++) {
      try {
        readNpz(change(at, good[at] ^ 0x41), 'changed');
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }
  });

  test('two entries of one name', () => {
    const two = writeZip(
      new Map([
        ['a.npy', array],
        ['b.npy', array],
      ]),
    );
    const twice = Uint8Array.from(
      Buffer.from(Buffer.from(two).toString('latin1').replaceAll('b.npy', 'a.npy'), 'latin1'),
    );
    expect(() => readNpz(twice, 'a.npz')).toThrow(/"a\.npy": is given twice/);
  });

  test('deflated entries that are longer or shorter than they claim', () => {
    for (const [claim, message] of [
      [array.length - 1, /./],
      [array.length + 1, /./],
      [array.length, undefined],
    ] as const) {
      const packed = new Uint8Array(deflateRawSync(array));
      const file = writeZip(new Map([['a.npy', packed]]));
      const view = new DataView(file.buffer);
      const at = file.length - 22 - 46 - 5;
      view.setUint16(at + 10, 8, true);
      view.setUint32(at + 24, claim, true);
      view.setUint32(at + 16, new DataView(good.buffer).getUint32(directory + 16, true), true);
      if (message) expect(() => readNpz(file, 'a.npz')).toThrow(FormatError);
      else expect(readNpz(file, 'a.npz').get('a')?.data).toEqual(Float32Array.of(1, 2));
    }
  });
});

test('a shape that claims to have billions of axes is refused at once', () => {
  const shape = Object.assign(new Array(2 ** 32 - 1), [1]);
  const write = () => writeNpy({ dtype: 'float32', shape, data: Float32Array.of(1) });
  expect(write).toThrow('a shape of 4294967295 axes cannot be written');
});
